"""Output of a scene as SVG 1.1 (https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from kg.draw.scene import Box, Circle, Curve, Mark, Polygon, Scene, Text
from kg.draw.text_metrics import text_width
from kg.records.sanitize import clean

FONT_FAMILY = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
THEME_CLASSES = {"#1b2330": "ink", "#5b6572": "soft", "#0072B2": "bar", "#d9dee5": "rule"}
"""Colours that the style sheet of a page sets for its light and dark themes."""


def svg_file(scene: Scene) -> bytes:
    """Return the content of an SVG file; its width and height are in pixels."""
    left, top, width, height = (round(value, 1) for value in scene.frame)
    size = f'width="{width}" height="{height}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {width} {height}" {size} '
        f"font-family={quoteattr(FONT_FAMILY)}>"
    )
    background = f'<rect x="{left}" y="{top}" {size} fill="#ffffff"/>'
    lines = [head, f"<title>{_escape(scene.title)}</title>", background, *map(_element, scene.marks), "</svg>"]
    return ("\n".join(lines) + "\n").encode()


def inline_svg(marks: list[Mark], frame: tuple[float, float, float, float], title: str) -> str:
    """Return marks as an SVG element of a page whose style sheet sets the colours."""
    lines = "\n".join(map(_element, marks))
    for colour, name in THEME_CLASSES.items():
        lines = lines.replace(f'fill="{colour}"', f'class="{name}"').replace(f'stroke="{colour}"', f'class="{name}"')
    left, top, width, height = frame
    return f'<svg role="img" aria-label={quoteattr(title)} viewBox="{left} {top} {width} {height}">{lines}</svg>'


def _escape(text: str) -> str:
    return escape(str(clean(text, lambda *_: None)))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _element(mark: Mark) -> str:
    if isinstance(mark, Curve):
        return _path(mark)
    if isinstance(mark, Polygon):
        return _polygon(mark)
    if isinstance(mark, Circle):
        return _circle(mark)
    return _rect(mark) if isinstance(mark, Box) else _text(mark)


def _path(mark: Curve) -> str:
    start, *points = [f"{_number(x)},{_number(y)}" for x, y in mark.points]
    command = "C" if len(mark.points) == 4 else "L"
    opacity = f' stroke-opacity="{mark.opacity}"' if mark.opacity < 1 else ""
    stroke = f'stroke="{mark.colour}" stroke-width="{_number(mark.width)}"{opacity}'
    return f'<path d="M{start} {command}{" ".join(points)}" fill="none" {stroke}/>'


def _stroke(colour: str, width: float) -> str:
    return f' stroke="{colour}" stroke-width="{_number(width)}"' if colour else ""


def _polygon(mark: Polygon) -> str:
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in mark.points)
    return f'<polygon points="{points}" fill="{mark.fill}"{_stroke(mark.line, mark.line_width)}/>'


def _circle(mark: Circle) -> str:
    position = f'cx="{_number(mark.x)}" cy="{_number(mark.y)}" r="{_number(mark.radius)}"'
    return f'<circle {position} fill="{mark.fill}"{_stroke(mark.line, mark.line_width)}/>'


def _rect(mark: Box) -> str:
    box = f'x="{_number(mark.x)}" y="{_number(mark.y)}" width="{_number(mark.width)}" height="{_number(mark.height)}"'
    return f'<rect {box} rx="{_number(mark.corner)}" fill="{mark.fill}"{_stroke(mark.line, mark.line_width)}/>'


def _text(mark: Text) -> str:
    weight = ' font-weight="600"' if mark.bold else ""
    anchor = ' text-anchor="middle"' if mark.anchor == "middle" else ""
    halo = ' stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if mark.halo else ""
    position = f'x="{_number(mark.x)}" y="{_number(mark.y)}" font-size="{_number(mark.size)}"'
    if mark.anchor == "start" and mark.text:  # keeps the text within its card in any typeface
        length = _number(text_width(mark.text, mark.size, bold=mark.bold))
        position += f' textLength="{length}" lengthAdjust="spacingAndGlyphs"'
    return f'<text {position} fill="{mark.colour}"{weight}{anchor}{halo}>{_escape(mark.text)}</text>'
