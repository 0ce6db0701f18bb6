"""Queries over HTTP: the SPARQL protocol (https://www.w3.org/TR/sparql11-protocol/)."""

from __future__ import annotations

import re
from typing import Any

import pyoxigraph as ox

from kg.errors import OutputError, UsageError
from kg.http.retries import BUSY, retried
from kg.query.engine import PREFIXES
from kg.query.lexer import form, is_update, prefixes
from kg.query.results import Answer


def query_endpoint(
    url: str,
    text: str,
    *,
    timeout: int = 60,
    credentials: tuple[str, str] | None = None,
    digest: bool = False,
) -> Answer:
    """Run a query on a SPARQL endpoint, by POST.

    Raises :class:`~kg.errors.OutputError` where the endpoint returns no answer.
    """
    if is_update(text):
        raise UsageError(f"{form(text)} would change data, and kg query only reads them.")
    is_graph = form(text) in ("CONSTRUCT", "DESCRIBE")
    try:
        body = _post(url, text, is_graph, timeout, credentials, digest)
        if is_graph:
            triples = [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.TURTLE)]
            return Answer(triples=triples, prefixes=PREFIXES | prefixes(text))
        results = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        return Answer.of(results, PREFIXES | prefixes(text))
    except Exception as error:  # the exceptions of SPARQLWrapper have no common base
        problem = " ".join(str(error).split())[:300]
        raise OutputError(f"{url} gave no answer ({type(error).__name__}: {problem}).") from error


def _post(
    url: str, text: str, is_graph: bool, timeout: int, credentials: tuple[str, str] | None, digest: bool
) -> bytes:
    from SPARQLWrapper import BASIC, DIGEST, JSON, N3, POST, SPARQLWrapper

    wrapper = SPARQLWrapper(url, agent="kg")
    wrapper.setQuery(text)
    wrapper.queryType = form(text) or "SELECT"  # the wrapper mistakes words in comments and strings for the form
    wrapper.setMethod(POST)
    wrapper.setReturnFormat(N3 if is_graph else JSON)
    wrapper.setTimeout(timeout)
    if credentials:
        wrapper.setHTTPAuth(DIGEST if digest else BASIC)
        wrapper.setCredentials(*credentials, realm=_realm(url, timeout) if digest else "")
    body: Any = retried(lambda: wrapper.query().response.read(), _is_temporary, tries=3)
    return bytes(body)


def _realm(url: str, timeout: int) -> str:
    """Return the realm of digest authentication at an endpoint; Virtuoso calls it SPARQL."""
    from urllib.error import HTTPError
    from urllib.request import build_opener

    try:
        with build_opener().open(url, timeout=timeout):
            return ""
    except HTTPError as error:
        match = re.search(r'realm="([^"]*)"', error.headers.get("WWW-Authenticate", ""))
        return match[1] if match else ""


def _is_temporary(error: BaseException) -> bool:
    """Return whether a request may succeed when it is repeated: the server was busy, or the connection broke."""
    status = getattr(error, "code", None)  # of the exceptions of urllib for an error status
    return status in BUSY if status is not None else isinstance(getattr(error, "reason", error), ConnectionError)
