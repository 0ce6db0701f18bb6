"""networkx graphs from study records, RDF files, rdflib graphs and stores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import UsageError
from kg.export.report import Report
from kg.network.formats import ALL, CORE
from kg.network.groups import StatementGroups, open_sources
from kg.network.model import Edge, Node, Value, iter_nodes
from kg.network.schema import Table
from kg.store.dataset import is_graph, serialized_graph

if TYPE_CHECKING:
    import networkx as nx
    import rdflib

    from kg._types import Input

    Source = Input | rdflib.Graph | ox.Store | Iterable[ox.Quad]


def to_networkx(
    *sources: Source, lists: bool = False, view: str = ALL, report: Report | None = None, progress: Any = None
) -> nx.MultiDiGraph:
    """Return a directed multigraph of all statements, with nodes and edges sorted by name.

    ``sources`` are names of files (study records or RDF), folders or stores, studies as dictionaries, open files,
    rdflib graphs, pyoxigraph stores or iterables of pyoxigraph quads.

    The view ``core`` leaves out details of studies: arms, outcomes, results, contacts and so on
    (:data:`kg.network.model.CORE`). All sources and all their named graphs form one graph. Nodes are IRIs
    with ``type``, ``label`` and an attribute per property; edges have the name of their predicate as ``predicate`` and
    as key.

    An attribute has one type in the whole graph, as the writers of networkx require: multiple values are joined by
    ``" | "``, and an attribute with both numbers and text is text, with its number in a second attribute (``pValue``,
    ``pValueNumber``). With ``lists``, values are not converted, and multiple values are a list.

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
    if view not in (CORE, ALL):
        raise UsageError(f"The views of a graph are {CORE} and {ALL}, not {view}; kg.projection has the others.")
    inputs: list[Any] = []
    graphs: list[Iterable[ox.Quad]] = []
    for source in sources:
        quads, source = _quads(source)
        if quads is None:
            inputs.append(source)
        else:
            graphs.append(quads)
    if not inputs:
        return multigraph(StatementGroups(graphs), lists=lists, core=view == CORE)
    with open_sources(inputs, report or Report(), progress) as opened:
        return multigraph(StatementGroups([*opened, *graphs]), lists=lists, core=view == CORE)


def _quads(source: Any) -> tuple[Iterable[ox.Quad] | None, Any]:
    """Return the quads of a graph or of an iterable of quads, or else ``None`` and the source to read instead."""
    if isinstance(source, ox.Store):
        return source, None
    if is_graph(source):
        content, format_ = serialized_graph(source)
        return list(ox.parse(content, format=format_)), None
    if isinstance(source, list | tuple | set):
        return (source, None) if isinstance(next(iter(source), None), ox.Quad) else (None, source)
    if isinstance(source, Iterator) and not hasattr(source, "read"):
        first = [*islice(source, 1)]
        rest = chain(first, source)
        return (list(rest), None) if isinstance([*first, None][0], ox.Quad) else (None, rest)
    return None, source


def multigraph(
    groups: StatementGroups, *, lists: bool = False, core: bool = False, names: Collection[str] = ()
) -> nx.MultiDiGraph:
    """Return the multigraph of groups of statements; see :func:`to_networkx`.

    ``names`` limits it to these attributes and to edges of these predicates.
    """
    import networkx as nx

    nodes: list[Node] = []
    edges: list[Edge] = []
    for node, outward in iter_nodes(groups, core=core):
        if names:
            node.values = {name: values for name, values in node.values.items() if name in names}
            outward = [edge for edge in outward if edge.predicate in names]
        nodes.append(node)
        edges += outward
    row = as_lists if lists else Table.of(node.values for node in nodes).row
    graph = nx.MultiDiGraph()
    for node in sorted(nodes, key=lambda node: node.id):
        graph.add_node(node.id, type=node.type, label=node.label, **row(node.values))
    for edge in sorted(edges):
        graph.add_edge(edge.source, edge.target, key=edge.predicate, predicate=edge.predicate)
    return graph


def as_lists(attributes: Mapping[str, list[Value]]) -> dict[str, Any]:
    """Unwrap the lists that have a single value.

    >>> as_lists({"phase": ["PHASE1", "PHASE2"], "acronym": ["A"]})
    {'phase': ['PHASE1', 'PHASE2'], 'acronym': 'A'}
    """
    return {name: values[0] if len(values) == 1 else values for name, values in attributes.items()}
