"""Loads into real servers: complete, counted, repeated, invalid and interrupted."""

from __future__ import annotations

import configparser
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

import kg
from kg.errors import NothingFoundError, SourceError, UsageError
from kg.export.record_header import day
from kg.export.report import Report
from kg.http.credentials import credentials
from kg.load.client import connect
from kg.load.presets import PRESETS, dataset_url
from kg.load.run import LoadOptions, LoadResult, load, load_as_one
from kg.load.shapes import shape_validator
from kg.load.state import counts
from kg.query.endpoint import query_endpoint
from kg.query.engine import evaluate
from kg.query.library import library_queries
from kg.query.results import Answer
from kg.store.dataset import load_dataset
from tests.conftest import STUDIES
from tests.servers import SERVERS, Server, running_or_skip

ONE = "https://example.org/all"
GRAPHS = [f"https://w3id.org/trialkg/record/{path.stem}" for path in STUDIES]
ALL = [*GRAPHS, "https://w3id.org/trialkg/graph/shared", "https://w3id.org/trialkg/graph/ontology"]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_or_skip(request.param, tmp_path_factory.mktemp(request.param.name)) as started:
        yield started


def load_into(server: Server, inputs: list[Path], graph: str = "") -> tuple[LoadResult, int]:
    """Return the result of a load and the number of requests that changed data."""
    with connect(server.url, None, server.credentials) as store:
        result = load_as_one(store, graph, inputs, report=Report()) if graph else load(store, inputs, report=Report())
        return result, store.writes


def counts_of(server: Server, names: list[str]) -> dict[str, int]:
    with connect(server.url, None, server.credentials) as store:
        return counts(store, names)


def test_a_second_load_changes_nothing(server: Server) -> None:
    result, _ = load_into(server, STUDIES)
    assert (result.added, result.wrong) == (len(STUDIES) + 1, [])  # the ontology is a graph too
    again, writes = load_into(server, STUDIES)
    assert (again.unchanged, writes) == (len(STUDIES) + 1, 0)
    assert again.statements == result.statements == sum(counts_of(server, ALL).values())


QUERIES = {query.name: query.text for query in library_queries()}
PICTURES = {path.stem: path.read_text("utf-8") for path in (Path(kg.__file__).parent / "draw" / "queries").glob("*.rq")}
ANY_ROWS = "first-studies"
"""A query for any two studies."""


@pytest.fixture(scope="module")
def store() -> ox.Store:
    loaded = load_dataset(STUDIES)
    assert isinstance(loaded, ox.Store)
    return loaded


def texts(answer: Answer) -> list[list[str]]:
    """Return the rows of an answer with the digits on which stores agree."""
    return [[f"{value:.10g}" if isinstance(value, float) else str(value) for value in row.values()] for row in answer]


@pytest.mark.parametrize("name", QUERIES)
def test_queries_return_the_rows_of_the_embedded_store_in_their_order(
    server: Server, store: ox.Store, name: str
) -> None:
    answer = query_endpoint(server.query_url, QUERIES[name], credentials=server.credentials, digest=True, timeout=60)
    assert texts(answer) == texts(evaluate(store, QUERIES[name]))


@pytest.mark.parametrize("name", sorted(PICTURES.keys() - {ANY_ROWS}))
def test_queries_of_pictures_return_the_rows_of_the_embedded_store(server: Server, store: ox.Store, name: str) -> None:
    text = PICTURES[name]
    answer = query_endpoint(server.query_url, text, credentials=server.credentials, digest=True, timeout=60)
    found, expected = with_sorted_words(texts(answer)), with_sorted_words(texts(evaluate(store, text)))
    assert (found == expected) if "ORDER BY" in text else (sorted(found) == sorted(expected))


def with_sorted_words(rows: list[list[str]]) -> list[list[str]]:
    """Return rows with the words of each value sorted, as GROUP_CONCAT has no order."""
    return [[" ".join(sorted(value.split())) for value in row] for row in rows]


def test_a_changed_study_is_replaced(server: Server, tmp_path: Path) -> None:
    record = json.loads(STUDIES[0].read_bytes())
    record["protocolSection"].pop("outcomesModule", None)
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2031-01-01"
    (tmp_path / "new.json").write_text(json.dumps(record))
    before = counts_of(server, GRAPHS)
    result, _ = load_into(server, [tmp_path / "new.json"])
    assert (result.replaced, result.wrong) == (1, [])
    assert counts_of(server, GRAPHS)[GRAPHS[0]] < before[GRAPHS[0]]
    assert load_into(server, STUDIES[:1])[0].older == 1


def test_a_killed_server_has_complete_graphs(server: Server) -> None:
    result, _ = load_into(server, STUDIES[:20], ONE)
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
    with suppress(subprocess.TimeoutExpired):  # a fast machine may finish the load first
        process.wait(1.0)
    server.kill()
    messages = process.communicate(timeout=60)[1]
    assert "Traceback" not in messages
    assert "s3cret" not in messages
    server.start()
    whole, _ = load_into(server, STUDIES, "https://example.org/other")
    kept = counts_of(server, [ONE]).get(ONE, 0)
    assert kept in (result.statements, whole.statements)
    result, _ = load_into(server, STUDIES, ONE)
    assert (result.statements, result.wrong) == (whole.statements, [])


def test_a_replaced_graph_equals_a_new_one_and_survives_a_kill(server: Server) -> None:
    again, other = "https://example.org/again", "https://example.org/once"
    load_into(server, STUDIES[:20], again)
    load_into(server, STUDIES[10:], again)
    load_into(server, STUDIES[10:], other)
    before = counts_of(server, [again, other])
    assert before[again] == before[other]
    server.kill()
    server.start()
    assert counts_of(server, [again, other]) == before
    assert load_into(server, STUDIES[10:], again)[1] == 0


