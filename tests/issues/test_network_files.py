"""Network files in their readers: networkx, igraph and the Gephi toolkit."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

import kg
from kg.cli import main
from kg.ontology.files import folder as folder_of
from tests.conftest import DATA, MADE, SEED

RECORDS = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The 1,659 records; they contain personal names and are not distributed."""
VERSION = "0.10.1"
JAR = Path.home() / f".m2/repository/org/gephi/gephi-toolkit/{VERSION}/gephi-toolkit-{VERSION}-all.jar"
"""``mvn dependency:get -Dartifact=org.gephi:gephi-toolkit:0.10.1:jar:all -Dtransitive=false`` installs it."""
READER = Path(__file__).parents[1] / "network" / "Gephi.java"
ENDINGS = ("graphml", "gexf")
XSD = "http://www.w3.org/2001/XMLSchema#"


def write(*words: object) -> str:
    """Run ``kg network`` and return its messages; fail if it fails."""
    view = () if {"--view", "-f"} & {*map(str, words)} else ("--view", "all")
    result = CliRunner().invoke(main, ["network", *map(str, words), *view])
    assert result.exit_code in (0, 1), result.stderr
    return result.stderr


def skip_or_fail(reason: str) -> None:
    """Skip a test, or fail it in continuous integration."""
    if os.environ.get("KG_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


# -- readers ----------------------------------------------------------------------------------------------------


class Item(NamedTuple):
    """A node or an edge in Gephi; ``values`` has the Java class and text of each column."""

    id: str
    label: str
    values: dict[str, tuple[str, str]]


class File(NamedTuple):
    """A file as read by Gephi; ``items`` is empty for networks of more than 500 nodes."""

    nodes: int
    edges: int
    problems: list[str]
    items: dict[str, list[Item]]


def text_of(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def gephi(*paths: Path) -> list[File]:
    """Read files with Gephi and its default options."""
    if shutil.which("java") is None or shutil.which("javac") is None:
        skip_or_fail("Gephi's toolkit needs a JDK (apt-get install default-jdk-headless)")
    if not JAR.exists():
        skip_or_fail(f"Gephi's toolkit is not installed ({JAR.name}, from Maven Central)")
    command = ["java", "-Djava.awt.headless=true", "-cp", JAR, READER, *paths]
    process = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    files: list[File] = []
    item = Item("", "", {})
    for line in process.stdout.splitlines():
        kind, *cells = line.split("\t")
        if kind == "file":
            files.append(File(int(cells[0]), int(cells[1]), [], {"node": [], "edge": []}))
        elif kind == "problem":
            files[-1].problems.append(cells[0])
        elif kind == "value":
            item.values[cells[0]] = (cells[1], text_of(cells[2]))
        else:
            item = Item(cells[0], text_of(cells[1]), {})
            files[-1].items[kind].append(item)
    return files


def igraph(path: Path) -> Any:
    """Read a file with igraph, which must not warn."""
    reader = pytest.importorskip("igraph") if not os.environ.get("KG_CI") else __import__("igraph")
    return reader.Graph.Read_GraphML(str(path))


def networkx(path: Path) -> Any:
    return nx.read_graphml(path) if path.suffix == ".graphml" else nx.read_gexf(path)


def counts(path: Path) -> tuple[int, int]:
    graph = networkx(path)
    return graph.number_of_nodes(), graph.number_of_edges()


def reported(line: str) -> tuple[int, int]:
    """Return the numbers of nodes and edges in the last line of ``kg network``."""
    words = line.splitlines()[-1].replace(",", "").split()
    return int(words[1]), int(words[3])


# -- all readers count the same ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], tuple[int, int]]:
    folder = tmp_path_factory.mktemp("seed")
    paths = [folder / f"seed.{ending}" for ending in ENDINGS]
    counted = {reported(write(SEED, "-o", path)) for path in paths}
    (expected,) = counted
    return paths, expected


def test_edge_ids_are_unique_and_deterministic(tmp_path: Path, seed: tuple[list[Path], tuple[int, int]]) -> None:
    for path in seed[0]:
        ids = [element.get("id") for element in ET.parse(path).iter() if element.tag.endswith("}edge")]
        assert len(set(ids)) == len(ids) == seed[1][1]
        write(SEED, "-o", tmp_path / path.name)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_output_does_not_depend_on_the_order_of_records(tmp_path: Path, ending: str) -> None:
    inputs = [SEED, DATA / "studies", MADE]
    paths = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for path, order in zip(paths, (inputs, inputs[::-1]), strict=True):
        write(*order, "-o", path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_networkx_and_igraph_read_all_nodes_and_edges(seed: tuple[list[Path], tuple[int, int]]) -> None:
    paths, expected = seed
    assert [counts(path) for path in paths] == [expected] * 2
    graph = igraph(paths[0])
    assert (graph.vcount(), graph.ecount()) == expected


def test_gephi_reads_all_nodes_edges_and_predicates(seed: tuple[list[Path], tuple[int, int]]) -> None:
    paths, expected = seed
    wanted = sorted(kg.to_networkx(SEED).edges(data="predicate"))
    for file in gephi(*paths):
        assert (file.nodes, file.edges) == expected
        assert file.problems == []
        predicates = sorted(edge.values["predicate"][1] for edge in file.items["edge"])
        assert predicates == sorted(predicate for _, _, predicate in wanted)
        assert predicates == sorted(edge.label for edge in file.items["edge"]), "the kind of an edge is its predicate"


@pytest.mark.parametrize("view", ["condition-intervention", "sponsor-condition", "site-study"])
def test_gephi_reads_views_with_their_weights(tmp_path: Path, view: str) -> None:
    paths = [tmp_path / f"view.{ending}" for ending in ENDINGS]
    expected = [reported(write(DATA / "studies", "-o", path, "--view", view)) for path in paths]
    assert [(file.nodes, file.edges) for file in gephi(*paths)] == expected
    assert [counts(path) for path in paths] == expected
    graph = igraph(paths[0])
    assert (graph.vcount(), graph.ecount()) == expected[0]
    assert set(graph.es["weight"]) == {weight for _, _, weight in networkx(paths[1]).edges(data="weight")}


def test_all_readers_agree_on_the_studies_with_results(tmp_path: Path) -> None:
    if not RECORDS.exists():
        pytest.skip("the 1,659 records are not available")
    studies = tmp_path / "results.zip"
    with zipfile.ZipFile(RECORDS) as source, zipfile.ZipFile(studies, "w") as target:
        for name in source.namelist():
            if b'"resultsSection"' in (record := source.read(name)):
                target.writestr(name, record)
    with zipfile.ZipFile(studies) as archive:
        assert len(archive.namelist()) == 149
    paths = [tmp_path / f"results.{ending}" for ending in ENDINGS]
    expected = [reported(write(studies, "-o", path)) for path in paths]
    assert expected[0] == expected[1]
    assert [counts(path) for path in paths] == expected
    graph = igraph(paths[0])
    assert (graph.vcount(), graph.ecount()) == expected[0]
    files = gephi(*paths)
    assert [(file.nodes, file.edges) for file in files] == expected
    assert [file.problems for file in files] == [[], []]


# -- one type per attribute -------------------------------------------------------------------------------------


def study(number: int, p_value: str) -> dict[str, Any]:
    outcome = {"type": "PRIMARY", "title": "o", "analyses": [{"pValue": p_value}]}
    return {
        "protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}", "briefTitle": f"t {number}"}},
        "resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": [outcome]}},
        "hasResults": True,
    }


