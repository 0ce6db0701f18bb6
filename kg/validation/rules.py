"""What a study's graph has to be beyond its shapes: whole, of one study, and in words that the ontology has.

A rule has an IRI, as the constraint components of SHACL have one, and a function that finds what breaks it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pyoxigraph as ox

from kg.ontology.model import Term
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import BASE, CT, RDF
from kg.validation.findings import Finding, Graph, Properties, Subject, short
from kg.validation.shacl import Checker, Vocabulary, nearest

TYPE = RDF + "type"
STUDY = CT + "Study"
FOREIGN = BASE + "rule/partOfAnotherStudy"
STRAY = BASE + "rule/partWithoutStudy"
UNTYPED = BASE + "rule/nodeWithoutClass"
UNKNOWN = BASE + "rule/unknownTerm"
RULES = (FOREIGN, STRAY, UNTYPED, UNKNOWN)

_PART = re.compile(r"/part/NCT[0-9]{8}-")


def _is_part(node: Term) -> bool:
    return isinstance(node, ox.NamedNode) and _PART.search(node.value) is not None


def _parts(graph: Graph) -> Iterator[tuple[Subject, Properties]]:
    """The parts that a graph describes in the terms of the ontology, not those of which it says something else."""
    for node, properties in graph.subjects.items():
        if _is_part(node) and _is_described(properties):
            yield node, properties


def _is_described(properties: Properties) -> bool:
    if any(path.startswith(CT) for path in properties):
        return True
    return any(isinstance(each, ox.NamedNode) and each.value.startswith(CT) for each in properties.get(TYPE, ()))


def _study_iri(words: Vocabulary) -> str:
    """What stands before the NCT number in the IRI of a study."""
    return (words.ontology.shapes[STUDY].template or "").partition("{")[0]


def foreign(graph: Graph, _: Vocabulary) -> Iterator[Finding]:
    """A node of one study that refers to a part of another."""
    for node, properties in graph.subjects.items():
        study = study_of(node)
        if study is None:
            continue
        for path, values in properties.items():
            for value in dict.fromkeys(values):
                if _is_part(value) and study_of(value) != study:
                    yield Finding(
                        rule=FOREIGN,
                        focus=node,
                        path=path,
                        value=value,
                        found=f"{short(value)}, which is a part of another study",
                        expected=f"a part of {study}",
                        study=study,
                    )


def unknown(graph: Graph, words: Vocabulary) -> Iterator[Finding]:
    """A property or a class in the namespace of the ontology that the ontology does not have."""
    for node, properties in graph.subjects.items():
        for path in properties:
            if path.startswith(CT) and path not in words.properties:
                found = f"a property that is unknown{nearest(path, words.properties)}"
                yield _unknown(graph, node, path, None, found, "one of the ontology")
        for value in properties.get(TYPE, ()):
            if isinstance(value, ox.NamedNode) and value.value.startswith(CT) and value.value not in words.classes:
                found = f"{short(value)}, a class that is unknown{nearest(value, words.classes)}"
                yield _unknown(graph, node, TYPE, value, found, "one of the ontology")


def _unknown(graph: Graph, node: Term, path: str, value: Term | None, found: str, expected: str) -> Finding:
    study = study_of(node) or study_of(graph.name or "")
    return Finding(rule=UNKNOWN, focus=node, path=path, value=value, found=found, expected=expected, study=study)


def untyped(graph: Graph, words: Vocabulary) -> Iterator[Finding]:
    """A study, or a part that something leads to, without a class: no shape looks at it."""
    before, studies = _study_iri(words), words.below(STUDY)
    parts = Counter(study_of(node) for node, _ in _parts(graph))
    said = [node for node, properties in graph.subjects.items() if _is_described(properties)]
    named: list[Term] = [node for node in said if isinstance(node, ox.NamedNode) and node.value.startswith(before)]
    for node in dict.fromkeys(named + [ox.NamedNode(before + study) for study in parts if study]):
        if studies.isdisjoint(graph.of(node).get(TYPE, ())):
            count = parts[study_of(node)]
            yield _untyped(node, short(STUDY) + (f" (parts of it here: {count})" if count else ""))
    for part, properties in _parts(graph):
        if TYPE not in properties:
            yield _untyped(part, "one of the ontology")


def _untyped(node: Term, expected: str) -> Finding:
    return Finding(
        rule=UNTYPED,
        focus=node,
        path=TYPE,
        name="class",
        found="nothing",
        expected=expected,
        study=study_of(node),
    )


def stray(graph: Graph, _: Vocabulary) -> Iterator[Finding]:
    """A part to which no statement leads."""
    reached = {value for each in graph.subjects.values() for values in each.values() for value in values}
    for node, _properties in _parts(graph):
        if node not in reached:
            study = study_of(node)
            expected = f"one from {study} or a part of it"
            yield Finding(rule=STRAY, focus=node, found="no statement that leads here", expected=expected, study=study)


def checked(graph: Graph, checker: Checker) -> list[Finding]:
    """All that is wrong in a graph, by its shapes and by the rules; each fault once.

    Where a value breaks a shape because it is a part of another study, the words of the rule are given.
    """
    found = list(checker.findings(graph))
    places = {(each.focus, each.path, each.value): i for i, each in enumerate(found)}
    named = {each.value for each in found}
    for rule in (foreign, untyped, stray, unknown):
        for each in rule(graph, checker.words):
            place = places.get((each.focus, each.path, each.value))
            if place is not None:
                found[place] = replace(found[place], found=each.found, expected=each.expected)
            elif not (each.rule == UNTYPED and each.focus in named):
                found.append(each)
    return found
