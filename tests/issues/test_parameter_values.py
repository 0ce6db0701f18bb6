"""Values of parameters and options that cannot be: a day that is in no calendar was taken, other values were refused
without what is expected. Query files in other encodings are named with the byte."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from kg.errors import UsageError
from kg.export.report import Report
from kg.load.options import load_into
from kg.query.lexer import decode_query
from kg.query.library import Parameter
from kg.query.parameters import parameter_term
from tests.conftest import SEED
from tests.query.test_engine import kg_query

IMPOSSIBLE = {
    "date": [
        "2020-13-45",
        "2020-02-30",
        "2021-02-29",
        "0000-01-01",
        "2020-00-10",
        "2020-1-1",
        "2020",
        "today",
        "",
        " ",
    ],
    "integer": ["1.5", "many", "", "1" * 19, "٣"],
    "decimal": ["one", "", "NaN", "Infinity", "1" * 41, "1e999"],
    "boolean": ["yes", "True", "1", ""],
    "iri": ["", "a b", "http://a/ b", "<http://a/>"],
}
EXPECTED = {
    "date": "a day of the calendar in the form YYYY-MM-DD, such as 2025-12-31",
    "integer": "a whole number of at most 18 digits, such as 12",
    "decimal": "a number of at most 40 digits, such as 0.5",
    "boolean": "true or false",
    "iri": "an IRI, or the name of one, such as mesh:D000690",
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in IMPOSSIBLE.items() for value in values])
def test_an_impossible_value_is_refused_with_what_is_expected(kind: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        parameter_term(value, Parameter("x", kind, "", "mesh:D000690"), "PREFIX mesh: <http://id.nlm.nih.gov/mesh/>")
    assert str(caught.value).endswith(f" of x is not {EXPECTED[kind]}.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["2020-02-29", "1999-12-31", "0001-01-01", "9999-12-31"])
def test_a_day_of_the_calendar_is_taken(value: str) -> None:
    term = parameter_term(value, Parameter("x", "date", "", ""), "")
    assert term == f'"{value}"^^<http://www.w3.org/2001/XMLSchema#date>'


def test_the_command_says_so_in_one_sentence() -> None:
    message = kg_query("overdue_results", "-d", str(SEED), "-p", "today=2020-02-30", code=2)[1]
    assert message == f'kg: The value "2020-02-30" of today is not {EXPECTED["date"]}.\n'


@pytest.mark.parametrize("since", ["2020-02-30", "2020-13-01", "soon", "", "2020-01-01 or so"])
def test_a_load_since_no_day_is_refused(since: str) -> None:
    with pytest.raises(UsageError, match="is not a day of the calendar; write it as YYYY-MM-DD, such as 2025-12-31"):
        load_into("http://127.0.0.1:9", [SEED], since=since, report=Report())


def test_a_load_since_a_day_reaches_for_the_store() -> None:
    for since in ("2020-02-29", datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 12)):
        with pytest.raises(Exception, match=r"127\.0\.0\.1:9"):
            load_into("http://127.0.0.1:9", [SEED], preset="fuseki", since=since, report=Report())


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"SELECT \xe9", "byte 0xE9 at position 7 is not UTF-8"),
        (b"\xff\xfeS", "byte 0x53 at position 2 is not UTF-16"),
        (b"\x00\x00\xfe\xffabc", "byte 0xFE at position 2 is not UTF-8"),
    ],
)
def test_a_query_file_in_another_encoding_is_named(tmp_path: Path, data: bytes, place: str) -> None:
    with pytest.raises(UsageError, match=f"^a.rq cannot be read: {place}; save the query as UTF-8.$"):
        decode_query(data, "a.rq")
    (tmp_path / "a.rq").write_bytes(data)
    assert kg_query(str(tmp_path / "a.rq"), "-d", str(SEED), code=2)[1].count("\n") == 1


def test_the_query_file_of_the_report_runs(tmp_path: Path) -> None:
    (tmp_path / "bom.rq").write_bytes(b"\xef\xbb\xbfSELECT * {?s ?p ?o} LIMIT 1")
    assert len(kg_query(str(tmp_path / "bom.rq"), "-d", str(SEED), "-f", "csv")[0].splitlines()) == 2
    assert kg_query(str(tmp_path / "no.rq"), "-d", str(SEED), code=2)[1].endswith(
        "no.rq cannot be read: No such file or directory.\n"
    )
