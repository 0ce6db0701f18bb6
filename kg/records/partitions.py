"""The input in partitions: what a machine reads by itself, of any size and wherever the files are.

A large file of JSON is cut into ranges of bytes, a large zip archive into ranges of members; small files stand
together. A study belongs to the range in which it starts, wherever a reader starts to look
(:mod:`kg.records.splitter`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING

from kg._types import Reject
from kg.errors import UsageError
from kg.records import splitter
from kg.records.chunks import Chunk, EndOfFile, WholeFile, chunk_of, chunks_of
from kg.records.decompress import CHUNK, is_plain, is_zip, sizes
from kg.records.reader import Record, StreamReader
from kg.records.saved_page import is_page
from kg.records.sources import Source, files, opened, size_of, streams

if TYPE_CHECKING:
    import os


SIZE = 64 << 20
"""Bytes of input, unpacked where that is known, from which on a partition is full."""


@dataclass(frozen=True, slots=True)
class Span:
    """A file, its bytes from ``begin`` to ``end``, or those of its members; ``last`` tells that none come behind."""

    name: str
    place: str
    size: int
    kind: str = "file"
    begin: int = 0
    end: int = 0
    last: bool = True

    def chunks(self, reject: Reject) -> Iterator[Record | Chunk | WholeFile | EndOfFile]:
        """What is read of it, as of :func:`kg.records.chunks.read_chunks`."""
        if self.kind == "bytes":
            yield from self._range(reject)
            return
        span = slice(self.begin, self.end) if self.kind == "members" else slice(None)
        yield from chunks_of(streams(self.name, self.place, reject, span), reject)

    def _range(self, reject: Reject) -> Iterator[Chunk | EndOfFile]:
        reader = StreamReader(self.name, reject)
        with opened(self.place) as file:
            file.seek(self.begin)
            chunks = Source(self.name, iter(partial(file.read, CHUNK), b"")).open()
            for piece in self._pieces(chunks):
                yield chunk_of(reader, piece)
        if self.last:
            yield EndOfFile(reader)

    def _pieces(self, chunks: Iterator[bytes]) -> Iterator[splitter.Piece]:
        """The studies that start in the range, each with what stands behind it."""
        ours = self.begin == 0
        for piece in (each for large in splitter.Splitter(at=self.begin).pieces(chunks) for each in large.studies()):
            if splitter.START.match(piece.data):
                if piece.at >= self.end:
                    return
                ours = True
            if ours:
                yield piece


Partition = tuple[Span, ...]


def partitions(inputs: Iterable[str | os.PathLike[str]], reject: Reject, size: int = SIZE) -> Iterator[Partition]:
    """The inputs in partitions of about so many bytes, in the order in which :func:`kg.records.reader.read` reads them.

    Raises :class:`~kg.errors.UsageError` where an input does not exist, or is standard input.
    """
    gathered: list[Span] = []
    for span in _spans(inputs, reject, size):
        gathered.append(span)
        if sum(each.size for each in gathered) >= size:
            yield tuple(gathered)
            gathered = []
    if gathered:
        yield tuple(gathered)


def _spans(inputs: Iterable[str | os.PathLike[str]], reject: Reject, size: int) -> Iterator[Span]:
    given = list(inputs)
    if "-" in given:
        raise UsageError("Standard input is at one machine only; name files, folders or addresses.")
    for name, place in files(given, reject):
        yield from _spans_of(name, place, size)


def _spans_of(name: str, place: str, size: int) -> Iterator[Span]:
    try:
        whole = size_of(place)
        if whole is None or whole <= size // 2:
            yield Span(name, place, whole or size)
            return
        with opened(place) as file:
            yield from _cut(name, place, whole, file, size)
    except Exception:  # remote stores raise whatever they like
        yield Span(name, place, 0)  # who reads it says what is wrong with it


def _cut(name: str, place: str, whole: int, file: IO[bytes], size: int) -> Iterator[Span]:
    head = file.read(splitter.HEAD)
    if is_zip(head):
        file.seek(0)
        yield from _members(name, place, sizes(file), size)
    elif is_plain(head) and splitter.START.search(head) and not is_page(splitter.decoded(head)):
        for begin in range(0, whole, size):
            end = min(begin + size, whole)
            yield Span(name, place, end - begin, "bytes", begin, end, end == whole)
    else:
        yield Span(name, place, whole)


def _members(name: str, place: str, found: list[int], size: int) -> Iterator[Span]:
    begin, gathered = 0, 0
    for i, each in enumerate(found):
        gathered += each
        if gathered >= size or i == len(found) - 1:
            yield Span(name, place, gathered, "members", begin, i + 1, i == len(found) - 1)
            begin, gathered = i + 1, 0
