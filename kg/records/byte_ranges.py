"""Byte ranges: where bytes are on this machine, so that whoever wants them can read them there."""

from __future__ import annotations

import os
import stat
import zlib
from typing import IO, NamedTuple

from kg.errors import SourceError

REPLACED = "it was replaced while it was read"

FileId = tuple[int, int]
"""The device and the number of a file."""


class ZipEntry(NamedTuple):
    """How bytes stand in a zip archive: under which name, in how many bytes, behind how many that tell of them, with
    which checksum, deflated or not."""

    name: str
    size: int
    before: int
    crc: int
    deflated: bool


class ByteRange(NamedTuple):
    """Some bytes of a file, ``size`` of them where they are not packed; which file it is, whatever gets its path."""

    path: str
    file: FileId
    at: int
    size: int
    packed: ZipEntry | None = None

    @property
    def taken(self) -> int:
        """The bytes that they take in the file, and what tells of them before."""
        return self.packed.before + self.packed.size if self.packed else self.size


def file_id(found: os.stat_result) -> FileId:
    """Which file it is that something was found of."""
    return found.st_dev, found.st_ino


def whole_range(handle: object) -> ByteRange | None:
    """All of a file that is open, where it can be read again at any place, and tells how large it is."""
    try:
        path, found = os.fspath(handle.name), os.fstat(handle.fileno())  # type: ignore[attr-defined]  # it may have none
    except (AttributeError, OSError, TypeError):
        return None
    told = stat.S_ISREG(found.st_mode) and found.st_size > 0  # those of /proc do not
    return ByteRange(path, file_id(found), 0, found.st_size) if told else None


class RangeReader:
    """Reads what is at places; the file of the last one is kept open.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file, RangeReader() as places:
    ...     _ = file.write(b"abc"), file.flush()
    ...     places.read(whole_range(file)._replace(at=1, size=2))
    b'bc'
    """

    def __init__(self) -> None:
        self._open: tuple[str, FileId, IO[bytes]] | None = None

    def __enter__(self) -> RangeReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file that is open."""
        if self._open is not None:
            self._open[2].close()
            self._open = None

    def file(self, place: ByteRange) -> IO[bytes]:
        """The file of a place; raises :class:`OSError`, also where another one took its path."""
        if self._open is None or self._open[:2] != place[:2]:
            self.close()
            file = open(place.path, "rb", buffering=0)  # noqa: PTH123, SIM115 -- of many paths; closed on leaving
            self._open = (place.path, place.file, file)
            if file_id(os.fstat(file.fileno())) != place.file:
                self.close()
                raise OSError(0, REPLACED)
        return self._open[2]

    def at(self, place: ByteRange, size: int) -> bytes:
        """So many bytes of the file from a place on, or up to its end."""
        file = self.file(place)
        file.seek(place.at)
        data = file.read(size)
        while len(data) < size and (more := file.read(size - len(data))):
            data += more
        return data

    def read(self, place: ByteRange) -> bytes:
        """The bytes at a place, of which an archive may have fewer than it says.

        Raises :class:`OSError`, :class:`~kg.errors.SourceError`, :class:`zlib.error` and :class:`zipfile.BadZipFile`.
        """
        size = place.packed.size if place.packed else place.size
        data = self.at(place, size)
        if len(data) < size:
            raise SourceError("was cut shorter while it was read")
        return _unpacked(data, place.size, place.packed) if place.packed else data


def _unpacked(data: bytes, size: int, packed: ZipEntry) -> bytes:
    if packed.deflated:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, max(1, size))[:size]
    if zlib.crc32(data) != packed.crc:
        from zipfile import BadZipFile

        raise BadZipFile(f"Bad CRC-32 for file {packed.name!r}")
    return data
