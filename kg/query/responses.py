"""The bodies of SPARQL endpoints: query results and graphs in any format; other content is named for what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.errors import SourceError, shown
from kg.http.messages import first_line, is_html
from kg.query.results import Answer

if TYPE_CHECKING:
    from email.message import Message

VIRTUOSO_ROWS = 10_000
"""Rows to which Virtuoso cuts answers by default; it does not say so for graphs."""
_VIRTUOSO_ASK = "__ASK_RETVAL"
_HEAD = 2048
_GZIP = b"\x1f\x8b"
_PLAIN_TYPES = ("", "text/plain", "application/octet-stream")


class Response(NamedTuple):
    """The headers and the body of a response, as they were sent."""

    headers: Message
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def parse_response(response: Response, is_graph: bool, prefixes: Mapping[str, str]) -> Answer:
    """Return the answer in a response, with warnings if the endpoint cut it.

    Raises :class:`ValueError` or :class:`SyntaxError`, which say what the response is, if it is no answer.
    """
    body = _decoded(response).removeprefix(b"\xef\xbb\xbf")
    head = body[:_HEAD].decode("utf-8", "replace")
    if not body.strip():
        raise ValueError("the response is empty")
    if is_html(head):
        page = shown(first_line(body.decode("utf-8", "replace")))
        raise ValueError(f"the response is an HTML page, {page}; check that this is the URL of a SPARQL endpoint")
    try:
        answer = (_graph if is_graph else _results)(response, body, head, prefixes)
    except (ValueError, SyntaxError) as error:
        kind = "a graph" if is_graph else "query results"
        found = f"{response.media_type or 'text'}, {shown(' '.join(head.split()))}"
        raise ValueError(f"the response is not {kind} or is cut short: {found}: {error}") from error
    answer.warnings = _warnings(response.headers, answer)
    return answer


def _decoded(response: Response) -> bytes:
    """Return the body without compression."""
    from kg.records.decompress import gunzip

    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    try:
        if encoding in ("gzip", "x-gzip") or response.body.startswith(_GZIP):
            return b"".join(gunzip([response.body]))
    except Exception as error:  # those of the codec have no common base
        problem = error.problem if isinstance(error, SourceError) else error
        raise ValueError(f"the response cannot be decompressed: it {problem}") from error
    if encoding != "identity":
        raise ValueError(f"the response is encoded as {encoding}, which kg does not read")
    return response.body


def _results(response: Response, body: bytes, head: str, prefixes: Mapping[str, str]) -> Answer:
    if head.lstrip().startswith("<"):
        return Answer.of(ox.parse_query_results(body, format=ox.QueryResultsFormat.XML), prefixes)
    if response.media_type == "text/tab-separated-values":
        return Answer.of(ox.parse_query_results(body, format=ox.QueryResultsFormat.TSV), prefixes)
    return _truth(_json(body, prefixes))


def _truth(answer: Answer) -> Answer:
    """Return the answer of ASK, for which Virtuoso sends rows: one if it is true, none if it is false."""
    if answer.form != "SELECT" or answer.variables != [_VIRTUOSO_ASK]:
        return answer
    return Answer(b'{"head":{},"boolean":%s}' % (b"true" if len(answer) else b"false"), prefixes=answer.prefixes)


def _json(body: bytes, prefixes: Mapping[str, str]) -> Answer:
    try:
        return Answer.of(ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON), prefixes)
    except SyntaxError as error:
        try:
            escaped = json.dumps(
                json.loads(body, strict=False)
            ).encode()  # some stores do not escape control characters
        except (ValueError, RecursionError):
            raise error from None
        return Answer.of(ox.parse_query_results(escaped, format=ox.QueryResultsFormat.JSON), prefixes)


def _graph(response: Response, body: bytes, head: str, prefixes: Mapping[str, str]) -> Answer:
    formats = ox.RdfFormat
    if response.media_type in _PLAIN_TYPES or response.media_type.endswith("n3"):
        format_ = formats.TURTLE
    elif "xml" in response.media_type and "<" in head[:2]:
        format_ = formats.RDF_XML
    else:
        format_ = formats.from_media_type(response.media_type) or formats.TURTLE
    return Answer(triples=[quad.triple for quad in ox.parse(body, format=format_)], prefixes=prefixes)


def _warnings(headers: Message, answer: Answer) -> list[str]:
    """Return sentences about what is missing, as Virtuoso says in headers of a response with status 200."""
    warnings = []
    if state := headers.get("X-SQL-State"):
        text = f"{state} {headers.get('X-SQL-Message', '')}".strip()
        warnings.append(f"The answer is incomplete: the endpoint stopped before the end of the query ({text}).")
    limit = headers.get("X-SPARQL-MaxRows", "").strip()
    size = len(answer) if answer.form != "ASK" else 0
    if limit.isdecimal() and size >= int(limit):
        warnings.append(f"The answer is cut: the endpoint returns at most {int(limit):,} rows (X-SPARQL-MaxRows).")
    is_virtuoso = headers.get("Server", "").startswith("Virtuoso")
    if not warnings and is_virtuoso and answer.triples is not None and size in (VIRTUOSO_ROWS, VIRTUOSO_ROWS + 1):
        warnings.append(f"The answer is probably cut: it has {size:,} triples, and Virtuoso's limit is 10,000.")
    return warnings
