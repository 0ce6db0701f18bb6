"""The page for monitors: whether queries are answered."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from kg.errors import KGError
from kg.query.sandbox import Limits
from kg.serve.settings import MEMORY
from kg.serve.state import server_of

SECONDS = 5.0
"""Seconds that the query of a check may take."""


async def health(request: Request) -> JSONResponse:
    """Return whether a small query is answered: status 200, or 503 with a sentence."""
    try:
        await server_of(request).query("ASK {}", limits=Limits(SECONDS, MEMORY))
    except KGError as error:
        return JSONResponse({"status": "unavailable", "message": str(error)}, 503)
    return JSONResponse({"status": "ok"})


def routes() -> list[BaseRoute]:
    """Return the route of this page."""
    return [Route("/health", health)]
