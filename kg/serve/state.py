"""The state of a server, which the handlers of requests use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kg.query.engine import PREFIXES
from kg.query.results import Answer
from kg.serve.frames import Task
from kg.serve.media import GRAPHS, RESULTS
from kg.serve.pool import Pool
from kg.serve.settings import Settings

if TYPE_CHECKING:
    import pyoxigraph as ox
    from starlette.requests import Request

    from kg.query.sandbox import Limits


@dataclass
class Server:
    """The data of a server and the means to query them."""

    path: Path
    """The folder of the store."""
    store: ox.Store
    """The store, opened read-only: for pattern scans, which are fast; queries go to :meth:`query`."""
    settings: Settings = field(default_factory=Settings)
    catalogue: Any = None
    """The index of studies (kg/serve/catalogue.py)."""

    def __post_init__(self) -> None:
        self.pool = Pool(self.path, self.settings)

    async def query(self, text: str, name: str = "json", limits: Limits | None = None) -> bytes:
        """Run a query of a page and return the answer in a format of :mod:`kg.serve.media`, by its name.

        Prefixes of :data:`kg.query.engine.PREFIXES` need no declaration. Raises :class:`~kg.errors.UsageError` for an
        invalid query and :class:`~kg.errors.OutputError` for one that exceeds its limits or has to wait too long.
        """
        results, graph = (name if name in formats else None for formats in (RESULTS, GRAPHS))
        answer = await self.pool.run(Task(text, results, graph), limits, is_own=True)
        return answer.content

    async def answer(self, text: str, limits: Limits | None = None) -> Answer:
        """Run a SELECT or ASK query of a page and return the answer as Python values."""
        return Answer(await self.query(text, "json", limits), prefixes=PREFIXES)


def server_of(request: Request) -> Server:
    """Return the state of the server that handles a request."""
    return cast(Server, request.app.state.server)
