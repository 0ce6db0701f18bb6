"""A picture as a list of drawing primitives in drawing order; SVG, PNG and PDF are written from the same scene."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from kg.draw.cards import PADDING, baselines
from kg.draw.kinds import Kind
from kg.draw.labels import Label, place_labels
from kg.draw.picture import Edge, Node, Picture, Region
from kg.draw.text_metrics import text_width, truncate
from kg.draw.world_map import country_labels, land_rings, project

INK, SOFT, LINE, PAPER, REGION = "#1b2330", "#5b6572", "#7d8794", "#ffffff", "#f2f4f7"
LAND, COAST, TOWN_OUTLINE = "#e7ebef", "#cdd4dc", "#6b6520"
MAX_MAP_LABELS = 60
MARGIN, STRIPE, CORNER = 36.0, 5.0, 8.0
LEGEND_SIZE = 13.0
"""Font size of the legend."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through two points, or a cubic curve through four."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed polygon."""

    points: tuple[tuple[float, float], ...]
    fill: str
    line: str = ""
    line_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle."""

    x: float
    y: float
    radius: float
    fill: str
    line: str = ""
    line_width: float = 0.0


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
    line_width: float = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``anchor`` is ``start`` or ``middle``; a halo makes it legible on any background."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    bold: bool = False
    anchor: str = "start"
    halo: bool = False


Mark = Curve | Polygon | Circle | Box | Text


@dataclass(slots=True)
class Scene:
    """Marks, and their bounding box: left, top, width, height."""

    title: str
    frame: tuple[float, float, float, float]
    marks: list[Mark] = field(default_factory=list)


def picture_scene(picture: Picture) -> Scene:
    """Return the scene of a picture with a layout, with its title above, and its legend and notes below."""
    if picture.map_first and any(node.place for node in picture.nodes.values()):
        return _map_scene(picture)
    hidden = folded_ids(picture)
    nodes = {id_: node for id_, node in picture.nodes.items() if id_ not in hidden}
    kinds = picture.kinds()
    marks: list[Mark] = [Circle(region.x, region.y, region.radius, REGION) for region in picture.regions]
    edges = [edge for edge in picture.edges if edge.weight and edge.source in nodes and edge.target in nodes]
    marks += [_curve(edge, nodes, kinds) for edge in edges]
    for node in nodes.values():
        marks += _card(node, kinds[node.kind]) if node.card else [node_mark(node, kinds[node.kind])]
    for heading in picture.headings:
        marks.append(Text(heading.x, heading.y, heading.text.upper(), 11, SOFT, bold=True, halo=True))
    marks += labels([node for node in nodes.values() if node.card is None], picture.regions)
    return _frame(picture, list(nodes.values()), kinds, marks)


def _map_scene(picture: Picture) -> Scene:
    """Return the scene of the nodes with coordinates on a world map."""
    marks: list[Mark] = [Polygon(tuple(ring), LAND, COAST, 0.6) for ring in land_rings()]
    nodes = []
    for node in picture.nodes.values():
        if node.place:
            x, y = project(*node.place)
            nodes.append(replace(node, x=x, y=y, radius=max(node.radius * 0.5, 2.5)))
    nodes.sort(key=lambda node: (-node.radius, node.id))
    kinds = picture.kinds()
    marks += [Circle(node.x, node.y, node.radius, kinds[node.kind].colour, TOWN_OUTLINE, 0.5) for node in nodes]
    totals = [Text(x, y, text, 10, SOFT, True, "middle", halo=True) for x, y, text in country_labels(picture.totals)]
    return _frame(picture, nodes, kinds, marks + totals + labels(nodes, limit=MAX_MAP_LABELS))


def folded_ids(picture: Picture) -> set[str]:
    """Return the ids of the nodes inside folded cards."""
    return {node.id for node in picture.nodes.values() if node.inside}


def _curve(edge: Edge, nodes: dict[str, Node], kinds: dict[str, Kind]) -> Curve:
    if edge.route:
        points = zip(edge.route[::2], edge.route[1::2], strict=True)
        return Curve(tuple(points), kinds[nodes[edge.target].kind].line, 1.6)
    a, b = nodes[edge.source], nodes[edge.target]
    return Curve(((a.x, a.y), (b.x, b.y)), LINE, min(0.6 + 0.5 * math.sqrt(edge.weight), 5.0))


