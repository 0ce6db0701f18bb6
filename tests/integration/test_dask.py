"""The Dask engine: the output of a local export in parts, also if workers die."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import orjson
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
from distributed import LocalCluster

from kg.errors import OutputError, UsageError
from kg.export import dask
from kg.export.dask import NAME, export, split, write_part
from kg.export.report import Report
from kg.export.run import export as local_export
from tests.conftest import SEED, STUDIES

KG = [sys.executable, "-m", "kg"]
SIZE = 150_000
"""Input bytes per part: a few studies."""


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    """Start two workers on this machine."""
    with LocalCluster(2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


class LocalFuture:
    """Runs a submitted function in this process."""

    def submit(self, function: Any, *arguments: Any, pure: bool, retries: int, **options: Any) -> LocalFuture:  # noqa: ARG002
        self.done = function(*arguments, **options)
        return self

    def release(self) -> None: ...

    def result(self) -> Any:
        return self.done


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the workers: each part is written when it is submitted."""

    class Client:
        def submit(self, *arguments: Any, **options: Any) -> LocalFuture:
            return LocalFuture().submit(*arguments, **options)

    class Context:
        def __enter__(self) -> Client:
            return Client()

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(dask, "_client", lambda *_: Context())


def local(inputs: list[Path], output: Path) -> tuple[bytes, list[dict[str, Any]], str]:
    problems: list[dict[str, Any]] = []
    report = Report(on_problem=lambda error: problems.append(error.as_dict()))
    local_export(inputs, output, report=report)
    return output.read_bytes(), problems, counts(report)


def counts(report: Report) -> str:
    return report.summary().rpartition(", ")[0]


def in_parts(inputs: list[Path], output: Path | str, **options: Any) -> tuple[list[bytes], list[dict[str, Any]], str]:
    problems: list[dict[str, Any]] = []
    report = Report(on_problem=lambda error: problems.append(error.as_dict()))
    export(inputs, output, report=report, **{"size": SIZE, **options})
    return read_parts(str(output)), problems, counts(report)


