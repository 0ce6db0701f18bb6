"""Every IRI of the graph resolves, as a page and as statements, in the format that the client wants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.ontology.vocabulary import CT, RDFS, RECORD, STUDY
from kg.serve.iris import iri_of, path_of

SEED = "/study/NCT02059759"
FORMATS = {
    "ttl": (ox.RdfFormat.TURTLE, "text/turtle"),
    "nt": (ox.RdfFormat.N_TRIPLES, "application/n-triples"),
    "jsonld": (ox.RdfFormat.JSON_LD, "application/ld+json"),
    "rdf": (ox.RdfFormat.RDF_XML, "application/rdf+xml"),
}


def media_type(response: httpx.Response) -> str:
    return response.headers["content-type"].partition(";")[0]


def triples(response: httpx.Response, name: str) -> set[ox.Triple]:
    quads = ox.parse(response.content, format=FORMATS[name][0], base_iri="http://127.0.0.1/")
    return {quad.triple for quad in quads}


@pytest.fixture(scope="module")
def subjects(store: ox.Store) -> list[str]:
    found = {quad.subject.value for quad in store if isinstance(quad.subject, ox.NamedNode)}
    return sorted(iri for iri in found if path_of(iri) and not iri.startswith(CT.rstrip("#")))


def test_every_kind_of_resource_has_a_path(subjects: list[str]) -> None:
    kinds = {path_of(iri).split("/")[1] for iri in subjects}
    assert {
        "study",
        "part",
        "record",
        "organization",
        "country",
        "mesh",
        "branch",
        "code",
        "scheme",
        "registry",
    } <= kinds


def test_a_path_leads_back_to_its_iri(subjects: list[str]) -> None:
    for iri in subjects:
        _, kind, name = path_of(iri).split("/", 2)
        assert iri_of(kind, name) == iri


def sample(subjects: list[str], size: int) -> Iterator[str]:
    """Some resources of each kind."""
    by_kind: dict[str, list[str]] = {}
    for iri in subjects:
        by_kind.setdefault(path_of(iri).split("/")[1], []).append(iri)
    for iris in by_kind.values():
        yield from random.Random(7).sample(iris, min(size, len(iris)))


def test_resources_resolve_as_pages_and_as_statements(client: TestClient, store: ox.Store, subjects: list[str]) -> None:
    for iri in sample(subjects, 12):
        page = client.get(path_of(iri), headers={"accept": "text/html"})
        assert (page.status_code, media_type(page)) == (200, "text/html"), iri
        own = {quad.triple for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, None)}
        for name, (_, kind) in FORMATS.items():
            response = client.get(f"{path_of(iri)}.{name}")
            assert (response.status_code, media_type(response)) == (200, kind), iri
            assert own <= triples(response, name), iri


def test_a_study_resolves_to_all_its_statements_with_the_labels_of_what_it_names(
    client: TestClient, store: ox.Store
) -> None:
    graph = ox.NamedNode(RECORD + "NCT02059759")
    found = triples(client.get(SEED + ".nt"), "nt")
    assert {quad.triple for quad in store.quads_for_pattern(None, None, None, graph)} <= found
    labelled = {triple.subject for triple in found if triple.predicate.value == RDFS + "label"}
    sponsor = next(
        store.quads_for_pattern(ox.NamedNode(STUDY + "NCT02059759"), ox.NamedNode(CT + "leadSponsor"), None, None)
    )
    assert sponsor.object in labelled
    assert ox.NamedNode("https://w3id.org/trialkg/code/PHASE2") in labelled


def test_a_part_resolves_to_the_parts_inside_it(client: TestClient, subjects: list[str]) -> None:
    measure = next(iri for iri in subjects if iri.endswith("-outcomeMeasure-1"))
    inside = {iri for iri in subjects if iri.startswith(measure + "-")}
    found = {triple.subject.value for triple in triples(client.get(path_of(measure) + ".ttl"), "ttl")}
    assert inside
    assert inside <= found


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json, text/html;q=0.5", "application/ld+json"),
        ("text/html;q=0.5, application/rdf+xml;q=0.9", "application/rdf+xml"),
        ("application/n-triples", "application/n-triples"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
    ],
)
def test_the_header_accept_chooses_the_format(client: TestClient, accept: str, expected: str) -> None:
    response = client.get(SEED, headers={"accept": accept})
    assert (response.status_code, media_type(response)) == (200, expected)
    assert response.headers["vary"] == "Accept"
    assert response.headers["content-location"].startswith(SEED + ".")


def test_a_format_that_is_not_offered_is_refused(client: TestClient) -> None:
    response = client.get(SEED, headers={"accept": "image/png"})
    assert response.status_code == 406
    assert response.text == "The resource is available as HTML, Turtle, N-Triples, JSON-LD and RDF/XML.\n"


def test_links_name_the_other_formats_and_the_resource(client: TestClient) -> None:
    links = client.get(SEED).headers["link"].split(", ")
    assert f'<{SEED}.ttl>; rel="alternate"; type="text/turtle"' in links
    assert f'<{SEED}.rdf>; rel="alternate"; type="application/rdf+xml"' in links
    assert f'<{STUDY}NCT02059759>; rel="describes"' in links
    assert not any(f"<{SEED}.html>" in link for link in links)


@pytest.mark.parametrize("path", [SEED, SEED + ".ttl", SEED + "/results", "/mesh/D000690", SEED + ".json"])
def test_an_unchanged_resource_is_not_sent_again(client: TestClient, path: str) -> None:
    response = client.get(path)
    again = client.get(path, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_formats_have_different_tags(client: TestClient) -> None:
    tags = {client.get(f"{SEED}{suffix}").headers["etag"] for suffix in ("", ".ttl", ".nt", ".jsonld", ".rdf", ".json")}
    assert len(tags) == 6


def test_a_head_request_has_no_body(client: TestClient) -> None:
    response = client.head(SEED + ".ttl")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/study/NCT00000000",
        "/study/x",
        "/study/NCT00000000/results",
        "/study/NCT00000000/adverse-events",
        "/study/NCT00000000/picture",
        "/study/NCT00000000/picture.svg",
        "/study/..%2f..%2fetc%2fpasswd",
        "/organization/No_Such_Thing",
        "/mesh/D999999",
        "/part/NCT02059759-arm-99",
        "/country/%3Cscript%3E",
        "/code/%00",
        "/town/FR:Nowhere",
        "/mesh/",
    ],
)
def test_what_is_not_in_the_graph_is_a_page_with_a_search(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"accept": "text/html"})
    assert response.status_code == 404
    assert 'role="search"' in response.text
    assert "<script>" not in response.text


def test_an_unknown_resource_is_no_page_for_a_machine(client: TestClient) -> None:
    response = client.get("/study/NCT00000000", headers={"accept": "text/turtle"})
    assert (response.status_code, media_type(response)) == (404, "text/plain")
    assert response.text == f"There are no statements about {STUDY}NCT00000000 here.\n"


ORGANIZATIONS = "https://w3id.org/trialkg/organization/"


def test_names_survive_what_browsers_and_proxies_do_to_them(client: TestClient, subjects: list[str]) -> None:
    """Proxies decode ``%2E`` to a dot, and browsers encode what a reader typed."""
    encoded = [iri for iri in subjects if iri.startswith(ORGANIZATIONS) and "%" in iri]
    for iri in encoded[:40]:
        name = iri.removeprefix(ORGANIZATIONS)
        variants = {name, name.replace("%2E", "."), name.replace("_", "%20"), name.lower() if name.islower() else name}
        for variant in variants:
            assert client.get(f"/organization/{variant}").status_code == 200, variant


def test_a_study_is_found_by_its_number_in_any_case(client: TestClient) -> None:
    assert client.get("/study/nct02059759").status_code == 200


def json_of(client: TestClient, path: str) -> Any:
    return client.get(path).json()


def test_pages_are_json_too(client: TestClient) -> None:
    view = json_of(client, SEED + ".json")
    assert view["head"]["number"] == "NCT02059759"
    assert [arm["gets"] for arm in view["arms"]["arms"]] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert json_of(client, "/mesh/D000690.json")["label"] == "Amyotrophic Lateral Sclerosis"
    assert json_of(client, "/country/FR.json")["profile"]["total"] >= 1
