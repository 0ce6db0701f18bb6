"""Parquet files of statements: one row per statement, written and read with pyarrow.

``datatype`` is null where the object is an IRI, and only there: a plain literal has ``xsd:string``, one with a language
``rdf:langString`` (https://www.w3.org/TR/rdf11-concepts/#section-Graph-Literal).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import IO, Any, Self, cast

import orjson

from kg._types import Bytes
from kg.errors import SourceError, missing_extra
from kg.ontology.vocabulary import RDF, XSD

COLUMNS = {
    "subject": False,
    "predicate": False,
    "object": False,
    "datatype": True,
    "language": True,
    "graph": True,
}
"""The columns, and whether each is nullable."""
STATISTICS = ["subject", "predicate", "graph"]
"""The columns whose minimum and maximum each row group records; those of objects would not help readers."""
LEVEL = 3
"""The level of Zstandard."""
GROUP = 8 << 20
"""Bytes of lines per row group, unless lines are added as row groups."""
LARGEST = 64 << 20
"""Largest number of bytes of lines in a row group, apart from a last line."""
PLAIN, TAGGED = XSD + "string", RDF + "langString"

_MISSING = "Parquet files", "parquet"
_LITERAL = r'"((?:[^"\\]++|\\.)*+)"(?:@([^ "]+)|\^\^<([^>"]+)>)?'
_LINE = re.compile(rf"<([^>]*)> <([^>]*)> (?:<([^>]*)>|{_LITERAL}) <([^>]*)> \.\n")

Row = tuple[str, str, str, str | None, str | None, str | None]


def check() -> None:
    """Raise :class:`~kg.errors.UsageError` if pyarrow is not installed, without loading it."""
    if find_spec("pyarrow") is None:
        raise missing_extra(*_MISSING)


def arrow() -> Any:
    """Return the package pyarrow; raise :class:`~kg.errors.UsageError` if it cannot be loaded."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise missing_extra(*_MISSING) from error
    return pa


def schema() -> Any:
    """Return the Arrow schema of a file of statements."""
    pa = arrow()
    return pa.schema([pa.field(name, pa.string(), nullable=nullable) for name, nullable in COLUMNS.items()])


def table(lines: Bytes) -> Any:
    """Return the table of some lines of N-Quads.

    Raises :class:`ValueError` for lines that do not have the form of an export.

    >>> row = b'<http://e.org/s> <http://e.org/p> "a \\\\"b\\\\""@en <http://e.org/g> .\\n'
    >>> print(*table(row).to_pylist()[0].values(), sep=" | ")
    http://e.org/s | http://e.org/p | a "b" | http://www.w3.org/1999/02/22-rdf-syntax-ns#langString | en | http://e.org/g
    """
    pa = arrow()
    columns = _buffers(lines)
    if columns is None:
        texts = [*zip(*rows(bytes(lines)), strict=True)] or [()] * len(COLUMNS)
        return pa.Table.from_arrays([pa.array(column, pa.string()) for column in texts], schema=schema())
    count = len(columns[0][1]) // 4 - 1
    arrays = [pa.Array.from_buffers(pa.string(), count, [*map(pa.py_buffer, column)]) for column in columns]
    return pa.Table.from_arrays(arrays, schema=schema())


def _buffers(lines: Bytes) -> tuple[tuple[bytes, bytes, bytes], ...] | None:
    """Return the Arrow buffers of each column, or ``None`` if the extension is missing or cannot split the lines."""
    try:
        from kg._emitter import columns
    except ImportError:
        return None
    return columns(lines)


def rows(lines: bytes) -> Iterator[Row]:
    """Yield the row of each line of N-Quads; this is the Python counterpart of ``native/columns.c``."""
    for line in lines.splitlines(keepends=True):
        match = _LINE.fullmatch(line.decode())
        if match is None:
            raise ValueError("no line of N-Quads")
        subject, predicate, iri, text, language, datatype, graph = match.groups()
        if iri is not None:
            yield subject, predicate, iri, None, None, graph
        else:
            text = orjson.loads(f'"{text}"') if "\\" in text else text
            yield subject, predicate, text, TAGGED if language else datatype or PLAIN, language, graph


