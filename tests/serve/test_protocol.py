"""Reading of requests by the SPARQL 1.1 Protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from starlette.requests import Request
from starlette.types import Message

from kg.errors import KGError, UsageError
from kg.serve import protocol
from kg.serve.problems import TooLargeError, TooSlowError, UnsupportedTypeError, status_of
from kg.serve.protocol import QueryRequest, read_request


def read(
    method: str = "GET", query: bytes = b"", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> QueryRequest | None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": "/sparql", "query_string": query, "headers": raw}
    return asyncio.run(read_request(Request(scope, receive)))


def post(body: bytes, content_type: str, query: bytes = b"") -> QueryRequest:
    request = read("POST", query, body, {"Content-Type": content_type})
    assert request is not None
    return request


def test_a_request_without_parameters_is_for_the_description() -> None:
    assert read() is None


def test_the_query_and_its_dataset_are_read() -> None:
    request = read("GET", b"query=ASK%20%7B%7D&default-graph-uri=a:b&named-graph-uri=a:c&named-graph-uri=a:d&x=1&x=2")
    assert request == QueryRequest("ASK {}", ["a:b"], ["a:c", "a:d"], {
        "default-graph-uri": "a:b", "named-graph-uri": "a:c", "x": "1",
    })  # fmt: skip


def test_a_dataset_without_default_graphs_has_an_empty_one() -> None:
    request = read("GET", b"query=a&named-graph-uri=a:c")
    assert request is not None
    assert (request.default, request.named) == ([], ["a:c"])


def test_text_is_decoded_as_utf_8() -> None:
    assert post("ASK { ?é ?b ?c }".encode(), "application/sparql-query; charset=UTF-8").query == "ASK { ?é ?b ?c }"
    assert post(b"query=%C3%A9+%2B", "application/x-www-form-urlencoded").query == "é +"
    assert post(b"\xef\xbb\xbfASK {}", "Application/SPARQL-Query").query == "ASK {}"


def test_parameters_of_the_url_and_of_a_form_are_read_together() -> None:
    request = post(b"query=ASK+%7B%7D", "application/x-www-form-urlencoded;charset=utf-8", b"default-graph-uri=a:b")
    assert (request.query, request.default) == ("ASK {}", ["a:b"])


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (b"x=1", "The request has no parameter query; it takes one."),
        (b"query=a&query=b", "The request has more than one query; it takes one."),
        (b"update=a", "This endpoint is read-only: it answers queries and takes no updates."),
        (b"query=%FF", "The URL is not UTF-8."),
        (b"query=\xff", "The URL is not UTF-8."),
        (b"query=a&default-graph-uri=b", 'The graph "b" is not an absolute IRI.'),
        (b"query=a&named-graph-uri=%3Ca%3Ab%3E", 'The graph "<a:b>" is not an absolute IRI.'),
        (b"query=a&" + b"a=1&" * 501, "The URL has more than 500 parameters."),
    ],
)
def test_wrong_requests_are_refused_with_a_sentence(query: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("GET", query)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/sparql-update", "a;b;c"])
def test_other_media_types_are_refused(kind: str) -> None:
    with pytest.raises(UnsupportedTypeError):
        post(b"ASK {}", kind)


def test_a_large_body_is_refused() -> None:
    with pytest.raises(TooLargeError) as caught:
        post(b"x" * 1_000_001, "application/sparql-query")
    assert str(caught.value) == "The request is larger than 1,000,000 bytes."


def test_a_slow_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.01)

    async def receive() -> Message:
        await asyncio.sleep(10)
        raise AssertionError

    headers = [(b"content-type", b"application/sparql-query")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    with pytest.raises(TooSlowError):
        asyncio.run(read_request(Request(scope, receive)))


def test_each_error_has_its_status() -> None:
    errors: dict[type[KGError], int] = {TooSlowError: 408, TooLargeError: 413, UnsupportedTypeError: 415}
    assert {kind: status_of(kind("")) for kind in errors} == errors
