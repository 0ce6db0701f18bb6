"""Parquet files of statements, written: row groups, each made of lines of N-Quads alone, and an end that tells of them.

The format is that of https://parquet.apache.org/docs/file-format/; the numbers of fields, and of what they can be, are
those of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, and are written in the
compact protocol of Thrift (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import orjson

from kg.rdf.columns import COLUMNS, Column, coded, varint

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONAL = (False, False, False, True, True, True)
"""In which columns a row may have nothing."""
RANGES = ("subject", "predicate", "graph")
"""The columns whose least and greatest text a row group tells; of objects they would tell a reader nothing."""
LEVEL = 3
"""The level of Zstandard."""
GROUP = 8 << 20
"""Bytes of lines that a row group is made of where they come one after another."""

_MARK = b"PAR1"
_NAME = b"kg"
_BY = b"kg version 1"
"""Who wrote a file, in the form that readers look for; it changes when the bytes of a file do."""
_BYTE_ARRAY, _ZSTD, _UTF8 = 6, 6, 0
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_SIZE = struct.Struct("<I")


class Chunk(NamedTuple):
    """A column of a row group: the bytes of its dictionary and of its data, packed, with the headers of these pages;
    what both take unpacked; the rows that have nothing; the least and the greatest text, where that is told."""

    dictionary: int
    data: int
    unpacked: int
    nothing: int
    bounds: tuple[str, str] | None


def packed(lines: bytes | memoryview) -> bytes:
    """The row group of some lines, and behind it what is to be told of it; nothing of nothing.

    Raises :class:`ValueError` for other lines than an export writes.
    """
    if not lines:
        return b""
    import zstandard

    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    columns = coded(lines)
    rows = _rows(columns[0])
    made, chunks = bytearray(), []
    for name, optional, column in zip(COLUMNS, OPTIONAL, columns, strict=True):
        data = _levels(column.known, rows) + column.runs if optional else column.runs
        dictionary, texts = _page(_DICTIONARY_PAGE, column.texts, compress, column.different)
        page, places = _page(_DATA_PAGE, data, compress, rows)
        made += dictionary + page
        bounds = (column.least.decode(), column.greatest.decode()) if name in RANGES else None
        chunks.append(Chunk(len(dictionary), len(page), texts + places, column.nothing, bounds))
    told = orjson.dumps([rows, chunks], default=tuple)
    return bytes(made) + told + _SIZE.pack(len(told))


def _rows(subjects: Column) -> int:
    """The rows of columns, of which each has a subject."""
    return 8 * (len(subjects.known) - 1) + subjects.known[-1].bit_count()


def _levels(known: bytes, rows: int) -> bytes:
    """Which rows have something, as one run of bits behind the size of that."""
    run = varint((rows + 7) // 8 << 1 | 1) + known
    return _SIZE.pack(len(run)) + run


def _page(kind: int, data: bytes, compress: Any, count: int) -> tuple[bytes, int]:
    """A page, packed behind its header, and the bytes that both take where it is not."""
    body = compress(data)
    told = (
        {7: _fields({1: count, 2: _PLAIN})}
        if kind == _DICTIONARY_PAGE
        else {5: _fields({1: count, 2: _RLE_DICTIONARY, 3: _RLE, 4: _RLE})}
    )
    header = _fields({1: kind, 2: len(data), 3: len(body), **told}).bytes
    return header + body, len(header) + len(data)


class Rows:
    """A Parquet file that is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._file.write(_MARK)
        self._at = len(_MARK)
        self._rows = 0
        self._groups: list[bytes] = []
        self._lines = bytearray()

    def write(self, data: bytes) -> None:
        """Adds lines."""
        self._lines += data
        if len(self._lines) >= GROUP:
            self._cut()

    def add(self, data: bytes) -> None:
        """Adds a row group that :func:`packed` made."""
        if not data:
            return
        (size,) = _SIZE.unpack(data[-_SIZE.size :])
        end = len(data) - _SIZE.size - size
        rows, chunks = orjson.loads(data[end : -_SIZE.size])
        self._file.write(memoryview(data)[:end])
        self._groups.append(_group(self._at, rows, [Chunk._make(each) for each in chunks]))
        self._at += end
        self._rows += rows

    def close(self) -> None:
        """Writes what is left, and the end of the file."""
        self.add(packed(bytes(self._lines)))
        schema = [_fields({4: _NAME, 5: len(COLUMNS)}), *map(_element, COLUMNS, OPTIONAL)]
        orders = [_fields({1: _fields({})}) for _ in COLUMNS]
        end = [
            _written({1: 2, 2: schema, 3: _Long(self._rows)}),
            _field(1, _LIST) + _list(len(self._groups), _STRUCT),  # there may be many
            *self._groups,
            _written({6: _BY, 7: orders}, 4) + _STOP,
        ]
        self._file.writelines([*end, _SIZE.pack(sum(map(len, end))), _MARK])

    def _cut(self) -> None:
        end = self._lines.rfind(b"\n") + 1
        self.add(packed(bytes(self._lines[:end])))
        del self._lines[:end]


