"""The SPARQL endpoint, read-only (https://www.w3.org/TR/sparql11-protocol/)."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from kg.serve.description import service
from kg.serve.frames import Task
from kg.serve.media import GRAPHS, HTML, RESULTS, Media
from kg.serve.negotiation import Choice, choose
from kg.serve.pool import Answer, Pool
from kg.serve.problems import NotAcceptableError
from kg.serve.protocol import QueryRequest, read_request
from kg.serve.rdf import serialize
from kg.serve.state import Server, server_of
from kg.serve.urls import base_url

CLOSED = 499
"""The status in the log of a request whose client went away."""
EDITOR = "/query"
"""The page with the editor, for browsers."""
SHORT_NAMES = {"ttl": "turtle", "nt": "ntriples", "rdf": "rdfxml", "srj": "json", "srx": "xml", "json-ld": "jsonld"}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class AnswerResponse(Response):
    """The answer to a query; its bytes count against those that a pool keeps until it is sent."""

    def __init__(self, pool: Pool, answer: Answer, content_type: str, headers: dict[str, str]) -> None:
        super().__init__(memoryview(answer.content), headers={**headers, "content-type": content_type})
        self._pool, self._answer = pool, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pool.release(self._answer)


async def endpoint(request: Request) -> Response:
    """Answer a query, or describe the service."""
    try:
        query = await read_request(request)
    except ClientDisconnect:
        return Response(status_code=CLOSED)
    if query is None:
        return describe(request)
    accept = _accept(request, query)
    if request.method != "POST" and _prefers_html(accept):
        return RedirectResponse(f"{EDITOR}?{urlencode({'query': query.query})}", 303, {"vary": "Accept"})
    return await answer(request, query, accept)


def describe(request: Request) -> Response:
    """Describe the service, in RDF; a browser is sent to the editor."""
    choice = choose(request.headers.get("accept", ""), [*GRAPHS.values(), HTML])
    if choice is None:
        raise NotAcceptableError(f"The service description is available as {', '.join(GRAPHS)}.")
    if choice.media is HTML:
        return RedirectResponse(EDITOR, 303, {"vary": "Accept"})
    content = serialize(service(base_url(request)), choice.media.name)
    return Response(content, headers={"content-type": choice.content_type, "vary": "Accept"})


def _accept(request: Request, query: QueryRequest) -> str:
    """Return the header ``Accept``, or the media types of the parameter ``format``."""
    name = query.others.get("format", "").lower().strip()
    name = SHORT_NAMES.get(name, name)
    media = [formats[name] for formats in (RESULTS, GRAPHS) if name in formats]
    others = ", */*;q=0.1" if media else ""
    return ", ".join(item.types[0] for item in media) + others if media else request.headers.get("accept", "")


def _prefers_html(accept: str) -> bool:
    choice = choose(accept, [*RESULTS.values(), *GRAPHS.values(), HTML])
    return choice is not None and choice.media is HTML


async def answer(request: Request, query: QueryRequest, accept: str) -> Response:
    """Run a query and return its answer; the query is stopped if the client goes away."""
    server = server_of(request)
    choices = [choose(accept, [*formats.values()]) for formats in (RESULTS, GRAPHS)]
    results, graph = (choice.media.name if choice else None for choice in choices)
    task = Task(query.query, results, graph, query.default, query.named, f"{base_url(request)}/sparql")
    result = await until_disconnect(request, server, task)
    if result is None:
        return Response(status_code=CLOSED)
    return _response(server, result, choices, query.others.get("download"))


async def until_disconnect(request: Request, server: Server, task: Task, size: int | None = None) -> Answer | None:
    """Run a query whose answer has at most ``size`` bytes; stop it and return ``None`` when the client goes away."""
    run = asyncio.ensure_future(server.pool.run(task, size=size))
    gone = asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait([run, gone], return_when=asyncio.FIRST_COMPLETED)
        return await run if run.done() else None
    finally:
        run.cancel()
        gone.cancel()


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _response(server: Server, result: Answer, choices: list[Choice | None], download: str | None) -> Response:
    choice = next(choice for choice in choices if choice and choice.media.name == result.format)
    headers = {"vary": "Accept"}
    if download is not None:
        headers["content-disposition"] = f'attachment; filename="{file_name(download, choice.media)}"'
    return AnswerResponse(server.pool, result, choice.content_type, headers)


def file_name(text: str, media: Media) -> str:
    """Return a name for a file to download, of letters, digits, dots and hyphens.

    >>> file_name("../a b\\r\\nX: y", RESULTS["csv"]), file_name("", GRAPHS["turtle"])
    ('a-b-X-y.csv', 'result.ttl')
    """
    name = _UNSAFE.sub("-", text)[:60].strip("-.") or "result"
    extension = f".{'json' if media.name == 'json' else media.extension}"
    return name.removesuffix(extension) + extension


def routes() -> list[BaseRoute]:
    """Return the routes of the endpoint."""
    return [Route(path, endpoint, methods=["GET", "HEAD", "POST"]) for path in ("/sparql", "/sparql/")]
