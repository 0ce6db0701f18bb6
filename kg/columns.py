"""Statements as columns: lines of N-Quads to tables of Arrow and back, and the Parquet files that hold them.

A row is a statement. ``datatype`` is nothing where the object is an IRI, and never where it is a literal: a plain text
has ``xsd:string``, one with a language ``rdf:langString`` (https://www.w3.org/TR/rdf11-concepts/#section-Graph-Literal).
"""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import accumulate
from typing import IO, Any

import orjson

from kg.coded import COLUMNS, PLAIN, Column, coded
from kg.errors import SourceError, UsageError
from kg.room import Bytes

OPTIONAL = (False, False, False, True, True, True)
"""In which columns a row may have nothing."""
RANGES = ["subject", "predicate", "graph"]
"""The columns whose least and greatest text a row group tells; of objects they would tell a reader nothing."""
ROWS = 1 << 16
"""Rows from which on a row group is full."""
LEVEL = 3
"""The level of Zstandard."""
_MISSING = "Parquet needs a package that is not here: pip install 'trialkg[parquet]'."
_POOL = "ARROW_DEFAULT_MEMORY_POOL"
"""The variable by which pyarrow is told whose memory to use."""
_SIZES = struct.Struct(f"{4 * len(COLUMNS)}Q")
"""The sizes of what columns are made of, where these are laid out."""
_SLICE = 2 << 20
"""Bytes of lines that are cut into columns at a time, which bounds the memory of that."""


def check() -> None:
    """Raises :class:`~kg.errors.UsageError` where the package pyarrow is not installed, which it does not load."""
    if find_spec("pyarrow") is None:
        raise UsageError(_MISSING)


def arrow() -> Any:
    """The package pyarrow; raises :class:`~kg.errors.UsageError` where it is not installed, or cannot be loaded."""
    try:
        with _pool():
            import pyarrow as pa
            import pyarrow.parquet

            pa.default_memory_pool()  # which is chosen now
    except ImportError as error:
        raise UsageError(_MISSING) from error
    return pa


@contextmanager
def _pool() -> Iterator[None]:
    """A time in which pyarrow is loaded and chooses the memory of the system, unless another was asked for.

    Pools of its own keep much of what they let go, and a writer of Parquet takes no other than the first choice
    (https://arrow.apache.org/docs/cpp/memory.html#default-memory-pool).
    """
    if _POOL in os.environ or "pyarrow" in sys.modules:
        yield
        return
    os.environ[_POOL] = "system"
    try:
        yield
    finally:
        os.environ.pop(_POOL, None)


def _schema(pa: Any) -> Any:
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [pa.field(name, text, nullable=nullable) for name, nullable in zip(COLUMNS, OPTIONAL, strict=True)]
    )


def table(lines: bytes) -> Any:
    """The table of some lines of N-Quads, each column coded by a dictionary.

    >>> row = b'<http://e.org/s> <http://e.org/p> "a \\\\"b\\\\""@en <http://e.org/g> .\\n'
    >>> print(*table(row).to_pylist()[0].values(), sep=" | ")
    http://e.org/s | http://e.org/p | a "b" | http://www.w3.org/1999/02/22-rdf-syntax-ns#langString | en | http://e.org/g
    """
    return _table(coded(lines))


def _table(columns: Iterable[Column]) -> Any:
    pa = arrow()
    return pa.table([_array(pa, *each) for each in zip(columns, OPTIONAL, strict=True)], _schema(pa))


