"""``kg query --memory`` limited address space: a trivial query on a store failed below 500 MB, as files are mapped."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import kg
from kg.export.report import Report
from kg.store.embedded import build
from tests.conftest import STUDIES
from tests.query.test_sandbox import ALL, DISTINCT, children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is known on Linux only")
KG = [sys.executable, "-m", "kg", "query"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory") / "s.kgstore"
    build(STUDIES, folder, report=Report())
    return folder


@pytest.mark.parametrize("memory", ["50M", "100M", "100 MB", "0.1", ".1G"])
def test_a_trivial_query_needs_little_memory(store: Path, memory: str) -> None:
    command = [*KG, "ASK { ?s a ct:Study }", "-d", str(store), "--memory", memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "yes\n", "")


@pytest.mark.parametrize("text", [ALL, DISTINCT], ids=["answer", "sorted"])
def test_a_runaway_query_is_stopped_soon(store: Path, text: str) -> None:
    before = children()
    started = time.monotonic()
    with pytest.raises(kg.errors.OutputError, match="exceeds the memory limit of 100 MB; allow more memory"):
        kg.query(text, store, memory=100_000_000)
    assert time.monotonic() - started < 20
    assert children() == before


def test_a_runaway_query_in_memory_is_stopped_too() -> None:
    with pytest.raises(kg.errors.OutputError, match="exceeds the memory limit of 100 MB"):
        kg.query(DISTINCT, STUDIES[0], memory=100_000_000)


@pytest.mark.parametrize("memory", ["1M", "0", "-1G", "many", "1 parsec"])
def test_an_impossible_limit_is_refused(memory: str) -> None:
    command = [*KG, "ASK {}", "-d", str(STUDIES[0]), "--memory", memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is not a size of at least 50M" in done.stderr
