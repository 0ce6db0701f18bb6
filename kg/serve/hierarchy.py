"""Hierarchy of MeSH terms: the edges in the store, or else those of MeSH 2025, which only arrange the terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from kg.draw.mesh_tree import BROADER_DESCRIPTOR, mesh_parents
from kg.ontology.vocabulary import MESH

_BROADER = ox.NamedNode(BROADER_DESCRIPTOR)


@dataclass(eq=False)
class Hierarchy:
    """The broader terms of MeSH terms.

    Without edges in the store, a study belongs to the terms and ancestors in its record, and MeSH 2025, which comes
    with :mod:`kg.draw`, only arranges them as a tree. With edges, it also belongs to all broader terms of its terms.
    """

    store: ox.Store
    is_loaded: bool
    """Whether the store has edges between terms."""
    _parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    def parents(self, iri: str) -> tuple[str, ...]:
        """Return the IRIs of the next broader terms of a term."""
        if iri not in self._parents:
            self._parents[iri] = self._stated(iri) if self.is_loaded else self._shipped(iri)
        return self._parents[iri]

    def _stated(self, iri: str) -> tuple[str, ...]:
        quads = self.store.quads_for_pattern(ox.NamedNode(iri), _BROADER, None, None)
        return tuple(sorted({quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode)} - {iri}))

    @staticmethod
    def _shipped(iri: str) -> tuple[str, ...]:
        return tuple(MESH + id_ for id_ in mesh_parents(iri.removeprefix(MESH))) if iri.startswith(MESH) else ()

    def ancestors(self, iri: str) -> frozenset[str]:
        """Return the IRIs of all broader terms of a term."""
        if iri not in self._ancestors:
            found: set[str] = set()
            waiting = [iri]
            while waiting:
                new = set(self.parents(waiting.pop())) - found
                found |= new
                waiting += new
            self._ancestors[iri] = frozenset(found)
        return self._ancestors[iri]

    def with_broader(self, iri: str) -> Iterable[str]:
        """Return a term with all its broader terms, as far as the store has edges."""
        return self.ancestors(iri) | {iri} if self.is_loaded else (iri,)


def read_hierarchy(store: ox.Store) -> Hierarchy:
    """Return the hierarchy of a store, which is read on demand."""
    return Hierarchy(store, any(store.quads_for_pattern(None, _BROADER, None, None)))
