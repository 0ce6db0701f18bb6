"""The report of a run: counts of what was read, exported, rejected, repaired and left out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kg.errors import FieldError, Incomplete, InputError, Repaired, Skipped, Superseded
from kg.export.study_index import Totals

_NONE = Totals(0, 0, 0, 0, 0, None, None)


@dataclass(slots=True)
class Report:
    """Counts and problems of a run; ``on_problem`` is called with every problem as it occurs.

    ``read`` counts records, ``rejected`` lost records and files, ``superseded`` records replaced by newer ones,
    ``fields`` the field warnings, ``repaired`` the repaired URLs, ``skipped`` files without studies and JSON around
    studies, and ``incomplete`` results of which pages are missing. ``problems`` has the first ``max_problems`` problems
    other than repaired and skipped ones. ``totals`` are counts of the output.
    """

    on_problem: Callable[[InputError], None] = lambda _: None
    max_problems: int = 10
    read: int = 0
    rejected: int = 0
    superseded: int = 0
    fields: int = 0
    repaired: int = 0
    skipped: int = 0
    incomplete: int = 0
    totals: Totals = _NONE
    problems: list[InputError] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def problem(self, error: InputError) -> None:
        """Count a problem, keep it if it is one of the first, and pass it on."""
        if isinstance(error, Repaired | Skipped):
            self.repaired += isinstance(error, Repaired)
            self.skipped += isinstance(error, Skipped)
            self.on_problem(error)
            return
        if isinstance(error, FieldError):
            self.fields += 1
        elif isinstance(error, Superseded):
            self.superseded += 1
        elif isinstance(error, Incomplete):
            self.incomplete += 1
        else:
            self.rejected += 1
        if len(self.problems) < self.max_problems:
            self.problems.append(error)
        self.on_problem(error)

    @property
    def lossless(self) -> bool:
        """Whether every record and file of the input is in the output."""
        return self.rejected == 0

    @property
    def more(self) -> int:
        """The number of problems that are not in ``problems``."""
        return self.fields + self.superseded + self.incomplete + self.rejected - len(self.problems)

    def summary(self) -> str:
        """Return the counts in one sentence."""
        totals = self.totals
        parts = [
            f"{self.read:,} read",
            f"{totals.studies:,} exported",
            f"{self.rejected:,} rejected",
            f"{self.superseded:,} superseded" if self.superseded else "",
            _counted(self.skipped, "file or part without studies", "files or parts without studies") + " skipped"
            if self.skipped
            else "",
            _counted(self.incomplete, "incomplete result") if self.incomplete else "",
            f"{totals.triples:,} triples",
            _counted(self.fields, "field warning"),
            f"{_counted(self.repaired, 'URL')} repaired" if self.repaired else "",
            f"{totals.unmapped:,} values kept unmapped",
            f"{totals.withheld:,} contact values left out (--contacts keeps them)" if totals.withheld else "",
            f"{totals.masked:,} e-mail addresses in texts masked" if totals.masked else "",
            f"{time.monotonic() - self.started:.1f} s",
        ]
        return "Studies: " + ", ".join(part for part in parts if part) + "."

    def manifest(self, sha256: str, name: str, format_name: str, version: str) -> dict[str, Any]:
        """Return the manifest of an output file; the same input gives the same manifest."""
        totals = self.totals
        return {
            "file": name,
            "format": format_name,
            "studies": totals.studies,
            "triples": totals.triples,
            "sha256": sha256,
            "versionHolder": {"first": totals.first, "last": totals.last},
            "rejected": self.rejected,
            "superseded": self.superseded,
            "skipped": self.skipped,
            "incomplete": self.incomplete,
            "fieldsReported": self.fields,
            "addressesRepaired": self.repaired,
            "valuesUnmapped": totals.unmapped,
            "contactValuesLeftOut": totals.withheld,
            "addressesMasked": totals.masked,
            "tool": f"kg {version}",
        }


def _counted(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
