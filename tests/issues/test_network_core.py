"""``kg network`` wrote 167,000 nodes for 1,659 records, of which 140,000 were measurements, events and the like."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest
from click.testing import CliRunner, Result

import kg
from kg.cli import main
from tests.conftest import DATA, SEED

CORE = {
    *("Study", "Intervention", "Organization", "Country", "Location", "Publication"),
    *("Descriptor", "SupplementaryConceptRecord"),
}
RECORDS = [*sorted((DATA / "studies").glob("*.json")), SEED]


def network(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["network", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def whole() -> nx.MultiDiGraph:
    return kg.to_networkx(*RECORDS)


def in_core(whole: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The core, computed from the whole graph."""
    return whole.subgraph([id_ for id_, type_ in whole.nodes(data="type") if type_ in CORE])


def test_the_core_is_the_whole_without_details(whole: nx.MultiDiGraph) -> None:
    core, expected = kg.to_networkx(*RECORDS, view="core"), in_core(whole)
    assert set(core) == set(expected)
    assert set(core.edges(keys=True)) == set(expected.edges(keys=True))
    assert set(dict(core.nodes(data="type")).values()) == CORE
    assert len(core) < len(whole) / 2
    assert {"conditionMesh", "intervention", "leadSponsor", "location", "country"} <= {key for *_, key in core.edges}


def test_nothing_in_the_core_hangs_loose(whole: nx.MultiDiGraph) -> None:
    core = kg.to_networkx(*RECORDS, view="core")
    loose = {core.nodes[id_]["type"] for id_ in nx.isolates(core)}
    assert loose <= {whole.nodes[id_]["type"] for id_ in nx.isolates(whole)}


@pytest.mark.parametrize("kind", ["records", "store", "nq", "ttl"])
def test_the_core_does_not_depend_on_the_kind_of_input(tmp_path: Path, whole: nx.MultiDiGraph, kind: str) -> None:
    data: list[Path] = RECORDS
    if kind != "records":
        data = [tmp_path / f"a.{kind}"]
        (kg.store.build if kind == "store" else kg.export)(RECORDS, data[0])
    assert set(kg.to_networkx(*data, view="core").edges(keys=True)) == set(in_core(whole).edges(keys=True))


@pytest.mark.parametrize("extension", ["graphml", "gexf"])
def test_the_core_is_what_is_written_unless_all_is_asked_for(
    tmp_path: Path, whole: nx.MultiDiGraph, extension: str
) -> None:
    read = nx.read_graphml if extension == "graphml" else nx.read_gexf
    core, everything = tmp_path / f"core.{extension}", tmp_path / f"all.{extension}"
    message = network(*RECORDS, "-o", core).stderr
    assert "edges of the core; --view all adds arms" in message
    assert "core" not in network(*RECORDS, "-o", everything, "--view", "all").stderr
    network(*RECORDS, "-o", tmp_path / f"named.{extension}", "--view", "core")
    assert (tmp_path / f"named.{extension}").read_bytes() == core.read_bytes()
    assert set(read(core)) == set(in_core(whole))
    assert set(read(everything)) == set(whole)


def test_neo4j_has_the_core_and_kgx_what_it_always_had(tmp_path: Path) -> None:
    network(*RECORDS, "-o", tmp_path / "core", "-f", "neo4j")
    network(*RECORDS, "-o", tmp_path / "all", "-f", "neo4j", "--view", "all")
    classes = {path.stem.removeprefix("nodes-") for path in (tmp_path / "core").glob("nodes-*.csv")}
    assert classes <= CORE
    assert len([*(tmp_path / "all").glob("nodes-*.csv")]) > len(classes)
    network(*RECORDS, "-o", tmp_path / "kgx", "-f", "kgx-jsonl")
    nodes = [json.loads(line) for line in (tmp_path / "kgx" / "nodes.jsonl").read_text().splitlines()]
    assert any(node["id"].startswith("PMID:") for node in nodes)
    assert "has no view core" in network(SEED, "-o", tmp_path / "x", "-f", "kgx", "--view", "core", code=2).stderr


def test_resources_of_other_origin_are_in_the_core(tmp_path: Path) -> None:
    kg.export(SEED, tmp_path / "a.nt")
    study, drug = "<https://clinicaltrials.gov/study/NCT02059759>", "<http://example.org/drug>"
    with (tmp_path / "a.nt").open("a") as file:
        file.write(f"{drug} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/Drug> .\n")
        file.write(f"{study} <http://example.org/tests> {drug} .\n")
    core = kg.to_networkx(tmp_path / "a.nt", view="core")
    assert (study[1:-1], drug[1:-1], "tests") in core.edges(keys=True)
