"""The table of contents of a zip archive, of which only a part is in memory at a time.

:mod:`zipfile` keeps some 600 bytes of each file of an archive, and of all at once. Here the table is looked through
first, for what its order takes, and then :mod:`zipfile` is given the archive again and again, each time as if it had
only some thousands of its files (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.12 to 4.3.16).
"""

from __future__ import annotations

import io
import os
import re
import struct
from array import array
from bisect import bisect_right
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipFile, ZipInfo

ALL = slice(None)
PART = 1 << 13
"""Files that :mod:`zipfile` is told of at once."""
_CHUNK = 1 << 20
"""Bytes of a table that are read at once, and that :mod:`zipfile` is told at once, if they are of several files."""
_STEP = 1 << 16
"""Bytes of it that are read again at once."""
_HIDDEN = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^./])")

_LOCAL = 30
"""The least that stands before a file."""
_ENTRY = struct.Struct("<4s2xBxH10xLLHHH8xL")
"""What a table says of a file: a mark, the version it takes to read it, flags, its packed and unpacked sizes, those of
its name, of more and of a comment, and where it begins."""
_END = struct.Struct("<4sHHHHLLH")
"""The end of an archive: a mark, disks and files, the size of the table, where it begins, the size of a comment."""
_END64 = struct.Struct("<4sQHHLLQQQQ")
_POINTER64 = struct.Struct("<4sLQL")
"""The end of a large archive, and what stands before its plain end and says where that is."""
_ENTRY_MARK, _END_MARK, _END64_MARK, _POINTER64_MARK = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_VERSION = 45
"""The version that it takes to read large archives."""
_VERSIONS = 63
"""The last version that :mod:`zipfile` reads."""
_UTF8 = 1 << 11
_IN_MORE = 0xFFFF_FFFF
"""A size or a place that is not said where it would be, but in more of the entry."""
_SIZES, _UNICODE_NAME = 1, 0x7075
"""What more says: large sizes and places, or a name in UTF-8."""
_MAX_16 = 0xFFFF


class Contents(Protocol):
    """The files of an archive but for folders and hidden ones, in the order of their names."""

    packed: int
    """The bytes that they take in the archive."""

    def __len__(self) -> int: ...

    def files(self, span: slice = ALL) -> Iterator[tuple[ZipFile, ZipInfo]]:
        """Files, each with an archive that has it, which is to be read before the next one is asked for."""
        ...


def contents(file: IO[bytes]) -> Contents:
    """The contents of an archive that can be read out of order, in parts, or as a whole where its table is odd.

    Raises :class:`zipfile.BadZipFile` and whatever :mod:`zipfile` raises for one that cannot be read.
    """
    try:
        return _Parts(file)
    except _OddError:
        return _Whole(file)


def is_wanted(name: str) -> bool:
    """Whether a name is that of a file, and of none that is hidden.

    >>> [name for name in ("a/b.json", "a/", "a/.b", "__MACOSX/a/b.json", "a/../b") if is_wanted(name)]
    ['a/b.json', 'a/../b']
    """
    return not name.endswith("/") and not _HIDDEN.search(name)


class _OddError(Exception):
    """A table is left to :mod:`zipfile`, which knows what it says, or what is wrong with it."""

    def __str__(self) -> str:
        return "it was changed while it was read"  # where it was none before


class _Whole:
    """Contents as :mod:`zipfile` reads them."""

    def __init__(self, file: IO[bytes]) -> None:
        from zipfile import ZipFile

        self._archive = ZipFile(file)
        found = [info for info in self._archive.infolist() if is_wanted(info.filename)]
        self._infos = sorted(found, key=lambda info: info.filename)
        self.packed = sum(info.compress_size for info in found)

    def __len__(self) -> int:
        return len(self._infos)

    def files(self, span: slice = ALL) -> Iterator[tuple[ZipFile, ZipInfo]]:
        for info in self._infos[span]:
            yield self._archive, info


class _Entry(NamedTuple):
    """What a table says of a file, at which place and in how many bytes; its name, its packed size, where it begins."""

    at: int
    size: int
    name: str
    packed: int
    begin: int


