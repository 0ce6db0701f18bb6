"""Placement of the labels of nodes: next to their nodes, without covering each other or other nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kg.draw.picture import Node, Region
from kg.draw.text_metrics import text_width, truncate

MAX_WIDTH = 190.0
"""Maximum width of a label in pixels."""
CELL = 100.0
"""Size of the cells of the grid in which boxes are looked up."""
LINE = 1.25
"""Height of a label as a multiple of its font size."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Label:
    """The text of a node with its font size, and its box once it is placed."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.size = label_size(node)
        self.text = truncate(node.label, self.size, MAX_WIDTH)
        self.width = text_width(self.text, self.size)
        self.box: Box = (0.0, 0.0, 0.0, 0.0)
        self.is_distant = False
        """Whether the label is at the border of the community, so that a line leads to its node."""

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def baseline(self) -> float:
        return self.box[3] - self.size * 0.25

    def box_at(self, x: float, top: float) -> Box:
        return x - self.width / 2, top, x + self.width / 2, top + self.size * LINE

    def positions(self) -> Iterator[Box]:
        """Yield the boxes around the node, the preferred one first; a node with a side has one only."""
        node, half = self.node, self.width / 2
        beside = {side: node.x + sign * (half + node.radius + 4) for side, sign in (("right", 1), ("left", -1))}
        if node.side:
            yield self.box_at(beside[node.side], node.y - self.size * LINE / 2)
            return
        yield self.box_at(node.x, node.y + node.radius + 1)
        yield self.box_at(node.x, node.y - node.radius - 1 - self.size * LINE)
        for x in beside.values():
            yield self.box_at(x, node.y - self.size * LINE / 2)


class Boxes:
    """Boxes in a grid of cells."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], list[Box]] = {}

    def add(self, box: Box) -> None:
        for cell in _cells(box):
            self.cells.setdefault(cell, []).append(box)

    def count(self, box: Box) -> int:
        """Return the number of boxes that a box overlaps."""
        return len({other for cell in _cells(box) for other in self.cells.get(cell, ()) if _overlap(box, other)})


def place_labels(nodes: Iterable[Node], regions: Iterable[Region] = ()) -> list[Label]:
    """Return the labels that have room: first that of the hub of each community, which always has one, then by size."""
    nodes = list(nodes)
    ranked = sorted(nodes, key=lambda node: (-node.radius, node.id))
    hubs = {region.hub: region for region in regions}
    marks, taken = Boxes(), Boxes()
    for node in nodes:
        marks.add(mark_box(node))
    placed = []
    for node in [*(node for node in ranked if node.id in hubs), *(node for node in ranked if node.id not in hubs)]:
        label = Label(node)
        if _place(label, marks, taken, hubs.get(node.id)):
            taken.add(label.box)
            placed.append(label)
    return placed


def _place(label: Label, marks: Boxes, taken: Boxes, region: Region | None) -> bool:
    """Set the box of a label; return whether there is room."""
    for box in label.positions():
        if not taken.count(box) and not marks.count(box):
            label.box = box
            return True
    if region is None:
        return False
    border = [
        label.box_at(region.x, region.y - region.radius - label.size * (LINE + step * 1.4)) for step in range(3)
    ] + [label.box_at(region.x, region.y + region.radius + label.size * step * 1.4) for step in range(3)]
    label.box = min(border, key=lambda box: (taken.count(box), marks.count(box)))
    label.is_distant = True
    return True


def mark_box(node: Node) -> Box:
    """Return the box of the mark of a node; a label may touch its corners."""
    reach = node.radius * 0.85
    return node.x - reach, node.y - reach, node.x + reach, node.y + reach


def label_size(node: Node) -> float:
    """Return the font size of the label of a node."""
    return round(min(9 + node.radius * 0.28, 17.0), 1)


def _cells(box: Box) -> list[tuple[int, int]]:
    left, top, right, bottom = (int(value // CELL) for value in box)
    return [(i, j) for i in range(left, right + 1) for j in range(top, bottom + 1)]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
