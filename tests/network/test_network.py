"""Property graphs: for networkx, their projections, KGX and Neo4j, each read again by a reader that is not ours."""

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
from kg.cli.network import FORMATS as OFFERED_FORMATS
from kg.cli.network import VIEWS as OFFERED_VIEWS
from kg.mapping.derived import mesh_id
from kg.network.projections import VIEWS
from kg.network.write import FORMATS
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
    """The same graph, with several values of a property as a list."""
    return kg.to_networkx(*ALL, lists=True)


@pytest.fixture(scope="module")
def records(graph: nx.MultiDiGraph) -> list[dict[str, Any]]:
    """The records that the graph is made of, as plain JSON."""
    found = [record.data for record in kg.read(*ALL)]
    assert sum(1 for _, said in graph.nodes(data=True) if said.get("identifier", "").startswith("NCT")) == len(found)
    return found


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
    assert all(graph.nodes[end]["type"] for edge in graph.edges() for end in edge), "a node that nothing is said of"


def test_every_statement_is_in_the_graph(graph: nx.MultiDiGraph, lists: nx.MultiDiGraph) -> None:
    """Counted over the RDF: what is between resources is an edge, what is a value is in a node."""
    rdf = kg.graph(*ALL)
    nodes = {str(subject) for subject in rdf.subjects()}
    links = ((str(s), str(p), str(o)) for s, p, o in rdf if str(o) in nodes and isinstance(o, rdflib.URIRef))
    between = {(s, p, o) for s, p, o in links if not p.endswith("#ofStudy")}  # the edges to a part give that already
    known = {f"{s} {p} {o}" for s, o, p in graph.edges(keys=True)}
    missing = {f"{s} {re.split('[#/]', p)[-1]} {o}" for s, p, o in between} - known
    assert missing == set()
    counts = Counter(str(s) for s, p, o in rdf if str(p).endswith("#keyword"))
    for study, count in counts.items():
        keywords = lists.nodes[study]["keyword"]
        assert (len(keywords) if isinstance(keywords, list) else 1) == count


def test_the_same_graph_comes_of_records_rdf_rdflib_and_stores(tmp_path: Path) -> None:
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
    wanted = kg.to_networkx(SEED)
    for source in (*names, store, tmp_path / "store", kg.graph(SEED)):
        found = kg.to_networkx(source)
        assert list(found.nodes) == list(wanted.nodes)
        assert list(found.edges(keys=True)) == list(wanted.edges(keys=True))
    assert list(kg.to_networkx(dataset).nodes) == list(wanted.nodes)
    with pytest.raises(kg.UsageError, match="A int is no graph"):
        kg.to_networkx(1)


def test_a_study_that_is_only_named_is_a_node_too(tmp_path: Path) -> None:
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
    assert "https://pubmed.ncbi.nlm.nih.gov/" not in graph, "the address of PubMed is no publication"


# -- projections ------------------------------------------------------------------------------------------------


def terms(record: dict[str, Any], module: str) -> set[str]:
    found = record.get("derivedSection", {}).get(module, {}).get("meshes", [])
    return {str(mesh_id(term["id"])) for term in found}


def test_conditions_and_interventions_are_joined_as_the_records_say(
    graph: nx.MultiDiGraph, records: list[dict[str, Any]]
) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for record in records:
        for a in terms(record, "conditionBrowseModule"):
            wanted.update((a, b) for b in terms(record, "interventionBrowseModule"))
    network = kg.projection(graph, "condition-intervention")
    found = {(a, b): network.edges[MESH + a, MESH + b]["weight"] for a, b in wanted}
    assert found == wanted
    with_lists = kg.projection(graph, "condition-intervention", lists=True)
    assert all(edge["weight"] == len(edge["studies"]) for _, _, edge in with_lists.edges(data=True))
    assert all(
        edge["studies"] == " | ".join(with_lists.edges[a, b]["studies"]) for a, b, edge in network.edges(data=True)
    )
    assert network.number_of_edges() == len(wanted)


