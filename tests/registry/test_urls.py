"""URLs of listings as inputs of any command: all pages, or an error."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import kg
from kg.http import retries
from tests.conftest import STUDIES
from tests.integration.api_server import ApiServer, serve

RECORDS = [json.loads(path.read_text("utf-8")) for path in STUDIES]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MAX_WAIT", 0.01)
    monkeypatch.setattr("kg.records.urls.PAGE_INTERVAL", 0.0)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    server = ApiServer(RECORDS)
    with serve(server):
        yield server


def read(server: ApiServer, query: str = "pageSize=4") -> tuple[int, list[kg.InputError]]:
    problems: list[kg.InputError] = []
    records = [*kg.read(f"{server.url}/studies?{query}", reject=problems.append)]
    return len(records), problems


def test_all_pages_of_a_listing_are_read(server: ApiServer) -> None:
    assert read(server) == (len(RECORDS), [])
    assert read(server, "pageSize=5&filter.overallStatus=COMPLETED")[1] == []


@pytest.mark.parametrize(
    "kind",
    [
        *("html", "html as json", "empty", "null", "another shape", "short", "no token", "study left out"),
        *("no studies", "move", "dead token", "vanish first", "same page"),
    ],
)
@pytest.mark.parametrize("at", [2, 5])
def test_no_study_is_lost_without_an_error(server: ApiServer, kind: str, at: int) -> None:
    server.inject(kind, at=at, path="/studies")
    count, problems = read(server)
    assert count >= len(server.records) or any(
        not isinstance(problem, kg.FieldError | kg.Incomplete | kg.Skipped) for problem in problems
    )
    assert server.faults[0].hits == 1


@pytest.mark.parametrize("kind", ["500", "503", "429", "cut", "reset"])
def test_faults_that_pass_are_no_problem(server: ApiServer, kind: str) -> None:
    server.inject(kind, at=3, times=2, path="/studies")
    assert read(server) == (len(RECORDS), [])


def test_the_number_of_studies_that_are_missing_is_said(server: ApiServer) -> None:
    server.inject("study left out", at=3, path="/studies")
    _, problems = read(server)
    total = len(RECORDS)
    assert [str(problem) for problem in problems] == [
        f"{server.url}/studies: only {total - 1} of {total} studies came, as the listing changed; try again."
    ]
