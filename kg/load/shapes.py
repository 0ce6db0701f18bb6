"""Validation of graphs against the SHACL shapes before they are loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from kg.export.shared_resources import Usage, encode_graph
from kg.load.graphs import NamedGraph
from kg.load.run import Validator
from kg.ontology.vocabulary import SHARED_GRAPH
from kg.rdf.syntax import Style
from kg.validation.graph import StatementGraph
from kg.validation.rules import check
from kg.validation.shacl import Checker


def shape_validator() -> Validator:
    """Return a function that yields one sentence per violation in a graph."""
    checker = Checker()

    def validate(graph: NamedGraph) -> Iterator[str]:
        usages = (Usage(description, 1) for description in graph.shared)
        shared_lines, _ = next(encode_graph(usages, Style(), graphs=False), (b"", 0))
        shared = StatementGraph(SHARED_GRAPH).add(ox.parse(shared_lines, format=ox.RdfFormat.N_TRIPLES))
        statements = StatementGraph(graph.name, shared).add(ox.parse(graph.quads(), format=ox.RdfFormat.N_QUADS))
        return (str(finding) for finding in check(statements, checker))

    return validate
