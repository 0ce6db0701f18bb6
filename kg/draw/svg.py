"""A scene as SVG 1.1 (https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from kg.draw.letters import width
from kg.draw.scene import Area, Box, Curve, Mark, Round, Scene, Text
from kg.records.sanitize import clean

FAMILY = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"


def svg(scene: Scene) -> bytes:
    """The text of a file; its width and height are pixels."""
    left, top, wide, high = (round(value, 1) for value in scene.frame)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {wide} {high}" width="{wide}" height="{high}" '
        f"font-family={quoteattr(FAMILY)}>"
    )
    ground = f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="#ffffff"/>'
    lines = [head, f"<title>{_text(scene.title)}</title>", ground, *(_mark(mark) for mark in scene.marks), "</svg>"]
    return ("\n".join(lines) + "\n").encode()


THEME = {"#1b2330": "ink", "#5b6572": "soft", "#0072B2": "bar", "#d9dee5": "rule"}
"""Colours that a page sets by itself, light or dark."""


def drawing(marks: list[Mark], frame: tuple[float, float, float, float], title: str) -> str:
    """Marks as an SVG element of a page, whose style sheet has the colours."""
    lines = "\n".join(_mark(mark) for mark in marks)
    for colour, name in THEME.items():
        lines = lines.replace(f'fill="{colour}"', f'class="{name}"').replace(f'stroke="{colour}"', f'class="{name}"')
    left, top, wide, high = frame
    label = quoteattr(title)
    return f'<svg role="img" aria-label={label} viewBox="{left} {top} {wide} {high}">{lines}</svg>'


def _text(text: str) -> str:
    return escape(str(clean(text, lambda *_: None)))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _mark(mark: Mark) -> str:
    if isinstance(mark, Curve):
        return _curve(mark)
    if isinstance(mark, Area):
        return _area(mark)
    if isinstance(mark, Round):
        return _round(mark)
    return _box(mark) if isinstance(mark, Box) else _line(mark)


def _curve(mark: Curve) -> str:
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in mark.points[1:])
    start = f"{_number(mark.points[0][0])},{_number(mark.points[0][1])}"
    kind = "C" if len(mark.points) == 4 else "L"
    opacity = f' stroke-opacity="{mark.opacity}"' if mark.opacity < 1 else ""
    path = f'<path d="M{start} {kind}{points}" fill="none" stroke="{mark.colour}" stroke-width="{_number(mark.width)}"'
    return f"{path}{opacity}/>"


def _stroke(line: str, width: float) -> str:
    return f' stroke="{line}" stroke-width="{_number(width)}"' if line else ""


def _area(mark: Area) -> str:
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in mark.points)
    return f'<polygon points="{points}" fill="{mark.fill}"{_stroke(mark.line, mark.width)}/>'


def _round(mark: Round) -> str:
    place = f'cx="{_number(mark.x)}" cy="{_number(mark.y)}" r="{_number(mark.radius)}"'
    return f'<circle {place} fill="{mark.fill}"{_stroke(mark.line, mark.width)}/>'


def _box(mark: Box) -> str:
    place = f'x="{_number(mark.x)}" y="{_number(mark.y)}" width="{_number(mark.width)}" height="{_number(mark.height)}"'
    return f'<rect {place} rx="{_number(mark.corner)}" fill="{mark.fill}"{_stroke(mark.line, mark.thick)}/>'


def _line(mark: Text) -> str:
    weight = ' font-weight="600"' if mark.bold else ""
    anchor = ' text-anchor="middle"' if mark.anchor == "middle" else ""
    halo = ' stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if mark.halo else ""
    place = f'x="{_number(mark.x)}" y="{_number(mark.y)}" font-size="{_number(mark.size)}"'
    if mark.anchor == "start" and mark.text:  # so that it fits in any typeface
        place += f' textLength="{_number(width(mark.text, mark.size, bold=mark.bold))}" lengthAdjust="spacingAndGlyphs"'
    return f'<text {place} fill="{mark.colour}"{weight}{anchor}{halo}>{_text(mark.text)}</text>'
