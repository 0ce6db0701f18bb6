"""Where the nodes of a hierarchy stand: around its roots as a tree of rings, or in rows from the broadest down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from kg.draw.layout import GAP, radius
from kg.draw.picture import Picture

RING = 95.0
"""Pixels from one ring to the next, at least."""


def levels(ids: Iterable[str], links: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many steps each node is above the lowest below it; 0 for what has nothing below.

    >>> levels("abc", [("a", "b"), ("b", "c"), ("a", "c")])
    {'a': 2, 'b': 1, 'c': 0}
    """
    below: dict[str, list[str]] = {}
    for broader, narrower in links:
        below.setdefault(broader, []).append(narrower)
    known: dict[str, int] = {}

    def level(id_: str, above: frozenset[str] = frozenset()) -> int:
        if id_ not in known:
            under = [each for each in below.get(id_, ()) if each not in above]
            known[id_] = max((level(each, above | {id_}) + 1 for each in under), default=0)
        return known[id_]

    return {id_: level(id_) for id_ in ids}


def main_parents(picture: Picture) -> dict[str, str]:
    """Each node's parent in the tree that is drawn: of several the one that stands for most."""
    chosen: dict[str, str] = {}
    for edge in picture.edges:
        known = chosen.get(edge.target)
        rank = (-picture.nodes[edge.source].size, edge.source)
        if known is None or rank < (-picture.nodes[known].size, known):
            chosen[edge.target] = edge.source
    return {child: parent for child, parent in chosen.items() if not _circular(chosen, child)}


def _circular(parents: Mapping[str, str], id_: str) -> bool:
    seen, at = {id_}, parents.get(id_)
    while at is not None and at not in seen:
        seen.add(at)
        at = parents.get(at)
    return at == id_


def radial(picture: Picture, note: str) -> None:
    """Lays a picture out as one tree of rings: the roots innermost, what hangs on a node beyond it.

    ``note`` says how many nodes have further parents, as ``{count}``.
    """
    for node in picture.nodes.values():
        node.radius = min(radius(node.size), 20.0)
    parents = main_parents(picture)
    _quiet_others(picture, parents, note)
    children: dict[str, list[str]] = {id_: [] for id_ in picture.nodes}
    for child, parent in parents.items():
        children[parent].append(child)
    roots = [id_ for id_ in picture.nodes if id_ not in parents]
    leaves = dict.fromkeys(picture.nodes, 0.0)
    order = _from_the_roots(roots, children)
    for id_ in reversed(order):
        own = 2 * picture.nodes[id_].radius + GAP
        leaves[id_] = max(sum(leaves[child] for child in children[id_]), own)
    for group in children.values():
        group.sort(key=lambda id_: (-leaves[id_], id_))
    roots.sort(key=lambda id_: (picture.nodes[id_].kind, -leaves[id_], id_))
    depth = _depths(roots, children)
    rings = _rings(picture, depth, sum(leaves[id_] for id_ in roots))
    _sector(picture, roots, children, leaves, (0.0, 2 * math.pi), rings)


def _quiet_others(picture: Picture, parents: Mapping[str, str], note: str) -> None:
    """Edges from further parents stand for nothing until a node is chosen: drawn all at once, they hide the tree."""
    others = [edge for edge in picture.edges if parents.get(edge.target) != edge.source]
    for edge in others:
        edge.weight = 0.0
    if others:
        count = len({edge.target for edge in others})
        picture.notes.append(note.format(count=count))


def _from_the_roots(roots: Sequence[str], children: Mapping[str, list[str]]) -> list[str]:
    order = list(roots)
    for id_ in order:
        order += children[id_]
    return order


def _depths(roots: Sequence[str], children: Mapping[str, list[str]]) -> dict[str, int]:
    depth = dict.fromkeys(roots, 0)
    for id_ in _from_the_roots(roots, children):
        depth |= dict.fromkeys(children[id_], depth[id_] + 1)
    return depth


def _rings(picture: Picture, depth: Mapping[str, int], around: float) -> list[float]:
    """The radius of each ring: wide enough for the nodes on it."""
    most = max(depth.values(), default=0) + 1
    taken = [0.0] * most
    for id_, ring in depth.items():
        taken[ring] += 2 * picture.nodes[id_].radius + GAP
    rings: list[float] = []
    for ring in range(most):
        room = max(taken[ring], around * 0.35 * (ring + 1) / most) / (2 * math.pi)
        alone = ring == 0 and sum(each == 0 for each in depth.values()) == 1
        rings.append(0.0 if alone else max(room, rings[-1] + RING if rings else RING))
    return rings


def _sector(
    picture: Picture,
    ids: Sequence[str],
    children: Mapping[str, list[str]],
    leaves: Mapping[str, float],
    sector: tuple[float, float],
    rings: Sequence[float],
) -> None:
    """Shares a sector out among nodes by the room that what hangs on them needs, and so on outwards."""
    waiting = [(list(ids), sector, 0)]
    while waiting:
        group, (start, end), ring = waiting.pop()
        whole = (end - start) / (sum(leaves[id_] for id_ in group) or 1.0)
        for id_ in group:
            share = whole * leaves[id_]
            angle = start + share / 2
            node = picture.nodes[id_]
            node.x = round(rings[ring] * math.cos(angle), 1)
            node.y = round(rings[ring] * math.sin(angle), 1)
            node.side = "" if not rings[ring] else "right" if math.cos(angle) >= 0 else "left"
            if children[id_]:
                own = sum(leaves[child] for child in children[id_])
                narrow = min(share, share * own / leaves[id_]) if leaves[id_] else share
                waiting.append((children[id_], (angle - narrow / 2, angle + narrow / 2), ring + 1))
            start += share
