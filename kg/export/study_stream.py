"""The studies of a run as they are exported, for a loader that reads them at once: no output is written to a file.

A study whose record is replaced by a newer one was read already, so that record is not in the stream but at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

from kg._types import Bytes, Progress
from kg.errors import nothing_found
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.run import namespace, replay, sections_of, with_problems
from kg.export.study_index import StudyIndex
from kg.export.tasks import Item, Settings, Worker, tasks
from kg.export.workers import rare_collections, run_tasks
from kg.ontology.vocabulary import BASE
from kg.records.chunks import read_chunks
from kg.records.objects import AnyInput, flatten
from kg.records.pages import RunProblems


class StudyStream:
    """The studies of some inputs as N-Triples, and then the graph of shared resources as N-Quads.

    The options are those of :func:`kg.export.run.export`; intermediate files are next to ``target``.
    """

    def __init__(
        self,
        inputs: Iterable[AnyInput],
        report: Report,
        target: Path,
        *,
        contacts: bool = False,
        base: str = BASE,
        jobs: int = 1,
        without: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self._items = flatten(inputs)
        self._report, self._target, self._jobs, self._progress = report, target, jobs, progress
        sections = sections_of(without)
        self._settings = Settings(
            "ntriples", contacts=contacts, base=namespace(base), without=sections, record_digests=True
        )
        self._exporter = Exporter(graphs=True, base=self._settings.base)
        self._index = StudyIndex()
        self._file = TemporaryFile(dir=target.parent)  # noqa: SIM115 -- it lives as long as the stream
        self._later: list[tuple[int, int]] = []
        """Position and size of each study in the file of the studies that replace others."""

    @property
    def digests(self) -> Iterator[tuple[str, str]]:
        """The NCT numbers of the studies, each with the digest of its record."""
        return self._index.record_digests()

    def read(self) -> Iterator[Bytes]:
        """Yield the stream in pieces, each valid until the next one is requested.

        Raises :class:`~kg.errors.NothingFoundError` where there is no study.
        """
        with rare_collections():
            reject = RunProblems(self._report.problem, self._items)
            problems: list[Item] = []
            chunks = read_chunks(self._items, problems.append, self._progress)
            items = tasks(with_problems(chunks, problems))
            for done in run_tasks(items, self._settings, Worker(self._settings), self._jobs, self._target):
                first = len(self._index)
                replay(done.task, done.results, self._index, self._report, reject)
                yield from self._pieces(done.pieces, first)
            reject.end()
            if not len(self._index):
                raise nothing_found("study record", self._items, self._report.problems)
            yield from self._end()

    def _pieces(self, pieces: Iterable[Bytes], first: int) -> Iterator[Bytes]:
        """Yield the output of a task, whose first study is at a position, without records of studies before it."""
        index, positions = self._index, range(first, len(self._index))
        if not any(i in index.superseded or i in index.replacing for i in positions):
            yield from pieces
            return
        data, at = b"".join(pieces), 0
        for position in positions:
            piece = data[at : at + index.lengths[position]]
            at += len(piece)
            if position in index.superseded:
                continue
            if position in index.replacing:
                self._later.append((position, self._file.write(piece)))
            else:
                yield piece

    def _end(self) -> Iterator[bytes]:
        triples = 0
        for data, count in self._exporter.shared(self._index.shared.usages()):
            triples += count
            yield data
        self._report.totals = self._index.totals(triples)

    def replacements(self) -> Iterator[bytes]:
        """Yield the studies that replace others in the stream, after its end."""
        self._file.seek(0)
        for position, size in self._later:
            data = self._file.read(size)
            if position not in self._index.superseded:
                yield data


class Reader:
    """A file to read from pieces; ``failure`` is what ended them."""

    def __init__(self, pieces: Iterator[Bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.failure: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""
        try:
            while not self._rest and (piece := next(self._pieces, None)) is not None:
                self._rest = memoryview(piece)
        except BaseException as error:
            self.failure = error
            raise
        end = len(self._rest) if size < 0 else size
        data, self._rest = bytes(self._rest[:end]), self._rest[end:]
        return data
