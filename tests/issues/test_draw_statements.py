"""Texts of pages: paths through hidden nodes, labels of links by direction, and counts of studies."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from kg.draw.graph import QueryableGraph, open_graph
from kg.draw.html_page import picture_page
from kg.draw.picture import Node, Picture
from kg.draw.render import DrawRequest, draw, render
from kg.draw.study_counts import count_studies
from kg.draw.views import mesh_terms
from tests.browser import Browser
from tests.conftest import DATA, SEED

STUDIES = [str(DATA / "studies"), str(SEED)]
MESH = "http://id.nlm.nih.gov/mesh/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ALS, NERVOUS = MESH + "D000690", MESH + "D009422"
SPINAL = MESH + "D013118"


@pytest.fixture(scope="module")
def graph() -> QueryableGraph:
    return open_graph(STUDIES, lambda _: None)


def text(browser: Browser, path: Path, **view: str) -> str:
    """Return the text of the details in a view of a page."""
    browser.open(path, "#" + urlencode(view))
    return str(browser.run("return document.getElementById('details').innerText"))


def saved(folder: Path, picture: Picture) -> Path:
    (folder / "page.html").write_bytes(picture_page(picture))
    return folder / "page.html"


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Return a page with a chain of two studies with a condition, a further study, and an isolated one."""
    picture = Picture("A chain")
    kinds = {"a": "Study", "b": "Condition", "c": "Study", "d": "Study", "alone": "Study"}
    for i, (name, kind) in enumerate(kinds.items()):
        picture.add(Node(name, kind, f"node {name}", x=100.0 * i))
    for source, target in ("ab", "bc", "cd"):
        picture.link(source, target, "condition")
    return saved(tmp_path, picture)


def test_a_path_through_hidden_nodes_is_shown_with_a_hint(browser: Browser, chain: Path) -> None:
    details = text(browser, chain, hide="Condition", **{"from": "a", "to": "c"})
    assert "2 steps" in details
    assert "Every path passes hidden nodes; this one passes 1." in details
    assert "hidden by the filter" in details
    assert set(browser.run("return picture.shown()")) == {"a", "b", "c", "d", "alone"}
    browser.run("document.querySelector('#details .close').click()")
    assert set(browser.run("return picture.shown()")) == {"a", "c", "d", "alone"}, "filtered nodes are hidden again"


def test_a_path_through_visible_nodes_has_no_hint(browser: Browser, chain: Path) -> None:
    assert "hidden" not in text(browser, chain, **{"from": "a", "to": "c"})
    assert "hidden" not in text(browser, chain, hide="Condition", **{"from": "c", "to": "d"})


def test_a_missing_path_is_reported(browser: Browser, chain: Path) -> None:
    text(browser, chain, hide="Condition", node="a")
    browser.run("document.querySelector('#details [data-act=path]').click()")
    browser.driver.find_element("id", "search").send_keys("node alone", "\ue007")
    assert browser.run("return document.getElementById('prompt').textContent").startswith(
        "No path leads from node a to"
    )
    text(browser, chain, hide="Condition", node="a")
    browser.run("document.querySelector('#details [data-act=path]').click()")
    browser.driver.find_element("id", "search").send_keys("node d", "\ue007")
    assert "3 steps" in browser.run("return document.getElementById('details').innerText")


def test_a_path_may_pass_nodes_that_are_not_open_neighbours(browser: Browser, chain: Path) -> None:
    details = text(browser, chain, open="d", **{"from": "a", "to": "d"})
    assert "3 steps" in details
    assert "not among the open neighbours" in details


def near(browser: Browser, path: Path, node: str) -> dict[str, str]:
    """Return the role of each neighbour in the details of a node."""
    text(browser, path, node=node)
    buttons = "[...document.querySelectorAll('#details .neighbours button')]"
    rows = browser.run(f"return {buttons}.map((b) => [...b.children].map((s) => s.textContent))")
    return {row[1]: row[2] for row in rows}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, graph: QueryableGraph) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    requests = {view: DrawRequest(view=view) for view in ("mesh", "conditions-interventions", "sponsors", "references")}
    requests |= {
        "study": DrawRequest(study="NCT02059759"),
        "around": DrawRequest(around="D000690"),
        "ontology": DrawRequest(ontology=True),
    }
    for name, request in requests.items():
        (content,), _ = render(None if request.ontology else graph, request, "", [".html"], name)
        (folder / f"{name}.html").write_bytes(content)
    return {name: folder / f"{name}.html" for name in requests}


@pytest.mark.parametrize("name", ["mesh", "study"])
def test_mesh_links_are_labelled_by_direction(browser: Browser, pages: dict[str, Path], name: str) -> None:
    assert near(browser, pages[name], ALS)["Spinal Cord Diseases"] == "broader term"
    assert near(browser, pages[name], SPINAL)["Amyotrophic Lateral Sclerosis"] == "narrower term"


