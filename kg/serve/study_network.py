"""The network of a list: conditions and interventions, or organizations, that studies have in common."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from kg.draw.kinds import kind as kind_of
from kg.draw.network_layout import layout_network
from kg.draw.picture import Edge, Node, Picture
from kg.draw.text_metrics import text_width, truncate
from kg.serve.catalogue import Matches
from kg.serve.columns import Column
from kg.serve.drawings import svg, text
from kg.serve.formats import count_text

NODES = 28
"""Nodes of each kind at most: those with the most studies."""
SPREAD = 1.5
"""The factor by which nodes are moved apart, so that there is room for their labels."""
WIDTH = 980.0
"""The width at which labels have their size in pixels."""
SIZE = 12.5
FORCED = 10
"""Nodes that have a label in any case: the largest."""
Counts = npt.NDArray[np.int64]
Box = tuple[float, float, float, float]
Url = Callable[[Node], str]
"""A function that returns the URL of a node."""


def network_picture(matches: Matches, name: str) -> Picture:
    """Return a network with positions; ``name`` is one of :data:`kg.serve.page_state.NETWORKS`."""
    picture = Picture("Network", "")
    if name == "terms":
        columns = [matches.catalogue.columns[key] for key in ("condition", "intervention")]
        sides = [_Side(kind, column.direct or column, matches) for kind, column in zip(_TERMS, columns, strict=True)]
        _connect(picture, *sides)
    else:
        side = _Side("Organization", matches.catalogue.organizations, matches)
        _connect(picture, side, side)
    if picture.nodes:
        layout_network(picture)
    return picture


_TERMS = ("Condition", "Intervention")
_FACETS = {"Condition": "condition", "Intervention": "intervention", "Organization": "organization"}


class _Side:
    """The most frequent values of a column among the studies of a list."""

    def __init__(self, kind: str, column: Column, matches: Matches) -> None:
        self.kind, self.column = kind, column
        self.counts = column.counts(matches.mask)
        order = sorted(range(len(self.counts)), key=lambda i: (-self.counts[i], column.labels[i]))
        self.values = [i for i in order[:NODES] if self.counts[i]]
        places = np.full(len(column.keys), -1, np.int32)
        places[self.values] = np.arange(len(self.values))
        chosen = matches.mask[column.studies] & (places[column.values] >= 0)
        self.table = np.zeros((column.size, len(self.values)), np.float32)
        self.table[column.studies[chosen], places[column.values[chosen]]] = 1

    def node(self, place: int) -> Node:
        """Return the node of a value."""
        value = self.values[place]
        column, number = self.column, int(self.counts[value])
        node = Node(f"{_FACETS[self.kind]}:{column.keys[value]}", self.kind, column.labels[value], float(number))
        node.link, node.count = column.iris[value], count_text(number, "study", "studies")
        return node


def _connect(picture: Picture, first: _Side, second: _Side) -> None:
    """Add the nodes of two sides, and an edge for each pair that studies have in common."""
    common = (first.table.T @ second.table).astype(np.int64)
    for i, j in zip(*np.nonzero(common), strict=True):
        if first is second and i >= j:
            continue
        nodes = [picture.nodes.get(node.id) or picture.add(node) for node in (first.node(int(i)), second.node(int(j)))]
        picture.edges.append(Edge(nodes[0].id, nodes[1].id, "", float(common[i, j]), []))


def network_svg(picture: Picture, url: Url) -> Markup:
    """Return a network as SVG."""
    nodes = sorted(picture.nodes.values(), key=lambda node: -node.size)
    if not nodes:
        return Markup("")
    most = max(edge.weight for edge in picture.edges)
    for node in nodes:
        node.x, node.y = node.x * SPREAD, node.y * SPREAD
    links = [_edge(picture, edge, most) for edge in sorted(picture.edges, key=lambda edge: edge.weight)]
    circles = [_node(node, url(node)) for node in nodes]
    span = max(node.x for node in nodes) - min(node.x for node in nodes)
    labels = _Labels(nodes, SIZE * max((span + 240) / WIDTH, 0.8))
    left, top, right, bottom = labels.frame()
    return svg("Network", "network", (left, top, right - left, bottom - top), [*links, *circles, *labels.texts])


def _edge(picture: Picture, edge: Edge, most: float) -> str:
    source, target = picture.nodes[edge.source], picture.nodes[edge.target]
    common = edge.label or count_text(int(edge.weight), "study", "studies")
    title = f"{source.label} – {target.label}: {common}"
    width = 1 + 4 * (edge.weight / most) ** 0.5
    line = f'x1="{source.x:.1f}" y1="{source.y:.1f}" x2="{target.x:.1f}" y2="{target.y:.1f}"'
    ends = escape(f"{_token(edge.source)} {_token(edge.target)}")
    return f'<line {line} data-ends="{ends}" stroke-width="{width:.1f}"><title>{escape(title)}</title></line>'


def _node(node: Node, url: str) -> str:
    title = f"{node.label}: {node.count}" if node.count else node.label
    kind = node.kind.lower()
    if kind_of(node.kind).shape == "diamond":
        side = node.radius * 1.25
        steps = "".join(f"l{x * side:.1f} {y * side:.1f}" for x, y in ((1, 1), (-1, 1), (-1, -1)))
        place = f"M{node.x:.1f} {node.y - side:.1f}{steps}z"
        mark = f'<path class="{kind}" d="{place}">'
    else:
        mark = f'<circle class="{kind}" cx="{node.x:.1f}" cy="{node.y:.1f}" r="{node.radius:.1f}">'
    end = "</path>" if "<path" in mark else "</circle>"
    mark = f"{mark}<title>{escape(title)}</title>{end}"
    name = escape(_token(node.id))
    if not url:
        return f'<g data-node="{name}">{mark}</g>'
    return f'<a href="{escape(url)}" aria-label="{escape(title)}" data-node="{name}">{mark}</a>'


def _token(id_: str) -> str:
    """Return the id of a node without spaces."""
    return quote(id_, safe=":")


class _Labels:
    """Labels beside the nodes, the largest node first; a small node has one only where there is room."""

    def __init__(self, nodes: list[Node], size: float) -> None:
        self.texts: list[str] = []
        self._size = size
        self._boxes = [(n.x - n.radius, n.y - n.radius, n.x + n.radius, n.y + n.radius) for n in nodes]
        for i, node in enumerate(nodes):
            self._add(node, is_forced=i < FORCED)

    def frame(self) -> Box:
        """Return the box around all nodes and labels, with a margin."""
        left, top, right, bottom = zip(*self._boxes, strict=True)
        return min(left) - 16, min(top) - 12, max(right) + 16, max(bottom) + 12

    def _add(self, node: Node, *, is_forced: bool) -> None:
        label = truncate(node.label, self._size, 13 * self._size)
        choices = [(self._overlap(box), place) for place, box in enumerate(self._places(node, label))]
        overlap, place = min(choices)
        if overlap and not is_forced:
            return
        box = self._places(node, label)[place]
        self._boxes.append(box)
        self.texts.append(text((box[0] + box[2]) / 2, box[3] - 0.28 * self._size, label, "", "middle", self._size))

    def _places(self, node: Node, label: str) -> list[Box]:
        """Return the places of a label: below its node, above, right and left of it."""
        width, height, gap = text_width(label, self._size), 1.2 * self._size, node.radius + 3
        corners = [
            (node.x - width / 2, node.y + gap),
            (node.x - width / 2, node.y - gap - height),
            (node.x + gap, node.y - height / 2),
            (node.x - gap - width, node.y - height / 2),
        ]
        return [(x, y, x + width, y + height) for x, y in corners]

    def _overlap(self, box: Box) -> float:
        """Return the area of a box that lies over nodes and other labels."""
        areas = (
            max(min(box[2], other[2]) - max(box[0], other[0]), 0)
            * max(min(box[3], other[3]) - max(box[1], other[1]), 0)
            for other in self._boxes
        )
        return sum(areas)
