"""The vocabulary of the ontology: classes, labels and properties, apart from the shapes themselves."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache, lru_cache

import pyoxigraph as ox

from kg.ontology.files import folder
from kg.ontology.model import FILES, Ontology, Term, shipped
from kg.ontology.vocabulary import CT, OWL, RDFS, SH
from kg.validation.findings import lexical, short
from kg.validation.graph import TYPE, Properties, StatementGraph


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The classes, labels and properties in the files of the ontology."""

    ontology: Ontology
    superclasses: dict[str, frozenset[str]]
    """Each class with itself and all its superclasses."""
    labels: dict[str, str]
    unions: dict[str, frozenset[str]]
    """Each node shape that is a choice of datatypes, with these."""
    classes: frozenset[str]
    properties: frozenset[str]
    """The properties in the namespace of the ontology."""
    used: frozenset[str]
    """The terms of SHACL that the shapes use."""

    def subclasses(self, iri: str) -> frozenset[ox.NamedNode]:
        """Return a class and all its subclasses."""
        subclasses = (ox.NamedNode(name) for name, classes in self.superclasses.items() if iri in classes)
        return frozenset([ox.NamedNode(iri), *subclasses])


def superclasses(graph: StatementGraph, node: Term) -> frozenset[str]:
    """Return a class and its superclasses in a graph."""
    classes, stack = set[str](), [node]
    while stack:
        term = stack.pop()
        if isinstance(term, ox.NamedNode) and term.value not in classes:
            classes.add(term.value)
            stack += graph.of(term).get(RDFS + "subClassOf", ())
    return frozenset(classes)


def _union(graph: StatementGraph, properties: Properties) -> frozenset[str]:
    options = (graph.of(option) for head in properties[SH + "or"] for option in graph.items(head))
    return frozenset(lexical(value) or "" for option in options for value in option.get(SH + "datatype", ()))


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of the ontology in the package."""
    graph = StatementGraph()
    for name in FILES:
        graph.add(ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE))
    named = {node.value: properties for node, properties in graph.subjects.items() if isinstance(node, ox.NamedNode)}
    metaclasses = {ox.NamedNode(OWL + "Class"), ox.NamedNode(SH + "NodeShape"), ox.NamedNode(SH + "PropertyGroup")}
    classes = {iri for iri, node in named.items() if metaclasses & set(node.get(TYPE, ()))}
    paths = {shape.path for node in shipped().shapes.values() for shape in node.properties}
    keys = {key for node in graph.subjects.values() for key in node}
    return Vocabulary(
        ontology=shipped(),
        superclasses={iri: superclasses(graph, ox.NamedNode(iri)) for iri in classes},
        labels={iri: lexical(node[RDFS + "label"][0]) or "" for iri, node in named.items() if RDFS + "label" in node},
        unions={iri: _union(graph, node) for iri, node in named.items() if SH + "or" in node},
        classes=frozenset(classes),
        properties=frozenset(iri for iri in paths | set(named) if iri.startswith(CT) and iri not in classes),
        used=frozenset(key.removeprefix(SH) for key in keys if key.startswith(SH)),
    )


@lru_cache(maxsize=4096)
def nearest(term: Term | str, candidates: frozenset[ox.NamedNode] | frozenset[str]) -> str:
    """Return a suggestion for a misspelled term, or an empty string.

    >>> nearest(CT + "startDat", vocabulary().properties)
    ' (did you mean ct:startDate?)'
    """
    matches = difflib.get_close_matches(short(term), sorted(map(short, candidates)), 1, 0.75)
    return f" (did you mean {matches[0]}?)" if matches else ""
