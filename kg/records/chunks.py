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
from kg.records.byte_ranges import Place, Places
from kg.records.decompress import CHUNK, SMALL
from kg.records.reader import Reading, Record
from kg.records.sources import Source, failure, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


LARGE = 2 << 20
"""Bytes of a file of this machine from which on it is read where its parcels are."""
AHEAD = 16 << 20
"""Bytes behind the parcels of such a file that are asked of the disk before they are wanted, half of them at once."""


class Sent(NamedTuple):
    """A piece of a file that is still to be read: where it begins, and its bytes or where they are on this machine.

    ``cut_short`` tells that the file could not be read on behind it.
    """

    file: str
    at: int
    size: int
    data: bytes = b""
    place: Place | None = None
    whole: bool = True
    cut_short: bool = False


class Parcel(NamedTuple):
    """A piece, likely some studies, and the reading of the file that it is part of."""

    reading: Reading
    sent: Sent


class Small(NamedTuple):
    """A file, or a member of an archive, that whoever takes it reads from its beginning to its end."""

    file: str
    place: Place


class End(NamedTuple):
    """The end of a file whose parcels may still be on their way."""

    reading: Reading


def parcels(
    inputs: Iterable[str | os.PathLike[str]],
    reject: Reject,
    progress: Progress | None = None,
    besides: Iterable[str] = (),
) -> Iterator[Record | Parcel | Small | End]:
    """The inputs as of :func:`kg.records.reader.read`, but small files are left as they are, and others only cut.

    :meth:`kg.records.reader.Reading.read_at_once` and :meth:`kg.records.reader.Reading.records_of` read them.
    """
    return parcels_of(sources(inputs, reject, progress, besides), reject)


def parcels_of(found: Iterable[Source], reject: Reject) -> Iterator[Record | Parcel | Small | End]:
    """The parcels of some streams."""
    for source in found:
        if source.place is not None and source.place.size <= SMALL:
            source.tell(source.place.taken)
            yield Small(source.name, source.place)
            continue
        reading = Reading(source.name, reject)
        yield from _of(source, reading)
        yield End(reading)


def parcel(reading: Reading, piece: splitter.Piece, cut_short: bool = False) -> Parcel:
    """A piece of a stream as a parcel."""
    return Parcel(
        reading, Sent(reading.file, piece.at, len(piece.data), piece.data, whole=piece.whole, cut_short=cut_short)
    )


def _of(source: Source, reading: Reading) -> Iterator[Record | Parcel]:
    """A stream in parcels, or its studies where it does not begin as JSON does."""
    whole = reading.start(source.open())
    if whole is None:
        reading.refused = True
    elif reading.is_page or not reading.begins:
        yield from reading.page(whole) if reading.is_page else reading.stream(whole)
    elif source.place is not None and source.place.size > LARGE:
        yield from _ranges(source, source.place, reading)
    else:
        yield from _pieces(whole, reading)


def _told(chunks: Iterator[bytes], source: Source, known: int) -> Iterator[bytes]:
    """Some chunks of a source, which is told of them but for so many bytes that it knows of."""
    for chunk in chunks:
        source.tell(len(chunk) - max(0, known))
        known -= len(chunk)
        yield chunk


def _pieces(chunks: Iterator[bytes], reading: Reading, at: int = 0) -> Iterator[Parcel]:
    for piece in splitter.Cutter(at=at).pieces(chunks):
        yield parcel(reading, piece, reading.failure is not None)


def _fetch(file: IO[bytes], begin: int, end: int) -> None:
    """Has the system bring a part of a file into memory, where it can, and does not wait for it.

    Each process reads a parcel here and a parcel there, by which the system does not see what comes next.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # it is advice
            os.posix_fadvise(file.fileno(), begin, end - begin, os.POSIX_FADV_WILLNEED)


def _ranges(source: Source, place: Place, reading: Reading) -> Iterator[Parcel]:
    """The parcels of a large file of this machine, of which only what stands around their ends is read here."""
    try:
        with Places() as places:
            file, at, fetched = places.file(place), 0, 0
            for begin, end in splitter.ranges(file):
                if fetched < end + AHEAD // 2:
                    _fetch(file, max(begin, fetched), fetched := end + AHEAD)
                there = place._replace(at=begin, size=end - begin)
                yield Parcel(reading, Sent(reading.file, begin, end - begin, place=there))
                source.tell(end - max(begin, reading.looked))
                at = end
            if at > file.seek(0, os.SEEK_END):
                reading.failure = SourceError("was cut shorter while it was read", file=reading.file)
            file.seek(at)
            rest = Source(source.name, _told(iter(partial(file.read, CHUNK), b""), source, reading.looked - at))
            yield from _pieces(reading.until_failure(rest.open()), reading, at)
    except OSError as error:
        reading.failure = failure(reading.file, error)
