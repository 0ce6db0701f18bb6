"""An export in parts says what the local one says, on whichever machine the parts are made and however often."""

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
"""Bytes of a partition: some studies."""


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    """Two workers on this machine."""
    with LocalCluster(2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as made:
        yield made


class Here:
    """Does in this process what a client hands to workers."""

    def submit(self, function: Any, *arguments: Any, pure: bool, retries: int, **options: Any) -> Here:  # noqa: ARG002
        self.done = function(*arguments, **options)
        return self

    def release(self) -> None: ...

    def result(self) -> Any:
        return self.done


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No workers: each part is made at once when it is handed out."""

    class Client:
        def submit(self, *arguments: Any, **options: Any) -> Here:
            return Here().submit(*arguments, **options)

    class Context:
        def __enter__(self) -> Client:
            return Client()

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(dask, "_client", lambda *_: Context())


def local(inputs: list[Path], output: Path) -> tuple[bytes, list[dict[str, Any]], str]:
    told: list[dict[str, Any]] = []
    report = Report(on_problem=lambda error: told.append(error.as_dict()))
    local_export(inputs, output, report=report)
    return output.read_bytes(), told, counts(report)


def counts(report: Report) -> str:
    return report.summary().rpartition(", ")[0]


def in_parts(inputs: list[Path], output: Path | str, **options: Any) -> tuple[list[bytes], list[dict[str, Any]], str]:
    told: list[dict[str, Any]] = []
    report = Report(on_problem=lambda error: told.append(error.as_dict()))
    export(inputs, output, report=report, **{"size": SIZE, **options})
    return made(str(output)), told, counts(report)


def made(folder: str) -> list[bytes]:
    """The bytes of the parts of a folder, each as the manifest says it is."""
    system, path = fsspec.core.url_to_fs(folder)
    manifest = json.loads(system.cat_file(f"{path}/_manifest.json"))
    found = [system.cat_file(f"{path}/{part['file']}") for part in manifest["parts"]]
    for part, data in zip(manifest["parts"], found, strict=True):
        assert (part["bytes"], part["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    for name in ("studies", "triples"):
        assert sum(part[name] for part in manifest["parts"]) == manifest[name]
    names = {part["file"] for part in manifest["parts"]} | {"_manifest.json"}
    assert {each.rpartition("/")[2] for each in system.ls(path, detail=False)} == names
    return found


@pytest.mark.parametrize("size", [5_000, SIZE, 1 << 30])
@pytest.mark.usefixtures("here")
def test_the_parts_in_order_are_the_local_output(tmp_path: Path, many: Path, size: int) -> None:
    wanted = local([many], tmp_path / "one.nq")
    found = in_parts([many], tmp_path / "parts.nq", size=size)
    assert b"".join(found[0]) == wanted[0]
    assert found[1:] == wanted[1:]
    assert (len(found[0]) > 10) == (size < SIZE)


@pytest.mark.usefixtures("here")
def test_the_parts_of_every_format_hold_the_same(tmp_path: Path, many: Path) -> None:
    wanted = local([many], tmp_path / "one.nt")[0]
    packed = in_parts([many], tmp_path / "parts.nt.gz")[0]
    assert len(packed) > 3
    assert b"".join(map(gzip.decompress, packed)) == wanted
    for name, syntax in (("x.ttl", ox.RdfFormat.TURTLE), ("x.jsonld", ox.RdfFormat.JSON_LD)):
        found = in_parts([many], tmp_path / name)[0]
        triples = {str(quad.triple) for data in found for quad in ox.parse(data, format=syntax)}
        assert triples == {line.removesuffix(b" .").decode() for line in wanted.splitlines()}
    in_parts([many], tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet", columns=["subject"]).num_rows == wanted.count(b"\n")


@pytest.mark.usefixtures("here")
def test_folders_and_files_at_an_address_are_read_and_written(tmp_path: Path, many: Path) -> None:
    system = fsspec.filesystem("memory")
    system.put(str(many), "/registry", recursive=True)
    found = in_parts(["memory://registry"], "memory://made/parts.nq")  # type: ignore[list-item]
    assert b"".join(found[0]) == local([many], tmp_path / "one.nq")[0]
    assert [each["kind"] for each in found[1]] == [each["kind"] for each in local([many], tmp_path / "one.nq")[1]]


@pytest.mark.usefixtures("here")
def test_the_newer_of_two_records_stands_in_whichever_part(tmp_path: Path) -> None:
    record = STUDIES[0].read_bytes()
    older = re.sub(rb'("versionHolder"\s*:\s*")20', rb"\g<1>19", record)
    older = re.sub(rb'("lastUpdatePostDateStruct"\s*:\s*\{\s*"date"\s*:\s*")20', rb"\g<1>19", older)
    for first, second in ((older, record), (record, older), (record, record)):
        lines = [orjson.dumps(orjson.loads(each)) for each in (first, STUDIES[1].read_bytes(), second)]
        (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
        wanted = local([tmp_path / "x.jsonl"], tmp_path / "one.ttl")
        found = in_parts([tmp_path / "x.jsonl"], tmp_path / "parts.ttl", size=len(lines[0]))
        triples = [str(quad) for data in found[0] for quad in ox.parse(data, format=ox.RdfFormat.TURTLE)]
        assert triples == [str(quad) for quad in ox.parse(wanted[0], format=ox.RdfFormat.TURTLE)]
        assert found[1:] == wanted[1:]


@pytest.mark.usefixtures("here")
def test_a_run_takes_the_place_of_the_one_before_and_a_failed_one_has_no_manifest(
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
    wanted = local([many], tmp_path / "one.nt")
    found = in_parts([many], tmp_path / "parts.nt", scheduler=workers.scheduler_address)
    assert b"".join(found[0]) == wanted[0]
    assert found[1:] == wanted[1:]


def test_a_worker_that_is_killed_costs_no_study(tmp_path: Path, many: Path, workers: LocalCluster) -> None:
    wanted = local([many], tmp_path / "one.nt")
    folder, done_then = tmp_path / "parts.nt", list[int]()

    def kill() -> None:
        while not list(folder.glob("part-*")):
            time.sleep(0.001)
        os.kill(next(iter(workers.workers.values())).pid, signal.SIGKILL)
        done_then.append(len(list(folder.glob("part-*"))))

    killer = threading.Thread(target=kill)
    killer.start()
    found = in_parts([many], folder, size=10_000, scheduler=workers.scheduler_address)
    killer.join()
    assert b"".join(found[0]) == wanted[0]
    assert found[1:] == wanted[1:]
    assert 0 < done_then[0] < len(found[0])


def test_the_command_starts_workers_of_its_own(tmp_path: Path) -> None:
    command = [*KG, "export", str(SEED), "-o", str(tmp_path / "parts.ttl"), "--engine", "dask", "-j", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"Studies: 1 read, 1 exported, 0 rejected, .*\n", done.stderr)
    local_export([SEED], tmp_path / "one.ttl")
    studies, shared = made(str(tmp_path / "parts.ttl"))
    prefixes = shared[: shared.index(b"\n\n") + 1]
    assert studies + shared.removeprefix(prefixes) == (tmp_path / "one.ttl").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "-o", "x.nt"], "Standard input is on one machine only"),
        (["IN", "-o", "x"], "The name .*x tells no format"),
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
def test_wrong_use_is_told_in_a_sentence(
    tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from kg.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dask, "TIMEOUT", 1)
    (tmp_path / "IN").mkdir()
    (tmp_path / "IN" / "a.json").write_bytes(STUDIES[0].read_bytes())
    done = CliRunner().invoke(main, ["export", *arguments, "--engine", "dask"])
    assert done.exit_code == 2
    assert re.search(said, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x.nt").exists() or not list((tmp_path / "x.nt").iterdir())


def test_a_partition_is_what_it_is_wherever_it_is_cut(many: Path) -> None:
    with pytest.raises(UsageError):
        list(split(["nothing"], print))
    for size in (3_000, 77_777):
        found = list(split([many], print, size))
        spans = [span for partition in found for span in partition]
        by_file: dict[str, list[Any]] = {}
        for span in spans:
            by_file.setdefault(span.file, []).append(span)
        for each in by_file.values():
            assert [span.last for span in each] == [False] * (len(each) - 1) + [True]
            assert [span.begin for span in each[1:]] == [span.end for span in each[:-1]]
    assert NAME.fullmatch("part-00012.nt.gz")
    assert not NAME.fullmatch("part-list.nt")
