"""Parquet files contain the statements of N-Quads, row by row, for every reader."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest

import kg
from kg.errors import SourceError, UsageError
from kg.export.run import export
from kg.rdf import parquet
from kg.rdf.parquet import COLUMNS, STATISTICS, TAGGED, StatementWriter, line
from kg.rdf.parse import quads
from tests.conftest import DATA, MADE, SEED

KG = [sys.executable, "-m", "kg"]
PAGE = (Path(__file__).parents[2] / "docs" / "parquet.md").read_text("utf-8")
HOSTILE = (
    'quotes " and \\ and \\" and "@en and "^^<http://e.org/a>',
    "<http://e.org/a> <http://e.org/b> <http://e.org/c> .\n<d> <e> <f> .\n",
    'ends in a backslash \\\\", or > .\n or " .',
    "tabs\tbreaks\r\n\x0b\x0c\x08 and no\x7f-break, é 漢 🧬 \u2028 \ud7ff \ufffd",
    "@", '"', "\\", "<", ">", " ", "^^", "_:b0", "-", "a@en", "http://e.org/",
)  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return all shipped records, and a file with a record per hostile text, which replaces every text in it."""
    path = tmp_path_factory.mktemp("columns") / "hostile.jsonl"
    record = json.loads(MADE.read_text("utf-8"))

    def hostile(value: Any, text: str) -> Any:
        if isinstance(value, dict):
            return {key: hostile(item, text) for key, item in value.items()}
        if isinstance(value, list):
            return [hostile(item, text) for item in value]
        return text if isinstance(value, str) and (" " in value or not value.isascii()) else value

    lines = [
        json.dumps(hostile(record, text)).replace("NCT99999999", f"NCT0000000{i:x}"[:11])
        for i, text in enumerate(HOSTILE)
    ]
    path.write_text(
        "\n".join(re.sub(r"NCT99999999|NCT0000000\w", f"NCT000001{i:02}", line) for i, line in enumerate(lines))
    )
    return [DATA / "studies", DATA / "made", SEED, path]


