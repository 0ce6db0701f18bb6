"""The studies of an update by what happened to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

FEW = 10
"""The NCT numbers of so many studies are shown."""
_SHOWN = {"added": "Added", "replaced": "Replaced", "removed": "Removed", "missing": "Not in the input"}
_NAMES = {"older": "older than in the store", "missing": "not in the input (prune removes them)"}
_ALWAYS = ("added", "replaced", "unchanged")


@dataclass(slots=True)
class Changes:
    """Counts of the studies of an update by what happened to them; ``studies`` has their NCT numbers.

    ``removed`` and ``missing`` count studies of the store that are not in the input, with and without ``prune``.
    """

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = 0
    removed: int = 0
    missing: int = 0
    studies: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)

    def count(self, kind: str, study: str) -> None:
        """Count a study under the name of a field."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.studies.setdefault(kind, []).append(study)

    def summary(self) -> str:
        """Return the counts in one sentence."""
        counts = {kind: getattr(self, kind) for kind in (*_ALWAYS, "older", "removed", "missing")}
        parts = [f"{n:,} {_NAMES.get(kind, kind)}" for kind, n in counts.items() if n or kind in _ALWAYS]
        return f"Studies: {', '.join(parts)}."

    def few(self) -> Iterator[str]:
        """Yield a line with NCT numbers for each kind of change that few studies have."""
        for kind, name in _SHOWN.items():
            studies = self.studies.get(kind, [])
            if 0 < len(studies) <= FEW:
                yield f"{name}: {', '.join(studies)}."

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield a row for each study, for ``--report``."""
        for kind, studies in self.studies.items():
            yield from ({"kind": kind, "nctId": study} for study in studies)
