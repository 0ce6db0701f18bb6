"""The parts of an export that is done on several machines: each made of one partition of the input, by a pure function.

A part that is done again, on whichever machine, takes its own place with the same bytes. It is written under a name of
its own first and renamed when it is whole. What depends on the parts before it (which record of a study is the newest,
the number of a record in its file) is worked out from what is told of each, in their order, where the run was started.
"""

from __future__ import annotations

import posixpath
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from kg._types import Reject
from kg.errors import InputError, OutputError, SourceError
from kg.export.report import Report
from kg.export.run import merged, replay
from kg.export.shared_resources import Usage
from kg.export.study_index import StudyIndex, Totals
from kg.export.tasks import Item, Settings, TaskResult, Worker, tasks
from kg.export.workers import TaskOutput, run_tasks
from kg.export.writer import Writer
from kg.rdf.atomic import replacing
from kg.rdf.formats import FORMATS
from kg.records.chunks import Chunk, ChunkData, EndOfFile, WholeFile
from kg.records.partitions import Partition
from kg.records.reader import Record, ScanState, StreamReader
from kg.records.sources import filesystem

MANIFEST = "_manifest.json"
"""Spark, Arrow and their like pass over names that begin so."""
NAME = re.compile(r"part-\d{5,}(?:\.[a-z]+)+")


class Ended(NamedTuple):
    """The end of a file, and what was found of it where it was read."""

    file: str
    state: ScanState
    failure: SourceError | None
    refused: bool


class Done(NamedTuple):
    """What became of a record (``whole``) or a parcel of a file."""

    file: str
    whole: bool
    outcome: TaskResult


Told = InputError | Ended | Done


@dataclass(slots=True)
class Part:
    """A part that is written: its name, bytes, digest and counts, what became of its input, and what it leaves out."""

    name: str
    size: int
    sha256: str
    totals: Totals
    told: list[Told]
    superseded: frozenset[int]
    """The places of the studies, from 0, that newer ones of the same study beat."""


def extension(settings: Settings) -> str:
    """How the names of parts end."""
    chosen = FORMATS[settings.format]
    return chosen.extension + ("" if chosen.compression else settings.compression)


def name_of(number: int, settings: Settings) -> str:
    """The name of a part, from 0.

    >>> name_of(7, Settings("ntriples", ".gz"))
    'part-00007.nt.gz'
    """
    return f"part-{number:05}{extension(settings)}"


@lru_cache(1)
def _worker(settings: Settings) -> Worker:
    return Worker(settings)


def write(
    partition: Partition, settings: Settings, folder: str, number: int, drop: frozenset[int] = frozenset()
) -> Part:
    """Writes the part of a partition into a folder of this machine or at an address.

    ``drop`` are the places of studies in it, from 0, that records in other parts beat. The same arguments give the same
    bytes. Raises :class:`~kg.errors.SourceError` where a range of a file cannot be read, and
    :class:`~kg.errors.OutputError` where the part cannot be written.
    """
    worker, told = _worker(settings), list[Told]()
    place = f"{folder}/{name_of(number, settings)}"
    with _placed(place) as path:
        writer = Writer(path, compression=settings.compression, hashed=True)
        with writer.open(worker.frame):
            for output in _outputs(partition, settings, worker):
                writer.add(output.pieces)
                told += _told(output.task, output.results)
                for outcome in output.results:
                    writer.index.enter(outcome.entries)
            writer.index.superseded |= drop
        size = Path(path).stat().st_size
    name, index = name_of(number, settings), writer.index
    return Part(name, size, writer.sha256, index.totals(), told, frozenset(index.superseded))


def write_shared(
    usages: Iterable[Usage], settings: Settings, folder: str, number: int, *, ontology: bool = False
) -> Part:
    """Writes the last part, which has the shared resources of the run and, where it is wanted, the ontology."""
    worker = _worker(settings)
    with _placed(f"{folder}/{name_of(number, settings)}") as path:
        writer = Writer(path, compression=settings.compression, hashed=True)
        with writer.open(worker.frame, lambda: worker.end(usages, ontology=ontology)):
            pass
        size = Path(path).stat().st_size
    totals = writer.index.totals(writer.end_triples)
    return Part(name_of(number, settings), size, writer.sha256, totals, [], frozenset())


