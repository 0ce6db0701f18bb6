"""Loads of 1,659 real records into real servers: all of them, a second time, and with the server killed.

These tests take minutes and the records are not part of the repository, so they run only if ``KG_ALL`` is set and the
records are available. test_load.py covers invalid input with small records.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

import kg
from kg.errors import OutputError
from kg.export.record_header import version
from kg.export.report import Report
from kg.load.client import connect
from kg.load.graphs import graphs
from kg.load.state import STATE, VERSION
from kg.ontology.vocabulary import RECORD
from kg.query.endpoint import query_endpoint
from kg.query.engine import evaluate, prepare
from kg.query.results import Answer
from kg.store.embedded import build
from tests.integration.test_load import QUERIES, load_into
from tests.servers import SERVERS, Missing, Server

ALL = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The records; they contain personal names and are not distributed."""
EDITED = " (edited)"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"

pytestmark = [
    pytest.mark.skipif(not os.environ.get("KG_ALL"), reason="takes minutes; set KG_ALL to run it"),
    pytest.mark.skipif(not ALL.exists(), reason="the 1,659 records are not available"),
]


class Size(NamedTuple):
    """The range of statement counts of a graph: some stores merge literals of equal value."""

    least: int
    most: int


def sizes(source: Path) -> dict[str, Size]:
    studies = (graph for graph in graphs([source], Report()) if graph.name.startswith(RECORD))
    return {graph.name: Size(graph.least, graph.most) for graph in studies}


def edited(record: dict[str, Any]) -> dict[str, Any]:
    """Return a newer version of a record, with another title and one more outcome."""
    newer_record = copy.deepcopy(record)
    protocol = newer_record["protocolSection"]
    protocol["identificationModule"]["briefTitle"] += EDITED
    protocol["statusModule"].setdefault("lastUpdatePostDateStruct", {})["date"] = "2031-01-01"
    protocol.setdefault("outcomesModule", {}).setdefault("primaryOutcomes", []).append({"measure": "One more"})
    return newer_record


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("newer") / "studies.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(edited(record.data)) for record in kg.read(ALL)))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("all") / "s.kgstore"
    build([ALL], path, report=Report())
    return path


@pytest.fixture(scope="module", params=SERVERS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with all records loaded."""
    try:
        started: Server = request.param(tmp_path_factory.mktemp(request.param.name))
    except Missing as error:
        pytest.fail(str(error))
    started.start()
    result, _ = load_into(started, [ALL])
    assert (result.added, result.wrong) == (1659 + 1, [])  # the ontology is a graph too
    yield started
    started.kill()


def stored_studies(server: Server) -> dict[str, tuple[int, bool]]:
    """Return the statement count of each study graph, and whether its title is that of the newer record."""
    count = "SELECT ?graph (COUNT(*) AS ?count) { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph"
    title = f"SELECT ?graph ?s ?title {{ GRAPH ?graph {{ ?s <{LABEL}> ?title ; a ct:Study }} }}"
    with connect(server.url, None, server.credentials) as store:
        counted = {row["graph"]: int(row["count"]) for row in store.select(count)}
        titles = {row["graph"]: row["title"] for row in store.select(prepare(title)) if row["s"][-11:] in row["graph"]}
    return {name: (counted[name], titles[name].endswith(EDITED)) for name in titles if name.startswith(RECORD)}


def rows(answer: Answer) -> list[list[str]]:
    """Return rows sorted, with decimals rounded to the digits on which stores agree."""
    return sorted(
        [f"{value:.10g}" if isinstance(value, float) else str(value) for value in row.values()] for row in answer.rows
    )


def test_all_records_are_loaded_and_a_second_load_changes_nothing(server: Server) -> None:
    expected = sizes(ALL)
    stored = stored_studies(server)
    assert stored.keys() == expected.keys()
    assert all(
        expected[name].least <= count <= expected[name].most and not new for name, (count, new) in stored.items()
    )
    again, writes = load_into(server, [ALL])
    assert (again.unchanged, again.wrong, writes) == (1659 + 1, [], 0)
    assert stored_studies(server) == stored


@pytest.mark.parametrize("name", QUERIES)
def test_queries_return_the_rows_of_the_embedded_store(server: Server, folder: Path, name: str) -> None:
    text = prepare(name)
    answer = query_endpoint(server.query_url, text, credentials=server.credentials, digest=True, timeout=120)
    assert rows(answer) == rows(evaluate(folder, text))


def test_a_killed_server_has_each_study_old_or_new(server: Server, newer: Path) -> None:
    command = [sys.executable, "-m", "kg", "load", str(newer), "--to", server.url, "--timeout", "300"]
    process = subprocess.Popen(command, env=os.environ | server.environment, stderr=subprocess.PIPE, text=True)
    of_new = f"GRAPH <{STATE}> {{ ?graph <{VERSION}> ?version FILTER(?version >= {version('2031-01-01', '', '')}) }}"
    new = f"SELECT ?graph {{ {of_new} }} LIMIT 1"  # Virtuoso returns rows for ASK
    while process.poll() is None and not _any(server, new):
        time.sleep(0.5)
    server.kill()
    assert "Traceback" not in process.communicate(timeout=120)[1]
    assert process.returncode == 1
    server.start()
    old_sizes, new_sizes = sizes(ALL), sizes(newer)
    between = stored_studies(server)
    broken = {
        name: (count, new)
        for name, (count, new) in between.items()
        if not (size := (new_sizes if new else old_sizes)[name]).least <= count <= size.most
    }
    result, _ = load_into(server, [newer])
    after = stored_studies(server)
    assert result.wrong == []
    assert all(new and new_sizes[name].least <= count <= new_sizes[name].most for name, (count, new) in after.items())
    assert after.keys() == new_sizes.keys()
    assert between.keys() == old_sizes.keys()
    assert broken == {}
    assert {new for _, new in between.values()} == {True, False}
    server.kill()
    server.start()
    assert stored_studies(server) == after


def _any(server: Server, text: str) -> bool:
    try:
        return bool(query_endpoint(server.query_url, text, credentials=server.credentials, digest=True, timeout=5).rows)
    except OutputError:
        return False
