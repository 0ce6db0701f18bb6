"""The comparisons that bring a copy to one data version of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kg.errors import RecordError, SourceError, public_url
from kg.export.report import Report
from kg.registry.api import Api, Version
from kg.registry.changes import GONE, Change
from kg.registry.comparison import FIELDS, Applied, MovedError, RemoteDates, is_too_many, plan, window_start
from kg.registry.fetch import Watch
from kg.registry.listing import read_listings
from kg.registry.selection import Selection
from kg.registry.sync_journal import SyncJournal
from kg.registry.targets import Target

ROUNDS = 5
"""The most comparisons of a run; there is another one if the data of the registry changed in the meantime."""


@dataclass(slots=True)
class Rounds:
    """The rounds of one run; ``lost`` has the studies whose records the copy cannot have."""

    api: Api
    selection: Selection
    target: Target
    journal: SyncJournal
    report: Report
    watch: Watch
    lost: set[str] = field(default_factory=set)

    def complete(self, data_version: str, prune_limit: float | None) -> Version:
        """Compare the copy until it is of one data version, which is returned; ``data_version`` is the present one.

        Raises :class:`~kg.errors.SourceError` if more studies vanished than may, or the data changed in every round.
        """
        for _ in range(ROUNDS):
            if version := self._round(window_start(data_version), prune_limit):
                return version
        problem = (
            f"the data of the registry changed in each of {ROUNDS} comparisons; what was fetched until then is in"
            f" {self.target.name}, and the same command goes on from there"
        )
        raise SourceError(problem, file=public_url(self.api.base))

    def _round(self, since: str, prune_limit: float | None) -> Version | None:
        """Compare the copy with the registry; return the data version that it has then, if it is one."""
        remote = RemoteDates()
        params = self.selection.params(fields=FIELDS)
        version = read_listings(self.api, params, remote, seen=self.watch.listed).version
        local, compared = self.target.dates(), self.journal.compared(version.data)
        todo = plan(local, remote.dates, since=since, compared=compared, full=self.journal.is_full)
        if is_too_many(len(todo.gone), len(local), len(remote.dates), prune_limit):
            raise self._refusal(len(todo.gone), len(local))
        if not self._fetch(version, todo.fetched, len(remote.dates)):
            return None
        for study in todo.gone:
            self.journal.add(Change(study, GONE, self.target.title(study), version.data), "")
            self.target.remove(study)
        is_equal = {*self.target.studies()} - self.lost == remote.dates.keys() - self.lost
        return version if is_equal else None

    def _refusal(self, gone: int, local: int) -> SourceError:
        problem = (
            f"no longer lists {gone:,} of the {local:,} studies in {self.target.name}, so none was removed;"
            f" if that is right, allow it with --prune-limit {-(-100 * gone // local)}"
        )
        return SourceError(problem, file=public_url(self.api.base))

    def _fetch(self, version: Version, studies: list[str], total: int) -> bool:
        """Fetch records and apply them; return whether all came, of this data version.

        Most of the ``total`` studies of the selection are fetched with all others, on fewer pages than by their ids.
        """
        if not studies:
            return True
        batch = _Batch(self, version.data, len(studies), set(studies))
        selection = self.selection if 2 * len(studies) > total else Selection.of(ids=studies)
        try:
            read_listings(self.api, selection.params(), Applied(version.data, batch.apply))
        except MovedError:
            return False
        return not batch.wanted


@dataclass(slots=True)
class _Batch:
    """The records that a round fetches; ``wanted`` has the studies whose records did not come yet."""

    rounds: Rounds
    version: str
    total: int
    wanted: set[str]

    def apply(self, studies: Mapping[str, bytes]) -> None:
        """Compare records with the copy, and change what differs."""
        numbers = [study for study in studies if study in self.wanted]
        for study in numbers:
            self._apply(study, studies[study])
        self.wanted.difference_update(numbers)
        self.rounds.watch.seen(self.total - len(self.wanted), self.total)
        if self.rounds.journal.is_full:
            self.rounds.journal.add_compared(self.version, numbers)

    def _apply(self, study: str, record: bytes) -> None:
        rounds = self.rounds
        rounds.report.read += 1
        try:
            difference = rounds.target.compare(study, record)
        except RecordError as error:
            if study not in rounds.lost:
                rounds.report.problem(error.with_traceback(None))  # which would keep the store open
            rounds.lost.add(study)
            return
        rounds.lost.discard(study)
        if difference:
            change = Change(study, difference.kind, difference.title, self.version, difference.values)
            rounds.journal.add(change, difference.digest)
            rounds.target.apply(difference)
