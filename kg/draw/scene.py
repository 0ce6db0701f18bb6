"""A picture as marks on paper: curves, shapes, boxes and text in the order in which they are drawn.

What is written to SVG and what goes through matplotlib to PNG and PDF is one and the same scene.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kg.draw.cards import EDGE, baselines
from kg.draw.kinds import Kind
from kg.draw.letters import cut, width
from kg.draw.picture import Edge, Node, Picture
from kg.draw.world import land, projected

INK, SOFT, LINE, PAPER, ISLAND = "#1b2330", "#5b6572", "#aab2bd", "#ffffff", "#f2f4f7"
LAND, COAST, OUTLINE, MAP_LABELS = "#e7ebef", "#cdd4dc", "#6b6520", 60
MARGIN, STRIPE, CORNER = 36.0, 5.0, 8.0
LEGEND, LABEL = 13.0, 190.0
"""Size of the type of the legend; pixels that a label of a node may take."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through two points, or a cubic curve through four."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Area:
    """A closed shape through some points."""

    points: tuple[tuple[float, float], ...]
    fill: str
    line: str = ""
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """A circle."""

    x: float
    y: float
    radius: float
    fill: str
    line: str = ""
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """A box with round corners."""

    x: float
    y: float
    width: float
    height: float
    corner: float
    fill: str
    line: str = ""
    thick: float = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``anchor`` is ``start`` or ``middle``; with a halo it can be read on anything."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    bold: bool = False
    anchor: str = "start"
    halo: bool = False


Mark = Curve | Area | Round | Box | Text


@dataclass(slots=True)
class Scene:
    """Marks, and the part of the plane that they take: left, top, width, height."""

    title: str
    frame: tuple[float, float, float, float]
    marks: list[Mark] = field(default_factory=list)


def scene(picture: Picture) -> Scene:
    """The scene of a picture that is laid out, with its title above and its legend and notes below."""
    if picture.map_first and any(node.place for node in picture.nodes.values()):
        return _map(picture)
    hidden = folded_away(picture)
    nodes = [node for node in picture.nodes.values() if node.id not in hidden]
    kinds = picture.kinds()
    marks: list[Mark] = [Round(each.x, each.y, each.radius, ISLAND) for each in picture.regions]
    shown = {node.id: node for node in nodes}
    edges = [edge for edge in picture.edges if edge.weight and edge.source in shown and edge.target in shown]
    marks += [_curve(edge, shown, kinds) for edge in edges]
    for node in nodes:
        marks += _card(node, kinds[node.kind]) if node.card else [shape(node, kinds[node.kind])]
    marks += [Text(each.x, each.y, each.text.upper(), 11, SOFT, bold=True) for each in picture.headings]
    marks += labels([node for node in nodes if node.card is None])
    return _framed(picture, nodes, kinds, marks)


def _map(picture: Picture) -> Scene:
    """The scene of the places of a picture on the outline of the land."""
    marks: list[Mark] = [Area(tuple(ring), LAND, COAST, 0.6) for ring in land()]
    placed = []
    for node in picture.nodes.values():
        if node.place:
            x, y = projected(*node.place)
            placed.append(replace(node, x=x, y=y, radius=max(node.radius * 0.5, 2.5)))
    placed.sort(key=lambda node: (-node.radius, node.id))
    kinds = picture.kinds()
    marks += [Round(node.x, node.y, node.radius, kinds[node.kind].colour, OUTLINE, 0.5) for node in placed]
    return _framed(picture, placed, kinds, marks + labels(placed[:MAP_LABELS]))


def folded_away(picture: Picture) -> set[str]:
    """The ids of nodes that hang on a folded node alone, near or far."""
    neighbours = picture.neighbours()
    hidden: set[str] = set()
    for node in picture.nodes.values():
        if node.folded:
            hidden |= {id_ for id_ in neighbours[node.id] if set(neighbours[id_]) == {node.id}}
    return hidden


def _curve(edge: Edge, nodes: dict[str, Node], kinds: dict[str, Kind]) -> Curve:
    if edge.route:
        xs, ys = edge.route[::2], edge.route[1::2]
        colour = kinds[nodes[edge.target].kind].line
        return Curve(tuple(zip(xs, ys, strict=True)), _softened(colour), 1.6)
    a, b = nodes[edge.source], nodes[edge.target]
    return Curve(((a.x, a.y), (b.x, b.y)), LINE, min(0.6 + 0.5 * math.sqrt(edge.weight), 5.0), 0.55)