def _array(pa: Any, column: Column, optional: bool) -> Any:
    """A column as it lies in memory, of which nothing is copied."""
    indices, known, ends, texts = map(pa.py_buffer, column)
    dictionary = pa.StringArray.from_buffers(ends.size // 4 - 1, ends, texts)
    places = pa.Array.from_buffers(pa.int32(), indices.size // 4, [known if optional else None, indices])
    return pa.DictionaryArray.from_arrays(places, dictionary)


def lines(rows: Any) -> bytes:
    """The lines of a table: of one that :func:`table` made the same bytes, where JSON is written as it was there."""
    columns = [_values(rows.column(name)) for name in COLUMNS]
    return b"".join([_line(*row) for row in zip(*columns, strict=True)])


def _values(column: Any) -> list[Any]:
    """The values of a column that is coded by a dictionary."""
    coded = column.combine_chunks() if hasattr(column, "chunks") else column
    known = [*coded.dictionary.to_pylist(), None]
    return [known[i] for i in coded.indices.fill_null(len(known) - 1).to_pylist()]


def _line(s: str, p: str, o: str, datatype: str | None, language: str | None, graph: str | None) -> bytes:
    head, end = f"<{s}> <{p}> ".encode(), f" <{graph}> .\n".encode() if graph else b" .\n"
    if datatype is None:
        return head + b"<" + o.encode() + b">" + end
    suffix = f"@{language}" if language else "" if datatype == PLAIN else f"^^<{datatype}>"
    return head + orjson.dumps(o) + suffix.encode() + end


def packed(lines: bytes | memoryview) -> bytes:
    """Lines in columns, as workers hand them on; nothing of nothing."""
    return b"".join(piece for each in _slices(memoryview(lines)) for piece in _laid_out(coded(each)))


def _laid_out(columns: Iterable[Column]) -> Iterator[Bytes]:
    """The bytes of columns one behind another, each at a multiple of eight, behind their sizes."""
    pieces = [piece for column in columns for piece in column]
    yield _SIZES.pack(*map(len, pieces))
    for piece in pieces:
        yield piece
        yield bytes(_gap(len(piece)))


def _unpacked(data: bytes) -> Iterator[tuple[Column, ...]]:
    """The columns that were laid out, of which nothing is copied."""
    view, at = memoryview(data), 0
    while at < len(data):
        sizes = _SIZES.unpack_from(data, at)
        starts = [*accumulate((size + _gap(size) for size in sizes), initial=at + _SIZES.size)]
        pieces = [view[start : start + size] for start, size in zip(starts, sizes, strict=False)]
        yield tuple(Column(*pieces[i : i + 4]) for i in range(0, len(pieces), 4))
        at = starts[-1]


def _gap(size: int) -> int:
    """The bytes behind so many up to a multiple of eight, as Arrow asks for."""
    return -size % 8


def _slices(lines: memoryview) -> Iterator[memoryview]:
    """Lines in slices of no more than :data:`_SLICE`, or of one line."""
    begin = 0
    while begin < len(lines):
        size = _SLICE
        while not (end := bytes(lines[begin : begin + size]).rfind(b"\n") + 1) and begin + size < len(lines):
            size *= 2
        end = end or len(lines) - begin
        yield lines[begin : begin + end]
        begin += end


class _Sink(io.RawIOBase):
    """A file that takes no more once a write failed or it is closed: pyarrow goes on, and shall not raise over it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.failure is None and not self._file.closed:
            try:
                self._file.write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes

    def check(self) -> None:
        """Raises the failure there was."""
        if self.failure is not None:
            raise self.failure


class Rows:
    """A Parquet file that is written: tables are gathered until a row group is full."""

    def __init__(self, file: IO[bytes]) -> None:
        check()
        self._sink = _Sink(file)
        self._writer: Any = None
        self._waiting: list[tuple[Column, ...]] = []
        self._count = 0
        self._lines = bytearray()

    def write(self, data: bytes) -> None:
        """Adds lines."""
        self._lines += data
        if len(self._lines) >= _SLICE:
            self._cut()

    def add(self, data: bytes) -> None:
        """Adds the lines in what :func:`packed` made."""
        for columns in _unpacked(data):
            self._gather(columns)

    def close(self) -> None:
        """Writes what is left, and the end of the file."""
        self._cut()
        self._group()
        self._open().close()
        self._sink.check()

    def _cut(self) -> None:
        for each in _slices(memoryview(bytes(self._lines))):
            self._gather(coded(each))
        self._lines.clear()

    def _gather(self, columns: tuple[Column, ...]) -> None:
        self._waiting.append(columns)
        self._count += len(columns[0].indices) // 4
        if self._count >= ROWS:
            self._group()

    def _group(self) -> None:
        if self._waiting:
            rows = arrow().concat_tables(map(_table, self._waiting)).unify_dictionaries()
            self._open().write_table(rows, row_group_size=rows.num_rows)
            self._sink.check()
            self._waiting, self._count = [], 0

    def _open(self) -> Any:
        """The writer of pyarrow, from the first row group on: by then processes are forked, which do without it."""
        if self._writer is None:
            self._writer = arrow().parquet.ParquetWriter(
                self._sink,
                _schema(arrow()),
                compression="zstd",
                compression_level=LEVEL,
                store_schema=False,
                write_statistics=RANGES,
            )
        return self._writer


def read(file: IO[bytes] | str) -> Iterator[bytes]:
    """The lines of a Parquet file of statements, some at a time; raises :class:`~kg.errors.SourceError` for another."""
    pa = arrow()
    try:
        known = pa.parquet.read_metadata(file).schema.names
        if missing := [name for name in COLUMNS if name not in known]:
            raise SourceError(f"has no column {missing[0]}, as a Parquet file of statements has")
        source = pa.parquet.ParquetFile(file, read_dictionary=list(COLUMNS), memory_map=isinstance(file, str))
        for rows in source.iter_batches(1 << 14, columns=list(COLUMNS), use_threads=False):
            yield lines(rows)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"cannot be read to its end ({' '.join(str(error).split())})") from error
