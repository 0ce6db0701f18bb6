"""Layout of a network: separate communities, without overlaps, and deterministic.

The communities are those of the Louvain method (networkx). Positions are computed with forces (Fruchterman and Reingold
1991, doi:10.1002/spe.4380211102), first within each community, then between the discs of the communities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kg.draw.picture import Node, Picture, Region

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

GAP = 7.0
"""Minimum free space around a node in pixels."""
MAX_FORCE_NODES = 400
"""Maximum number of nodes that forces are computed for; the others are placed around them."""
RESOLUTION = 1.6
"""Resolution of the Louvain method; larger values give smaller communities."""
ASPECT = 1.7
"""Width of a picture of several communities as a multiple of its height."""
MIN_REGION = 4
"""Minimum number of nodes of a community that gets a disc behind it."""
Links = list[tuple[int, int, float]]


def node_radius(size: float) -> float:
    """Return the radius of a node, whose area grows with its size.

    >>> node_radius(1), node_radius(100)
    (5.7, 22.0)
    """
    return round(min(3.9 + 1.81 * math.sqrt(size), 34.0), 1)


def layout_network(picture: Picture) -> None:
    """Set the radius and the position of each node, and add a disc behind each community."""
    import numpy as np

    for node in picture.nodes.values():
        node.radius = node_radius(node.size)
    groups = communities(picture)
    index = {id_: (i, j) for i, group in enumerate(groups) for j, id_ in enumerate(group)}
    inside: list[Links] = [[] for _ in groups]
    across: dict[tuple[int, int], float] = {}
    for edge in picture.edges:
        (i, a), (j, b) = index[edge.source], index[edge.target]
        if i == j:
            inside[i].append((a, b, edge.weight))
        else:
            pair = (min(i, j), max(i, j))
            across[pair] = across.get(pair, 0.0) + edge.weight
    discs = [
        _layout_community([picture.nodes[id_] for id_ in group], links)
        for group, links in zip(groups, inside, strict=True)
    ]
    radii = np.array([_outer_radius(disc, group, picture) for disc, group in zip(discs, groups, strict=True)])
    centres = pack_discs(radii, [(i, j, weight) for (i, j), weight in across.items()])
    for group, disc, centre, outer in zip(groups, discs, centres, radii, strict=True):
        for id_, place in zip(group, disc, strict=True):
            picture.nodes[id_].x = round(float(place[0] + centre[0]), 1)
            picture.nodes[id_].y = round(float(place[1] + centre[1]), 1)
        if len(group) >= MIN_REGION and len(groups) > 1:
            x, y, radius = (round(float(value), 1) for value in (centre[0], centre[1], outer - GAP))
            picture.regions.append(Region(x, y, radius, group[0]))


def communities(picture: Picture) -> list[list[str]]:
    """Return the ids of the nodes by community: the largest community first, and in it the largest node first."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(sorted(picture.nodes))
    for edge in sorted(picture.edges, key=lambda edge: (edge.source, edge.target)):
        weight = graph.get_edge_data(edge.source, edge.target, {"weight": 0.0})["weight"]
        graph.add_edge(edge.source, edge.target, weight=weight + edge.weight)
    partition = nx.community.louvain_communities(graph, weight="weight", resolution=RESOLUTION, seed=1)
    groups = [sorted(group, key=lambda id_: (-picture.nodes[id_].size, id_)) for group in partition]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _layout_community(nodes: Sequence[Node], links: Links) -> Array:
    """Return the positions of the nodes of one community, centred."""
    import numpy as np

    radii = np.array([node.radius for node in nodes])
    start = spiral(radii + GAP)
    if len(nodes) <= 1:
        return start
    dense = min(len(nodes), MAX_FORCE_NODES)
    near = [link for link in links if link[0] < dense and link[1] < dense]
    start[:dense] = forces(
        start[:dense], radii[:dense], near, rounds=110 if dense < 200 else 60, gap=8 * GAP, pull=0.03, flat=1.0
    )
    start = pull_in_outliers(start, radii)
    places = remove_overlaps(start, radii + GAP / 2, 150)
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    return np.asarray(places - middle)


def _outer_radius(disc: Array, group: Sequence[str], picture: Picture) -> float:
    radii = [picture.nodes[id_].radius for id_ in group]
    return max(math.hypot(x, y) + r for (x, y), r in zip(disc.tolist(), radii, strict=True)) + 2 * GAP


def spiral(radii: Array) -> Array:
    """Return positions on a sunflower spiral with room for discs of these radii, the first in the centre."""
    import numpy as np

    used, places = 0.0, []
    for i, own in enumerate(radii.tolist()):
        distance = math.sqrt(used) * 1.15 if i else 0.0
        angle = i * math.pi * (3 - math.sqrt(5))
        places.append((distance * math.cos(angle), distance * math.sin(angle)))
        used += own * own
    return np.array(places, dtype=np.float64).reshape(-1, 2)