@pytest.fixture(scope="module")
def written(inputs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an export of the inputs as Parquet and as N-Quads."""
    folder = tmp_path_factory.mktemp("written")
    for name in ("trials.parquet", "trials.nq"):
        export(inputs, folder / name)
    return folder


def row(quad: ox.Quad) -> tuple[str | None, ...]:
    """Return the expected row of a statement, as a strict parser reads it."""
    term = quad.object
    is_text = isinstance(term, ox.Literal)
    datatype, language = (term.datatype.value, term.language) if is_text else (None, None)
    return quad.subject.value, quad.predicate.value, term.value, datatype, language, quad.graph_name.value


def test_the_rows_are_the_statements_of_n_quads(written: Path) -> None:
    parsed = [row(quad) for quad in ox.parse(path=str(written / "trials.nq"), format=ox.RdfFormat.N_QUADS)]
    table = pq.read_table(written / "trials.parquet")
    assert table.column_names == list(COLUMNS)
    rows = list(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True))
    assert rows == parsed
    assert {text for text in HOSTILE if any(text == row[2] for row in rows)} >= {HOSTILE[0], HOSTILE[1]}


def test_the_lines_are_restored_byte_by_byte(written: Path) -> None:
    assert b"".join(parquet.read(str(written / "trials.parquet"))) == (written / "trials.nq").read_bytes()


def test_a_row_group_is_a_task_and_is_coded_by_dictionaries(
    inputs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.records.splitter.SIZE", 1)
    export(inputs, tmp_path / "x.parquet")
    file = pq.ParquetFile(tmp_path / "x.parquet")
    meta = file.metadata
    assert meta.num_row_groups > 3
    at = 4
    for i in range(meta.num_row_groups):
        group, rows = meta.row_group(i), file.read_row_group(i)
        assert group.num_rows == rows.num_rows
        for j, name in enumerate(COLUMNS):
            column, texts = group.column(j), rows.column(name)
            assert column.compression == "ZSTD"
            assert column.encodings == ("PLAIN", "RLE", "RLE_DICTIONARY")
            assert column.dictionary_page_offset == at
            at += column.total_compressed_size
            assert column.is_stats_set == (name in STATISTICS)
            if name in STATISTICS:
                bounds = column.statistics.min, column.statistics.max
                assert bounds == (min(texts.to_pylist()), max(texts.to_pylist()))
    assert [meta.schema.column(i).max_definition_level for i in range(6)] == [0, 0, 0, 1, 1, 1]
    assert meta.num_rows == sum(meta.row_group(i).num_rows for i in range(meta.num_row_groups))
    assert sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)) > at


def test_sorted_rows_are_gathered_to_groups(
    inputs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP", 1 << 16)
    for name in ("x.parquet", "x.nq"):
        export(inputs, tmp_path / name, in_order=True)
    assert b"".join(parquet.read(str(tmp_path / "x.parquet"))) == (tmp_path / "x.nq").read_bytes()
    assert pq.read_metadata(tmp_path / "x.parquet").num_row_groups > 3


def test_no_statements_are_a_file_too(tmp_path: Path) -> None:
    with (tmp_path / "x.parquet").open("wb") as file, StatementWriter(file) as writer:
        writer.add(b"")
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 0
    assert pq.read_metadata(tmp_path / "x.parquet").num_row_groups == 0
    assert list(parquet.read(str(tmp_path / "x.parquet"))) == []


@pytest.mark.parametrize("lines", [b"<e:s> <e:p> <e:o> <e:g> .", b"<e:s> <e:p> <e:o> <e:g> .\n<e:s>"])
def test_broken_lines_are_refused(lines: bytes) -> None:
    with pytest.raises(ValueError, match="no line of N-Quads"), StatementWriter(io.BytesIO()) as writer:
        writer.add(lines)


def test_many_different_objects_are_still_coded_by_a_dictionary(tmp_path: Path) -> None:
    lines = b"".join(line("x:s", "x:p", f"x:{i:0200}", None, None, "x:g") for i in range(20_000))
    with (tmp_path / "x.parquet").open("wb") as file, StatementWriter(file) as writer:
        writer.add(lines)
    objects = pq.read_metadata(tmp_path / "x.parquet").row_group(0).column(2)
    assert objects.encodings == ("PLAIN", "RLE", "RLE_DICTIONARY")


@pytest.mark.parametrize("reader", ["pyarrow", "duckdb", "polars", "pandas"])
def test_every_reader_returns_each_row(reader: str, tmp_path: Path) -> None:
    """Many rows and one, runs of all lengths, many different texts, and columns of nulls."""
    module = pytest.importorskip(reader, reason=f"{reader} is not installed")
    chance = random.Random(5)
    rows: list[tuple[str, str, str, str | None, str | None, str]] = []
    while len(rows) < 30_000:
        literal = chance.choice([None, None, "en", "de", ""])
        values = f"x:o{chance.randrange(4000)}", *((None, None) if literal is None else _kind(literal))
        rows += [(f"x:s{len(rows)}", f"x:p{chance.randrange(9)}", *values, "x:g")] * chance.choice([1, 1, 2, 8, 9, 30])
    for expected in (rows, rows[:1], [row for row in rows if row[3] is None][:100]):
        with (tmp_path / "x.parquet").open("wb") as file, StatementWriter(file) as writer:
            for i in range(0, len(expected), 7000):
                writer.add(b"".join(line(*row) for row in expected[i : i + 7000]))
        assert _rows_of(reader, module, str(tmp_path / "x.parquet")) == expected


def _kind(language: str) -> tuple[str, str | None]:
    return (TAGGED, language) if language else ("x:int", None)


def _rows_of(reader: str, module: Any, path: str) -> list[tuple[str | None, ...]]:
    if reader == "duckdb":
        return [*module.sql(f"SELECT * FROM '{path}'").fetchall()]
    if reader == "polars":
        return [*module.read_parquet(path).rows()]
    if reader == "pandas":
        frame = module.read_parquet(path)
        return [*frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)]
    table = pq.read_table(path)
    return [*zip(*(table[name].to_pylist() for name in table.column_names), strict=True)]


def test_a_superseded_record_leaves_no_row(tmp_path: Path) -> None:
    record = json.loads(SEED_RECORD)
    (tmp_path / "a.json").write_text(json.dumps(record))
    record["protocolSection"]["statusModule"] = {"lastUpdatePostDateStruct": {"date": "2020-01-01"}}
    (tmp_path / "b.json").write_text(json.dumps(record))
    export([tmp_path / "b.json", *[tmp_path / "a.json"]], tmp_path / "one.parquet")
    export([tmp_path / "b.json"], tmp_path / "other.parquet")
    assert pq.read_table(tmp_path / "one.parquet") == pq.read_table(tmp_path / "other.parquet")


SEED_RECORD = '{"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"}}}'


def test_standard_output_is_parquet_too(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        subprocess.run([*KG, "export", str(SEED), "-f", "parquet", "-o", "-"], stdout=file, check=True)
    export([SEED], tmp_path / "y.parquet")
    assert pq.read_table(tmp_path / "x") == pq.read_table(tmp_path / "y.parquet")


def test_description_and_manifest_match_those_of_n_quads(tmp_path: Path) -> None:
    totals = []
    for name in ("x.nq", "x.parquet"):
        export([SEED], tmp_path / name, manifest=True, describe=True)
        text = (tmp_path / f"{name}.void.ttl").read_text("utf-8")
        counts = re.findall(r"void:(?:triples|distinctSubjects|entities) \S+", text)
        manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text("utf-8"))
        totals.append((counts, manifest["triples"], manifest["studies"]))
    assert totals[0] == totals[1]
    assert "vnd.apache.parquet" in (tmp_path / "x.parquet.void.ttl").read_text("utf-8")


def test_errors_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        UsageError, match=r"^Parquet has its own compression; end the name \S*x\.parquet\.gz in \.parquet\.$"
    ):
        export([SEED], tmp_path / "x.parquet.gz")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no parquet")
    with pytest.raises(SourceError, match="cannot be read to its end"):
        list(quads(str(tmp_path / "bad.parquet")))
    pq.write_table(pq.read_table(_one(tmp_path), columns=["subject", "object"]), tmp_path / "two.parquet")
    with pytest.raises(SourceError, match="has no column predicate"):
        list(quads(str(tmp_path / "two.parquet")))
    with monkeypatch.context() as broken:
        broken.setitem(sys.modules, "pyarrow.parquet", None)
        with pytest.raises(UsageError, match=r"^Parquet files need a package "):
            list(quads(str(_one(tmp_path))))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"^Parquet files need a package .*: pip install '\.\[parquet\]'$"):
        export([SEED], tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()


STATEMENT = ("x:s", "x:p", "o", "http://www.w3.org/2001/XMLSchema#string", None, "x:g")


def _with_columns(folder: Path, **replaced: pa.Array) -> Path:
    """Write a file of one statement with other column types."""
    columns = {name: pa.array([text], pa.string()) for name, text in zip(COLUMNS, STATEMENT, strict=True)}
    pq.write_table(pa.table(columns | replaced), folder / "x.parquet")
    return folder / "x.parquet"


def test_all_arrow_types_of_text_are_read(tmp_path: Path) -> None:
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int16(), pa.large_string())):
        texts = pa.array(["o"], pa.string()).cast(kind)
        lines = b"".join(parquet.read(str(_with_columns(tmp_path, object=texts, language=pa.array([None])))))
        assert lines == b'<x:s> <x:p> "o" <x:g> .\n'


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"object": pa.array([1])}, "has a column object that is not text"),
        ({"object": pa.array([b"o"])}, "has a column object that is not text"),
        ({"subject": pa.array([None])}, "has a row without its subject"),
        ({"object": pa.array([None], pa.string())}, "has a row without its object"),
        ({"graph": pa.array([{"subject": "x:s"}])}, "has a column graph that is not text"),
    ],
)
def test_columns_without_text_are_reported(tmp_path: Path, column: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(quads(str(_with_columns(tmp_path, **column))))


def _one(folder: Path) -> Path:
    export([SEED], folder / "one.parquet")
    return folder / "one.parquet"


BLOCKS = re.findall(r"```python\n(.*?)```\n+(?:```text\n(.*?)```)?", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_queries_of_the_page_return_the_shown_results(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, shown = BLOCKS[number]
    needed = re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)
    if needed[0] == "pyspark" and not os.environ.get("KG_SPARK"):
        pytest.importorskip(needed[0], reason=f"{needed[0]} is not installed")
    export([DATA / "studies", SEED], tmp_path / "trials.parquet")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == shown.strip()


def test_the_package_queries_it_like_any_graph(written: Path) -> None:
    rows = kg.query("arms", str(written / "trials.parquet")).rows
    assert rows == kg.query("arms", str(written / "trials.nq")).rows
    assert rows
