"""A copy of the registry that is kept current: a store or a folder equals the studies of its selection afterwards.

A run lists the studies of the selection with their days of posting, and fetches the records of those that are new or
were posted on another day; a full comparison fetches all. It ends when the copy has the studies that the registry has,
for one data version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kg._types import PathName
from kg._version import __version__
from kg.errors import UsageError
from kg.export.report import Report
from kg.export.run import sections_of
from kg.rdf.atomic import check_outputs
from kg.records.origin import Origin
from kg.registry.api import API, RATE, TIMEOUT, Api, Version
from kg.registry.change_output import check_format, write_changes
from kg.registry.changes import NEW, Change, SyncCounts
from kg.registry.fetch import Fetch, Watch, fetch_to, is_unfinished
from kg.registry.journal import now
from kg.registry.opening import copy_kind, exists, open_target, remembered, sections_of_copy
from kg.registry.outputs import Kind, write_origin
from kg.registry.rounds import Rounds
from kg.registry.selection import Selection
from kg.registry.sync_journal import SyncJournal, open_sync_journal
from kg.registry.targets import Target
from kg.store.registry_state import RegistryState

FULL_AFTER = timedelta(days=30)
"""Time after which all records are compared again."""


@dataclass(frozen=True, slots=True)
class Sync:
    """What to keep current, and how.

    ``selection`` and ``api`` are those of the copy if they are ``None``. ``full`` compares all records. ``prune_limit``
    is the percentage of studies that may vanish. ``contacts`` keeps contact data in a store, ``without_contacts``
    leaves it out of the records of a folder, and ``without`` leaves sections of the model out of a store. These three
    hold for a new copy, which remembers them.
    """

    selection: Selection | None = None
    api: str | None = None
    rate: float = RATE
    timeout: float = TIMEOUT
    full: bool = False
    prune_limit: float | None = None
    contacts: bool = False
    without_contacts: bool = False
    without: Sequence[str] = ()
    watch: Watch = field(default_factory=Watch)


def synchronize(
    sync: Sync, target: PathName, *, changes: Sequence[PathName] = (), report: Report | None = None
) -> SyncCounts:
    """Bring a copy to the present data version, or make it; return the counts of what changed.

    ``changes`` are files for the changes, in RDF if their names end so, else as JSON Lines. An interrupted run is
    completed: what it changed is counted and written too.

    Raises :class:`~kg.errors.UsageError` for a selection that is missing or, as sections, not that of the copy,
    :class:`~kg.errors.SourceError` if the studies cannot be fetched completely or more of them vanished than may, and
    :class:`~kg.errors.OutputError` where the copy or a file cannot be written.
    """
    name, outputs = os.fspath(target), [os.fspath(output) for output in changes]
    check_outputs([name], outputs)
    for output in outputs:
        check_format(output)
    kind = copy_kind(name)
    sync = replace(sync, without=sections_of_copy(name, kind, sections_of(sync.without)))
    state = _wanted_state(sync, name, kind, remembered(name))
    with open_sync_journal(name, {"selection": state.selection}, lambda: exists(name)) as journal:
        journal.start(is_first=not exists(name), is_full=sync.full or _is_due(state))
        try:
            return _Run(sync, name, kind, state, journal, report or Report()).complete(outputs)
        except KeyboardInterrupt:
            if not journal.is_empty:
                sync.watch.notice(f"What changed is noted in {journal.folder}; the same command goes on from there.")
            raise


def _wanted_state(sync: Sync, name: str, kind: Kind, state: RegistryState | None) -> RegistryState:
    """Return the state of a copy with the API of this run, or that of a new copy.

    Raises :class:`~kg.errors.UsageError` for a selection that is missing or another one.
    """
    selection = sync.selection and sync.selection.as_dict()
    if state is None and selection is None:
        what = "does not remember a selection" if exists(name) else "does not exist yet"
        raise UsageError(f"{name} {what}; give a selection, such as --condition, or --all.")
    if state is None:
        contacts = sync.contacts if kind is Kind.STORE else not sync.without_contacts
        return RegistryState((sync.api or API).rstrip("/"), selection or {}, contacts=contacts)
    if selection not in (None, dict(state.selection)):
        raise UsageError(
            f"{name} has another selection ({state.options}); leave the selection out, or name another copy for it."
        )
    _check_contacts(sync, name, state)
    return replace(state, api=(sync.api or state.api).rstrip("/"))


def _check_contacts(sync: Sync, name: str, state: RegistryState) -> None:
    if sync.contacts and not state.contacts:
        raise UsageError(f"{name} has no contact data; name another copy for --contacts.")
    if sync.without_contacts and state.contacts:
        raise UsageError(f"{name} has contact data; name another copy for --without-contacts.")


def _is_due(state: RegistryState) -> bool:
    """Return whether the last full comparison is long ago, or there was none."""
    try:
        return datetime.now(UTC) - datetime.fromisoformat(state.compared) > FULL_AFTER
    except (ValueError, TypeError):
        return True


@dataclass(frozen=True, slots=True)
class _Run:
    """A run on one copy, whose journal is open."""

    sync: Sync
    name: str
    kind: Kind
    state: RegistryState
    journal: SyncJournal
    report: Report
    started: str = field(default_factory=now)

    def complete(self, outputs: Sequence[str]) -> SyncCounts:
        """Make the copy or bring it up to date, write the changes, and return the counts."""
        version = None if exists(self.name) and not is_unfinished(self.name) else self._fetch()
        change = None if self.state.contacts else self._request.change
        with open_target(self.name, contacts=self.state.contacts, change=change, reject=self.report.problem) as target:
            self.journal.drop_undone(target.digest)
            version = version or self._compare(target)
            state = self._new_state(version)
            target.write_state(state)
            counts = self._counts(target, version)
            if self.kind is Kind.FOLDER:
                write_origin(Path(self.name), self._origin(state, counts.total))
            for output in outputs:
                write_changes(output, self._changes(target, version))
        self.journal.remove()
        return counts

    @property
    def _request(self) -> Fetch:
        return Fetch(
            Selection.from_dict(self.state.selection),
            api=self.state.api,
            rate=self.sync.rate,
            timeout=self.sync.timeout,
            without_contacts=self.kind is Kind.FOLDER and not self.state.contacts,
            watch=self.sync.watch,
        )

    def _fetch(self) -> Version:
        """Make the copy."""
        contacts, without = self.state.contacts, self.sync.without
        fetched = fetch_to(self._request, self.name, contacts=contacts, without=without, report=self.report)
        for problem in fetched.missing:
            self.report.problem(problem)
        return Version(fetched.origin.api_version, fetched.origin.data_version)

    def _compare(self, target: Target) -> Version:
        """Bring the copy to a data version."""
        with Api(self.state.api, rate=self.sync.rate, timeout=self.sync.timeout) as api:
            rounds = Rounds(api, self._request.selection, target, self.journal, self.report, self.sync.watch)
            return rounds.complete(self.state.data_version, self.sync.prune_limit)

    def _new_state(self, version: Version) -> RegistryState:
        time = now()
        compared = time if self.journal.is_full else self.state.compared
        return replace(self.state, data_version=version.data, api_version=version.api, compared=compared, updated=time)

    def _origin(self, state: RegistryState, total: int) -> Origin:
        """Return what the manifest of a folder says of the registry."""
        with Api(state.api) as api:
            urls = tuple(map(api.url, self._request.selection.params()))
        return Origin(
            api=state.api,
            api_version=state.api_version,
            data_version=state.data_version,
            selection=state.selection,
            urls=urls,
            studies=total,
            total=total,
            limit=None,
            contacts=state.contacts,
            started=self.started,
            finished=state.updated,
            tool=f"kg {__version__}",
        )

    def _counts(self, target: Target, version: Version) -> SyncCounts:
        total = len(target.studies())
        if self.journal.is_first:
            return SyncCounts(new=total, data_version=version.data)
        return SyncCounts.of(self.journal.kinds, total, version.data)

    def _changes(self, target: Target, version: Version) -> Iterator[Change]:
        """Yield the changes of the run; of a copy that it made, every study is new."""
        if not self.journal.is_first:
            return self.journal.changes()
        return (Change(study, NEW, title, version.data) for study, title in target.titles())
