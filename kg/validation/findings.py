"""Findings: what is wrong in a graph, each in one sentence, and the graph that they are found in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyoxigraph as ox

from kg.errors import shown
from kg.ontology.model import Term, shipped
from kg.ontology.vocabulary import RDF, XSD

Subject = ox.NamedNode | ox.BlankNode | ox.Triple
Properties = dict[str, list[Term]]

_LOCAL = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-F]{2})(?:[A-Za-z0-9_-]|%[0-9A-F]{2})*")


class Graph:
    """The statements of a graph, by subject and predicate, in the order of the file."""

    def __init__(self, name: str | None = None, shared: Graph | None = None) -> None:
        self.name = name
        self._shared = shared
        """The graph of the resources that it shares with others."""
        self.subjects: dict[Subject, Properties] = {}
        self.size = 0
        self.judged: dict[tuple[Term, str], list[Finding]] = {}
        """What is wrong with a node as a value of ``sh:node``."""

    def add(self, statements: Iterable[ox.Quad]) -> Graph:
        names: dict[str, str] = {}
        last: Subject | None = None
        here: Properties = {}
        for subject, predicate, value, _ in statements:
            if subject != last:
                last, here = subject, self.subjects.setdefault(subject, {})
            iri = predicate.value
            here.setdefault(names.setdefault(iri, iri), []).append(value)
            self.size += 1
        return self

    def of(self, node: Term) -> Properties:
        """The statements about a node, of the graph or else of the shared one: none about a literal."""
        if isinstance(node, ox.Literal):
            return {}
        here = self.subjects.get(node)
        return here if here is not None else self._shared.of(node) if self._shared is not None else {}

    def shared_nodes(self) -> Iterator[tuple[Subject, Properties]]:
        """The statements of the shared graph about the resources that this one refers to."""
        values = {value for each in self.subjects.values() for here in each.values() for value in here}
        for value in values if self._shared is not None else ():
            if not isinstance(value, ox.Literal) and value not in self.subjects and (here := self.of(value)):
                yield value, here

    def count(self, classes: frozenset[ox.NamedNode]) -> int:
        """How many nodes are of one of some classes."""
        return sum(1 for each in self.subjects.values() if not classes.isdisjoint(each.get(RDF + "type", ())))

    def items(self, head: Term) -> Iterator[Term]:
        """The items of an RDF list."""
        while first := self.of(head).get(RDF + "first"):
            yield first[0]
            head = self.of(head)[RDF + "rest"][0]


@cache
def _namespaces() -> list[tuple[str, str]]:
    return sorted(((namespace, prefix) for prefix, namespace in shipped().prefixes.items()), reverse=True)


def short(term: Term | str) -> str:
    """A term as a message shows it, with the prefixes of the ontology.

    >>> short("https://w3id.org/trialkg/ontology#startDate"), short(ox.Literal("x", language="en"))
    ('ct:startDate', '"x"@en')
    """
    if isinstance(term, ox.Literal):
        kind = "" if term.datatype.value == XSD + "string" else f"^^{short(term.datatype)}"
        return shown(term.value) + (f"@{term.language}" if term.language else kind)
    if isinstance(term, ox.BlankNode | ox.Triple):
        return str(term)
    iri = term if isinstance(term, str) else term.value
    for namespace, prefix in _namespaces():
        if iri.startswith(namespace) and _LOCAL.fullmatch(iri, len(namespace)):
            return f"{prefix}:{iri[len(namespace) :]}"
    return f"<{iri}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A violation: what is wrong, where, and what was expected.

    >>> ct = "https://w3id.org/trialkg/ontology#"
    >>> print(Finding(rule="http://www.w3.org/ns/shacl#MinCountConstraintComponent", focus=ox.NamedNode(ct + "x"),
    ...               path=ct + "arm", name="arm", found="nothing", expected="an arm", study="NCT02059759"))
    NCT02059759, ct:x, arm (ct:arm): found nothing, expected an arm.
    """

    rule: str
    """The constraint component of SHACL, or the rule of ours, that is broken."""
    focus: Term | None = None
    path: str | None = None
    name: str = ""
    value: Term | None = None
    found: str
    expected: str
    study: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        what = f"{self.name} ({short(self.path)})" if self.path and self.name else self.path and short(self.path)
        where = [self.file, self.study, self.focus and short(self.focus), what]
        return f"{', '.join(part for part in where if part)}: found {self.found}, expected {self.expected}."

    def as_dict(self) -> dict[str, Any]:
        """The parts of the sentence, and the sentence, for ``--report`` (JSON Lines)."""
        parts = {
            "kind": "violation",
            "file": self.file,
            "nctId": self.study,
            "focus": plain(self.focus),
            "path": self.path,
            "name": self.name or None,
            "value": None if self.value is None else str(self.value),
            "found": self.found,
            "expected": self.expected,
            "rule": self.rule,
            "sentence": str(self),
        }
        return {key: part for key, part in parts.items() if part is not None}


def plain(term: Term | None) -> str | None:
    """The IRI of a term, or the text of a literal; anything else as N-Triples has it."""
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else None if term is None else str(term)
