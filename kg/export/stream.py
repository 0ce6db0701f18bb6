"""Export of records one by one: by the compiled emitter if it accepts their JSON, otherwise by the interpreter.

The emitter reads a study at its position in a larger text and returns the end of the study, so most text is scanned
only once. If the emitter declines a study, :mod:`kg.records` splits and parses the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import orjson

from kg._types import Progress, Reject
from kg.errors import RecordError
from kg.export.exporter import Exported, Exporter
from kg.export.shared_resources import Usage
from kg.records import splitter
from kg.records.objects import AnyInput, flatten
from kg.records.pages import RunProblems
from kg.records.reader import Record, RecordPosition, StreamReader, read
from kg.records.sources import Source, sources
from kg.records.splitter import Piece

Export = tuple[RecordPosition, Exported]


class StreamExporter:
    """Exports one stream, whose studies are counted by a reader.

    Yields an export for each study that the compiled emitter accepts and a parsed record for each that it declines, for
    :func:`studies` to complete.
    """

    def __init__(self, reader: StreamReader, exporter: Exporter) -> None:
        self._reader = reader
        self._exporter = exporter

    def stream(self, chunks: Iterator[bytes]) -> Iterator[Export | Record]:
        """Export a stream from its start."""
        for part in self._reader.parts(chunks):
            if isinstance(part, Record):
                yield part
            else:
                yield from self.piece(part)

    def file(self, text: bytes) -> Iterator[Export | Record]:
        """Export a file that is already in memory, and most likely a single study."""
        study = self._emitted(Piece(0, text), 0)
        if study and study[1] == len(text):
            yield study[0]
        else:
            self._reader = StreamReader(self._reader.file, self._reader.reject)
            yield from self.stream(iter([text]))

    def piece(self, piece: Piece) -> Iterator[Export | Record]:
        """Export the studies of a piece."""
        at, size = 0, len(piece.data)
        while at < size:
            if study := self._emitted(piece, at):
                export, at = study
                yield export
            else:
                part = piece.study(at)
                at += len(part.data)
                yield from self._split(part)

    def _emitted(self, piece: Piece, at: int) -> tuple[Export, int] | None:
        """Return the export of the study at a position, and the position after it and the separators that follow.

        Return None unless the next study or the end of the piece follows, where :meth:`Piece.study` would split it too.
        """
        if not piece.whole or not splitter.starts_at(piece.data, at):
            return None
        emitted = self._exporter.try_json_at(piece.data, at)
        if emitted is None:
            return None
        exported, end = emitted
        following, closed_lists = splitter.skip_separator(piece.data, end)
        if following < len(piece.data) and not splitter.starts_at(piece.data, following):
            return None
        return (self._reader.count(closed_lists), exported), following

    def _split(self, part: Piece) -> Iterator[Export | Record]:
        """Export a part with at most one study: also by the emitter, which accepts more escapes if a text is split."""
        exported = self._exporter.try_json(splitter.bare(part.data)) if part.whole else None
        if exported is not None:
            yield self._reader.count(splitter.closed(part.data)), exported
        else:
            yield from self._reader.parse(part)


def studies(records: Iterable[Export | Record], exporter: Exporter, reject: Reject) -> Iterator[Export]:
    """Yield the export of each record with its position; report records that are not studies, and invalid fields."""
    for record in records:
        if not isinstance(record, Record):
            position, exported = record
        elif interpreted := _interpreted(record, exporter, reject):
            position, exported = record.position, interpreted
        else:
            continue
        for problem in exported.errors:
            problem.file, problem.record = position
            reject(problem)
        yield position, exported


def _interpreted(record: Record, exporter: Exporter, reject: Reject) -> Exported | None:
    try:
        return exporter(record.data, is_clean=record.is_clean)
    except RecordError as error:
        error.file, error.record = record.position
        reject(error)
    except Exception as error:  # a bug of the exporter must not end the run
        problem = f"cannot be exported ({type(error).__name__}: {error})"
        reject(RecordError(problem, file=record.file, record=record.number))
    return None


def exports(
    inputs: Iterable[AnyInput], exporter: Exporter, reject: Reject, progress: Progress | None = None
) -> Iterator[Export]:
    """Yield every study of the inputs with its export; the arguments are those of :func:`kg.records.reader.read`."""
    items = flatten(inputs)
    problems = RunProblems(reject, items)
    return exports_of(sources(items, problems, progress), exporter, problems)


def exports_of(streams: Iterable[Source], exporter: Exporter, problems: RunProblems) -> Iterator[Export]:
    """Yield every study of some streams with its export."""
    records = (
        record
        for source in streams
        for record in StreamExporter(StreamReader(source.name, problems), exporter).stream(source.open())
    )
    return problems.ended_after(studies(records, exporter, problems))


def changes(
    inputs: Iterable[AnyInput],
    exporter: Exporter,
    reject: Reject,
    is_current: Callable[[str, str], bool],
    progress: Progress | None = None,
) -> Iterator[tuple[RecordPosition, Exported | str]]:
    """Yield every study of the inputs: its NCT number alone if it is current, otherwise with its export.

    ``is_current`` is called with the NCT number of a study and the digest of its record. The fields of a record that is
    current are not checked again.
    """
    for record in read(inputs, reject, progress):
        with suppress(RecordError):
            study, digest = exporter.identity(record.data)
            if is_current(study, digest):
                yield record.position, study
                continue
        yield from studies([_emitted(record, exporter) or record], exporter, reject)


def _emitted(record: Record, exporter: Exporter) -> Export | None:
    """Return the export of a parsed record by the emitter, ``None`` if the interpreter has to export it."""
    try:
        exported = exporter.try_json(orjson.dumps(record.data)) if record.is_clean else None
    except (TypeError, ValueError, RecursionError):  # JSON of other parsers
        return None
    return (record.position, exported) if exported else None


def newest(exports: Iterable[tuple[object, Exported]]) -> dict[str, Exported]:
    """Return the newest export of each study, the later one of equal versions, in the order of the first records."""
    newest: dict[str, Exported] = {}
    for _, exported in exports:
        earlier = newest.get(exported.study)
        if earlier is None or earlier.version <= exported.version:
            newest[exported.study] = exported
    return newest


def usages(exported: Iterable[Exported]) -> list[Usage]:
    """Return the shared resources of some studies, with the number of studies that refer to each description."""
    counts = Counter(description for study in exported for description in study.shared)
    return [Usage(description, count) for description, count in counts.items()]