def _softened(colour: str, share: float = 0.55) -> str:
    """A colour mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * (1 - share)):02x}" for part in parts)


def corners(name: str, x: float, y: float, radius: float) -> tuple[tuple[float, float], ...]:
    """The corners of a shape whose area is about that of the circle of this radius."""
    sides, turn, scale = {"square": (4, 45, 1.25), "diamond": (4, 0, 1.25), "triangle": (3, -90, 1.5)}.get(
        name, (6, 0, 1.1)
    )
    angles = (math.radians(turn + 360 / sides * i) for i in range(sides))
    far = radius * scale
    return tuple((round(x + far * math.cos(a), 2), round(y + far * math.sin(a), 2)) for a in angles)


def shape(node: Node, kind: Kind) -> Mark:
    """The mark of a node that is no card."""
    if kind.shape == "circle":
        return Round(node.x, node.y, node.radius, kind.colour, PAPER, 1.2)
    if kind.shape == "ring":
        return Round(node.x, node.y, node.radius * 0.86, PAPER, kind.colour, max(node.radius * 0.3, 1.6))
    return Area(corners(kind.shape, node.x, node.y, node.radius), kind.colour, PAPER, 1.2)


def _card(node: Node, kind: Kind) -> Iterator[Mark]:
    card = node.card
    assert card is not None
    left, top = node.x - card.width / 2, node.y - card.height / 2
    if len(card.lines) == 1:
        hollow = kind.shape == "ring" and not card.strong
        fill = PAPER if hollow else _softened(kind.colour, 0.16)
        yield Box(left, top, card.width, card.height, card.height / 2, fill, kind.line, 1.2 if hollow else 1.8)
    else:
        fill = _softened(kind.colour, 0.12) if card.strong else PAPER
        line = kind.line if card.strong else _softened(kind.line, 0.7)
        yield Box(left, top, card.width, card.height, CORNER, fill, line, 2.2 if card.strong else 1.2)
        yield Box(left, top + CORNER, STRIPE, card.height - 2 * CORNER, 0, kind.colour, "", 0)
    for line_, y in zip(card.lines, baselines(card), strict=True):
        bold = line_.role in ("name", "kind")
        text = line_.text.upper() if line_.role == "kind" else line_.text
        size = line_.size - 1 if line_.role == "kind" else line_.size
        colour = SOFT if line_.role in ("kind", "soft") else INK
        yield Text(left + EDGE, top + y, text, size, colour, bold=bold)


def labels(nodes: list[Node]) -> list[Mark]:
    """The labels of nodes under them, the largest first, as far as there is room."""
    made: list[Mark] = []
    taken: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}
    for node in sorted(nodes, key=lambda node: (-node.radius, node.id)):
        size = label_size(node)
        text = cut(node.label, size, LABEL)
        half = width(text, size) / 2
        side = {"left": -1, "right": 1}.get(node.side, 0)
        x, top = node.x + side * (half + node.radius + 4), node.y + (-size * 0.62 if side else node.radius + 1)
        box = (x - half, top, x + half, top + size * 1.25)
        cells = [(i, j) for i in range(int(box[0] // 100), int(box[2] // 100) + 1) for j in _rows(box)]
        if not any(_meet(box, other) for cell in cells for other in taken.get(cell, ())):
            for cell in cells:
                taken.setdefault(cell, []).append(box)
            made.append(Text(x, box[3] - size * 0.25, text, size, INK, node.radius > 13, "middle", halo=True))
    return made


def label_size(node: Node) -> float:
    """The size of the type of a node's label."""
    return round(min(9 + node.radius * 0.28, 17.0), 1)


def _rows(box: tuple[float, float, float, float]) -> range:
    return range(int(box[1] // 100), int(box[3] // 100) + 1)


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def extent(nodes: list[Node]) -> tuple[float, float, float, float]:
    """The least and the greatest x and y that nodes take."""
    boxes = [
        (node.card.width / 2, node.card.height / 2) if node.card else (node.radius + 4, node.radius + 14)
        for node in nodes
    ] or [(0.0, 0.0)]
    found = nodes or [Node("", "", "")]
    return (
        min(node.x - half[0] for node, half in zip(found, boxes, strict=True)),
        min(node.y - half[1] for node, half in zip(found, boxes, strict=True)),
        max(node.x + half[0] for node, half in zip(found, boxes, strict=True)),
        max(node.y + half[1] for node, half in zip(found, boxes, strict=True)),
    )


def _framed(picture: Picture, nodes: list[Node], kinds: dict[str, Kind], marks: list[Mark]) -> Scene:
    left, top, right, bottom = extent(nodes)
    scale = max((right - left) / 1400, 1.0)
    right = max(right, left + 640 * scale)
    top = min([top, *(each.y - 14 for each in picture.headings)])
    size = LEGEND * scale
    y = top - 26 * scale
    marks.append(Text(left, y, cut(picture.subtitle, size, right - left), size, SOFT))
    title = cut(picture.title, 22 * scale, right - left, bold=True)
    marks.append(Text(left, y - 26 * scale, title, 22 * scale, INK, bold=True))
    low = bottom + 44 * scale
    counts = {name: sum(node.kind == name for node in nodes) for name in kinds}
    low = _legend(marks, [kinds[name] for name in kinds if counts[name]], (left, low, right), scale)
    for note in picture.notes:
        marks.append(Text(left, low, cut(note, size * 0.9, right - left), size * 0.9, SOFT))
        low += size * 1.5
    edge = MARGIN * scale
    frame = (left - edge, y - 50 * scale - edge, right - left + 2 * edge, low - y + 50 * scale + edge * 1.6)
    return Scene(picture.title, frame, marks)


def _legend(marks: list[Mark], kinds: list[Kind], place: tuple[float, float, float], scale: float) -> float:
    """Adds a legend; gives where what comes below it stands."""
    left, y, right = place
    x, size = left, LEGEND * scale
    for kind in kinds:
        room = width(kind.plural, size) + 36 * scale
        if x + room > right and x > left:
            x, y = left, y + size * 1.7
        sample = Node("", kind.name, "", x=x + 7 * scale, y=y - size * 0.35, radius=6 * scale)
        marks += [shape(sample, kind), Text(x + 18 * scale, y, kind.plural, size, INK)]
        x += room
    return y + size * 1.9
