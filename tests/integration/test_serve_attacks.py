"""Attacks on ``kg serve``: no crash, no outbound connection, bounded memory, and small queries stay fast.

Each attack is followed by a small query. While they run, all sockets and the memory of the server are watched.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from kg.export.report import Report
from kg.ontology.vocabulary import XSD
from kg.store.embedded import build
from tests.conftest import DATA, SEED
from tests.loopback import Loopback
from tests.serving import Response, Served, serving

SECONDS = 1
"""Seconds that a query may run here."""
SLACK = 9
"""Further seconds until the response: a query waits for the process that was killed before."""
MEMORY = 2_000_000_000
"""Bytes that the server and its processes may use together."""
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="watches processes in /proc")

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "a\r\nSet-Cookie: a=b",
    "\u202eevil\u0001\u001b[31m",
    "{{7*7}}",
    "=HYPERLINK(1)",
]


class Watch(threading.Thread):
    """Samples the memory of a server and its processes, and the sockets that they have."""

    def __init__(self, served: Served) -> None:
        super().__init__(daemon=True)
        self.served = served
        self.peak = 0
        self.outbound: set[str] = set()
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.1):
            processes = self.served.processes()
            self.peak = max(self.peak, sum(map(memory, processes)))
            self.outbound |= outbound(processes, self.served.port)

    def stop(self) -> None:
        self.stopped.set()
        self.join()


def memory(process: int) -> int:
    """The memory that a process has written to, in bytes."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return sum(1024 * int(size) for size in re.findall(r"(?:RssAnon|VmSwap):\s+(\d+)", text))


