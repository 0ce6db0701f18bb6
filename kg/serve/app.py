"""The application: its routes, its middleware and its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from kg.errors import KGError
from kg.serve import (
    assets,
    browse,
    compare_page,
    health,
    home,
    ontology_page,
    query_page,
    resource_pages,
    resources,
    sparql,
    study_pages,
    study_picture,
    well_known,
)
from kg.serve.failures import error_response, http_error_response
from kg.serve.guard import Guard

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from kg.serve.state import Server


def routes() -> list[BaseRoute]:
    """Return all routes; each module of pages has a function ``routes`` of its own."""
    return [
        *health.routes(),
        *sparql.routes(),
        *well_known.routes(),
        *assets.routes(),
        *home.routes(),
        *browse.routes(),
        *query_page.routes(),
        *study_pages.routes(),
        *study_picture.routes(),
        *compare_page.routes(),
        *ontology_page.routes(),
        *resource_pages.routes(),
        *resources.routes(),
    ]


def create_app(server: Server) -> Starlette:
    """Create the application; its lifespan starts and ends the workers."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with server.running():
            yield

    app = Starlette(
        routes=routes(),
        lifespan=lifespan,
        middleware=[Middleware(Guard, settings=server.settings)],
        exception_handlers={KGError: error_response, HTTPException: http_error_response},
    )
    app.state.server = server
    return app
