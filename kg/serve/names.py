"""Names of resources: labels, other spellings, and the entry terms of MeSH."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from kg.ontology.vocabulary import MESHV, RDFS, SCHEMA, SKOS
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


class Names:
    """The names of the resources of a store."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self.has_concepts = any(store.quads_for_pattern(None, _CONCEPTS[0], None, None))
        """Whether MeSH terms have their entry terms as in NLM's own RDF."""

    @property
    def path(self) -> str:
        """The property path from a MeSH term to its names."""
        return _OTHER + (f"|{ENTRY_TERMS}" if self.has_concepts else "")

    def label(self, iri: str) -> str:
        """Return the label of a resource, the smallest of several; without one, the last part of its IRI."""
        labels = {node.value for node in self._objects([ox.NamedNode(iri)], [_LABEL])}
        return min(labels, default="") or local_name(iri)

    def all(self, iri: str) -> list[str]:
        """Return the labels, other spellings and entry terms of a resource, without repetition, sorted."""
        node = ox.NamedNode(iri)
        names = self._objects([node], [_LABEL, _ALTERNATIVE, _ENTRY_TERM])
        if self.has_concepts:
            names |= self._objects(self._objects(self._objects([node], _CONCEPTS), _TERMS), _LABELS)
        return sorted(name.value for name in names)

    def _objects(self, subjects: Iterable[Term], predicates: Iterable[ox.NamedNode]) -> set[Term]:
        return {
            quad.object
            for subject in subjects
            if isinstance(subject, ox.NamedNode)
            for predicate in predicates
            for quad in self._store.quads_for_pattern(subject, predicate, None, None)
            if isinstance(quad.object, ox.NamedNode | ox.Literal)
        }