def outbound(processes: list[int], port: int) -> set[str]:
    """The remote addresses of TCP sockets of processes other than those of the port that the server listens on."""
    inodes = set()
    for process in processes:
        with suppress(OSError):
            for file in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    inodes.add(str(file.readlink()).removeprefix("socket:[").rstrip("]"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[9] in inodes and int(fields[1].rpartition(":")[2], 16) != port:
                    found.add(fields[2])
    return found


@pytest.fixture(scope="module")
def listener() -> Iterator[Loopback]:
    """A server that must not be called."""
    server = Loopback({})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    assert server.requests == []


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    record = json.loads((DATA / "made" / "NCT99999999.json").read_text())
    sections = record["protocolSection"]
    sections["identificationModule"]["briefTitle"] = " ".join(HOSTILE)
    sections["conditionsModule"]["conditions"] = HOSTILE
    sections["sponsorCollaboratorsModule"]["leadSponsor"]["name"] = HOSTILE[0]
    (folder / "hostile.json").write_text(json.dumps(record))
    inputs = [str(SEED), str(DATA / "studies"), str(folder / "hostile.json")]
    build(inputs, folder / "data.kgstore", report=Report())
    return folder / "data.kgstore"


@pytest.fixture(scope="module")
def served(store: Path) -> Iterator[Served]:
    options = ["--workers", "2", "--timeout", str(SECONDS), "--public-url", "https://trials.example.org"]
    with serving([str(store)], store.parent / "access.log", *options) as server:
        watch = Watch(server)
        watch.start()
        yield server
        watch.stop()
        assert watch.peak < MEMORY
        assert watch.outbound == set()
        assert [line for line in server.errors if "Serving" not in line] == []
        assert server.process.poll() is None


@pytest.fixture(autouse=True)
def _small_queries_are_answered(served: Served) -> Iterator[None]:
    yield
    response = served.query("ASK {}", timeout=10)
    assert (response.status, response.text) == (200, '{"head":{},"boolean":true}')


def is_alive(served: Served) -> bool:
    response = served.query("ASK {}", timeout=10)
    return response.status == 200 and json.loads(response.body)["boolean"] is True


def nested(begin: str, middle: str, end: str, length: int = 5000) -> str:
    depth = length // (len(begin) + len(end))
    return begin * depth + middle + end * depth


def doubling(function: str, steps: int = 40) -> str:
    names = [f"?v{number}" for number in range(steps)]
    binds = [f"BIND({function.format(a)} AS {b})" for a, b in pairwise(names)]
    return f'SELECT (STRLEN({names[-1]}) AS ?n) {{ BIND("0123456789" AS ?v0) {" ".join(binds)} }}'


ONES = "1 " * 900
CROSS = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
QUERIES = {
    "nested parentheses": f"ASK {{ FILTER({nested('(', '1', ')')}) }}",
    "nested parentheses of 900 KB": f"ASK {{ FILTER({nested('(', '1', ')', 900_000)}) }}",
    "nested groups": f"ASK {nested('{', '', '}')}",
    "nested negations": f"ASK {{ FILTER({'!' * 5000}true) }}",
    "nested signs": f"ASK {{ FILTER({'- ' * 2500}1 = 1) }}",
    "nested paths": f"ASK {{ ?a {nested('(', '<a:b>', ')*')} ?b }}",
    "nested subqueries": f"SELECT * {nested('{ SELECT * ', '{}', '}')}",
    "nested optional parts": f"ASK {{ {nested('OPTIONAL { ', '?a ?b ?c', ' }')} }}",
    "nested functions": f"ASK {{ FILTER({nested('STR(', '1', ')')} = 1) }}",
    "nested conditions": f"ASK {{ FILTER({nested('IF(true,', '1', ',2)')} = 1) }}",
    "nested NOT EXISTS": f"ASK {{ {nested('FILTER NOT EXISTS { ', '?a ?b ?c', ' }')} }}",
    "nested blank nodes": f"ASK {{ {nested('[ <a:b> ', '1', ' ]')} <a:b> 1 }}",
    "nested collections": f"ASK {{ {nested('(', '1', ')')} <a:b> 1 }}",
    "nested quoted triples": f"ASK {{ {nested('<< ', '<a:a> <a:b> <a:c>', ' <a:b> <a:c> >>')} <a:b> 1 }}",
    "a product": f"SELECT (COUNT(*) AS ?n) {{ {CROSS} }}",
    "a product that is empty": "ASK { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c = ?f && ?f = ?i && ?c != ?i) }",
    "a product of subqueries": f"SELECT * {{ {' '.join(f'{{ SELECT ?x{i} {{ ?x{i} ?y ?z }} }}' for i in range(9))} }}",
    "rows without end": f"SELECT * {{ {CROSS} }}",
    "a graph without end": f"CONSTRUCT {{ ?a ?b ?f . ?d ?e ?c }} {{ {CROSS} }}",
    "a sort": f"SELECT * {{ {CROSS} }} ORDER BY ?c ?f DESC(?i)",
    "distinct rows": f"SELECT DISTINCT * {{ {CROSS} }}",
    "a large offset": f"SELECT * {{ {CROSS} }} OFFSET 9999999999999",
    "an offset that is no number of the engine": "SELECT * { ?a ?b ?c } OFFSET 99999999999999999999999",
    "groups": f"SELECT ?a ?d (GROUP_CONCAT(?c) AS ?n) (COUNT(DISTINCT ?f) AS ?m) {{ {CROSS} }} GROUP BY ?a ?d",
    "a long group": f"SELECT (GROUP_CONCAT(?c; SEPARATOR='{'x' * 10_000}') AS ?n) {{ {CROSS} }}",
    "new nodes without end": f"SELECT (UUID() AS ?n) (BNODE() AS ?m) {{ {CROSS} }}",
    "doubled strings": doubling("CONCAT({0}, {0}, {0}, {0})"),
    "replaced strings": doubling('REPLACE({0}, "[0-9]", "0123456789")'),
    "encoded strings": doubling('ENCODE_FOR_URI(CONCAT({0}, "%", {0}))'),
    "escaped strings": doubling("STR(IRI(CONCAT('a:', {0}, {0})))"),
    "nested repetitions": f"ASK {{ FILTER REGEX('{'a' * 40_000}!', '^(([a-z])+.)+[A-Z]([a-z])+$') }}",
    "a large regular expression": 'ASK { FILTER REGEX("a", "((a{1,900}){1,900}){1,900}") }',
    "a long regular expression": f"ASK {{ FILTER REGEX('a', '{'(a|b)' * 50_000}') }}",
    "many regular expressions": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER REGEX(STR(?c), STR(?f)) }",
    "any path": "SELECT (COUNT(*) AS ?n) { ?a (!<a:b>)* ?b . ?b (!<a:b>|^!<a:c>)+ ?c }",
    "a path of paths": f"ASK {{ ?a {'/'.join(['(!<a:b>)*'] * 200)} ?b }}",
    "alternatives": f"SELECT * {{ ?a {'|'.join(f'<a:{i}>' for i in range(50_000))} ?b }}",
    "joined unions": f"SELECT (COUNT(*) AS ?n) {{ {'{ ?a ?b ?c } UNION { ?d ?e ?f } ' * 30} }}".replace("} {", "} . {"),
    "exclusions": "ASK { ?a ?b ?c MINUS { ?d ?e ?f . ?g ?h ?c FILTER(?f > ?h) } FILTER NOT EXISTS { ?i ?j ?k, ?a } }",
    "many values": f"ASK {{ VALUES ?a {{ {'1 ' * 400_000} }} VALUES ?b {{ 1 2 3 }} }}",
    "values times values": f"SELECT (COUNT(*) AS ?n) {{ {' '.join(f'VALUES ?v{i} {{ {ONES} }}' for i in range(9))} }}",
    "many variables": f"SELECT {' '.join(f'?v{i}' for i in range(60_000))} {{ ?v0 ?v1 ?v2 }}",
    "many prefixes": f"{' '.join(f'PREFIX p{i}: <a:{i}>' for i in range(30_000))} ASK {{ p0:a p1:b p2:c }}",
    "a long name": f"ASK {{ ?{'a' * 900_000} ?b ?c }}",
    "dots for the lexer": f"ASK {{ {'a.' * 400_000} }}",
    "colons for the lexer": f"ASK {{ {'a:.' * 300_000} }}",
    "an open string": f"ASK {{ ?a ?b '{'x' * 900_000}",
    "open angle brackets": f"ASK {{ {'<' * 900_000}",
    "quotation marks": "ASK { " + '"' * 900_000,
    "comments": "#\n" * 400_000 + "ASK {}",
    "a long number": f"ASK {{ FILTER({'9' * 500_000} > 1) }}",
    "a long decimal": f"ASK {{ FILTER(0.{'9' * 500_000} > 1) }}",
    "a number of many digits": f"ASK {{ FILTER(<{XSD}integer>('{'9' * 500_000}') > 1) }}",
    "numbers without limits": "SELECT (1e308 * 1e308 AS ?a) (-9223372036854775808 / -1 AS ?b) (1 / 0 AS ?c) {}",
    "a substring beyond its text": 'SELECT (SUBSTR("a", -9223372036854775808, 9223372036854775807) AS ?a) {}',
    "years without limits": f"SELECT (YEAR('999999999999-01-01T00:00:00Z'^^<{XSD}dateTime>) AS ?a) {{}}",
    "text directions and control characters": 'SELECT ("\\u202e\\u0001\\u001b[2J" AS ?a) {}',
    "surrogates": 'SELECT ("\\uD800" AS ?a) {}',
    "no character": "ASK { ?a ?b '\x00' }",
    "an unknown function": "ASK { FILTER(<a:unknown>(1)) }",
    "an unknown aggregate": "SELECT (<a:unknown>(DISTINCT ?a) AS ?n) { ?a ?b ?c }",
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_ends_with_an_answer_or_a_sentence(served: Served, name: str) -> None:
    begun = time.monotonic()
    response = served.request(
        "POST", "/sparql", QUERIES[name].encode("utf-8", "surrogatepass"), Content_Type="application/sparql-query"
    )
    assert time.monotonic() - begun < SECONDS + SLACK
    assert response.status in (200, 400, 503)
    if response.status == 200:
        assert json.loads(response.body) if "json" in response.media_type else response.body
    else:
        assert is_sentence(response)


def is_sentence(response: Response) -> bool:
    lines = response.text.split("\n")
    return response.media_type == "text/plain" and lines[0].endswith((".", "?")) and "Traceback" not in response.text


def calls(url: str) -> list[str]:
    return [
        f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{service<{url}>{{?s ?p ?o}}}}",
        f"SELECT * {{ VALUES ?url {{ <{url}> }} SERVICE ?url {{ ?s ?p ?o }} }}",
        f"PREFIX a: <{url}> SELECT * {{ SERVICE a: {{ ?s ?p ?o }} }}",
        f"SELECT * {{ {{ SELECT * {{ OPTIONAL {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }} }} }} }}",
        f"SELECT * {{ \\u0053ERVICE <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?a <a:b>\"\"SERVICE<{url}>{{?s ?p ?o}} }}",
        f"SELECT * {{ FILTER(1<2)SERVICE SILENT<{url}>{{ ?s ?p ?o }} }}",
        f"LOAD <{url}>",
        f"LOAD SILENT <{url}> INTO GRAPH <a:b>",
        "LOAD <file:///etc/passwd>",
        f"SELECT * FROM <{url}> {{ ?s ?p ?o }}",
        f"SELECT * FROM NAMED <{url}> {{ GRAPH <{url}> {{ ?s ?p ?o }} }}",
        "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
        "SELECT * { GRAPH <file:///etc/passwd> { ?s ?p ?o } }",
        f"DESCRIBE <{url}>",
        "DESCRIBE <file:///etc/passwd>",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(calls(""))))
