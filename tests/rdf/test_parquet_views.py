"""The SQL views over Parquet files, in DuckDB and Polars, against SPARQL and the ontology."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyoxigraph as ox
import pytest

import kg
from kg.errors import OntologyError
from kg.ontology.vocabulary import BASE
from kg.query.library import library_query
from kg.rdf.parquet_views import SHORTENED, view_statements
from kg.rdf.views import View, parse_views, views
from kg.store.dataset import load_dataset
from tests.answers import comparable
from tests.answers.__main__ import RECORDS
from tests.conftest import DATA, SEED

TOP = Path(__file__).parents[2]
QUERIES = sorted((TOP / "queries").glob("*.sql"))
PAGE = (TOP / "docs" / "sql.md").read_text("utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```\n+```text\n(.*?)```", PAGE, re.DOTALL)
Rows = list[list[str]]
Ask = Callable[[str], Rows]


def cell(value: Any) -> str:
    """A value as text: dates in ISO format, IRIs without the namespace that the views remove, decimals in full."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{Decimal(repr(value)):f}" if isinstance(value, float) else str("" if value is None else value)
    return next((text.removeprefix(space) for space in SHORTENED.values() if text.startswith(space)), text)


def rows(found: Iterable[Iterable[Any]]) -> Rows:
    return comparable([[cell(value) for value in row] for row in found])


def in_duckdb(file: Path, *, base: str = BASE) -> Ask:
    database = duckdb.connect()
    for statement in view_statements(file, base=base):
        database.execute(statement)
    return lambda query: rows(database.execute(query).fetchall())


def in_polars(file: Path, *, base: str = BASE) -> Ask:
    context = pl.SQLContext[Any]()
    for statement in view_statements(file, tables=True, base=base):
        context.execute(statement)
    return lambda query: rows(context.execute(query, eager=True).rows())


