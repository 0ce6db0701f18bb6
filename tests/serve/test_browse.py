"""The list of studies over HTTP: its numbers, its links, its downloads and its errors."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.ontology.vocabulary import CT
from kg.serve.app import create_app
from kg.serve.catalogue import Catalogue
from kg.serve.loading import Loader
from kg.serve.page_state import PageState
from kg.serve.selection import Selection
from kg.serve.state import Server
from kg.serve.study_map import WORLD, study_map
from tests.answers.trial import Trial

SELECTION = [("type", "INTERVENTIONAL"), ("country", "US"), ("country", "CA"), ("group", "ADULT")]
HOSTILE = "\"><script>alert(1)</script>&amp;'\r\nX-A: b\x00\u202e"


def page(client: TestClient, path: str, *parameters: tuple[str, str]) -> str:
    """The page of a list; nothing of it is an error."""
    response = client.get(f"{path}?{urlencode(parameters)}", follow_redirects=False)
    assert response.status_code == 200, response.text
    return response.text


def total(text: str) -> int:
    match = re.search(r'<span id="total">([\d,]+)</span>', text)
    assert match
    return int(match[1].replace(",", ""))


def options(text: str) -> dict[tuple[str, str], int]:
    """The numbers beside the values of the facets."""
    value = r'name="([\w-]+)" value="([^"]*)"(?: checked)?>'
    number = r'<span class="name" dir="auto">[^<]*</span><span class="number">([\d,]+)'
    return {
        (name, html.unescape(key)): int(count.replace(",", "")) for name, key, count in re.findall(value + number, text)
    }


def test_the_number_beside_each_value_is_that_of_its_list(client: TestClient) -> None:
    text = page(client, "/studies", *SELECTION)
    numbers = options(text)
    assert len(numbers) > 60
    for (name, key), number in numbers.items():
        others = [(n, k) for n, k in SELECTION if n != name]
        assert total(page(client, "/studies", *others, (name, key))) == number, (name, key)


def test_a_list_has_its_studies_and_the_records_agree(client: TestClient, trials: list[Trial]) -> None:
    expected = {
        trial.nct
        for trial in trials
        if trial.type == "INTERVENTIONAL"
        and "ADULT" in trial.many("eligibilityModule.stdAges")
        and any(site.get("country") in ("United States", "Canada") for site in trial.locations)
    }
    text = page(client, "/studies", *SELECTION)
    assert total(text) == len(expected) > 3
    assert set(re.findall(r'<a href="/study/(NCT\d{8})" dir="auto">', text)) == expected


@pytest.mark.parametrize("view", ["table", "map", "charts", "network"])
@pytest.mark.parametrize("parameters", [[], SELECTION, [("q", "zz")], [("q", "study"), ("start_from", "2015")]])
def test_each_view_shows_the_list_and_its_links_work(
    view: str, parameters: list[tuple[str, str]], client: TestClient
) -> None:
    text = page(client, "/studies", *parameters, ("view", view))
    assert total(text) == total(page(client, "/studies", *parameters))
    links = {html.unescape(link) for link in re.findall(r'href="(\?[^"]*)"', text)}
    for link in sorted(links)[:40]:
        page(client, "/studies", *parse_qsl(link[1:]))


def test_numbers_of_charts_are_those_of_their_links(client: TestClient) -> None:
    text = page(client, "/studies", ("view", "charts"), ("start_from", "2010"))
    rows = re.findall(r'<th scope="row" dir="auto"><a href="\?([^"]+)">[^<]*</a></th><td class="count">([\d,]+)', text)
    columns = re.findall(r'<a href="\?([^"]+)" aria-label="[^"]*: ([\d,]+) stud', text)
    assert len(rows) > 50
    assert len(columns) > 10
    for link, number in rows + columns:
        listed = page(client, "/studies", *parse_qsl(html.unescape(link)))
        assert total(listed) == int(number.replace(",", "")), link


def test_circles_of_the_map_count_each_study_once(catalogue: Catalogue) -> None:
    matches = catalogue.select(Selection())
    places = catalogue.places
    drawn = study_map(matches, WORLD)
    placed = {study for study, _ in zip(places.points.studies.tolist(), places.points.values.tolist(), strict=True)}
    assert drawn.shown == drawn.placed == len(placed)
    assert max(cluster.studies for cluster in drawn.clusters) <= len(placed)
    for cluster in drawn.clusters:
        inner = study_map(matches, cluster.frame)
        assert inner.shown >= cluster.studies
    single = [cluster for cluster in drawn.clusters if cluster.places == 1]
    assert single
    for cluster in single:
        assert cluster.studies == int(np.count_nonzero(places.points.values == cluster.point))


def test_a_town_of_the_map_links_to_its_studies(client: TestClient) -> None:
    text = page(client, "/studies", ("view", "map"), ("country", "CA"))
    found = re.findall(r'<a href="\?([^"]*city=[^"]*)" aria-label="[^"]*: ([\d,]+) stud', text)
    assert found
    for link, number in found:
        assert total(page(client, "/studies", *parse_qsl(html.unescape(link)))) >= int(number)


def test_downloads_hold_the_whole_list(client: TestClient, trials: list[Trial]) -> None:
    query = urlencode([("type", "INTERVENTIONAL"), ("sort", "id")])
    expected = sorted(trial.nct for trial in trials if trial.type == "INTERVENTIONAL")
    rows = list(csv.DictReader(io.StringIO(client.get(f"/studies.csv?{query}").text)))
    assert [row["nct_id"] for row in rows] == expected
    by_id = {trial.nct: trial for trial in trials}
    for row in rows:
        trial = by_id[row["nct_id"]]
        assert row["enrolment"] == ("" if trial.enrollment is None else str(trial.enrollment))
        assert row["status"] == trial.status
        assert row["start_date"] == (trial.start or "")
    data = client.get(f"/studies.json?{query}").json()
    assert data["total"] == len(expected)
    assert [study["id"] for study in data["studies"]] == expected
    assert {item["key"]: item["count"] for item in data["facets"]["status"]} == counted(
        trial.status or "" for trial in trials if trial.type == "INTERVENTIONAL"
    )


def counted(values: Iterable[str]) -> dict[str, int]:
    result: dict[str, int] = {}
    for value in values:
        result[value] = result.get(value, 0) + 1
    return result


def test_the_turtle_of_a_list_is_a_part_of_the_graph(client: TestClient, store: ox.Store) -> None:
    response = client.get("/studies.ttl?phase=PHASE2")
    graph = [quad.triple for quad in ox.parse(response.content, format=ox.RdfFormat.TURTLE)]
    studies = {triple.subject for triple in graph if triple.predicate.value == CT + "overallStatus"}
    assert len(studies) == client.get("/studies.json?phase=PHASE2").json()["total"] > 0
    assert len(graph) == len(set(graph))
    for triple in graph:
        assert any(store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None))


def test_the_query_of_the_page_gives_its_list(client: TestClient, store: ox.Store) -> None:
    data = client.get(f"/studies.json?{urlencode([*SELECTION, ('q', 'cancer')])}").json()
    rows = store.query(data["query"], use_default_graph_as_union=True)
    assert [row["study"].value for row in rows] == [study["iri"] for study in data["studies"]] != []


def test_pages_of_a_long_list_follow_each_other(client: TestClient, catalogue: Catalogue) -> None:
    found = [
        re.findall(r'<a href="/study/(NCT\d{8})" dir="auto">', page(client, "/studies", ("page", str(number))))
        for number in (1, 2)
    ]
    assert sum(map(len, found)) == min(len(catalogue), 100)
    assert not set(found[0]) & set(found[1])


def test_a_search_for_a_number_goes_to_the_study(client: TestClient) -> None:
    response = client.get("/studies?q=nct02059759", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/study/NCT02059759")
    assert total(page(client, "/studies", ("q", "NCT00000000"))) == 0


def test_suggestions_are_terms_towns_and_studies(client: TestClient) -> None:
    found = client.get("/suggest?q=scler").json()
    assert {"condition", "study"} <= {item["group"] for item in found}
    for item in found:
        if item["group"] != "study":
            assert total(page(client, "/studies", (item["group"], item["key"]))) == item["count"]
    towns = [item["label"] for item in client.get("/suggest?q=bost").json() if item["group"] == "city"]
    assert "Boston, United States" in towns
    assert client.get("/suggest?q=%20%21").json() == []


def test_all_values_of_a_facet_have_their_numbers(client: TestClient, catalogue: Catalogue) -> None:
    text = page(client, "/values/sponsor")
    numbers = re.findall(r'<a href="/studies\?([^"]+)"><span dir="auto">[^<]*</span> <span class="number">(\d+)', text)
    assert len(numbers) == len(catalogue.columns["sponsor"].keys)
    for link, number in numbers:
        assert total(page(client, "/studies", *parse_qsl(html.unescape(link)))) == int(number)


@pytest.mark.parametrize(
    "query",
    [
        "fase=PHASE1",
        "start_from=x",
        "start_from=1000",
        "age=old",
        "view=list",
        "sort=x",
        "page=0",
        "frame=1,2",
        "q=" + "a" * 301,
    ],
)
def test_an_invalid_parameter_is_an_error_in_one_sentence(query: str, client: TestClient) -> None:
    for path in ("/studies", "/studies.json", "/studies.csv", "/studies.ttl"):
        response = client.get(f"{path}?{query}")
        assert response.status_code == 400
        assert "Traceback" not in response.text
    assert client.get("/values/x").status_code == 400


@pytest.mark.parametrize("name", ["q", "status", "condition", "sponsor", "city", "open", "country"])
def test_hostile_parameters_are_text(name: str, client: TestClient) -> None:
    text = page(client, "/studies", (name, HOSTILE))
    assert "<script>alert" not in text
    for extension in ("csv", "json", "ttl"):
        response = client.get(f"/studies.{extension}?{urlencode([(name, HOSTILE)])}")
        assert response.status_code == 200
        assert "x-a" not in response.headers


def test_a_state_is_its_url() -> None:
    query = (
        "q=a+b&phase=PHASE1&city=FR%3AParis&start_from=2010&age=35&view=map&sort=title&open=D009369&frame=-5%2C6%2C700"
    )
    assert PageState.parse(parse_qsl(query)).url() == query
    assert PageState.parse(parse_qsl("sort=newest&page=1&view=table&q=")).url() == ""


def test_pages_refer_to_nothing_elsewhere(client: TestClient) -> None:
    for view in ("table", "map", "charts", "network"):
        text = page(client, "/studies", ("view", view))
        for address in re.findall(r'(?:src|href|action|data-suggest)="([^"]+)"', text):
            assert urlsplit(html.unescape(address)).netloc in ("", "clinicaltrials.gov")
        assert "<style" not in text
        assert " style=" not in text
        assert not re.search(r"<script(?![^>]* src=)", text)


def test_pages_say_that_the_list_is_being_prepared(
    folder: Path, store: ox.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Loader, "start", lambda _: None)
    monkeypatch.setattr(Loader.get, "__defaults__", (0.01,))
    waiting = TestClient(create_app(Server(folder, store)), base_url="http://127.0.0.1:8000")
    start = waiting.get("/", headers={"accept": "text/html"})
    assert start.status_code == 200
    assert "is being prepared" in start.text
    for path in ("/studies", "/studies.json", "/suggest?q=x", "/values/phase"):
        response = waiting.get(path, headers={"accept": "text/html"})
        assert (response.status_code, response.headers["refresh"]) == (503, "2")
        assert "is being prepared" in response.text


def test_a_catalogue_that_cannot_be_read_is_an_error(
    folder: Path, store: ox.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: ox.Store) -> None:
        raise OSError("the disk\nis gone")

    monkeypatch.setattr("kg.serve.explorer.read_explorer", fail)
    broken = TestClient(create_app(Server(folder, store)), base_url="http://127.0.0.1:8000")
    response = broken.get("/studies")
    assert response.status_code == 503
    assert response.text == "The list of studies cannot be prepared (OSError: the disk is gone).\n"
