"""What does not depend on a study: errors, the ontology, other bases, data without graphs, and files."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.export.report import Report
from kg.export.run import export
from kg.ontology.vocabulary import CT
from kg.serve.app import create_app
from kg.serve.assets import assets
from kg.serve.settings import Settings
from kg.serve.state import Server
from kg.store.embedded import build
from tests.conftest import SEED, STUDIES
from tests.serve.tables import tables

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "Not in this graph"),
        ("/study/NCT02059759/nothing", 404, "Not in this graph"),
        ("/studies?fase=x", 400, "did you mean phase?"),
        ("/studies?sort=x", 400, "sort is"),
    ],
)
def test_errors_are_pages_for_people_and_sentences_for_programs(
    client: TestClient, path: str, status: int, words: str
) -> None:
    page = client.get(path, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in page.text.replace("&#34;", '"')
    assert 'role="search"' in page.text
    plain = client.get(path, headers={"accept": "application/json"})
    assert plain.status_code in (status, 406)
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.text.count("\n") == 1


def test_the_ontology_has_an_anchor_for_each_class_and_property(client: TestClient, store: ox.Store) -> None:
    page = client.get("/ontology", headers=HTML).text
    anchors = set(re.findall(r' id="([^"]+)"', page))
    used = {quad.predicate.value for quad in store if quad.predicate.value.startswith(CT)}
    derived = {"asListed", "descriptionCount"}
    assert {iri.removeprefix(CT) for iri in used} - derived <= anchors
    for suffix, format_ in (
        ("ttl", ox.RdfFormat.TURTLE),
        ("nt", ox.RdfFormat.N_TRIPLES),
        ("rdf", ox.RdfFormat.RDF_XML),
    ):
        triples = list(ox.parse(client.get(f"/ontology.{suffix}").content, format=format_))
        assert len(triples) > 3000
    assert client.get("/ontology", headers={"accept": "text/turtle"}).headers["content-type"].startswith("text/turtle")
    assert client.get("/ontology.xlsx").status_code == 404


def served(folder: Path, *inputs: Path) -> TestClient:
    build(list(inputs), folder / "s.kgstore", report=Report())
    store = ox.Store.read_only(str(folder / "s.kgstore"))
    return TestClient(
        create_app(Server(folder / "s.kgstore", store, Settings(workers=1))), base_url="http://127.0.0.1:8000"
    )


def test_data_with_another_base_has_the_same_pages(tmp_path: Path, client: TestClient) -> None:
    export([str(SEED)], str(tmp_path / "s.nq"), base="https://example.org/kg/")
    with served(tmp_path, tmp_path / "s.nq") as other:
        page = other.get("/study/NCT02059759").text
        assert tables(page) == tables(client.get("/study/NCT02059759").text)
        for path in set(re.findall(r'href="(/(?:part|organization|country|mesh)/[^"#?]+)"', page)):
            assert other.get(path).status_code == 200, path
        assert "https://example.org/kg/part/NCT02059759-arm-1" in other.get("/study/NCT02059759.nt").text


def test_data_without_named_graphs_has_the_same_pages(tmp_path: Path, client: TestClient) -> None:
    export([str(SEED), str(STUDIES[0])], str(tmp_path / "s.nt"))
    with served(tmp_path, tmp_path / "s.nt") as other:
        for path in ("/study/NCT02059759", f"/study/{STUDIES[0].stem}", f"/study/{STUDIES[0].stem}/results"):
            assert tables(other.get(path).text) == tables(client.get(path).text)
        parts = set(re.findall(r"part/NCT02059759-[\w-]+", client.get("/study/NCT02059759.nt").text))
        assert parts == set(re.findall(r"part/NCT02059759-[\w-]+", other.get("/study/NCT02059759.nt").text))


def test_files_are_kept_by_browsers_until_they_change(client: TestClient) -> None:
    page = client.get("/study/NCT02059759").text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) >= 4
    for path in files:
        response = client.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
    assert "immutable" not in client.get("/static/app.css").headers["cache-control"]
    assert client.get("/static/app.css?v=0").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["../assets.py", "..%2fassets.py", "nothing.css", "", "%00", "vendor/../app.css/x"])
def test_only_the_files_of_pages_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_style_sheets_refer_to_no_other_server() -> None:
    for name, asset in assets().items():
        if name.endswith(".css"):
            assert not re.search(rb"url\(\s*[\"']?(?:https?:)?//|@import", asset.content), name
