"""Statements of studies in memory, by graph, subject and predicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyoxigraph as ox

from kg.mapping.plan import ROOT
from kg.ontology.model import Term
from kg.ontology.vocabulary import RDF

Properties = dict[str, list[Term]]
Resources = Mapping[str, Properties]
"""Properties by the IRI of their subject."""

DUPLICATE_CHECK = 16
"""Values per property among which duplicates are detected."""


class StudyGraph(dict[str, Properties]):
    """Statements by subject and predicate. Literals keep their lexical forms, which stores normalize."""

    def add(self, subject: str, predicate: str, term: Term) -> None:
        """Add a statement unless it is among the first few of its kind, as shared resources are often repeated."""
        terms = self.setdefault(subject, {}).setdefault(predicate, [])
        if len(terms) >= DUPLICATE_CHECK or term not in terms:
            terms.append(term)

    def extend(self, quads: Iterable[ox.Quad]) -> StudyGraph:
        """Add the statements whose subject is an IRI, and return the graph."""
        for quad in quads:
            if isinstance(quad.subject, ox.NamedNode):
                self.add(quad.subject.value, quad.predicate.value, quad.object)
        return self


def by_graph(quads: Iterable[ox.Quad]) -> dict[str, StudyGraph]:
    """Return the statements of each graph by its name, which is empty for the default graph."""
    graphs: dict[str, StudyGraph] = {}
    for quad in quads:
        name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        graphs.setdefault(name, StudyGraph()).extend([quad])
    return graphs


def study_iris(graph: StudyGraph) -> Iterator[str]:
    """Yield the IRIs of the studies in a graph."""
    for iri, properties in graph.items():
        if any(term.value == ROOT for term in properties.get(RDF + "type", ()) if isinstance(term, ox.NamedNode)):
            yield iri


def texts(properties: Properties, predicate: str) -> list[str]:
    """Return the literals of a predicate, sorted."""
    return sorted(term.value for term in properties.get(predicate, ()) if isinstance(term, ox.Literal))
