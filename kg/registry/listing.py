"""All pages of a listing for one data version of the registry.

Page tokens die when the data version changes, and studies may change or vanish between two pages. So the data version
is read before and after, and the studies that came are compared with the number that the first page announced; a
listing that does not agree is started again, a few times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from kg.errors import KGError, SourceError, public_url
from kg.http.client import ResponseError
from kg.registry.api import PAGE_SIZE, Api, Version
from kg.registry.page import Page

ROUNDS = 3
"""The most times that a listing is read from its start."""
_DEAD_TOKEN = frozenset({400, 404, 410})
"""Statuses of the answer to a page token that the server does not know any more."""
_MAX_EMPTY = 20
"""The most pages without studies, one after another, that have a token."""

Parameters = Mapping[str, str]
Seen = Callable[[int, int | None], None]
"""Called after each page with the number of studies so far, and that of all if it is known."""


class PageEntry(NamedTuple):
    """What is kept of a page: the listing it belongs to, the token of the next page, the announced total, its ids."""

    listing: int
    token: str | None
    total: int | None
    ids: tuple[str, ...]
    aliases: Mapping[str, str] = {}


class Pages(Protocol):
    """Where the pages of listings go, in their order."""

    version: str
    """The data version of the pages, empty if there are none."""
    entries: list[PageEntry]

    def restart(self, version: str) -> None:
        """Drop all pages, and note the data version of those that follow."""

    def add(self, entry: PageEntry, studies: Mapping[str, bytes]) -> None:
        """Keep a page, with the records of those of its studies that are on no page of another listing."""


@dataclass(slots=True)
class PagesInMemory:
    """Pages in memory; ``studies`` has the records by NCT number."""

    version: str = ""
    entries: list[PageEntry] = field(default_factory=list)
    studies: dict[str, bytes] = field(default_factory=dict)

    def restart(self, version: str) -> None:
        """Drop all pages."""
        self.version = version
        self.entries.clear()
        self.studies.clear()

    def add(self, entry: PageEntry, studies: Mapping[str, bytes]) -> None:
        """Keep a page."""
        self.entries.append(entry)
        self.studies.update(studies)


class Listing(NamedTuple):
    """Listings that were read completely: the versions they are of, and their studies.

    ``total`` is the number of studies that the registry announces, which is more than those in ``ids`` if a limit was
    set, or if a study is in several listings. ``aliases`` are former NCT numbers of the studies.
    """

    version: Version
    total: int
    ids: frozenset[str]
    aliases: Mapping[str, str]


class _InconsistentError(KGError):
    """A round of listings that does not agree with itself; the message is a clause."""


def read_listings(
    api: Api, params: Sequence[Parameters], pages: Pages, *, limit: int | None = None, seen: Seen = lambda *_: None
) -> Listing:
    """Read listings to their ends, or ``limit`` studies of them; what ``pages`` has of the same data version is kept.

    Raises :class:`~kg.errors.SourceError` if the listings cannot be read for one data version in :data:`ROUNDS`
    rounds, and :class:`~kg.http.client.ResponseError` for an answer that ends them.
    """
    problem = ""
    for _ in range(ROUNDS):
        version = api.version()
        if pages.version != version.data:
            pages.restart(version.data)
        try:
            _read(api, params, pages, limit, seen)
            if api.version() == version:
                return _listing(version, pages.entries)
            problem = "the data of the registry were replaced in the meantime"
        except _InconsistentError as error:
            problem = str(error)
        pages.restart("")
    problem = f"the studies could not be listed completely in {ROUNDS} attempts, as {problem}; try again later"
    raise SourceError(problem, file=public_url(api.base))


def _listing(version: Version, entries: Sequence[PageEntry]) -> Listing:
    total = sum(entry.total or 0 for entry in entries)
    ids = frozenset(number for entry in entries for number in entry.ids)
    return Listing(version, total, ids, {alias: to for entry in entries for alias, to in entry.aliases.items()})


def _read(api: Api, params: Sequence[Parameters], pages: Pages, limit: int | None, seen: Seen) -> None:
    for number, parameters in enumerate(params):
        for _ in _Reader(api, parameters, number, pages, limit):
            done = sum(len(entry.ids) for entry in pages.entries)
            total = sum(entry.total or 0 for entry in pages.entries) if number + 1 == len(params) else None
            seen(done, min(total, limit) if total and limit else total)


class _Reader:
    """Reads the pages of one listing that are not there yet."""

    def __init__(self, api: Api, params: Parameters, number: int, pages: Pages, limit: int | None) -> None:
        self._api, self._params, self._number, self._pages = api, params, number, pages
        own = [entry for entry in pages.entries if entry.listing == number]
        self._others = {id_ for entry in pages.entries if entry.listing != number for id_ in entry.ids}
        self._ids = {id_ for entry in own for id_ in entry.ids}
        self._tokens = [entry.token for entry in own]
        self._total = own[0].total or 0 if own else 0
        self._limit = None if limit is None else limit - len(self._others)
        self._empty = 0

    def __iter__(self) -> Iterator[None]:
        while not self._is_done():
            self._next()
            yield
        wanted = self._total if self._limit is None else min(self._total, self._limit)
        if len(self._ids) != wanted:
            raise _InconsistentError(f"{len(self._ids):,} studies came of {wanted:,} that were announced")

    def _is_done(self) -> bool:
        is_full = self._limit is not None and len(self._ids) >= self._limit
        return is_full or self._tokens[-1:] == [None]

    def _next(self) -> None:
        page = self._page(self._tokens[-1] if self._tokens else None)
        self._check(page)
        self._total += page.total or 0
        self._ids.update(page.ids)
        self._tokens.append(page.token)
        entry = PageEntry(self._number, page.token, page.total, page.ids, page.aliases)
        pairs = zip(page.ids, page.studies, strict=True)
        self._pages.add(entry, {number: study for number, study in pairs if number not in self._others})

    def _page(self, token: str | None) -> Page:
        size = PAGE_SIZE if self._limit is None else min(PAGE_SIZE, self._limit - len(self._ids))
        try:
            return self._api.page(self._params, token, size=size)
        except ResponseError as error:
            if token is not None and error.status in _DEAD_TOKEN:
                raise _InconsistentError(f"the next page could not be read ({error.problem})") from error
            raise

    def _check(self, page: Page) -> None:
        """Raise an error for a page that cannot be part of a listing, so that no listing is endless."""
        self._empty = 0 if page.ids else self._empty + 1
        if page.token is not None and page.token in self._tokens:
            raise _InconsistentError("the server repeated a page token")
        if self._empty > _MAX_EMPTY:
            raise _InconsistentError(f"the server sent {self._empty} pages without studies")
        if len(set(page.ids)) < len(page.ids) or not self._ids.isdisjoint(page.ids):
            raise _InconsistentError("a study came twice")
