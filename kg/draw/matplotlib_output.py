"""Output of a scene as PNG or PDF by matplotlib; the same scene gives the same bytes."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from kg.draw import ASSETS
from kg.draw.scene import PAPER, Circle, Curve, Mark, Polygon, Scene, Text
from kg.errors import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_SCALE = 2.0
"""Maximum number of PNG pixels per pixel of the scene."""
MAX_PNG_SIDE = 4000.0
"""Maximum length of the longer side of a PNG in pixels."""
TRUETYPE = 42
"""The type of fonts in a PDF: their own outlines, which programs can search and edit; publishers refuse type 3."""
POINTS = 0.75
"""Points per pixel."""
_FONTS = {False: "Regular", True: "SemiBold"}


def matplotlib_file(scene: Scene, kind: str) -> bytes:
    """Return the content of a ``png`` or ``pdf`` file.

    Raises :class:`~kg.errors.UsageError` if matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_pdf import FigureCanvasPdf
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("PNG and PDF", "draw") from error
    left, top, width, height = scene.frame
    figure = Figure(figsize=(width * POINTS / 72, height * POINTS / 72), facecolor=PAPER)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(left, left + width)
    axes.set_ylim(top + height, top)
    fonts = _fonts()
    for i, mark in enumerate(scene.marks):
        if isinstance(mark, Text):
            _add_text(axes, mark, i, fonts, outline=kind == "png")
        else:
            _add_patch(axes, mark, i)
    data = io.BytesIO()
    with warnings.catch_warnings(), rc_context({"pdf.fonttype": TRUETYPE}):
        warnings.simplefilter("ignore", UserWarning)  # characters that no installed font has are drawn as boxes
        canvas: Any = FigureCanvasAgg(figure) if kind == "png" else FigureCanvasPdf(figure)
        if kind == "png":
            figure.set_dpi(72 / POINTS * min(MAX_SCALE, MAX_PNG_SIDE / max(width, height)))
            canvas.print_png(data, metadata={"Software": None}, pil_kwargs={"optimize": True})
        else:
            canvas.print_pdf(data, metadata={"CreationDate": None, "Producer": None, "Creator": "kg"})
    return data.getvalue()


def _fonts() -> dict[bool, Any]:
    """Return the regular and the bold font; characters that Inter lacks come from DejaVu, which matplotlib includes."""
    from matplotlib.font_manager import FontEntry, FontProperties, fontManager

    installed = {font.fname for font in fontManager.ttflist}
    for name in _FONTS.values():
        path = str(ASSETS / f"Inter-{name}.ttf")
        if path not in installed:
            fontManager.ttflist.append(FontEntry(fname=path, name=f"Drawn {name}", size="scalable"))
    return {bold: FontProperties(family=[f"Drawn {name}", "DejaVu Sans"]) for bold, name in _FONTS.items()}


def _add_patch(axes: Axes, mark: Mark, order: int) -> None:
    from matplotlib import patches
    from matplotlib.path import Path

    assert not isinstance(mark, Text)
    patch: Any
    if isinstance(mark, Curve):
        codes = [Path.MOVETO, *([Path.CURVE4] * 3 if len(mark.points) == 4 else [Path.LINETO])]
        path = Path(list(mark.points), codes)
        patch = patches.PathPatch(path, facecolor="none", edgecolor=mark.colour, alpha=mark.opacity)
        patch.set_linewidth(mark.width * POINTS)
    else:
        if isinstance(mark, Circle):
            patch = patches.Circle((mark.x, mark.y), mark.radius)
        elif isinstance(mark, Polygon):
            patch = patches.Polygon(list(mark.points), closed=True)
        else:
            style = f"round,pad=0,rounding_size={mark.corner}" if mark.corner else "square,pad=0"
            patch = patches.FancyBboxPatch((mark.x, mark.y), mark.width, mark.height, boxstyle=style)
        line_width = mark.line_width * POINTS if mark.line else 0
        patch.set(facecolor=mark.fill, edgecolor=mark.line or "none", linewidth=line_width)
    patch.set_zorder(order)
    axes.add_artist(patch)


def _add_text(axes: Axes, mark: Text, order: int, fonts: dict[bool, Any], *, outline: bool) -> None:
    from matplotlib.patheffects import withStroke

    text = axes.text(
        mark.x,
        mark.y,
        mark.text,
        fontproperties=fonts[mark.bold],
        fontsize=mark.size * POINTS,
        color=mark.colour,
        ha="center" if mark.anchor == "middle" else "left",
        va="baseline",
        zorder=order,
        parse_math=False,
    )
    if mark.halo and not outline:  # outlined text in a PDF would contain the outline of every letter
        text.set_bbox({"facecolor": PAPER, "alpha": 0.7, "linewidth": 0, "pad": 0.4})
    elif mark.halo:
        text.set_path_effects([withStroke(linewidth=3 * POINTS, foreground=PAPER)])