ENGINES = [in_duckdb, in_polars]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All records of the tests as Parquet."""
    path = tmp_path_factory.mktemp("views") / "trials.parquet"
    kg.export([*map(str, RECORDS)], path, reject=lambda _: None)
    return path


@pytest.fixture(scope="module")
def store(file: Path) -> ox.Store:
    loaded = load_dataset(file)
    assert isinstance(loaded, ox.Store)
    return loaded


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine.__name__)
def ask(request: pytest.FixtureRequest, file: Path) -> Ask:
    engine: Callable[[Path], Ask] = request.param
    return engine(file)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_gives_the_rows_of_the_sparql_query_of_its_name(ask: Ask, store: ox.Store, path: Path) -> None:
    answer = kg.query(path.stem, store)
    expected = rows(row.values() for row in answer)
    assert expected
    assert ask(path.read_text("utf-8")) == expected


def test_there_are_at_least_ten_queries() -> None:
    assert len(QUERIES) >= 10
    assert all(library_query(path.stem) for path in QUERIES)


LINKS = {name: view for name, view in views().items() if isinstance(view, View) and view.links}


@pytest.mark.parametrize("name", views())
def test_both_engines_have_the_same_rows(file: Path, name: str) -> None:
    first, second = (sorted(engine(file)(f"SELECT * FROM {name}")) for engine in ENGINES)
    assert first
    assert first == second


def count(store: ox.Store, pattern: str) -> str:
    return str(kg.query(f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}", store)[0]["n"])


@pytest.mark.parametrize("name", LINKS)
def test_no_row_and_no_value_is_missing(store: ox.Store, ask: Ask, name: str) -> None:
    """A property with several values, of which a column can show one, would have more of them in the graph."""
    view = LINKS[name]
    pattern = f"VALUES ?link {{ {' '.join(f'<{property_}>' for property_ in view.links)} }} ?s ?link ?o"
    assert ask(f"SELECT COUNT(*) FROM {name}") == [[count(store, pattern)]]
    for column in view.columns:
        found = ask(f"SELECT COUNT({column.name}) FROM {name}")
        assert found == [[count(store, f"{pattern} . ?o <{column.property}> ?value")]], column.name


def test_studies_are_complete(store: ox.Store, ask: Ask) -> None:
    view = views()["studies"]
    assert isinstance(view, View)
    counts = ask(f"SELECT COUNT(*), {', '.join(f'COUNT({column.name})' for column in view.columns)} FROM studies")
    patterns = ["?s a ct:Study", *(f"?s a ct:Study ; <{column.property}> ?o" for column in view.columns)]
    assert counts == [[count(store, pattern) for pattern in patterns]]


def test_dates_and_numbers_have_types(file: Path) -> None:
    database = duckdb.connect()
    for statement in view_statements(file):
        database.execute(statement)
    query = "SELECT start_latest, enrollment, minimum_age_years, has_results FROM studies WHERE study = 'NCT02059759'"
    assert database.execute(query).fetchall() == [(date(2015, 9, 30), 36, 18.0, False)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_of_another_form_is_null(tmp_path: Path, engine: Callable[[Path], Ask]) -> None:
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000001"},
            "statusModule": {"resultsFirstSubmitDate": "2020-02-31", "startDateStruct": {"date": "2020-05"}},
            "designModule": {"enrollmentInfo": {"count": "many"}},
        }
    }
    kg.export([record], tmp_path / "x.parquet", reject=lambda _: None)
    query = "SELECT study, results_first_submitted, start_date, start_latest, enrollment FROM studies"
    assert engine(tmp_path / "x.parquet")(query) == [["NCT00000001", "", "2020-05", "2020-05-31", ""]]


@pytest.mark.parametrize("engine", ENGINES)
def test_another_base_and_a_folder(tmp_path: Path, engine: Callable[..., Ask]) -> None:
    base = "https://example.org/it's/"
    folder = tmp_path / "it's"
    folder.mkdir()
    kg.export(SEED, folder / "part-00000.parquet", base="https://example.org/x/")
    kg.export(DATA / "studies", folder / "part-00001.parquet", base="https://example.org/x/", reject=lambda _: None)
    ask = engine(folder, base="https://example.org/x/")
    assert ask("SELECT arm FROM arms WHERE study = 'NCT02059759' ORDER BY arm") == [
        [f"NCT02059759-arm-{i}"] for i in (1, 2, 3)
    ]
    assert ask("SELECT COUNT(*) FROM sites AS s JOIN countries AS c ON c.country = s.country WHERE s.country = 'FR'")
    assert engine(folder, base=base)("SELECT COUNT(*) FROM studies") == [["35"]]


def test_the_command_writes_the_statements(tmp_path: Path, file: Path) -> None:
    command = [sys.executable, "-m", "kg", "parquet-views", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stdout == "\n\n".join([*kg.parquet_views(file), ""])
    written = subprocess.run([*command, "--tables", "-o", str(tmp_path / "v.sql")], capture_output=True, text=True)
    assert written.stderr == f"kg: {tmp_path / 'v.sql'} has {len(views()) + 1} tables.\n"
    assert (tmp_path / "v.sql").read_text("utf-8").count("CREATE TABLE") == len(views()) + 1
    duckdb.connect().execute((tmp_path / "v.sql").read_text("utf-8"))
    missing = subprocess.run([*command[:-1], str(tmp_path / "no.parquet")], capture_output=True, text=True)
    assert missing.returncode == 2
    assert missing.stderr == f"kg: {tmp_path / 'no.parquet'}: No such file or directory.\n"
    same = subprocess.run([*command, "-o", str(file)], capture_output=True, text=True)
    assert same.returncode == 2


@pytest.mark.parametrize(
    "view",
    [
        'subject.study = "study"\ncolumns.title = "ct:Title"',
        'subject.study = "study"\nobject.arm = "part"\nlink = "arms:arm"',
        "sql = \"SELECT * FROM statements WHERE predicate = 'ct:nothing'\"",
    ],
)
def test_a_property_that_is_not_in_the_ontology_is_an_error(view: str) -> None:
    name = r"(ct:Title|arms:arm|ct:nothing)"
    with pytest.raises(
        OntologyError, match=f"^The SQL view arms has the property {name}, which is not in the ontology.$"
    ):
        parse_views(f"[arms]\n{view}")


@pytest.mark.parametrize(("query", "shown"), EXAMPLES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_statement_of_the_page_gives_the_shown_rows(
    tmp_path: Path, engine: Callable[[Path], Ask], query: str, shown: str
) -> None:
    kg.export([DATA / "studies", SEED], tmp_path / "trials.parquet", reject=lambda _: None)
    assert engine(tmp_path / "trials.parquet")(query) == [*csv.reader(io.StringIO(shown))]


def test_the_page_lists_the_views_with_their_columns_and_the_queries(file: Path) -> None:
    database = duckdb.connect()
    for statement in view_statements(file):
        database.execute(statement)
    for name in views():
        columns = [row[0] for row in database.execute(f"DESCRIBE {name}").fetchall()]
        assert f"| `{name}` | {', '.join(f'`{column}`' for column in columns)} |" in PAGE
    assert all(f"[{path.stem}](../queries/{path.name})" in PAGE for path in QUERIES)
