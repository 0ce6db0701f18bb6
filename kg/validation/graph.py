"""Statements of one graph, indexed by subject and predicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.ontology.model import Term
from kg.ontology.vocabulary import RDF

if TYPE_CHECKING:
    from kg.validation.findings import Finding

TYPE = RDF + "type"

Subject = ox.NamedNode | ox.BlankNode | ox.Triple
Properties = dict[str, list[Term]]


class StatementGraph:
    """The statements of a graph, in the order of the file.

    ``shared`` is the graph of the shared resources to which it refers. A piece is the part of a graph about one study,
    or about everything else.
    """

    def __init__(
        self, name: str | None = None, shared: StatementGraph | None = None, *, is_piece: bool = False
    ) -> None:
        self.name = name
        self.is_piece = is_piece
        self._shared = shared
        self.subjects: dict[Subject, Properties] = {}
        self.size = 0
        self.node_findings: dict[tuple[Term, str], list[Finding]] = {}
        """Cache of the violations of a node as a value of ``sh:node``."""

    def add(self, statements: Iterable[ox.Quad]) -> StatementGraph:
        """Add statements and return the graph."""
        names: dict[str, str] = {}
        last: Subject | None = None
        properties: Properties = {}
        for subject, predicate, value, _ in statements:
            if subject != last:
                last, properties = subject, self.subjects.setdefault(subject, {})
            iri = predicate.value
            properties.setdefault(names.setdefault(iri, iri), []).append(value)
            self.size += 1
        return self

    def of(self, node: Term) -> Properties:
        """Return the statements about a node in this graph or, if there are none, in the shared graph."""
        if isinstance(node, ox.Literal):
            return {}
        properties = self.subjects.get(node)
        return properties if properties is not None else self._shared.of(node) if self._shared is not None else {}

    def shared_nodes(self) -> Iterator[tuple[Subject, Properties]]:
        """Yield the nodes of the shared graph to which this graph refers, with their statements."""
        objects = {value for node in self.subjects.values() for values in node.values() for value in values}
        for value in objects if self._shared is not None else ():
            if not isinstance(value, ox.Literal) and value not in self.subjects and (properties := self.of(value)):
                yield value, properties

    def count(self, classes: frozenset[ox.NamedNode]) -> int:
        """Return the number of nodes that are instances of one of the classes."""
        return sum(1 for node in self.subjects.values() if not classes.isdisjoint(node.get(TYPE, ())))

    def items(self, head: Term) -> Iterator[Term]:
        """Yield the items of an RDF list."""
        while first := self.of(head).get(RDF + "first"):
            yield first[0]
            head = self.of(head)[RDF + "rest"][0]
