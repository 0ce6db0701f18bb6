"""Graphs held against the shapes of the ontology before they are loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from kg.export.shared_resources import GRAPH, Usage, encode_graph
from kg.load.graphs import Named
from kg.load.into import Judge
from kg.rdf.syntax import Style
from kg.validation.findings import Graph
from kg.validation.rules import checked
from kg.validation.shacl import Checker


def by_shapes() -> Judge:
    """What says what is wrong with a graph, one sentence for each finding."""
    checker = Checker()

    def judge(each: Named) -> Iterator[str]:
        described, _ = next(encode_graph((Usage(one, 1) for one in each.shared), Style(), graphs=False), (b"", 0))
        shared = Graph(GRAPH).add(ox.parse(described, format=ox.RdfFormat.N_TRIPLES))
        graph = Graph(each.name, shared).add(ox.parse(each.quads(), format=ox.RdfFormat.N_QUADS))
        return (str(finding) for finding in checked(graph, checker))

    return judge
