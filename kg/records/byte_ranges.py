"""Byte ranges of local files, so that another process can read them by itself."""

from __future__ import annotations

import os
import stat
import zlib
from typing import IO, NamedTuple

from kg.errors import SourceError

REPLACED = "the file was replaced while it was read"
TRUNCATED = "was truncated while it was read"

FileId = tuple[int, int]
"""The device and the inode number of a file."""


class ZipEntry(NamedTuple):
    """How a member of a zip archive is stored: its name, compressed size, the size of the header before it, checksum,
    and whether it is deflated."""

    name: str
    size: int
    header_size: int
    crc: int
    deflated: bool


class ByteRange(NamedTuple):
    """Bytes of a local file, ``size`` of them when decompressed; ``file`` detects that the file was replaced."""

    path: str
    file: FileId
    at: int
    size: int
    entry: ZipEntry | None = None

    @property
    def stored_size(self) -> int:
        """Number of bytes in the file, with the header of a member of an archive."""
        return self.entry.header_size + self.entry.size if self.entry else self.size


def file_id(status: os.stat_result) -> FileId:
    """Return the identity of a file from its status."""
    return status.st_dev, status.st_ino


def whole_range(handle: object) -> ByteRange | None:
    """Return the byte range of a whole open file, if it is a regular file with a path and a size."""
    try:
        path, status = os.fspath(handle.name), os.fstat(handle.fileno())  # type: ignore[attr-defined]  # it may have none
    except (AttributeError, OSError, TypeError):
        return None
    has_size = stat.S_ISREG(status.st_mode) and status.st_size > 0  # files of /proc have none
    return ByteRange(path, file_id(status), 0, status.st_size) if has_size else None


class RangeReader:
    """Reads byte ranges; the file of the last one is kept open.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file, RangeReader() as ranges:
    ...     _ = file.write(b"abc"), file.flush()
    ...     ranges.read(whole_range(file)._replace(at=1, size=2))
    b'bc'
    """

    def __init__(self) -> None:
        self._open: tuple[str, FileId, IO[bytes]] | None = None

    def __enter__(self) -> RangeReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the open file."""
        if self._open is not None:
            self._open[2].close()
            self._open = None

    def file(self, byte_range: ByteRange) -> IO[bytes]:
        """Return the open file of a range; raises :class:`OSError`, also if its path now leads to another file."""
        if self._open is None or self._open[:2] != byte_range[:2]:
            self.close()
            file = open(byte_range.path, "rb", buffering=0)  # noqa: PTH123, SIM115 -- faster than Path; closed on leaving
            self._open = (byte_range.path, byte_range.file, file)
            if file_id(os.fstat(file.fileno())) != byte_range.file:
                self.close()
                raise OSError(0, REPLACED)
        return self._open[2]

    def at(self, byte_range: ByteRange, size: int) -> bytes:
        """Read a number of bytes from the start of a range, or up to the end of the file."""
        file = self.file(byte_range)
        file.seek(byte_range.at)
        data = file.read(size)
        while len(data) < size and (more := file.read(size - len(data))):
            data += more
        return data

    def read(self, byte_range: ByteRange) -> bytes:
        """Read and decompress a range; a member of an archive may be shorter than the archive states.

        Raises :class:`OSError`, :class:`~kg.errors.SourceError`, :class:`zlib.error` and :class:`zipfile.BadZipFile`.
        """
        size = byte_range.entry.size if byte_range.entry else byte_range.size
        data = self.at(byte_range, size)
        if len(data) < size:
            raise SourceError(TRUNCATED)
        return _decompressed(data, byte_range.size, byte_range.entry) if byte_range.entry else data


def _decompressed(data: bytes, size: int, entry: ZipEntry) -> bytes:
    if entry.deflated:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, max(1, size))[:size]
    if zlib.crc32(data) != entry.crc:
        from zipfile import BadZipFile

        raise BadZipFile(f"Bad CRC-32 for file {entry.name!r}")
    return data