def read_parts(folder: str) -> list[bytes]:
    """Return the bytes of the parts of a folder, after comparing them with the manifest."""
    system, path = fsspec.core.url_to_fs(folder)
    manifest = json.loads(system.cat_file(f"{path}/_manifest.json"))
    result = [system.cat_file(f"{path}/{part['file']}") for part in manifest["parts"]]
    for part, data in zip(manifest["parts"], result, strict=True):
        assert (part["bytes"], part["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    for name in ("studies", "triples"):
        assert sum(part[name] for part in manifest["parts"]) == manifest[name]
    names = {part["file"] for part in manifest["parts"]} | {"_manifest.json"}
    assert {path.rpartition("/")[2] for path in system.ls(path, detail=False)} == names
    return result


@pytest.mark.parametrize("size", [5_000, SIZE, 1 << 30])
@pytest.mark.usefixtures("in_process")
def test_the_parts_in_order_are_the_local_output(tmp_path: Path, many: Path, size: int) -> None:
    expected = local([many], tmp_path / "one.nq")
    result = in_parts([many], tmp_path / "parts.nq", size=size)
    assert b"".join(result[0]) == expected[0]
    assert result[1:] == expected[1:]
    assert (len(result[0]) > 10) == (size < SIZE)


@pytest.mark.usefixtures("in_process")
def test_the_parts_of_every_format_have_the_same_triples(tmp_path: Path, many: Path) -> None:
    expected = local([many], tmp_path / "one.nt")[0]
    compressed = in_parts([many], tmp_path / "parts.nt.gz")[0]
    assert len(compressed) > 3
    assert b"".join(map(gzip.decompress, compressed)) == expected
    for name, syntax in (("x.ttl", ox.RdfFormat.TURTLE), ("x.jsonld", ox.RdfFormat.JSON_LD)):
        result = in_parts([many], tmp_path / name)[0]
        triples = {str(quad.triple) for data in result for quad in ox.parse(data, format=syntax)}
        assert triples == {line.removesuffix(b" .").decode() for line in expected.splitlines()}
    in_parts([many], tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet", columns=["subject"]).num_rows == expected.count(b"\n")


@pytest.mark.usefixtures("in_process")
def test_urls_are_read_and_written(tmp_path: Path, many: Path) -> None:
    system = fsspec.filesystem("memory")
    system.put(str(many), "/registry", recursive=True)
    result = in_parts(["memory://registry"], "memory://output/parts.nq")  # type: ignore[list-item]
    assert b"".join(result[0]) == local([many], tmp_path / "one.nq")[0]
    assert [problem["kind"] for problem in result[1]] == [
        problem["kind"] for problem in local([many], tmp_path / "one.nq")[1]
    ]


@pytest.mark.usefixtures("in_process")
def test_the_newer_of_two_records_is_current_in_any_part(tmp_path: Path) -> None:
    record = STUDIES[0].read_bytes()
    older = re.sub(rb'("versionHolder"\s*:\s*")20', rb"\g<1>19", record)
    older = re.sub(rb'("lastUpdatePostDateStruct"\s*:\s*\{\s*"date"\s*:\s*")20', rb"\g<1>19", older)
    for first, second in ((older, record), (record, older), (record, record)):
        lines = [orjson.dumps(orjson.loads(text)) for text in (first, STUDIES[1].read_bytes(), second)]
        (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
        expected = local([tmp_path / "x.jsonl"], tmp_path / "one.ttl")
        result = in_parts([tmp_path / "x.jsonl"], tmp_path / "parts.ttl", size=len(lines[0]))
        triples = [str(quad) for data in result[0] for quad in ox.parse(data, format=ox.RdfFormat.TURTLE)]
        assert triples == [str(quad) for quad in ox.parse(expected[0], format=ox.RdfFormat.TURTLE)]
        assert result[1:] == expected[1:]


@pytest.mark.usefixtures("in_process")
def test_a_run_replaces_an_earlier_one_and_a_failed_run_has_no_manifest(
    tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parts.nt"
    in_parts([many], folder, size=5_000)
    (folder / "mine.txt").write_text("not a part")
    export([SEED], folder)
    assert {path.name for path in folder.iterdir()} == {"part-00000.nt", "part-00001.nt", "_manifest.json", "mine.txt"}

    def fail(*_: object, **__: object) -> None:
        raise OutputError("There is no room.")

    def write_elsewhere(*arguments: Any, **options: Any) -> dask.Part:
        return write_part(*arguments, **options | {"folder": str(tmp_path)})

    monkeypatch.setattr(dask, "write_part", write_elsewhere)
    (folder / "part-00000.nt").unlink()
    with pytest.raises(OutputError, match=r"lacks part-00000\.nt: the workers do not reach that folder"):
        export([SEED], folder)
    assert not (folder / "_manifest.json").exists()
    monkeypatch.setattr(dask, "write_part", fail)
    with pytest.raises(OutputError):
        export([SEED], folder)
    assert not (folder / "_manifest.json").exists()


def test_two_workers_write_what_one_process_writes(tmp_path: Path, many: Path, workers: LocalCluster) -> None:
    expected = local([many], tmp_path / "one.nt")
    result = in_parts([many], tmp_path / "parts.nt", scheduler=workers.scheduler_address)
    assert b"".join(result[0]) == expected[0]
    assert result[1:] == expected[1:]


def test_a_killed_worker_loses_no_study(tmp_path: Path, many: Path, workers: LocalCluster) -> None:
    expected = local([many], tmp_path / "one.nt")
    folder, done_then = tmp_path / "parts.nt", list[int]()

    def kill() -> None:
        while not list(folder.glob("part-*")):
            time.sleep(0.001)
        os.kill(next(iter(workers.workers.values())).pid, signal.SIGKILL)
        done_then.append(len(list(folder.glob("part-*"))))

    killer = threading.Thread(target=kill)
    killer.start()
    result = in_parts([many], folder, size=10_000, scheduler=workers.scheduler_address)
    killer.join()
    assert b"".join(result[0]) == expected[0]
    assert result[1:] == expected[1:]
    assert 0 < done_then[0] < len(result[0])


def test_the_command_starts_its_own_workers(tmp_path: Path) -> None:
    command = [*KG, "export", str(SEED), "-o", str(tmp_path / "parts.ttl"), "--engine", "dask", "-j", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"Studies: 1 read, 1 exported, 0 rejected, .*\n", done.stderr)
    local_export([SEED], tmp_path / "one.ttl")
    studies, shared = read_parts(str(tmp_path / "parts.ttl"))
    prefixes = shared[: shared.index(b"\n\n") + 1]
    assert studies + shared.removeprefix(prefixes) == (tmp_path / "one.ttl").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "-o", "x.nt"], "Standard input is on one machine only"),
        (["IN", "-o", "x"], "The format of .*x is unknown"),
        (["IN", "-o", "-"], "- is not a folder"),
        (["IN", "-o", "IN/x.nt"], "is inside an input"),
        (["IN", "-o", "x.nt", "--sort"], "--sort and --describe are not supported"),
        (
            ["IN", "-o", "x.nt", "--scheduler", "tcp://127.0.0.1:1"],
            "No Dask scheduler answers at tcp://127.0.0.1:1.",
        ),
        (["missing", "-o", "x.nt"], "missing: No such file"),
    ],
)
def test_usage_errors_are_one_sentence(
    tmp_path: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from kg.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dask, "TIMEOUT", 1)
    (tmp_path / "IN").mkdir()
    (tmp_path / "IN" / "a.json").write_bytes(STUDIES[0].read_bytes())
    done = CliRunner().invoke(main, ["export", *arguments, "--engine", "dask"])
    assert done.exit_code == 2
    assert re.search(message, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x.nt").exists() or not list((tmp_path / "x.nt").iterdir())


def test_spans_cover_every_file_once(many: Path) -> None:
    with pytest.raises(UsageError):
        list(split(["nothing"], print))
    for size in (3_000, 77_777):
        result = list(split([many], print, size))
        spans = [span for partition in result for span in partition]
        by_file: dict[str, list[Any]] = {}
        for span in spans:
            by_file.setdefault(span.file, []).append(span)
        for spans in by_file.values():
            assert [span.last for span in spans] == [False] * (len(spans) - 1) + [True]
            assert [span.begin for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert NAME.fullmatch("part-00012.nt.gz")
    assert not NAME.fullmatch("part-list.nt")