def _lighten(colour: str, share: float = 0.55) -> str:
    """Return a colour mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * (1 - share)):02x}" for part in parts)


def polygon_corners(shape: str, x: float, y: float, radius: float) -> tuple[tuple[float, float], ...]:
    """Return the corners of a shape whose area is about that of a circle with the radius."""
    shapes = {"square": (4, 45, 1.25), "diamond": (4, 0, 1.25), "triangle": (3, -90, 1.5)}
    sides, turn, scale = shapes.get(shape, (6, 0, 1.1))
    angles = (math.radians(turn + 360 / sides * i) for i in range(sides))
    distance = radius * scale
    return tuple((round(x + distance * math.cos(a), 2), round(y + distance * math.sin(a), 2)) for a in angles)


def node_mark(node: Node, kind: Kind) -> Mark:
    """Return the mark of a node without a card."""
    if kind.shape == "circle":
        return Circle(node.x, node.y, node.radius, kind.colour, PAPER, 1.2)
    if kind.shape == "ring":
        return Circle(node.x, node.y, node.radius * 0.86, PAPER, kind.colour, max(node.radius * 0.3, 1.6))
    return Polygon(polygon_corners(kind.shape, node.x, node.y, node.radius), kind.colour, PAPER, 1.2)


def _card(node: Node, kind: Kind) -> Iterator[Mark]:
    card = node.card
    assert card is not None
    left, top = node.x - card.width / 2, node.y - card.height / 2
    if len(card.lines) == 1:
        hollow = kind.shape == "ring" and not card.strong
        fill = PAPER if hollow else _lighten(kind.colour, 0.16)
        yield Box(left, top, card.width, card.height, card.height / 2, fill, kind.line, 1.2 if hollow else 1.8)
    else:
        fill = _lighten(kind.colour, 0.12) if card.strong else PAPER
        line = kind.line if card.strong else _lighten(kind.line, 0.7)
        yield Box(left, top, card.width, card.height, CORNER, fill, line, 2.2 if card.strong else 1.2)
        yield Box(left, top + CORNER, STRIPE, card.height - 2 * CORNER, 0, kind.colour, "", 0)
    for line_, y in zip(card.lines, baselines(card), strict=True):
        bold = line_.role in ("name", "kind")
        text = line_.text.upper() if line_.role == "kind" else line_.text
        size = line_.size - 1 if line_.role == "kind" else line_.size
        colour = SOFT if line_.role in ("kind", "soft") else INK
        yield Text(left + PADDING, top + y, text, size, colour, bold=bold)


def labels(nodes: list[Node], regions: Iterable[Region] = (), limit: int | None = None) -> list[Mark]:
    """Return the labels of nodes that have room."""
    placed = place_labels(nodes, regions)[:limit]
    lines: list[Mark] = [_leader(label) for label in placed if label.is_distant]
    return lines + [
        Text(label.middle, label.baseline, label.text, label.size, INK, label.node.radius > 13, "middle", halo=True)
        for label in placed
    ]


def _leader(label: Label) -> Curve:
    """Return the line from a node to its distant label."""
    end = label.box[3] if label.box[3] < label.node.y else label.box[1]
    return Curve(((label.node.x, label.node.y), (label.middle, end)), SOFT, 0.8)


def extent(nodes: list[Node]) -> tuple[float, float, float, float]:
    """Return the bounding box of nodes: left, top, right, bottom."""
    boxes = [] if nodes else [(0.0, 0.0, 0.0, 0.0)]
    for node in nodes:
        half = (node.card.width / 2, node.card.height / 2) if node.card else (node.radius + 4, node.radius + 14)
        boxes.append((node.x - half[0], node.y - half[1], node.x + half[0], node.y + half[1]))
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _frame(picture: Picture, nodes: list[Node], kinds: dict[str, Kind], marks: list[Mark]) -> Scene:
    left, top, right, bottom = extent(nodes)
    scale = max((right - left) / 1400, 1.0)
    right = max(right, left + 640 * scale)
    top = min([top, *(heading.y - 14 for heading in picture.headings)])
    size = LEGEND_SIZE * scale
    y = top - 26 * scale
    marks.append(Text(left, y, truncate(picture.subtitle, size, right - left), size, SOFT))
    title = truncate(picture.title, 22 * scale, right - left, bold=True)
    marks.append(Text(left, y - 26 * scale, title, 22 * scale, INK, bold=True))
    present = {node.kind for node in nodes}
    legend = [kind for name, kind in kinds.items() if name in present]
    low = _legend(marks, legend, (left, bottom + 44 * scale, right), scale)
    for note in picture.notes:
        marks.append(Text(left, low, truncate(note, size * 0.9, right - left), size * 0.9, SOFT))
        low += size * 1.5
    margin = MARGIN * scale
    frame = (left - margin, y - 50 * scale - margin, right - left + 2 * margin, low - y + 50 * scale + margin * 1.6)
    return Scene(picture.title, frame, marks)


def _legend(marks: list[Mark], kinds: list[Kind], place: tuple[float, float, float], scale: float) -> float:
    """Add a legend; return the height below it."""
    left, y, right = place
    x, size = left, LEGEND_SIZE * scale
    for kind in kinds:
        width = text_width(kind.plural, size) + 36 * scale
        if x + width > right and x > left:
            x, y = left, y + size * 1.7
        sample = Node("", kind.name, "", x=x + 7 * scale, y=y - size * 0.35, radius=6 * scale)
        marks += [node_mark(sample, kind), Text(x + 18 * scale, y, kind.plural, size, INK)]
        x += width
    return y + size * 1.9
