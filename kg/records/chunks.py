"""The input in chunks of about 1 MiB, which another process can read and parse.

Large files are split where studies start, and a chunk of a local file is only a byte range of it. The scan states of
the chunks are merged, in their order, into the reader of the file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple

from kg._types import Progress, Reject
from kg.errors import SourceError
from kg.records import splitter
from kg.records.byte_ranges import TRUNCATED, ByteRange, RangeReader
from kg.records.decompress import CHUNK, SMALL
from kg.records.objects import AnyInput
from kg.records.reader import Record, StreamReader
from kg.records.sources import Source, read_failure, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


LARGE = 2 << 20
"""Size in bytes from which the chunks of a local file are byte ranges."""
AHEAD = 16 << 20
"""Bytes after the current chunk of such a file that the system is asked to read ahead, half of them at a time."""


class ChunkData(NamedTuple):
    """A chunk of a file, to be read: its offset, and its content or the byte range of a local file that holds it.

    ``whole`` and ``truncated`` are those of :class:`kg.records.splitter.Piece`.
    """

    file: str
    offset: int
    size: int
    content: bytes = b""
    byte_range: ByteRange | None = None
    whole: bool = True
    truncated: bool = False

    def piece(self, ranges: RangeReader) -> splitter.Piece:
        """Return the chunk as a piece; raises :class:`OSError` and :class:`~kg.errors.SourceError`."""
        content = ranges.read(self.byte_range) if self.byte_range else self.content
        return splitter.Piece(self.offset, content, self.whole, self.truncated)


class Chunk(NamedTuple):
    """A chunk, and the reader of the file that it is part of."""

    reader: StreamReader
    data: ChunkData


class WholeFile(NamedTuple):
    """A small file, or a small member of an archive, that is read in one go by the process that exports it."""

    file: str
    byte_range: ByteRange


class EndOfFile(NamedTuple):
    """The end of a file whose chunks may still be in progress."""

    reader: StreamReader


def read_chunks(
    inputs: Iterable[AnyInput],
    reject: Reject,
    progress: Progress | None = None,
    exclude: Iterable[str] = (),
) -> Iterator[Record | Chunk | WholeFile | EndOfFile]:
    """Yield the inputs in chunks, and small files as such; the records of saved pages are parsed.

    The arguments are those of :func:`kg.records.sources.sources`, the order that of :func:`kg.records.reader.read`.
    """
    return chunks_of(sources(inputs, reject, progress, exclude), reject)


def chunks_of(streams: Iterable[Source], reject: Reject) -> Iterator[Record | Chunk | WholeFile | EndOfFile]:
    """Yield the chunks of some streams."""
    for source in streams:
        if source.byte_range is not None and source.byte_range.size <= SMALL:
            source.report(source.byte_range.stored_size)
            yield WholeFile(source.name, source.byte_range)
            continue
        reader = StreamReader(source.name, reject)
        yield from _chunks(source, reader)
        yield EndOfFile(reader)


def chunk_of(reader: StreamReader, piece: splitter.Piece) -> Chunk:
    """Return a piece of a stream as a chunk."""
    data = ChunkData(reader.file, piece.at, len(piece.data), piece.data, None, piece.whole, piece.truncated)
    return Chunk(reader, data)


def _chunks(source: Source, reader: StreamReader) -> Iterator[Record | Chunk]:
    stream = reader.start(source.open())
    if stream is None:
        reader.refused = True
    elif reader.is_page:
        yield from reader.page(stream)
    elif not reader.starts_as_json:
        for piece in reader.pieces(stream):
            for study in piece.studies():
                yield from reader.parse(study)
    elif source.byte_range is not None and source.byte_range.size > LARGE:
        yield from _ranges(source, source.byte_range, reader)
    else:
        yield from (chunk_of(reader, piece) for piece in reader.pieces(stream))


def _ranges(source: Source, whole: ByteRange, reader: StreamReader) -> Iterator[Chunk]:
    """Yield the chunks of a large local file, of which only the bytes around their ends are read here."""
    try:
        with RangeReader() as ranges:
            file, at, requested = ranges.file(whole), 0, 0
            for begin, end in splitter.ranges(file):
                if requested < end + AHEAD // 2:
                    _read_ahead(file, max(begin, requested), requested := end + AHEAD)
                byte_range = whole._replace(at=begin, size=end - begin)
                yield Chunk(reader, ChunkData(reader.file, begin, end - begin, byte_range=byte_range))
                source.report(end - max(begin, reader.head_size))
                at = end
            if at > file.seek(0, os.SEEK_END):
                reader.failure = SourceError(TRUNCATED, file=reader.file)
            file.seek(at)
            rest = _reported(iter(partial(file.read, CHUNK), b""), source, reader.head_size - at)
            stream = reader.until_failure(Source(source.name, rest).open())
            yield from (chunk_of(reader, piece) for piece in reader.pieces(stream, at))
    except OSError as error:
        reader.failure = read_failure(reader.file, error)


def _read_ahead(file: IO[bytes], begin: int, end: int) -> None:
    """Ask the system to read a part of a file, without waiting for it.

    Several processes read chunks of the file in turn, so the system does not recognize a sequential access.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # it is advice
            os.posix_fadvise(file.fileno(), begin, end - begin, os.POSIX_FADV_WILLNEED)


def _reported(chunks: Iterator[bytes], source: Source, already_reported: int) -> Iterator[bytes]:
    """Yield bytes of a source, and report the number of those read, except for the first ones."""
    for chunk in chunks:
        source.report(len(chunk) - max(0, already_reported))
        already_reported -= len(chunk)
        yield chunk
