"""SHACL over one graph at a time: what the shapes of the ontology forbid, found directly.

The shapes use a small part of SHACL (https://www.w3.org/TR/shacl/), :data:`READ` lists it; so each node is looked
at once, with the constraints of its classes, and no query is made.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import ClassVar

import pyoxigraph as ox

from kg.mapping.datatypes import KINDS
from kg.ontology.files import folder
from kg.ontology.lexical import is_well_formed
from kg.ontology.model import FILES, NodeShape, Ontology, PropertyShape, Term, shipped
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import CT, OWL, RDF, RDFS, SH, SKOS, XSD
from kg.validation.findings import Finding, Graph, Properties, plain, short

TYPE = RDF + "type"
IN_SCHEME = SKOS + "inScheme"
READ = frozenset(
    {"class", "datatype", "description", "group", "hasValue", "languageIn", "maxCount", "minCount"}
    | {"name", "node", "nodeKind", "or", "path", "pattern", "property"}
)
"""The terms of SHACL that are read here; ``sh:or`` only as a choice of datatypes."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the files of the ontology say beside the shapes."""

    ontology: Ontology
    above: dict[str, frozenset[str]]
    """Class -> itself and all classes above it."""
    labels: dict[str, str]
    unions: dict[str, frozenset[str]]
    """Node shape -> the datatypes of which a value has one."""
    classes: frozenset[str]
    properties: frozenset[str]
    """The properties in the namespace of the ontology."""
    used: frozenset[str]
    """The terms of SHACL that the shapes use."""

    def below(self, iri: str) -> frozenset[ox.NamedNode]:
        """A class and all classes under it."""
        return frozenset(ox.NamedNode(each) for each, above in self.above.items() if iri in above) | {ox.NamedNode(iri)}


def _above(graph: Graph, node: Term) -> frozenset[str]:
    """A class and the classes above it, so far as the graph says."""
    found, wanted = set[str](), [node]
    while wanted:
        each = wanted.pop()
        if isinstance(each, ox.NamedNode) and each.value not in found:
            found.add(each.value)
            wanted += graph.of(each).get(RDFS + "subClassOf", ())
    return frozenset(found)