def test_no_query_reaches_a_file_or_another_server(served: Served, listener: Loopback, number: int) -> None:
    response = served.query(calls(listener.url)[number], Accept="application/sparql-results+json, text/turtle;q=0.1")
    assert response.status in (200, 400)
    assert b"root:" not in response.body
    if response.status == 200 and response.media_type.endswith("json"):
        assert json.loads(response.body)["results"]["bindings"] == []
    assert listener.requests == []


@pytest.mark.parametrize("key", ["default-graph-uri", "named-graph-uri", "using-graph-uri"])
def test_no_parameter_reaches_a_file_or_another_server(served: Served, listener: Loopback, key: str) -> None:
    for iri in (listener.url, "file:///etc/passwd", "/etc/passwd", "//127.0.0.1/", "a b", ">\r\n"):
        text = "ASK { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
        response = served.get(f"/sparql?{urlencode([('query', text), (key, iri)])}")
        assert response.status in (200, 400)
        if response.status == 200 and key != "using-graph-uri":
            assert json.loads(response.body)["boolean"] is False
    assert listener.requests == []


def test_a_small_query_is_answered_during_four_bombs(served: Served) -> None:
    bombs = [QUERIES[name] for name in ("a product", "a sort", "doubled strings", "groups")]
    with ThreadPoolExecutor(4) as threads:
        for repetition in range(2):
            running = [threads.submit(served.query, f"{bomb} # {repetition}") for bomb in bombs]
            longest, count = 0.0, 0
            while not all(future.done() for future in running):
                begun = time.monotonic()
                assert is_alive(served)
                longest, count = max(longest, time.monotonic() - begun), count + 1
            assert longest < 2
            assert count >= 2
            assert {future.result().status for future in running} <= {200, 503}


