"""The tasks of an export: a task exports some chunks of the input, and returns their output and facts about it.

A task is a pure function of its input, so any process can run it. Anything that depends on earlier tasks (which record
of a study is the newest, the number of a record in its file) follows from the facts when results are merged in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kg.errors import InputError, SourceError
from kg.export.exporter import Exported, Exporter
from kg.export.shared_resources import Usage
from kg.export.stream import Export, StreamExporter, studies
from kg.export.study_index import StudyEntries
from kg.ontology.vocabulary import BASE
from kg.rdf.compress import compress
from kg.rdf.formats import FORMATS, Frame
from kg.records import splitter
from kg.records.byte_ranges import RangeReader
from kg.records.chunks import Chunk, ChunkData, EndOfFile, WholeFile
from kg.records.decompress import of_size
from kg.records.reader import Record, ScanState, StreamReader
from kg.records.sanitize import LONGEST
from kg.records.sources import Source, read_failure

if TYPE_CHECKING:
    from kg.mapping.plan import Plan

TASK_ITEMS = 512
"""Largest number of items in a task."""

Item = Record | Chunk | WholeFile | EndOfFile | InputError
UNREADABLE = ScanState(has_losses=True, has_json=True)
"""State of a chunk that cannot be read: it counts as lost JSON."""


class Settings(NamedTuple):
    """Options of a run that all its tasks share."""

    format: str
    compression: str = ""
    contacts: bool = False
    base: str = BASE
    digests: bool = False
    """Whether entries have the digest of each study's graph; for N-Quads only."""
    without: tuple[str, ...] = ()
    record_digests: bool = False
    """Whether entries have the digest of each record."""


class TaskResult(NamedTuple):
    """Result of one item of a task.

    ``entries`` are the studies written, with their record numbers in the chunk; ``problems`` are pairs of the number of
    preceding entries and a problem; ``read`` counts the records; ``state`` is merged into that of the file; ``failure``
    is the reason why the chunk could not be read.
    """

    entries: StudyEntries
    problems: list[tuple[int, InputError]]
    read: int = 0
    state: ScanState = ScanState()
    failure: SourceError | None = None