def _union(graph: Graph, properties: Properties) -> frozenset[str]:
    options = (graph.of(option) for head in properties[SH + "or"] for option in graph.items(head))
    return frozenset(plain(value) or "" for each in options for value in each.get(SH + "datatype", ()))


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that travels with the package."""
    graph = Graph()
    for name in FILES:
        graph.add(ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE))
    named = {node.value: each for node, each in graph.subjects.items() if isinstance(node, ox.NamedNode)}
    kinds = {ox.NamedNode(OWL + "Class"), ox.NamedNode(SH + "NodeShape"), ox.NamedNode(SH + "PropertyGroup")}
    classes = {iri for iri, each in named.items() if kinds & set(each.get(TYPE, ()))}
    paths = {shape.path for node in shipped().shapes.values() for shape in node.properties}
    return Vocabulary(
        ontology=shipped(),
        above={iri: _above(graph, ox.NamedNode(iri)) for iri in classes},
        labels={iri: plain(each[RDFS + "label"][0]) or "" for iri, each in named.items() if RDFS + "label" in each},
        unions={iri: _union(graph, each) for iri, each in named.items() if SH + "or" in each},
        classes=frozenset(classes),
        properties=frozenset(iri for iri in paths | set(named) if iri.startswith(CT) and iri not in classes),
        used=frozenset(key.removeprefix(SH) for each in graph.subjects.values() for key in each if key.startswith(SH)),
    )


class Constraint:
    """What a value has to be; it words what was found and what is expected."""

    component: ClassVar[str]

    def holds(self, graph: Graph, value: Term) -> bool:
        raise NotImplementedError

    def found(self, graph: Graph, value: Term) -> str:  # noqa: ARG002 -- others look it up in the graph
        return short(value)

    def expected(self, graph: Graph, value: Term | None) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Datatype(Constraint):
    component = "Datatype"
    accepted: frozenset[str]
    words: str

    def holds(self, graph: Graph, value: Term) -> bool:  # noqa: ARG002
        if not isinstance(value, ox.Literal):
            return False
        datatype = value.datatype.value
        return datatype in self.accepted and is_well_formed(value.value, datatype)

    def expected(self, graph: Graph, value: Term | None) -> str:  # noqa: ARG002
        return self.words


@dataclass(frozen=True, slots=True)
class _Language(Constraint):
    component = "LanguageIn"
    language: str

    def holds(self, graph: Graph, value: Term) -> bool:  # noqa: ARG002
        given = (isinstance(value, ox.Literal) and value.language) or ""
        return given.lower() == self.language or given.lower().startswith(self.language + "-")

    def expected(self, graph: Graph, value: Term | None) -> str:  # noqa: ARG002
        return f"text with the language tag @{self.language}"


@dataclass(frozen=True, slots=True)
class _IsIRI(Constraint):
    component = "NodeKind"

    def holds(self, graph: Graph, value: Term) -> bool:  # noqa: ARG002
        return isinstance(value, ox.NamedNode)

    def expected(self, graph: Graph, value: Term | None) -> str:  # noqa: ARG002
        return "an IRI"


@dataclass(frozen=True, slots=True)
class _Pattern(Constraint):
    component = "Pattern"
    pattern: re.Pattern[str]

    def holds(self, graph: Graph, value: Term) -> bool:  # noqa: ARG002
        return isinstance(value, ox.NamedNode | ox.Literal) and self.pattern.search(value.value) is not None

    def expected(self, graph: Graph, value: Term | None) -> str:  # noqa: ARG002
        return f"a value like {self.pattern.pattern}"


@dataclass(frozen=True, slots=True)
class _OfClass(Constraint):
    component = "Class"
    iri: str
    label: str
    accepted: frozenset[ox.NamedNode]

    def holds(self, graph: Graph, value: Term) -> bool:
        return any(each in self.accepted for each in graph.of(value).get(TYPE, ()))

    def found(self, graph: Graph, value: Term) -> str:
        if isinstance(value, ox.Literal):
            return short(value)
        types = " and ".join(short(each) for each in dict.fromkeys(graph.of(value).get(TYPE, ())))
        return f"{short(value)}, which is {types or 'of no class in this graph'}"

    def expected(self, graph: Graph, value: Term | None) -> str:  # noqa: ARG002
        return f"{_a(self.label)} ({short(self.iri)})"


@dataclass(frozen=True, slots=True)
class _Code(Constraint):
    component = "Node"
    scheme: str
    codes: frozenset[ox.NamedNode]

    def holds(self, graph: Graph, value: Term) -> bool:
        return value in self.codes or ox.NamedNode(self.scheme) in graph.of(value).get(IN_SCHEME, ())

    def expected(self, graph: Graph, value: Term | None) -> str:  # noqa: ARG002
        return f"a code of {short(self.scheme)}{'' if value is None else nearest(value, self.codes)}"


@dataclass(frozen=True, slots=True)
class _Shaped(Constraint):
    component = "Node"
    shape: NodeShape
    checker: Checker

    def holds(self, graph: Graph, value: Term) -> bool:
        return not self.checker.faults(graph, value, self.shape)

    def found(self, graph: Graph, value: Term) -> str:
        inner = self.checker.faults(graph, value, self.shape)[0]
        return f"{short(value)} with {inner.found} as its {inner.name} ({short(inner.path or '')})"

    def expected(self, graph: Graph, value: Term | None) -> str:
        inner = [] if value is None else self.checker.faults(graph, value, self.shape)
        return _a(self.shape.label) + (f" with {inner[0].expected} there" if inner else "")


@lru_cache(maxsize=4096)
def nearest(word: Term | str, known: frozenset[ox.NamedNode] | frozenset[str]) -> str:
    """The question whether another term was meant, where one is near.

    >>> nearest(CT + "startDat", vocabulary().properties)
    ' (did you mean ct:startDate?)'
    """
    near = difflib.get_close_matches(short(word), sorted(map(short, known)), 1, 0.75)
    return f" (did you mean {near[0]}?)" if near else ""


def _a(label: str) -> str:
    return f"{'an' if label[:1].lower() in tuple('aeiou') else 'a'} {label}"


@dataclass(frozen=True, slots=True)
class _Property:
    """A property shape, ready to be held against the values of a node."""

    shape: PropertyShape
    constraints: tuple[Constraint, ...]
    value: ox.NamedNode | None

    def findings(self, graph: Graph, node: Term, given: list[Term]) -> Iterator[Finding]:
        shape = self.shape
        values = list(dict.fromkeys(given)) if len(given) > 1 else given
        if shape.single and len(values) > 1:
            several = " and ".join(short(value) for value in values[:3]) + (" ..." if len(values) > 3 else "")
            yield self._finding("MaxCount", graph, node, None, f"{len(values)} values, {several}", "at most one")
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
        self, component: str, graph: Graph, node: Term, value: Term | None, found: str, expected: str
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
    """Holds graphs against the shapes of a vocabulary."""

    words: Vocabulary = field(default_factory=vocabulary)
    _shapes: dict[str, tuple[_Property, ...]] = field(default_factory=dict)
    _kinds: dict[tuple[Term, ...], tuple[_Property, ...]] = field(default_factory=dict)

    def findings(self, graph: Graph) -> Iterator[Finding]:
        """Every violation of a graph, in the order of its nodes; one for each value that is wrong."""
        self._lift(graph)
        for node, properties in graph.subjects.items():
            types = properties.get(TYPE)
            if types:
                for each in self._of(tuple(types)):
                    values = properties.get(each.shape.path)
                    if values or each.shape.required or each.value is not None:
                        yield from each.findings(graph, node, values or [])

    def _lift(self, graph: Graph) -> None:
        """Gives nodes of classes that the graph itself puts under ours those classes too."""
        own = [node for node, each in graph.subjects.items() if RDFS + "subClassOf" in each]
        others = [node for node in own if plain(node) not in self.words.above]
        above: dict[Term, frozenset[str]] = {node: _above(graph, node) for node in others}
        if above:
            for properties in graph.subjects.values():
                types = properties.get(TYPE, [])
                types += [ox.NamedNode(iri) for each in types for iri in above.get(each, ()) if iri != plain(each)]

    def faults(self, graph: Graph, node: Term, shape: NodeShape) -> list[Finding]:
        """What keeps a node from conforming to a node shape."""
        key = (node, shape.iri)
        if key not in graph.judged:
            graph.judged[key] = []  # a node that leads back to itself is not judged by itself
            here = graph.of(node)
            graph.judged[key] = [
                fault
                for each in self._shape(shape)
                for fault in each.findings(graph, node, here.get(each.shape.path, []))
            ]
        return graph.judged[key]

    def _of(self, types: tuple[Term, ...]) -> tuple[_Property, ...]:
        """The property shapes of all classes of a node and of the classes above them."""
        if types not in self._kinds:
            classes = {above for each in types for above in self.words.above.get(plain(each) or "", ())}
            shapes = [each for each in self.words.ontology.shapes.values() if each.is_class and each.iri in classes]
            self._kinds[types] = tuple(known for shape in shapes for known in self._shape(shape))
        return self._kinds[types]

    def _shape(self, shape: NodeShape) -> tuple[_Property, ...]:
        if shape.iri not in self._shapes:
            self._shapes[shape.iri] = tuple(
                _Property(each, tuple(self._constraints(each)), ox.NamedNode(each.value) if each.value else None)
                for each in shape.properties
            )
        return self._shapes[shape.iri]

    def _constraints(self, shape: PropertyShape) -> Iterator[Constraint]:
        ontology = self.words.ontology
        if shape.datatype:
            yield _Datatype(frozenset({shape.datatype}), _kind(shape.datatype, shape.language))
        if shape.language:
            yield _Language(shape.language)
        if shape.is_iri:
            yield _IsIRI()
        if shape.pattern:
            yield _Pattern(re.compile(shape.pattern))
        if shape.of_class:
            label = self.words.labels.get(shape.of_class, "node")
            yield _OfClass(shape.of_class, label, self.words.below(shape.of_class))
        if shape.node in ontology.schemes:
            codes = ontology.schemes[shape.node].values()
            yield _Code(shape.node, frozenset(ox.NamedNode(concept.iri) for concept in codes))
        elif shape.node in self.words.unions:
            yield _Datatype(self.words.unions[shape.node], _kind(shape.node))
        elif shape.node:
            yield _Shaped(ontology.shapes[shape.node], self)


def _kind(iri: str, language: str | None = None) -> str:
    if iri == RDF + "langString":
        return f"text with {f'the language tag @{language}' if language else 'a language tag'}"
    if iri == XSD + "string":
        return "text (without a datatype or a language tag)"
    return f"{KINDS[iri].expected} as {short(iri)}" if iri in KINDS else f"a literal of {short(iri)}"
