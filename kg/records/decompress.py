"""Compressed bytes as streams: gzip, Zstandard and zip, by their first bytes, as they are read, within bounds.

Nothing is unpacked to disk. A stream that ends too early, lies about itself or swells out of proportion ends in
a :class:`~kg.errors.SourceError`, after the bytes that came before.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from kg.errors import SourceError
from kg.records.archive import ALL, Contents
from kg.records.byte_ranges import ByteRange, RangeReader, ZipEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from zipfile import ZipFile, ZipInfo

    Codec = Callable[[Iterable[bytes]], Iterator[bytes]]

CHUNK = 1 << 20
"""Bytes asked for at once."""
STEP = 1 << 10
"""Compressed bytes given to a decompressor at once: 1 KiB of Zstandard can become 32 MiB."""
FREE = 16 << 20
"""Bytes that anything may swell to; beyond them :data:`DEFLATE` and :data:`ZSTANDARD` bind."""
DEFLATE = 500
"""The largest ratio believed of gzip and zip: the same study again and again, with another id, gives 130."""
ZSTANDARD = 10_000
"""The same of Zstandard, where that gives 2,500."""
MAX_SPOOL = 4 << 30
"""Bytes kept (on disk, from 64 MiB on) of a zip archive that cannot be read out of order where it is."""
LAYERS = 4
"""How often a stream may be packed over."""

SMALL = 1 << 20
"""Bytes of what is read at once, and alone."""
_LOCAL = struct.Struct("<4s2xH18xHH")
"""What stands before a file in a zip archive: a mark, flags, and the sizes of its name and of more before its bytes."""
_MARK = b"PK\x03\x04"
_LOOKED_AT = 1 << 10
"""Bytes that are looked at of a file in an archive and of what stands before it."""
_METHODS = (0, 8)
"""Stored, deflated."""
_UTF8 = 1 << 11
_PLAIN_FLAGS = _UTF8 | 0b1110
"""What does not change how bytes are read: the name is UTF-8, sizes stand behind, how hard it was deflated."""
_GZIP = re.compile(rb"\x1f\x8b")
_ZSTANDARD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_ZIP = re.compile(rb"PK(?:\x03\x04|\x05\x06)")


def peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a stream, at least ``size`` where it has them, and the whole stream again.

    >>> head, whole = peek(iter([b"a", b"b", b"c"]), 2)
    >>> head, list(whole)
    (b'ab', [b'ab', b'c'])
    """
    head = b""
    while len(head) < size and (chunk := next(chunks, None)) is not None:
        head += chunk
    return head, chain([head], chunks)


def is_zip(head: bytes) -> bool:
    """Whether a stream that begins so is a zip archive."""
    return _ZIP.match(head) is not None


def is_plain(head: bytes) -> bool:
    """Whether a stream that begins so may be JSON as it stands, and in UTF-8.

    >>> is_plain(b'{"a"'), is_plain(b"[]"), is_plain(b"\\xef\\xbb\\xbf{"), is_plain(b"PK\\x03\\x04")
    (True, True, False, False)
    """
    return head[:1] in (b"{", b"[") and b"\0" not in head


def unpacked(chunks: Iterator[bytes], layers: int = 0) -> Iterator[bytes]:
    """A stream without the gzip and Zstandard around it.

    Raises :class:`SourceError` for an archive in it and for one that swells out of proportion, and whatever the
    decompressor raises for a damaged one.
    """
    head, chunks = peek(chunks, 4)
    if is_zip(head):
        raise SourceError("is a zip archive inside another archive: unpack the outer one first")
    if layers == LAYERS:
        raise SourceError(f"is packed more than {LAYERS - 1} times over")
    if _GZIP.match(head):
        return unpacked(_swollen(_gunzip, chunks, DEFLATE), layers + 1)
    if _ZSTANDARD.match(head):
        return unpacked(_swollen(_unzstd, chunks, ZSTANDARD), layers + 1)
    return chunks


