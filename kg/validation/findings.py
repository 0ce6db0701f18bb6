"""Findings: violations in a graph, each reported in one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyoxigraph as ox

from kg.errors import shown
from kg.ontology.model import Term, shipped
from kg.ontology.vocabulary import XSD

_LOCAL = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-F]{2})(?:[A-Za-z0-9_-]|%[0-9A-F]{2})*")


@cache
def _namespaces() -> list[tuple[str, str]]:
    return sorted(((namespace, prefix) for prefix, namespace in shipped().prefixes.items()), reverse=True)


def short(term: Term | str) -> str:
    """Return a term for a message, shortened with the prefixes of the ontology.

    >>> short("https://w3id.org/trialkg/ontology#startDate"), short(ox.Literal("x", language="en"))
    ('ct:startDate', '"x"@en')
    """
    if isinstance(term, ox.Literal):
        datatype = "" if term.datatype.value == XSD + "string" else f"^^{short(term.datatype)}"
        return shown(term.value) + (f"@{term.language}" if term.language else datatype)
    if isinstance(term, ox.BlankNode | ox.Triple):
        return str(term)
    iri = term if isinstance(term, str) else term.value
    for namespace, prefix in _namespaces():
        if iri.startswith(namespace) and _LOCAL.fullmatch(iri, len(namespace)):
            return f"{prefix}:{iri[len(namespace) :]}"
    return f"<{iri}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A violation: its place, what was found and what was expected.

    >>> ct = "https://w3id.org/trialkg/ontology#"
    >>> print(Finding(rule="http://www.w3.org/ns/shacl#MinCountConstraintComponent", focus=ox.NamedNode(ct + "x"),
    ...               path=ct + "arm", name="arm", found="nothing", expected="an arm", study="NCT02059759"))
    NCT02059759, ct:x, arm (ct:arm): found nothing, expected an arm.
    """

    rule: str
    """The violated SHACL constraint component or rule of :mod:`kg.validation.rules`."""
    focus: Term | None = None
    path: str | None = None
    name: str = ""
    value: Term | None = None
    found: str
    expected: str
    study: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        path = f"{self.name} ({short(self.path)})" if self.path and self.name else self.path and short(self.path)
        place = [self.file, self.study, self.focus and short(self.focus), path]
        return f"{', '.join(part for part in place if part)}: found {self.found}, expected {self.expected}."

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for ``--report`` (JSON Lines)."""
        parts = {
            "kind": "violation",
            "file": self.file,
            "nctId": self.study,
            "focus": lexical(self.focus),
            "path": self.path,
            "name": self.name or None,
            "value": None if self.value is None else str(self.value),
            "found": self.found,
            "expected": self.expected,
            "rule": self.rule,
            "sentence": str(self),
        }
        return {key: part for key, part in parts.items() if part is not None}


def lexical(term: Term | None) -> str | None:
    """Return an IRI or the text of a literal; other terms in N-Triples syntax."""
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else None if term is None else str(term)
