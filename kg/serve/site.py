"""What every page says about the data: how many studies, of which versions, and under which base their IRIs are."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from kg.ontology.vocabulary import BASE, CT, RDF
from kg.serve.formats import date_text

_TYPE, _RECORD, _HOLDER = (ox.NamedNode(iri) for iri in (RDF + "type", CT + "Record", CT + "versionHolder"))


@dataclass(frozen=True, slots=True)
class Site:
    """A site; ``first`` and ``last`` are the range of the versions of the records (YYYY-MM-DD), or empty."""

    studies: int
    first: str = ""
    last: str = ""
    base: str = BASE
    """The base of the IRIs of the data: the option ``--base`` of the export."""

    @property
    def versions(self) -> str:
        """The dates of the versions in words."""
        return " to ".join(dict.fromkeys(date_text(day) for day in (self.first, self.last) if day))


def read_site(store: ox.Store, studies: int) -> Site:
    """Return what pages say about a store with a number of studies."""
    values = (quad.object for quad in store.quads_for_pattern(None, _HOLDER, None, None))
    holders = {value.value for value in values if isinstance(value, ox.Literal)} or {""}
    return Site(studies, min(holders), max(holders), _base(store))


def _base(store: ox.Store) -> str:
    """Return the base of the IRI of a record, ``{base}record/{number}``."""
    record = next(store.quads_for_pattern(None, _TYPE, _RECORD, None), None)
    base, found, _ = (str(record.subject.value) if record else "").rpartition("record/")  # type: ignore[union-attr]
    return base if found else BASE
