"""The ledger of a run: where each study lies in what was written, how new it is, and what was counted of it.

It keeps some tens of bytes a study, and never its text.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kg.export import Exported


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over the studies that stand; ``first`` and ``last`` are the range of their version holders."""

    studies: int
    triples: int
    unmapped: int
    withheld: int
    first: str | None
    last: str | None


class Entry(NamedTuple):
    """What is entered of a study: its NCT number, how new it is, the bytes it takes, and what was counted of it."""

    study: str
    version: int
    length: int
    triples: int
    unmapped: int
    withheld: int

    @classmethod
    def of(cls, exported: Exported, length: int) -> Entry:
        """The entry of a study that takes so many bytes."""
        counts = (exported.triples, exported.residue.leaves, exported.withheld)
        return cls(exported.study, exported.version, length, *counts)


class Ledger:
    """Of two records of one study the newer stands, of two as new the one that was read later."""

    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self._versions = array("Q")
        self._lengths = array("Q")
        self._counts = tuple(array("L") for _ in range(3))
        self.beaten: set[int] = set()

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def lengths(self) -> array[int]:
        """Bytes of each study that was written."""
        return self._lengths

    def enter(self, entry: Entry) -> int:
        """Enters a study that is written: 1 where it beats one of before, -1 where one of before beats it, else 0."""
        number, place = int(entry.study[3:]), len(self)
        earlier = self._index.get(number)
        is_older = earlier is not None and self._versions[earlier] > entry.version
        if earlier is not None:
            self.beaten.add(place if is_older else earlier)
        if not is_older:
            self._index[number] = place
        self._versions.append(entry.version)
        self._lengths.append(entry.length)
        for counts, value in zip(self._counts, entry[3:], strict=True):
            counts.append(value)
        return 0 if earlier is None else -1 if is_older else 1

    def standing(self) -> Iterator[int]:
        """The places of the studies that stand, in the order in which they were written."""
        return (place for place in range(len(self)) if place not in self.beaten)

    def by_number(self) -> Iterator[int]:
        """The places of the studies that stand, by NCT number."""
        return (self._index[number] for number in sorted(self._index))

    def totals(self) -> Totals:
        """What was counted of the studies that stand."""
        triples, unmapped, withheld = (
            sum(counts) - sum(counts[place] for place in self.beaten) for counts in self._counts
        )
        holders = {self._versions[place] % 10**8 for place in self.standing()} - {0}
        first, last = min(holders, default=0), max(holders, default=0)
        return Totals(len(self) - len(self.beaten), triples, unmapped, withheld, _as_date(first), _as_date(last))


def _as_date(number: int) -> str | None:
    """A date from its number, as exact as it was.

    >>> _as_date(20251224), _as_date(20251200), _as_date(0)
    ('2025-12-24', '2025-12', None)
    """
    digits = f"{number:08d}"
    parts = (digits[:4], digits[4:6], digits[6:])
    return "-".join(part for part in parts if int(part)) or None
