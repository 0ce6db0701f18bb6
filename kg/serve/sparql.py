"""The SPARQL endpoint."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from kg.errors import KGError
from kg.serve.frames import Task
from kg.serve.media import GRAPHS, RESULTS
from kg.serve.state import server_of


async def endpoint(request: Request) -> Response:
    """Answer a query."""
    try:
        answer = await server_of(request).pool.run(Task(request.query_params["query"]))
    except KGError as error:
        return PlainTextResponse(str(error), 400)
    media = RESULTS.get(answer.format) or GRAPHS[answer.format]
    return Response(answer.content, media_type=media.content_type)


def routes() -> list[BaseRoute]:
    """Return the route of the endpoint."""
    return [Route("/sparql", endpoint)]