def tasks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Group items into tasks of about :data:`kg.records.splitter.SIZE` bytes; each is a frame of compressed output."""
    task: list[Item] = []
    size = 0
    for item in items:
        task.append(item)
        size += _size(item)
        if size >= splitter.SIZE or len(task) >= TASK_ITEMS:
            yield task
            task, size = [], 0
    if task:
        yield task


def _size(item: Item) -> int:
    if isinstance(item, Chunk):
        return item.data.size
    return item.byte_range.size if isinstance(item, WholeFile) else 1


def sendable(task: list[Item]) -> list[Item | ChunkData]:
    """Return a task for another process: its items without the readers of their files, which stay in this process."""
    items = (item.data if isinstance(item, Chunk) else item for item in task)
    return [item for item in items if isinstance(item, ChunkData | WholeFile | Record)]


def _plan(without: tuple[str, ...]) -> Plan | None:
    """Return the plan without some sections, ``None`` for the whole one."""
    if not without:
        return None
    from kg.mapping.sections import plan_without

    return plan_without(without)


class Worker:
    """Runs tasks, in any number of threads."""

    def __init__(self, settings: Settings) -> None:
        chosen = FORMATS[settings.format]
        self._exporter = Exporter(
            _plan(settings.without),
            grouped=chosen.grouped,
            graphs=chosen.graphs,
            contacts=settings.contacts,
            base=settings.base,
            longest=chosen.longest or LONGEST,
            digests=settings.record_digests,
        )
        self.prefixes = self._exporter.prefixes
        self.frame = chosen.frame(self.prefixes)
        self._compression = settings.compression
        self._digests = settings.digests

    def __call__(
        self, task: Iterable[Item | ChunkData], *, first: bool = False
    ) -> tuple[list[TaskResult], list[bytes]]:
        """Export the items of a task; return the result of each item, and the output in pieces.

        ``first`` is true as long as no study was written.
        """
        output = _Output(self.frame, first=first)
        results = self._results(task, output)
        if output.pieces and self._compression:
            return results, [compress(b"".join(output.pieces), self._compression)]
        return results, output.pieces

    def end(self, usages: Iterable[Usage], *, ontology: bool = False) -> Iterator[tuple[bytes, int]]:
        """Yield the output after the studies (shared resources, ontology) in pieces with their triple counts."""
        for data, triples in self._exporter.shared(usages):
            yield self.frame.encode(data), triples
        if ontology:
            data, triples = self._exporter.ontology()
            yield self.frame.encode(data), triples

    def _results(self, task: Iterable[Item | ChunkData], output: _Output) -> list[TaskResult]:
        results = []
        with RangeReader() as ranges:
            for item in task:
                if isinstance(item, Chunk):
                    results.append(self._chunk(item.data, ranges, output))
                elif isinstance(item, ChunkData):
                    results.append(self._chunk(item, ranges, output))
                elif isinstance(item, WholeFile):
                    results.append(self._file(item, ranges, output))
                elif isinstance(item, Record):
                    results.append(self._export([item], _Collector(), output))
        return results

    def _chunk(self, chunk: ChunkData, ranges: RangeReader, output: _Output) -> TaskResult:
        try:
            piece = chunk.piece(ranges)
        except (OSError, SourceError) as error:
            return TaskResult(StudyEntries(), [], state=UNREADABLE, failure=read_failure(chunk.file, error))
        collector = _Collector()
        reader = StreamReader(chunk.file, collector)
        records = StreamExporter(reader, self._exporter).piece(piece)
        return self._export(records, collector, output)._replace(state=reader.state)

    def _file(self, file: WholeFile, ranges: RangeReader, output: _Output) -> TaskResult:
        collector, size = _Collector(), file.byte_range.size
        try:
            text = ranges.read(file.byte_range)
        except Exception as error:  # archives raise exceptions of any class
            return TaskResult(StudyEntries(), [(0, read_failure(file.file, error))])
        stream = StreamExporter(StreamReader(file.file, collector), self._exporter)
        if len(text) == size:
            records = stream.file(text)
        else:
            records = stream.stream(Source(file.file, of_size([text], size)).open())
        return self._export(records, collector, output)

    def _export(self, records: Iterable[Export | Record], collector: _Collector, output: _Output) -> TaskResult:
        """Append the output of records."""
        for position, exported in studies(collector.counted(records), self._exporter, collector):
            collector.entries.add(position.number, exported, output.add(exported))
            if self._digests:
                from kg.export.graph_digest import study_digest

                collector.entries.digests.append(study_digest(exported))
        return TaskResult(collector.entries, collector.problems, collector.read)


class _Output:
    """The output of a task, in pieces."""

    def __init__(self, frame: Frame, *, first: bool) -> None:
        self._frame = frame
        self._separator = b"" if first else frame.between
        self.pieces: list[bytes] = []

    def add(self, exported: Exported) -> int:
        """Add a study; return its size in bytes."""
        data = self._frame.encode(exported.data)
        self.pieces += (self._separator, data) if self._separator else (data,)
        self._separator = self._frame.between
        return len(data)


@dataclass(slots=True)
class _Collector:
    """Collects the studies and problems of an item, in their order, and counts its records."""

    entries: StudyEntries = field(default_factory=StudyEntries)
    problems: list[tuple[int, InputError]] = field(default_factory=list)
    read: int = 0

    def __call__(self, problem: InputError) -> None:
        self.problems.append((len(self.entries), problem))

    def counted(self, records: Iterable[Export | Record]) -> Iterator[Export | Record]:
        for record in records:
            self.read += 1
            yield record