def types_of(path: Path) -> dict[str, list[str | None]]:
    """Return the types that a file declares for each node attribute."""
    types: dict[str, list[str | None]] = {}
    for element in ET.parse(path).iter():
        name = element.get("attr.name") or element.get("title")
        if name and element.get("for") != "edge":
            types.setdefault(name, []).append(element.get("attr.type") or element.get("type"))
    return types


@pytest.mark.parametrize("ending", ENDINGS)
def test_p_values_that_are_numbers_or_text(tmp_path: Path, ending: str) -> None:
    records, path = tmp_path / "records.json", tmp_path / f"p.{ending}"
    records.write_text(json.dumps([study(1, "0.01"), study(2, "<0.05"), study(3, "0.00001")]))
    write(records, "-o", path)
    types = types_of(path)
    assert (types["pValue"], types["pValueNumber"]) == (["string"], ["double"])
    assert all(len(declared) == 1 for name, declared in types.items() if name != "predicate")
    nodes = [node for _, node in networkx(path).nodes(data=True) if "pValue" in node]
    assert [(node["pValue"], node.get("pValueNumber")) for node in nodes] == [
        *(("0.01", 0.01), ("<0.05", None), ("0.00001", 0.00001)),
    ]
    if ending == "graphml":
        vertices = [vertex for vertex in igraph(path).vs if vertex["pValue"]]
        assert [vertex["pValue"] for vertex in vertices] == ["0.01", "<0.05", "0.00001"]
        assert [vertex["pValueNumber"] for vertex in vertices if vertex["pValueNumber"] < 1] == [0.01, 0.00001]
    (file,) = gephi(path)
    values = [node.values for node in file.items["node"] if "pValue" in node.values]
    assert [(value["pValue"], value.get("pValueNumber")) for value in values] == [
        (("String", "0.01"), ("Double", "0.01")),
        (("String", "<0.05"), None),
        (("String", "0.00001"), ("Double", "1.0E-5")),
    ]


