"""MeSH from RDF (https://hhs.github.io/meshrdf/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from kg.mapping.derived import mesh_id
from kg.mesh.tree import Heading, is_tree_number, mapped_id
from kg.ontology.vocabulary import MESHV, RDF, RDFS, SCHEMA

if TYPE_CHECKING:
    import pyoxigraph as ox

_IRI = re.compile(r"https?://id\.nlm\.nih\.gov/mesh/(?:[0-9]{4}/)?([^/#]+)", re.ASCII)
_CONCEPTS = (MESHV + "concept", MESHV + "preferredConcept")
_TERMS = (MESHV + "term", MESHV + "preferredTerm")
_LABELS = (MESHV + "prefLabel", MESHV + "altLabel")
_HEADING = re.compile(r"[CD][0-9]{6,9}", re.ASCII)


def from_rdf(quads: Iterable[ox.Quad]) -> Iterator[Heading]:
    """Yield a partial heading for each relevant statement, in any order, and at the end the entry terms."""
    terms = _EntryTerms()
    for quad in quads:
        subject = _local_name(quad.subject)
        predicate = quad.predicate.value
        if not subject or terms.add(subject, predicate, quad.object):
            continue
        set_value = _SETTERS.get(predicate)
        if set_value is not None and _HEADING.fullmatch(subject) and (id_ := mesh_id(subject)):
            heading = Heading(id_)
            set_value(heading, quad.object)
            yield heading
    yield from terms.headings()


class _EntryTerms:
    """The entry terms of headings, which are the labels of the terms of their concepts."""

    def __init__(self) -> None:
        self._concepts: dict[str, list[str]] = {}
        self._terms: dict[str, list[str]] = {}
        self._labels: dict[str, list[str]] = {}

    def add(self, subject: str, predicate: str, value: object) -> bool:
        """Add a statement if it is about concepts and terms; return whether it is."""
        for table, names in ((self._concepts, _CONCEPTS), (self._terms, _TERMS)):
            if predicate in names:
                table.setdefault(subject, []).append(_local_name(value))
                return True
        if predicate in _LABELS:
            self._labels.setdefault(subject, []).append(getattr(value, "value", ""))
        return predicate in _LABELS

    def headings(self) -> Iterator[Heading]:
        """Yield a partial heading with its entry terms for each heading that has any."""
        for subject, concepts in self._concepts.items():
            terms = (term for node in (subject, *concepts) for term in self._terms.get(node, ()))
            names = {label for term in terms for label in self._labels.get(term, ())}
            if names and _HEADING.fullmatch(subject) and (id_ := mesh_id(subject)):
                yield Heading(id_, names=names)


def _local_name(term: object) -> str:
    match = _IRI.fullmatch(getattr(term, "value", ""))
    return match[1] if match else ""


def _set_class(heading: Heading, term: object) -> None:
    heading.kind = getattr(term, "value", "").removeprefix(MESHV)


def _set_label(heading: Heading, term: object) -> None:
    if getattr(term, "language", None) in (None, "en"):
        heading.label = getattr(term, "value", "")


def _add_name(heading: Heading, term: object) -> None:
    heading.names.add(getattr(term, "value", ""))


def _set_active(heading: Heading, term: object) -> None:
    heading.active = getattr(term, "value", "") not in ("false", "0")


def _add_tree_number(heading: Heading, term: object) -> None:
    if is_tree_number(name := _local_name(term)):
        heading.trees.add(name)


def _add_id(attribute: str) -> Callable[[Heading, object], None]:
    def add(heading: Heading, term: object) -> None:
        if id_ := mapped_id(_local_name(term)):
            getattr(heading, attribute).add(id_)

    return add


def _add_preferred(heading: Heading, term: object) -> None:
    if id_ := mapped_id(_local_name(term)):
        heading.mapped.add(id_)
        heading.preferred.add(id_)


_SETTERS: dict[str, Callable[[Heading, object], None]] = {
    RDF + "type": _set_class,
    RDFS + "label": _set_label,
    SCHEMA + "alternateName": _add_name,
    MESHV + "active": _set_active,
    MESHV + "treeNumber": _add_tree_number,
    MESHV + "broaderDescriptor": _add_id("broader"),
    MESHV + "pharmacologicalAction": _add_id("actions"),
    MESHV + "mappedTo": _add_id("mapped"),
    MESHV + "preferredMappedTo": _add_preferred,
}
