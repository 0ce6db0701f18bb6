"""The state of a server, which the handlers of requests use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kg.errors import KGError
from kg.query.engine import PREFIXES
from kg.query.results import Answer
from kg.query.sandbox import Limits
from kg.serve.frames import Task
from kg.serve.loading import Loader
from kg.serve.media import GRAPHS, RESULTS
from kg.serve.metadata import FILE, Metadata
from kg.serve.pool import Pool
from kg.serve.settings import Settings
from kg.serve.site import Site, read_site

if TYPE_CHECKING:
    import pyoxigraph as ox
    from starlette.requests import Request

    from kg.serve.catalogue import Catalogue
    from kg.serve.explorer import Explorer

HINT_SECONDS = 5.0
"""Seconds within which hints have to be found."""


@dataclass
class Server:
    """The data of a server and the means to query them."""

    path: Path
    """The folder of the store."""
    store: ox.Store
    """The store, opened read-only: for pattern scans, which are fast; queries go to :meth:`query`."""
    settings: Settings = field(default_factory=Settings)
    scratch: Path | None = None
    """A folder for files of the server; without one, queries about the server itself find nothing."""

    def __post_init__(self) -> None:
        self.loader = Loader(self.store)
        self.metadata = Metadata(self.store, self.path, self.settings, self.scratch)
        self.pool = Pool(self.path, self.settings, self.scratch / FILE if self.scratch else None)

    @property
    def banner(self) -> str:
        """The sentence that the command prints at its start."""
        studies = self.metadata.studies
        counted = f"{studies:,} {'study' if studies == 1 else 'studies'}"
        public = f" as {self.settings.public_url}/" if self.settings.public_url else ""
        return f"Serving {counted}{public} at {self.settings.local_url}/ (stop with Ctrl+C)."

    @cached_property
    def site(self) -> Site:
        """What every page says about the data."""
        return read_site(self.store, self.metadata.studies)

    @property
    def explorer(self) -> Explorer:
        """The catalogue with what is computed from it; the exceptions are those of :meth:`Loader.get`."""
        return self.loader.get()

    @property
    def catalogue(self) -> Catalogue:
        """The index of studies; the exceptions are those of :meth:`Loader.get`."""
        return self.explorer.catalogue

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the workers; raises :class:`~kg.errors.OutputError` if they do not start."""
        self.loader.start()
        await self.pool.start()
        self.metadata.start()
        try:
            yield
        finally:
            await self.metadata.close()
            await self.pool.close()

    async def query(self, text: str, name: str = "json", limits: Limits | None = None) -> bytes:
        """Run a query of a page and return the answer in a format of :mod:`kg.serve.media`, by its name.

        Prefixes of :data:`kg.query.engine.PREFIXES` need no declaration. Raises :class:`~kg.errors.UsageError` for an
        invalid query and :class:`~kg.errors.OutputError` for one that exceeds its limits or has to wait too long.
        """
        results, graph = (name if name in formats else None for formats in (RESULTS, GRAPHS))
        answer = await self.pool.run(Task(text, results, graph), limits, is_own=True)
        self.pool.release(answer)
        return bytes(answer.content)

    async def answer(self, text: str, limits: Limits | None = None) -> Answer:
        """Run a SELECT or ASK query of a page and return the answer as Python values."""
        return Answer(await self.query(text, "json", limits), prefixes=PREFIXES)

    async def hints(self, text: str) -> list[str]:
        """Return sentences with possible reasons why the answer to a query of a client is empty.

        There are none if they cannot be found soon.
        """
        try:
            answer = await self.pool.run(Task(text, hints=True), Limits(HINT_SECONDS, self.settings.memory))
        except KGError:
            return []
        self.pool.release(answer)
        return cast("list[str]", answer.details["hints"])


def server_of(request: Request) -> Server:
    """Return the state of the server that handles a request."""
    return cast(Server, request.app.state.server)