def test_a_queue_that_is_full_says_when_to_try_again(served: Served) -> None:
    """Those who wait go away after a time, which ends their queries."""

    def ask(number: int) -> Response | None:
        try:
            return served.query(f"{QUERIES['a product']} # {number}", timeout=4)
        except TimeoutError:
            return None

    with ThreadPoolExecutor(40) as threads:
        responses = [response for response in threads.map(ask, range(40)) if response]
    assert {response.status for response in responses} == {503}
    assert sum("retry-after" in response.headers for response in responses) >= 20
    assert all(is_sentence(response) for response in responses)


def test_a_client_that_goes_away_stops_its_query(served: Served) -> None:
    """Both workers are free again at once, although their queries have time left."""
    target = f"/sparql?{urlencode({'query': QUERIES['a product']})}"
    for _ in range(10):
        with served.connect() as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.02)
    begun = time.monotonic()
    assert is_alive(served)
    assert time.monotonic() - begun < 2


def test_a_worker_that_is_killed_is_replaced(served: Served) -> None:
    for _ in range(3):
        for process in served.processes()[1:]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        assert is_alive(served) or is_alive(served)


# HTTP


def header(*lines: str, method: str = "GET", target: str = "/health") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def post(*lines: str) -> bytes:
    return header(HOST, *lines, method="POST", target="/sparql")