def test_other_links_are_labelled_by_direction(browser: Browser, pages: dict[str, Path]) -> None:
    part, study = "https://w3id.org/trialkg/part/NCT02059759", "https://clinicaltrials.gov/study/NCT02059759"
    title = browser_title(browser, pages["study"])
    assert near(browser, pages["study"], ALS)[title] == "Study"
    assert near(browser, pages["study"], study)["Amyotrophic Lateral Sclerosis"] == "condition"
    assert near(browser, pages["study"], f"{part}-arm-1")[title] == "Study"
    assert set(near(browser, pages["study"], f"{part}-intervention-1").values()) == {"Arm"}
    assert set(near(browser, pages["around"], ALS).values()) == {"as condition"}
    forward = near(browser, pages["ontology"], "https://w3id.org/trialkg/ontology#Study")["arm"]
    back = near(browser, pages["ontology"], "https://w3id.org/trialkg/ontology#Arm")["clinical study"]
    assert back == f"← {forward}"


def browser_title(browser: Browser, path: Path) -> str:
    browser.open(path)
    return str(browser.run("return document.getElementById('title').textContent"))


def heading(browser: Browser, path: Path, node: str) -> str:
    text(browser, path, node=node)
    return str(browser.run("return document.querySelector('#details .kind').textContent")).rpartition(" · ")[0]


def test_the_number_of_studies_of_a_term_is_the_same_on_every_page(browser: Browser, pages: dict[str, Path]) -> None:
    names = ("mesh", "conditions-interventions", "around")
    assert {heading(browser, pages[name], ALS) for name in names} == {"Condition · 1 study with this term as condition"}
    assert "studies with a narrower term" in heading(browser, pages["mesh"], NERVOUS)


def test_a_node_has_the_same_count_in_all_views(graph: QueryableGraph) -> None:
    texts: dict[str, set[str]] = {}
    for view in ("mesh", "conditions-interventions", "sponsors", "references"):
        for node in render(graph, DrawRequest(view=view), "", [".svg"], "")[1].nodes.values():
            if node.kind != "Study":
                texts.setdefault(node.id, set()).add(node.count)
    assert all("stud" in text for counts in texts.values() for text in counts)
    assert {id_: counts for id_, counts in texts.items() if len(counts) > 1} == {}


def test_the_note_on_removed_terms_gives_the_reason() -> None:
    mesh_, ct = "http://id.nlm.nih.gov/mesh/", "https://w3id.org/trialkg/ontology#"
    rows = [f"<urn:s> a <{ct}Study> ."]
    for term in (
        "D004656",
        "D020910",
        "C000000001",
        "D000690",
        "D013118",
    ):  # enalapril, ketorolac, a new substance, ALS
        rows.append(f'<urn:s> <{ct}conditionMesh> <{mesh_}{term}> . <{mesh_}{term}> <{LABEL}> "{term}" .')
    store = ox.Store()
    store.load("\n".join(rows), format=ox.RdfFormat.TURTLE)
    picture = mesh_terms(QueryableGraph(store))
    assert {id_.removeprefix(mesh_) for id_ in picture.nodes} == {"D000690", "D013118"}
    assert picture.notes == [
        "Left out as they are in no tree of MeSH, such as supplementary concepts: 1 term.",
        "Left out as they are in a tree of MeSH and have no broader or narrower term in the records: 2 terms.",
    ]


def test_a_page_without_studies_shows_no_counts(browser: Browser, pages: dict[str, Path]) -> None:
    assert "stud" not in heading(browser, pages["ontology"], "https://w3id.org/trialkg/ontology#Arm")


def test_the_counts_of_terms_match_the_graph(graph: QueryableGraph) -> None:
    prefix = "PREFIX ct: <https://w3id.org/trialkg/ontology#>"
    paths = {False: "ct:conditionMesh|ct:interventionMesh"}
    paths[True] = paths[False] + "|ct:conditionMeshAncestor|ct:interventionMeshAncestor"
    terms = [row["t"] for row in graph.select(f"{prefix} SELECT DISTINCT ?t {{ ?s {paths[True]} ?t }}")]
    assert len(terms) > 100
    for broad, way in paths.items():
        rows = graph.select(f"{prefix} SELECT ?t (COUNT(DISTINCT ?s) AS ?n) {{ ?s {way} ?t }} GROUP BY ?t")
        for row in rows:
            assert count_studies(graph, Node(row["t"], "Condition", ""), broad=broad)[0] == int(row["n"]), (
                row["t"],
                broad,
            )


def test_the_count_of_an_organization_names_its_role(graph: QueryableGraph) -> None:
    row = next(
        graph.select("PREFIX ct: <https://w3id.org/trialkg/ontology#> SELECT ?o { ?s ct:leadSponsor ?o } ORDER BY ?o")
    )
    assert "as lead sponsor" in count_studies(graph, Node(row["o"], "Industry", ""))[1]


def test_markup_in_a_record_is_text_on_a_page(browser: Browser, tmp_path: Path) -> None:
    import json

    hostile = "&lt;img src=x onerror=window.hit=1&gt;<p>Score</p><script>window.hit=1</script>&#60;b&#62;"
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000001", "briefTitle": hostile},
            "descriptionModule": {"briefSummary": hostile},
        }
    }
    (tmp_path / "record.json").write_text(json.dumps(record), "utf-8")
    draw([str(tmp_path / "record.json")], str(tmp_path / "page.html"), DrawRequest(), reject=lambda _: None)
    details = text(browser, tmp_path / "page.html", node="https://clinicaltrials.gov/study/NCT00000001")
    assert "<img src=x onerror=window.hit=1>" in details
    assert "<p>" not in details
    assert browser.run("return window.hit") is None
    assert browser.run("return document.querySelectorAll('#details img, #details script').length") == 0