class _Parts:
    """Contents that are read in parts; of a table that is in another order all of it is kept, as it stands."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._begin, self._size = _table(file)
        self._kept: bytes | None = None
        self.packed = 0
        self._places, self._sizes = array("Q"), array("I")
        begins = array("Q")
        name, in_order = "", True
        for entry in self._entries():
            if entry.begin + _LOCAL + entry.packed > self._begin:
                raise _OddError
            begins.append(entry.begin)
            if is_wanted(entry.name):
                self.packed += entry.packed
                self._places.append(entry.at)
                self._sizes.append(entry.size)
                in_order = in_order and name <= entry.name
                name = entry.name
        if not in_order:
            self._sort()
        self._begins = array("Q", sorted(begins))
        """Where anything in the archive begins."""
        if any(a == b for a, b in pairwise(self._begins)):
            raise _OddError

    def __len__(self) -> int:
        return len(self._places)

    def files(self, span: slice = ALL) -> Iterator[tuple[ZipFile, ZipInfo]]:
        part: list[int] = []
        size = 0
        for i in range(len(self))[span]:
            if part and (len(part) == PART or size + self._sizes[i] > _CHUNK):
                yield from self._part(part)
                part, size = [], 0
            part.append(i)
            size += self._sizes[i]
        yield from self._part(part)

    def _sort(self) -> None:
        names = [entry.name for entry in self._entries() if is_wanted(entry.name)]
        order = sorted(range(len(names)), key=names.__getitem__)
        self._places = array("Q", (self._places[i] for i in order))
        self._sizes = array("I", (self._sizes[i] for i in order))
        self._file.seek(self._begin)
        self._kept = self._file.read(self._size)

    def _entries(self) -> Iterator[_Entry]:
        self._file.seek(self._begin)
        at, left = 0, self._size
        chunk, begin = b"", 0
        while at < self._size:
            while len(chunk) - begin < (size := _size(chunk, begin)):
                more = self._file.read(min(_CHUNK, left))
                if not more:
                    raise _OddError
                left -= len(more)
                chunk, begin = chunk[begin:] + more, 0
            yield _entry(chunk[begin : begin + size], at)
            at += size
            begin += size

    def _part(self, wanted: list[int]) -> Iterator[tuple[ZipFile, ZipInfo]]:
        from zipfile import ZipFile

        entries = self._read(wanted)
        begins = {_entry(entry, 0).begin for entry in entries}
        behind = (bisect_right(self._begins, begin) for begin in begins)
        ends = {self._begins[i] for i in behind if i < len(self._begins)}
        table = b"".join((*entries, *map(_folder, sorted(ends - begins))))
        archive = ZipFile(_Excerpt(self._file, self._begin, table))
        for info in archive.infolist()[: len(wanted)]:
            yield archive, info

    def _read(self, wanted: list[int]) -> list[bytes]:
        """What the table says of some files."""
        entries, data, first = [], self._kept or b"", 0
        for i in wanted:
            place, size = self._places[i], self._sizes[i]
            if place + size > first + len(data):
                first = place
                self._file.seek(self._begin + first)
                data = self._file.read(min(max(size, _STEP), self._size - first))
            entries.append(data[place - first : place - first + size])
        return entries


class _Excerpt:
    """An archive as if it had another table of contents, to be read."""

    def __init__(self, file: IO[bytes], begin: int, table: bytes) -> None:
        self._file = file
        self._begin = begin
        end64 = _END64.pack(_END64_MARK, _END64.size - 12, _VERSION, _VERSION, 0, 0, 0, 0, len(table), begin)
        pointer = _POINTER64.pack(_POINTER64_MARK, 0, begin + len(table), 1)
        end = _END.pack(_END_MARK, 0, 0, _MAX_16, _MAX_16, _IN_MORE, _IN_MORE, 0)
        self._rest = table + end64 + pointer + end
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._begin + len(self._rest)}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = self._begin + len(self._rest) - self._at
        size = left if size < 0 else min(size, left)
        if self._at < self._begin:
            self._file.seek(self._at)
            data = self._file.read(min(size, self._begin - self._at))
        else:
            begin = self._at - self._begin
            data = self._rest[begin : begin + max(0, size)]
        self._at += len(data)
        return data


def _table(file: IO[bytes]) -> tuple[int, int]:
    """Where the table of an archive begins, and its size."""
    end = file.seek(0, io.SEEK_END) - _END.size
    mark, disk, first, _, _, size, begin, comment = _read_as(_END, file, end)
    if mark != _END_MARK or comment or disk or first:
        raise _OddError
    before = _POINTER64.size + _END64.size
    if end >= before and (pointer := _read_as(_POINTER64, file, end - _POINTER64.size))[0] == _POINTER64_MARK:
        end -= before
        mark, _, _, _, disk, first, _, _, size, begin = _read_as(_END64, file, end)
        if mark != _END64_MARK or disk or first or pointer[1:] != (0, end, 1):
            raise _OddError
    if begin + size != end:
        raise _OddError
    return begin, size


def _read_as(kind: struct.Struct, file: IO[bytes], at: int) -> tuple[Any, ...]:
    if at < 0:
        raise _OddError
    file.seek(at)
    data = file.read(kind.size)
    if len(data) < kind.size:
        raise _OddError
    return kind.unpack(data)


def _size(chunk: bytes, at: int) -> int:
    """The size of what is said of a file, as far as the chunk tells it."""
    if len(chunk) - at < _ENTRY.size:
        return _ENTRY.size
    *_, name, more, comment, _ = _ENTRY.unpack_from(chunk, at)
    return _ENTRY.size + int(name + more + comment)


def _entry(data: bytes, at: int) -> _Entry:
    mark, version, flags, packed, size, named, more, _, begin = _ENTRY.unpack_from(data)
    behind = _ENTRY.size + named
    try:
        name = data[_ENTRY.size : behind].decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError as error:
        raise _OddError from error
    if mark != _ENTRY_MARK or version > _VERSIONS or "\0" in name or (os.sep != "/" and os.sep in name):
        raise _OddError
    if more:
        packed, begin = _with_more(data[behind : behind + more], size, packed, begin)
    return _Entry(at, len(data), name, packed, begin)


def _with_more(more: bytes, size: int, packed: int, begin: int) -> tuple[int, int]:
    """The packed size of a file and where it begins, which more may say."""
    at, found = 0, False
    while len(more) - at >= 4:
        kind, length = struct.unpack_from("<HH", more, at)
        at += 4 + length
        if at > len(more) or kind == _UNICODE_NAME:
            raise _OddError
        if kind == _SIZES:
            if found:
                raise _OddError
            found = True
            said = [*struct.unpack_from(f"<{length // 8}Q", more, at - length)]
            try:
                if size == _IN_MORE:
                    said.pop(0)
                packed = said.pop(0) if packed == _IN_MORE else packed
                begin = said.pop(0) if begin == _IN_MORE else begin
            except IndexError as error:
                raise _OddError from error
    return packed, begin


def _folder(begin: int) -> bytes:
    """What a table says of a folder that stands at a place, where a file before it has to end."""
    more = struct.pack("<HHQ", _SIZES, 8, begin)
    return _ENTRY.pack(_ENTRY_MARK, _VERSION, 0, 0, 0, 1, len(more), 0, _IN_MORE) + b"/" + more
