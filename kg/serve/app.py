"""The application: its routes, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from kg.serve import health, sparql

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from kg.serve.state import Server


def routes() -> list[BaseRoute]:
    """Return all routes; each module of pages has a function ``routes`` of its own."""
    return [*health.routes(), *sparql.routes()]


def create_app(server: Server) -> Starlette:
    """Create the application; its lifespan starts and ends the workers."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await server.pool.start()
        try:
            yield
        finally:
            await server.pool.close()

    app = Starlette(routes=routes(), lifespan=lifespan)
    app.state.server = server
    return app
