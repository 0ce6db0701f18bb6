"""Projections: bipartite networks of two kinds of entities, with an edge for each pair that occurs in a study.

They show co-occurrence only, never that an intervention works for a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kg.errors import UsageError
from kg.network.formats import OLD_VIEWS, PROJECTIONS
from kg.network.model import local_name
from kg.network.schema import SEPARATOR

if TYPE_CHECKING:
    import networkx as nx

    Pair = tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]
    """Two nodes with their attributes, one of each kind."""


NAMES = frozenset(
    ("conditionMesh", "interventionMesh", "leadSponsor", "location", "city", "countryName", "lat", "long")
)
"""The predicates and attributes that projections need."""


def _studies(graph: nx.MultiDiGraph) -> Iterator[str]:
    return (id_ for id_, type_ in graph.nodes(data="type") if type_ == "Study")


def _targets(graph: nx.MultiDiGraph, id_: str, *predicates: str) -> list[str]:
    return sorted({target for _, target, name in graph.out_edges(id_, keys=True) if name in predicates})


def _node(graph: nx.MultiDiGraph, id_: str, type_: str) -> tuple[str, dict[str, Any]]:
    return id_, {"type": type_, "label": graph.nodes[id_]["label"]}


def _conditions(graph: nx.MultiDiGraph, study: str) -> Iterator[Pair]:
    for condition in _targets(graph, study, "conditionMesh"):
        for intervention in _targets(graph, study, "interventionMesh"):
            yield _node(graph, condition, "Condition"), _node(graph, intervention, "Intervention")


def _sponsors(graph: nx.MultiDiGraph, study: str) -> Iterator[Pair]:
    for sponsor in _targets(graph, study, "leadSponsor"):
        for condition in _targets(graph, study, "conditionMesh"):
            yield _node(graph, sponsor, "Sponsor"), _node(graph, condition, "Condition")


def site_key(facility: str, city: str, country: str) -> str:
    """Return the key of a site: records have no site ids, so equal names in one city are one site.

    >>> site_key("University  Hospital", "Lyon", "France")
    'site:university hospital|lyon|france'
    """
    return "site:" + "|".join(" ".join(text.split()).casefold() for text in (facility, city, country))


def _sites(graph: nx.MultiDiGraph, study: str) -> Iterator[Pair]:
    for location in _targets(graph, study, "location"):
        attributes = graph.nodes[location]
        city, country = (str(attributes.get(name, "")) for name in ("city", "countryName"))
        site = {"type": "Site", "label": attributes["label"] or city, "city": city, "country": country}
        site |= {name: attributes[name] for name in ("lat", "long") if name in attributes}
        yield (site_key(attributes["label"], city, country), site), _node(graph, study, "Study")


_PAIRS: dict[str, Callable[[nx.MultiDiGraph, str], Iterator[Pair]]]
_PAIRS = dict(zip(PROJECTIONS, (_conditions, _sponsors, _sites), strict=True))


def projection(graph: nx.MultiDiGraph, view: str, *, lists: bool = False) -> nx.Graph:
    """Return a bipartite network (``bipartite`` 0 and 1) with ``weight`` and ``studies`` on its edges.

    The weight is the number of studies or, between a site and a study, the number of times that the study lists the
    site. ``studies`` has NCT numbers joined by ``" | "`` or, with ``lists``, a list of them.

    >>> from kg.network.graph import to_networkx
    >>> network = projection(to_networkx("tests/data/NCT02059759.txt"), "conditions-interventions")
    >>> [(network.nodes[a]["label"], network.nodes[b]["label"], edge) for a, b, edge in network.edges(data=True)]
    [('Amyotrophic Lateral Sclerosis', 'aldesleukin', {'weight': 1, 'studies': 'NCT02059759'})]

    Raises :class:`~kg.errors.UsageError` for a view that is not in :data:`kg.network.formats.PROJECTIONS`.
    """
    view = OLD_VIEWS.get(view, view)
    if view not in PROJECTIONS:
        raise UsageError(f"Unknown view {view}; the views of two kinds are {', '.join(PROJECTIONS)}.")
    import networkx as nx

    network = nx.Graph()
    for study in _studies(graph):
        for (left, left_values), (right, right_values) in _PAIRS[view](graph, study):
            _add_node(network, left, left_values, 0)
            _add_node(network, right, right_values, 1)
            _add_study(network, left, right, local_name(study))
    if not lists:
        for _, _, values in network.edges(data=True):
            values["studies"] = SEPARATOR.join(values["studies"])
    return network


def _add_node(network: nx.Graph, id_: str, attributes: dict[str, Any], side: int) -> None:
    if id_ not in network:
        network.add_node(id_, **attributes, bipartite=side)
    elif (
        network.nodes[id_]["bipartite"] != side
    ):  # a term can be a condition in one study and an intervention in another
        network.nodes[id_]["type"] = "Condition and intervention"


def _add_study(network: nx.Graph, left: str, right: str, study: str) -> None:
    if not network.has_edge(left, right):
        network.add_edge(left, right, weight=0, studies=[])
    edge = network.edges[left, right]
    edge["weight"] += 1
    if study not in edge["studies"]:
        edge["studies"].append(study)
