"""Property graphs for networkx, their projections, KGX and Neo4j, each checked with an independent reader."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner, Result

import kg
from kg.cli import main
from kg.mapping.derived import mesh_id
from kg.network.formats import PROJECTIONS
from tests.conftest import DATA, SEED

STUDY = "https://clinicaltrials.gov/study/NCT02059759"
READER = Path(__file__).parents[2] / ".ci" / "read_kgx.py"
MESH = "http://id.nlm.nih.gov/mesh/"
ALL = (SEED, DATA / "studies", DATA / "made")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["network", *(str(word) for word in words)])


@pytest.fixture(scope="module")
def graph() -> nx.MultiDiGraph:
    return kg.to_networkx(*ALL)


@pytest.fixture(scope="module")
def lists() -> nx.MultiDiGraph:
    """The same graph, with multiple values of a property as a list."""
    return kg.to_networkx(*ALL, lists=True)


@pytest.fixture(scope="module")
def records(graph: nx.MultiDiGraph) -> list[dict[str, Any]]:
    """The records of the graph as JSON."""
    data = [record.data for record in kg.read(*ALL)]
    studies = [values for _, values in graph.nodes(data=True) if values.get("identifier", "").startswith("NCT")]
    assert len(studies) == len(data)
    return data


# -- networkx ---------------------------------------------------------------------------------------------------


def test_nodes_have_types_labels_and_typed_values(graph: nx.MultiDiGraph) -> None:
    study = graph.nodes[STUDY]
    assert study["type"] == "Study"
    assert study["label"].startswith("Immuno-modulation in Amyotrophic Lateral Sclerosis")
    assert study["enrollmentCount"] == 36
    assert study["startDate"] == "2015-09"
    assert study["overallStatus"] == "COMPLETED"
    assert study["oversightHasDmc"] is True
    assert study["whoMasked"] == "INVESTIGATOR | OUTCOMES_ASSESSOR | PARTICIPANT"
    site = graph.nodes["https://w3id.org/trialkg/part/NCT02059759-location-1"]
    assert (site["type"], site["lat"], site["long"]) == ("Location", 43.61093, 3.87635)
    assert graph.nodes["https://pubmed.ncbi.nlm.nih.gov/32651161/"]["type"] == "Publication"


def test_edges_have_the_names_of_their_predicates(graph: nx.MultiDiGraph) -> None:
    assert graph.edges[STUDY, MESH + "D000690", "conditionMesh"] == {"predicate": "conditionMesh"}
    part = "https://w3id.org/trialkg/part/NCT02059759-"
    assert graph.has_edge(part + "arm-2", part + "intervention-2", "armIntervention")
    assert all(graph.nodes[end]["type"] for edge in graph.edges() for end in edge), "a node without attributes"


def test_every_statement_is_in_the_graph(graph: nx.MultiDiGraph, lists: nx.MultiDiGraph) -> None:
    """Statements between resources are edges, all others are attributes of nodes."""
    rdf = kg.graph(*ALL)
    nodes = {str(subject) for subject in rdf.subjects()}
    links = ((str(s), str(p), str(o)) for s, p, o in rdf if str(o) in nodes and isinstance(o, rdflib.URIRef))
    between = {(s, p, o) for s, p, o in links if not p.endswith("#ofStudy")}  # duplicates the edges to a part
    present = {f"{s} {p} {o}" for s, o, p in graph.edges(keys=True)}
    missing = {f"{s} {re.split('[#/]', p)[-1]} {o}" for s, p, o in between} - present
    assert missing == set()
    counts = Counter(str(s) for s, p, o in rdf if str(p).endswith("#keyword"))
    for study, count in counts.items():
        keywords = lists.nodes[study]["keyword"]
        assert (len(keywords) if isinstance(keywords, list) else 1) == count


def test_records_rdf_rdflib_and_stores_give_the_same_graph(tmp_path: Path) -> None:
    names = [tmp_path / f"seed.{ending}" for ending in ("nq", "ttl", "nt.zst")]
    for name in names:
        CliRunner().invoke(main, ["export", str(SEED), "-o", str(name)])
    store = ox.Store()
    store.load(path=str(names[0]))
    saved = ox.Store(str(tmp_path / "store"))
    saved.load(path=str(names[0]))
    saved.flush()
    del saved
    dataset = rdflib.Dataset()
    dataset.parse(names[0], format="nquads")
    expected = kg.to_networkx(SEED)
    for source in (*names, store, tmp_path / "store", kg.graph(SEED)):
        graph = kg.to_networkx(source)
        assert list(graph.nodes) == list(expected.nodes)
        assert list(graph.edges(keys=True)) == list(expected.edges(keys=True))
    assert list(kg.to_networkx(dataset).nodes) == list(expected.nodes)
    with pytest.raises(kg.UsageError, match="An int is not an input"):
        kg.to_networkx(1)


def test_a_study_that_is_only_referred_to_is_a_node(tmp_path: Path) -> None:
    identification = {"nctId": "NCT00000001", "briefTitle": "A"}
    status = {"expandedAccessInfo": {"hasExpandedAccess": True, "nctId": "NCT00000002"}}
    links = {"seeAlsoLinks": [{"url": "https://pubmed.ncbi.nlm.nih.gov/"}], "references": [{"pmid": "1"}]}
    record = {
        "protocolSection": {"identificationModule": identification, "statusModule": status, "referencesModule": links}
    }
    (tmp_path / "a.json").write_text(json.dumps(record))
    graph = kg.to_networkx(tmp_path / "a.json")
    assert graph.nodes["https://clinicaltrials.gov/study/NCT00000002"] == {"type": "Study", "label": "NCT00000002"}
    assert graph.nodes["https://pubmed.ncbi.nlm.nih.gov/1/"] == {"type": "Publication", "label": "1"}
    assert "https://pubmed.ncbi.nlm.nih.gov/" not in graph, "the home page of PubMed is not a publication"


# -- projections ------------------------------------------------------------------------------------------------


def terms(record: dict[str, Any], module: str) -> set[str]:
    meshes = record.get("derivedSection", {}).get(module, {}).get("meshes", [])
    return {str(mesh_id(term["id"])) for term in meshes}


def test_edges_between_conditions_and_interventions_match_the_records(
    graph: nx.MultiDiGraph, records: list[dict[str, Any]]
) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for record in records:
        for a in terms(record, "conditionBrowseModule"):
            expected.update((a, b) for b in terms(record, "interventionBrowseModule"))
    network = kg.projection(graph, "condition-intervention")
    weights = {(a, b): network.edges[MESH + a, MESH + b]["weight"] for a, b in expected}
    assert weights == expected
    with_lists = kg.projection(graph, "condition-intervention", lists=True)
    assert all(edge["weight"] == len(edge["studies"]) for _, _, edge in with_lists.edges(data=True))
    assert all(
        edge["studies"] == " | ".join(with_lists.edges[a, b]["studies"]) for a, b, edge in network.edges(data=True)
    )
    assert network.number_of_edges() == len(expected)


def test_edges_between_sponsors_and_conditions_and_between_sites_and_studies(
    graph: nx.MultiDiGraph, records: list[dict[str, Any]]
) -> None:
    sponsors = kg.projection(graph, "sponsor-condition")
    sponsor = "https://w3id.org/trialkg/organization/Centre_Hospitalier_Universitaire_de_N%C4%ABmes"
    assert sponsors.edges[sponsor, MESH + "D000690"]["studies"] == "NCT02059759"
    sites = kg.projection(graph, "site-study")
    locations = [len(r["protocolSection"].get("contactsLocationsModule", {}).get("locations", [])) for r in records]
    assert sum(weight for _, _, weight in sites.edges(data="weight")) == sum(locations)
    site = "site:chru de montpellier - hôpital gui de chauliac|montpellier|france"
    assert sites.nodes[site]["label"] == "CHRU de Montpellier - Hôpital Gui de Chauliac"
    assert sites.nodes[site]["lat"] == 43.61093
    assert sites.edges[site, STUDY] == {"weight": 1, "studies": "NCT02059759"}
    assert nx.is_bipartite(sites)
    with pytest.raises(kg.UsageError, match="Unknown view x; the views of two kinds are"):
        kg.projection(graph, "x")


# -- files ------------------------------------------------------------------------------------------------------


def test_networkx_reads_the_whole_graph_back(tmp_path: Path) -> None:
    expected = kg.to_networkx(SEED)
    result = run(SEED, "-o", tmp_path / "seed.graphml", "--view", "all")
    assert result.exit_code == 0
    assert f"{expected.number_of_nodes():,} nodes, {expected.number_of_edges():,} edges" in result.stderr
    graph = nx.read_graphml(tmp_path / "seed.graphml", force_multigraph=True)
    assert set(graph.nodes) == set(expected.nodes)
    assert {*graph.edges(data="predicate")} == set(expected.edges(keys=True))
    assert graph.nodes[STUDY]["enrollmentCount"] == 36
    assert graph.nodes[STUDY]["whoMasked"] == "INVESTIGATOR | OUTCOMES_ASSESSOR | PARTICIPANT"


@pytest.mark.parametrize("view", PROJECTIONS)
@pytest.mark.parametrize("ending", ["graphml", "gexf", "graphml.gz"])
def test_networkx_reads_the_views_back_and_output_is_deterministic(
    tmp_path: Path, graph: nx.MultiDiGraph, view: str, ending: str
) -> None:
    names = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for name in names:
        assert run(*ALL, "-o", name, "--view", view).exit_code == 0
    assert names[0].read_bytes() == names[1].read_bytes()
    network = nx.read_gexf(names[0]) if ending == "gexf" else nx.read_graphml(names[0])
    expected = kg.projection(graph, view)
    weights = {frozenset((a, b)): weight for a, b, weight in network.edges(data="weight")}
    assert weights == {frozenset((a, b)): weight for a, b, weight in expected.edges(data="weight")}


def tables(folder: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    def rows(name: str) -> list[dict[str, str]]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))

    return rows("nodes.tsv"), rows("edges.tsv")


@pytest.fixture(scope="module")
def kgx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kgx")
    assert run(*ALL, "-o", folder, "-f", "kgx").exit_code == 0
    return folder


def test_kgx_uses_the_terms_of_biolink(kgx: Path) -> None:
    nodes, edges = tables(kgx)
    by_id = {node["id"]: node for node in nodes}
    assert len(by_id) == len(nodes)
    study = by_id["CLINICALTRIALS:NCT02059759"]
    assert study["category"] == "biolink:ClinicalTrial"
    assert study["clinical_trial_phase"] == "clinical_trial_phase_2"
    assert study["clinical_trial_overall_status"] == "COMPLETED"
    assert study["clinical_trial_enrollment"] == "36"
    assert study["clinical_trial_conditions"] == "MESH:D000690"
    assert study["clinical_trial_age_stage"] == "adult|older_adult"
    assert by_id["MESH:D000690"]["category"] == "biolink:DiseaseOrPhenotypicFeature"
    assert by_id["PMID:32651161"]["category"] == "biolink:Publication"
    by_ends = {(edge["subject"], edge["predicate"], edge["object"]): edge for edge in edges}
    assert len({edge["id"] for edge in edges}) == len(edges)
    assert ("PMID:32651161", "biolink:mentions", "CLINICALTRIALS:NCT02059759") in by_ends
    assert ("CLINICALTRIALS:NCT02059759", "biolink:occurs_in", "trialkg.country:FR") in by_ends
    condition = by_ends["CLINICALTRIALS:NCT02059759", "biolink:related_to", "MESH:D000690"]
    assert condition["agent_type"] == "automated_agent"
    assert condition["original_predicate"] == "trialkg:conditionMesh"


def test_kgx_has_no_treats_edges_and_no_dangling_edges(kgx: Path) -> None:
    nodes, edges = tables(kgx)
    ids = {node["id"] for node in nodes}
    assert {end for edge in edges for end in (edge["subject"], edge["object"])} <= ids
    assert {edge["predicate"] for edge in edges} == {"biolink:related_to", "biolink:occurs_in", "biolink:mentions"}
    assert {node["category"] for node in nodes} == {
        *("biolink:ClinicalTrial", "biolink:Study", "biolink:DiseaseOrPhenotypicFeature", "biolink:NamedThing"),
        *("biolink:Agent", "biolink:GeographicLocation", "biolink:ClinicalIntervention", "biolink:Publication"),
    }


@pytest.mark.skipif(not os.environ.get("KG_KGX"), reason="kgx needs 600 MB; set KG_KGX to a Python that has it")
@pytest.mark.parametrize("format_name", ["kgx", "kgx-jsonl"])
def test_kgx_itself_reads_the_files_without_errors(tmp_path: Path, kgx: Path, format_name: str) -> None:
    assert run(*ALL, "-o", tmp_path, "-f", format_name).exit_code == 0
    command = [os.environ["KG_KGX"], str(READER), str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    nodes, edges = tables(kgx)
    distinct = {(edge["subject"], edge["predicate"], edge["object"]) for edge in edges}  # kgx ignores edge ids
    assert f"kgx read {len(nodes)} nodes and {len(distinct)} edges." in process.stdout, process.stderr
    assert process.returncode == 0, process.stdout


def test_kgx_in_json_lines_is_the_table(tmp_path: Path, kgx: Path) -> None:
    assert run(*ALL, "-o", tmp_path, "-f", "kgx-jsonl").exit_code == 0
    for name, rows in zip(("nodes", "edges"), tables(kgx), strict=True):
        lines = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()]
        assert [line["id"] for line in lines] == [row["id"] for row in rows]
        for line, row in zip(lines, rows, strict=True):
            texts = {key: "|".join(v) if isinstance(v, list) else " ".join(str(v).split()) for key, v in line.items()}
            assert texts == {key: value for key, value in row.items() if value}


@pytest.fixture(scope="module")
def neo4j(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("neo4j")
    assert run(*ALL, "-o", folder, "-f", "neo4j", "--view", "all").exit_code == 0
    return folder


CAST = {"long": int, "double": float, "boolean": {"true": True, "false": False}.__getitem__, "string": str}


def imported(folder: Path) -> tuple[dict[str, dict[str, Any]], set[tuple[str, str, str]]]:
    """Read the nodes and relationships as ``neo4j-admin database import full @import.args`` does, by its manual."""
    options = [line.partition("=") for line in (folder / "import.args").read_text().splitlines()]
    names = [value for option, _, value in options if option == "--nodes"]
    assert ("--array-delimiter", "=", "U+001F") in options
    nodes: dict[str, dict[str, Any]] = {}
    for name in names:
        for row in strict_rows(folder / name):
            assert row["iri:ID"] not in nodes, "duplicate id"
            nodes[row["iri:ID"]] = {":LABEL": row[":LABEL"].split("\x1f")} | dict(
                typed(header, cell) for header, cell in row.items() if cell and not header.endswith((":ID", ":LABEL"))
            )
    rows = strict_rows(folder / "relationships.csv")
    return nodes, {(row[":START_ID"], row[":TYPE"], row[":END_ID"]) for row in rows}


def strict_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert all(len(row) == len(header) for row in rows)
    return [dict(zip(header, row, strict=True)) for row in rows]


def typed(header: str, cell: str) -> tuple[str, Any]:
    name, _, type_ = header.partition(":")
    cast: Any = CAST[type_.removesuffix("[]") or "string"]
    return name, [cast(part) for part in cell.split("\x1f")] if type_.endswith("[]") else cast(cell)


def test_neo4j_imports_the_whole_graph(neo4j: Path, lists: nx.MultiDiGraph) -> None:
    nodes, relationships = imported(neo4j)
    assert set(nodes) == set(lists.nodes)
    for id_, values in lists.nodes(data=True):
        node = nodes[id_]
        assert node[":LABEL"][0] == values["type"]
        for name, value in values.items():
            if name not in ("type", "label"):
                assert node[name] == as_cell(value, node[name]), (id_, name)
    assert len(relationships) == lists.number_of_edges()
    assert (STUDY, "CONDITION_MESH", MESH + "D000690") in relationships
    assert all(a in nodes and b in nodes for a, _, b in relationships)


def as_cell(value: Any, like: Any) -> Any:
    """Convert a value to the type of its column, which may be a list or text because of other nodes."""
    if isinstance(like, list):
        return [as_cell(item, like[0]) for item in (value if isinstance(value, list) else [value])]
    return str(value) if isinstance(like, str) else value


def test_texts_with_quotes_commas_line_feeds_and_tabs(tmp_path: Path) -> None:
    text = 'a "quoted", word;\nnext\tline \\ | "'
    identification = {"nctId": "NCT00000001", "briefTitle": text}
    record = {
        "protocolSection": {
            "identificationModule": identification,
            "conditionsModule": {"keywords": ["a;b", 'c "d"']},
        }
    }
    (tmp_path / "a.json").write_text(json.dumps(record))
    assert run(tmp_path / "a.json", "-o", tmp_path / "neo4j", "-f", "neo4j").exit_code == 0
    node = imported(tmp_path / "neo4j")[0]["https://clinicaltrials.gov/study/NCT00000001"]
    assert (node["label"], node["keyword"]) == (text, ["a;b", 'c "d"'])
    assert run(tmp_path / "a.json", "-o", tmp_path / "kgx", "-f", "kgx").exit_code == 0
    assert tables(tmp_path / "kgx")[0][0]["name"] == 'a "quoted", word; next line \\ | "'


@pytest.mark.parametrize("format_name", ["kgx", "neo4j"])
def test_output_does_not_depend_on_the_order_of_inputs(tmp_path: Path, format_name: str) -> None:
    for name, inputs in (("a", ALL), ("b", ALL[::-1])):
        assert run(*inputs, "-o", tmp_path / name, "-f", format_name).exit_code == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_newest_version_of_a_record_is_in_the_network(tmp_path: Path) -> None:
    for day in (1, 3, 2):
        section = {
            "identificationModule": {"nctId": "NCT00000001", "briefTitle": f"Day {day}"},
            "statusModule": {"lastUpdatePostDateStruct": {"date": f"2020-01-0{day}"}},
        }
        (tmp_path / f"{day}.json").write_text(json.dumps({"protocolSection": section}))
    graph = kg.to_networkx(tmp_path / "1.json", tmp_path / "2.json", tmp_path / "3.json")
    assert graph.nodes["https://clinicaltrials.gov/study/NCT00000001"]["label"] == "Day 3"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "x.csv"], "The format of x.csv is unknown"),
        (["-o", "-", "-f", "kgx"], "is not a folder"),
        (["-o", "x.zst", "-f", "neo4j"], "is not a folder"),
        (["-o", "x", "-f", "kgx", "--view", "site-study"], "The view sites-studies can be written as graphml or gexf"),
        (["-o", SEED, "-f", "graphml"], "is also an input"),
    ],
)
def test_usage_errors(words: list[str], message: str) -> None:
    result = run(SEED, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not Path("x").exists()
