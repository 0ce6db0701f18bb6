"""Statements of studies in memory, by graph, subject and predicate."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from kg.ontology.model import Term

Properties = dict[str, list[Term]]

DUPLICATE_CHECK = 16
"""Values per property among which duplicates are detected."""


class StudyGraph(dict[str, Properties]):
    """Statements by subject and predicate. Literals keep their lexical forms, which stores normalize."""

    def add(self, subject: str, predicate: str, term: Term) -> None:
        """Add a statement unless it is among the first few of its kind, as shared resources are often repeated."""
        terms = self.setdefault(subject, {}).setdefault(predicate, [])
        if len(terms) >= DUPLICATE_CHECK or term not in terms:
            terms.append(term)


def by_graph(quads: Iterable[ox.Quad]) -> dict[str, StudyGraph]:
    """Return the statements of each graph by its name, which is empty for the default graph."""
    graphs: dict[str, StudyGraph] = {}
    for quad in quads:
        name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        if isinstance(quad.subject, ox.NamedNode):
            graphs.setdefault(name, StudyGraph()).add(quad.subject.value, quad.predicate.value, quad.object)
    return graphs
