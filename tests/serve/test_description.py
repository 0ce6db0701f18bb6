"""What a server says about itself."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.export.report import Report
from kg.export.tally import Tally
from kg.ontology.vocabulary import CT, DCTERMS, SCHEMA, SD, SH, VOID
from kg.query.library import library_queries
from kg.serve.app import create_app
from kg.serve.description import dataset, examples, service
from kg.serve.metadata_store import MetadataStore
from kg.serve.settings import Settings
from kg.serve.state import Server
from kg.serve.statistics import count
from kg.store.embedded import build
from tests.conftest import SEED

URL = "https://trials.example.org"


def values(triples: list[ox.Triple], iri: str) -> set[str]:
    return {triple.object.value for triple in triples if triple.predicate.value == iri}


def test_the_endpoint_is_that_of_the_server() -> None:
    assert values(service(URL), SD + "endpoint") == {f"{URL}/sparql"}
    assert values(dataset(URL, 1, 1, None), VOID + "sparqlEndpoint") == {f"{URL}/sparql"}
    assert values(examples(URL), SCHEMA + "target") == {f"{URL}/sparql"}


def test_each_query_of_the_library_is_an_example() -> None:
    assert len(values(examples(URL), SH + "select") | values(examples(URL), SH + "ask")) <= len(library_queries())
    kinds = ("select", "ask", "construct", "describe")
    assert sum(len(values(examples(URL), SH + kind)) for kind in kinds) == len(library_queries())


def test_counts_are_those_of_the_store(store: ox.Store) -> None:
    tally: Tally = count(store)
    assert tally.triples == len(store)
    for iri, number in tally.classes.items():
        subjects = {quad.subject for quad in store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(iri))}
        assert len(subjects) == number, iri
    for iri, number in tally.properties.items():
        assert sum(1 for _ in store.quads_for_pattern(None, ox.NamedNode(iri), None)) == number, iri


RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def test_the_description_without_counts_has_those_of_statements_and_studies(store: ox.Store) -> None:
    triples = dataset(URL, len(store), 5, None)
    assert values(triples, VOID + "triples") == {str(len(store))}
    assert values(triples, VOID + "entities") == {"5"}


def test_the_description_names_the_sections_that_a_store_leaves_out(tmp_path: Path) -> None:
    build([SEED], tmp_path / "s.kgstore", report=Report(), without=["results", "locations"])
    app = create_app(
        Server(tmp_path / "s.kgstore", ox.Store.read_only(str(tmp_path / "s.kgstore")), Settings(workers=1))
    )
    with TestClient(app, base_url="http://127.0.0.1:8000") as started:
        content = started.get("/.well-known/void", headers={"accept": "application/n-triples"}).content
    triples = [quad.triple for quad in ox.parse(content, format=ox.RdfFormat.N_TRIPLES)]
    assert values(triples, CT + "leftOut") == {"locations", "results"}
    [text] = values(triples, DCTERMS + "description")
    assert text.endswith(" Left out by choice: locations and results.")


@pytest.mark.parametrize("path", ["/.well-known/void", "/.well-known/sparql-examples"])
@pytest.mark.parametrize("kind", ["text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml"])
def test_documents_are_the_same_in_each_syntax(client: TestClient, path: str, kind: str) -> None:
    response = client.get(path, headers={"accept": kind})
    assert response.headers["content-type"].partition(";")[0] == kind
    found = {quad.triple for quad in ox.parse(response.content, format=ox.RdfFormat.from_media_type(kind))}
    plain = client.get(path, headers={"accept": "application/n-triples"})
    assert found == {quad.triple for quad in ox.parse(plain.content, format=ox.RdfFormat.N_TRIPLES)}


def test_a_document_in_no_acceptable_syntax_is_406(client: TestClient) -> None:
    assert client.get("/.well-known/void", headers={"accept": "image/png"}).status_code == 406


SHACL = "PREFIX sh: <http://www.w3.org/ns/shacl#>"


@pytest.mark.parametrize(
    ("query", "is_about_the_server"),
    [
        (f"{SHACL} SELECT * {{ ?a sh:prefix ?b }}", True),
        (f"{SHACL} SELECT * {{ ?a a sh:SPARQLExecutable ; sh:select|sh:ask ?b }}", True),
        (f"{SHACL} SELECT * {{ ?a sh:prefix ?b . ?c <{CT}phase> ?d }}", False),
        (f"{SHACL} SELECT * {{ ?a ?b ?c }}", False),
        ("SELECT * { ?a ?b 'http://www.w3.org/ns/shacl#' }", False),
        ("SELECT * { ?a ?b ?c }", False),
    ],
)
def test_queries_about_the_server(tmp_path, store: ox.Store, query: str, is_about_the_server: bool) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "metadata.nt"
    file.write_bytes(ox.serialize(examples(URL), format=ox.RdfFormat.N_TRIPLES) or b"")
    metadata = MetadataStore(file)
    assert (metadata.answering(query, store) is not store) is is_about_the_server
    assert MetadataStore(None).answering(query, store) is store
    assert MetadataStore(tmp_path / "missing").answering(query, store) is store


def test_data_with_such_terms_answer_for_themselves(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "metadata.nt"
    file.write_bytes(ox.serialize(examples(URL), format=ox.RdfFormat.N_TRIPLES) or b"")
    data = ox.Store()
    data.add(ox.Quad(ox.NamedNode("a:b"), ox.NamedNode(SH + "prefix"), ox.Literal("a")))
    assert MetadataStore(file).answering(f"{SHACL} SELECT * {{ ?a sh:prefix ?b }}", data) is data
