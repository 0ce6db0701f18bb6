"""Loads into real servers: whole, counted, again, broken and killed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import SourceError, UsageError
from kg.export.record_header import day
from kg.export.report import Report
from kg.http.credentials import credentials
from kg.load.check import by_shapes
from kg.load.client import connected
from kg.load.into import Choice, Loaded, load, load_as_one
from kg.load.presets import PRESETS, address
from kg.load.state import counts
from kg.query.engine import endpoint, prepared, query
from tests.conftest import STUDIES
from tests.servers import SERVERS, Server, running_or_skip

ONE = "https://example.org/all"
GRAPHS = [f"https://w3id.org/trialkg/record/{path.stem}" for path in STUDIES]
ALL = [*GRAPHS, "https://w3id.org/trialkg/graph/shared", "https://w3id.org/trialkg/graph/ontology"]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_or_skip(request.param, tmp_path_factory.mktemp(request.param.name)) as started:
        yield started


def into(server: Server, inputs: list[Path], graph: str = "") -> tuple[Loaded, int]:
    """What a load did, and how many requests changed data."""
    with connected(server.url, None, server.credentials) as store:
        done = load_as_one(store, graph, inputs, report=Report()) if graph else load(store, inputs, report=Report())
        return done, store.writes


def counted(server: Server, names: list[str]) -> dict[str, int]:
    with connected(server.url, None, server.credentials) as store:
        return counts(store, names)


def test_a_load_is_whole_and_loading_again_changes_nothing(server: Server) -> None:
    done, _ = into(server, STUDIES)
    assert (done.added, done.wrong) == (len(STUDIES) + 1, [])  # the ontology is a graph too
    again, writes = into(server, STUDIES)
    assert (again.unchanged, writes) == (len(STUDIES) + 1, 0)
    assert again.statements == done.statements == sum(counted(server, ALL).values())


QUESTIONS = ["arms", "ages", "cities", "conditions", "countries"]
QUESTIONS += ["interventions", "phase_status", "sponsors", "publications", "many_sites"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_are_answered_as_by_the_embedded_store(server: Server, name: str) -> None:
    found = endpoint(server.asked, prepared(name), credentials=server.credentials, digest=True)
    assert sorted(map(str, found.rows)) == sorted(map(str, query(name, STUDIES).rows))


def test_a_changed_study_is_replaced_as_a_whole(server: Server, tmp_path: Path) -> None:
    record = json.loads(STUDIES[0].read_bytes())
    record["protocolSection"].pop("outcomesModule", None)
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2031-01-01"
    (tmp_path / "new.json").write_text(json.dumps(record))
    before = counted(server, GRAPHS)
    done, _ = into(server, [tmp_path / "new.json"])
    assert (done.replaced, done.wrong) == (1, [])
    assert counted(server, GRAPHS)[GRAPHS[0]] < before[GRAPHS[0]]
    assert into(server, STUDIES[:1])[0].older == 1


def test_a_server_that_is_killed_keeps_its_graphs_whole(server: Server) -> None:
    done, _ = into(server, STUDIES[:20], ONE)
    command = [
        sys.executable,
        "-m",
        "kg",
        "load",
        *map(str, STUDIES),
        "--to",
        server.url,
        "--graph",
        ONE,
        "--timeout",
        "5",
    ]
    process = subprocess.Popen(command, env=os.environ | server.environment, stderr=subprocess.PIPE, text=True)
    with suppress(subprocess.TimeoutExpired):  # on a fast machine all is loaded by then
        process.wait(1.0)
    server.kill()
    said = process.communicate(timeout=60)[1]
    assert "Traceback" not in said
    assert "s3cret" not in said
    server.start()
    whole, _ = into(server, STUDIES, "https://example.org/other")
    kept = counted(server, [ONE]).get(ONE, 0)
    assert kept in (done.statements, whole.statements)
    done, _ = into(server, STUDIES, ONE)
    assert (done.statements, done.wrong) == (whole.statements, [])


def test_of_what_was_replaced_nothing_is_left_and_of_what_was_loaded_nothing_is_lost(server: Server) -> None:
    again, other = "https://example.org/again", "https://example.org/once"
    into(server, STUDIES[:20], again)
    into(server, STUDIES[10:], again)
    into(server, STUDIES[10:], other)
    before = counted(server, [again, other])
    assert before[again] == before[other]
    server.kill()
    server.start()
    assert counted(server, [again, other]) == before
    assert into(server, STUDIES[10:], again)[1] == 0


def test_addresses_and_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert address("http://h:3030/ds/query", PRESETS["fuseki"]) == "http://h:3030/ds"
    with pytest.raises(UsageError, match="names no dataset"):
        address("http://h:3030/", PRESETS["fuseki"])
    monkeypatch.delenv("KG_USER", raising=False)
    (tmp_path / "netrc").write_text("machine h login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert credentials("http://h:1/") == ("me", "secret")
    with pytest.raises(UsageError) as told:
        credentials("http://me:secret@h/")
    assert "secret" not in str(told.value)


def test_of_what_is_broken_nothing_is_sent(server: Server, tmp_path: Path) -> None:
    (tmp_path / "broken.nq").write_text("<a:s> <a:p> <a:o> <a:g> .\n<a:s> <a:p> broken <a:g> .\n")
    report = Report()
    with connected(server.url, None, server.credentials) as store:
        load(store, [tmp_path / "broken.nq"], report=report)
        with pytest.raises(SourceError, match="is no good nquads"):
            load_as_one(store, ONE, [tmp_path / "broken.nq"], report=Report())
        assert (report.rejected, store.writes) == (1, 0)
    assert counted(server, ["a:g"]) == {}


def changed(place: Path, day: str) -> Path:
    """The first study, as it is at a later day."""
    record = json.loads(STUDIES[0].read_bytes())
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = day
    place.write_text(json.dumps(record))
    return place


def test_since_and_prune_choose_what_is_loaded_and_what_stays(server: Server, tmp_path: Path) -> None:
    other, late = "https://example.org/of-others", changed(tmp_path / "late.json", "2032-06-01")
    into(server, STUDIES[1:3])
    with connected(server.url, None, server.credentials) as store:
        done = load(store, [late, *STUDIES[1:4]], Choice(since=day("2032-06-01")), report=Report())
        assert (done.earlier, done.added + done.replaced + done.unchanged) == (3, 1 + 1)  # and the ontology
        store.update(f"INSERT DATA {{ GRAPH <{other}> {{ <{other}> <{other}> <{other}> }} }}")
        (tmp_path / "none.json").write_text('{"protocolSection": 7}')
        with pytest.raises(UsageError, match="no graph is taken for one that vanished"):
            load(store, [STUDIES[1], tmp_path / "none.json"], Choice(prune=True), report=Report())
        assert counts(store, GRAPHS[1:3]).keys() == set(GRAPHS[1:3])
        load(store, STUDIES[1:3], Choice(prune=True), report=Report())
    assert counted(server, [*GRAPHS, other]).keys() == {*GRAPHS[1:3], other}


def test_a_graph_that_the_shapes_find_wrong_is_left_out(server: Server, tmp_path: Path) -> None:
    wrong = "https://example.org/wrong"
    study = "<https://clinicaltrials.gov/study/NCT02059759>"
    a = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/trialkg/ontology#Study>"
    (tmp_path / "wrong.nq").write_text(f"{study} {a} <{wrong}> .\n")
    report = Report()
    with connected(server.url, None, server.credentials) as store:
        done = load(store, [tmp_path / "wrong.nq", STUDIES[4]], Choice(judge=by_shapes()), report=report)
    assert {error.study for error in report.problems} == {wrong}
    assert (done.added + done.unchanged + done.replaced, counted(server, [wrong])) == (1 + 1, {})  # and the ontology


FILES = {
    "qlever": ([], {"Qleverfile", "trials.nq.gz"}),
    "blazegraph": (["--set", "namespace=ct"], {"blazegraph.properties", "trials.nq.gz"}),
    "neptune": (
        ["--set", "source=s3://b/t.nq.gz", "--set", "role=arn:x", "--to", "https://c.eu-west-1.neptune.amazonaws.com"],
        {"neptune.json", "trials.nq.gz"},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_written_for_stores_that_load_from_files(tmp_path: Path, name: str) -> None:
    options, names = FILES[name]
    command = [sys.executable, "-m", "kg", "load", *map(str, STUDIES), "--preset", name, "-o", str(tmp_path / "out")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    with gzip.open(tmp_path / "out" / "trials.nq.gz") as file:
        quads = list(ox.parse(file.read(), format=ox.RdfFormat.N_QUADS))
    assert {quad.graph_name.value for quad in quads} == set(ALL)
    assert any(each in done.stdout for each in names - {"trials.nq.gz"}) or name == "qlever"
