"""SHACL validation of one graph at a time.

The shapes use a small part of SHACL (https://www.w3.org/TR/shacl/), listed in :data:`SUPPORTED`. Each node is therefore
checked once, against the constraints of its classes, without running queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from kg.ontology.model import NodeShape, PropertyShape, Term
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import RDFS, SH
from kg.validation.constraints import Constraint, constraints
from kg.validation.findings import Finding, lexical, short
from kg.validation.graph import TYPE, StatementGraph
from kg.validation.vocabulary import Vocabulary, superclasses, vocabulary

SUPPORTED = frozenset(
    {"class", "datatype", "description", "group", "hasValue", "languageIn", "maxCount", "minCount"}
    | {"name", "node", "nodeKind", "or", "path", "pattern", "property"}
)
"""The supported terms of SHACL; ``sh:or`` only as a choice of datatypes."""


@dataclass(frozen=True, slots=True)
class _CompiledShape:
    """A compiled property shape."""

    shape: PropertyShape
    constraints: tuple[Constraint, ...]
    value: ox.NamedNode | None

    def findings(self, graph: StatementGraph, node: Term, values: list[Term]) -> Iterator[Finding]:
        shape = self.shape
        values = list(dict.fromkeys(values)) if len(values) > 1 else values
        if shape.single and len(values) > 1:
            listing = " and ".join(short(value) for value in values[:3]) + (" ..." if len(values) > 3 else "")
            yield self._finding("MaxCount", graph, node, None, f"{len(values)} values, {listing}", "at most one")
        if shape.required and not values:
            expected = self.constraints[0].expected(graph, None) if self.constraints else "a value"
            yield self._finding("MinCount", graph, node, None, "nothing", expected)
        if self.value is not None and self.value not in values:
            found = " and ".join(map(short, values)) or "nothing"
            yield self._finding("HasValue", graph, node, None, found, short(self.value))
        for value in values:
            for constraint in self.constraints:
                if not constraint.holds(graph, value):
                    found, expected = constraint.found(graph, value), constraint.expected(graph, value)
                    yield self._finding(constraint.component, graph, node, value, found, expected)
                    break

    def _finding(
        self, component: str, graph: StatementGraph, node: Term, value: Term | None, found: str, expected: str
    ) -> Finding:
        return Finding(
            rule=f"{SH}{component}ConstraintComponent",
            focus=node,
            path=self.shape.path,
            name=self.shape.name,
            value=value,
            found=found,
            expected=expected,
            study=study_of(node) or study_of(graph.name or ""),
        )


@dataclass(slots=True)
class Checker:
    """Validates graphs against the shapes of a vocabulary."""

    vocabulary: Vocabulary = field(default_factory=vocabulary)
    _shapes: dict[str, tuple[_CompiledShape, ...]] = field(default_factory=dict)
    _by_types: dict[tuple[Term, ...], tuple[_CompiledShape, ...]] = field(default_factory=dict)

    def findings(self, graph: StatementGraph) -> Iterator[Finding]:
        """Yield the violations in a graph in the order of its nodes, one per invalid value."""
        self._add_superclasses(graph)
        for node, properties in graph.subjects.items():
            types = properties.get(TYPE)
            if types:
                for compiled in self._of(tuple(types)):
                    values = properties.get(compiled.shape.path)
                    if values or compiled.shape.required or compiled.value is not None:
                        yield from compiled.findings(graph, node, values or [])

    def _add_superclasses(self, graph: StatementGraph) -> None:
        """Add the superclasses that the graph itself declares to the types of its nodes."""
        declared = [node for node, properties in graph.subjects.items() if RDFS + "subClassOf" in properties]
        others = [node for node in declared if lexical(node) not in self.vocabulary.superclasses]
        classes: dict[Term, frozenset[str]] = {node: superclasses(graph, node) for node in others}
        if classes:
            for properties in graph.subjects.values():
                types = properties.get(TYPE, [])
                types += [ox.NamedNode(iri) for node in types for iri in classes.get(node, ()) if iri != lexical(node)]

    def node_findings(self, graph: StatementGraph, node: Term, shape: NodeShape) -> list[Finding]:
        """Return the violations of a node shape by a node."""
        key = (node, shape.iri)
        if key not in graph.node_findings:
            graph.node_findings[key] = []  # a cyclic reference counts as conforming
            properties = graph.of(node)
            graph.node_findings[key] = [
                finding
                for compiled in self._compile(shape)
                for finding in compiled.findings(graph, node, properties.get(compiled.shape.path, []))
            ]
        return graph.node_findings[key]

    def _of(self, types: tuple[Term, ...]) -> tuple[_CompiledShape, ...]:
        """Return the property shapes of all classes of a node and of their superclasses."""
        if types not in self._by_types:
            superclasses = self.vocabulary.superclasses
            classes = {iri for type_ in types for iri in superclasses.get(lexical(type_) or "", ())}
            shapes = [
                shape for shape in self.vocabulary.ontology.shapes.values() if shape.is_class and shape.iri in classes
            ]
            self._by_types[types] = tuple(compiled for shape in shapes for compiled in self._compile(shape))
        return self._by_types[types]

    def _compile(self, shape: NodeShape) -> tuple[_CompiledShape, ...]:
        if shape.iri not in self._shapes:
            self._shapes[shape.iri] = tuple(
                _CompiledShape(item, tuple(constraints(item, self)), ox.NamedNode(item.value) if item.value else None)
                for item in shape.properties
            )
        return self._shapes[shape.iri]
