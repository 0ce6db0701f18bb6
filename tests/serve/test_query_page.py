"""The SPARQL page: its answers are those of the endpoint, its fields those of the library, and errors are sentences."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.query.engine import prepare
from kg.query.library import library_queries
from kg.serve.app import create_app
from kg.serve.pages.answer import USED, answer_view, chart_groups
from kg.serve.settings import Settings
from kg.serve.state import Server

HOSTILE = 'SELECT ("<script>alert(1)</script>\\"\'&amp;" AS ?x) (<javascript:alert(1)> AS ?y) {}'


@pytest.fixture(scope="module")
def live(folder: Path, store: ox.Store) -> Iterator[TestClient]:
    """A client of a server whose workers run."""
    app = create_app(Server(folder, store, Settings(workers=1, seconds=20)))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def total(text: str) -> int:
    match = re.search(r"<h2>([\d,]+) (?:row|triple)s? ", text)
    assert match, text
    return int(match[1].replace(",", ""))


@pytest.mark.parametrize("query", library_queries(), ids=lambda query: query.name)
def test_each_query_of_the_library_runs_in_every_view(query: object, live: TestClient, store: ox.Store) -> None:
    name = query.name  # type: ignore[attr-defined]
    expected = len(list(store.query(prepare(name), use_default_graph_as_union=True)))  # type: ignore[arg-type]
    response = live.get("/query", params={"name": name, "run": "1"})
    assert response.status_code == 200
    assert total(response.text) == expected
    for view in re.findall(r'data-view="(\w+)"', response.text):
        assert live.get("/query", params={"name": name, "run": "1", "view": view}).status_code == 200
    for parameter in query.parameters:  # type: ignore[attr-defined]
        assert f'name="p_{parameter.name}"' in response.text
    assert ('name="p_study"' in response.text) == (
        query.lists_studies or "study" in [p.name for p in query.parameters]  # type: ignore[attr-defined]
    )


def test_values_of_fields_are_filled_in(live: TestClient, store: ox.Store) -> None:
    answer = live.get("/query", params={"name": "studies_under", "run": "1", "p_disease": "D009422", "p_study": ""})
    assert "<http://id.nlm.nih.gov/mesh/D009422>" in html.unescape(answer.text)
    limited = live.get("/query", params={"name": "arms", "run": "1", "p_study": "NCT02059759 NCT02293265"})
    rows = store.query(prepare("arms", {"study": ["NCT02059759", "NCT02293265"]}), use_default_graph_as_union=True)
    assert total(limited.text) == len(list(rows)) > 1  # type: ignore[arg-type]
    wrong = live.get("/query", params={"name": "eligible", "run": "1", "p_age": "old"})
    assert wrong.status_code == 400
    assert "is not a number" in html.unescape(wrong.text)
    assert live.get("/query", params={"name": "nothing"}).status_code == 400


def test_cells_have_labels_and_links(live: TestClient) -> None:
    text = live.get("/query", params={"query": "SELECT * { study:NCT02059759 ct:phase ?p ; ct:leadSponsor ?s }"}).text
    assert re.search(r'<a href="/code/PHASE\d" title="code:PHASE\d">Phase \d</a>', text)
    assert '<a href="/organization/' in text


def test_a_graph_and_a_truth_value_are_shown(live: TestClient) -> None:
    graph = live.get("/query", params={"query": "DESCRIBE study:NCT02059759"}).text
    assert total(graph) > 50
    assert "Turtle" in graph
    assert (
        '<svg class="network"'
        in live.get("/query", params={"query": "DESCRIBE study:NCT02059759", "view": "network"}).text
    )
    assert "<h2>Yes " in live.get("/query", params={"query": "ASK { ?s a ct:Study }"}).text
    no = live.get("/query", params={"query": "ASK { ?s a ct:Nothing }"}).text
    assert "<h2>No " in no
    assert 'class="hint"' in no


def test_a_map_has_the_sites_of_the_studies(live: TestClient) -> None:
    query = "SELECT ?study { ?study a ct:Study }"
    assert '<svg class="map study-map"' in live.get("/query", params={"query": query, "view": "map"}).text
    prefix = "PREFIX wgs: <http://www.w3.org/2003/01/geo/wgs84_pos#>"
    places = prefix + " SELECT ?city ?lat ?long { ?site ct:city ?city ; wgs:lat ?lat ; wgs:long ?long }"
    assert '<svg class="map"' in live.get("/query", params={"query": places, "view": "map"}).text


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("SELECT ?x { ?x a ", 400, "Syntax error at line 1"),
        ("DROP ALL", 400, "would change data"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 400, "SERVICE"),
        ("SELECT ?x { ?x a nothing:Class }", 400, "prefix nothing: is not declared"),
    ],
)
def test_an_error_is_a_sentence_with_a_status(query: str, status: int, words: str, live: TestClient) -> None:
    for path in ("/query", "/query/answer"):
        response = live.get(path, params={"query": query})
        assert response.status_code == status
        assert words in html.unescape(response.text)
        assert "Traceback" not in response.text


def test_hostile_values_are_text(live: TestClient) -> None:
    for view in ("table", "chart", "network"):
        text = live.get("/query", params={"query": HOSTILE, "view": view}).text
        assert "<script>alert" not in text
        assert 'href="javascript' not in text
    assert "<script>alert" not in live.get("/query", params={"query": "<script>alert(1)</script>"}).text
    unknown = live.get("/query", params={"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in unknown.text or unknown.headers["content-type"].startswith("text/plain")


def test_completions_have_our_terms(live: TestClient) -> None:
    data = live.get("/query/completions").json()
    labels = {term["label"]: term for term in data["terms"]}
    assert labels["ct:Study"]["kind"] == "class"
    assert labels["ct:overallStatus"]["kind"] == "property"
    assert labels["code:PHASE2"]["name"] == "Phase 2"
    assert "ct" in data["known"]
    assert all(term["label"].partition(":")[0] in data["prefixes"] for term in data["terms"])


def test_the_start_page_has_numbers_with_links(live: TestClient) -> None:
    text = live.get("/").text
    studies = live.get("/studies.json").json()["total"]
    assert f"<b>{studies}</b> studies" in text
    for link in re.findall(r'href="(/[^"]*)"', text):
        if not link.startswith(("/.well-known", "/ontology")):
            assert live.get(html.unescape(link)).status_code == 200, link


def test_an_answer_keeps_the_number_of_all_rows() -> None:
    lines = "\n".join(str(i) for i in range(USED + 700))
    view = answer_view("tsv", f"?n\n{lines}\n".encode())
    assert (view.total, len(view.rows), view.variables) == (USED + 700, USED, ["n"])
    assert view.hidden == USED + 700 - 500
    triples = "".join(f"<http://a/{i}> <http://a/p> <http://a/o> .\n" for i in range(3))
    assert answer_view("ntriples", triples.encode()).total == 3
    assert answer_view("tsv", b"?n\n").total == 0


def test_a_chart_has_a_series_for_each_value_of_a_second_column() -> None:
    rows = "\n".join(f'{year}\t"{phase}"\t{year + len(phase)}' for year in range(2000, 2006) for phase in ("a", "bb"))
    view = answer_view("tsv", f"?year\t?phase\t?studies\n{rows}\n".encode())
    groups = chart_groups(view, lambda iri: iri)
    assert len(groups) == 12
    assert (groups[0].label, groups[0].series, groups[0].number) == ("2000", "a", 2001.0)
    repeated = answer_view("tsv", f"?year\t?phase\t?studies\n{rows}\n{rows}\n".encode())
    assert {group.series for group in chart_groups(repeated, lambda iri: iri)} == {""}
