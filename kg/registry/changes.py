"""Changes of studies in a copy of the registry, and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from kg.errors import ABSENT
from kg.registry.differences import ValueChange

NEW, CHANGED, REDERIVED, GONE = "new", "changed", "re-derived", "gone"
"""The kinds of changes: of a re-derived record the content differs, but not the day on which it was posted."""


class Change(NamedTuple):
    """A change of the record of one study; ``data_version`` is that of the registry's data with the new record.

    ``values`` are the values that differ if the study was there before and still is.
    """

    study: str
    kind: str
    title: str
    data_version: str
    values: tuple[ValueChange, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the change as JSON, for ``--changes``."""
        line: dict[str, Any] = {"nctId": self.study, "kind": self.kind, "title": self.title}
        line["dataVersion"] = self.data_version
        if self.kind in (CHANGED, REDERIVED):
            line["changes"] = [value.as_dict() for value in self.values]
        return line

    @staticmethod
    def from_dict(line: Mapping[str, Any]) -> Change:
        """Return the change that :meth:`as_dict` describes."""
        values = tuple(
            ValueChange(value["path"], value.get("old", ABSENT), value.get("new", ABSENT))
            for value in line.get("changes", ())
        )
        return Change(line["nctId"], line["kind"], line["title"], line["dataVersion"], values)


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return a line of JSON."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


@dataclass(slots=True)
class SyncCounts:
    """Counts of the studies of a copy by what a run did to them; ``studies`` has the NCT numbers of the changed ones.

    ``unchanged`` are studies of which at most the day of the registry's data (``versionHolder``) differs.
    """

    new: int = 0
    changed: int = 0
    rederived: int = 0
    gone: int = 0
    unchanged: int = 0
    data_version: str = ""
    studies: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def of(kinds: Mapping[str, list[str]], total: int, data_version: str) -> SyncCounts:
        """Count studies by the kinds of their changes, in order; ``total`` is the number of studies in the copy.

        A study that changed more than once is counted once.

        >>> SyncCounts.of({"NCT00000001": ["new", "changed"], "NCT00000002": ["new", "gone"]}, 3, "2026-11-27")
        SyncCounts(new=1, changed=0, rederived=0, gone=0, unchanged=2, data_version='2026-11-27')
        """
        counts, studies = Counter[str](), dict[str, list[str]]()
        for study, own in sorted(kinds.items()):
            if kind := _overall(own):
                counts[kind] += 1
                studies.setdefault(kind, []).append(study)
        touched = counts[NEW] + counts[CHANGED] + counts[REDERIVED]
        return SyncCounts(
            counts[NEW], counts[CHANGED], counts[REDERIVED], counts[GONE], total - touched, data_version, studies
        )

    @property
    def total(self) -> int:
        """The number of studies in the copy."""
        return self.new + self.changed + self.rederived + self.unchanged

    def summary(self) -> str:
        """Return the counts in one sentence.

        >>> SyncCounts(new=2, unchanged=1200).summary()
        'Studies: 2 new, 0 changed, 0 re-derived, 0 gone, 1,200 unchanged.'
        """
        parts = (
            f"{self.new:,} {NEW}",
            f"{self.changed:,} {CHANGED}",
            f"{self.rederived:,} {REDERIVED}",
            f"{self.gone:,} {GONE}",
        )
        return f"Studies: {', '.join(parts)}, {self.unchanged:,} unchanged."

    def few(self) -> Iterable[str]:
        """Yield a line with NCT numbers for each kind of change that few studies have."""
        from kg.store.changes import FEW

        for kind, studies in self.studies.items():
            if len(studies) <= FEW:
                yield f"{kind.capitalize()}: {', '.join(studies)}."


def _overall(kinds: list[str]) -> str:
    """Return the kind of several changes of one study, one after the other; empty if it came and went."""
    was_absent, is_absent = kinds[0] == NEW, kinds[-1] == GONE
    if was_absent or is_absent:
        return "" if was_absent and is_absent else GONE if is_absent else NEW
    return REDERIVED if set(kinds) == {REDERIVED} else CHANGED
