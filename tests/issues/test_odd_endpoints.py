"""Odd answers of SPARQL endpoints: lost in redirects, taken for broken JSON, or cut without a word."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.errors import OutputError
from kg.http.client import USER_AGENT
from kg.query.endpoint import query_endpoint
from tests.loopback import Reply, Request, serving

SELECT, ASK, CONSTRUCT = "SELECT ?s { ?s ?p ?o }", "ASK { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"
JSON = '{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://x/1"}}]}}'
XML = (
    '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="s"/></head>'
    '<results><result><binding name="s"><uri>http://x/1</uri></binding></result></results></sparql>'
)
YES = '<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><boolean>true</boolean></sparql>'
RESULTS = {"Content-Type": "application/sparql-results+json"}
TURTLE = "<http://x/1> <http://x/p> 1 ."
RDF_XML = (
    '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/">'
    '<rdf:Description rdf:about="http://x/1"><x:p>1</x:p></rdf:Description></rdf:RDF>'
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.http.retries.MAX_WAIT", 0.0)


def typed(media_type: str, **headers: str) -> dict[str, str]:
    return {"Content-Type": media_type} | {name.replace("_", "-"): value for name, value in headers.items()}


ROWS = {
    "JSON": Reply(JSON, headers=RESULTS),
    "application/json": Reply(JSON, headers=typed("application/json")),
    "charset": Reply(JSON, headers=typed("application/sparql-results+json; charset=utf-8")),
    "text/plain": Reply(JSON, headers=typed("text/plain")),
    "no type": Reply("\ufeff" + JSON),
    "XML": Reply(XML, headers=typed("application/sparql-results+xml")),
    "XML as text/xml": Reply(XML, headers=typed("text/xml")),
    "XML as JSON": Reply(XML, headers=RESULTS),
    "TSV": Reply("?s\n<http://x/1>\n", headers=typed("text/tab-separated-values; charset=utf-8")),
    "gzip": Reply(gzip.compress(JSON.encode()), headers=RESULTS | {"Content-Encoding": "gzip"}),
    "gzip without a word": Reply(gzip.compress(JSON.encode()), headers=RESULTS),
    "no length": Reply(JSON, headers=RESULTS | {"Content-Length": ""}),
}


@pytest.mark.parametrize("name", ROWS)
def test_results_in_any_clothes(name: str) -> None:
    with serving({"/q": ROWS[name]}) as server:
        answer = query_endpoint(f"{server.url}/q", SELECT)
        assert (answer.rows, answer.warnings) == ([{"s": "http://x/1"}], [])
        assert server.requests[0].headers["User-Agent"] == USER_AGENT


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (TURTLE, "text/turtle"),
        (TURTLE, "text/plain"),
        (TURTLE, "text/rdf+n3"),
        (TURTLE, "text/n3"),
        (TURTLE, ""),
        (TURTLE, "application/n-triples"),
        (RDF_XML, "application/rdf+xml"),
        (RDF_XML, "text/xml"),
        ('[{"@id": "http://x/1", "http://x/p": 1}]', "application/ld+json"),
    ],
)
def test_graphs_in_any_syntax(body: str, media_type: str) -> None:
    if media_type == "application/n-triples":
        body = '<http://x/1> <http://x/p> "1" .'
    with serving({"/q": Reply(body, headers=typed(media_type))}) as server:
        assert [str(triple.subject) for triple in query_endpoint(f"{server.url}/q", CONSTRUCT)] == ["<http://x/1>"]


VIRTUOSO_ASK = '{"head": {"link": [], "vars": ["__ASK_RETVAL"]}, "results": {"distinct": false, "bindings": [%s]}}'
TRUTHS = {
    '{"head":{},"boolean":true}': True,
    '{"head":{},"boolean":false}': False,
    YES: True,
    VIRTUOSO_ASK % '{"__ASK_RETVAL": {"type": "typed-literal", "value": "1"}}': True,
    VIRTUOSO_ASK % "": False,
}


@pytest.mark.parametrize("body", TRUTHS)
def test_truth_values(body: str) -> None:
    with serving({"/q": Reply(body, headers=RESULTS)}) as server:
        assert query_endpoint(f"{server.url}/q", ASK).yes is TRUTHS[body]


def test_values_that_are_not_standard() -> None:
    typed_literal = '{"type":"typed-literal","datatype":"http://www.w3.org/2001/XMLSchema#integer","value":"5"}'
    for value, expected in ((typed_literal, 5), ('{"type":"literal","value":"a\tb\x01\\u0001"}', "a\tb\x01\x01")):
        body = JSON.replace('{"type":"uri","value":"http://x/1"}', value)
        with serving({"/q": Reply(body, headers=RESULTS)}) as server:
            assert query_endpoint(f"{server.url}/q", SELECT).rows == [{"s": expected}]


# -- redirects --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirected_query_is_sent_again(status: int) -> None:
    with serving({"/q": Reply("", status, {"Location": "/r"}), "/r": Reply(JSON, headers=RESULTS)}) as server:
        assert len(query_endpoint(f"{server.url}/q", SELECT, credentials=("me", "secret"))) == 1
        last = server.requests[-1]
        assert (last.method, parse_qs(last.body.decode())["query"]) == ("POST", [SELECT])
        assert last.headers["Authorization"].startswith("Basic ")


def test_see_other_is_fetched() -> None:
    with serving({"/q": Reply("", 303, {"Location": "/r"}), "/r": Reply(JSON, headers=RESULTS)}) as server:
        assert len(query_endpoint(f"{server.url}/q", SELECT)) == 1
        assert (server.requests[-1].method, server.requests[-1].body) == ("GET", b"")


def test_credentials_do_not_go_to_another_server() -> None:
    with serving({"/r": Reply(JSON, headers=RESULTS)}) as other:
        redirect = Reply("", 307, {"Location": f"{other.url}/r"})
        with serving({"/q": redirect}) as server:
            assert len(query_endpoint(f"{server.url}/q", SELECT, credentials=("me", "secret"))) == 1
        assert "Authorization" in server.requests[0].headers
        assert "Authorization" not in other.requests[0].headers


@pytest.mark.parametrize("location", ["/q", "ftp://127.0.0.1/q", "file:///etc/passwd", ""])
def test_a_redirect_that_leads_nowhere_is_one_sentence(location: str) -> None:
    with serving({"/q": Reply("", 307, {"Location": location})}) as server:
        with pytest.raises(OutputError) as caught:
            query_endpoint(f"{server.url}/q", SELECT)
        assert "gave no answer (307 " in str(caught.value)
        assert "\n" not in str(caught.value)


# -- no answers -------------------------------------------------------------------------------------------------

PAGE = "<!-- x --><html><head><title>SPARQL editor</title><style>p {}</style></head><body>\n</body></html>"
PROBLEMS: dict[str, tuple[Reply, str]] = {
    "HTML": (Reply(PAGE, headers=typed("text/html")), 'the response is an HTML page, "SPARQL editor"; check that'),
    "empty": (Reply("", headers=RESULTS), "(the response is empty)"),
    "blank": (Reply(" \n", headers=RESULTS), "(the response is empty)"),
    "cut": (Reply(JSON, headers=RESULTS, cut=40), "(the connection broke after 40 of 90 bytes)"),
    "cut without a length": (
        Reply(JSON, headers=RESULTS | {"Content-Length": ""}, cut=40),
        'not query results or is cut short: application/sparql-results+json, "{',
    ),
    "cut gzip": (
        Reply(gzip.compress(JSON.encode())[:-12], headers=RESULTS | {"Content-Encoding": "gzip"}),
        "cannot be decompressed: it ends before its gzip data is complete",
    ),
    "not gzip": (Reply(JSON, headers=RESULTS | {"Content-Encoding": "gzip"}), "cannot be decompressed"),
    "brotli": (Reply(JSON, headers=RESULTS | {"Content-Encoding": "br"}), "is encoded as br"),
    "text": (Reply("Too busy", headers=typed("text/plain")), 'or is cut short: text/plain, "Too busy"'),
    "Turtle": (
        Reply(TURTLE, headers=typed("text/turtle")),
        'or is cut short: text/turtle, "<http',
    ),
    "400": (
        Reply("Virtuoso 37000 Error SP030: SPARQL compiler, line 3: syntax error\n\nSPARQL query:\nSELECT", 400),
        "(400 Bad Request: Virtuoso 37000 Error SP030: SPARQL compiler, line 3: syntax error).",
    ),
    "401": (Reply("no", 401, {"WWW-Authenticate": 'Basic realm="x"'}), "(401 Unauthorized: no). Set KG_USER"),
    "404": (Reply("<h1>Not Found</h1>", 404), "(404 Not Found)."),
    "500": (Reply("<html><title>Error</title><body><b>Out of memory</b></body></html>", 500), "Error: Out of memory)."),
    "502": (Reply("<html><head><title>502 Proxy Error</title></head></html>", 502), "(502 Bad Gateway: Proxy Error)."),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_no_answer_is_named_once(name: str) -> None:
    reply, reason = PROBLEMS[name]
    with serving({"/q": reply}) as server:
        result = CliRunner().invoke(main, ["query", SELECT, "--endpoint", f"{server.url}/q"])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert reason in result.stderr
    assert result.stderr.startswith(f"kg: {server.url}/q gave no answer (")


def test_results_for_a_graph_are_named() -> None:
    problem = "is not a graph or is cut short: application/sparql-results"
    with serving({"/q": Reply(JSON, headers=RESULTS)}) as server, pytest.raises(OutputError, match=problem):
        query_endpoint(f"{server.url}/q", CONSTRUCT)


def test_a_busy_endpoint_is_asked_again_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)

    def busy(request: Request) -> Reply:
        return Reply("slow", 429, {"Retry-After": "9"}) if request.number < 3 else Reply(JSON, headers=RESULTS)

    with serving({"/q": busy, "/r": Reply("later", 503, {"Retry-After": "3600"})}) as server:
        assert len(query_endpoint(f"{server.url}/q", SELECT)) == 1
        assert waits == [9, 9]
        with pytest.raises(OutputError, match="503 Service Unavailable: later"):
            query_endpoint(f"{server.url}/r", SELECT)
        assert len(server.requests) == 4


# -- partial answers --------------------------------------------------------------------------------------------

ANYTIME = {"X-SQL-State": "S1TAT", "X-SQL-Message": "RC...: Returning incomplete results"}
CUT = {
    "anytime": (SELECT, JSON, RESULTS | ANYTIME, "The answer is incomplete: .*S1TAT RC...: Returning incomplete"),
    "rows": (
        SELECT,
        JSON,
        RESULTS | {"X-SPARQL-MaxRows": "1"},
        r"The answer is cut: the endpoint returns at most 1 row",
    ),
    "graph": (
        CONSTRUCT,
        "".join(f"<http://x/{n}> <http://x/p> 1 .\n" for n in range(10_001)),
        typed("text/turtle", Server="Virtuoso/07.20.3229 (Linux)"),
        "The answer is probably cut: it has 10,001 triples, and Virtuoso's limit is 10,000",
    ),
}


@pytest.mark.parametrize("name", CUT)
def test_a_partial_answer_is_a_warning_and_an_error_if_strict(name: str, tmp_path: Path) -> None:
    query, body, headers, warning = CUT[name]
    output = tmp_path / "out.nt" if query == CONSTRUCT else tmp_path / "out.csv"
    with serving({"/q": Reply(body, headers=headers)}) as server:
        arguments = ["query", query, "--endpoint", f"{server.url}/q", "-o", str(output)]
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
        assert re.search(warning, result.stderr)
        assert output.exists()
        output.unlink()
        result = CliRunner().invoke(main, [*arguments, "--strict"])
        assert (result.exit_code, output.exists()) == (1, False)
        assert "The answer is incomplete, so it is not written (--strict)." in result.stderr


def test_fewer_rows_than_the_limit_are_complete() -> None:
    with serving({"/q": Reply(JSON, headers=RESULTS | {"X-SPARQL-MaxRows": "10000"})}) as server:
        assert query_endpoint(f"{server.url}/q", SELECT).warnings == []


def test_strict_refuses_an_answer_without_some_records(tmp_path: Path) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text('{"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}}\n{"protocolSection": {]\n')
    arguments = ["query", "SELECT ?s { ?s a ct:Study }", "--data", str(data), "-f", "csv"]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, "NCT00000001" in result.stdout) == (1, True)
    result = CliRunner().invoke(main, [*arguments, "--strict"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a.jsonl" in result.stderr
