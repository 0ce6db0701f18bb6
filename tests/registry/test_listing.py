"""Listings: every study of one data version, or an error."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import kg
from kg.http import retries
from kg.registry.api import Api
from kg.registry.listing import ROUNDS, Listing, PageEntry, PagesInMemory, read_listings
from kg.registry.selection import Selection
from tests.loopback import Reply, Request
from tests.registry.registry import DAY, Registry, running, study

LATER = "2026-11-30T09:00:05"
ALL = [{"query.cond": "x"}]
NUMBERS = [f"NCT{number:08}" for number in range(1, 8)]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MAX_WAIT", 0.01)


@pytest.fixture
def registry() -> Registry:
    return Registry([study(number) for number in range(1, 8)])


def read(registry: Registry, pages: PagesInMemory | None = None, limit: int | None = None) -> Listing:
    with running(registry) as server, Api(server.url, rate=0) as api:
        listing = read_listings(api, ALL, PagesInMemory() if pages is None else pages, limit=limit)
        registry.requests = [request for request in server.requests if request.target.startswith("/studies")]  # type: ignore[attr-defined]
        return listing


def test_all_pages_are_read_to_the_end(registry: Registry) -> None:
    pages = PagesInMemory()
    listing = read(registry, pages)
    assert sorted(listing.ids) == NUMBERS
    assert (listing.version.data, listing.total) == (DAY, 7)
    assert [*pages.studies] == NUMBERS
    assert [json.loads(record) for record in pages.studies.values()] == registry.studies


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_a_token_on_the_last_full_page_leads_to_an_empty_page(registry: Registry, size: int) -> None:
    registry.page = size
    assert len(read(registry).ids) == 7


def test_an_empty_listing_is_no_error(registry: Registry) -> None:
    registry.studies = []
    assert read(registry) == Listing(read(registry).version, 0, frozenset(), {})


def test_a_limit_reads_no_more_than_that(registry: Registry) -> None:
    listing = read(registry, limit=3)
    assert (sorted(listing.ids), listing.total) == (NUMBERS[:3], 7)
    assert len(read(registry, limit=9).ids) == 7


def test_it_starts_again_when_the_data_version_moves_in_the_middle(registry: Registry) -> None:
    def move(request: Request) -> None:
        if request.number == 3:
            registry.version = LATER
            registry.studies = registry.studies[1:]

    registry.before = move
    pages = PagesInMemory()
    listing = read(registry, pages)
    assert (listing.version.data, sorted(listing.ids), [*pages.studies]) == (LATER, NUMBERS[1:], NUMBERS[1:])


def test_it_starts_again_when_the_data_version_moves_at_the_end(registry: Registry) -> None:
    registry.versions = [DAY, LATER]
    assert len(read(registry).ids) == 7


def vanish(registry: Registry, at: Iterator[int]) -> None:
    """Remove the first study before some requests."""
    numbers = set(at)

    def before(request: Request) -> None:
        if request.number in numbers:
            registry.studies = registry.studies[1:]

    registry.before = before


def test_it_starts_again_when_a_study_vanishes_between_pages(registry: Registry) -> None:
    vanish(registry, iter([2]))
    assert sorted(read(registry).ids) == NUMBERS[1:]


def test_a_listing_that_never_agrees_is_an_error(registry: Registry) -> None:
    registry.studies = [study(number) for number in range(1, 30)]
    vanish(registry, iter(range(100)))
    with pytest.raises(kg.SourceError) as error:
        read(registry)
    assert f"the studies could not be listed completely in {ROUNDS} attempts, as " in str(error.value)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ({"studies": [study(1)], "totalCount": 2, "nextPageToken": "a"}, "the server repeated a page token"),
        ({"studies": [study(1), study(1)], "totalCount": 2}, "a study came twice"),
        ({"studies": [study(1)], "totalCount": 2}, "1 studies came of 2 that were announced"),
        ({"studies": [study(1), study(2)], "totalCount": 1}, "2 studies came of 1 that were announced"),
    ],
)
def test_a_server_that_contradicts_itself_is_an_error(registry: Registry, page: object, reason: str) -> None:
    numbers = iter(range(100, 1000))

    def before(request: Request) -> Reply:
        if "pageToken" not in request.params:
            return Reply(json.dumps(page))
        return Reply(json.dumps({"studies": [study(next(numbers))], "nextPageToken": "a"}))

    registry.before = before
    with pytest.raises(kg.SourceError, match=reason):
        read(registry)


def test_pages_without_studies_have_an_end(registry: Registry) -> None:
    registry.before = lambda request: Reply(
        json.dumps({"studies": [], "totalCount": 3, "nextPageToken": str(request.number)})
    )
    with pytest.raises(kg.SourceError, match="21 pages without studies"):
        read(registry)


def test_what_is_there_of_the_same_version_is_not_read_again(registry: Registry) -> None:
    pages = PagesInMemory()
    with pytest.raises(ZeroDivisionError), running(registry) as server, Api(server.url, rate=0) as api:
        read_listings(api, ALL, pages, seen=lambda done, _: None if done < 4 else 1 / 0)
    assert len(pages.entries) == 2
    listing = read(registry, pages)
    assert sorted(listing.ids) == NUMBERS
    assert [request.params.get("pageToken") for request in registry.requests] == [f"{DAY}.4", f"{DAY}.6"]  # type: ignore[attr-defined]


def test_what_is_there_of_another_version_is_dropped(registry: Registry) -> None:
    pages = PagesInMemory(LATER, [PageEntry(0, None, 1, ("NCT00000099",))], {"NCT00000099": b"{}"})
    assert sorted(read(registry, pages).ids) == NUMBERS


def test_a_study_in_two_listings_is_kept_once(registry: Registry) -> None:
    registry.studies = [study(1, nctIdAliases=["NCT00000009"]), study(2)]
    pages = PagesInMemory()
    with running(registry) as server, Api(server.url, rate=0) as api:
        listings = [{"filter.ids": "NCT00000001|NCT00000002"}, {"filter.ids": "NCT00000009"}]
        listing = read_listings(api, listings, pages)
    assert (sorted(listing.ids), [*pages.studies]) == (NUMBERS[:2], NUMBERS[:2])
    assert listing.aliases == {"NCT00000009": "NCT00000001"}


def test_a_selection_of_numbers_is_read(registry: Registry) -> None:
    with running(registry) as server, Api(server.url, rate=0) as api:
        listing = read_listings(api, Selection.of(ids=NUMBERS[:3]).params(), PagesInMemory())
    assert sorted(listing.ids) == NUMBERS[:3]
