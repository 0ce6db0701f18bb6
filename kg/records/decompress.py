"""Decompression of streams: gzip, bzip2, xz, Zstandard and zip, detected by their first bytes, within limits.

Nothing is extracted to disk. A stream that ends too early, contradicts its archive or expands out of proportion ends in
a :class:`~kg.errors.SourceError`, after the bytes before the fault.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from kg.errors import SourceError
from kg.records.archive import ALL, Contents
from kg.records.byte_ranges import ByteRange, RangeReader, ZipEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from zipfile import ZipFile, ZipInfo

    Codec = Callable[[Iterable[bytes]], Iterator[bytes]]

CHUNK = 1 << 20
"""Bytes per read."""
STEP = 1 << 10
"""Compressed bytes per call of a decompressor: 1 KiB of Zstandard can expand to 32 MiB."""
MIN_CHECKED = 16 << 20
"""Decompressed bytes from which on the ratio is limited."""
DEFLATE_RATIO = 500
"""Largest plausible ratio of gzip and zip: one study repeated with different ids gives 130."""
ZSTANDARD_RATIO = 10_000
"""Largest plausible ratio of Zstandard, where such a file gives 2,500, and of bzip2 and xz."""
XZ_MEMORY = 512 << 20
"""Bytes of memory that xz may need, which the file itself chooses."""
MAX_SPOOL = 4 << 30
"""Bytes kept (on disk from 64 MiB on) of a zip archive in a stream that is not seekable."""
MAX_LAYERS = 4
"""Limit of nested compression."""

SMALL = 1 << 20
"""Largest size of a file that is read in one go."""
_LOCAL_HEADER = struct.Struct("<4s2xH18xHH")
"""Signature, flags, and the lengths of the name and of the extra fields, of a member of a zip archive."""
_SIGNATURE = b"PK\x03\x04"
_HEAD = 1 << 10
"""Bytes read of a member of an archive, with its local header."""
_STORED, _DEFLATED = 0, 8
_UTF8 = 1 << 11
_PLAIN_FLAGS = _UTF8 | 0b1110
"""Flags that do not matter to a reader: name in UTF-8, sizes after the data, level of compression."""
_GZIP = re.compile(rb"\x1f\x8b")
_ZSTANDARD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_BZIP2 = re.compile(rb"BZh[1-9]")
_XZ = re.compile(rb"\xfd7zX")
_EXPANDS = "expands to more than {} times its compressed size, which no file of study records does"
_ZIP = re.compile(rb"PK(?:\x03\x04|\x05\x06)")


def peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes of a stream, at least ``size`` if it is as long, and the complete stream.

    >>> head, stream = peek(iter([b"a", b"b", b"c"]), 2)
    >>> head, list(stream)
    (b'ab', [b'ab', b'c'])
    """
    head = b""
    while len(head) < size and (chunk := next(chunks, None)) is not None:
        head += chunk
    return head, chain([head], chunks)


def is_zip(head: bytes) -> bool:
    """Return whether a stream with this start is a zip archive."""
    return _ZIP.match(head) is not None


def is_plain(head: bytes) -> bool:
    """Return whether a stream with this start may be JSON in UTF-8, without compression.

    >>> is_plain(b'{"a"'), is_plain(b"[]"), is_plain(b"\\xef\\xbb\\xbf{"), is_plain(b"PK\\x03\\x04")
    (True, True, False, False)
    """
    return head[:1] in (b"{", b"[") and b"\0" not in head


def decompressed(chunks: Iterator[bytes], layers: int = 0) -> Iterator[bytes]:
    """Decompress a stream of gzip, bzip2, xz or Zstandard, also if nested; return any other stream unchanged.

    Raises :class:`SourceError` for a zip archive in it and for a stream that expands out of proportion; for a damaged
    one, any exception of the decompressor.
    """
    head, chunks = peek(chunks, 4)
    if is_zip(head):
        raise SourceError("is a zip archive inside another archive; extract the outer one first")
    if layers == MAX_LAYERS:
        raise SourceError(f"is compressed more than {MAX_LAYERS - 1} times")
    if _GZIP.match(head):
        return decompressed(gunzip(chunks), layers + 1)
    if _ZSTANDARD.match(head):
        return decompressed(_limited(_unzstd, chunks, ZSTANDARD_RATIO), layers + 1)
    if _BZIP2.match(head) or _XZ.match(head):
        codec = _bunzip2 if _BZIP2.match(head) else _unxz
        return decompressed(_limited(codec, chunks, ZSTANDARD_RATIO), layers + 1)
    return chunks


