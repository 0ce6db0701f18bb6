"""Twenty plain queries give the same rows in every engine: those that the JSON records have.

They count, sum and average over joined labels, without DISTINCT, as anybody would; the engines, and how each of them is
started, are those of ``engines.py``. The records that ship with the project are queried in every run of the tests, in
the engines that need no server. With ``KG_ALL`` set, the 1,659 real records go to all of them, which takes about six
minutes on two cores; ``python -m tests.plain`` prints the tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.plain.engines import LOCAL, REMOTE
from tests.plain.queries import QUERIES
from tests.plain.run import Run, running, tables
from tests.plain.sql import SQL
from tests.servers import Missing

ALL = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The records: they hold names of persons, and are not shipped."""

everywhere = [
    pytest.mark.skipif(not os.environ.get("KG_ALL"), reason="it takes minutes: set KG_ALL"),
    pytest.mark.skipif(not ALL.exists(), reason="the 1,659 records are not here"),
]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(DATA / "studies", tmp_path_factory.mktemp("shipped"), LOCAL) as run:
        yield run


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(ALL, tmp_path_factory.mktemp("real"), [*LOCAL, *REMOTE]) as run:
        yield run


def check(run: Run, engine: str, query: str) -> None:
    try:
        answers = run.answers(engine)
    except Missing as error:
        if os.environ.get("KG_CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    assert run.difference(answers, query) == ""


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("engine", LOCAL)
def test_the_shipped_records(shipped: Run, engine: str, query: str) -> None:
    check(shipped, engine, query)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("engine", [*LOCAL, *REMOTE])
@pytest.mark.usefixtures("real")
class TestRealRecords:
    pytestmark = everywhere

    def test_the_real_records(self, real: Run, engine: str, query: str) -> None:
        check(real, engine, query)


def test_the_queries_are_twenty_and_plain() -> None:
    assert len(QUERIES) == 20
    assert SQL.keys() == QUERIES.keys()
    texts = [*(query.body for query in QUERIES.values()), *SQL.values()]
    assert not [text for text in texts if "DISTINCT" in text.upper()]
    assert all("GROUP BY" in text for text in texts)


def test_every_query_has_rows(shipped: Run) -> None:
    assert all(shipped.whole.rows[query] for query in QUERIES)


def test_the_tables_say_what_differs(shipped: Run) -> None:
    right = shipped.whole
    wrong = right._replace(engine="other", rows=dict(right.rows) | {"arms_per_study": RuntimeError("no answer")})
    shown = tables(shipped, [right, wrong]).splitlines()
    assert shown[2].endswith("| 20 of 20 |")
    assert shown[3].endswith("| 19 of 20 |")
    assert shown[-1] == "other, arms_per_study: no answer"