def _element(name: str, optional: bool) -> _Struct:
    """A column of the schema: a text."""
    kept = _OPTIONAL if optional else _REQUIRED
    return _fields({1: _BYTE_ARRAY, 3: kept, 4: name.encode(), 6: _UTF8, 10: _fields({1: _fields({})})})


def _group(begin: int, rows: int, chunks: list[Chunk]) -> bytes:
    """What the end of a file tells of a row group that begins at a place."""
    at, columns = begin, []
    for name, chunk in zip(COLUMNS, chunks, strict=True):
        size = chunk.dictionary + chunk.data
        said: dict[int, Any] = {3: _Long(chunk.nothing)}
        if chunk.bounds:
            least, greatest = chunk.bounds
            said |= {5: greatest.encode(), 6: least.encode()}
        column = {
            1: _BYTE_ARRAY,
            2: [_PLAIN, _RLE, _RLE_DICTIONARY],
            3: [name.encode()],
            4: _ZSTD,
            5: _Long(rows),
            6: _Long(chunk.unpacked),
            7: _Long(size),
            9: _Long(at + chunk.dictionary),
            11: _Long(at),
            12: _fields(said),
            13: [_fields({1: _DICTIONARY_PAGE, 2: _PLAIN, 3: 1}), _fields({1: _DATA_PAGE, 2: _RLE_DICTIONARY, 3: 1})],
        }
        columns.append(_fields({2: _Long(at), 3: _fields(column)}))
        at += size
    unpacked = sum(chunk.unpacked for chunk in chunks)
    return _fields({1: columns, 2: _Long(unpacked), 3: _Long(rows), 5: _Long(begin), 6: _Long(at - begin)}).bytes


# -- Thrift -------------------------------------------------------------------------------------------------------


class _Long(int):
    """A number of 64 bits, where others have 32."""


class _Struct(NamedTuple):
    """Fields, written."""

    bytes: bytes


_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_STOP = b"\0"


def _fields(fields: dict[int, Any]) -> _Struct:
    """Some fields by their numbers, in order.

    >>> _fields({1: 3, 4: b"a"}).bytes
    b'\\x15\\x068\\x01a\\x00'
    """
    return _Struct(_written(fields) + _STOP)


def _written(fields: dict[int, Any], last: int = 0) -> bytes:
    """Some fields, as they stand behind a last one."""
    made = bytearray()
    for number, value in fields.items():
        kind, data = _value(value)
        made += _field(number - last, kind) + data
        last = number
    return bytes(made)


def _field(step: int, kind: int) -> bytes:
    """What stands before a field, whose number is so much greater than that of the one before."""
    return bytes([step << 4 | kind])


def _list(count: int, kind: int) -> bytes:
    """What stands before the items of a list."""
    return bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + varint(count)


def _value(value: Any) -> tuple[int, bytes]:
    """The type of a value, and its bytes."""
    if isinstance(value, _Struct):
        return _STRUCT, value.bytes
    if isinstance(value, int):
        return _I64 if isinstance(value, _Long) else _I32, varint(value << 1)  # none is negative
    if isinstance(value, bytes):
        return _BINARY, varint(len(value)) + value
    return _LIST, b"".join(_items(value))


def _items(values: list[Any]) -> Iterator[bytes]:
    items = [_value(each) for each in values]
    yield _list(len(items), items[0][0])
    for _, data in items:
        yield data
