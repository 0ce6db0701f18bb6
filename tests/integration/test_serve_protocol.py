"""The SPARQL endpoint of ``kg serve`` against the SPARQL 1.1 Protocol, and the clients that people use.

The tests of a section are named as the cases of the W3C test suite that they correspond to
(https://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/); requests and data are our own.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pyoxigraph as ox
import pytest
import rdflib

from kg.export.report import Report
from kg.ontology.vocabulary import RDF, SD
from kg.query.endpoint import query_endpoint
from kg.store.embedded import build
from tests.conftest import SEED
from tests.serving import Response, Served, serving

GRAPHS = "http://example.org/graph/"
DOCUMENTS = "\n".join(
    f'<{GRAPHS}{name}> {{ <{GRAPHS}{name}> a <http://example.org/Document> ; <http://example.org/name> "{name}" }}'
    for name in ("a", "b", "c")
)
FORM, DIRECT = "application/x-www-form-urlencoded", "application/sparql-query"
JSON_RESULTS = "application/sparql-results+json"
RESULTS = {JSON_RESULTS, "application/sparql-results+xml", "text/csv", "text/tab-separated-values"}
SYNTAXES = {"text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("protocol")
    (folder / "documents.trig").write_text(DOCUMENTS)
    build([str(SEED), str(folder / "documents.trig")], folder / "data.kgstore", report=Report())
    with serving([str(folder / "data.kgstore")], folder / "access.log", "--workers", "2") as server:
        yield server


def target(*pairs: tuple[str, str], path: str = "/sparql") -> str:
    return f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path


def default(*names: str) -> list[tuple[str, str]]:
    return [("default-graph-uri", GRAPHS + name) for name in names]


def named(*names: str) -> list[tuple[str, str]]:
    return [("named-graph-uri", GRAPHS + name) for name in names]


def in_default(*names: str) -> str:
    return "ASK { " + " ".join(f"<{GRAPHS}{name}> a ?kind ." for name in names) + " }"


def in_named(*names: str) -> str:
    return "ASK { " + " ".join(f"GRAPH ?g{name} {{ <{GRAPHS}{name}> a ?kind{name} }}" for name in names) + " }"


def get(served: Served, query: str, *pairs: tuple[str, str], **headers: str) -> Response:
    return served.get(target(("query", query), *pairs), **headers)


def post(served: Served, query: str, *pairs: tuple[str, str], **headers: str) -> Response:
    return served.request("POST", target(*pairs), query.encode(), Content_Type=DIRECT, **headers)


def post_form(served: Served, *pairs: tuple[str, str], **headers: str) -> Response:
    return served.request("POST", "/sparql", urlencode(pairs).encode(), Content_Type=FORM, **headers)


def truth(response: Response) -> bool:
    assert (response.status, response.media_type) == (200, JSON_RESULTS), response.text
    answer: bool = json.loads(response.body)["boolean"]
    return answer


def refused(response: Response, status: int = 400) -> bool:
    """Whether a request was refused with one sentence; a syntax error shows the place in further lines."""
    assert response.media_type == "text/plain"
    assert response.text.split("\n")[0].endswith((".", "?"))
    assert "Traceback" not in response.text
    return response.status == status


# The cases of the W3C suite for queries.


def test_query_get(served: Served) -> None:
    assert truth(get(served, "ASK {}"))


def test_query_get_with_a_slash_at_the_end(served: Served) -> None:
    assert truth(served.get(target(("query", "ASK {}"), path="/sparql/")))


def test_query_post_form(served: Served) -> None:
    assert truth(post_form(served, ("query", "ASK {}")))


def test_query_post_direct(served: Served) -> None:
    assert truth(post(served, "ASK {}"))


def test_query_dataset_default_graphs_get(served: Served) -> None:
    assert truth(get(served, in_default("a", "b"), *default("a", "b")))
    assert not truth(get(served, in_default("a", "c"), *default("a", "b")))
    assert not truth(get(served, in_named("a"), *default("a", "b"))), "there are no named graphs then"


def test_query_dataset_default_graphs_post(served: Served) -> None:
    assert truth(post(served, in_default("a", "b"), *default("a", "b")))
    assert truth(post_form(served, ("query", in_default("a", "b")), *default("a", "b")))
    assert not truth(post(served, in_default("a", "c"), *default("a", "b")))


def test_query_dataset_named_graphs_get(served: Served) -> None:
    assert truth(get(served, in_named("a", "b"), *named("a", "b")))
    assert not truth(get(served, in_named("a", "c"), *named("a", "b")))
    assert not truth(get(served, in_default("a"), *named("a", "b"))), "the default graph is empty then"


def test_query_dataset_named_graphs_post(served: Served) -> None:
    assert truth(post(served, in_named("a", "b"), *named("a", "b")))
    assert truth(post_form(served, ("query", in_named("a", "b")), *named("a", "b")))
    assert not truth(post(served, in_named("a", "c"), *named("a", "b")))


def test_query_dataset_full(served: Served) -> None:
    query = f"ASK {{ <{GRAPHS}c> a ?kind {in_named('a', 'b').removeprefix('ASK { ')}"
    assert truth(post(served, query, *default("c"), *named("a", "b")))
    assert not truth(post(served, query, *default("b"), *named("a", "b")))


def test_query_multiple_dataset(served: Served) -> None:
    """The dataset of the request takes the place of that of the query."""
    query = in_named("a", "b").replace("ASK", f"ASK FROM <{GRAPHS}c>")
    assert truth(post(served, query, *named("a", "b")))
    assert not truth(post(served, query))


@pytest.mark.parametrize(("query", "types"), [("SELECT (1 AS ?value) {}", RESULTS), ("ASK {}", RESULTS)])
def test_query_content_type_select_and_ask(served: Served, query: str, types: set[str]) -> None:
    assert post(served, query).media_type in types


def test_query_content_type_describe(served: Served) -> None:
    response = post(served, "DESCRIBE <http://example.org/nothing>")
    assert (response.status, response.media_type in SYNTAXES) == (200, True)


def test_query_content_type_construct(served: Served) -> None:
    """A relative IRI is resolved with that of the endpoint."""
    response = post(served, "CONSTRUCT { <s> <p> 1 } WHERE {}", Accept="application/n-triples")
    assert (response.status, response.media_type) == (200, "application/n-triples")
    assert response.text.startswith(f"<{served.url}/s> <{served.url}/p> ")


def test_bad_query_method(served: Served) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        response = served.request(method, target(("query", "ASK {}")), b"", Content_Type=FORM)
        assert refused(response, 405)
        assert "GET" in response.headers["allow"]


def test_bad_multiple_queries(served: Served) -> None:
    assert refused(served.get(target(("query", "ASK {}"), ("query", "SELECT * {}"))))
    assert refused(post_form(served, ("query", "ASK {}"), ("query", "ASK {}")))
    assert refused(post(served, "ASK {}", ("query", "ASK {}")))


def test_bad_query_wrong_media_type(served: Served) -> None:
    for media_type in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
        assert refused(served.request("POST", "/sparql", b"ASK {}", Content_Type=media_type), 415)


def test_bad_query_missing_form_type(served: Served) -> None:
    assert refused(served.request("POST", "/sparql", b"query=ASK%20%7B%7D"), 415)


def test_bad_query_missing_direct_type(served: Served) -> None:
    assert refused(served.request("POST", "/sparql", b"ASK {}"), 415)


def test_bad_query_non_utf8(served: Served) -> None:
    encoded = "ASK {}".encode("utf-16")
    assert refused(served.request("POST", "/sparql", encoded, Content_Type=f"{DIRECT}; charset=UTF-16"), 415)
    assert refused(served.request("POST", "/sparql", encoded, Content_Type=DIRECT))
    assert refused(served.get("/sparql?query=ASK%20%7B%7D%FF"))
    assert refused(served.request("POST", "/sparql", b"query=ASK+%7B%7D%FF", Content_Type=FORM))


def test_bad_query_syntax(served: Served) -> None:
    response = get(served, "ASK {")
    assert refused(response)
    assert "line 1" in response.text


# The cases for updates: this endpoint refuses them, the valid ones too.

UPDATE = "application/sparql-update"
CLEAR = f"CLEAR GRAPH <{GRAPHS}a>"


def unchanged(served: Served) -> bool:
    return truth(post(served, in_named("a", "b", "c")))


def test_update_post_form_and_direct_are_refused(served: Served) -> None:
    assert refused(post_form(served, ("update", CLEAR)))
    assert refused(served.request("POST", "/sparql", CLEAR.encode(), Content_Type=UPDATE), 415)
    assert unchanged(served)


def test_an_update_as_a_query_is_refused(served: Served) -> None:
    for text in (CLEAR, "INSERT DATA { <a:b> <a:b> 1 }", "LOAD <file:///etc/passwd>", "DROP ALL", "ASK {} ; DROP ALL"):
        assert refused(get(served, text))
        assert refused(post(served, text))
    assert unchanged(served)


def test_bad_update_get(served: Served) -> None:
    assert refused(served.get(target(("update", CLEAR))))
    assert unchanged(served)


def test_bad_update_dataset_conflict_and_multiple_updates(served: Served) -> None:
    assert refused(post_form(served, ("update", CLEAR), ("update", CLEAR)))
    assert refused(post_form(served, ("update", f"WITH <{GRAPHS}a> {CLEAR}"), ("using-graph-uri", GRAPHS + "a")))
    assert unchanged(served)


def test_bad_update_media_types_and_encodings(served: Served) -> None:
    assert refused(served.request("POST", "/sparql", CLEAR.encode(), Content_Type="text/plain"), 415)
    assert refused(served.request("POST", "/sparql", urlencode({"update": CLEAR}).encode()), 415)
    assert refused(served.request("POST", "/sparql", CLEAR.encode("utf-16"), Content_Type=UPDATE), 415)
    assert unchanged(served)


# The cases of the suite for the service description.


def description(served: Served) -> rdflib.Graph:
    response = served.get("/sparql")
    assert response.status == 200
    return rdflib.Graph().parse(response.body, format=response.media_type)


def test_returns_rdf(served: Served) -> None:
    for media_type in SYNTAXES:
        response = served.get("/sparql", Accept=media_type)
        assert response.media_type == media_type
        assert list(ox.parse(response.body, format=ox.RdfFormat.from_media_type(media_type)))
    assert served.get("/sparql").media_type == "text/turtle"


def test_has_endpoint_triple(served: Served) -> None:
    graph = description(served)
    services = set(graph.subjects(rdflib.RDF.type, rdflib.URIRef(SD + "Service")))
    endpoints = set(graph.subject_objects(rdflib.URIRef(SD + "endpoint")))
    assert endpoints == {(services.pop(), rdflib.URIRef(f"{served.url}/sparql"))}


SCHEMA = {
    "endpoint": ("Service", None),
    "supportedLanguage": ("Service", "Language"),
    "feature": ("Service", "Feature"),
    "defaultEntailmentRegime": ("Service", None),
    "resultFormat": ("Service", None),
    "defaultDataset": ("Service", "Dataset"),
    "defaultGraph": ("Dataset", "Graph"),
}
"""Property -> the class of its subject and that of its value, in the recommendation; instances that it defines have
no class in a description."""


def test_conforms_to_schema(served: Served) -> None:
    graph = description(served)
    used = {p.removeprefix(SD) for _, p, _ in graph if p.startswith(SD)}
    assert used == set(SCHEMA)
    for name, (subject_class, value_class) in SCHEMA.items():
        for subject, value in graph.subject_objects(rdflib.URIRef(SD + name)):
            assert (subject, rdflib.RDF.type, rdflib.URIRef(SD + subject_class)) in graph
            assert isinstance(value, rdflib.URIRef)
            if value_class and not value.startswith(SD):
                assert (value, rdflib.RDF.type, rdflib.URIRef(SD + value_class)) in graph


# Content negotiation, by the answer to one query in each format.

SELECT = "SELECT ?name ?kind { ?s <http://example.org/name> ?name ; a ?kind } ORDER BY ?name"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON_RESULTS),
        ("*/*", JSON_RESULTS),
        ("application/json", "application/json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/xml", "text/xml"),
        ("text/csv", "text/csv"),
        ("text/tab-separated-values", "text/tab-separated-values"),
        ("text/csv;q=0.4, application/sparql-results+xml;q=0.8, */*;q=0.1", "application/sparql-results+xml"),
        ("text/csv;q=0.4, application/*;q=0.2", "text/csv"),
        ("application/sparql-results+json;q=0, */*", "application/sparql-results+xml"),
        ("text/turtle, application/sparql-results+json;q=0.1", JSON_RESULTS),
        ("TEXT/CSV", "text/csv"),
    ],
)
def test_the_format_of_rows_follows_the_header(served: Served, accept: str, expected: str) -> None:
    response = get(served, SELECT, Accept=accept)
    assert (response.status, response.media_type) == (200, expected)
    assert response.headers["vary"] == "Accept"
    assert names(response) == ["a", "b", "c"]


def names(response: Response) -> list[str]:
    """The values of ?name in an answer of any format."""
    if "json" in response.media_type:
        return [row["name"]["value"] for row in json.loads(response.body)["results"]["bindings"]]
    if "xml" in response.media_type:
        literals = ElementTree.fromstring(response.body).iter("{http://www.w3.org/2005/sparql-results#}literal")
        return [str(literal.text) for literal in literals]
    is_csv = response.media_type == "text/csv"
    header, *rows = csv.reader(io.StringIO(response.text), delimiter="," if is_csv else "\t")
    return [row[[name.lstrip("?") for name in header].index("name")].strip('"') for row in rows]


@pytest.mark.parametrize("accept", sorted(SYNTAXES))
def test_the_format_of_a_graph_follows_the_header(served: Served, accept: str) -> None:
    response = get(served, "CONSTRUCT { ?s a ?kind } { ?s <http://example.org/name> ?n ; a ?kind }", Accept=accept)
    assert (response.status, response.media_type) == (200, accept)
    found = {quad.subject.value for quad in ox.parse(response.body, format=ox.RdfFormat.from_media_type(accept))}
    assert found == {GRAPHS + name for name in "abc"}


def test_an_answer_in_no_acceptable_format_is_406(served: Served) -> None:
    assert refused(get(served, SELECT, Accept="image/png"), 406)
    assert refused(get(served, SELECT, Accept="text/turtle"), 406)
    assert refused(get(served, "DESCRIBE <a:b>", Accept="text/csv"), 406)
    assert refused(served.get("/sparql", Accept="image/png"), 406)


def test_the_parameter_format_overrides_the_header(served: Served) -> None:
    assert get(served, SELECT, ("format", "csv"), Accept=JSON_RESULTS).media_type == "text/csv"
    assert get(served, "DESCRIBE <a:b>", ("format", "nt")).media_type == "application/n-triples"
    assert get(served, SELECT, ("format", "unknown")).media_type == JSON_RESULTS


def test_a_download_has_a_file_name(served: Served) -> None:
    response = get(served, SELECT, ("format", "csv"), ("download", "phase 2"))
    assert response.headers["content-disposition"] == 'attachment; filename="phase-2.csv"'


def test_a_browser_is_sent_to_the_editor(served: Served) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert served.get("/sparql", Accept=accept).headers["location"] == "/query"
    response = get(served, "ASK {}", Accept=accept)
    assert (response.status, response.headers["location"]) == (303, "/query?query=ASK+%7B%7D")


def test_a_head_request_has_the_headers_only(served: Served) -> None:
    response = served.request("HEAD", target(("query", "ASK {}")))
    assert (response.status, response.media_type, response.body) == (200, JSON_RESULTS, b"")


def test_pages_of_others_may_query(served: Served) -> None:
    for response in (get(served, "ASK {}", Origin="https://example.org"), get(served, "ASK {")):
        assert response.headers["access-control-allow-origin"] == "*"
    response = served.request(
        "OPTIONS",
        "/sparql",
        Origin="https://example.org",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type",
    )
    assert response.status == 204
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "Content-Type" in response.headers["access-control-allow-headers"]


def test_a_query_sees_the_union_of_all_graphs(served: Served) -> None:
    counts = [
        json.loads(get(served, query).body)["results"]["bindings"][0]["n"]["value"]
        for query in ("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }")
    ]
    assert int(counts[0]) > int(counts[1])  # studies are in no named graph


def test_prefixes_of_the_project_need_no_declaration(served: Served) -> None:
    assert truth(get(served, "ASK { study:NCT02059759 a ct:Study }"))


def test_an_unknown_graph_is_empty_and_a_relative_one_is_refused(served: Served) -> None:
    assert not truth(get(served, "ASK { ?s ?p ?o }", *default("unknown")))
    assert refused(get(served, "ASK {}", ("default-graph-uri", "a")))


# What clients do.


def test_curl(served: Served) -> None:
    command = [shutil.which("curl") or pytest.skip("curl is not installed"), "-sS", "--fail", f"{served.url}/sparql"]
    for options in (
        ["-G", "--data-urlencode", f"query={SELECT}", "-H", "Accept: text/csv"],
        ["--data-urlencode", f"query={SELECT}", "-H", "Accept: text/csv"],
        ["--data-binary", SELECT, "-H", f"Content-Type: {DIRECT}", "-H", "Accept: text/csv"],
    ):
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
        assert [row["name"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["a", "b", "c"]


def test_sparqlwrapper(served: Served) -> None:
    import SPARQLWrapper

    for method in (SPARQLWrapper.GET, SPARQLWrapper.POST):
        for request_method in (SPARQLWrapper.URLENCODED, SPARQLWrapper.POSTDIRECTLY):
            if (method, request_method) == (SPARQLWrapper.GET, SPARQLWrapper.POSTDIRECTLY):
                continue
            client = SPARQLWrapper.SPARQLWrapper(f"{served.url}/sparql")
            client.setMethod(method)
            client.setRequestMethod(request_method)
            client.setQuery(SELECT)
            for form in (SPARQLWrapper.JSON, SPARQLWrapper.XML, SPARQLWrapper.CSV, SPARQLWrapper.TSV):
                client.setReturnFormat(form)
                assert client.query().convert()
            client.setReturnFormat(SPARQLWrapper.JSON)
            rows = client.query().convert()["results"]["bindings"]
            assert [row["name"]["value"] for row in rows] == ["a", "b", "c"]
            client.setQuery("CONSTRUCT { ?s a ?kind } { ?s <http://example.org/name> ?n ; a ?kind }")
            for form in (SPARQLWrapper.TURTLE, SPARQLWrapper.RDFXML, SPARQLWrapper.JSONLD, SPARQLWrapper.N3):
                client.setReturnFormat(form)
                assert client.query().response.read()
            client.setReturnFormat(SPARQLWrapper.RDFXML)
            assert len(client.query().convert()) == 3


def test_rdflib_sparqlstore(served: Served) -> None:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    for method in ("GET", "POST", "POST_FORM"):
        for returns in ("xml", "json", "csv", "tsv"):
            store = SPARQLStore(f"{served.url}/sparql", method=method, returnFormat=returns)
            graph = rdflib.Graph(store)
            assert [str(row["name"]) for row in graph.query(SELECT)] == ["a", "b", "c"], (method, returns)
        graph = rdflib.Graph(SPARQLStore(f"{served.url}/sparql", method=method))
        assert bool(graph.query("ASK {}"))
        assert len(graph.query(f"DESCRIBE <{GRAPHS}a>").graph) == 2
        kinds = {str(value) for value in graph.objects(rdflib.URIRef(GRAPHS + "a"), rdflib.RDF.type)}
        assert kinds == {"http://example.org/Document"}
        graphs = SPARQLStore(f"{served.url}/sparql", method=method).contexts()
        assert rdflib.URIRef(GRAPHS + "a") in {*graphs}


def test_pandas(served: Served) -> None:
    pandas = pytest.importorskip("pandas")
    url = served.url + target(("query", SELECT), ("format", "csv"))
    assert [*pandas.read_csv(url)["name"]] == ["a", "b", "c"]


def test_kg_query(served: Served) -> None:
    assert [row["name"] for row in query_endpoint(f"{served.url}/sparql", SELECT)] == ["a", "b", "c"]
    assert len(query_endpoint(f"{served.url}/sparql", f"CONSTRUCT WHERE {{ <{GRAPHS}a> ?p ?o }}")) == 2


# The queries with which the SIB SPARQL editor (https://github.com/sib-swiss/sparql-editor) learns about an endpoint.

SH = "PREFIX sh: <http://www.w3.org/ns/shacl#>"
DECLARATIONS = f"{SH} SELECT DISTINCT ?prefix ?namespace {{ [] sh:namespace ?namespace ; sh:prefix ?prefix }}"
QUERIES = f"""{SH} PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?example ?comment ?text {{
  ?example a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct|sh:describe ?text
}}"""
CLASSES = """PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
PREFIX void: <http://rdfs.org/ns/void#> PREFIX more: <http://ldf.fi/void-ext#>
SELECT DISTINCT ?graph ?class ?classLabel ?property ?triples ?other ?datatype {
  OPTIONAL { ?graph sd:graph ?described . ?described void:classPartition ?partition }
  ?partition void:class ?class ; void:propertyPartition ?part .
  OPTIONAL { ?class rdfs:label ?classLabel }
  ?part void:property ?property .
  OPTIONAL { ?part void:triples ?triples }
  OPTIONAL {
    { ?part void:classPartition [ void:class ?other ] }
    UNION { ?part more:datatypePartition [ more:datatype ?datatype ] }
  }
}"""


def rows(served: Served, query: str) -> list[dict[str, str]]:
    """What the editor sends: GET, and a parameter that means nothing here."""
    response = served.get(target(("ac", "1"), ("query", query)), Accept=JSON_RESULTS)
    bindings = json.loads(response.body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in bindings]


def test_sib_editor_prefixes(served: Served) -> None:
    declared = {row["prefix"]: row["namespace"] for row in rows(served, DECLARATIONS)}
    from kg.query.engine import PREFIXES

    assert PREFIXES.items() <= declared.items()


def test_sib_editor_examples(served: Served) -> None:
    from kg.query.library import library_queries

    examples = rows(served, QUERIES)
    assert len(examples) == len(library_queries())
    for row in examples:
        assert served.query(row["text"]).status == 200, row["example"]


def test_sib_editor_classes(served: Served) -> None:
    """The classes and properties are counted in the background; the counts are those of the data."""
    import time

    deadline = time.monotonic() + 60
    while not (found := rows(served, CLASSES)) and time.monotonic() < deadline:
        time.sleep(0.2)
    counts = {(row["class"], row["property"]): int(row["triples"]) for row in found}
    counted = rows(served, "SELECT ?class ?p (COUNT(*) AS ?n) { ?s a ?class ; ?p ?o } GROUP BY ?class ?p")
    assert counts == {(row["class"], row["p"]): int(row["n"]) for row in counted}
    assert {row["classLabel"] for row in found if row["class"].endswith("#Study")} == {"clinical study"}


def test_sib_editor_without_a_description(served: Served) -> None:
    assert RDF + "type" in {row["p"] for row in rows(served, "SELECT DISTINCT ?p { [] ?p [] . }")}
    assert rows(served, "SELECT DISTINCT ?class { [] a ?class . }")


def test_the_description_is_no_part_of_the_data(served: Served) -> None:
    assert rows(served, "SELECT * { ?s a <http://www.w3.org/ns/shacl#SPARQLExecutable> ; ?p ?o }")
    assert not rows(served, "SELECT * { ?s a ?class FILTER(STRSTARTS(STR(?class), 'http://www.w3.org/ns/shacl#')) }")


def test_void(served: Served) -> None:
    response = served.get("/.well-known/void", Accept="text/turtle")
    graph = rdflib.Graph().parse(response.body, format="turtle")
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    dataset = rdflib.URIRef(f"{served.url}/.well-known/void#dataset")
    assert graph.value(dataset, void.sparqlEndpoint) == rdflib.URIRef(f"{served.url}/sparql")
    counted = rows(served, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")[0]["n"]
    assert str(graph.value(dataset, void.triples)) == counted
    assert str(graph.value(dataset, void.entities)) == "1"


def test_sparql_examples(served: Served) -> None:
    response = served.get("/.well-known/sparql-examples", Accept="application/n-triples")
    quads = [*ox.parse(response.body, format=ox.RdfFormat.N_TRIPLES)]
    targets = {quad.object.value for quad in quads if quad.predicate.value.endswith("schema.org/target")}
    assert targets == {f"{served.url}/sparql"}