class ChunkReader(io.RawIOBase):
    """A file object over an iterator of chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def close(self) -> None:
        """End the iterator, which may hold a connection."""
        if not self.closed and hasattr(self._chunks, "close"):
            self._chunks.close()
        super().close()


class _Steps:
    """A stream in small steps, with the number of bytes consumed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks
        self.consumed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            for at in range(0, len(chunk), STEP):
                step = chunk[at : at + STEP]
                self.consumed += len(step)
                yield step


def _limited(codec: Codec, chunks: Iterable[bytes], ratio: int) -> Iterator[bytes]:
    """Yield the output of a codec in larger chunks; before an error is raised, all output up to it is yielded.

    Raises :class:`SourceError` if the output is more than ``ratio`` times as large as the input.
    """
    steps, pending, size = _Steps(chunks), io.BytesIO(), 0
    try:
        for piece in codec(steps):
            size += len(piece)
            if size > MIN_CHECKED + ratio * steps.consumed:
                raise SourceError(_EXPANDS.format(ratio))
            pending.write(piece)
            if pending.tell() >= CHUNK >> 2:
                yield pending.getvalue()
                pending = io.BytesIO()
    except Exception:
        yield pending.getvalue()
        raise
    yield pending.getvalue()


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a stream of gzip within limits, whatever its content is."""
    return _limited(_gunzip, chunks, DEFLATE_RATIO)


def _gunzip(steps: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(31)
    for step in steps:
        while step:
            if member.eof:
                step = step.lstrip(b"\0")  # padding of tapes and block devices
                member = zlib.decompressobj(31) if step else member
            yield member.decompress(step, CHUNK) if step else b""
            step = member.unconsumed_tail or (member.unused_data if member.eof and step else b"")
    yield member.flush()
    if not member.eof:
        raise SourceError("ends before its gzip data is complete")


def _bunzip2(steps: Iterable[bytes]) -> Iterator[bytes]:
    from bz2 import BZ2Decompressor

    return _unpacked(steps, BZ2Decompressor, "bzip2")


def _unxz(steps: Iterable[bytes]) -> Iterator[bytes]:
    from lzma import FORMAT_XZ, LZMADecompressor

    return _unpacked(steps, partial(LZMADecompressor, FORMAT_XZ, XZ_MEMORY), "xz")


def _unpacked(steps: Iterable[bytes], begin: Callable[[], Any], name: str) -> Iterator[bytes]:
    """Decompress streams one after another, with padding between them."""
    stream = begin()
    for step in steps:
        more = True
        while more:
            if stream.eof:
                step = step.lstrip(b"\0")
                stream = begin() if step else stream
            yield stream.decompress(step, CHUNK) if not stream.eof else b""
            step = stream.unused_data if stream.eof and step else b""
            more = bool(step) or not (stream.eof or stream.needs_input)
    if not stream.eof:
        raise SourceError(f"ends before its {name} data is complete")


def _unzstd(steps: Iterable[bytes]) -> Iterator[bytes]:
    import zstandard

    begin = partial(zstandard.ZstdDecompressor().decompressobj, write_size=CHUNK >> 5)
    frame = begin()
    for step in steps:
        while step:
            frame = begin() if frame.eof else frame
            yield frame.decompress(step)
            step = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise SourceError("ends before its Zstandard data is complete")


# -- zip --------------------------------------------------------------------------------------------------------


class Member(NamedTuple):
    """A file of a zip archive: its name, its bytes, and where to read it alone if it is small and plain JSON."""

    name: str
    chunks: Iterator[bytes]
    byte_range: ByteRange | None


def members(raw: IO[bytes], head: bytes, span: slice = ALL, archive: ByteRange | None = None) -> Iterator[Member]:
    """Yield the files of a zip archive by name; read the bytes of each before the next one is requested.

    ``head`` was already read from ``raw``, ``span`` selects files, ``archive`` is the byte range of a local archive.
    Hidden files and folders are left out. Raises :class:`SourceError` and :class:`zipfile.BadZipFile` for an archive
    that cannot be read, as do the bytes of a member.
    """
    with _seekable(raw, head) as file, RangeReader() as ranges:
        contents = _contents(file)
        if contents.compressed_size > file.seek(0, io.SEEK_END):
            raise SourceError("is a zip archive whose members overlap")
        for info in contents.files(span):
            byte_range = _byte_range(ranges, archive, info) if archive else None
            yield Member(info.filename, _member(contents.archive, info), byte_range)


def sizes(raw: IO[bytes]) -> list[int]:
    """Return the uncompressed sizes of the files of a zip archive, in the order of :func:`members`."""
    return [info.file_size for info in _contents(raw).files()]


def _contents(file: IO[bytes]) -> Contents:
    contents = Contents(file)
    if not len(contents):
        raise SourceError("is a zip archive without files to read")
    return contents


def _member(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    if info.flag_bits & 1:
        raise SourceError("is encrypted, which is not supported")
    if info.file_size > MIN_CHECKED + DEFLATE_RATIO * info.compress_size:  # zipfile reads no more than this size
        raise SourceError(_EXPANDS.format(DEFLATE_RATIO))
    with archive.open(info) as handle:
        yield from decompressed(of_size(iter(partial(handle.read, CHUNK), b""), info.file_size))


def _byte_range(ranges: RangeReader, archive: ByteRange, info: ZipInfo) -> ByteRange | None:
    """Return the byte range of a member that is small, plain JSON and stored or deflated; otherwise None
    (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7).

    Members that are unusual or damaged in any way are left to :mod:`zipfile`, which reports the problem.
    """
    method, sizes = info.compress_type, (info.file_size, info.compress_size)
    if method not in (_STORED, _DEFLATED) or info.flag_bits & ~_PLAIN_FLAGS or max(sizes) > SMALL:
        return None
    if method == _STORED and sizes[0] != sizes[1]:
        return None
    try:
        head = ranges.at(archive._replace(at=info.header_offset), _HEAD)
        header_size = _header_size(head, info)
        data = head[header_size : header_size + info.compress_size] if header_size else b""
        start = data[:4] if method == _STORED else zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, 4)
    except (OSError, OverflowError, ValueError, struct.error, zlib.error):
        return None
    end = getattr(info, "_end_offset", None)  # the start of the next member, in newer versions of Python
    overlaps = end is not None and info.header_offset + header_size + info.compress_size > end
    if overlaps or len(start) < 4 or not is_plain(start):
        return None
    entry = ZipEntry(info.filename, info.compress_size, header_size, info.CRC, method == _DEFLATED)
    return archive._replace(at=info.header_offset + header_size, size=info.file_size, entry=entry)


def _header_size(head: bytes, info: ZipInfo) -> int:
    """Return the size of a local header, or 0 if it contradicts the directory of the archive."""
    signature, flags, name_size, extra_size = _LOCAL_HEADER.unpack_from(head)
    name = head[_LOCAL_HEADER.size : _LOCAL_HEADER.size + name_size].decode("utf-8" if flags & _UTF8 else "cp437")
    if signature != _SIGNATURE or (flags ^ info.flag_bits) & _UTF8 or name != info.orig_filename:
        return 0
    return int(_LOCAL_HEADER.size + name_size + extra_size)


def of_size(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield a member of an archive; raises :class:`SourceError` at its end if its size is not the expected one."""
    for chunk in chunks:
        size -= len(chunk)
        yield chunk
    if size:
        raise SourceError("does not have the size that its archive states")


@contextmanager
def _seekable(raw: IO[bytes], head: bytes) -> Iterator[IO[bytes]]:
    """Return the file itself if it is seekable, otherwise a temporary copy."""
    try:
        raw.seek(0)
    except (OSError, ValueError):
        from tempfile import SpooledTemporaryFile

        with SpooledTemporaryFile(max_size=64 * CHUNK) as copy:
            _spool(chain([head], iter(partial(raw.read, CHUNK), b"")), cast("IO[bytes]", copy))
            yield cast("IO[bytes]", copy)
    else:
        yield raw


def _spool(chunks: Iterable[bytes], copy: IO[bytes]) -> None:
    for chunk in chunks:
        copy.write(chunk)
        if copy.tell() > MAX_SPOOL:
            raise SourceError(f"is a zip archive of more than {MAX_SPOOL >> 30} GiB; name a local file of it")
