"""Hosts, headers for browsers, and preflight requests."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from kg.errors import UsageError
from kg.serve.guard import Guard
from kg.serve.settings import Settings, check_public_url


async def _app(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-security-policy", b"own")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def status(host: str, settings: Settings) -> int:
    client = TestClient(Guard(_app, settings), base_url="http://127.0.0.1")
    return client.get("/", headers={"host": host}).status_code


LOCAL, PUBLIC = Settings(), Settings(public_url="https://trials.example.org")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:1", "[::1]:8000", "10.1.2.3"])
def test_addresses_and_localhost_are_known(host: str) -> None:
    assert status(host, LOCAL) == 200
    assert status(host, PUBLIC) == 200


def test_the_public_host_is_known() -> None:
    assert status("trials.example.org", PUBLIC) == 200
    assert status("trials.example.org:443", PUBLIC) == 200
    assert status("trials.example.org", LOCAL) == 400


@pytest.mark.parametrize("host", ["example.org", "a.trials.example.org", "trials.example.org.a", "127.0.0.1.a", "a@b"])
def test_other_hosts_are_refused(host: str) -> None:
    assert status(host, PUBLIC) == 400


def test_a_response_keeps_its_own_policy_and_gets_the_other_headers() -> None:
    response = TestClient(Guard(_app, LOCAL), base_url="http://127.0.0.1").get("/")
    assert response.headers["content-security-policy"] == "own"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://trials.example.org", "https://trials.example.org"),
        ("http://Trials.example.org:8080/", "http://trials.example.org:8080"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_public_urls(url: str, expected: str) -> None:
    assert check_public_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "trials.example.org",
        "https://",
        "https://a/b",
        "https://a?b",
        "https://a#b",
        "ftp://a",
        "https://u@a",
        "http://a:x",
    ],
)
def test_wrong_public_urls(url: str) -> None:
    with pytest.raises(UsageError, match="is not the URL of a server"):
        check_public_url(url)
