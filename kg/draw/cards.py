"""Cards: nodes that show text. Lines are measured and broken in Python, so that every output format shows the same."""

from __future__ import annotations

from dataclasses import dataclass

from kg.draw.picture import Card, Edge, Line, Node
from kg.draw.text_metrics import text_width, truncate, wrap

PADDING, LINE_HEIGHT = 14.0, 1.38
"""Pixels between the text of a card and its border; the height of a line as a multiple of its font size."""
SIZES = {"kind": 10.5, "name": 14.0, "text": 12.5, "soft": 12.0}
TITLE_SIZE = 17.0


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A text of a card, its role, and its maximum number of lines."""

    text: str
    role: str = "text"
    max_lines: int = 1
    size: float = 0.0


def text_card(blocks: list[TextBlock], width: float, *, strong: bool = False) -> Card:
    """Return a card of a fixed width that is as high as its text.

    >>> card = text_card([TextBlock("ARM", "kind"), TextBlock("Placebo", "name")], 200)
    >>> [line.text for line in card.lines], card.height
    (['ARM', 'Placebo'], 61.8)
    """
    lines: list[Line] = []
    for block in blocks:
        size = block.size or SIZES[block.role]
        bold = block.role in ("name", "kind")
        for text in wrap(block.text, size, width - 2 * PADDING, block.max_lines, bold=bold):
            lines.append(Line(text, size, block.role))
    return Card(lines, width, round(2 * PADDING + sum(line.size * LINE_HEIGHT for line in lines), 1), strong)


def pill_card(text: str, max_width: float = 230.0) -> Card:
    """Return a card of one line that is as wide as its text."""
    size = SIZES["text"]
    text = truncate(text, size, max_width - 2 * PADDING)
    return Card([Line(text, size, "text")], round(text_width(text, size) + 2 * PADDING, 1), 30.0)


def baselines(card: Card) -> list[float]:
    """Return the baselines of the lines of a card, in pixels below its top edge."""
    if len(card.lines) == 1:
        return [round(card.height / 2 + card.lines[0].size * 0.36, 1)]
    top, result = PADDING, []
    for line in card.lines:
        result.append(round(top + line.size * (LINE_HEIGHT + 1) / 2 - line.size * 0.14, 1))
        top += line.size * LINE_HEIGHT
    return result


def route_edge(edge: Edge, nodes: dict[str, Node], *, down: bool) -> None:
    """Route an edge from the border of one card to the border of another, vertically or horizontally."""
    a, b = nodes[edge.source], nodes[edge.target]
    assert a.card is not None
    assert b.card is not None
    if down:
        points = _curve((a.y, a.card.height, a.x, a.card.width), (b.y, b.card.height, b.x))
        points = [points[i ^ 1] for i in range(8)]
    else:
        points = _curve((a.x, a.card.width, a.y, a.card.height), (b.x, b.card.width, b.y))
    edge.route = [round(value, 1) for value in points]


def _curve(a: tuple[float, float, float, float], b: tuple[float, float, float]) -> list[float]:
    """Return a curve along the first axis that leaves card ``a`` as near as possible to the centre of card ``b``."""
    direction = 1 if b[0] > a[0] else -1
    start, end = a[0] + direction * a[1] / 2, b[0] - direction * b[1] / 2
    slack = max(a[3] / 2 - 18, 0)
    across = min(max(b[2], a[2] - slack), a[2] + slack)
    middle = (start + end) / 2
    return [start, across, middle, across, middle, b[2], end, b[2]]
