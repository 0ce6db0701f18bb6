"""The shared graph of a running store equals that of a new build, even after killed loads."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pyoxigraph as ox
import pytest

from kg.export.report import Report
from kg.load.state import STATE
from kg.store import layout
from kg.store.dataset import open_store
from kg.store.embedded import build
from tests.conftest import STUDIES
from tests.servers import Oxigraph, running_or_skip
from tests.store.test_embedded import Editor, written

EDITS, BATCH = 200, 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Oxigraph]:
    with running_or_skip(Oxigraph, tmp_path) as started:
        yield started


def content(server: Oxigraph) -> set[ox.Quad]:
    """Return all statements of a server except its load state."""
    request = Request(f"{server.root}/store", headers={"Accept": "application/n-quads"})
    with urlopen(request, timeout=60) as answer:
        quads = ox.parse(answer.read(), format=ox.RdfFormat.N_QUADS)
    return {quad for quad in quads if quad.graph_name != ox.NamedNode(STATE)}


def test_a_load_completes_the_work_of_killed_loads(server: Oxigraph, tmp_path: Path) -> None:
    """Load 200 edits in batches; kill each load at a random moment, then repeat it; studies disappear and return."""
    editor, moments = Editor(11), random.Random(11)
    current = written(editor.records, tmp_path / "records.jsonl")
    command = [sys.executable, "-m", "kg", "load", str(current), "--to", server.url, "--preset", "oxigraph", "--prune"]
    subprocess.run(command, check=True, capture_output=True)
    for i in range(EDITS // BATCH):
        for _ in range(BATCH):
            editor.edit()
        gone = moments.sample(range(len(editor.records)), 3)
        written([record for place, record in enumerate(editor.records) if place not in gone], current)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 1.2))
        process.kill()
        process.wait()
        subprocess.run(command, check=True, capture_output=True)
        build([current], tmp_path / f"fresh{i}", report=Report())
        with open_store(tmp_path / f"fresh{i}") as fresh:
            assert content(server) == {*layout.leaving(fresh)}, i
    assert len(STUDIES) > 3
