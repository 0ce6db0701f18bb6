"""Explanations of queries, hints on unknown terms, and answers on terminals and in files."""

from __future__ import annotations

import datetime
import io
import os
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.errors import UsageError
from kg.export.report import Report
from kg.query.diagnostics import find_problems
from kg.query.engine import prepare
from kg.query.explain import explain, query_steps
from kg.query.library import library_queries
from kg.store.dataset import open_dataset
from tests.conftest import SEED
from tests.query.test_engine import KG, kg_query
from tests.terminal import shown

TYPOS = {
    "ct:phaze": "ct:phase",
    "ct:Phase": "ct:phase",
    "ct:overalStatus": "ct:overallStatus",
    "ct:overall_status": "ct:overallStatus",
    "ct:conditionMESH": "ct:conditionMesh",
    "ct:condition_mesh_ancestor": "ct:conditionMeshAncestor",
    "ct:conditionAncestor": "ct:conditionMeshAncestor",
    "ct:sponsor": "ct:leadSponsor",
    "ct:start-date": "ct:startDate",
    "ct:minAgeYears": "ct:minimumAgeYears",
    "ct:enrolmentCount": "ct:enrollmentCount",
    "ct:primaryOutcomes": "ct:primaryOutcome",
    "ct:PHASE2": "code:PHASE2",
    "ct:Phase2": "code:PHASE2",
    "ct:COMPLETED": "code:COMPLETED",
    "code:phase": "ct:phase",
    "<http://id.nlm.nih.gov/mesh/2024/D000690>": "mesh:D000690",
    "code:Phase2": "code:PHASE2",
    "code:PHASE_2": "code:PHASE2",
    "code:phase2": "code:PHASE2",
    "code:Complete": "code:COMPLETED",
    "code:ACTIVE_NOT": "code:ACTIVE_NOT_RECRUITING",
    "mesh:d000690": "mesh:D000690",
    "mesh:D690": "mesh:D000690",
    "mesh:D0000690": "mesh:D000690",
    "<https://id.nlm.nih.gov/mesh/D000690>": "mesh:D000690",
    "study:nct02059759": "study:NCT02059759",
    "<http://www.clinicaltrials.gov/study/NCT02059759>": "study:NCT02059759",
}


@pytest.fixture(scope="module")
def store() -> ox.Store:
    with open_dataset([SEED], Report()) as dataset:
        return dataset


@pytest.mark.parametrize("typo", TYPOS)
def test_an_unknown_term_is_reported_with_the_nearest(store: ox.Store, typo: str) -> None:
    prefixes = "PREFIX mesh: <http://id.nlm.nih.gov/mesh/> PREFIX study: <https://clinicaltrials.gov/study/> "
    messages = [*find_problems(prefixes + prepare(f"SELECT * {{ ?s ?p {typo} }}"), store)]
    assert len(messages) == 1
    assert messages[0].endswith(f"; did you mean {TYPOS[typo]}?")


@pytest.mark.parametrize("name", ["ct:whyStopped", "mesh:D999999", "<https://example.org/x>", "ct:xylophone"])
def test_an_unknown_term_without_a_near_one_is_reported_alone(store: ox.Store, name: str) -> None:
    messages = [*find_problems(prepare(f"SELECT * {{ ?s ?p {name} }}"), store)]
    assert len(messages) == 1
    assert messages[0].endswith(" does not occur in the data.")


def test_the_pattern_without_matches_is_shown() -> None:
    text = "SELECT * { ?s a ct:Study ; ct:conditionMesh mesh:D000690 ; ct:phase code:PHASE3 OPTIONAL { ?s ct:arm ?a } }"
    assert kg_query(text, "-d", str(SEED), "--explain")[0] == (
        "Terms\n"
        "  ct:Study          1  study\n"
        "  ct:conditionMesh  1  condition MeSH term\n"
        "  mesh:D000690      3  Amyotrophic Lateral Sclerosis\n"
        "  ct:phase          1  phase\n"
        "  code:PHASE3       0  Phase 3\n"
        "  ct:arm            3  arm\n"
        "\n"
        "Patterns\n"
        "  alone  with those above\n"
        "      1                 1  ?s a ct:Study .\n"
        "      1                 1  ?s ct:conditionMesh mesh:D000690 .\n"
        "      0                 0  ?s ct:phase code:PHASE3 .\n"
        "      3                 0  optional: ?s ct:arm ?a .\n"
        "\n"
        "Rows: 0\n"
    )


