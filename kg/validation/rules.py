"""Rules beyond the shapes: a graph is complete, its parts belong to one study, and its terms are in the ontology.

Each rule has an IRI, like the constraint components of SHACL, and a function that yields the violations.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pyoxigraph as ox

from kg.ontology.model import Term
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import CT, RULE
from kg.validation.findings import Finding, short
from kg.validation.graph import TYPE, Properties, StatementGraph, Subject
from kg.validation.shacl import Checker
from kg.validation.vocabulary import Vocabulary, nearest

STUDY = CT + "Study"
FOREIGN = RULE + "partOfAnotherStudy"
STRAY = RULE + "partWithoutStudy"
UNTYPED = RULE + "nodeWithoutClass"
UNKNOWN = RULE + "unknownTerm"
RULES = (FOREIGN, STRAY, UNTYPED, UNKNOWN)

_PART = re.compile(r"/part/NCT[0-9]{8}-")


def _is_part(node: Term | None) -> bool:
    return isinstance(node, ox.NamedNode) and _PART.search(node.value) is not None


def _parts(graph: StatementGraph) -> Iterator[tuple[Subject, Properties]]:
    """Yield the parts that a graph describes with terms of the ontology."""
    for node, properties in graph.subjects.items():
        if _is_part(node) and _is_described(properties):
            yield node, properties


def _is_described(properties: Properties) -> bool:
    if any(path.startswith(CT) for path in properties):
        return True
    return any(isinstance(value, ox.NamedNode) and value.value.startswith(CT) for value in properties.get(TYPE, ()))


def _study_prefix(vocabulary: Vocabulary) -> str:
    """Return the IRI of a study up to the NCT number."""
    return (vocabulary.ontology.shapes[STUDY].template or "").partition("{")[0]


def foreign_parts(graph: StatementGraph, _: Vocabulary) -> Iterator[Finding]:
    """Find nodes of one study that refer to a part of another."""
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


def unknown_terms(graph: StatementGraph, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Find properties and classes in the namespace of the ontology that it does not define."""
    for node, properties in graph.subjects.items():
        for path in properties:
            if path.startswith(CT) and path not in vocabulary.properties:
                found = f"an unknown property{nearest(path, vocabulary.properties)}"
                yield _unknown(graph, node, path, None, found, "one of the ontology")
        for value in properties.get(TYPE, ()):
            if isinstance(value, ox.NamedNode) and value.value.startswith(CT) and value.value not in vocabulary.classes:
                found = f"{short(value)}, an unknown class{nearest(value, vocabulary.classes)}"
                yield _unknown(graph, node, TYPE, value, found, "one of the ontology")


def _unknown(graph: StatementGraph, node: Term, path: str, value: Term | None, found: str, expected: str) -> Finding:
    study = study_of(node) or study_of(graph.name or "")
    return Finding(rule=UNKNOWN, focus=node, path=path, value=value, found=found, expected=expected, study=study)


def untyped_nodes(graph: StatementGraph, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Find studies and parts without a class, which no shape applies to."""
    prefix, studies = _study_prefix(vocabulary), vocabulary.subclasses(STUDY)
    parts = Counter(study_of(node) for node, _ in _parts(graph))
    described: list[Term] = [
        node
        for node, properties in graph.subjects.items()
        if isinstance(node, ox.NamedNode) and node.value.startswith(prefix) and _is_described(properties)
    ]
    for node in dict.fromkeys(described + [ox.NamedNode(prefix + study) for study in parts if study]):
        if studies.isdisjoint(graph.of(node).get(TYPE, ())):
            count = parts[study_of(node)]
            yield _untyped(node, short(STUDY) + (f" (the graph has {count} of its parts)" if count else ""))
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


def stray_parts(graph: StatementGraph, _: Vocabulary) -> Iterator[Finding]:
    """Find parts that no statement refers to."""
    referenced = {value for node in graph.subjects.values() for values in node.values() for value in values}
    for node, _properties in _parts(graph):
        if node not in referenced:
            study = study_of(node)
            expected = f"one from {study} or a part of it"
            yield Finding(
                rule=STRAY, focus=node, found="no statement that refers to it", expected=expected, study=study
            )


def check(graph: StatementGraph, checker: Checker) -> list[Finding]:
    """Return all violations of shapes and rules in a graph, each once.

    If a value violates a shape because it is a part of another study, the finding has the message of the rule.
    """
    findings = list(checker.findings(graph))
    positions = {(finding.focus, finding.path, finding.value): i for i, finding in enumerate(findings)}
    values = {finding.value for finding in findings}
    for rule in (foreign_parts, untyped_nodes, stray_parts, unknown_terms):
        for finding in rule(graph, checker.vocabulary):
            i = positions.get((finding.focus, finding.path, finding.value))
            if i is not None:
                findings[i] = replace(findings[i], found=finding.found, expected=finding.expected)
            elif not (finding.rule == UNTYPED and finding.focus in values):
                findings.append(finding)
    return findings


def as_one_graph(findings: list[Finding]) -> list[Finding]:
    """Return the findings in the pieces of a graph as those of the whole graph, shapes first.

    A part that another study refers to is not without a reference.
    """
    foreign = {finding.value for finding in findings if _is_part(finding.value)}
    kept = (finding for finding in findings if finding.rule != STRAY or finding.focus not in foreign)
    order = (FOREIGN, UNTYPED, STRAY, UNKNOWN)
    return sorted(kept, key=lambda finding: order.index(finding.rule) if finding.rule in order else -1)
