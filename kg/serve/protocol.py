"""Requests of the SPARQL 1.1 Protocol (https://www.w3.org/TR/sparql11-protocol/), without updates."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pyoxigraph as ox
from starlette.requests import Request

from kg.errors import UsageError, shown
from kg.serve.problems import TooLargeError, TooSlowError, UnsupportedTypeError

BODY = 1_000_000
"""Bytes of the body of a request, at most."""
BODY_SECONDS = 20.0
"""Seconds within which a body has to arrive."""
FIELDS = 500
"""Parameters of a request, at most."""
FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
READ_ONLY = "This endpoint is read-only: it answers queries and takes no updates."


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A request for a query; the graphs are IRIs, ``None`` for the dataset of the query."""

    query: str
    default: list[str] | None = None
    named: list[str] | None = None
    others: dict[str, str] = field(default_factory=dict)
    """The first value of each further parameter, such as ``format``."""


async def read_request(request: Request) -> QueryRequest | None:
    """Read the request for a query; ``None`` for one without any parameter, which is for the service description.

    Raises :class:`~kg.errors.UsageError` and other errors of :mod:`kg.serve.problems` for requests that are none.
    """
    url = _parameters(request.scope["query_string"], "The URL")
    if request.method != "POST":
        return _query_request(url) if url else None
    media_type, _, options = request.headers.get("content-type", "").partition(";")
    kind = media_type.strip().lower()
    if kind == UPDATE:
        raise UnsupportedTypeError(READ_ONLY)
    if kind not in (FORM, QUERY):
        raise UnsupportedTypeError(f"A query is sent with the content type {QUERY} or {FORM}.")
    if "charset" in options.lower() and "utf-8" not in options.lower():
        raise UnsupportedTypeError("A query is sent as UTF-8.")
    body = await read_body(request)
    more = _parameters(body, "The form") if kind == FORM else [("query", _text(body, "The query"))]
    return _query_request(url + more)


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8.") from error


def _parameters(data: bytes, what: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(_text(data, what), keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8.") from error
    except ValueError as error:
        raise UsageError(f"{what} has more than {FIELDS} parameters.") from error


def _query_request(pairs: list[tuple[str, str]]) -> QueryRequest:
    if any(name == "update" for name, _ in pairs):
        raise UsageError(READ_ONLY)
    queries = [value for name, value in pairs if name == "query"]
    if len(queries) != 1:
        problem = "has more than one query" if queries else "has no parameter query"
        raise UsageError(f"The request {problem}; it takes one.")
    default, named = ([_iri(value) for name, value in pairs if name == key] for key in _GRAPHS)
    is_explicit = bool(default or named)
    others = {name: value for name, value in reversed(pairs) if name != "query"}
    return QueryRequest(queries[0], default if is_explicit else None, named if is_explicit else None, others)


_GRAPHS = ("default-graph-uri", "named-graph-uri")


def _iri(value: str) -> str:
    try:
        return ox.NamedNode(value).value
    except ValueError as error:
        raise UsageError(f"The graph {shown(value)} is not an absolute IRI.") from error


async def read_body(request: Request) -> bytes:
    """Read the body of a request.

    Raises :class:`~kg.serve.problems.TooLargeError` and :class:`~kg.serve.problems.TooSlowError`.
    """
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > BODY:
                    raise TooLargeError(f"The request is larger than {BODY:,} bytes.")
    except TimeoutError as error:
        raise TooSlowError(f"The request did not arrive within {BODY_SECONDS:g} s.") from error
    return b"".join(parts)