def test_all_parts_of_a_query_are_explained() -> None:
    text = """SELECT ?s (COUNT(?a) AS ?n) {
      VALUES ?p { code:PHASE1 code:PHASE2 }
      { ?s ct:phase ?p } UNION { ?s ct:other ?p }
      ?s ct:arm/rdfs:label ?a .
      MINUS { ?s ct:acronym ?x }
      FILTER NOT EXISTS { ?s ct:location ?l }
      { SELECT ?s { ?s a ct:Study } LIMIT 5 }
      BIND(1 AS ?one)
    } GROUP BY ?s HAVING (COUNT(?a) > 1) ORDER BY ?s"""
    found = {(step.kind, step.text) for step in query_steps(text)}
    assert found == {
        ("", "VALUES (?p) { (code:PHASE1) (code:PHASE2) }"),
        ("either", "?s ct:phase ?p ."),
        ("or", "?s ct:other ?p ."),
        ("", "?s ct:arm/rdfs:label ?a ."),
        ("minus", "?s ct:acronym ?x ."),
        ("not exists", "?s ct:location ?l ."),
        ("within", "?s a ct:Study ."),
    }


@pytest.mark.parametrize("name", [query.name for query in library_queries()][::6])
def test_library_queries_are_explained(store: ox.Store, name: str) -> None:
    lines = [*explain(prepare(name), store)]
    assert lines[0] == "Terms"
    assert "  alone  with those above" in "\n".join(lines)
    assert lines[-1] == f"Rows: {len(kg.query(name, store).terms):,}"


def test_an_invalid_query_is_an_error() -> None:
    assert "Syntax error at line 1" in kg_query("SELECT ?s { ?s }", "-d", str(SEED), "--explain", code=2)[1]


TYPES = """SELECT * { VALUES (?whole ?part ?day ?yes ?text ?mixed) {
  (1 0.5 "2020-01-31"^^xsd:date true "a" 1) (2 2 "2021-02-28"^^xsd:date false "b" "x")
  (UNDEF UNDEF UNDEF UNDEF UNDEF UNDEF)
} }"""


def test_parquet_has_typed_columns(tmp_path: Path) -> None:
    import pyarrow.parquet

    kg_query(TYPES, "-d", str(SEED), "-f", "parquet", "-o", str(tmp_path / "a.parquet"))
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    expected = {"whole": "int64", "part": "double", "day": "date32[day]", "yes": "bool", "text": "string"}
    assert kinds == expected | {"mixed": "string"}
    assert table.sort_by("whole").to_pylist()[0] == {
        "whole": 1, "part": 0.5, "day": datetime.date(2020, 1, 31), "yes": True, "text": "a", "mixed": "1",
    }  # fmt: skip
    assert kg.query(TYPES, SEED).serialize("parquet") == kg.query(TYPES, SEED).serialize("parquet")
    assert "not as parquet" in kg_query("ASK { }", "-d", str(SEED), "-f", "parquet", code=2)[1]
    empty = kg.query("SELECT ?a { ?a a ct:Nothing }", SEED)
    assert pyarrow.parquet.read_table(io.BytesIO(empty.serialize("parquet"))).num_rows == 0


def test_data_frames_have_typed_columns() -> None:
    frame = kg.query(TYPES, SEED).to_pandas()
    kinds = {name: str(kind).partition("[")[0] for name, kind in frame.dtypes.items()}
    assert kinds == {"whole": "Int64", "part": "Float64", "day": "datetime64", "yes": "boolean"} | dict.fromkeys(
        ("text", "mixed"), "string"
    )
    assert len(kg.query("SELECT ?a { ?a a ct:Nothing }", SEED).to_pandas()) == 0


def test_a_table_fits_the_width_of_the_terminal() -> None:
    from rich.console import Console

    from kg.cli.table import show

    output = io.StringIO()
    show(kg.query("SELECT ('[b]x[/b] ' AS ?a) (1234 AS ?n) ?l { ?s a ct:Study ; rdfs:label ?l }", SEED),
         Console(file=output, width=60))  # fmt: skip
    lines = [line.rstrip() for line in output.getvalue().splitlines()]
    assert max(map(len, lines)) <= 60
    assert "[b]x[/b]" in output.getvalue()
    assert "1234" in output.getvalue()
    assert sum("Lateral" in line or "Interleukin" in line for line in lines) == 2, "long texts go on in the next line"
    assert lines[-1] == "1 row"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals of this kind here")
def test_terminals_and_pipes_get_different_formats() -> None:
    terminal = shown([*KG, "query", "arms", "-d", str(SEED)])
    assert "─" in terminal
    assert "3 rows" in terminal
    piped = kg_query("arms", "-d", str(SEED))[0]
    assert "3 rows" not in piped
    assert piped == kg.query("arms", SEED).table()
    assert sys.stdout is not None


def test_a_format_that_cannot_hold_the_answer_is_an_error() -> None:
    with pytest.raises(UsageError, match="Rows are written as table, csv, tsv, json, xml, parquet, not as turtle"):
        kg.query("arms", SEED).serialize("turtle")
