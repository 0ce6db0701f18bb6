"""Graphs of networkx, from study records, RDF files, graphs of rdflib and stores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import UsageError
from kg.network.groups import Group, opened
from kg.network.model import Edge, Node, Value, stream
from kg.report import Report

if TYPE_CHECKING:
    import networkx as nx
    import rdflib

    Source = str | os.PathLike[str] | rdflib.Graph | ox.Store | Iterable[ox.Quad]


def to_networkx(*sources: Source, report: Report | None = None, progress: Any = None) -> nx.MultiDiGraph:
    """A directed multigraph of all that is said, the nodes and edges in the order of their names.

    ``sources`` are names of files (study records or RDF), of folders and of stores, graphs of rdflib, stores of
    pyoxigraph, or statements of it. Nodes are IRIs with ``type``, ``label`` and a value for each property, a list where
    there are several; edges have their predicate as ``predicate`` and as key. Several sources are one graph.

    >>> graph = to_networkx("tests/data/NCT02059759.txt")
    >>> study = "https://clinicaltrials.gov/study/NCT02059759"
    >>> graph.nodes[study]["type"], graph.nodes[study]["phase"], graph.nodes[study]["enrollmentCount"]
    ('Study', 'PHASE2', 36)
    >>> [graph.nodes[term]["label"] for _, term, name in graph.out_edges(study, keys=True) if name == "conditionMesh"]
    ['Amyotrophic Lateral Sclerosis']
    """
    names = [os.fspath(source) for source in sources if isinstance(source, str | os.PathLike)]
    graphs = [Group("", list(_quads(source))) for source in sources if not isinstance(source, str | os.PathLike)]
    if not names:
        return made(stream(graphs))
    with opened(names, report or Report(), progress) as groups:
        return made(stream([*groups, *graphs]))


def _quads(source: Any) -> Iterable[ox.Quad]:
    """The statements of a graph of rdflib, of a store, or statements as they are."""
    if hasattr(source, "serialize"):
        return ox.parse(source.serialize(format="nquads" if source.context_aware else "nt"), format=_form(source))
    if isinstance(source, Iterable):
        return source
    raise UsageError(f"A {type(source).__name__} is no graph; give names of files, graphs of rdflib or stores.")


def _form(source: Any) -> ox.RdfFormat:
    return ox.RdfFormat.N_QUADS if source.context_aware else ox.RdfFormat.N_TRIPLES


def made(found: Iterator[tuple[Node, list[Edge]]]) -> nx.MultiDiGraph:
    """A multigraph of nodes with their edges."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    nodes: list[Node] = []
    edges: list[Edge] = []
    for node, outward in found:
        nodes.append(node)
        edges += outward
    for node in sorted(nodes, key=lambda node: node.id):
        graph.add_node(node.id, type=node.type, label=node.label, **attributes(node.values))
    for edge in sorted(edges):
        graph.add_edge(edge.source, edge.target, key=edge.predicate, predicate=edge.predicate)
    return graph


def attributes(values: dict[str, list[Value]]) -> dict[str, Any]:
    """Values by property, the only one of a property alone; a property named as a part of a node keeps away from it.

    >>> attributes({"phase": ["PHASE1", "PHASE2"], "acronym": ["A"], "type": ["x"]})
    {'phase': ['PHASE1', 'PHASE2'], 'acronym': 'A', 'type_': 'x'}
    """
    plain = {name: found[0] if len(found) == 1 else found for name, found in values.items()}
    return {name + "_" if name in ("type", "label") else name: found for name, found in plain.items()}
