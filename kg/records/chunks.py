"""The input in parcels: pieces of likely some studies each, which are read where they are wanted.

Whoever takes a parcel reads it by itself; what that tells of the file is gathered, in the order of the parcels, in the
reading of that file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple

from kg._types import Progress, Reject
from kg.errors import SourceError
from kg.records import splitter
from kg.records.byte_ranges import ByteRange, RangeReader
from kg.records.decompress import CHUNK, SMALL
from kg.records.reader import Record, StreamReader
from kg.records.sources import Source, failure, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


LARGE = 2 << 20
"""Bytes of a file of this machine from which on it is read where its parcels are."""
AHEAD = 16 << 20
"""Bytes behind the parcels of such a file that are asked of the disk before they are wanted, half of them at once."""


class ChunkData(NamedTuple):
    """A piece of a file that is still to be read: where it begins, and its bytes or where they are on this machine.

    ``truncated`` tells that the file could not be read on behind it.
    """

    file: str
    offset: int
    size: int
    content: bytes = b""
    byte_range: ByteRange | None = None
    whole: bool = True
    truncated: bool = False


class Chunk(NamedTuple):
    """A piece, likely some studies, and the reading of the file that it is part of."""

    reader: StreamReader
    data: ChunkData


class WholeFile(NamedTuple):
    """A file, or a member of an archive, that whoever takes it reads from its beginning to its end."""

    file: str
    byte_range: ByteRange


class EndOfFile(NamedTuple):
    """The end of a file whose parcels may still be on their way."""

    reader: StreamReader


def read_chunks(
    inputs: Iterable[str | os.PathLike[str]],
    reject: Reject,
    progress: Progress | None = None,
    besides: Iterable[str] = (),
) -> Iterator[Record | Chunk | WholeFile | EndOfFile]:
    """The inputs as of :func:`kg.records.reader.read`, but small files are left as they are, and others only cut.

    :meth:`kg.records.reader.StreamReader.read_at_once` and :meth:`kg.records.reader.StreamReader.records_of` read them.
    """
    return chunks_of(sources(inputs, reject, progress, besides), reject)


def chunks_of(found: Iterable[Source], reject: Reject) -> Iterator[Record | Chunk | WholeFile | EndOfFile]:
    """The parcels of some streams."""
    for source in found:
        if source.byte_range is not None and source.byte_range.size <= SMALL:
            source.tell(source.byte_range.taken)
            yield WholeFile(source.name, source.byte_range)
            continue
        reader = StreamReader(source.name, reject)
        yield from _of(source, reader)
        yield EndOfFile(reader)


def chunk_of(reader: StreamReader, piece: splitter.Piece, truncated: bool = False) -> Chunk:
    """A piece of a stream as a parcel."""
    return Chunk(
        reader, ChunkData(reader.file, piece.at, len(piece.data), piece.data, whole=piece.whole, truncated=truncated)
    )


def _of(source: Source, reader: StreamReader) -> Iterator[Record | Chunk]:
    """A stream in parcels, or its studies where it does not begin as JSON does."""
    whole = reader.start(source.open())
    if whole is None:
        reader.refused = True
    elif reader.is_page or not reader.begins:
        yield from reader.page(whole) if reader.is_page else reader.stream(whole)
    elif source.byte_range is not None and source.byte_range.size > LARGE:
        yield from _ranges(source, source.byte_range, reader)
    else:
        yield from _pieces(whole, reader)


def _told(chunks: Iterator[bytes], source: Source, known: int) -> Iterator[bytes]:
    """Some chunks of a source, which is told of them but for so many bytes that it knows of."""
    for chunk in chunks:
        source.tell(len(chunk) - max(0, known))
        known -= len(chunk)
        yield chunk


def _pieces(chunks: Iterator[bytes], reader: StreamReader, at: int = 0) -> Iterator[Chunk]:
    for piece in splitter.Cutter(at=at).pieces(chunks):
        yield chunk_of(reader, piece, reader.failure is not None)


def _fetch(file: IO[bytes], begin: int, end: int) -> None:
    """Has the system bring a part of a file into memory, where it can, and does not wait for it.

    Each process reads a parcel here and a parcel there, by which the system does not see what comes next.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # it is advice
            os.posix_fadvise(file.fileno(), begin, end - begin, os.POSIX_FADV_WILLNEED)


def _ranges(source: Source, place: ByteRange, reader: StreamReader) -> Iterator[Chunk]:
    """The parcels of a large file of this machine, of which only what stands around their ends is read here."""
    try:
        with RangeReader() as places:
            file, at, fetched = places.file(place), 0, 0
            for begin, end in splitter.ranges(file):
                if fetched < end + AHEAD // 2:
                    _fetch(file, max(begin, fetched), fetched := end + AHEAD)
                there = place._replace(at=begin, size=end - begin)
                yield Chunk(reader, ChunkData(reader.file, begin, end - begin, byte_range=there))
                source.tell(end - max(begin, reader.looked))
                at = end
            if at > file.seek(0, os.SEEK_END):
                reader.failure = SourceError("was cut shorter while it was read", file=reader.file)
            file.seek(at)
            rest = Source(source.name, _told(iter(partial(file.read, CHUNK), b""), source, reader.looked - at))
            yield from _pieces(reader.until_failure(rest.open()), reader, at)
    except OSError as error:
        reader.failure = failure(reader.file, error)
