"""Responses with views: as a page, or as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from kg.query.sandbox import Limits
from kg.serve.html import page, with_digest
from kg.serve.media import HTML, Media
from kg.serve.settings import MEMORY

JSON = Media("view", "json", ("application/json",))
"""The values of a page as JSON."""
QUERY = Limits(5.0, MEMORY)
"""Limits of the queries of a page, so that it does not wait for long."""
Show = Callable[[Request, str], Awaitable[Response] | Response]
"""The page of a resource: a function of the request and the IRI."""


def shown(request: Request, template: str, view: Any, **context: Any) -> Response:
    """Return a view as a page, or as JSON where the request asks for that."""
    if getattr(request.state, "media", HTML) is JSON:
        content = orjson.dumps(view, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)
        return with_digest(request, content, JSON.content_type, {"Cache-Control": "no-cache"})
    return page(request, template, view=view, **context)


def not_found(request: Request, iri: str, name: str) -> Response:
    """Return the page for what is not in the graph, with a search for its name."""
    words = name.replace("_", " ")
    return page(request, "not_found.html", status=404, iri=iri, words=words)