def nquads(*values: str, name: str = "http://example.org/p") -> str:
    """Return one node with a property for each value."""
    return "".join(f"<http://example.org/{i}> <{name}> {value} .\n" for i, value in enumerate(values))


def typed(text: str, datatype: str) -> str:
    return f'"{text}"^^<{XSD}{datatype}>'


MIXED = {
    "booleans": ([typed("true", "boolean"), typed("false", "boolean")], [True, False], [None, None]),
    "booleans and texts": ([typed("true", "boolean"), '"unknown"'], ["true", "unknown"], [None, None]),
    "booleans and numbers": ([typed("true", "boolean"), typed("2", "integer")], ["true", "2"], [None, 2.0]),
    "integers": ([typed("1", "integer"), typed("-2", "long")], [1, -2], [None, None]),
    "integers and decimals": ([typed("1", "integer"), typed("2.5", "decimal")], [1.0, 2.5], [None, None]),
    "integers and texts": ([typed("1", "integer"), '"NA"'], ["1", "NA"], [1.0, None]),
    "integers that doubles cannot represent": (
        [typed("9007199254740993", "integer"), typed("1", "integer")],
        ["9007199254740993", "1"],
        [9007199254740992.0, 1.0],
    ),
    "integers beyond 64 bits": ([typed("1" + "0" * 30, "integer"), '"x"'], ["1" + "0" * 30, "x"], [None, None]),
    "numbers that are not finite": ([typed("INF", "double"), typed("0.5", "double")], ["INF", "0.5"], [None, 0.5]),
    "dates of all precisions": (
        [typed("2015", "gYear"), typed("2015-09", "gYearMonth"), typed("2015-09-01", "date")],
        ["2015", "2015-09", "2015-09-01"],
        [None, None, None],
    ),
    "control characters": (
        [r'"a\u0001b\uFFFEc"', r'" \r\n\t<&>]]> "'],
        ["a\ufffdb\ufffdc", " \r\n\t<&>]]> "],
        [None] * 2,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("values", "expected", "numbers"), MIXED.values(), ids=MIXED)
def test_mixed_values_have_one_type(
    tmp_path: Path, ending: str, values: list[str], expected: list[Any], numbers: list[float | None]
) -> None:
    (tmp_path / "a.nt").write_text(nquads(*values))
    path = tmp_path / f"a.{ending}"
    write(tmp_path / "a.nt", "-o", path)
    nodes = dict(sorted(networkx(path).nodes(data=True))).values()
    assert [node["p"] for node in nodes] == expected
    assert {type(node["p"]) for node in nodes} == {type(expected[0])}
    assert [node.get("pNumber") for node in nodes] == numbers
    if ending == "graphml":
        assert igraph(path).vs["p"] == expected


def test_multiple_numbers_are_text_and_a_single_number_stays_available(tmp_path: Path) -> None:
    lines = nquads(typed("1", "integer"), typed("3", "integer")) + nquads(typed("2", "integer"))
    (tmp_path / "a.nt").write_text(lines)
    graph = kg.to_networkx(tmp_path / "a.nt")
    assert dict(graph.nodes["http://example.org/0"]) == {"type": "Resource", "label": "", "p": "1 | 2"}
    assert graph.nodes["http://example.org/1"]["p"] == "3"
    assert graph.nodes["http://example.org/1"]["pNumber"] == 3.0
    raw = kg.to_networkx(tmp_path / "a.nt", lists=True)
    assert [raw.nodes[f"http://example.org/{i}"]["p"] for i in range(2)] == [[1, 2], 3]


def test_the_number_column_gets_an_unused_name(tmp_path: Path) -> None:
    lines = nquads(typed("1", "integer"), '"NA"') + nquads('"own"', name="http://example.org/pNumber")
    (tmp_path / "a.nt").write_text(lines)
    node = kg.to_networkx(tmp_path / "a.nt").nodes["http://example.org/0"]
    assert (node["p"], node["pNumber"], node["pNumber_"]) == ("1", "own", 1.0)


TAKEN = ("id", "Id", "label", "Label", "type", "source", "target", "weight", "key", "size", "color", "x", "r", "pid")
TAKEN += ("start", "end", "viz", "self", "d3", "iri", "timeset", "name", "interval", "family-name", "2nd", "größe")


def test_reserved_names_keep_their_values(tmp_path: Path) -> None:
    lines = [f'<http://example.org/1> <http://example.org/{name}> "value of {name}" .\n' for name in TAKEN]
    (tmp_path / "a.nt").write_text("".join(lines) + nquads("<http://example.org/1>"))
    expected = sorted(f"value of {name}" for name in TAKEN)

    def values(node: Any) -> list[str]:
        return sorted(value for value in node.values() if isinstance(value, str) and value.startswith("value of"))

    paths = [tmp_path / f"a.{ending}" for ending in ENDINGS]
    for path in paths:
        write(tmp_path / "a.nt", "-o", path)
        assert values(networkx(path).nodes["http://example.org/1"]) == expected
    assert values(igraph(paths[0]).vs.find(id="http://example.org/1").attributes()) == expected
    for file in gephi(*paths):
        (node,) = (item for item in file.items["node"] if item.id == "http://example.org/1")
        assert sorted(text for _, text in node.values.values() if text.startswith("value of")) == expected
        assert file.problems == []
    graph = kg.to_networkx(tmp_path / "a.nt")
    for name, writer, reader in WRITERS:
        writer(graph, tmp_path / name)
        assert values(reader(tmp_path / name).nodes["http://example.org/1"]) == expected, name


# -- the writers of networkx ------------------------------------------------------------------------------------

WRITERS: tuple[tuple[str, Callable[..., None], Callable[..., Any]], ...] = (
    ("graphml", nx.write_graphml, nx.read_graphml),
    ("gexf", nx.write_gexf, nx.read_gexf),
    ("gml", nx.write_gml, nx.read_gml),
)


@pytest.mark.parametrize(("name", "writer", "reader"), WRITERS, ids=[name for name, _, _ in WRITERS])
def test_the_writers_of_networkx_accept_the_graph_and_its_views(
    tmp_path: Path, name: str, writer: Callable[..., None], reader: Callable[..., Any]
) -> None:
    graph = kg.to_networkx(SEED, DATA / "studies", MADE)
    assert " | " in graph.nodes["https://clinicaltrials.gov/study/NCT02059759"]["standardAge"]
    for network in (graph, kg.projection(graph, "sponsor-condition")):
        writer(network, tmp_path / name)
        read = reader(tmp_path / name)
        assert (read.number_of_nodes(), read.number_of_edges()) == (len(network), network.number_of_edges())
        for id_, values in network.nodes(data=True):
            expected = {key: value for key, value in values.items() if key != "label"}  # GML stores the node id there
            assert {key: read.nodes[id_].get(key) for key in expected} == expected


def test_neo4j_keeps_lists_and_numbers_in_text_columns(tmp_path: Path) -> None:
    records = tmp_path / "records.json"
    records.write_text(json.dumps([study(1, "0.01"), study(2, "<0.05")]))
    write(records, SEED, "-o", tmp_path / "neo4j", "-f", "neo4j", "--view", "all")
    header = (tmp_path / "neo4j" / "nodes-Analysis.csv").read_text().splitlines()[0]
    assert "pValue:string" in header
    assert "pValueNumber:double" in header
    assert "standardAge:string[]" in (tmp_path / "neo4j" / "nodes-Study.csv").read_text().splitlines()[0]


# -- the graphs of an input are one -----------------------------------------------------------------------------

RECORD = "https://w3id.org/trialkg/record/"
MESH = "http://id.nlm.nih.gov/mesh/D000690"


def layouts(folder: Path) -> dict[str, Path]:
    """Write the same statements as N-Quads in several layouts: orders, duplicates, named graphs, and a store."""
    CliRunner().invoke(main, ["export", str(SEED), str(DATA / "studies"), "-o", str(folder / "whole.nq")])
    quads = list(ox.parse(path=folder / "whole.nq", format=ox.RdfFormat.N_QUADS))
    shared = ox.NamedNode("https://w3id.org/trialkg/graph/shared")
    once = {quad.triple: quad for quad in quads}.values()
    own = [quad for quad in once if "NCT" in quad.subject.value]
    rest = [ox.Quad(*quad.triple, shared) for quad in once if "NCT" not in quad.subject.value]
    vocabulary = list(ox.parse(path=folder_of("ontology") / "trialkg.ttl", format=ox.RdfFormat.TURTLE))
    ontology = [ox.Quad(*q.triple, ox.NamedNode("https://w3id.org/trialkg/graph/ontology")) for q in vocabulary]
    orders = {
        "shared-first": rest + own,
        "shared-last": own + rest,
        "repeated": quads + quads,
        "sorted": sorted(own + rest, key=lambda quad: str(quad.predicate)),
        "with-ontology": ontology + own + rest,
        "no-graphs": [ox.Quad(*quad.triple) for quad in vocabulary + rest + own],
    }
    for name, statements in orders.items():
        ox.serialize(statements, str(folder / f"{name}.nq"), format=ox.RdfFormat.N_QUADS)
    store = ox.Store(str(folder / "store"))
    store.extend(own + rest + ontology)
    store.flush()
    return {name: folder / f"{name}.nq" for name in orders} | {"store": folder / "store"}


def test_shared_resources_may_be_in_any_graph(tmp_path: Path) -> None:
    expected = kg.to_networkx(SEED, DATA / "studies")
    for name, path in layouts(tmp_path).items():
        graph = kg.to_networkx(path)
        assert dict(graph.nodes(data=True)) == dict(expected.nodes(data=True)), name
        assert list(graph.edges(keys=True)) == list(expected.edges(keys=True)), name
        line = write(path, "-o", tmp_path / "out.graphml")
        assert reported(line) == (len(expected), expected.number_of_edges()), name
        assert nx.read_graphml(tmp_path / "out.graphml").nodes[MESH]["label"] == "Amyotrophic Lateral Sclerosis"


def test_statements_in_other_graphs_are_merged_into_the_study(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["export", str(SEED), "-o", str(tmp_path / "seed.nq")])
    study_iri = "https://clinicaltrials.gov/study/NCT02059759"
    (tmp_path / "mine.nq").write_text(
        f'<{study_iri}> <http://example.org/score> "5"^^<{XSD}integer> <http://example.org/mine> .\n'
        f'<{study_iri}> <http://purl.org/dc/terms/identifier> "NCT02059759" <http://example.org/mine> .\n'
        f'<{study_iri}> <http://example.org/score> "5"^^<{XSD}integer> <http://example.org/more> .\n'
    )
    expected = dict(kg.to_networkx(SEED).nodes[study_iri])
    for order in (("seed.nq", "mine.nq"), ("mine.nq", "seed.nq")):
        graph = kg.to_networkx(*(tmp_path / name for name in order))
        assert dict(graph.nodes[study_iri]) == expected | {"score": 5}


def test_a_study_with_additional_classes_is_a_study(tmp_path: Path) -> None:
    kinds = ("https://w3id.org/trialkg/ontology#InterventionalStudy", "http://schema.org/MedicalTrial")
    kinds += ("https://w3id.org/trialkg/ontology#Study",)
    iri = "https://clinicaltrials.gov/study/NCT00000001"
    lines = [f"<{iri}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{kind}> .\n" for kind in kinds]
    (tmp_path / "a.nt").write_text("".join(lines))
    assert kg.to_networkx(tmp_path / "a.nt").nodes[iri]["type"] == "Study"
