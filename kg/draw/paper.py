"""A scene as PNG or PDF, by matplotlib, in the typeface of this package; the same scene gives the same bytes."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from kg.draw.letters import ASSETS
from kg.draw.scene import PAPER, Area, Curve, Mark, Round, Scene, Text
from kg.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FINE = 2.0
"""Dots of a PNG for a pixel of the scene, where that is not too large."""
LARGEST = 4000.0
"""Dots of the longer side of a PNG, at most."""
_NAMES = {False: "Regular", True: "SemiBold"}
POINTS = 0.75
"""Points of print in a pixel."""


def paper(scene: Scene, kind: str) -> bytes:
    """A file of a kind, ``png`` or ``pdf``.

    Raises :class:`~kg.errors.UsageError` where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_pdf import FigureCanvasPdf
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError("PNG and PDF need matplotlib; pip install 'trialkg[draw]'.") from error
    left, top, wide, high = scene.frame
    figure = Figure(figsize=(wide * POINTS / 72, high * POINTS / 72), facecolor=PAPER)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(left, left + wide)
    axes.set_ylim(top + high, top)
    faces = _faces()
    for i, mark in enumerate(scene.marks):
        _put(axes, mark, i, faces, fine=kind == "png")
    dots = 72 / POINTS * min(FINE, LARGEST / max(wide, high))
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that no typeface here has is drawn as a box
        canvas: Any = FigureCanvasAgg(figure) if kind == "png" else FigureCanvasPdf(figure)
        if kind == "png":
            figure.set_dpi(dots)
            canvas.print_png(data, metadata={"Software": None}, pil_kwargs={"optimize": True})
        else:
            canvas.print_pdf(data, metadata={"CreationDate": None, "Producer": None, "Creator": "kg"})
    return data.getvalue()


def _faces() -> dict[bool, Any]:
    """The typeface by whether it is bold; letters that it has not are taken from DejaVu, which matplotlib brings."""
    from matplotlib.font_manager import FontEntry, FontProperties, fontManager

    known = {font.fname for font in fontManager.ttflist}
    for name in ("Regular", "SemiBold"):
        path = str(ASSETS / f"Inter-{name}.ttf")
        if path not in known:
            fontManager.ttflist.append(FontEntry(fname=path, name=f"Drawn {name}", size="scalable"))
    return {bold: FontProperties(family=[f"Drawn {name}", "DejaVu Sans"]) for bold, name in _NAMES.items()}


def _put(axes: Axes, mark: Mark, order: int, faces: dict[bool, Any], *, fine: bool) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
    from matplotlib.path import Path

    if isinstance(mark, Text):
        _write(axes, mark, order, faces, fine=fine)
        return
    patch: Any
    if isinstance(mark, Curve):
        codes = [Path.MOVETO, *([Path.CURVE4] * 3 if len(mark.points) == 4 else [Path.LINETO])]
        patch = PathPatch(Path(list(mark.points), codes), facecolor="none", edgecolor=mark.colour, alpha=mark.opacity)
        patch.set_linewidth(mark.width * POINTS)
    else:
        if isinstance(mark, Round):
            patch, thick = Circle((mark.x, mark.y), mark.radius), mark.width
        elif isinstance(mark, Area):
            patch, thick = Polygon(list(mark.points), closed=True), mark.width
        else:
            style = f"round,pad=0,rounding_size={mark.corner}" if mark.corner else "square,pad=0"
            patch, thick = FancyBboxPatch((mark.x, mark.y), mark.width, mark.height, boxstyle=style), mark.thick
        patch.set(facecolor=mark.fill, edgecolor=mark.line or "none", linewidth=thick * POINTS if mark.line else 0)
    patch.set_zorder(order)
    axes.add_artist(patch)


def _write(axes: Axes, mark: Text, order: int, faces: dict[bool, Any], *, fine: bool) -> None:
    from matplotlib.patheffects import withStroke

    made = axes.text(
        mark.x,
        mark.y,
        mark.text,
        fontproperties=faces[mark.bold],
        fontsize=mark.size * POINTS,
        color=mark.colour,
        ha="center" if mark.anchor == "middle" else "left",
        va="baseline",
        zorder=order,
        parse_math=False,
    )
    if mark.halo and not fine:  # a PDF would hold the outline of every letter
        made.set_bbox({"facecolor": PAPER, "alpha": 0.7, "linewidth": 0, "pad": 0.4})
    elif mark.halo:
        made.set_path_effects([withStroke(linewidth=3 * POINTS, foreground=PAPER)])