def test_urls_and_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert dataset_url("http://h:3030/ds/query", PRESETS["fuseki"]) == "http://h:3030/ds"
    with pytest.raises(UsageError, match="does not name a fuseki dataset"):
        dataset_url("http://h:3030/", PRESETS["fuseki"])
    monkeypatch.delenv("KG_USER", raising=False)
    (tmp_path / "netrc").write_text("machine h login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert credentials("http://h:1/") == ("me", "secret")
    with pytest.raises(UsageError) as caught:
        credentials("http://me:secret@h/")
    assert "secret" not in str(caught.value)


def test_nothing_of_an_invalid_file_is_sent(server: Server, tmp_path: Path) -> None:
    (tmp_path / "broken.nq").write_text("<a:s> <a:p> <a:o> <a:g> .\n<a:s> <a:p> broken <a:g> .\n")
    report = Report()
    with connect(server.url, None, server.credentials) as store:
        with pytest.raises(NothingFoundError, match="is not valid nquads"):
            load(store, [tmp_path / "broken.nq"], report=report)
        with pytest.raises(SourceError, match="is not valid nquads"):
            load_as_one(store, ONE, [tmp_path / "broken.nq"], report=Report())
        assert (report.rejected, store.writes) == (1, 0)
    assert counts_of(server, ["a:g"]) == {}


def updated_study(path: Path, day: str) -> Path:
    """Write the first study with a later update date."""
    record = json.loads(STUDIES[0].read_bytes())
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = day
    path.write_text(json.dumps(record))
    return path


def test_since_and_prune(server: Server, tmp_path: Path) -> None:
    other, late = "https://example.org/of-others", updated_study(tmp_path / "late.json", "2032-06-01")
    load_into(server, STUDIES[1:3])
    with connect(server.url, None, server.credentials) as store:
        result = load(store, [late, *STUDIES[1:4]], LoadOptions(since=day("2032-06-01")), report=Report())
        assert (result.earlier, result.added + result.replaced + result.unchanged) == (3, 1 + 1)  # with the ontology
        store.update(f"INSERT DATA {{ GRAPH <{other}> {{ <{other}> <{other}> <{other}> }} }}")
        (tmp_path / "none.json").write_text('{"protocolSection": 7}')
        with pytest.raises(UsageError, match="--prune removed no graphs"):
            load(store, [STUDIES[1], tmp_path / "none.json"], LoadOptions(prune=True), report=Report())
        assert counts(store, GRAPHS[1:3]).keys() == set(GRAPHS[1:3])
        load(store, STUDIES[1:3], LoadOptions(prune=True), report=Report())
    assert counts_of(server, [*GRAPHS, other]).keys() == {*GRAPHS[1:3], other}


def test_an_input_without_studies_prunes_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]")
    load_into(server, STUDIES[:2])
    before = counts_of(server, GRAPHS)
    with connect(server.url, None, server.credentials) as store, pytest.raises(NothingFoundError):
        load(store, [tmp_path / "empty.json"], LoadOptions(prune=True), report=Report())
    with pytest.raises(NothingFoundError):
        load_into(server, [tmp_path / "empty.json"], ONE)
    assert counts_of(server, GRAPHS) == before


def test_a_graph_with_shape_violations_is_skipped(server: Server, tmp_path: Path) -> None:
    wrong = "https://example.org/wrong"
    study = "<https://clinicaltrials.gov/study/NCT02059759>"
    a = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/trialkg/ontology#Study>"
    (tmp_path / "wrong.nq").write_text(f"{study} {a} <{wrong}> .\n")
    report = Report()
    with connect(server.url, None, server.credentials) as store:
        result = load(
            store, [tmp_path / "wrong.nq", STUDIES[4]], LoadOptions(validator=shape_validator()), report=report
        )
    assert {error.study for error in report.problems} == {wrong}
    assert result.added + result.unchanged + result.replaced == 1 + 1  # the ontology is a graph too
    assert counts_of(server, [wrong]) == {}


FILES = {
    "qlever": ([], {"Qleverfile", "trials.nq.gz"}),
    "oxigraph": (["--set", "location=db"], {"loaded.nq.gz", "trials.nq.gz"}),
    "fuseki": (["--set", "location=db"], {"loaded.nq.gz", "trials.nq.gz"}),
    "virtuoso": (["--set", "sql=1112"], {"load.sql", "loaded.nq.gz", "trials.nq.gz"}),
    "blazegraph": (["--set", "namespace=ct"], {"blazegraph.properties", "trials.nq.gz"}),
    "neptune": (
        ["--set", "source=s3://b/t.nq.gz", "--set", "role=arn:x", "--to", "https://c.eu-west-1.neptune.amazonaws.com"],
        {"neptune.json", "trials.nq.gz"},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_files_for_bulk_loaders(tmp_path: Path, name: str) -> None:
    options, names = FILES[name]
    command = [sys.executable, "-m", "kg", "load", *map(str, STUDIES), "--preset", name, "-o", str(tmp_path / "out")]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    parts = sorted((tmp_path / "out" / "trials.nq.gz").glob("part-*.nq.gz"))
    quads = [quad for part in parts for quad in ox.parse(gzip.decompress(part.read_bytes()), ox.RdfFormat.N_QUADS)]
    assert {quad.graph_name.value for quad in quads} == set(ALL)
    assert any(file_name in result.stdout for file_name in names - {"trials.nq.gz"}) or name == "qlever"
    if name == "qlever":
        settings = configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation())
        settings.read(tmp_path / "out" / "Qleverfile")
        assert settings["index"]["CAT_INPUT_FILES"] == "zcat trials.nq.gz/part-*.nq.gz"
        assert json.loads(settings["index"]["SETTINGS_JSON"])
