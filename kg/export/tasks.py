"""The work of an export in tasks: each some pieces of the input, and what comes of them as bytes and facts.

A task is done alone, by a pure function, wherever: what depends on the tasks before it (which record of a study is the
newest, the number of a record in its file) is worked out from the facts when the results are taken in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kg.errors import InputError, SourceError
from kg.export.exporter import Exported, Exporter
from kg.export.shared_resources import Usage
from kg.export.stream import studies
from kg.export.study_index import StudyEntries
from kg.ontology.vocabulary import BASE
from kg.rdf.compress import packed
from kg.rdf.formats import FORMATS, Frame
from kg.records import splitter
from kg.records.byte_ranges import RangeReader
from kg.records.chunks import Chunk, ChunkData, EndOfFile, WholeFile
from kg.records.decompress import of_size
from kg.records.reader import Record, ScanState, StreamReader
from kg.records.sources import Source, failure

TASK_ITEMS = 512

Item = Record | Chunk | WholeFile | EndOfFile | InputError
NOTHING = ScanState(0, 0, False, False, [])
UNREAD = ScanState(0, 0, True, True, [])
"""What is found where a file cannot be read: it was JSON before, and something of it is lost."""


class Settings(NamedTuple):
    """What the tasks of a run have in common."""

    format: str
    compression: str = ""
    contacts: bool = False
    base: str = BASE


class TaskResult(NamedTuple):
    """What became of one item: the studies that were written, each as the record of that number in its part of the
    input; the problems, each behind so many of them; the records; what was found of the file that it is from; why that
    could not be read."""

    entries: StudyEntries
    problems: list[tuple[int, InputError]]
    read: int
    state: ScanState
    failure: SourceError | None = None


def tasks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in tasks of about :data:`kg.records.splitter.SIZE` bytes; each is a frame of a compressed output."""
    task: list[Item] = []
    size = 0
    for item in items:
        task.append(item)
        size += (
            item.data.size if isinstance(item, Chunk) else item.byte_range.size if isinstance(item, WholeFile) else 1
        )
        if size >= splitter.SIZE or len(task) >= TASK_ITEMS:
            yield task
            task, size = [], 0
    if task:
        yield task


def sendable(task: list[Item]) -> list[Item | ChunkData]:
    """Return what another process needs of a task: its items without the readers of their files, which stay here."""
    items = (item.data if isinstance(item, Chunk) else item for item in task)
    return [item for item in items if isinstance(item, ChunkData | WholeFile | Record)]


class Worker:
    """Runs tasks."""

    def __init__(self, settings: Settings) -> None:
        chosen = FORMATS[settings.format]
        self._exporter = Exporter(
            grouped=chosen.grouped, graphs=chosen.graphs, contacts=settings.contacts, base=settings.base
        )
        self.prefixes = self._exporter.prefixes
        self.frame = chosen.frame(self.prefixes)
        self._compression = settings.compression

    def __call__(
        self, task: Iterable[Item | ChunkData], *, first: bool = False
    ) -> tuple[list[TaskResult], list[bytes]]:
        """Export the items of a task: the result of each item, and the output in pieces.

        ``first`` says that nothing was written before.
        """
        output = _Output(self._exporter, self.frame, first=first)
        results = self._results(task, output)
        if output.pieces and self._compression:
            return results, [packed(b"".join(output.pieces), self._compression)]
        return results, output.pieces

    def end(self, usages: Iterable[Usage], *, ontology: bool = False) -> Iterator[tuple[bytes, int]]:
        """What follows the studies, in pieces with their numbers of triples: the shared resources, the ontology."""
        for data, triples in self._exporter.shared(usages):
            yield self.frame.encode(data), triples
        if ontology:
            data, triples = self._exporter.ontology()
            yield self.frame.encode(data), triples

    def _results(self, task: Iterable[Item | ChunkData], output: _Output) -> list[TaskResult]:
        outcomes = []
        with RangeReader() as places:
            for item in task:
                if isinstance(item, Chunk | ChunkData):
                    outcomes.append(self._piece(item.data if isinstance(item, Chunk) else item, places, output))
                elif isinstance(item, WholeFile):
                    outcomes.append(self._small(item, places, output))
                elif isinstance(item, Record):
                    outcomes.append(self._write(_Telling(), [item], output))
        return outcomes

    def _small(self, small: WholeFile, places: RangeReader, output: _Output) -> TaskResult:
        telling = _Telling()
        try:
            text = places.read(small.byte_range)
        except Exception as error:  # archives raise whatever they like
            telling(failure(small.file, error))
            return TaskResult(telling.entries, telling.problems, 0, NOTHING)
        reader = StreamReader(small.file, telling, output)
        if len(text) == small.byte_range.size:
            records = reader.read_at_once(text)
        else:
            records = reader.records(Source(small.file, of_size([text], small.byte_range.size)).open())
        return self._write(telling, records, output)

    def _piece(self, sent: ChunkData, places: RangeReader, output: _Output) -> TaskResult:
        try:
            data = places.read(sent.byte_range) if sent.byte_range else sent.content
        except (OSError, SourceError) as error:
            return TaskResult(StudyEntries(), [], 0, UNREAD, failure(sent.file, error))
        telling = _Telling()
        reader = StreamReader(sent.file, telling, output)
        outcome = self._write(
            telling, reader.records_of(splitter.Piece(sent.offset, data, sent.whole), sent.truncated), output
        )
        return outcome._replace(state=reader.state)

    def _write(self, telling: _Telling, records: Iterable[Record], output: _Output) -> TaskResult:
        """Adds the output of records; what is to be told of them."""
        read = 0

        def counted() -> Iterator[Record]:
            nonlocal read
            for record in records:
                read += 1
                yield record

        for record, exported in studies(counted(), self._exporter, telling):
            telling.entries.add(record.number, exported, output.add(exported))
        return TaskResult(telling.entries, telling.problems, read, NOTHING)


class _Output:
    """The output of a task, in pieces."""

    def __init__(self, exporter: Exporter, frame: Frame, *, first: bool) -> None:
        self._frame = frame
        self._gap = b"" if first else frame.between
        self.try_json, self.try_json_at = exporter.try_json, exporter.try_json_at
        self.pieces: list[bytes] = []

    def add(self, exported: Exported) -> int:
        """Add a study; returns the number of its bytes."""
        data = self._frame.encode(exported.data)
        self.pieces += (self._gap, data) if self._gap else (data,)
        self._gap = self._frame.between
        return len(data)


@dataclass(slots=True)
class _Telling:
    """Takes what is to be told of an item, in its order."""

    entries: StudyEntries = field(default_factory=StudyEntries)
    problems: list[tuple[int, InputError]] = field(default_factory=list)

    def __call__(self, problem: InputError) -> None:
        self.problems.append((len(self.entries), problem))