def _parts(lines: Bytes) -> Iterator[Bytes]:
    """Yield lines in parts that are not much larger than :data:`LARGEST`."""
    if len(lines) <= LARGEST:
        yield from (lines,) if lines else ()
        return
    data, at = bytes(lines), 0
    while at < len(data):
        end = data.find(b"\n", at + LARGEST) + 1 or len(data)
        yield data[at:end]
        at = end


class StatementWriter:
    """Writes a Parquet file of statements from lines of N-Quads.

    The bytes depend on the lines of each row group and on the version of pyarrow alone.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._lines = bytearray()
        self._writer = arrow().parquet.ParquetWriter(
            file,
            schema(),
            compression="zstd",
            compression_level=LEVEL,
            dictionary_pagesize_limit=1 << 30,
            write_statistics=STATISTICS,
            store_schema=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Add a part of the lines; row groups end where :data:`GROUP` is reached."""
        self._lines += data
        if len(self._lines) >= GROUP:
            end = self._lines.rfind(b"\n") + 1
            self.add(bytes(self._lines[:end]))
            del self._lines[:end]

    def add(self, lines: Bytes) -> None:
        """Add lines as one row group, or several if they are larger than :data:`LARGEST`."""
        for part in _parts(lines):
            self._writer.write_table(statements := table(part), statements.num_rows)

    def close(self) -> None:
        """Write the remaining lines and the footer."""
        self.add(bytes(self._lines))
        self._writer.close()


def lines(rows: Any) -> bytes:
    """Return the lines of a table, in the form the export writes."""
    columns = [_values(name, rows.column(name), nullable) for name, nullable in COLUMNS.items()]
    return b"".join([line(*row) for row in zip(*columns, strict=True)])


def _values(name: str, column: Any, nullable: bool) -> list[Any]:
    """Return the texts of a column; equal texts share one object if the column is dictionary-coded."""
    pa = arrow()
    if not nullable and column.null_count:
        raise SourceError(f"has a row without its {name}")
    if pa.types.is_dictionary(column.type):
        values = [*column.dictionary.cast(pa.string()).to_pylist(), None]
        return [values[i] for i in column.indices.fill_null(len(values) - 1).to_pylist()]
    return cast("list[Any]", column.cast(pa.string()).to_pylist())


def line(s: str, p: str, o: str, datatype: str | None, language: str | None, graph: str | None) -> bytes:
    """Return the line of a row, in the form the export writes."""
    head, end = f"<{s}> <{p}> ".encode(), f" <{graph}> .\n".encode() if graph else b" .\n"
    if datatype is None:
        return head + b"<" + o.encode() + b">" + end
    suffix = f"@{language}" if language else "" if datatype == PLAIN else f"^^<{datatype}>"
    return head + orjson.dumps(o) + suffix.encode() + end


def _is_text(pa: Any, kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null
    return any(test(kind) for test in tests)


def _check_columns(pa: Any, columns: Any) -> None:
    for name in COLUMNS:
        if name not in columns.names:
            raise SourceError(f"has no column {name}, which a Parquet file of statements has")
        if not _is_text(pa, columns.field(name).type):
            raise SourceError(f"has a column {name} that is not text, unlike a Parquet file of statements")


def read(file: IO[bytes] | str) -> Iterator[bytes]:
    """Yield the lines of a Parquet file of statements in chunks; raise :class:`~kg.errors.SourceError` for others."""
    pa = arrow()
    try:
        _check_columns(pa, pa.parquet.read_schema(file))
        source = pa.parquet.ParquetFile(file, read_dictionary=list(COLUMNS), memory_map=isinstance(file, str))
        for batch in source.iter_batches(1 << 14, columns=list(COLUMNS), use_threads=False):
            yield lines(batch)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"cannot be read to its end ({' '.join(str(error).split())})") from error