class _Steps:
    """A stream in small steps, and how many bytes of it were taken."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            for at in range(0, len(chunk), STEP):
                step = chunk[at : at + STEP]
                self.taken += len(step)
                yield step


def _swollen(codec: Codec, chunks: Iterable[bytes], ratio: int) -> Iterator[bytes]:
    """What a codec makes, gathered to larger chunks; what it made before it failed comes before the error."""
    steps, gathered, made = _Steps(chunks), io.BytesIO(), 0
    try:
        for piece in codec(steps):
            made += len(piece)
            if made > FREE + ratio * steps.taken:
                raise SourceError(f"swells to more than {ratio} times its size, which no file of records does")
            gathered.write(piece)
            if gathered.tell() >= CHUNK >> 2:
                yield gathered.getvalue()
                gathered = io.BytesIO()
    except Exception:
        yield gathered.getvalue()
        raise
    yield gathered.getvalue()


def _gunzip(steps: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(31)
    for step in steps:
        while step:
            if member.eof:
                step = step.lstrip(b"\0")  # padding, as tapes and block devices leave it
                member = zlib.decompressobj(31) if step else member
            yield member.decompress(step, CHUNK) if step else b""
            step = member.unconsumed_tail or (member.unused_data if member.eof and step else b"")
    yield member.flush()
    if not member.eof:
        raise SourceError("ends before its gzip data do")


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
        raise SourceError("ends before its Zstandard data do")


# -- zip --------------------------------------------------------------------------------------------------------


class Member(NamedTuple):
    """A file of a zip archive: its name, its bytes, and where they can be read alone, if they are small and plain."""

    name: str
    chunks: Iterator[bytes]
    place: ByteRange | None


def members(raw: IO[bytes], head: bytes, span: slice = ALL, place: ByteRange | None = None) -> Iterator[Member]:
    """The files of a zip archive by name, each with its bytes, to be read before the next one is asked for.

    ``head`` is what was read of ``raw`` already, ``span`` which of the files are wanted, ``place`` where the archive
    is on this machine. Hidden files and folders are left out. Raises :class:`SourceError` and
    :class:`zipfile.BadZipFile` for an archive that cannot be read; the bytes of a member raise likewise.
    """
    with _seekable(raw, head) as file, RangeReader() as places:
        found = _wanted(file)
        if found.packed > file.seek(0, io.SEEK_END):
            raise SourceError("is a zip archive whose members overlap")
        for info in found.files(span):
            yield Member(info.filename, _member(found.archive, info), _alone(places, place, info) if place else None)


def sizes(raw: IO[bytes]) -> list[int]:
    """The unpacked sizes of the files of a zip archive, in the order of :func:`members`."""
    return [info.file_size for info in _wanted(raw).files()]


def _wanted(file: IO[bytes]) -> Contents:
    found = Contents(file)
    if not len(found):
        raise SourceError("is a zip archive without a file to read")
    return found


def _member(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    if info.flag_bits & 1:
        raise SourceError("is encrypted, and no password can be given")
    if info.file_size > FREE + DEFLATE * info.compress_size:  # it is never read further than it says
        raise SourceError(f"swells to more than {DEFLATE} times its size, which no file of records does")
    with archive.open(info) as handle:
        yield from unpacked(of_size(iter(partial(handle.read, CHUNK), b""), info.file_size))


def _alone(places: RangeReader, archive: ByteRange, info: ZipInfo) -> ByteRange | None:
    """Where a file of an archive stands, if it is small, packed as most are, and plain
    (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7).
    """
    deflated = info.compress_type == _METHODS[1]
    sizes = (info.file_size, info.compress_size)
    if info.compress_type not in _METHODS or info.flag_bits & ~_PLAIN_FLAGS or max(sizes) > SMALL:
        return None
    try:
        head = places.at(archive._replace(at=info.header_offset), _LOOKED_AT)
        mark, flags, name, extra = _LOCAL.unpack_from(head)
        begin = _LOCAL.size + name + extra
        data = head[begin : begin + info.compress_size]
        first = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, 4) if deflated else data[:4]
        said = head[_LOCAL.size : _LOCAL.size + name].decode("utf-8" if flags & _UTF8 else "cp437")
    except (OSError, OverflowError, ValueError, struct.error, zlib.error):  # who reads it in turn says what is wrong
        return None
    end = getattr(info, "_end_offset", None)  # where Python knows what stands behind it
    if (
        mark != _MARK
        or (flags ^ info.flag_bits) & _UTF8
        or said != info.orig_filename
        or (end is not None and info.header_offset + begin + info.compress_size > end)
        or (not deflated and sizes[0] != sizes[1])
        or len(first) < 4
        or not is_plain(first)
    ):
        return None
    packed = ZipEntry(info.filename, info.compress_size, begin, info.CRC, deflated)
    return archive._replace(at=info.header_offset + begin, size=info.file_size, packed=packed)


def of_size(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """A file of an archive; raises :class:`SourceError` at its end where that is not of the size that is told."""
    for chunk in chunks:
        size -= len(chunk)
        yield chunk
    if size:
        raise SourceError("is not of the size that its archive tells")


@contextmanager
def _seekable(raw: IO[bytes], head: bytes) -> Iterator[IO[bytes]]:
    """The file itself where it can be read out of order, else a temporary copy."""
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
            raise SourceError(f"is a zip archive of more than {MAX_SPOOL >> 30} GiB: give it as a file of this machine")
