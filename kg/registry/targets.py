"""Copies of the registry that are kept current: what a run needs of a store or a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import pyoxigraph as ox

from kg.mapping.plan import LEFT_OUT
from kg.ontology.vocabulary import CT, RDFS
from kg.registry.changes import CHANGED, NEW, REDERIVED
from kg.registry.differences import ValueChange, differences
from kg.restore.records import Restorer
from kg.store.registry_state import RegistryState

HOLDER = ox.NamedNode(CT + "versionHolder")
POSTED = ox.NamedNode(CT + "lastUpdatePostDate")
LABEL = ox.NamedNode(RDFS + "label")
_LEFT_OUT = ox.NamedNode(LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that is not in a copy, or not with this content; ``content`` is what the copy will have of it."""

    study: str
    kind: str
    title: str
    digest: str
    content: Any
    values: tuple[ValueChange, ...] = ()


class Target(Protocol):
    """A copy of the registry.

    A digest is that of the content of a study without the day of the registry's data; it is empty for a study that
    the copy does not have.
    """

    name: str

    def state(self) -> RegistryState | None:
        """Return the state, ``None`` if the copy has none yet."""

    def write_state(self, state: RegistryState) -> None:
        """Replace the state."""

    def studies(self) -> list[str]:
        """Return the NCT numbers of the studies, sorted."""

    def dates(self) -> dict[str, str]:
        """Return the day on which each study was last posted, empty if it is not known, by NCT number."""

    def titles(self) -> Iterator[tuple[str, str]]:
        """Yield the studies, sorted, with their titles."""

    def title(self, study: str) -> str:
        """Return the title of a study."""

    def digest(self, study: str) -> str:
        """Return the digest of a study."""

    def compare(self, study: str, record: bytes) -> Difference | None:
        """Compare a record with that of the study in the copy; ``None`` if the content is the same.

        Raises :class:`~kg.errors.RecordError` for a record that the copy cannot have.
        """

    def apply(self, difference: Difference) -> None:
        """Replace the record of a study, completely or not at all."""

    def remove(self, study: str) -> None:
        """Remove a study, completely or not at all."""


def kind_of(old_date: str | None, new_date: str) -> str:
    """Return the kind of a change by the days of posting; ``None`` is a study that is not in the copy."""
    if old_date is None:
        return NEW
    return REDERIVED if old_date == new_date else CHANGED


def literal(quads: Iterable[ox.Quad], predicate: ox.NamedNode) -> str:
    """Return the literal of a property, the first of several in order; empty if there is none."""
    values = (quad.object for quad in quads if quad.predicate == predicate)
    return min((value.value for value in values if isinstance(value, ox.Literal)), default="")


def digest_of(quads: Iterable[ox.Quad]) -> str:
    """Return the digest of the graph of a study, empty for no statements."""
    lines = sorted(str(quad.triple) for quad in quads if quad.predicate != HOLDER)
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest() if lines else ""


def value_changes(old: Iterable[ox.Quad], new: Iterable[ox.Quad]) -> tuple[ValueChange, ...]:
    """Return the changes of the record of a study, as restored from two graphs of it.

    So values that graphs leave out, such as contact data, are in no change. There are none if a graph cannot be
    restored.
    """
    before, after = _restored(old), _restored(new)
    return () if before is None or after is None else tuple(differences(before, after))


def _restored(quads: Iterable[ox.Quad]) -> dict[str, Any] | None:
    """Return the record of a graph without the day of the registry's data, and without the sections it leaves out."""
    content = sorted((quad for quad in quads if quad.predicate not in (HOLDER, _LEFT_OUT)), key=str)
    return next(iter(Restorer(content, reject=lambda _: None)), None)


def posted(record: Any) -> str:
    """Return the day on which a record was last posted, or an empty string."""
    for key in ("protocolSection", "statusModule", "lastUpdatePostDateStruct", "date"):
        record = record.get(key) if isinstance(record, Mapping) else None
    return record if isinstance(record, str) else ""
