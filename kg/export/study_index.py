"""The index of the studies of a run: their position, size and version in the output, and their counts.

It needs some tens of bytes per study and never keeps the text of one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kg.export.record_header import as_date, holder_day
from kg.export.shared_resources import SharedResources

if TYPE_CHECKING:
    from kg.export.exporter import Exported

COLUMNS = 8
"""Numbers per study: the record, the study, its version, its size in bytes, and four counts."""


class Totals(NamedTuple):
    """Counts over the studies of an output; ``first`` and ``last`` are the range of their version holders."""

    studies: int
    triples: int
    unmapped: int
    withheld: int
    masked: int
    first: str | None
    last: str | None


class IndexedGraph(NamedTuple):
    """The graph of a study: its digest (:mod:`kg.export.graph_digest`), its version and its number of statements."""

    study: str
    digest: str
    version: int
    statements: int


@dataclass(slots=True)
class StudyEntries:
    """Index entries of some studies, in the compact form in which workers return them."""

    rows: array[int] = field(default_factory=lambda: array("Q"))
    shared: list[tuple[bytes, ...]] = field(default_factory=list)
    """Per study, the descriptions of the shared resources that it refers to."""
    digests: list[bytes] = field(default_factory=list)
    """Per study, the digest of its graph, if the run needs them."""
    record_digests: list[str] = field(default_factory=list)
    """Per study, the digest of its record, if the run needs them."""

    def __len__(self) -> int:
        return len(self.rows) // COLUMNS

    def add(self, record: int, exported: Exported, length: int) -> None:
        """Add a study of ``length`` bytes, exported from the record with this number."""
        counts = (exported.triples, exported.unmapped.leaves, exported.withheld, exported.masked)
        self.rows.extend((record, int(exported.study[3:]), exported.version, length, *counts))
        self.shared.append(exported.shared)
        self.record_digests.append(exported.digest)

    def __getitem__(self, span: slice) -> StudyEntries:
        begin, end, _ = span.indices(len(self))
        rows, span = self.rows[begin * COLUMNS : end * COLUMNS], slice(begin, end)
        return StudyEntries(rows, self.shared[span], self.digests[span], self.record_digests[span])


class Duplicate(NamedTuple):
    """A further record of a study in the index; ``replaces`` is true if it is at least as new."""

    record: int
    study: str
    replaces: bool


class StudyIndex:
    """The studies in the order of the output; of several records of a study, the last of the newest ones is current."""

    def __init__(self) -> None:
        self._positions: dict[int, int] = {}
        """NCT number -> position of the current record."""
        self._versions = array("Q")
        self._lengths = array("Q")
        self._counts = tuple(array("Q") for _ in range(4))
        self.superseded: set[int] = set()
        """Positions of the records that newer ones replace."""
        self.replacing: set[int] = set()
        """Positions of the records that replace earlier ones."""
        self._record_digests: dict[int, str] = {}
        """NCT number -> digest of the current record, if the run needs them."""
        self.shared = SharedResources()
        self._digests: list[bytes] = []

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def lengths(self) -> array[int]:
        """Size of each study in bytes."""
        return self._lengths

    def enter(self, entries: StudyEntries) -> list[Duplicate]:
        """Append the entries of written studies; return the records whose study was in the index already."""
        records, numbers, *columns = (entries.rows[i::COLUMNS] for i in range(COLUMNS))
        duplicates, first = [], len(self)
        self._digests += entries.digests
        for column, values in zip((self._versions, self._lengths, *self._counts), columns, strict=True):
            column += values
        for i, number in enumerate(numbers):
            self.shared.enter(entries.shared[i])
            earlier, position = self._positions.setdefault(number, first + i), first + i
            if earlier != position:
                replaces = self._versions[earlier] <= self._versions[position]
                self._supersede(earlier if replaces else position)
                if replaces:
                    self._positions[number] = position
                    self.replacing.add(position)
                duplicates.append(Duplicate(records[i], f"NCT{number:08}", replaces))
            if entries.record_digests[i] and self._positions[number] == position:
                self._record_digests[number] = entries.record_digests[i]
        return duplicates

    def _supersede(self, position: int) -> None:
        self.superseded.add(position)
        self.shared.remove(position)

    def current(self) -> Iterator[int]:
        """Yield the positions of the current studies, in the order of the output."""
        return (position for position in range(len(self)) if position not in self.superseded)

    def by_number(self) -> Iterator[int]:
        """Yield the positions of the current studies, by NCT number."""
        return (self._positions[number] for number in sorted(self._positions))

    def graphs(self) -> Iterator[IndexedGraph]:
        """Yield the graphs of the current studies of a run with digests, in the order of the first records."""
        for number, position in self._positions.items():
            digest, triples = self._digests[position].hex(), self._counts[0][position]
            yield IndexedGraph(f"NCT{number:08}", digest, self._versions[position], triples)

    def record_digests(self) -> Iterator[tuple[str, str]]:
        """Yield the NCT numbers of the current studies, each with the digest of its record."""
        return ((f"NCT{number:08}", digest) for number, digest in self._record_digests.items())

    def totals(self, more: int = 0) -> Totals:
        """Return the counts over the current studies, plus ``more`` triples."""
        triples, unmapped, withheld, masked = (
            sum(counts) - sum(counts[position] for position in self.superseded) for counts in self._counts
        )
        versions = {self._versions[position] for position in self.current()} if self.superseded else {*self._versions}
        holders = {holder_day(version) for version in versions} - {0}
        first, last = min(holders, default=0), max(holders, default=0)
        return Totals(
            len(self) - len(self.superseded), triples + more, unmapped, withheld, masked, as_date(first), as_date(last)
        )
