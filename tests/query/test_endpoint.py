"""Queries to an endpoint that needs credentials, is busy, slow or gone: a small server on the loopback interface."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import pytest

from kg.errors import OutputError, UsageError
from kg.http.retries import BUSY
from kg.query.endpoint import query_endpoint
from kg.query.engine import prepare
from kg.query.library import library_queries
from tests.loopback import LoopbackServer
from tests.query.test_engine import kg_query

EMPTY = {"head": {"vars": ["n"]}, "results": {"bindings": [{"n": {"type": "literal", "value": "1"}}]}}
USER, PASSWORD, REALM = "me", "s3cret", "trials, of ours"
ASKED = "SELECT ?n { }"


class Endpoint(LoopbackServer):
    """Answers every query with one row; ``plan`` has statuses to return first, ``scheme`` the authentication."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.plan: list[int] = []
        self.scheme = ""
        self.pause = 0.0
        self.queries: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/ask"


class Answering(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self.give(200 if self.allowed() else 401)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if not self.allowed():
            return self.give(401)
        self.server.queries += form["query"]
        time.sleep(self.server.pause)
        return self.give(self.server.plan.pop(0) if self.server.plan else 200)

    def allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        if self.server.scheme == "Basic":
            return given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return not self.server.scheme or self.digested(
            dict(re.findall(r'(\w+)="?([^",]+)', given.replace(", of", " of")))
        )

    def digested(self, given: dict[str, str]) -> bool:
        """Whether a digest matches the password (https://www.rfc-editor.org/rfc/rfc2617)."""

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        mine = md5(f"{USER}:{REALM}:{PASSWORD}")
        return given.get("response") == md5(f"{mine}:7:{md5(f'{self.command}:{self.path}')}")

    def give(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            nonce = ', nonce="7", algorithm=MD5' if self.server.scheme == "Digest" else ""
            self.send_header("WWW-Authenticate", f'{self.server.scheme} realm="{REALM}"{nonce}')
        body = json.dumps(EMPTY).encode()
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def served() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.http.retries.MAX_WAIT", 0.0)


@pytest.mark.parametrize("name", [query.name for query in library_queries()])
def test_every_library_query_is_sent_as_a_query(served: Endpoint, name: str) -> None:
    """Words such as ADD and DELETE in comments and strings do not make it an update."""
    assert query_endpoint(served.url, prepare(name)).rows == [{"n": "1"}]
    assert served.queries == [prepare(name)]


@pytest.mark.parametrize("text", ["# added\n# DROP\nSELECT ?n { }", "SELECT ?n { ?n ?p 'DELETE' } # CLEAR", ASKED])
def test_update_keywords_in_strings_are_not_updates(served: Endpoint, text: str) -> None:
    assert query_endpoint(served.url, text).rows == [{"n": "1"}]


def test_a_long_query_is_sent_by_post(served: Endpoint) -> None:
    text = f"SELECT ?n {{ VALUES ?n {{ {' '.join(map(str, range(100_000)))} }} }}"
    assert query_endpoint(served.url, text).rows == [{"n": "1"}]
    assert served.queries == [text]


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_basic_and_digest_authentication(served: Endpoint, scheme: str) -> None:
    """With any realm, and for repeated queries."""
    served.scheme, digest = scheme, scheme == "Digest"
    for _ in range(2):
        assert query_endpoint(served.url, ASKED, credentials=(USER, PASSWORD), digest=digest).rows == [{"n": "1"}]
    for wrong in ((USER, "no"), None):
        with pytest.raises(OutputError, match="gave no answer") as error:
            query_endpoint(served.url, ASKED, credentials=wrong, digest=digest)
        assert PASSWORD not in str(error.value)


def test_the_command_reads_credentials_from_the_environment(served: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    served.scheme = "Digest"
    monkeypatch.setenv("KG_USER", USER)
    monkeypatch.setenv("KG_PASSWORD", PASSWORD)
    assert kg_query(ASKED, "--endpoint", served.url, "--digest", "-f", "csv")[0].split() == ["n", "1"]
    monkeypatch.setenv("KG_PASSWORD", "no")
    assert "Traceback" not in kg_query(ASKED, "--endpoint", served.url, "--digest", code=1)[1]


@pytest.mark.parametrize("status", sorted(BUSY))
def test_a_busy_endpoint_is_retried(served: Endpoint, status: int) -> None:
    served.plan = [status, status]
    assert query_endpoint(served.url, ASKED).rows == [{"n": "1"}]
    served.plan = [status] * 9
    with pytest.raises(OutputError, match=str(status)):
        query_endpoint(served.url, ASKED)
    assert len(served.queries) == 6


def test_an_endpoint_that_refuses_or_is_slow_is_not_retried(served: Endpoint) -> None:
    served.plan = [500]
    with pytest.raises(OutputError, match="gave no answer"):
        query_endpoint(served.url, ASKED)
    served.pause = 3
    started = time.monotonic()
    with pytest.raises(OutputError, match="timed out after 1 s"):
        query_endpoint(served.url, ASKED, timeout=1)
    assert time.monotonic() - started < 2.5
    assert len(served.queries) == 2


def test_an_update_is_not_sent(served: Endpoint) -> None:
    with pytest.raises(UsageError, match="would change data"):
        query_endpoint(served.url, "# SELECT\nDROP ALL")
    assert served.queries == []
