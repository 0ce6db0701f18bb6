"""A killed ``kg store build`` left its ``.part`` folder for ever; a failed one of several files left half a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import OutputError, UsageError
from kg.export.report import Report
from kg.load.bulk_files import parse_settings, write_files
from kg.network.write import write
from kg.rdf.atomic import replacing_folder, temporary_folder
from kg.store import embedded
from kg.store.embedded import build
from tests.conftest import STUDIES

KG = [sys.executable, "-m", "kg"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_next_build_removes_what_a_killed_one_left(tmp_path: Path, end: signal.Signals) -> None:
    store = tmp_path / "s.kgstore"
    command = [*KG, "store", "build", *map(str, STUDIES), "-o", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not names(tmp_path) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    process.send_signal(end)
    assert b"Traceback" not in process.communicate()[1]
    if end != signal.SIGKILL:
        assert [name for name in names(tmp_path) if name != store.name] == []
    if not store.exists():
        build(STUDIES[:1], store, report=Report())
    assert names(tmp_path) == [store.name]


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(store: ox.Store) -> None:
        store.add(ox.Quad(*[ox.NamedNode("a:b")] * 3))
        raise OSError("IO error: No space left on device: While appending to file: /x/000009.sst: No space left")

    monkeypatch.setattr(embedded, "add_ontology", fail)
    with pytest.raises(OutputError, match=r"s\.kgstore cannot be written: No space left on device\.$"):
        build(STUDIES[:1], tmp_path / "s.kgstore", report=Report())
    assert names(tmp_path) == []


def test_of_two_builds_to_one_name_the_second_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "s.kgstore"
    with temporary_folder(store), pytest.raises(UsageError, match="is being built by another process"):
        build(STUDIES[:1], store, report=Report())
    build(STUDIES[:1], store, report=Report())
    assert names(tmp_path) == [store.name]


def test_a_store_that_appears_during_a_build_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "s.kgstore"
    build(STUDIES[:1], tmp_path / "other", report=Report())
    monkeypatch.setattr(embedded, "add_ontology", lambda _: (tmp_path / "other").rename(store))
    with pytest.raises(OutputError, match="was built by another process in the meantime"):
        build(STUDIES[1:2], store, report=Report())
    assert names(tmp_path) == [store.name]


def fail(target: Path) -> None:
    with replacing_folder(str(target)) as folder:
        (folder / "a").write_text("new")
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_of_files_is_complete_or_as_before(tmp_path: Path, *, exists: bool) -> None:
    target = tmp_path / "new" / "out"
    if exists:
        target.mkdir(parents=True)
        (target / "a").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=r"out cannot be written: No space"):
        fail(target)
    assert sorted(tmp_path.rglob("*")) == before
    assert not exists or (target / "a").read_text() == "old"
    with replacing_folder(str(target)) as folder:
        (folder / "a").write_text("new")
    assert (names(target), (target / "a").read_text()) == (["a"], "new")


def test_broken_input_leaves_no_half_folder(tmp_path: Path) -> None:
    (tmp_path / "broken.nt").write_text("<a:b> <a:b> .")
    inputs = [str(STUDIES[0]), str(tmp_path / "broken.nt")]
    for name in ("kgx", "kgx-jsonl", "neo4j"):
        with pytest.raises(Exception, match="is not valid ntriples"):
            write(inputs, str(tmp_path / "out" / name), format=name, report=Report())
    with pytest.raises(Exception, match="is not valid ntriples"):
        write_files("qlever", parse_settings("qlever", []), tmp_path / "out" / "q", inputs, report=Report())
    assert names(tmp_path) == ["broken.nt"]
