"""Pictures without a browser: their content, limits, and deterministic output."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.draw import VIEWS as NAMES
from kg.draw.graph import QueryableGraph, open_graph, query_header, query_text
from kg.draw.neighbourhood_view import neighbourhood
from kg.draw.network_layout import layout_network
from kg.draw.ontology_view import ontology_picture
from kg.draw.picture import Node, Picture, limit_nodes
from kg.draw.query_view import query_picture
from kg.draw.render import DrawRequest, draw
from kg.draw.study_view import study_picture
from kg.draw.summary import CHART_NAMES, summary_charts
from kg.draw.text_metrics import text_width
from kg.draw.views import VIEWS
from kg.errors import UsageError
from tests.conftest import DATA, SEED

STUDIES = [str(DATA / "studies"), str(SEED)]
STUDY = "https://clinicaltrials.gov/study/NCT02059759"
CT = "PREFIX ct: <https://w3id.org/trialkg/ontology#>\n"
QUERIES = sorted((Path(__file__).parents[2] / "kg" / "draw" / "queries").glob("*.rq"))


@pytest.fixture(scope="module")
def graph() -> QueryableGraph:
    return open_graph(STUDIES, lambda _: None)


def star(leaves: int) -> Picture:
    picture = Picture("A star")
    picture.add(Node("middle", "Study", "middle", float(leaves)))
    for i in range(leaves):
        picture.add(Node(f"leaf {i:05}", "Condition", f"leaf {i}", float(leaves - i)))
        picture.link("middle", f"leaf {i:05}", weight=leaves - i)
    return picture


def test_the_command_offers_all_views() -> None:
    assert tuple(VIEWS) == NAMES


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_every_query_has_a_header_and_results(graph: QueryableGraph, path: Path) -> None:
    text = query_text(path.stem)
    assert {"summary", "description", "tags"} <= set(query_header(text))
    assert list(graph.select(text))


def test_removed_nodes_are_counted_by_kind() -> None:
    picture = star(30)
    picture.add(Node("alone", "Site", "alone"))
    limit_nodes(picture, 11)
    assert set(picture.nodes) == {"middle", *(f"leaf {i:05}" for i in range(10))}, "the most connected nodes stay"
    assert picture.notes == ["The 11 most connected of 32 are shown. Left out: 20 conditions, 1 site."]


def test_links_of_the_lowest_weight_are_removed_first() -> None:
    picture = star(3)
    for i in range(40):
        picture.link("leaf 00000", "leaf 00001", f"weak {i}", 0.5)
    limit_nodes(picture, 10)
    assert len(picture.edges) == 16
    assert {edge.label for edge in picture.edges if edge.weight >= 1} == {""}
    assert picture.notes == ["27 links of the lowest weight are left out."]


@pytest.mark.parametrize("leaves", [1, 40, 1500])
def test_nodes_do_not_overlap(leaves: int) -> None:
    picture = star(leaves)
    layout_network(picture)
    places = {(node.x, node.y) for node in picture.nodes.values()}
    assert len(places) == leaves + 1
    nodes = list(picture.nodes.values())[:200]
    overlaps = [
        (a.id, b.id)
        for i, a in enumerate(nodes)
        for b in nodes[:i]
        if ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5 < (a.radius + b.radius) * 0.9
    ]
    assert overlaps == []


def test_communities_are_separate() -> None:
    picture = Picture("Two")
    for side in "ab":
        for i in range(12):
            picture.add(Node(f"{side}{i}", "Study", f"{side}{i}"))
            for j in range(i):
                picture.link(f"{side}{i}", f"{side}{j}")
    picture.link("a0", "b0")
    layout_network(picture)
    assert len(picture.regions) == 2
    one, two = picture.regions
    assert ((one.x - two.x) ** 2 + (one.y - two.y) ** 2) ** 0.5 > one.radius + two.radius


def _are_shown_together(picture: Picture, a: Node, b: Node) -> bool:
    """Return whether a page shows two cards at once: of the cards inside a card, one is open at a time."""
    chains = []
    for node in (a, b):
        chain = [node.id]
        while inside := picture.nodes[chain[0]].inside:
            chain.insert(0, inside)
        chains.append(chain)
    common = sum(x == y for x, y in zip(*chains, strict=False))
    return common == 0 or common >= min(map(len, chains)) - 1


def test_the_cards_of_a_study_contain_their_text_and_do_not_overlap(graph: QueryableGraph) -> None:
    for row in graph.select(CT + "SELECT ?study { ?study a ct:Study } ORDER BY ?study"):
        picture = study_picture(graph, row["study"].rpartition("/")[2])
        nodes = [node for node in picture.nodes.values() if node.card]
        for node in nodes:
            assert node.card is not None
            for line in node.card.lines:
                bold = line.role in ("name", "kind")
                assert text_width(line.text, line.size, bold=bold) <= node.card.width, (row["study"], line.text)
        for i, a in enumerate(nodes):
            for b in nodes[:i]:
                if not _are_shown_together(picture, a, b):
                    continue
                assert a.card is not None
                assert b.card is not None
                separate = abs(a.x - b.x) >= (a.card.width + b.card.width) / 2 - 0.5
                assert separate or abs(a.y - b.y) >= (a.card.height + b.card.height) / 2 - 0.5, (a.id, b.id)


def test_a_measure_with_several_time_frames_is_one_card(graph: QueryableGraph) -> None:
    picture = study_picture(graph, "nct02059759")
    group = picture.nodes[f"{STUDY}#secondaryOutcome"]
    assert group.label == "83 secondary outcomes"
    below = picture.neighbours()[group.id]
    assert len(below) == 17, "the study and 16 measures"
    first = picture.nodes["https://w3id.org/trialkg/part/NCT02059759-secondaryOutcome-1"]
    assert [detail.text for detail in first.details if detail.heading == "time frame"][:2] == ["Day 1", "Day 2"]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("amyotrophic lateral sclerosis", "http://id.nlm.nih.gov/mesh/D000690"),
        ("D000690", "http://id.nlm.nih.gov/mesh/D000690"),
        ("NCT02059759", STUDY),
        ("https://pubmed.ncbi.nlm.nih.gov/32651161/", "https://pubmed.ncbi.nlm.nih.gov/32651161/"),
    ],
)
def test_neighbourhood_by_any_name_of_a_node(graph: QueryableGraph, text: str, node: str) -> None:
    picture = neighbourhood(graph, text, 1)
    assert picture.centre == node
    assert STUDY in picture.nodes
    assert set(picture.neighbours()[node]) == set(picture.nodes) - {node}
    assert set(picture.nodes) <= set(neighbourhood(graph, text, 3).nodes)


def test_a_construct_becomes_nodes_and_details(graph: QueryableGraph) -> None:
    query = "CONSTRUCT { ?s ct:leadSponsor ?o ; ct:acronym ?a } WHERE { ?s ct:leadSponsor ?o ; ct:acronym ?a }"
    picture = query_picture(graph, CT + query, "acronyms")
    assert [detail.text for detail in picture.nodes[STUDY].details] == ["IMODALS"]
    assert {edge.label for edge in picture.edges} == {"lead sponsor"}
    assert set(picture.kinds()) == {"Study", "Organization"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT ?a { ?a ?b ?c }", "at least two variables"),
        ("ASK { ?a ?b ?c }", "An ASK query gives no picture"),
        ("SELECT ?a ?b { ?a a ?b . FILTER(false) }", "no answers"),
        ("SELEKT", "expected SELECT, ASK, CONSTRUCT or DESCRIBE"),
        ("SELECT ?a ?b ?weight { ?a a ?b . BIND('much' AS ?weight) }", 'found "much"'),
    ],
)
def test_a_query_without_a_picture_is_a_usage_error(graph: QueryableGraph, query: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        query_picture(graph, query, "query")


def test_the_ontology_shows_every_class_of_the_plan() -> None:
    picture = ontology_picture()
    labels = {node.label for node in picture.nodes.values()}
    assert {"clinical study", "outcome measure", "phase"} <= labels
    assert all(edge.source in picture.nodes and edge.target in picture.nodes for edge in picture.edges)


def test_the_summary_counts_every_study(graph: QueryableGraph) -> None:
    result = {part.title: dict(part.counts) for part in summary_charts(graph)}
    assert len(result) == len(CHART_NAMES)
    assert result["In numbers"]["studies"] == 35
    assert sum(result["Status"].values()) == 35
    assert result["Lead sponsors"]
    assert result["Phase"]["Phase 2"] >= 1
    years = [int(name) for name in result["Start year"] if name.isdigit()]
    assert years == list(range(years[0], years[-1] + 1)), "years without studies are included"


@pytest.mark.parametrize("suffix", ["html", "svg", "png", "pdf"])
@pytest.mark.parametrize(
    "wanted", [DrawRequest(study="NCT02059759"), DrawRequest(view="sponsors"), DrawRequest(summary=True)], ids=str
)
def test_the_same_picture_has_the_same_bytes(tmp_path: Path, suffix: str, wanted: DrawRequest) -> None:
    contents = []
    for folder in "ab":
        (tmp_path / folder).mkdir()
        target = tmp_path / folder / f"picture.{suffix}"
        draw(STUDIES, str(target), wanted, reject=lambda _: None)
        contents.append(target.read_bytes())
    assert contents[0] == contents[1]
    starts = {"html": b"<!doctype html>", "svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    assert contents[0].startswith(starts[suffix])
    if suffix == "svg":
        assert ET.fromstring(contents[0]).tag.endswith("svg")


def test_stores_rdf_and_records_give_the_same_picture(tmp_path: Path) -> None:
    import kg

    rdf, folder = tmp_path / "seed.nq", tmp_path / "store"
    kg.export([SEED], rdf)
    store = ox.Store(str(folder))
    store.load(path=str(rdf), format=ox.RdfFormat.N_QUADS)
    del store
    result = []
    for name in (str(SEED), str(rdf), str(folder)):
        draw([name], str(tmp_path / "page.html"), DrawRequest(), reject=lambda _: None)
        result.append((tmp_path / "page.html").read_bytes())
    assert result[1] == result[2]
    assert abs(len(result[0]) - len(result[1])) < 200, "a store normalizes some numbers"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.html"], "No input is given"),
        ([str(SEED), "-o", "a.gif"], "has no suffix of a picture format"),
        ([str(SEED), "-o", "a.html", "--study", "NCT00000000"], "The input has no study NCT00000000"),
        ([str(SEED), "-o", "a.html", "--around", "nothing"], 'Nothing in the input is called "nothing"'),
        ([str(SEED), "-o", "a.html", "--around", "NCT00000000"], "NCT00000000 is not in the input"),
        ([str(SEED), "-o", "a.html", "--view", "mesh", "--summary"], "--view and --summary are different pictures"),
        ([str(SEED), "-o", "a.html", "--query", "none.rq"], "The query none.rq cannot be read"),
        ([str(SEED), "-o", "a.html", "--view", "sponsors"], "The input has nothing for the view sponsors"),
    ],
)
def test_usage_errors_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["draw", *arguments])
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("missing", "name", "wanted", "extra"),
    [
        ("networkx", "page.html", DrawRequest(view="mesh", limit=5), None),
        ("matplotlib", "study.png", DrawRequest(study="NCT02059759"), "draw"),
        ("pyvis", "page.html", DrawRequest(view="sponsors", renderer="pyvis"), "pyvis"),
        ("numpy", "study.svg", DrawRequest(study="NCT02059759"), None),
        ("numpy", "summary.html", DrawRequest(summary=True), None),
    ],
)
def test_missing_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, name: str, wanted: DrawRequest, extra: str | None
) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    if extra is None:
        draw(STUDIES, str(tmp_path / name), wanted, reject=lambda _: None)
        return
    with pytest.raises(UsageError, match=re.escape(f"pip install '.[{extra}]'")):
        draw(STUDIES, str(tmp_path / name), wanted, reject=lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_page_goes_to_standard_output() -> None:
    result = CliRunner().invoke(main, ["draw", str(SEED), "-o", "-"])
    assert result.exit_code == 0
    assert result.stdout.startswith("<!doctype html>")
    assert "Drawn: 51 nodes and 53 links" in result.stderr
