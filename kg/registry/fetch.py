"""A fetch: a selection of studies of one data version, complete, into an output of any kind.

Pages are kept in a folder beside the output, from which an interrupted run goes on; the output appears when it is
whole, with a manifest that says where it is from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kg._types import PathName, Progress
from kg._version import __version__
from kg.errors import InputError, NothingFoundError, SourceError
from kg.export.report import Report
from kg.export.run import sections_of
from kg.http.client import ResponseError
from kg.http.credentials import checked
from kg.rdf.atomic import is_stream, output_errors, system_folder
from kg.records.origin import Origin
from kg.records.sources import UNFINISHED
from kg.registry.api import API, RATE, TIMEOUT, Api, Version
from kg.registry.bulk import ARCHIVE, Bulk, bulk_url
from kg.registry.journal import Journal, now, open_journal
from kg.registry.listing import Listing, Seen, read_listings
from kg.registry.outputs import (
    ArchiveRecords,
    Change,
    Kind,
    PageRecords,
    Records,
    build_store,
    check_output,
    export_graph,
    is_written,
    kind_of,
    write_origin,
    write_records,
)
from kg.registry.page import dumped, loaded
from kg.registry.selection import Selection

_NO_BULK = frozenset({400, 403, 404, 405, 410, 501})
"""Statuses of the answer of an API without the bulk download."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is called while studies are fetched.

    ``seen`` gets the numbers of studies that came and that there are, ``listed`` the same of the list that a sync
    begins with, ``received`` the bytes that came of the bulk
    archive, ``converted`` the bytes of pages that were read for the output, and ``notice`` sentences.
    """

    seen: Seen = lambda *_: None
    received: Progress = lambda _: None
    converted: Progress | None = None
    listed: Seen = lambda *_: None
    notice: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Fetch:
    """What to fetch, from where, and how; ``without_contacts`` leaves contact data out of the records themselves."""

    selection: Selection
    api: str = API
    rate: float = RATE
    timeout: float = TIMEOUT
    limit: int | None = None
    without_contacts: bool = False
    watch: Watch = field(default_factory=Watch)

    @property
    def request(self) -> dict[str, Any]:
        """What the pages of an interrupted run depend on."""
        request = {"api": self.api.rstrip("/"), "selection": self.selection.as_dict(), "limit": self.limit}
        return request | {"withoutContacts": self.without_contacts}

    @property
    def uses_bulk(self) -> bool:
        """Whether the bulk archive has all that is needed."""
        return self.selection.everything and self.limit is None

    @property
    def change(self) -> Change | None:
        """What is done to each record before it is written."""
        return _contact_remover() if self.without_contacts else None


class Fetched(NamedTuple):
    """Records on disk with their origin, and the requested studies that the registry does not have."""

    records: Records
    origin: Origin
    missing: list[SourceError]

    def as_dict(self) -> dict[str, Any]:
        """Return the origin and the problems as JSON has them."""
        return {"origin": self.origin.as_dict(), "missing": [(error.file, error.problem) for error in self.missing]}


class Preview(NamedTuple):
    """The number of studies that match, and the URLs of what would be requested."""

    studies: int
    urls: list[str]


def preview(fetch: Fetch) -> Preview:
    """Return what a fetch would bring, with a request per listing."""
    with _api(fetch) as api:
        if fetch.uses_bulk:
            return Preview(api.size(), [bulk_url(api)])
        totals = [api.page(params, size=1).total or 0 for params in fetch.selection.params(fields="NCTId")]
        return Preview(sum(totals), [*map(api.url, fetch.selection.params())])


def fetch_to(
    fetch: Fetch,
    output: PathName,
    *,
    contacts: bool = False,
    without: Iterable[str] = (),
    describe: bool = False,
    jobs: int = 1,
    report: Report | None = None,
) -> Fetched:
    """Fetch studies to an output, ``-`` for JSON Lines on standard output; its kind follows from its name.

    The options are those of an export, for outputs that are a graph or a store. Raises
    :class:`~kg.errors.UsageError` for an output that cannot be meant, :class:`~kg.errors.NothingFoundError` if no study
    matches, :class:`~kg.errors.SourceError` if the studies could not be fetched completely, and
    :class:`~kg.errors.OutputError` where the output cannot be written.
    """
    name = os.fspath(output)
    kind = kind_of(name)
    checked(fetch.api)
    sections = sections_of(without)
    if fetched := _finished(fetch, name, kind, sections):
        return fetched
    check_output(name, kind)
    options = {"contacts": contacts, "without": sections, "jobs": jobs, "progress": fetch.watch.converted}
    options["report"] = report or Report()
    with output_errors(name), _journal(fetch, name) as journal:
        fetched = _fetched(fetch, journal)
        if not fetched.origin.studies:
            raise _nothing(fetched)
        if not kind.is_records:
            fetched = fetched._replace(origin=replace(fetched.origin, contacts=contacts))
        journal.save(fetched.as_dict())
        if kind is Kind.GRAPH:
            export_graph(fetched.records, fetched.origin, name, describe=describe, **options)
        elif kind is Kind.STORE:
            build_store(fetched.records, fetched.origin, name, **options)
        else:
            write_records(fetched.records, fetched.origin, name, kind)
        journal.remove()
    return fetched


def is_unfinished(name: str) -> bool:
    """Return whether a run was interrupted after all studies came, so that its output may be there."""
    return Journal.has_result(_journal_folder(name))


def _finished(fetch: Fetch, name: str, kind: Kind, without: tuple[str, ...]) -> Fetched | None:
    """Finish a run that was killed after its output was there; None if there is no such output.

    Only a store or a folder is not written again.
    """
    if kind not in (Kind.STORE, Kind.FOLDER) or not Path(name).exists() or not is_unfinished(name):
        return None
    with output_errors(name), _journal(fetch, name) as journal:
        if not (result := journal.result):
            return None
        records = _records(fetch, journal)
        if not is_written(records, name, kind, without):
            return None
        problems = [SourceError(problem, file=file) for file, problem in result["missing"]]
        fetched = Fetched(records, Origin.from_dict(result["origin"]), problems)
        if kind is Kind.FOLDER:
            write_origin(Path(name), fetched.origin)
        journal.remove()
        return fetched


def fetch_records(fetch: Fetch, reject: Callable[[InputError], None]) -> Iterator[dict[str, Any]]:
    """Yield the records of a fetch, after all of them were fetched; missing studies go to ``reject``."""
    with system_folder() as folder, _open(fetch, folder / "fetch") as journal:
        fetched = _fetched(fetch, journal)
        for problem in fetched.missing:
            reject(problem)
        for _, record in fetched.records.items():
            yield loaded(record)


# -- fetching ---------------------------------------------------------------------------------------------------


def _api(fetch: Fetch) -> Api:
    return Api(fetch.api, rate=fetch.rate, timeout=fetch.timeout)


def _open(fetch: Fetch, folder: Path) -> Any:
    return open_journal(folder, fetch.request, fetch.change)


def _journal_folder(name: str) -> Path:
    path = Path(os.path.realpath(name.rstrip("/")))
    return path.with_name(path.name + UNFINISHED)


def _records(fetch: Fetch, journal: Journal) -> Records:
    """Return the records in a folder in which all of them are."""
    archive = journal.folder / ARCHIVE
    return ArchiveRecords(archive, fetch.change) if archive.exists() else PageRecords(journal.pages)


@contextmanager
def _journal(fetch: Fetch, name: str) -> Iterator[Journal]:
    """Open the journal beside an output, or a temporary one for a stream; say what is kept if the run fails."""
    if is_stream(name):
        with system_folder() as folder, _open(fetch, folder / "fetch") as journal:
            yield journal
        return
    with _open(fetch, _journal_folder(name)) as journal:
        try:
            yield journal
        except NothingFoundError:
            journal.remove()
            raise
        except SourceError as error:
            raise _resumable(error, journal) from error
        except KeyboardInterrupt:
            if journal.is_worth_keeping:
                fetch.watch.notice(f"What was fetched is in {journal.folder}; the same command goes on from there.")
            raise


def _resumable(error: SourceError, journal: Journal) -> SourceError:
    """Return an error that says what is kept; without anything worth keeping, the journal is removed."""
    if not journal.is_worth_keeping:
        journal.remove()
        return error
    problem = f"{error.problem}; what was fetched is in {journal.folder}, from where the same command goes on"
    return SourceError(problem, file=error.file)


def _fetched(fetch: Fetch, journal: Journal) -> Fetched:
    """Fetch what is not in a journal yet."""
    with _api(fetch) as api:
        if fetch.uses_bulk and (fetched := _bulk(fetch, api, journal)):
            return fetched
        params = fetch.selection.params()
        listing = read_listings(api, params, journal, limit=fetch.limit, seen=fetch.watch.seen)
        missing = [*_missing(fetch, api, listing)]
    urls = tuple(map(api.url, params))
    origin = _origin(fetch, journal, listing.version, urls, journal.studies, listing.total)
    return Fetched(_records(fetch, journal), origin, missing)


def _bulk(fetch: Fetch, api: Api, journal: Journal) -> Fetched | None:
    """Download the bulk archive; None if the API has none."""
    bulk = Bulk(api, journal, fetch.watch.received)
    try:
        version = bulk.download()
    except ResponseError as error:
        if error.status not in _NO_BULK:
            raise
        bulk.drop()
        fetch.watch.notice(f"There is no bulk download ({error.problem}), so all pages are fetched.")
        return None
    origin = _origin(fetch, journal, version, (bulk.url,), bulk.studies, bulk.studies)
    return Fetched(_records(fetch, journal), origin, [])


def _origin(
    fetch: Fetch, journal: Journal, version: Version, urls: tuple[str, ...], studies: int, total: int
) -> Origin:
    return Origin(
        api=fetch.api.rstrip("/"),
        api_version=version.api,
        data_version=version.data,
        selection=fetch.selection.as_dict(),
        urls=urls,
        studies=studies,
        total=total,
        limit=fetch.limit,
        contacts=not fetch.without_contacts,
        started=journal.started,
        finished=now(),
        tool=f"kg {__version__}",
    )


def _nothing(fetched: Fetched) -> NothingFoundError:
    error = NothingFoundError("no study matches, so nothing was written", file=fetched.origin.urls[0])
    error.causes = fetched.missing
    return error


def _missing(fetch: Fetch, api: Api, listing: Listing) -> Iterator[SourceError]:
    """Yield an error for each requested NCT number that did not come, and report aliases.

    With other parts of a selection, studies that do not match are meant to be left out; so they are with a limit.
    """
    is_exact = fetch.selection.is_of_ids and fetch.limit is None
    for number in fetch.selection.ids:
        present = listing.aliases.get(number, number)
        if is_exact and present not in listing.ids:
            try:
                present = api.study(number).number
            except ResponseError as error:
                if error.status not in (400, 404):
                    raise
                yield SourceError(error.problem, file=error.file)
                continue
            if present not in listing.ids:
                yield SourceError("is a study that the listing does not have; try again later", file=number)
        if present != number:
            fetch.watch.notice(f"{number} is {present} now, whose record was fetched.")


# -- contact data ------------------------------------------------------------------------------------------------


def _contact_remover() -> Change:
    """Return the function that removes contact data from a record."""
    from kg.export.contacts import ContactFilter
    from kg.mapping.plan import shipped_plan

    contacts = ContactFilter(shipped_plan(), contacts=False)
    return partial(_without_contacts, contacts)


def _without_contacts(contacts: Any, record: bytes) -> bytes:
    return dumped(contacts.record(loaded(record)))
