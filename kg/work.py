"""The work of an export in tasks: each some pieces of the input, and what comes of them as bytes and facts.

A task is done alone, by a pure function, wherever: what depends on the tasks before it (which record of a study is the
newest, the number of a record in its file) is worked out from the facts when the results are taken in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kg import cut
from kg.errors import InputError, SourceError
from kg.export import Exporter
from kg.formats import FORMATS
from kg.ledger import Entries
from kg.ontology import BASE
from kg.pack import packed
from kg.parcels import REPLACED, End, Parcel, Sent
from kg.records import Found, Reading, Record
from kg.source import file_id
from kg.studies import studies

TASK_ITEMS = 512

Item = Record | Parcel | End | InputError
NOTHING = Found(0, 0, False, False, [])
UNREAD = Found(0, 0, True, True, [])
"""What is found where a file cannot be read: it was JSON before, and something of it is lost."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the tasks of a run have in common."""

    format: str
    compression: str = ""
    contacts: bool = False
    base: str = BASE


class Outcome(NamedTuple):
    """What became of one item: the studies that were written, each as the record of that number in its part of the
    input; the problems, each behind so many of them; the records; what was found of the file that it is from; why that
    could not be read."""

    entries: Entries
    problems: list[tuple[int, InputError]]
    read: int
    found: Found
    unread: SourceError | None = None


@dataclass(slots=True)
class Result:
    """What became of a task: the pieces of its output, and each outcome."""

    outcomes: list[Outcome] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)


def tasks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in tasks of about :data:`kg.cut.SIZE`, at whose ends the frames of a compressed output end too."""
    task: list[Item] = []
    size = 0
    for item in items:
        task.append(item)
        size += item.sent.size if isinstance(item, Parcel) else 1
        if size >= cut.SIZE or len(task) >= TASK_ITEMS:
            yield task
            task, size = [], 0
    if task:
        yield task


class Worker:
    """Does tasks. ``first`` says that nothing was written before."""

    def __init__(self, settings: Settings) -> None:
        chosen = FORMATS[settings.format]
        self._exporter = Exporter(
            grouped=chosen.grouped, graphs=chosen.graphs, contacts=settings.contacts, base=settings.base
        )
        self.prefixes = self._exporter.prefixes
        self.frame = chosen.frame(self.prefixes)
        self._compression = settings.compression

    def __call__(self, task: Iterable[Item | Sent], *, first: bool = False) -> Result:
        """The result of a task."""
        result = Result()
        pieces: list[bytes] = []
        for item in task:
            if isinstance(item, Parcel | Sent):
                result.outcomes.append(self._piece(item.sent if isinstance(item, Parcel) else item, pieces))
            elif isinstance(item, Record):
                result.outcomes.append(self._write(_Telling(), [item], pieces))
        if first and self.frame.between:
            del pieces[:1]
        if self._compression:
            pieces = [packed(b"".join(pieces), self._compression)] if pieces else []
        result.pieces = pieces
        return result

    def _piece(self, sent: Sent, pieces: list[bytes]) -> Outcome:
        try:
            piece = cut.Piece(sent.at, sent.data or _read(sent), sent.whole)
        except SourceError as error:
            return Outcome(Entries(), [], 0, UNREAD, error)
        telling = _Telling()
        reading = Reading(sent.file, telling, self._exporter.quickly)
        outcome = self._write(telling, reading.records_of(piece, sent.cut_short), pieces)
        return outcome._replace(found=reading.found)

    def _write(self, telling: _Telling, records: Iterable[Record], pieces: list[bytes]) -> Outcome:
        """Adds the output of records; what is to be told of them."""
        read = 0

        def counted() -> Iterator[Record]:
            nonlocal read
            for record in records:
                read += 1
                yield record

        for record, exported in studies(counted(), self._exporter, telling):
            data = self.frame.encode(exported.data)
            pieces += (self.frame.between, data) if self.frame.between else (data,)
            telling.entries.add(record.number, exported, len(data))
        return Outcome(telling.entries, telling.problems, read, NOTHING)


def _read(sent: Sent) -> bytes:
    """Bytes of a file; raises :class:`~kg.errors.SourceError`."""
    try:
        with Path(sent.path).open("rb") as file:
            if file_id(file) != sent.id:
                raise OSError(0, REPLACED)
            file.seek(sent.at)
            data = file.read(sent.size)
    except OSError as error:
        raise SourceError(f"cannot be read to its end ({error.strerror})", file=sent.file) from error
    if len(data) < sent.size:
        raise SourceError("was cut shorter while it was read", file=sent.file)
    return data


@dataclass(slots=True)
class _Telling:
    """Takes what is to be told of an item, in its order."""

    entries: Entries = field(default_factory=Entries)
    problems: list[tuple[int, InputError]] = field(default_factory=list)

    def __call__(self, problem: InputError) -> None:
        self.problems.append((len(self.entries), problem))
