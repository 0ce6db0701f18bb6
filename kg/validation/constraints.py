"""Constraints on the values of a property."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pyoxigraph as ox

from kg.mapping.datatypes import KINDS
from kg.ontology.lexical import is_well_formed
from kg.ontology.model import NodeShape, PropertyShape, Term
from kg.ontology.vocabulary import RDF, SKOS, XSD
from kg.validation.findings import Finding, short
from kg.validation.graph import TYPE, StatementGraph
from kg.validation.vocabulary import Vocabulary, nearest

IN_SCHEME = SKOS + "inScheme"


class NodeChecker(Protocol):
    """Checks the nodes that values refer to."""

    vocabulary: Vocabulary

    def node_findings(self, graph: StatementGraph, node: Term, shape: NodeShape) -> list[Finding]:
        """Return the violations of a node shape by a node."""
        ...


class Constraint:
    """A condition on a value, with the wording of its messages."""

    component: ClassVar[str]

    def holds(self, graph: StatementGraph, value: Term) -> bool:
        """Return whether a value meets the condition."""
        raise NotImplementedError

    def found(self, graph: StatementGraph, value: Term) -> str:  # noqa: ARG002 -- used by subclasses
        """Describe the value."""
        return short(value)

    def expected(self, graph: StatementGraph, value: Term | None) -> str:
        """Describe the expected values."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Datatype(Constraint):
    component = "Datatype"
    accepted: frozenset[str]
    description: str

    def holds(self, graph: StatementGraph, value: Term) -> bool:  # noqa: ARG002
        if not isinstance(value, ox.Literal):
            return False
        datatype = value.datatype.value
        return datatype in self.accepted and is_well_formed(value.value, datatype)

    def expected(self, graph: StatementGraph, value: Term | None) -> str:  # noqa: ARG002
        return self.description


@dataclass(frozen=True, slots=True)
class _Language(Constraint):
    component = "LanguageIn"
    language: str

    def holds(self, graph: StatementGraph, value: Term) -> bool:  # noqa: ARG002
        language = (isinstance(value, ox.Literal) and value.language) or ""
        return language.lower() == self.language or language.lower().startswith(self.language + "-")

    def expected(self, graph: StatementGraph, value: Term | None) -> str:  # noqa: ARG002
        return f"text with the language tag @{self.language}"


@dataclass(frozen=True, slots=True)
class _IsIRI(Constraint):
    component = "NodeKind"

    def holds(self, graph: StatementGraph, value: Term) -> bool:  # noqa: ARG002
        return isinstance(value, ox.NamedNode)

    def expected(self, graph: StatementGraph, value: Term | None) -> str:  # noqa: ARG002
        return "an IRI"


@dataclass(frozen=True, slots=True)
class _Pattern(Constraint):
    component = "Pattern"
    pattern: re.Pattern[str]

    def holds(self, graph: StatementGraph, value: Term) -> bool:  # noqa: ARG002
        return isinstance(value, ox.NamedNode | ox.Literal) and self.pattern.search(value.value) is not None

    def expected(self, graph: StatementGraph, value: Term | None) -> str:  # noqa: ARG002
        return f"a value like {self.pattern.pattern}"


@dataclass(frozen=True, slots=True)
class _InstanceOf(Constraint):
    component = "Class"
    iri: str
    label: str
    accepted: frozenset[ox.NamedNode]

    def holds(self, graph: StatementGraph, value: Term) -> bool:
        return any(type_ in self.accepted for type_ in graph.of(value).get(TYPE, ()))

    def found(self, graph: StatementGraph, value: Term) -> str:
        if isinstance(value, ox.Literal):
            return short(value)
        types = " and ".join(map(short, dict.fromkeys(graph.of(value).get(TYPE, ()))))
        return f"{short(value)}, which is {types or 'without a class in this graph'}"

    def expected(self, graph: StatementGraph, value: Term | None) -> str:  # noqa: ARG002
        return f"{with_article(self.label)} ({short(self.iri)})"


@dataclass(frozen=True, slots=True)
class _Code(Constraint):
    component = "Node"
    scheme: str
    codes: frozenset[ox.NamedNode]

    def holds(self, graph: StatementGraph, value: Term) -> bool:
        return value in self.codes or ox.NamedNode(self.scheme) in graph.of(value).get(IN_SCHEME, ())

    def expected(self, graph: StatementGraph, value: Term | None) -> str:  # noqa: ARG002
        return f"a code of {short(self.scheme)}{'' if value is None else nearest(value, self.codes)}"


@dataclass(frozen=True, slots=True)
class _ConformsTo(Constraint):
    component = "Node"
    shape: NodeShape
    checker: NodeChecker

    def holds(self, graph: StatementGraph, value: Term) -> bool:
        return not self.checker.node_findings(graph, value, self.shape)

    def found(self, graph: StatementGraph, value: Term) -> str:
        inner = self.checker.node_findings(graph, value, self.shape)[0]
        return f"{short(value)} with {inner.found} as its {inner.name} ({short(inner.path or '')})"

    def expected(self, graph: StatementGraph, value: Term | None) -> str:
        inner = [] if value is None else self.checker.node_findings(graph, value, self.shape)
        return with_article(self.shape.label) + (f" with {inner[0].expected} there" if inner else "")


def with_article(label: str) -> str:
    """Prefix a noun with its indefinite article."""
    return f"{'an' if label[:1].lower() in tuple('aeiou') else 'a'} {label}"


def _describe(iri: str, language: str | None = None) -> str:
    if iri == RDF + "langString":
        return f"text with {f'the language tag @{language}' if language else 'a language tag'}"
    if iri == XSD + "string":
        return "text (without a datatype or a language tag)"
    return f"{KINDS[iri].expected} as {short(iri)}" if iri in KINDS else f"a literal of {short(iri)}"


def constraints(shape: PropertyShape, checker: NodeChecker) -> Iterator[Constraint]:
    """Yield the constraints of a property shape in the order in which they are checked."""
    vocabulary = checker.vocabulary
    ontology = vocabulary.ontology
    if shape.datatype:
        yield _Datatype(frozenset({shape.datatype}), _describe(shape.datatype, shape.language))
    if shape.language:
        yield _Language(shape.language)
    if shape.is_iri:
        yield _IsIRI()
    if shape.pattern:
        yield _Pattern(re.compile(shape.pattern))
    if shape.of_class:
        label = vocabulary.labels.get(shape.of_class, "node")
        yield _InstanceOf(shape.of_class, label, vocabulary.subclasses(shape.of_class))
    if shape.node in ontology.schemes:
        codes = ontology.schemes[shape.node].values()
        yield _Code(shape.node, frozenset(ox.NamedNode(concept.iri) for concept in codes))
    elif shape.node in vocabulary.unions:
        yield _Datatype(vocabulary.unions[shape.node], _describe(shape.node))
    elif shape.node:
        yield _ConformsTo(ontology.shapes[shape.node], checker)
