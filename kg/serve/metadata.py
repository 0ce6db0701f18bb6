"""The description of a server, as documents and as a file that the workers read for queries about it."""

from __future__ import annotations

import asyncio
import os
import pickle
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.ontology.vocabulary import CT, RDF
from kg.serve.children import start_child
from kg.serve.description import dataset, examples, labels, service
from kg.store.choice import left_out

if TYPE_CHECKING:
    from kg.export.tally import Tally
    from kg.serve.settings import Settings

FILE = "metadata.nt"
_TYPE, _STUDY = ox.NamedNode(RDF + "type"), ox.NamedNode(CT + "Study")


class Metadata:
    """The description of a server; its counts by class and property are complete some time after the start."""

    def __init__(self, store: ox.Store, path: Path, settings: Settings, scratch: Path | None) -> None:
        self._path, self._settings = path, settings
        self._store = store
        self.studies = sum(1 for _ in store.quads_for_pattern(None, _TYPE, _STUDY, None))
        self._without = left_out(store)
        self._file = scratch / FILE if scratch else None
        self._tally: Tally | None = None
        self._counting: asyncio.Task[None] | None = None

    @cached_property
    def _statements(self) -> int:
        """The number of statements, which the store counts one by one."""
        return len(self._store)

    def dataset(self, url: str) -> list[ox.Triple]:
        """Return the description of the dataset in VoID."""
        return dataset(url, self._statements, self.studies, self._tally, self._without)

    def start(self) -> None:
        """Write the file, and begin to count."""
        self._write()
        if self._file:
            self._counting = asyncio.create_task(self._count())

    async def close(self) -> None:
        """Stop counting."""
        if self._counting:
            self._counting.cancel()
            await asyncio.gather(self._counting, return_exceptions=True)

    def _write(self) -> None:
        if self._file:
            url = self._settings.url
            described = dataset(url, None, self.studies, self._tally, self._without)
            triples = [*service(url), *described, *examples(url), *labels()]
            part = self._file.with_suffix(".part")
            part.write_bytes(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")
            part.replace(self._file)

    async def _count(self) -> None:
        """Have a process count the store; without an answer, the counts stay out of the description."""
        process = await start_child("kg.serve.statistics", self._path, os.getpid(), self._settings.memory)
        try:
            content, _ = await process.communicate()
            if process.returncode == 0:
                self._tally = pickle.loads(content)  # noqa: S301 -- it comes from a child of this process
                self._write()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
