"""The 1,659 real records in real servers: all of them, again, and with the server killed in the middle.

They take minutes and are not part of the project, so these tests run where ``KG_ALL`` is set and the records are beside
it. What broken input does is told by test_load.py, with small records.
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
from kg.load.client import connected
from kg.load.graphs import graphs
from kg.load.state import STATE, VERSION
from kg.query.engine import ask, endpoint, prepared
from kg.query.results import Answer
from kg.store.embedded import build
from kg.store.shared_graph import RECORD
from tests.integration.test_load import QUESTIONS, into
from tests.servers import SERVERS, Missing, Server

ALL = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The records: they hold names of persons, and are not shipped."""
EDITED = " (edited)"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"

pytestmark = [
    pytest.mark.skipif(not os.environ.get("KG_ALL"), reason="it takes minutes: set KG_ALL"),
    pytest.mark.skipif(not ALL.exists(), reason="the 1,659 records are not here"),
]


class Size(NamedTuple):
    """How many statements a graph may have in a store: literals of one value may be one there."""

    least: int
    most: int


def sizes(source: Path) -> dict[str, Size]:
    studies = (each for each in graphs([source], Report()) if each.name.startswith(RECORD))
    return {each.name: Size(each.least, each.most) for each in studies}


def edited(record: dict[str, Any]) -> dict[str, Any]:
    """A newer record, with another title and an outcome more."""
    made = copy.deepcopy(record)
    protocol = made["protocolSection"]
    protocol["identificationModule"]["briefTitle"] += EDITED
    protocol["statusModule"].setdefault("lastUpdatePostDateStruct", {})["date"] = "2031-01-01"
    protocol.setdefault("outcomesModule", {}).setdefault("primaryOutcomes", []).append({"measure": "One more"})
    return made


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("newer") / "studies.jsonl"
    place.write_bytes(b"\n".join(orjson.dumps(edited(record.data)) for record in kg.read(ALL)))
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("all") / "s.kgstore"
    build([ALL], place, report=Report())
    return place


@pytest.fixture(scope="module", params=SERVERS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has the records."""
    try:
        made: Server = request.param(tmp_path_factory.mktemp(request.param.name))
    except Missing as error:
        pytest.fail(str(error))
    made.start()
    done, _ = into(made, [ALL])
    assert (done.added, done.wrong) == (1659 + 1, [])  # the ontology is a graph too
    yield made
    made.kill()


def found(server: Server) -> dict[str, tuple[int, bool]]:
    """For each graph its statements, and whether its title is that of the newer record."""
    count = "SELECT ?graph (COUNT(*) AS ?count) { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph"
    title = f"SELECT ?graph ?s ?title {{ GRAPH ?graph {{ ?s <{LABEL}> ?title ; a ct:Study }} }}"
    with connected(server.url, None, server.credentials) as store:
        counted = {row["graph"]: int(row["count"]) for row in store.select(count)}
        titles = {row["graph"]: row["title"] for row in store.select(prepared(title)) if row["s"][-11:] in row["graph"]}
    return {name: (counted[name], titles[name].endswith(EDITED)) for name in titles if name.startswith(RECORD)}


def rows(answer: Answer) -> list[list[str]]:
    """Rows in no order; decimals as far as stores agree on them."""
    return sorted(
        [f"{value:.10g}" if isinstance(value, float) else str(value) for value in row.values()] for row in answer.rows
    )


def test_all_is_there_and_loading_again_changes_nothing(server: Server) -> None:
    wanted = sizes(ALL)
    there = found(server)
    assert there.keys() == wanted.keys()
    assert all(wanted[name].least <= count <= wanted[name].most and not new for name, (count, new) in there.items())
    again, writes = into(server, [ALL])
    assert (again.unchanged, again.wrong, writes) == (1659 + 1, [], 0)
    assert found(server) == there


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_are_answered_as_by_the_embedded_store(server: Server, folder: Path, name: str) -> None:
    text = prepared(name)
    answer = endpoint(server.asked, text, credentials=server.credentials, digest=True, timeout=120)
    assert rows(answer) == rows(ask(folder, text))


def test_a_server_that_is_killed_has_each_study_old_or_new(server: Server, newer: Path) -> None:
    command = [sys.executable, "-m", "kg", "load", str(newer), "--to", server.url, "--timeout", "300"]
    process = subprocess.Popen(command, env=os.environ | server.environment, stderr=subprocess.PIPE, text=True)
    of_new = f"GRAPH <{STATE}> {{ ?graph <{VERSION}> ?version FILTER(?version >= {version('2031-01-01', '', '')}) }}"
    new = f"SELECT ?graph {{ {of_new} }} LIMIT 1"  # Virtuoso answers ASK with rows
    while process.poll() is None and not _any(server, new):
        time.sleep(0.5)
    server.kill()
    assert "Traceback" not in process.communicate(timeout=120)[1]
    assert process.returncode == 1
    server.start()
    old_sizes, new_sizes = sizes(ALL), sizes(newer)
    between = found(server)
    broken = {
        name: (count, new)
        for name, (count, new) in between.items()
        if not (size := (new_sizes if new else old_sizes)[name]).least <= count <= size.most
    }
    done, _ = into(server, [newer])
    after = found(server)
    assert done.wrong == []
    assert all(new and new_sizes[name].least <= count <= new_sizes[name].most for name, (count, new) in after.items())
    assert after.keys() == new_sizes.keys()
    assert between.keys() == old_sizes.keys()
    assert broken == {}
    assert {new for _, new in between.values()} == {True, False}
    server.kill()
    server.start()
    assert found(server) == after


def _any(server: Server, text: str) -> bool:
    try:
        return bool(endpoint(server.asked, text, credentials=server.credentials, digest=True, timeout=5).rows)
    except OutputError:
        return False
