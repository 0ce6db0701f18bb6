"""The log in the Common Log Format, and errors of handlers."""

from __future__ import annotations

import io
import re

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from kg.serve.access_log import AccessLog, log_line


async def _page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("12345")


async def _parts(_: Request) -> StreamingResponse:
    return StreamingResponse(iter([b"123", b"45"]))


async def _broken(_: Request) -> PlainTextResponse:
    raise RuntimeError("a\x1b[31m\nb")


ROUTES = [Route("/page", _page), Route("/parts", _parts), Route("/broken", _broken)]


def lines(*targets: str, method: str = "GET") -> list[str]:
    stream = io.BytesIO()
    client = TestClient(AccessLog(Starlette(routes=ROUTES), stream), raise_server_exceptions=False)
    for target in targets:
        client.request(method, target)
    return stream.getvalue().decode().splitlines()


def test_a_line_per_request() -> None:
    found = [re.sub(r"\[.*\]", "[time]", line) for line in lines("/page?a=b", "/parts", "/nothing")]
    assert found == [
        'testclient - - [time] "GET /page?a=b HTTP/1.1" 200 5',
        'testclient - - [time] "GET /parts HTTP/1.1" 200 5',
        'testclient - - [time] "GET /nothing HTTP/1.1" 404 9',
    ]


def test_a_response_without_a_body_has_no_size() -> None:
    assert lines("/page", method="HEAD")[0].endswith('"HEAD /page HTTP/1.1" 200 -')


def test_an_error_is_one_sentence_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines("/broken")[0].split('" ')[1].startswith("500 ")
    captured = capsys.readouterr()
    assert captured.err == "kg: GET /broken failed (RuntimeError: a\\u001B[31m b).\n"


def test_a_long_request_is_cut() -> None:
    scope = {"method": "GET", "raw_path": b"/" + b"a" * 50_000, "query_string": b"", "http_version": "1.1"}
    assert len(log_line(scope, 200, 1)) < 2200
