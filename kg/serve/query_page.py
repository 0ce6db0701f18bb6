"""The SPARQL page: an editor, the library, and answers as tables, charts, maps and networks."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.errors import KGError, UsageError
from kg.ontology.vocabulary import STUDY
from kg.serve import paths
from kg.serve.answer_drawings import answer_map, answer_network, stacked
from kg.serve.completions import completions
from kg.serve.frames import Task
from kg.serve.html import Urls, page, site_of, with_digest
from kg.serve.names import Names
from kg.serve.pages.answer import AnswerView, Label, answer_view, chart_groups
from kg.serve.pages.query import groups, query_page
from kg.serve.problems import status_of
from kg.serve.sparql import CLOSED, until_disconnect
from kg.serve.state import Server, server_of

SIZE = 16_000_000
"""Bytes of an answer that this page shows, at most; the endpoint gives larger ones."""
CHARTED = 60
"""Bars of a chart at most."""
FORMATS = {"rows": ("csv", "tsv", "json", "xml"), "truth": ("json", "xml"), "graph": ("turtle", "ntriples", "jsonld")}
"""The formats for downloads by the form of the answer."""


async def editor(request: Request) -> Response:
    """Return the page with a query; it is run if the URL says so."""
    view = query_page(dict(request.query_params))
    context: dict[str, Any] = {"answer": None, "error": view.error}
    status = 400 if view.error else 200
    if view.is_run:
        context, status = await _answered(request, view.text)
    if status == CLOSED:
        return Response(status_code=CLOSED)
    return page(request, "query.html", view=view, groups=groups(), status=status, **context)


async def answer(request: Request) -> Response:
    """Return the answer to a query as a part of the page, for its script."""
    text = request.query_params.get("query", "")
    if not text.strip():
        raise UsageError("The query is empty.")
    context, status = await _answered(request, text)
    if status == CLOSED:
        return Response(status_code=CLOSED)
    return page(request, "answer.html", status=status, **context)


async def _answered(request: Request, text: str) -> tuple[dict[str, Any], int]:
    """Run a query; return the context of the template, and the status of the response."""
    started = time.monotonic()
    server = server_of(request)
    try:
        result = await until_disconnect(request, server, Task(text, "tsv", "ntriples"), SIZE)
        if result is None:
            return {}, CLOSED
        try:
            view = await run_in_threadpool(answer_view, result.format, result.content)
        finally:
            server.pool.release(result)
        view.seconds = time.monotonic() - started
        if not view.total or view.yes is False:
            view.hints = await server.hints(text)
        shown = request.query_params.get("view", "table")
        return await run_in_threadpool(_context, request, server, view, text, shown), 200
    except KGError as error:
        return {"answer": None, "error": str(error)}, status_of(error)


def _context(request: Request, server: Server, view: AnswerView, text: str, shown: str) -> dict[str, Any]:
    label, urls = _labels(server), Urls(site_of(request))
    shown = shown if shown in view.views else "table"
    return {
        "answer": view,
        "error": "",
        "query": text,
        "shown": shown,
        "rows": view.table(label),
        "formats": FORMATS[view.form],
        **_drawing(server, view, shown, label, urls),
    }


def _drawing(server: Server, view: AnswerView, shown: str, label: Label, urls: Urls) -> dict[str, Any]:
    if shown == "chart":
        found = chart_groups(view, label)
        if any(group.series for group in found):
            drawing, series = stacked(found)
            return {"drawing": drawing, "series": series}
        return {"bars": found[:CHARTED], "more": len(found) - CHARTED, "most": max(group.number for group in found)}
    if shown == "map":
        return {"drawing": answer_map(view, server.catalogue, label, urls.resource)}
    if shown == "network":
        drawing, left_out = answer_network(view, label, urls.resource)
        return {"drawing": drawing, "more": left_out}
    return {}


def _labels(server: Server) -> Label:
    """Return a function for the labels of resources; studies have their numbers, which are shorter than titles."""
    names = Names(server.store)

    @lru_cache(maxsize=20_000)
    def label(iri: str) -> str:
        return iri.removeprefix(STUDY) if iri.startswith(STUDY) else names.label(iri)

    return label


def completion(request: Request) -> Response:
    """Return the completions of the editor as JSON."""
    return with_digest(request, completions(), "application/json", {"Cache-Control": "no-cache"})


def routes() -> list[BaseRoute]:
    """Return the routes of the SPARQL page."""
    return [
        Route(paths.EDITOR, editor),
        Route(f"{paths.EDITOR}/answer", answer),
        Route(f"{paths.EDITOR}/completions", completion),
    ]
