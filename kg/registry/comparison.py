"""One comparison of a copy with the registry: the ids and days of posting of all studies, and what to fetch of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from kg.errors import KGError
from kg.registry.listing import PageEntry
from kg.registry.page import loaded
from kg.registry.targets import posted

FIELDS = "NCTId|LastUpdatePostDate"
"""The fields of the listing of all studies, which is small enough to be read in each run."""
OVERLAP = timedelta(days=2)
"""Records that were posted in these days before the data version of the copy are compared again, whatever their dates:
a record may be posted twice on one day, and what the registry derives from it may follow later."""
PRUNE_LIMIT, PRUNE_FEW = 5.0, 10
"""Studies that may vanish in one run: a percentage of the copy, or so many studies if that is more."""


@dataclass(slots=True)
class RemoteDates:
    """The studies of the registry with their days of posting (:class:`~kg.registry.listing.Pages`)."""

    version: str = ""
    entries: list[PageEntry] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)

    def restart(self, version: str) -> None:
        """Drop all pages."""
        self.version = version
        self.entries.clear()
        self.dates.clear()

    def add(self, entry: PageEntry, studies: Mapping[str, bytes]) -> None:
        """Keep the dates of a page."""
        self.entries.append(entry)
        for number, record in studies.items():
            self.dates[number] = posted(loaded(record))


class MovedError(KGError):
    """The data of the registry changed while records of one version were fetched."""


@dataclass(slots=True)
class Applied:
    """Records of one data version, which are passed on as they come (:class:`~kg.registry.listing.Pages`).

    Nothing is kept of the pages. Raises :class:`MovedError` if the data version is another one, or the pages do not
    agree.
    """

    version: str
    apply: Callable[[Mapping[str, bytes]], None]
    entries: list[PageEntry] = field(default_factory=list)

    def restart(self, version: str) -> None:
        """Raise an error, as records that were applied are not dropped."""
        raise MovedError(version)

    def add(self, entry: PageEntry, studies: Mapping[str, bytes]) -> None:  # noqa: ARG002 -- as Pages has it
        """Pass on the records of a page."""
        self.apply(studies)


class Plan(NamedTuple):
    """The studies whose records are to be fetched, sorted, and those that the registry no longer has."""

    fetched: list[str]
    gone: list[str]


def plan(
    local: Mapping[str, str], remote: Mapping[str, str], *, since: str, compared: Collection[str] = (), full: bool
) -> Plan:
    """Compare the days of posting of the studies in a copy and in the registry.

    Records are fetched of studies that are new, that were posted on another day, or on the day ``since`` or later; with
    ``full``, of all, except those that were ``compared``.

    >>> local = {"NCT00000001": "2020-01-01", "NCT00000002": "2020-01-01", "NCT00000003": ""}
    >>> remote = {"NCT00000001": "2020-01-01", "NCT00000002": "2020-02-01", "NCT00000004": ""}
    >>> plan(local, remote, since="2026-11-25", full=False)
    Plan(fetched=['NCT00000002', 'NCT00000004'], gone=['NCT00000003'])
    """

    def is_due(study: str) -> bool:
        if local.get(study) != remote[study]:
            return True
        return (full or remote[study] >= since) and study not in compared

    return Plan(sorted(filter(is_due, remote)), sorted(local.keys() - remote.keys()))


def window_start(data_version: str) -> str:
    """Return the first day of posting whose records are compared again; empty, for all of them, if it is not known.

    >>> window_start("2026-11-27T09:00:05"), window_start("unknown")
    ('2026-11-25', '')
    """
    try:
        return (datetime.fromisoformat(data_version) - OVERLAP).date().isoformat()
    except ValueError:
        return ""


def is_too_many(gone: int, local: int, remote: int, limit: float | None) -> bool:
    """Return whether more studies vanished than a run removes; ``limit`` is a percentage, or None for the default.

    >>> is_too_many(6, 100, 94, 5.0), is_too_many(6, 100, 94, None), is_too_many(6, 6, 0, None)
    (True, False, True)
    """
    if limit is not None:
        return 100 * gone > limit * local
    return gone > 0 and (not remote or gone > max(PRUNE_FEW, PRUNE_LIMIT * local / 100))
