"""Statements in columns: the Parquet files that hold them, read.

A row is a statement. ``datatype`` is nothing where the object is an IRI, and never where it is a literal: a plain text
has ``xsd:string``, one with a language ``rdf:langString`` (https://www.w3.org/TR/rdf11-concepts/#section-Graph-Literal).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.util import find_spec
from typing import IO, Any, cast

import orjson

from kg.errors import SourceError, UsageError
from kg.rdf.columns import COLUMNS, PLAIN
from kg.rdf.parquet_writer import OPTIONAL, Rows, packed

_MISSING = "Parquet needs a package that is not here: pip install 'trialkg[parquet]'."


def check() -> None:
    """Raises :class:`~kg.errors.UsageError` where the package pyarrow is not installed, which it does not load."""
    if find_spec("pyarrow") is None:
        raise UsageError(_MISSING)


def arrow() -> Any:
    """The package pyarrow; raises :class:`~kg.errors.UsageError` where it is not installed, or cannot be loaded."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(_MISSING) from error
    return pa


def table(lines: bytes) -> Any:
    """The table of some lines of N-Quads, each column coded by a dictionary, as a Parquet file of them has it.

    >>> row = b'<http://e.org/s> <http://e.org/p> "a \\\\"b\\\\""@en <http://e.org/g> .\\n'
    >>> print(*table(row).to_pylist()[0].values(), sep=" | ")
    http://e.org/s | http://e.org/p | a "b" | http://www.w3.org/1999/02/22-rdf-syntax-ns#langString | en | http://e.org/g
    """
    file = io.BytesIO()
    rows = Rows(file)
    rows.add(packed(lines))
    rows.close()
    return arrow().parquet.read_table(file, read_dictionary=list(COLUMNS))


def lines(rows: Any) -> bytes:
    """The lines of a table, as an export writes them."""
    columns = [_values(name, rows.column(name), optional) for name, optional in zip(COLUMNS, OPTIONAL, strict=True)]
    return b"".join([line(*row) for row in zip(*columns, strict=True)])


def _values(name: str, column: Any, optional: bool) -> list[Any]:
    """The texts of a column, those that are the same as one where it is coded by a dictionary."""
    pa = arrow()
    if not optional and column.null_count:
        raise SourceError(f"has a row without its {name}")
    if pa.types.is_dictionary(column.type):
        known = [*column.dictionary.cast(pa.string()).to_pylist(), None]
        return [known[i] for i in column.indices.fill_null(len(known) - 1).to_pylist()]
    return cast("list[Any]", column.cast(pa.string()).to_pylist())


def line(s: str, p: str, o: str, datatype: str | None, language: str | None, graph: str | None) -> bytes:
    """The line of a row, as an export writes it."""
    head, end = f"<{s}> <{p}> ".encode(), f" <{graph}> .\n".encode() if graph else b" .\n"
    if datatype is None:
        return head + b"<" + o.encode() + b">" + end
    suffix = f"@{language}" if language else "" if datatype == PLAIN else f"^^<{datatype}>"
    return head + orjson.dumps(o) + suffix.encode() + end


def _is_text(pa: Any, kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    known = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null
    return any(is_one(kind) for is_one in known)


def read(file: IO[bytes] | str) -> Iterator[bytes]:
    """The lines of a Parquet file of statements, some at a time; raises :class:`~kg.errors.SourceError` for another."""
    pa = arrow()
    try:
        known = pa.parquet.read_schema(file)
        for name in COLUMNS:
            if name not in known.names:
                raise SourceError(f"has no column {name}, as a Parquet file of statements has")
            if not _is_text(pa, known.field(name).type):
                raise SourceError(f"has no texts in its column {name}, as a Parquet file of statements has")
        source = pa.parquet.ParquetFile(file, read_dictionary=list(COLUMNS), memory_map=isinstance(file, str))
        for rows in source.iter_batches(1 << 14, columns=list(COLUMNS), use_threads=False):
            yield lines(rows)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"cannot be read to its end ({' '.join(str(error).split())})") from error
