"""Run a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.rdf.atomic import system_folder
from kg.serve.settings import Settings
from kg.store.dataset import classify_inputs, open_store
from kg.store.embedded import build

if TYPE_CHECKING:
    from kg._types import Progress
    from kg.export.report import Report
    from kg.store.dataset import Data


@contextmanager
def open_data(data: Data, report: Report, progress: Progress | None = None) -> Iterator[tuple[Path, ox.Store]]:
    """Open data for serving: a store as it is, anything else as a temporary store on disk.

    Yields the folder of the store, and the store. The exceptions are those of :func:`kg.store.embedded.build`.
    """
    inputs = [*data] if isinstance(data, list | tuple) else [data]
    if folder := classify_inputs(inputs).single_store:
        with open_store(folder) as store:
            yield folder, store
        return
    with system_folder() as scratch:
        build(inputs, scratch / "data.kgstore", report=report, progress=progress)
        with open_store(scratch / "data.kgstore") as store:
            yield scratch / "data.kgstore", store


def serve(data: Data, settings: Settings, report: Report, progress: Progress | None = None) -> None:
    """Serve data until the process is stopped."""
    import uvicorn

    from kg.serve.app import create_app
    from kg.serve.state import Server

    with open_data(data, report, progress) as (path, store):
        server = Server(path, store, settings)
        uvicorn.run(create_app(server), host=settings.host, port=settings.port)
