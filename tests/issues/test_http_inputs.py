"""Inputs over HTTP: every status was reported as "not found", https needed an extra, and pages were not followed."""

from __future__ import annotations

import gzip
import io
import json
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.errors import InputError, UsageError
from kg.http.client import USER_AGENT, Client, ResponseError
from kg.records.reader import read
from tests.loopback import Loopback, Reply, Request, serving


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.http.retries.MAX_WAIT", 0.0)
    monkeypatch.setattr("kg.records.urls.PAGE_INTERVAL", 0.0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which are skipped."""
    seconds: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", seconds.append)
    return seconds


def study(number: int) -> dict[str, Any]:
    identification = {"nctId": f"NCT{number:08}", "briefTitle": "t" * 100}
    return {"protocolSection": {"identificationModule": identification}, "hasResults": False}


def page(*numbers: int, token: str = "", **more: Any) -> str:
    return json.dumps(more | {"studies": [study(n) for n in numbers]} | ({"nextPageToken": token} if token else {}))


def run(*urls: str) -> tuple[list[int], list[str]]:
    """The numbers of the studies read, and the problems."""
    lost: list[InputError] = []
    records = list(read(urls, lost.append))
    ids = [record.data["protocolSection"]["identificationModule"]["nctId"] for record in records]
    return [int(nct[3:]) for nct in ids], list(map(str, lost))


HTML = "<html><head><title>Access Denied</title></head><body><h1>Access&nbsp;Denied</h1>\n<p>Go away</body></html>"
REFUSALS = {
    (404, "NCT number NCT99999999 not found"): "404 Not Found: NCT number NCT99999999 not found",
    (400, "`query.recrs` is unknown parameter"): "400 Bad Request: `query.recrs` is unknown parameter",
    (403, HTML): "403 Forbidden: Access Denied",
    (410, ""): "410 Gone",
    (401, "no\n\nreally"): "401 Unauthorized: no",
    (451, b"\xff\x1b[31m"): "451 Unavailable For Legal Reasons: \ufffd\\u001B[31m",
}


@pytest.mark.parametrize(("status", "body"), REFUSALS)
def test_the_message_has_the_status_the_text_and_the_url(status: int, body: str | bytes) -> None:
    with serving({"/a": Reply(body, status)}) as server:
        numbers, lost = run(f"{server.url}/a?key=secret")
        assert (numbers, lost) == ([], [f"{server.url}/a: the server answers {REFUSALS[status, body]}."])
        assert len(server.requests) == 1


def test_a_query_in_the_text_of_the_server_is_not_repeated() -> None:
    with serving({"/a": lambda request: Reply(f"No such file: {request.target}", 404)}) as server:
        assert "secret" not in run(f"{server.url}/a?key=secret")[1][0]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_temporary_failure_is_repeated_after_the_time_that_the_server_asks_for(
    status: int, waits: list[float]
) -> None:
    def busy_twice(request: Request) -> Reply:
        return Reply("busy", status, {"Retry-After": "7"}) if request.number < 3 else Reply(page(1))

    with serving({"/a": busy_twice, "/b": Reply("busy", status)}) as server:
        assert run(f"{server.url}/a") == ([1], [])
        assert waits == [7, 7]
        numbers, lost = run(f"{server.url}/b")
        assert (numbers, len(lost)) == ([], 1)
        assert f"the server answers {status} " in lost[0]
        assert len(server.requests) == 3 + 6


def test_a_server_that_asks_for_a_long_wait_is_not_waited_for(waits: list[float]) -> None:
    with serving({"/a": Reply("busy", 429, {"Retry-After": "3600"})}) as server:
        assert run(f"{server.url}/a")[1] == [
            f"{server.url}/a: the server answers 429 Too Many Requests: busy; it asks to wait 3,600 seconds."
        ]
    assert waits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    with serving({"/a": Reply("", status, {"Location": "/b?x=1"}), "/b": Reply(page(1))}) as server:
        assert run(f"{server.url}/a") == ([1], [])


@pytest.mark.parametrize(
    ("location", "reason"), [("/a", "redirect"), ("ftp://127.0.0.1/a", "ftp"), ("http://[", ""), ("", "301")]
)
def test_a_redirect_that_leads_nowhere_is_one_sentence(location: str, reason: str) -> None:
    with serving({"/a": Reply("", 301, {"Location": location})}) as server:
        numbers, lost = run(f"{server.url}/a")
    assert (numbers, len(lost)) == ([], 1)
    assert reason in lost[0]


BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "json": (page(1, 2).encode(), {}),
    "no length": (page(1, 2).encode(), {"Content-Length": ""}),
    "gzip encoding": (gzip.compress(page(1, 2).encode()), {"Content-Encoding": "gzip"}),
    "gzip file": (gzip.compress(page(1, 2).encode()), {"Content-Type": "application/gzip"}),
    "gzip file, encoded": (gzip.compress(gzip.compress(page(1, 2).encode())), {"Content-Encoding": "x-gzip"}),
    "byte order mark": (b"\xef\xbb\xbf" + page(1, 2).encode(), {}),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_of_every_kind(name: str) -> None:
    body, headers = BODIES[name]
    with serving({"/a": Reply(body, headers=headers)}) as server:
        assert run(f"{server.url}/a") == ([1, 2], [])
        assert server.requests[0].headers["User-Agent"] == USER_AGENT


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_an_archive_is_read(encoding: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("1.json", json.dumps(study(1)))
    body = gzip.compress(archive.getvalue()) if encoding else archive.getvalue()
    with serving({"/a.zip": Reply(body, headers={"Content-Encoding": encoding})}) as server:
        assert run(f"{server.url}/a.zip") == ([1], [])


def test_an_unknown_encoding_is_named() -> None:
    with serving({"/a": Reply(b"\x0b", headers={"Content-Encoding": "br"})}) as server:
        assert run(f"{server.url}/a")[1] == [
            f"{server.url}/a: is sent as br, which kg does not read and did not ask for."
        ]


def test_a_broken_connection_is_resumed() -> None:
    body = page(*range(2000))

    def breaking_twice(request: Request) -> Reply:
        return Reply(body, cut=request.number * 100_000 if request.number < 3 else None)

    with serving({"/a": breaking_twice}) as server:
        assert run(f"{server.url}/a") == (list(range(2000)), [])
        assert len(server.requests) == 3


def test_a_body_that_is_always_cut_or_changes_is_named() -> None:
    def changing(request: Request) -> Reply:
        return Reply(page(*range(request.number, 2000)), cut=100_000)

    with serving({"/cut": Reply(page(*range(2000)), cut=100_000), "/changing": changing}) as server:
        for name, reason in (("cut", "cannot be read to its end"), ("changing", "has another content now")):
            numbers, lost = run(f"{server.url}/{name}")
            assert 0 < len(numbers) < 2000
            assert len(lost) == 1
            assert lost[0].startswith(f"{server.url}/{name}: ")
            assert reason in lost[0]


def test_no_server_is_one_sentence() -> None:
    with serving({}) as server:
        url = server.url
    assert run(f"{url}/a")[1] == [f"{url}/a: cannot be read to its end ([Errno 111] Connection refused)."]
    assert "the name of the server is not known" in run("http://nothing.invalid/a")[1][0]


@pytest.mark.parametrize("url", ["http://", "https:///a", "http://[/", "http://h:port/", "http://h:99999/"])
def test_an_invalid_url_is_wrong_use(url: str) -> None:
    with pytest.raises(UsageError, match="is not a valid URL"):
        read([url], pytest.fail)


def test_proxies_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/a": Reply(page(1))}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert run("http://registry.invalid/a") == ([1], [])
        assert proxy.targets() == ["http://registry.invalid/a"]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert run(f"{proxy.url}/a") == ([1], [])
        assert proxy.targets()[1] == "/a"
    for value in ("socks5://127.0.0.1:1", "nonsense://127.0.0.1"):
        monkeypatch.setenv("HTTP_PROXY", value)
        with pytest.raises(UsageError, match=r"^The HTTP settings of the environment cannot be used .*HTTP_PROXY"):
            Client()


def test_memory_is_bounded() -> None:
    lines = "".join(json.dumps(study(number)) + "\n" for number in range(80_000)).encode()
    with serving({"/a": Reply(lines)}) as server:
        tracemalloc.start()
        assert sum(1 for _ in read([f"{server.url}/a"], pytest.fail)) == 80_000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert len(lines) > 12 << 20
    assert peak < 8 << 20


# -- pages ------------------------------------------------------------------------------------------------------


class Api:
    """Serves 2,500 studies in pages, as the API does."""

    def __init__(self) -> None:
        self.active = 0
        self.lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        with self.lock:
            self.active += 1
            assert self.active == 1, "one request at a time"
        first = int(request.params.get("pageToken", "t=0&").strip("t=&"))
        size = int(request.params.get("pageSize", "10"))
        last = min(first + size, 2500)
        total = {} if first else {"totalCount": 2500}
        reply = Reply(page(*range(first, last), token=f"t={last}&" if last < 2500 else "", **total))
        with self.lock:
            self.active -= 1
        return reply


def test_a_page_is_followed_to_the_last() -> None:
    with serving({"/api/v2/studies": Api()}) as server:
        url = f"{server.url}/api/v2/studies?query.cond=a%20%26+b&pageSize=1000&countTotal=true"
        assert run(url) == (list(range(2500)), [])
        assert [request.params.get("pageToken") for request in server.requests] == [None, "t=1000&", "t=2000&"]
        assert {request.params["query.cond"] for request in server.requests} == {"a & b"}


def test_the_command_follows_pages(tmp_path: Path) -> None:
    with serving({"/studies": Api()}) as server:
        result = CliRunner().invoke(main, ["export", f"{server.url}/studies?pageSize=900", "-o", f"{tmp_path}/a.nt"])
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert "Studies: 2,500 read" in result.stderr


def test_pages_behind_a_redirect_are_followed() -> None:
    with serving({"/old": Reply("", 301, {"Location": "/studies?pageSize=2000"}), "/studies": Api()}) as server:
        assert run(f"{server.url}/old") == (list(range(2500)), [])
        assert len(server.requests) == 3


SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "first": lambda token: f'{{"nextPageToken": "{token}", "studies": [{json.dumps(study(1))}]}}'.encode(),
    "indented": lambda token: json.dumps(
        {"studies": [study(1)], "nextPageToken": token, "totalCount": 2}, indent=2
    ).encode(),
    "only": lambda token: f'{{"studies":[],"nextPageToken":"{token}"}}'.encode(),
    "escaped": lambda token: page(1, token=token).replace(token, "\\u0041" + token[1:]).encode(),
    "gzip": lambda token: gzip.compress(page(1, token=token).encode()),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_token_is_found_wherever_it_is(name: str) -> None:
    headers = {"Content-Encoding": "gzip"} if name == "gzip" else {}

    def reply(request: Request) -> Reply:
        last = request.params.get("pageToken") == "A-_b"
        return Reply(page(2)) if last else Reply(SPELLINGS[name]("A-_b"), headers=headers)

    with serving({"/a": reply}) as server:
        assert run(f"{server.url}/a?pageToken=earlier") == ([2] if name == "only" else [1, 2], [])
        assert [request.params["pageToken"] for request in server.requests] == ["earlier", "A-_b"]


def test_a_token_in_a_text_is_no_token() -> None:
    odd = study(1) | {"x": '{"nextPageToken": "t"}, "nextPageToken": "u"'}
    with serving({"/a": Reply(json.dumps({"studies": [odd], "nextPageToken": None}))}) as server:
        assert run(f"{server.url}/a")[0] == [1]
        assert len(server.requests) == 1


def test_a_token_across_two_chunks_is_found() -> None:
    """Wherever the chunks of a stream end."""
    from kg.records.urls import _Page

    data = page(1, token="token").encode()
    for at in range(len(data)):
        found = _Page(iter([data[:at], data[at:]]), is_json=True)
        assert json.loads(b"".join(found)) == json.loads(page(1))
        assert found.token == b"token"


def failing(request: Request) -> Reply:
    number = int(request.params.get("pageToken", "1"))
    return Reply("Invalid page token", 400) if number == 3 else Reply(page(number, token=str(number + 1)))


def repeating(request: Request) -> Reply:
    return Reply(page(request.number, token="same"))


BROKEN: dict[str, tuple[Callable[[Request], Reply] | Reply, list[int], str]] = {
    "token refused": (failing, [1, 2], "is read up to page 2 only, as page 3 cannot be read: the server answers 400 "),
    "token repeated": (repeating, [1, 2], "is read up to page 2 only, as page 3 cannot be read: the server repeats"),
    "static file": (Reply(page(1, token="t")), [1], "is read up to page 1 only, as page 2 cannot be read: the server"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_pages_that_cannot_be_had_are_named(name: str) -> None:
    route, expected, reason = BROKEN[name]
    with serving({"/a": route}) as server:
        numbers, lost = run(f"{server.url}/a")
    assert (numbers, len(lost)) == (expected, 1)
    assert reason in lost[0]


# -- the client -------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving({"/a": Reply("abc"), "/gone": Reply("no", 404), "/z": Reply(gzip.compress(b"x" * 5_000_000))}) as it:
        yield it


def test_the_client_returns_complete_responses(server: Loopback) -> None:
    with Client() as client:
        response = client.get(f"{server.url}/a", {"fields": "NCTId|Phase", "pageToken": "a b"})
        assert (response.status, response.content) == (200, b"abc")
        assert server.requests[0].params == {"fields": "NCTId|Phase", "pageToken": "a b"}
        with pytest.raises(ResponseError) as caught:
            client.get(f"{server.url}/gone")
        assert (caught.value.status, caught.value.is_temporary) == (404, False)
        with pytest.raises(ResponseError, match="is larger than 0 MiB"):
            client.get(f"{server.url}/a", limit=2)


def test_the_client_keeps_an_interval(server: Loopback) -> None:
    import time

    started = time.monotonic()
    with Client(interval=0.1) as client:
        for _ in range(3):
            client.get(f"{server.url}/a")
    assert 0.2 <= time.monotonic() - started < 2


# -- RDF --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.nt", "a.nt.gz", "a.ttl"])
def test_rdf_at_a_url_is_data_of_a_query(name: str) -> None:
    """It was "No such file or directory"."""
    data = b"<http://x/1> <http://x/p> 1 ." if name.endswith("ttl") else b'<http://x/1> <http://x/p> "1" .\n'
    with serving({f"/{name}": Reply(gzip.compress(data) if name.endswith("gz") else data)}) as server:
        arguments = ["query", "SELECT ?s { ?s ?p ?o }", "-f", "csv", "--data"]
        result = CliRunner().invoke(main, [*arguments, f"{server.url}/{name}"])
        assert (result.exit_code, result.stdout.split()) == (0, ["s", "http://x/1"]), result.stderr
        result = CliRunner().invoke(main, [*arguments, f"{server.url}/gone/{name}"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"kg: {server.url}/gone/{name}: the server answers 404 Not Found: no such page.\n"
