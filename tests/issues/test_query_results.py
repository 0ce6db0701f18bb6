"""Results of ``kg query``: the format follows the name of the output, tables are whole, an answer is a container."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.errors import UsageError
from kg.query.result_formats import EXTENSIONS
from tests.conftest import SEED
from tests.query.test_engine import KG, kg_query

LONG = "x" * 200
ROWS = f"SELECT ?study ('{LONG}' AS ?text) {{ ?study a ct:Study }}"
GRAPH = "CONSTRUCT { ?s a ct:Study } { ?s a ct:Study }"
EMPTY = "SELECT ?s { ?s a ct:Nothing }"


def written(folder: Path, name: str, text: str = ROWS, *options: str) -> bytes:
    kg_query(text, "-d", str(SEED), "-o", str(folder / name), *options)
    return (folder / name).read_bytes()


def test_the_format_follows_the_name_of_the_output(tmp_path: Path) -> None:
    for name, separator in (("a.csv", ","), ("a.CSV", ","), ("a.tsv", "\t")):
        rows = list(csv.reader(io.StringIO(written(tmp_path, name).decode()), delimiter=separator))
        assert len(rows) == 2
        assert LONG in rows[1][1]
    for name in ("a.json", "a.srj"):
        assert json.loads(written(tmp_path, name))["results"]["bindings"][0]["text"]["value"] == LONG
    for name in ("a.xml", "a.srx"):
        assert written(tmp_path, name).startswith(b"<?xml")
    assert written(tmp_path, "a.ttl", GRAPH).startswith(b"@prefix")
    assert len(list(ox.parse(written(tmp_path, "a.nt", GRAPH), format=ox.RdfFormat.N_TRIPLES))) == 1
    assert written(tmp_path, "a.parquet")[:4] == b"PAR1"
    assert set(EXTENSIONS) == {
        ".txt", ".csv", ".tsv", ".json", ".srj", ".xml", ".srx", ".ttl", ".nt", ".parquet",
    }  # fmt: skip


def test_what_is_compressed_by_its_name_has_a_format_too(tmp_path: Path) -> None:
    import zstandard

    plain = written(tmp_path, "a.csv")
    assert gzip.decompress(written(tmp_path, "a.csv.gz")) == plain
    assert zstandard.ZstdDecompressor().stream_reader(written(tmp_path, "a.csv.zst")).read() == plain
    message = kg_query(ROWS, "-d", str(SEED), "-o", str(tmp_path / "a.parquet.gz"), code=2)[1]
    assert "Parquet has its own compression" in message


def test_a_format_that_is_given_wins(tmp_path: Path) -> None:
    assert json.loads(written(tmp_path, "a.csv", ROWS, "-f", "json"))["head"]["vars"] == ["study", "text"]
    assert written(tmp_path, "a.csv", ROWS, "-f", "table").startswith(b"study")
    assert written(tmp_path, "a.dat", ROWS, "-f", "csv").startswith(b"study,text")


def test_a_name_without_a_format_is_one_sentence_before_the_query_runs(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a", "a.gz"):
        message = kg_query("SELECT", "-d", "nowhere", "-o", str(tmp_path / name), code=2)[1]
        assert message.startswith("kg: There is no query SELECT")
        message = kg_query(ROWS, "-d", "nowhere", "-o", str(tmp_path / name), code=2)[1]
        assert message.count("\n") == 1
        assert "has no known extension; use one of .txt, .csv" in message
        assert "--format" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "name"), [(ROWS, "a.ttl"), (GRAPH, "a.csv"), ("ASK {}", "a.parquet")])
def test_a_format_that_does_not_fit_the_query_is_refused_before_it_runs(tmp_path: Path, text: str, name: str) -> None:
    message = kg_query(text, "-d", "nowhere", "-o", str(tmp_path / name), code=2)[1]
    assert message.count("\n") == 1
    assert " written as " in message


def test_an_output_never_takes_the_place_of_an_input(tmp_path: Path) -> None:
    place = tmp_path / "a.nt"
    place.write_text("<http://a/s> <http://a/p> <http://a/o> .\n")
    assert "is also an input" in kg_query(GRAPH, "-d", str(place), "-o", str(place), code=2)[1]


def test_tables_in_files_and_pipes_are_whole(tmp_path: Path) -> None:
    assert LONG in kg_query(ROWS, "-d", str(SEED))[0]
    assert LONG.encode() in written(tmp_path, "a.txt")
    assert LONG in kg.query(ROWS, SEED).table()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals of this kind here")
def test_a_terminal_gets_no_binary() -> None:
    parent, child = os.openpty()
    command = [*KG, "query", ROWS, "-d", str(SEED), "-f", "parquet"]
    done = subprocess.run(command, stdout=child, stderr=subprocess.PIPE, text=True, check=False)
    os.close(child)
    os.close(parent)
    assert (done.returncode, done.stderr) == (2, "kg: Parquet is not text; name an output file with -o.\n")


def test_an_answer_is_true_where_it_holds_something() -> None:
    assert bool(kg.query("ASK { ?s a ct:Study }", SEED)) is True
    assert bool(kg.query("ASK { ?s a ct:Nothing }", SEED)) is False
    assert bool(kg.query(ROWS, SEED)) is True
    assert bool(kg.query(EMPTY, SEED)) is False
    assert bool(kg.query(GRAPH, SEED)) is True
    assert bool(kg.query(GRAPH.replace("{ ?s a ct:Study }", "{ ?s a ct:Nothing }"), SEED)) is False
    assert bool(kg.query("SELECT * { code:PHASE2 ?p ?o FILTER(false) }", SEED)) is False
    assert bool(kg.query("SELECT * { }", SEED)) is True, "one solution without a variable"


def test_an_answer_of_rows_is_a_container_of_dictionaries() -> None:
    answer = kg.query("arms", SEED)
    assert len(answer) == 3
    assert [row["position"] for row in answer] == [1, 2, 3]
    assert answer[0] == answer.rows[0]
    assert answer[-1]["arm"] == "2.0 IL-2"
    assert answer[:2] == answer.rows[:2]
    with pytest.raises(IndexError):
        answer[3]
    assert len(kg.query(EMPTY, SEED)) == 0
    assert list(kg.query(EMPTY, SEED)) == []


def test_an_answer_of_a_graph_is_a_container_of_triples() -> None:
    answer = kg.query(GRAPH, SEED)
    assert len(answer) == 1
    assert answer[0] == next(iter(answer))
    assert answer[0].subject.value == "https://clinicaltrials.gov/study/NCT02059759"


def test_a_truth_value_has_no_rows() -> None:
    answer = kg.query("ASK { }", SEED)
    for use in (len, list, lambda it: it[0]):
        with pytest.raises(UsageError, match="truth value"):
            use(answer)


def test_a_frame_is_made_of_an_answer() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(kg.query("arms", SEED))
    assert list(frame.columns) == ["study", "position", "arm", "type", "intervention"]
    assert list(frame["position"]) == [1, 2, 3]
    assert pandas.DataFrame(kg.query(EMPTY, SEED)).empty


def test_an_answer_prints_itself_in_a_line() -> None:
    assert repr(kg.query("arms", SEED)) == "<Answer: 3 rows of study, position, arm, type, intervention>"
    assert repr(kg.query(GRAPH, SEED)) == "<Answer: 1 triple>"
    assert repr(kg.query("ASK { }", SEED)) == "<Answer: yes>"
    assert repr(kg.query("ASK { FILTER(false) }", SEED)) == "<Answer: no>"
    assert repr(kg.query(EMPTY, SEED)) == "<Answer: 0 rows of s>"