def test_sponsors_are_joined_to_conditions_and_sites_to_studies(
    graph: nx.MultiDiGraph, records: list[dict[str, Any]]
) -> None:
    sponsors = kg.projection(graph, "sponsor-condition")
    sponsor = "https://w3id.org/trialkg/organization/Centre_Hospitalier_Universitaire_de_N%C4%ABmes"
    assert sponsors.edges[sponsor, MESH + "D000690"]["studies"] == "NCT02059759"
    sites = kg.projection(graph, "site-study")
    named = [len(r["protocolSection"].get("contactsLocationsModule", {}).get("locations", [])) for r in records]
    assert sum(said["weight"] for _, _, said in sites.edges(data=True)) == sum(named)
    site = "site:chru de montpellier - hôpital gui de chauliac|montpellier|france"
    assert sites.nodes[site]["label"] == "CHRU de Montpellier - Hôpital Gui de Chauliac"
    assert sites.nodes[site]["lat"] == 43.61093
    assert sites.edges[site, STUDY] == {"weight": 1, "studies": "NCT02059759"}
    assert nx.is_bipartite(sites)
    with pytest.raises(kg.UsageError, match="There is no view x; the views are"):
        kg.projection(graph, "x")


# -- files ------------------------------------------------------------------------------------------------------


def test_the_command_has_the_formats_and_views_of_the_module() -> None:
    assert OFFERED_FORMATS == FORMATS
    assert tuple(VIEWS) == OFFERED_VIEWS


def test_networkx_reads_the_whole_graph_back(tmp_path: Path) -> None:
    wanted = kg.to_networkx(SEED)
    result = run(SEED, "-o", tmp_path / "seed.graphml")
    assert result.exit_code == 0
    assert f"{wanted.number_of_nodes():,} nodes, {wanted.number_of_edges():,} edges" in result.stderr
    found = nx.read_graphml(tmp_path / "seed.graphml", force_multigraph=True)
    assert set(found.nodes) == set(wanted.nodes)
    assert {(a, b, said["predicate"]) for a, b, said in found.edges(data=True)} == set(wanted.edges(keys=True))
    assert found.nodes[STUDY]["enrollmentCount"] == 36
    assert found.nodes[STUDY]["whoMasked"] == "INVESTIGATOR | OUTCOMES_ASSESSOR | PARTICIPANT"


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("ending", ["graphml", "gexf", "graphml.gz"])
def test_networkx_reads_the_views_back_and_their_bytes_are_the_same(
    tmp_path: Path, graph: nx.MultiDiGraph, view: str, ending: str
) -> None:
    names = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for name in names:
        assert run(*ALL, "-o", name, "--view", view).exit_code == 0
    assert names[0].read_bytes() == names[1].read_bytes()
    found = nx.read_gexf(names[0]) if ending == "gexf" else nx.read_graphml(names[0])
    wanted = kg.projection(graph, view)
    assert {frozenset(edge) for edge in found.edges} == {frozenset(edge) for edge in wanted.edges}
    weights = {frozenset((a, b)): said["weight"] for a, b, said in found.edges(data=True)}
    assert weights == {frozenset((a, b)): said["weight"] for a, b, said in wanted.edges(data=True)}


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


def test_kgx_names_things_as_biolink_does(kgx: Path) -> None:
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
    said = {(edge["subject"], edge["predicate"], edge["object"]): edge for edge in edges}
    assert len({edge["id"] for edge in edges}) == len(edges)
    assert ("PMID:32651161", "biolink:mentions", "CLINICALTRIALS:NCT02059759") in said
    assert ("CLINICALTRIALS:NCT02059759", "biolink:occurs_in", "trialkg.country:FR") in said
    condition = said["CLINICALTRIALS:NCT02059759", "biolink:related_to", "MESH:D000690"]
    assert condition["agent_type"] == "automated_agent"
    assert condition["original_predicate"] == "trialkg:conditionMesh"


def test_kgx_says_nothing_of_what_treats_what_and_every_edge_has_its_nodes(kgx: Path) -> None:
    nodes, edges = tables(kgx)
    ids = {node["id"] for node in nodes}
    assert {end for edge in edges for end in (edge["subject"], edge["object"])} <= ids
    assert {edge["predicate"] for edge in edges} == {"biolink:related_to", "biolink:occurs_in", "biolink:mentions"}
    assert {node["category"] for node in nodes} == {
        *("biolink:ClinicalTrial", "biolink:Study", "biolink:DiseaseOrPhenotypicFeature", "biolink:NamedThing"),
        *("biolink:Agent", "biolink:GeographicLocation", "biolink:ClinicalIntervention", "biolink:Publication"),
    }


