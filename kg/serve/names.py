"""Names of resources: labels, other spellings, and the entry terms of MeSH."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from kg.ontology.vocabulary import MESHV, RDFS, SCHEMA, SHARED_GRAPH, SKOS
from kg.serve.columns import TEXT
from kg.serve.facets import local_name

_LABEL, _ALTERNATIVE = ox.NamedNode(RDFS + "label"), ox.NamedNode(SKOS + "altLabel")
_ENTRY_TERM = ox.NamedNode(SCHEMA + "alternateName")
Term = ox.NamedNode | ox.Literal
_CONCEPTS = tuple(ox.NamedNode(MESHV + name) for name in ("preferredConcept", "concept"))
_TERMS = tuple(ox.NamedNode(MESHV + name) for name in ("preferredTerm", "term"))
_LABELS = tuple(ox.NamedNode(MESHV + name) for name in ("prefLabel", "altLabel"))
ENTRY_TERMS = "(meshv:preferredConcept|meshv:concept)/(meshv:preferredTerm|meshv:term)/(meshv:prefLabel|meshv:altLabel)"
"""The path from a descriptor to its entry terms in NLM's RDF; in that of kg they are ``schema:alternateName``."""
_OTHER = "rdfs:label|skos:altLabel|<" + SCHEMA + "alternateName>"


def _occurs(store: ox.Store, predicate: ox.NamedNode) -> bool:
    return next(store.quads_for_pattern(None, predicate, None, None), None) is not None


def _texts(quads: Iterable[ox.Quad]) -> dict[str, set[str]]:
    """Return the texts of statements by the IRIs of their subjects."""
    texts: dict[str, set[str]] = {}
    for quad in quads:
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
            texts.setdefault(quad.subject.value, set()).add(quad.object.value)
    return texts


class Names:
    """The names of the resources of a store."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self.has_concepts = _occurs(store, _CONCEPTS[0])
        """Whether MeSH terms have their entry terms as in NLM's own RDF."""
        self._has_entry_terms = _occurs(store, _ENTRY_TERM)
        self._known = self._shared_labels()
        self._spellings = _texts(store.quads_for_pattern(None, _ALTERNATIVE, None, None))

    @property
    def path(self) -> str:
        """The property path from a MeSH term to its names."""
        return _OTHER + (f"|{ENTRY_TERMS}" if self.has_concepts else "")

    def label(self, iri: str) -> str:
        """Return the label of a resource, the smallest of several; without one, the last part of its IRI.

        A text after a mark is its own label.
        """
        if iri.startswith(TEXT):
            return iri[1:]
        return min(self._labels(iri), default="") or local_name(iri)

    def _shared_labels(self) -> dict[str, set[str]]:
        """Return the labels of organizations, terms and countries, which one scan reads faster than a scan for each.

        A term of a MeSH graph may have another label there, so only those of the shared graph alone are kept.
        """
        labels = _texts(self._store.quads_for_pattern(None, _LABEL, None, ox.NamedNode(SHARED_GRAPH)))
        return {} if self._has_entry_terms or self.has_concepts else labels

    def _labels(self, iri: str) -> set[str]:
        if (labels := self._known.get(iri)) is None:
            labels = self._known[iri] = {node.value for node in self._objects([ox.NamedNode(iri)], [_LABEL])}
        return labels

    def all(self, iri: str) -> list[str]:
        """Return the labels, other spellings and entry terms of a resource, without repetition, sorted."""
        if iri.startswith(TEXT):
            return [iri[1:]]
        node = ox.NamedNode(iri)
        names = self._objects([node], [_ENTRY_TERM]) if self._has_entry_terms else set()
        if self.has_concepts:
            names |= self._objects(self._objects(self._objects([node], _CONCEPTS), _TERMS), _LABELS)
        return sorted(self._labels(iri) | self._spellings.get(iri, set()) | {name.value for name in names})

    def _objects(self, subjects: Iterable[Term], predicates: Iterable[ox.NamedNode]) -> set[Term]:
        return {
            quad.object
            for subject in subjects
            if isinstance(subject, ox.NamedNode)
            for predicate in predicates
            for quad in self._store.quads_for_pattern(subject, predicate, None, None)
            if isinstance(quad.object, ox.NamedNode | ox.Literal)
        }