def forces(places: Array, radii: Array, links: Links, *, rounds: int, gap: float, pull: float, flat: float) -> Array:
    """Return positions at which linked nodes are close to each other and all nodes keep their distance."""
    import numpy as np

    ideal = radii[:, None] + radii[None, :] + gap
    a = np.array([link[0] for link in links], dtype=int)
    b = np.array([link[1] for link in links], dtype=int)
    strength = np.array([min(1.0 + 0.15 * link[2], 2.0) for link in links])
    heat = float(ideal.mean()) * 1.5
    for i in range(rounds):
        delta = places[:, None, :] - places[None, :, :]
        square = (delta**2).sum(axis=2) + 0.01
        shift = (delta * (ideal**2 / square)[:, :, None] / np.sqrt(square)[:, :, None]).sum(axis=1) * 1.1
        if links:
            along = places[a] - places[b]
            length = np.sqrt((along**2).sum(axis=1)) + 0.01
            force = along * (strength * length / ideal[a, b])[:, None]
            np.add.at(shift, a, -force)
            np.add.at(shift, b, force)
        shift -= places * np.array([pull, pull * flat * flat])
        size = np.sqrt((shift**2).sum(axis=1)) + 0.01
        places = places + shift / size[:, None] * np.minimum(size, heat * (1 - i / rounds))[:, None]
    return places


def pull_in_outliers(places: Array, radii: Array) -> Array:
    """Move distant nodes closer to the centre, so that a few of them do not enlarge a community."""
    import numpy as np

    far = np.sqrt((places**2).sum(axis=1)) + 0.01
    limit = 1.9 * math.sqrt(float(((radii + GAP) ** 2).sum()))
    target = np.minimum(far, limit + (far - limit) * 0.25)
    return np.asarray(places * (target / far)[:, None])


def remove_overlaps(places: Array, radii: Array, rounds: int) -> Array:
    """Return positions at which discs do not overlap, as near as possible to the original ones."""
    import numpy as np

    places = places.copy()
    for _ in range(rounds):
        first, second = _overlapping(places, radii)
        delta = places[first] - places[second]
        length = np.sqrt((delta**2).sum(axis=1)) + 0.001
        over = radii[first] + radii[second] - length
        if not len(over) or float(over.max()) < 0.1:
            break
        share = radii[second] / (radii[first] + radii[second])
        push = delta / length[:, None] * over[:, None] * 0.9
        np.add.at(places, first, push * share[:, None])
        np.add.at(places, second, -push * (1 - share)[:, None])
    return places


def _overlapping(places: Array, radii: Array) -> tuple[Any, Any]:
    """Return the pairs of discs that overlap; candidates come from a sweep over x, so that memory stays small."""
    import numpy as np

    order = np.argsort(places[:, 0], kind="stable")
    left = (places[:, 0] - radii)[order]
    until = np.searchsorted(places[order, 0] - radii.max(), (places[:, 0] + radii)[order], side="right")
    assert len(left) == len(until)
    counts = np.maximum(until - np.arange(len(order)) - 1, 0)
    first = np.repeat(np.arange(len(order)), counts)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    first, second = order[first], order[second]
    delta = places[first] - places[second]
    hit = (delta**2).sum(axis=1) < (radii[first] + radii[second]) ** 2
    return first[hit], second[hit]


def pack_discs(radii: Array, links: Links) -> Array:
    """Return positions of discs without overlaps: linked discs are close to each other, the others around them."""
    import numpy as np

    start = spiral(radii)
    if len(radii) > MAX_FORCE_NODES:
        return remove_overlaps(start, radii, 40)
    linked = sorted({i for link in links for i in link[:2]})
    if len(linked) > 1:
        place = {i: j for j, i in enumerate(linked)}
        near = [(place[i], place[j], weight) for i, j, weight in links]
        start[linked] = forces(start[linked], radii[linked], near, rounds=120, gap=GAP, pull=0.3, flat=ASPECT)
        start[linked] *= np.array([0.5 * math.sqrt(ASPECT), 0.5 / math.sqrt(ASPECT)])
        alone = [i for i in range(len(radii)) if i not in place]
        start[linked] = remove_overlaps(start[linked], radii[linked], 200)
        start[alone] = _around(start[linked], radii[linked], radii[alone])
    return remove_overlaps(start, radii, 200)


def _around(inner: Array, inner_radii: Array, radii: Array) -> Array:
    """Return positions on a spiral around existing discs."""
    import numpy as np

    within = math.sqrt(float((inner_radii**2).sum())) * 1.1
    outline = np.concatenate([np.array([within]), radii])
    placed = spiral(outline)[1:] * np.array([math.sqrt(ASPECT), 1 / math.sqrt(ASPECT)])
    return np.asarray(placed + inner.mean(axis=0))
