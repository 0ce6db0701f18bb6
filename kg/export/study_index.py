"""The ledger of a run: where each study lies in what was written, how new it is, and what was counted of it.

It keeps some tens of bytes a study, and never its text.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kg.export.exporter import Exported
from kg.export.record_version import as_date, holder_day
from kg.export.shared_resources import SharedResources

COLUMNS = 7
"""Numbers of each study that is entered: the record, the study, how new it is, its bytes and three counts."""


class Totals(NamedTuple):
    """Counts over the studies that stand; ``first`` and ``last`` are the range of their version holders."""

    studies: int
    triples: int
    unmapped: int
    withheld: int
    first: str | None
    last: str | None


@dataclass(slots=True)
class Entries:
    """What is entered of studies that were written, as a table of numbers, which is soon handed on."""

    rows: array[int] = field(default_factory=lambda: array("Q"))
    shared: list[tuple[bytes, ...]] = field(default_factory=list)
    """The descriptions of the shared resources that each study refers to."""

    def __len__(self) -> int:
        return len(self.rows) // COLUMNS

    def add(self, record: int, exported: Exported, length: int) -> None:
        """Adds a study that takes so many bytes, exported from the record of that number."""
        counts = (exported.triples, exported.residue.leaves, exported.withheld)
        self.rows.extend((record, int(exported.study[3:]), exported.version, length, *counts))
        self.shared.append(exported.shared)

    def __getitem__(self, span: slice) -> Entries:
        """Some of them, one behind another."""
        begin, end, _ = span.indices(len(self))
        return Entries(self.rows[begin * COLUMNS : end * COLUMNS], self.shared[begin:end])


class Rival(NamedTuple):
    """A record of a study that was entered before, and whether it beats that one."""

    record: int
    study: str
    beats: bool


class Ledger:
    """Of two records of one study the newer stands, of two as new the one that was read later."""

    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self._versions = array("Q")
        self._lengths = array("Q")
        self._counts = tuple(array("Q") for _ in range(3))
        self.beaten: set[int] = set()
        self.shared = SharedResources()

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def lengths(self) -> array[int]:
        """Bytes of each study that was written."""
        return self._lengths

    def enter(self, entries: Entries) -> list[Rival]:
        """Enters studies that are written, and tells of those that were entered before."""
        records, numbers, *columns = (entries.rows[i::COLUMNS] for i in range(COLUMNS))
        rivals, first = [], len(self)
        for known, more in zip((self._versions, self._lengths, *self._counts), columns, strict=True):
            known += more
        for i, number in enumerate(numbers):
            self.shared.enter(entries.shared[i])
            earlier = self._index.setdefault(number, first + i)
            if earlier != first + i:
                beats = self._versions[earlier] <= self._versions[first + i]
                self._beat(earlier if beats else first + i)
                if beats:
                    self._index[number] = first + i
                rivals.append(Rival(records[i], f"NCT{number:08}", beats))
        return rivals

    def _beat(self, place: int) -> None:
        self.beaten.add(place)
        self.shared.remove(place)

    def standing(self) -> Iterator[int]:
        """The places of the studies that stand, in the order in which they were written."""
        return (place for place in range(len(self)) if place not in self.beaten)

    def by_number(self) -> Iterator[int]:
        """The places of the studies that stand, by NCT number."""
        return (self._index[number] for number in sorted(self._index))

    def totals(self, more: int = 0) -> Totals:
        """The counts of the studies that are not replaced, and so many triples more."""
        triples, unmapped, withheld = (
            sum(counts) - sum(counts[place] for place in self.beaten) for counts in self._counts
        )
        versions = {self._versions[place] for place in self.standing()} if self.beaten else {*self._versions}
        holders = {holder_day(version) for version in versions} - {0}
        first, last = min(holders, default=0), max(holders, default=0)
        return Totals(len(self) - len(self.beaten), triples + more, unmapped, withheld, as_date(first), as_date(last))