HOST = "Host: localhost"
RAW = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2 without negotiation": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a large header": header(HOST, f"X: {'x' * 100_000}", "Connection: close"),
    "many headers": header(HOST, "Connection: close", *(f"X-{i}: x" for i in range(10_000))),
    "a long target": header(HOST, "Connection: close", target=f"/{'x' * 100_000}"),
    "an open header": b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000,
    "two hosts": header(HOST, "Host: evil.example"),
    "no host": header(),
    "a length and chunks": post("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "two lengths": header(HOST, "Content-Length: 5", "Content-Length: 6", method="POST") + b"12345",
    "a negative length": header(HOST, "Content-Length: -1", method="POST"),
    "a length that is no number": header(HOST, "Content-Length: 0x10", method="POST"),
    "an unknown transfer encoding": header(HOST, "Transfer-Encoding: xchunked", method="POST"),
    "a chunk without end": header(HOST, "Transfer-Encoding: chunked", method="POST") + b"fffffffffffffffff\r\n",
    "a folded header": header(HOST, "X: a", " b", "Connection: close"),
    "bare line feeds": b"GET /health HTTP/1.1\nHost: localhost\nConnection: close\n\n",
    "no character in the target": b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes above ASCII in the target": b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a method that is none": header(HOST, "Connection: close", method="GET/../"),
    "a web socket": header(HOST, "Connection: Upgrade", "Upgrade: websocket") + header(HOST, "Connection: close"),
    "an expectation": post("Expect: 100-continue", "Content-Length: 99999999999", "Connection: close"),
    "an unknown expectation": header(HOST, "Expect: 42", "Connection: close"),
    "a proxy request": header(HOST, "Connection: close", target="http://evil.example/"),
    "a tunnel": header(HOST, "Connection: close", method="CONNECT", target="evil.example:443"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_no_proper_request(served: Served, name: str) -> None:
    received = served.exchange(RAW[name])
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
    assert statuses == [] or all(status in (100, 200, 400, 404, 405, 415) for status in statuses)
    assert b"Traceback" not in received


def test_a_body_without_end_is_cut(served: Served) -> None:
    for kind in ("application/sparql-query", "application/x-www-form-urlencoded", "text/plain"):
        head = post(f"Content-Type: {kind}", "Transfer-Encoding: chunked")
        with served.connect() as connection:
            connection.sendall(head)
            sent, begun = 0, time.monotonic()
            with suppress(ConnectionError):
                while time.monotonic() - begun < 10 and sent < 200_000_000:
                    connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                    sent += 65536
        assert sent < 50_000_000


def test_a_compressed_body_is_not_unpacked(served: Served) -> None:
    import gzip

    body = gzip.compress(b"ASK {}" + b" " * 100_000_000)
    headers = {"Content_Type": "application/sparql-query", "Content_Encoding": "gzip"}
    assert served.request("POST", "/sparql", body, **headers).status in (400, 415)


def test_a_large_body_and_many_parameters_are_refused(served: Served) -> None:
    body = b"query=ASK+%7B%7D&x=" + b"x" * 2_000_000
    response = served.request("POST", "/sparql", body, Content_Type="application/x-www-form-urlencoded")
    assert response.status == 413
    assert served.get("/sparql?query=ASK+%7B%7D&" + "a=1&" * 2000).status == 400


def test_many_requests_at_once_on_one_connection(served: Served) -> None:
    requests = header(HOST) * 300 + header(HOST, "Connection: close")
    assert served.exchange(requests).count(b"HTTP/1.1 200 ") == 301


PATHS = [
    "/../../../../etc/passwd",
    "/static/../../../../etc/passwd",
    "/static/..%2f..%2f..%2fetc/passwd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static//etc/passwd",
    "/static/....//....//etc/passwd",
    "/static/..\\..\\etc\\passwd",
    "/static/%5c..%5c..",
    "/static/%00",
    "/study/../../etc/passwd",
    "/study/NCT02059759%00.ttl",
    "/study/..%2fNCT02059759",
    "/part/../../../etc/passwd.ttl",
    "/.well-known/../kg/serve/app.py",
    "/.git/config",
    "//evil.example/",
    "/%0d%0aSet-Cookie:%20a=b",
    "/%ff%fe",
    "/" + "a/" * 20_000,
]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_no_path_leads_out(served: Served, path: str) -> None:
    response = served.get(path, Accept="*/*")
    assert response.status in (200, 303, 307, 308, 400, 404)
    assert b"root:" not in response.body
    assert "set-cookie" not in response.headers
    assert not response.headers.get("location", "/").startswith(("//", "http"))


HOSTS = ["evil.example", "evil.example:80", "trials.example.org.evil.example", "localhost.evil.example", "a@localhost",
         "localhost/../", "127.0.0.1.evil.example", "[::1", "localhost:99999999", "xn--localhst-u7a"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused(served: Served, host: str) -> None:
    for target in ("/health", "/sparql", "/sparql?query=ASK+%7B%7D", "/"):
        response = served.get(target, Host=host)
        assert response.status == 400
        assert host not in response.text or not host


def test_a_forwarded_host_is_not_trusted(served: Served) -> None:
    response = served.get("/sparql", Host="trials.example.org", X_Forwarded_Host="evil.example", Forwarded="host=evil")
    assert response.status == 200
    assert b"evil" not in response.body
    assert b"<https://trials.example.org/sparql>" in response.body


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_request_becomes_a_header_or_markup(served: Served, text: str) -> None:
    for pairs in (
        {"query": "SELECT (1 AS ?a) {}", "format": "csv", "download": text},
        {"query": f"SELECT {text}", "download": text},
        {"query": "ASK {}", "format": text},
        {"query": text},
    ):
        for accept in ("*/*", "text/html"):
            response = served.get(f"/sparql?{urlencode(pairs)}", Accept=accept)
            assert "set-cookie" not in response.headers
            assert "html" not in response.media_type
            assert response.headers["x-content-type-options"] == "nosniff"
            assert all(c.isprintable() for value in response.headers.values() for c in value)
    name = served.get(f"/sparql?{urlencode({'query': 'ASK {}', 'download': text})}").headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+"', name)


def test_a_form_of_another_page_changes_nothing_and_gets_no_cookie(served: Served) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        response = served.request(
            "POST",
            "/sparql",
            urlencode({"update": "DROP ALL"}).encode(),
            Content_Type=kind,
            Origin="https://evil.example",
            Cookie="a=b",
        )
        assert response.status in (400, 415)
        assert "set-cookie" not in response.headers
    for target in ("/", "/health", "/study/NCT02059759", "/sparql"):
        assert served.request("POST", target, b"", Origin="https://evil.example").status in (404, 405, 415)
    assert json.loads(served.query("ASK { study:NCT02059759 a ct:Study }").body)["boolean"] is True


def test_labels_cannot_break_an_answer(served: Served) -> None:
    query = "SELECT ?s ?label { ?s rdfs:label ?label FILTER(CONTAINS(?label, 'alert(1)')) } ORDER BY ?s ?label"
    found = {row["label"]["value"] for row in json.loads(served.query(query).body)["results"]["bindings"]}
    assert HOSTILE[0] in found
    xml = ElementTree.fromstring(served.query(query, Accept="application/sparql-results+xml").body)
    assert HOSTILE[0] in {element.text for element in xml.iter("{http://www.w3.org/2005/sparql-results#}literal")}
    control = 'SELECT ("\\u0001\\u001b\\ufffe<&\\u202e" AS ?a) {}'
    assert ElementTree.fromstring(served.query(control, Accept="application/sparql-results+xml").body)
    graph = served.query('CONSTRUCT { <a:b> <a:c/d> "\\u0001\\uffff<" } WHERE {}', Accept="application/rdf+xml")
    assert ElementTree.fromstring(graph.body)


PAGES = [
    "/",
    "/studies",
    "/studies?q=alert",
    "/studies?view=map",
    "/studies?view=charts",
    "/studies?view=network",
    "/studies.json",
    "/suggest?q=alert",
    "/values/condition",
    "/compare?study=NCT99999999&study=NCT02059759",
    "/study/NCT99999999",
    "/study/NCT99999999/results",
    "/study/NCT99999999/adverse-events",
    "/study/NCT99999999/picture",
    "/study/NCT99999999/picture.svg",
    "/query?query=SELECT+*+%7B+%3Fs+rdfs:label+%3Fo+FILTER(CONTAINS(%3Fo,%27alert%27))+%7D&run=1",
    "/query/answer?query=SELECT+*+%7B+%3Fs+rdfs:label+%3Fo+FILTER(CONTAINS(%3Fo,%27alert%27))+%7D",
]
REFLECTING = [
    "/studies?q={}",
    "/studies?status={}&phase={}&start={}&view={}&sort={}&page={}&{}={}",
    "/suggest?q={}",
    "/values/{}",
    "/values/condition?q={}",
    "/compare?study={}&differences={}",
    "/query?query={}&name={}&view={}&run=1&study={}",
    "/query/answer?query={}&view={}",
    "/study/{}",
    "/study/NCT99999999?show={}",
    "/study/NCT99999999/results?show={}",
    "/study/NCT99999999/adverse-events?sort={}&page={}",
    "/mesh/{}",
    "/mesh/D000690?as={}",
    "/organization/{}",
    "/country/{}",
    "/town/{}",
    "/part/{}",
    "/static/{}",
    "/{}",
]
MARKUP = ("<script>alert", "<img src=x", "href=javascript:", 'href="javascript:', "\x1b[31m")


def is_harmless(response: Response) -> bool:
    """Whether a page has a policy and none of the hostile texts as markup; 49 would be the value of a template."""
    is_page = "html" in response.media_type or "svg" in response.media_type
    policy = response.headers["content-security-policy"]
    assert "set-cookie" not in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in policy or response.media_type == "image/svg+xml"
    return not is_page or not any(text in response.text for text in MARKUP)


@pytest.mark.parametrize("target", PAGES)
def test_hostile_labels_are_text_in_every_page(served: Served, target: str) -> None:
    response = served.get(target, Accept="text/html")
    assert response.status in (200, 404)
    assert is_harmless(response)


@pytest.mark.parametrize("target", REFLECTING)
def test_no_page_returns_a_text_of_the_request_as_markup(served: Served, target: str) -> None:
    for text in (*HOSTILE, "-1", "9" * 30, "\x00", "%", "\ud800", "a" * 5000):
        response = served.get(target.replace("{}", quote(text, safe="", errors="surrogatepass")), Accept="text/html")
        assert response.status in (200, 303, 400, 404)
        assert is_harmless(response)
        assert "7*7" not in text or "{{49}}" not in response.text
        assert response.headers.get("location", "/").startswith("/")


def test_the_log_has_one_printable_line_per_request(served: Served) -> None:
    before = len(served.log.read_text().splitlines())
    for target in ("/a%0ab", '/"a"', "/\\x1b[2J", f"/{'x' * 50_000}", "/%E2%80%AE"):
        served.get(target, User_Agent="a")
    time.sleep(0.1)
    lines = served.log.read_text().splitlines()[before:]
    pattern = (
        r"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
        r'"GET /[^"\x00-\x20]* HTTP/1\.1" \d{3} (\d+|-)'
    )
    assert len(lines) == 5
    assert all(re.fullmatch(pattern, line) for line in lines)
    assert max(map(len, lines)) < 2200


# Slow clients


def until_closed(connection: socket.socket, data: bytes, pause: float, longest: float = 40) -> float:
    """Send a byte from time to time; return after how many seconds the connection was closed."""
    begun = time.monotonic()
    connection.settimeout(pause)
    while time.monotonic() - begun < longest:
        try:
            connection.sendall(data)
            if not connection.recv(1 << 16):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - begun


def slow_header(served: Served) -> float:
    with served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        return until_closed(connection, b"x", 0.5)


def silent(served: Served) -> float:
    with served.connect() as connection:
        return until_closed(connection, b"", 0.5)


def slow_body(served: Served) -> float:
    head = header(
        HOST, "Content-Type: application/sparql-query", "Content-Length: 500", method="POST", target="/sparql"
    )
    with served.connect() as connection:
        connection.sendall(head)
        return until_closed(connection, b" ", 0.5)


def slow_reader(served: Served) -> float:
    """Ask for a large answer and read nothing of it; the server closes the connection."""
    query = quote("SELECT * { ?s ?p ?o }")
    with served.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(header(HOST, target=f"/sparql?query={query}"))
        begun = time.monotonic()
        while time.monotonic() - begun < 40 and port_of(connection) in served_ports(served):
            time.sleep(0.5)
        return time.monotonic() - begun


def port_of(connection: socket.socket) -> int:
    port: int = connection.getsockname()[1]
    return port


def served_ports(served: Served) -> set[int]:
    """The remote ports of the connections that the server has."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        int(fields[2].rpartition(":")[2], 16)
        for fields in lines
        if int(fields[1].rpartition(":")[2], 16) == served.port and fields[3] == "01"
    }


@pytest.fixture(scope="module", autouse=True)
def slow_clients(served: Served) -> Iterator[list[Future[float]]]:
    """Clients that wait while the other attacks go on, and 200 connections without a request."""
    clients: list[Callable[[Served], float]] = [slow_header, silent, slow_body, slow_reader]
    with ThreadPoolExecutor(204) as threads:
        yield [threads.submit(client, served) for client in [*clients, *[silent] * 200]]


def test_slow_clients_are_dropped(slow_clients: list[Future[float]]) -> None:
    assert [future.result() for future in slow_clients] == [pytest.approx(20, abs=15)] * 204
