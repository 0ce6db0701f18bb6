"""Cards: nodes that show their text, measured and broken into lines here so that every output shows the same."""

from __future__ import annotations

from dataclasses import dataclass

from kg.draw.letters import cut, width, wrapped
from kg.draw.picture import Card, Edge, Line, Node

EDGE, LEADING = 14.0, 1.38
"""Pixels between the text of a card and its edge; the height of a line in sizes of its type."""
SIZES = {"kind": 10.5, "name": 14.0, "text": 12.5, "soft": 12.0}
TITLE = 17.0


@dataclass(frozen=True, slots=True)
class Words:
    """Some text of a card, its role, and how many lines it may take."""

    text: str
    role: str = "text"
    most: int = 1
    size: float = 0.0


def card(words: list[Words], room: float, *, strong: bool = False) -> Card:
    """A card as wide as ``room``, and as high as its text.

    >>> made = card([Words("ARM", "kind"), Words("Placebo", "name")], 200)
    >>> [line.text for line in made.lines], made.height
    (['ARM', 'Placebo'], 61.8)
    """
    lines: list[Line] = []
    for each in words:
        size = each.size or SIZES[each.role]
        bold = each.role in ("name", "kind")
        for text in wrapped(each.text, size, room - 2 * EDGE, each.most, bold=bold):
            lines.append(Line(text, size, each.role))
    return Card(lines, room, round(2 * EDGE + sum(line.size * LEADING for line in lines), 1), strong)


def pill(text: str, most: float = 230.0) -> Card:
    """A card of one line, as narrow as its text."""
    size = SIZES["text"]
    shown = cut(text, size, most - 2 * EDGE)
    return Card([Line(shown, size, "text")], round(width(shown, size) + 2 * EDGE, 1), 30.0)


def baselines(made: Card) -> list[float]:
    """Where the lines of a card stand, below its top edge."""
    if len(made.lines) == 1:
        return [round(made.height / 2 + made.lines[0].size * 0.36, 1)]
    at, found = EDGE, []
    for line in made.lines:
        found.append(round(at + line.size * (LEADING + 1) / 2 - line.size * 0.14, 1))
        at += line.size * LEADING
    return found


def route(edge: Edge, nodes: dict[str, Node], *, down: bool) -> None:
    """Leads an edge from the border of one card to that of the other, down or across."""
    a, b = nodes[edge.source], nodes[edge.target]
    assert a.card is not None
    assert b.card is not None
    if down:
        points = _led((a.y, a.card.height, a.x, a.card.width), (b.y, b.card.height, b.x))
        points = [points[i ^ 1] for i in range(8)]
    else:
        points = _led((a.x, a.card.width, a.y, a.card.height), (b.x, b.card.width, b.y))
    edge.route = [round(value, 1) for value in points]


def _led(a: tuple[float, float, float, float], b: tuple[float, float, float]) -> list[float]:
    """A curve along the first axis: it leaves a card as near to the other's middle as it can."""
    side = 1 if b[0] > a[0] else -1
    start, end = a[0] + side * a[1] / 2, b[0] - side * b[1] / 2
    slack = max(a[3] / 2 - 18, 0)
    across = min(max(b[2], a[2] - slack), a[2] + slack)
    middle = (start + end) / 2
    return [start, across, middle, across, middle, b[2], end, b[2]]
