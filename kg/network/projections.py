"""Projections: networks of two kinds of things, an edge where a study has both, with the studies.

They are drawn and counted rather than queried; nothing in them says that an intervention works for a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kg.errors import UsageError
from kg.network.model import local
from kg.network.schema import BETWEEN

if TYPE_CHECKING:
    import networkx as nx

    Pair = tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]
    """Two nodes with their attributes, the first of the first kind."""


def _studies(graph: nx.MultiDiGraph) -> Iterator[str]:
    return (id_ for id_, kind in graph.nodes(data="type") if kind == "Study")


def _targets(graph: nx.MultiDiGraph, id_: str, *predicates: str) -> list[str]:
    return sorted({target for _, target, name in graph.out_edges(id_, keys=True) if name in predicates})


def _shared(graph: nx.MultiDiGraph, id_: str, kind: str) -> tuple[str, dict[str, Any]]:
    return id_, {"type": kind, "label": graph.nodes[id_]["label"]}


def _conditions(graph: nx.MultiDiGraph, study: str) -> Iterator[Pair]:
    for condition in _targets(graph, study, "conditionMesh"):
        for intervention in _targets(graph, study, "interventionMesh"):
            yield _shared(graph, condition, "Condition"), _shared(graph, intervention, "Intervention")


def _sponsors(graph: nx.MultiDiGraph, study: str) -> Iterator[Pair]:
    for sponsor in _targets(graph, study, "leadSponsor"):
        for condition in _targets(graph, study, "conditionMesh"):
            yield _shared(graph, sponsor, "Sponsor"), _shared(graph, condition, "Condition")


def site_key(facility: str, city: str, country: str) -> str:
    """The name of a site: records do not number them, so what is written alike in one city is one.

    >>> site_key("University  Hospital", "Lyon", "France")
    'site:university hospital|lyon|france'
    """
    return "site:" + "|".join(" ".join(text.split()).casefold() for text in (facility, city, country))


def _sites(graph: nx.MultiDiGraph, study: str) -> Iterator[Pair]:
    for location in _targets(graph, study, "location"):
        said = graph.nodes[location]
        city, country = (str(said.get(name, "")) for name in ("city", "countryName"))
        site = {"type": "Site", "label": said["label"] or city, "city": city, "country": country}
        site |= {name: said[name] for name in ("lat", "long") if name in said}
        yield (site_key(said["label"], city, country), site), _shared(graph, study, "Study")


VIEWS: dict[str, Callable[[nx.MultiDiGraph, str], Iterator[Pair]]] = {
    "condition-intervention": _conditions,
    "sponsor-condition": _sponsors,
    "site-study": _sites,
}
"""The projections by name: conditions and interventions are MeSH terms, sponsors lead sponsors."""


def projection(graph: nx.MultiDiGraph, view: str, *, lists: bool = False) -> nx.Graph:
    """A network of two kinds of nodes, ``bipartite`` 0 and 1, with ``weight`` and ``studies`` on its edges.

    The weight is the number of studies; between a site and a study the number of times that the study names it. Studies
    are NCT numbers joined by ``" | "``, or a list of them with ``lists``.

    >>> from kg.network.graph import to_networkx
    >>> network = projection(to_networkx("tests/data/NCT02059759.txt"), "condition-intervention")
    >>> [(network.nodes[a]["label"], network.nodes[b]["label"], edge) for a, b, edge in network.edges(data=True)]
    [('Amyotrophic Lateral Sclerosis', 'aldesleukin', {'weight': 1, 'studies': 'NCT02059759'})]

    Raises :class:`~kg.errors.UsageError` for a view that is none of :data:`VIEWS`.
    """
    if view not in VIEWS:
        raise UsageError(f"There is no view {view}; the views are {', '.join(VIEWS)}.")
    import networkx as nx

    network = nx.Graph()
    for study in _studies(graph):
        for (left, left_values), (right, right_values) in VIEWS[view](graph, study):
            _enter(network, left, left_values, 0)
            _enter(network, right, right_values, 1)
            _count(network, left, right, local(study))
    if not lists:
        for _, _, values in network.edges(data=True):
            values["studies"] = BETWEEN.join(values["studies"])
    return network


def _enter(network: nx.Graph, id_: str, said: dict[str, Any], side: int) -> None:
    if id_ not in network:
        network.add_node(id_, **said, bipartite=side)
    elif network.nodes[id_]["bipartite"] != side:  # a term that is condition here and intervention there
        network.nodes[id_]["type"] = "Condition and intervention"


def _count(network: nx.Graph, left: str, right: str, study: str) -> None:
    if not network.has_edge(left, right):
        network.add_edge(left, right, weight=0, studies=[])
    said = network.edges[left, right]
    said["weight"] += 1
    if study not in said["studies"]:
        said["studies"].append(study)