@pytest.mark.skipif(not os.environ.get("KG_KGX"), reason="kgx takes 600 MB: KG_KGX names a Python that has it")
@pytest.mark.parametrize("form", ["kgx", "kgx-jsonl"])
def test_kgx_itself_reads_the_files_and_finds_no_fault(tmp_path: Path, kgx: Path, form: str) -> None:
    assert run(*ALL, "-o", tmp_path, "-f", form).exit_code == 0
    command = [os.environ["KG_KGX"], str(READER), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    nodes, edges = tables(kgx)
    told_apart = {(edge["subject"], edge["predicate"], edge["object"]) for edge in edges}  # by kgx, not by their ids
    assert f"kgx read {len(nodes)} nodes and {len(told_apart)} edges." in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


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
    assert run(*ALL, "-o", folder, "-f", "neo4j").exit_code == 0
    return folder


CAST = {"long": int, "double": float, "boolean": {"true": True, "false": False}.__getitem__, "string": str}


def imported(folder: Path) -> tuple[dict[str, dict[str, Any]], set[tuple[str, str, str]]]:
    """What ``neo4j-admin database import full @import.args`` takes in, read strictly by the rules of its manual."""
    options = [line.partition("=") for line in (folder / "import.args").read_text().splitlines()]
    names = [value for option, _, value in options if option == "--nodes"]
    assert ("--array-delimiter", "=", "U+001F") in options
    nodes: dict[str, dict[str, Any]] = {}
    for name in names:
        for row in strict_rows(folder / name):
            assert row["iri:ID"] not in nodes, "an id stands twice"
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
    name, _, kind = header.partition(":")
    cast: Any = CAST[kind.removesuffix("[]") or "string"]
    return name, [cast(part) for part in cell.split("\x1f")] if kind.endswith("[]") else cast(cell)


def test_what_neo4j_imports_is_the_graph(neo4j: Path, lists: nx.MultiDiGraph) -> None:
    nodes, relationships = imported(neo4j)
    assert set(nodes) == set(lists.nodes)
    for id_, said in lists.nodes(data=True):
        found = nodes[id_]
        assert found[":LABEL"][0] == said["type"]
        for name, value in said.items():
            if name not in ("type", "label"):
                assert found[name] == as_cell(value, found[name]), (id_, name)
    assert len(relationships) == lists.number_of_edges()
    assert (STUDY, "CONDITION_MESH", MESH + "D000690") in relationships
    assert all(a in nodes and b in nodes for a, _, b in relationships)


def as_cell(value: Any, like: Any) -> Any:
    """A value as its column has it: a list where some node has several, text where some node has text."""
    if isinstance(like, list):
        return [as_cell(one, like[0]) for one in (value if isinstance(value, list) else [value])]
    return str(value) if isinstance(like, str) else value


def test_texts_with_quotes_commas_lines_and_tabs_come_through(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("form", ["kgx", "neo4j"])
def test_the_order_of_the_inputs_changes_no_byte(tmp_path: Path, form: str) -> None:
    for name, inputs in (("a", ALL), ("b", ALL[::-1])):
        assert run(*inputs, "-o", tmp_path / name, "-f", form).exit_code == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_of_two_versions_the_newer_is_in_the_network(tmp_path: Path) -> None:
    for day in (1, 3, 2):
        section = {
            "identificationModule": {"nctId": "NCT00000001", "briefTitle": f"Day {day}"},
            "statusModule": {"lastUpdatePostDateStruct": {"date": f"2020-01-0{day}"}},
        }
        (tmp_path / f"{day}.json").write_text(json.dumps({"protocolSection": section}))
    found = kg.to_networkx(tmp_path / "1.json", tmp_path / "2.json", tmp_path / "3.json")
    assert found.nodes["https://clinicaltrials.gov/study/NCT00000001"]["label"] == "Day 3"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "x.csv"], "tells no format"),
        (["-o", "-", "-f", "kgx"], "is no folder"),
        (["-o", "x.zst", "-f", "neo4j"], "is no folder"),
        (["-o", "x", "-f", "kgx", "--view", "site-study"], "A view is written as graphml or gexf"),
        (["-o", SEED, "-f", "graphml"], "is an input too"),
    ],
)
def test_wrong_use_is_told(words: list[str], said: str) -> None:
    result = run(SEED, *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("x").exists()