def _outputs(partition: Partition, settings: Settings, worker: Worker) -> Iterator[TaskOutput]:
    found: list[Item] = []
    read = (item for span in partition for item in merged(span.chunks(found.append), found))
    return run_tasks(tasks(read), settings, worker, 1, None)


def _told(task: list[Item], became: list[TaskResult]) -> Iterator[Told]:
    outcomes = iter(became)
    for item in task:
        if isinstance(item, InputError):
            yield item
        elif isinstance(item, EndOfFile):
            reader = item.reader
            yield Ended(reader.file, reader.state, reader.failure, reader.refused)
        elif isinstance(item, Record | WholeFile):
            yield Done(item.file, True, next(outcomes))
        else:
            yield Done(item.reader.file, False, next(outcomes))


@contextmanager
def _placed(place: str) -> Iterator[str]:
    """A path to write what takes its place when it is whole."""
    if "://" not in place:
        yield place
        return
    system, path = filesystem(place)
    with tempfile.TemporaryDirectory() as folder:
        name = place.rpartition("/")[2]
        yield f"{folder}/{name}"
        beside = f"{path}.{secrets.token_hex(4)}.tmp"
        system.put_file(f"{folder}/{name}", beside)
        system.mv(beside, path)


@dataclass
class Replay:
    """Takes what is told of the parts, in their order, as if all of it was done here."""

    report: Report
    reject: Reject
    index: StudyIndex = field(default_factory=StudyIndex)
    _reader: StreamReader | None = None

    def take(self, told: Iterable[Told]) -> None:
        """Enters the studies of the next part, and tells its problems."""
        for each in told:
            if isinstance(each, Done):
                self._replay(self._item(each), [each.outcome])
            elif isinstance(each, Ended):
                self._replay(self._end(each), [])
            else:
                self._replay(each, [])

    def _replay(self, item: Item, outcomes: list[TaskResult]) -> None:
        replay([item], outcomes, self.index, self.report, self.reject)

    def _reader_of(self, file: str) -> StreamReader:
        if self._reader is None or self._reader.file != file:
            self._reader = StreamReader(file, self.reject)
        return self._reader

    def _item(self, done: Done) -> Item:
        if done.whole:
            return Record({}, done.file, 0)
        return Chunk(self._reader_of(done.file), ChunkData(done.file, 0, 0))

    def _end(self, ended: Ended) -> EndOfFile:
        reader, self._reader = self._reader_of(ended.file), None
        reader.merge(ended.state)
        reader.failure, reader.refused = ended.failure or reader.failure, ended.refused
        return EndOfFile(reader)


def prepare(folder: str) -> None:
    """Makes a folder, or takes the manifest of before out of it, which is true no longer."""
    system, path = filesystem(folder)
    system.makedirs(path, exist_ok=True)
    if system.exists(f"{path}/{MANIFEST}"):
        system.rm_file(f"{path}/{MANIFEST}")


def finish(folder: str, names: set[str], manifest: bytes) -> None:
    """Takes parts of before away that none of ``names`` has replaced, then writes the manifest.

    Raises :class:`~kg.errors.OutputError` where a part is not there: who wrote it has another folder of that name.
    """
    system, path = filesystem(folder)
    system.invalidate_cache()
    there = {posixpath.basename(each): each for each in system.ls(path, detail=False)}
    if missing := sorted(names - set(there)):
        raise OutputError(f"{folder} lacks {missing[0]}: the workers do not reach that folder under this name.")
    for name in there.keys() - names:
        if NAME.fullmatch(name):
            system.rm_file(there[name])
    with _placed(f"{folder}/{MANIFEST}") as place, replacing(place) as file:
        file.write(manifest)
