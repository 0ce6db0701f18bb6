"""``kg load --without`` into real stores: the content of an export without the sections, and a choice that is kept."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

import kg
from kg.errors import UsageError
from kg.load.client import connect
from kg.load.state import STATE
from kg.ontology.vocabulary import RECORD, SHARED_GRAPH
from kg.rdf.parse import quads
from tests.conftest import STUDIES
from tests.integration.test_load_bulk import filled
from tests.servers import SERVERS, Oxigraph, Server, running_or_skip

SEVERAL = STUDIES[:5]
NAMES = ("locations", "results")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running_or_skip(Oxigraph, tmp_path) as server:
        yield server


def run(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg", "load", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True, check=False)


def load(server: Server, inputs: object, **options: Any) -> Any:
    return kg.load([*map(str, inputs)] if isinstance(inputs, list) else inputs, server.url, **options)  # type: ignore[arg-type]


def content(server: Server) -> set[ox.Quad]:
    """The statements of studies and shared resources in a store."""
    where = f'FILTER(STRSTARTS(STR(?g), "{RECORD}") || STR(?g) = "{SHARED_GRAPH}")'
    with connect(server.url, server.name, server.credentials) as store:
        rows = [*store.terms(f"SELECT ?g ?s ?p ?o WHERE {{ GRAPH ?g {{ ?s ?p ?o }} {where} }}")]
    return {ox.Quad(row["s"], row["p"], row["o"], row["g"]) for row in rows}


def exported(inputs: Iterable[Path], folder: Path, names: Iterable[str] = NAMES) -> set[ox.Quad]:
    """The same of an export, with literals in the form that a store gives them."""
    kg.export([*map(str, inputs)], folder / "expected.nq", without=[*names])  # type: ignore[call-overload]
    store = ox.Store()
    store.extend(
        quad
        for quad in quads(str(folder / "expected.nq"))
        if quad.graph_name.value.startswith((RECORD, SHARED_GRAPH))  # type: ignore[union-attr]
    )
    return {*store}


def normal(statements: set[ox.Quad]) -> set[tuple[str, ...]]:
    """Statements with literals by their values: Virtuoso writes true as 1, and TDB2 and Virtuoso write 7 as 7.0."""
    return {(str(quad.graph_name), str(quad.subject), str(quad.predicate), _value(quad.object)) for quad in statements}


def _value(term: Any) -> str:
    kind = term.datatype.value.rpartition("#")[2] if isinstance(term, ox.Literal) else ""
    if kind == "boolean":
        return str(term.value in ("true", "1"))
    return str(float(term.value)) if kind in ("decimal", "double", "integer") else str(term)


def kept(server: Server) -> list[str]:
    """The sections in the load state."""
    text = f"SELECT ?name WHERE {{ GRAPH <{STATE}> {{ <{STATE}> <https://w3id.org/trialkg/ontology#leftOut> ?name }} }}"
    with connect(server.url, server.name, server.credentials) as store:
        return sorted(row["name"] for row in store.select(text))


@pytest.mark.parametrize("kind", SERVERS)
def test_a_store_has_an_export_without_the_sections_and_keeps_the_choice(kind: type[Server], tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with running_or_skip(kind, tmp_path / "server") as server:
        options = ["--to", server.url, "--preset", server.name]
        first = run(
            *SEVERAL[:3], *options, "--without", "results", "--without", "locations", environment=server.environment
        )
        assert first.returncode == 0, first.stderr
        assert "statements counted, without locations and results, " in first.stderr
        assert kept(server) == [*NAMES]
        assert normal(content(server)) == normal(exported(SEVERAL[:3], tmp_path))
        later = run(*SEVERAL, *options, environment=server.environment)
        assert later.returncode == 0, later.stderr
        assert later.stderr.startswith("Graphs: 2 added, 0 replaced, 4 unchanged, ")
        assert "without locations and results" in later.stderr
        assert normal(content(server)) == normal(exported(SEVERAL, tmp_path))
        other = run(*SEVERAL, *options, "--without", "results", environment=server.environment)
        sentence = "is loaded without locations and results; leave out --without, or load into another store.\n"
        assert (other.returncode, other.stderr.startswith("kg: "), other.stderr.endswith(sentence)) == (2, True, True)
        assert normal(content(server)) == normal(exported(SEVERAL, tmp_path))


def test_a_changed_study_is_replaced_without_the_sections(server: Server, tmp_path: Path) -> None:
    assert load(server, SEVERAL, without=["results"]).without == ("results",)
    record = json.loads(SEVERAL[0].read_bytes())
    record["protocolSection"]["identificationModule"]["briefTitle"] = "Another title"
    (tmp_path / "new.json").write_text(json.dumps(record))
    result = load(server, [tmp_path / "new.json", *SEVERAL[1:]], validate=True)
    assert (result.replaced, result.unchanged, result.without) == (1, len(SEVERAL), ("results",))
    assert content(server) == exported([tmp_path / "new.json", *SEVERAL[1:]], tmp_path, ["results"])


def test_a_store_with_all_sections_keeps_them(server: Server, tmp_path: Path) -> None:
    load(server, SEVERAL[:1])
    with pytest.raises(UsageError, match="is loaded with all sections; leave out --without, or load into another"):
        load(server, SEVERAL, without=["results"])
    assert kept(server) == []
    assert content(server) == exported(SEVERAL[:1], tmp_path, ())


def test_a_store_that_lost_its_studies_keeps_the_choice(server: Server, tmp_path: Path) -> None:
    load(server, SEVERAL[:2], without=NAMES)
    (tmp_path / "other.nq").write_text(
        '<https://example.org/s> <https://example.org/p> "o" <https://example.org/g> .\n'
    )
    assert load(server, str(tmp_path / "other.nq"), prune=True).removed == 3
    assert content(server) == set()
    assert load(server, SEVERAL).without == NAMES
    assert content(server) == exported(SEVERAL, tmp_path)


def test_a_choice_without_studies_is_not_kept(server: Server, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]")
    with pytest.raises(kg.KGError):
        load(server, str(tmp_path / "empty.json"), without=["results"])
    assert kept(server) == []
    with pytest.raises(UsageError, match="is not a section; choose from"):
        load(server, SEVERAL, without=["result"])


def test_a_load_that_was_stopped_keeps_the_choice(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_module("kg.load.run"), "_write", stop)
        with pytest.raises(KeyboardInterrupt):
            load(server, SEVERAL, without=NAMES)
    assert kept(server) == [*NAMES]
    assert load(server, SEVERAL).without == NAMES
    assert content(server) == exported(SEVERAL, tmp_path)


def graph_of(kind: str, folder: Path, names: Iterable[str]) -> str:
    """Write an RDF file or a store of the studies."""
    name = folder / f"{'-'.join(names) or 'all'}.{kind}"
    if kind == "nq":
        kg.export([*map(str, SEVERAL)], name, without=[*names])  # type: ignore[call-overload]
    else:
        kg.store.build([*map(str, SEVERAL)], name, without=[*names])
    return str(name)


@pytest.mark.parametrize("kind", ["nq", "kgstore"])
def test_graphs_say_themselves_what_they_leave_out(kind: str, server: Server, tmp_path: Path) -> None:
    some, everything = graph_of(kind, tmp_path, NAMES), graph_of(kind, tmp_path, ())
    number = SEVERAL[0].stem
    with pytest.raises(
        UsageError, match=f"{number} was exported with all sections, and .* is loaded without results; na"
    ):
        load(server, everything, without=["results"])
    assert content(server) == set()
    assert load(server, some).without == NAMES
    assert kept(server) == [*NAMES]
    with pytest.raises(
        UsageError, match=r"with all sections, and .* is loaded without locations and results; name inputs"
    ):
        load(server, everything)
    assert content(server) == exported(SEVERAL, tmp_path)
    assert load(server, some, without=["results", "locations"]).unchanged == len(SEVERAL) + 1
    assert load(server, STUDIES[:7]).without == NAMES
    assert content(server) == exported(STUDIES[:7], tmp_path)


@pytest.mark.parametrize("kind", ["nq", "kgstore"])
def test_a_mixed_input_never_mixes_a_store(kind: str, server: Server, tmp_path: Path) -> None:
    inputs = [Path(graph_of(kind, tmp_path, NAMES)), STUDIES[7]]
    with pytest.raises(UsageError, match=f"{STUDIES[7].stem} was exported with all sections, and"):
        load(server, inputs)
    assert content(server) in (set(), exported(SEVERAL, tmp_path))


def graph_content(server: Server, graph: str) -> set[ox.Triple]:
    with connect(server.url, server.name, server.credentials) as store:
        rows = store.terms(f"SELECT ?s ?p ?o WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        return {ox.Triple(row["s"], row["p"], row["o"]) for row in rows}


def merged(folder: Path, inputs: Iterable[Path], names: Iterable[str] = NAMES) -> set[ox.Triple]:
    """The statements of an export, with literals in the form that a store gives them."""
    exported(inputs, folder, names)
    store = ox.Store()
    store.extend(ox.Quad(*quad.triple) for quad in quads(str(folder / "expected.nq")))
    return {quad.triple for quad in store}


def test_one_graph_keeps_the_choice_too(server: Server, tmp_path: Path) -> None:
    graph = "https://example.org/graph"
    assert load(server, SEVERAL[:3], graph=graph, without=NAMES).without == NAMES
    assert merged(tmp_path, SEVERAL[:3]) <= graph_content(server, graph)
    assert load(server, SEVERAL, graph=graph).without == NAMES
    assert merged(tmp_path, SEVERAL) <= graph_content(server, graph)
    everything = merged(tmp_path, SEVERAL, ()) - merged(tmp_path, SEVERAL)
    assert everything - graph_content(server, graph) == everything
    with pytest.raises(UsageError, match="is loaded without locations and results; leave out --without"):
        load(server, SEVERAL, graph=graph, without=["results"])
    with pytest.raises(
        UsageError, match=r"The studies in the inputs were exported with all sections, and http.* is loaded"
    ):
        load(server, graph_of("nq", tmp_path, ()), graph=graph)
    assert kept(server) == []
    assert load(server, SEVERAL).without == ()
    assert load(server, SEVERAL, graph=graph + "-all").without == ()


def test_a_mixed_graph_is_refused(server: Server, tmp_path: Path) -> None:
    inputs = [Path(graph_of("nq", tmp_path, NAMES)), STUDIES[7]]
    with pytest.raises(UsageError, match="Some of the studies were exported without locations and results and others"):
        load(server, inputs, graph="https://example.org/graph")
    everything = graph_of("nq", tmp_path, ())
    with pytest.raises(UsageError, match="with all sections, and --without is for study records only; leave it out"):
        load(server, everything, graph="https://example.org/graph", without=["results"])
    assert graph_content(server, "https://example.org/graph") == set()


@pytest.mark.parametrize("source", ["records", "nq", "kgstore"])
def test_a_bulk_load_records_the_choice(source: str, tmp_path: Path) -> None:
    inputs: list[object] = [*SEVERAL] if source == "records" else [graph_of(source, tmp_path, NAMES)]
    (tmp_path / "server").mkdir()
    options = ["--without", "results", "--without", "locations"] if source != "kgstore" else []
    bulk = ["--bulk", "--preset", "oxigraph", "--set", f"location={tmp_path / 'server' / 'db'}"]
    done = run(*inputs, *bulk, *options)
    assert done.returncode == 0, done.stderr
    assert "statements counted, without locations and results, " in done.stderr
    with running_or_skip(Oxigraph, tmp_path / "server") as server:
        assert kept(server) == [*NAMES]
        assert content(server) == exported(SEVERAL, tmp_path)
        later = load(server, STUDIES[:7])
        assert (later.added, later.without) == (2, NAMES)
        assert content(server) == exported(STUDIES[:7], tmp_path)


@pytest.mark.parametrize("kind", SERVERS)
def test_the_loader_of_a_store_gets_the_choice(kind: type[Server], tmp_path: Path) -> None:
    options = [Path("--without"), Path("results"), Path("--without"), Path("locations")]
    with filled(kind, tmp_path / "server", *SEVERAL[:3], *options) as server:
        assert kept(server) == [*NAMES]
        assert normal(content(server)) == normal(exported(SEVERAL[:3], tmp_path))
        later = run(*SEVERAL, "--to", server.url, "--preset", server.name, environment=server.environment)
        assert later.stderr.startswith("Graphs: 2 added, 0 replaced, 4 unchanged, ")
        assert normal(content(server)) == normal(exported(SEVERAL, tmp_path))


def test_a_bulk_load_of_graphs_with_the_sections_is_refused(tmp_path: Path) -> None:
    bulk = ["--bulk", "--preset", "oxigraph", "--set", f"location={tmp_path / 'db'}", "--without", "results"]
    done = run(graph_of("nq", tmp_path, ()), *bulk)
    sentence = (
        "kg: The studies in the inputs were exported with all sections, and --without is for study records only; "
    )
    assert (done.returncode, done.stderr) == (2, sentence + "leave it out.\n")
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize("graph", ["", "https://example.org/graph"])
@pytest.mark.parametrize("preset", ["qlever", "fuseki"])
def test_files_leave_the_sections_out(preset: str, graph: str, tmp_path: Path) -> None:
    settings = ["--set", f"location={tmp_path / 'db'}"] if preset == "fuseki" else []
    one = ["--graph", graph] if graph else []
    done = run(*SEVERAL, "--preset", preset, *settings, *one, "-o", tmp_path / "files", "--without", "results")
    assert done.returncode == 0, done.stderr
    assert " statements without results. In " in done.stderr
    parts = sorted((tmp_path / "files" / "trials.nq.gz").glob("*.nq.gz"))
    store = ox.Store()
    for part in parts:
        store.load(gzip.decompress(part.read_bytes()), format=ox.RdfFormat.N_QUADS)
    expected = exported(SEVERAL, tmp_path, ["results"])
    if graph:
        assert {quad.triple for quad in expected} <= {quad.triple for quad in store}
        assert {str(quad.graph_name) for quad in store} == {f"<{graph}>"}
        assert len({quad.triple for quad in store if "resultsSection" in str(quad)}) == 0
    else:
        assert expected == {
            quad
            for quad in store
            if quad.graph_name.value.startswith((RECORD, SHARED_GRAPH))  # type: ignore[union-attr]
        }
    if preset == "fuseki":
        state = gzip.decompress((tmp_path / "files" / "loaded.nq.gz").read_bytes()).decode()
        assert ("leftOut" in state) is (not graph)


@pytest.mark.parametrize("option", [["--bulk"], ["-o", "files"]])
def test_options_of_files(option: list[str]) -> None:
    for name in ("--prune", "--validate"):
        done = run(SEVERAL[0], "--preset", "oxigraph", "--set", "location=db", *option, name)
        assert (done.returncode, done.stderr.startswith("kg: Files for a bulk loader hold all studies")) == (2, True)
    done = run(SEVERAL[0], *option)
    assert done.returncode == 2
    assert done.stderr.endswith("; choose one with --preset.\n")
