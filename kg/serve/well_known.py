"""The documents under ``/.well-known/``: the dataset in VoID, and the example queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.serve.description import EXAMPLES_PATH, VOID_PATH, examples
from kg.serve.media import GRAPHS
from kg.serve.negotiation import choose
from kg.serve.problems import NotAcceptableError
from kg.serve.rdf import PREFIXES, serialize
from kg.serve.state import server_of
from kg.serve.urls import base_url


def document(request: Request, triples: Iterable[ox.Triple], prefixes: Mapping[str, str] | None = None) -> Response:
    """Return statements in the syntax that the client likes best."""
    choice = choose(request.headers.get("accept", ""), [*GRAPHS.values()])
    if choice is None:
        raise NotAcceptableError(f"This document is available as {', '.join(GRAPHS)}.")
    content = serialize(triples, choice.media.name, {**PREFIXES, **(prefixes or {})})
    return Response(content, headers={"content-type": choice.content_type, "vary": "Accept"})


def void(request: Request) -> Response:
    """Describe the dataset."""
    url = base_url(request)
    return document(request, server_of(request).metadata.dataset(url), {"": f"{url}{VOID_PATH}#"})


def sparql_examples(request: Request) -> Response:
    """List the queries of the library."""
    return document(request, examples(base_url(request)))


def routes() -> list[BaseRoute]:
    """Return the routes of the documents."""
    pages = ((VOID_PATH, void), (EXAMPLES_PATH, sparql_examples), (EXAMPLES_PATH + "/", sparql_examples))
    return [Route(path, page) for path, page in pages]
