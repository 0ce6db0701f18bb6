"""Layout of a hierarchy as a radial tree, and the levels of its nodes for a layout in rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from kg.draw.network_layout import GAP, node_radius
from kg.draw.picture import Picture

RING_DISTANCE = 95.0
"""Minimum distance between rings in pixels."""
MAX_RADIUS = 20.0


def levels(ids: Iterable[str], links: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the length of the longest path down from each node; 0 for nodes without children.

    >>> levels("abc", [("a", "b"), ("b", "c"), ("a", "c")])
    {'a': 2, 'b': 1, 'c': 0}
    """
    children: dict[str, list[str]] = {}
    for broader, narrower in links:
        children.setdefault(broader, []).append(narrower)
    result: dict[str, int] = {}

    def level(id_: str, ancestors: frozenset[str] = frozenset()) -> int:
        if id_ not in result:
            below = [child for child in children.get(id_, ()) if child not in ancestors]
            result[id_] = max((level(child, ancestors | {id_}) + 1 for child in below), default=0)
        return result[id_]

    return {id_: level(id_) for id_ in ids}


def main_parents(picture: Picture) -> dict[str, str]:
    """Return the parent of each node in the drawn tree: the largest, if a node has several."""
    chosen: dict[str, str] = {}
    for edge in picture.edges:
        parent = chosen.get(edge.target)
        rank = (-picture.nodes[edge.source].size, edge.source)
        if parent is None or rank < (-picture.nodes[parent].size, parent):
            chosen[edge.target] = edge.source
    return {child: parent for child, parent in chosen.items() if not _is_in_cycle(chosen, child)}


def _is_in_cycle(parents: Mapping[str, str], id_: str) -> bool:
    seen, ancestor = {id_}, parents.get(id_)
    while ancestor is not None and ancestor not in seen:
        seen.add(ancestor)
        ancestor = parents.get(ancestor)
    return ancestor == id_


def layout_tree(picture: Picture, note: str) -> None:
    """Place the nodes on rings, with the roots on the innermost ring and children outside their parents.

    ``note`` is the text of a note with ``{count}``, the number of nodes with more than one parent.
    """
    for node in picture.nodes.values():
        node.radius = min(node_radius(node.size), MAX_RADIUS)
    parents = main_parents(picture)
    _hide_other_edges(picture, parents, note)
    children: dict[str, list[str]] = {id_: [] for id_ in picture.nodes}
    for child, parent in parents.items():
        children[parent].append(child)
    roots = [id_ for id_ in picture.nodes if id_ not in parents]
    widths = dict.fromkeys(picture.nodes, 0.0)
    for id_ in reversed(_breadth_first(roots, children)):
        node_width = 2 * picture.nodes[id_].radius + GAP
        widths[id_] = max(sum(widths[child] for child in children[id_]), node_width)
    for siblings in children.values():
        siblings.sort(key=lambda id_: (-widths[id_], id_))
    roots.sort(key=lambda id_: (picture.nodes[id_].kind, -widths[id_], id_))
    rings = _ring_radii(picture, _depths(roots, children), sum(widths[id_] for id_ in roots))
    _place_on_rings(picture, roots, children, widths, rings)


def _hide_other_edges(picture: Picture, parents: Mapping[str, str], note: str) -> None:
    """Set the weight of edges from further parents to 0, so that they are drawn only for a selected node."""
    others = [edge for edge in picture.edges if parents.get(edge.target) != edge.source]
    for edge in others:
        edge.weight = 0.0
    if others:
        picture.notes.append(note.format(count=len({edge.target for edge in others})))


def _breadth_first(roots: Sequence[str], children: Mapping[str, list[str]]) -> list[str]:
    order = list(roots)
    for id_ in order:
        order += children[id_]
    return order


def _depths(roots: Sequence[str], children: Mapping[str, list[str]]) -> dict[str, int]:
    depths = dict.fromkeys(roots, 0)
    for id_ in _breadth_first(roots, children):
        depths |= dict.fromkeys(children[id_], depths[id_] + 1)
    return depths


def _ring_radii(picture: Picture, depths: Mapping[str, int], circumference: float) -> list[float]:
    """Return the radius of each ring, large enough for its nodes."""
    count = max(depths.values(), default=0) + 1
    widths = [0.0] * count
    for id_, ring in depths.items():
        widths[ring] += 2 * picture.nodes[id_].radius + GAP
    radii: list[float] = []
    for ring in range(count):
        radius = max(widths[ring], circumference * 0.35 * (ring + 1) / count) / (2 * math.pi)
        single_root = ring == 0 and sum(depth == 0 for depth in depths.values()) == 1
        radii.append(0.0 if single_root else max(radius, radii[-1] + RING_DISTANCE if radii else RING_DISTANCE))
    return radii


def _place_on_rings(
    picture: Picture,
    roots: Sequence[str],
    children: Mapping[str, list[str]],
    widths: Mapping[str, float],
    radii: Sequence[float],
) -> None:
    """Divide the circle among the roots by the width of their subtrees, and each sector among the children."""
    stack = [(list(roots), (0.0, 2 * math.pi), 0)]
    while stack:
        siblings, (start, end), ring = stack.pop()
        scale = (end - start) / (sum(widths[id_] for id_ in siblings) or 1.0)
        for id_ in siblings:
            share = scale * widths[id_]
            angle = start + share / 2
            node = picture.nodes[id_]
            node.x = round(radii[ring] * math.cos(angle), 1)
            node.y = round(radii[ring] * math.sin(angle), 1)
            node.side = "" if not radii[ring] else "right" if math.cos(angle) >= 0 else "left"
            if children[id_]:
                below = sum(widths[child] for child in children[id_])
                sector = min(share, share * below / widths[id_]) if widths[id_] else share
                stack.append((children[id_], (angle - sector / 2, angle + sector / 2), ring + 1))
            start += share
