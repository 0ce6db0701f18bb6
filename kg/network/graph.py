"""Graphs of networkx, from study records, RDF files, graphs of rdflib and stores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import UsageError
from kg.export.report import Report
from kg.network.groups import Groups, opened
from kg.network.model import Edge, Node, Value, stream
from kg.network.schema import Table

if TYPE_CHECKING:
    import networkx as nx
    import rdflib

    Source = str | os.PathLike[str] | rdflib.Graph | ox.Store | Iterable[ox.Quad]


def to_networkx(
    *sources: Source, lists: bool = False, report: Report | None = None, progress: Any = None
) -> nx.MultiDiGraph:
    """A directed multigraph of all statements, the nodes and edges in the order of their names.

    ``sources`` are names of files (study records or RDF), of folders and of stores, graphs of rdflib, stores of
    pyoxigraph, or its quads. Several sources are one graph, and so are the named graphs of a source. Nodes are IRIs
    with ``type``, ``label`` and a value for each property; edges have their predicate as ``predicate`` and as key.

    An attribute has one type in the whole graph, so that the writers of networkx take it: several values are joined by
    ``" | "``, and numbers among texts are text, with the number in an attribute of its own (``pValue``,
    ``pValueNumber``). With ``lists``, values stay as they are, several of them a list.

    >>> graph = to_networkx("tests/data/NCT02059759.txt")
    >>> study = "https://clinicaltrials.gov/study/NCT02059759"
    >>> graph.nodes[study]["type"], graph.nodes[study]["phase"], graph.nodes[study]["enrollmentCount"]
    ('Study', 'PHASE2', 36)
    >>> graph.nodes[study]["standardAge"]
    'ADULT | OLDER_ADULT'
    >>> to_networkx("tests/data/NCT02059759.txt", lists=True).nodes[study]["standardAge"]
    ['ADULT', 'OLDER_ADULT']
    >>> [graph.nodes[term]["label"] for _, term, name in graph.out_edges(study, keys=True) if name == "conditionMesh"]
    ['Amyotrophic Lateral Sclerosis']
    """
    names = [os.fspath(source) for source in sources if isinstance(source, str | os.PathLike)]
    graphs = [_quads(source) for source in sources if not isinstance(source, str | os.PathLike)]
    if not names:
        return multigraph(Groups(graphs), lists=lists)
    with opened(names, report or Report(), progress) as files:
        return multigraph(Groups([*files, *graphs]), lists=lists)


def _quads(source: Any) -> Iterable[ox.Quad]:
    """The quads of a graph of rdflib, of a store, or quads as they are."""
    if hasattr(source, "serialize"):
        form = ox.RdfFormat.N_QUADS if source.context_aware else ox.RdfFormat.N_TRIPLES
        name = "nquads" if source.context_aware else "nt"
        return list(ox.parse(source.serialize(format=name), format=form))
    if isinstance(source, Iterable):
        return source if isinstance(source, ox.Store) else list(source)
    raise UsageError(f"A {type(source).__name__} is no graph; give names of files, graphs of rdflib or stores.")


def multigraph(groups: Groups, *, lists: bool = False) -> nx.MultiDiGraph:
    """A multigraph of groups of statements; see :func:`to_networkx`."""
    import networkx as nx

    nodes: list[Node] = []
    edges: list[Edge] = []
    for node, outward in stream(groups):
        nodes.append(node)
        edges += outward
    row = several if lists else Table.of(node.values for node in nodes).row
    graph = nx.MultiDiGraph()
    for node in sorted(nodes, key=lambda node: node.id):
        graph.add_node(node.id, type=node.type, label=node.label, **row(node.values))
    for edge in sorted(edges):
        graph.add_edge(edge.source, edge.target, key=edge.predicate, predicate=edge.predicate)
    return graph


def several(values: Mapping[str, list[Value]]) -> dict[str, Any]:
    """Values by attribute, the only one of an attribute alone, several as a list.

    >>> several({"phase": ["PHASE1", "PHASE2"], "acronym": ["A"]})
    {'phase': ['PHASE1', 'PHASE2'], 'acronym': 'A'}
    """
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}
