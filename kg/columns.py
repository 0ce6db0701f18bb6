"""Statements as columns: lines of N-Quads to tables of Arrow and back, and the Parquet files that hold them.

A row is a statement. ``datatype`` is nothing where the object is an IRI, and never where it is a literal: a plain text
has ``xsd:string``, one with a language ``rdf:langString`` (https://www.w3.org/TR/rdf11-concepts/#section-Graph-Literal).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import orjson

from kg.errors import SourceError, UsageError
from kg.ontology import RDF, XSD

if TYPE_CHECKING:
    import numpy as np

COLUMNS = ("subject", "predicate", "object", "datatype", "language", "graph")
OPTIONAL = ("datatype", "language", "graph")
"""The columns in which a row may have nothing."""
ROWS = 1 << 17
"""Rows from which on a row group is full."""
LEVEL = 3
"""The level of Zstandard."""
_SLICE = 4 << 20
"""Bytes of lines that are cut into columns at once, so that they stay in the caches of the processor."""
_PLAIN, _TAGGED = XSD + "string", RDF + "langString"


def arrow() -> Any:
    """The package pyarrow; raises :class:`~kg.errors.UsageError` where it is not installed."""
    try:
        import numpy as np  # noqa: F401 -- it is asked for here, so that what is missing is told at once
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet needs packages that are not here: pip install 'trialkg[parquet]'.") from error
    if pa.default_memory_pool().backend_name != "system":  # the other ones keep twice the memory of small tables
        pa.set_memory_pool(pa.system_memory_pool())
    return pa


def _schema(pa: Any) -> Any:
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([pa.field(name, text, nullable=name in OPTIONAL) for name in COLUMNS])


def table(lines: bytes) -> Any:
    """The table of some lines of N-Quads, each column coded by a dictionary.

    >>> row = b'<http://e.org/s> <http://e.org/p> "a \\\\"b\\\\""@en <http://e.org/g> .\\n'
    >>> print(*table(row).to_pylist()[0].values(), sep=" | ")
    http://e.org/s | http://e.org/p | a "b" | http://www.w3.org/1999/02/22-rdf-syntax-ns#langString | en | http://e.org/g
    """
    pa = arrow()
    slices = [_table(pa, each) for each in _slices(lines)]
    return pa.concat_tables(slices).unify_dictionaries() if slices else _schema(pa).empty_table()


def _slices(lines: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(lines):
        end = lines.find(b"\n", at + _SLICE) + 1 or len(lines)
        yield lines[at:end]
        at = end


def _table(pa: Any, lines: bytes) -> Any:
    """Lines are regular where IRIs begin and end: those of subject and predicate are first, that of the graph last."""
    import numpy as np

    text = np.frombuffer(lines, np.uint8)
    marks = _places((text | 2 == ord(">")) | (text == ord("\n")))  # < and > are one bit apart
    ends = np.flatnonzero(text[marks] == ord("\n"))
    firsts = np.concatenate([[0], ends[:-1] + 1])
    subjects, predicates, graphs = ((marks[at] + 1, marks[at + 1]) for at in (firsts, firsts + 2, ends - 2))
    objects = _strings(pa, lines, predicates[1] + 2, graphs[0] - 2)
    found = [_strings(pa, lines, *places) for places in (subjects, predicates, graphs)]
    return pa.table([*found[:2], *_terms(pa, objects), found[2]], _schema(pa))


def _places(mask: np.ndarray[Any, Any]) -> Any:
    """Where a mask is true; words of eight that are all false are passed over at once."""
    import numpy as np

    words = np.concatenate([mask, np.zeros(-len(mask) % 8, bool)]).reshape(-1, 8)
    some = np.flatnonzero(words.view(np.uint64))
    at = np.flatnonzero(words[some])
    return (some[at >> 3] << 3) + (at & 7)


def _strings(pa: Any, lines: bytes, begins: np.ndarray[Any, Any], ends: np.ndarray[Any, Any]) -> Any:
    """What stands at some places, in their order, coded by a dictionary; nothing is copied that is not among them."""
    import numpy as np

    offsets = np.empty(2 * len(begins) + 1, np.int32)
    offsets[0:-1:2], offsets[1::2], offsets[-1] = begins, ends, ends[-1]
    between = pa.StringArray.from_buffers(2 * len(begins), pa.py_buffer(offsets), pa.py_buffer(lines))
    return between.take(pa.array(np.arange(0, 2 * len(begins), 2))).dictionary_encode()


def _terms(pa: Any, tokens: Any) -> Iterator[Any]:
    """The texts, the datatypes and the languages of objects, each different one of which is looked at once."""
    values: list[tuple[str, str | None, str | None]] = [_term(token) for token in tokens.dictionary.to_pylist()]
    for column in zip(*values, strict=True):
        coded = pa.array(column, pa.string()).dictionary_encode()
        yield pa.DictionaryArray.from_arrays(coded.indices.take(tokens.indices), coded.dictionary)


def _term(token: str) -> tuple[str, str | None, str | None]:
    if token[0] == "<":
        return token[1:-1], None, None
    end = token.rindex('"')
    text = orjson.loads(token[: end + 1]) if "\\" in token else token[1:end]
    suffix = token[end + 1 :]
    if not suffix:
        return text, _PLAIN, None
    return (text, _TAGGED, suffix[1:]) if suffix[0] == "@" else (text, suffix[3:-1], None)


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
    suffix = f"@{language}" if language else "" if datatype == _PLAIN else f"^^<{datatype}>"
    return head + orjson.dumps(o) + suffix.encode() + end


def packed(found: bytes) -> bytes:
    """Lines as a table in a stream of Arrow, as workers hand them on; nothing of nothing."""
    if not found:
        return b""
    pa, sink, rows = arrow(), arrow().BufferOutputStream(), table(found)
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    made: bytes = sink.getvalue().to_pybytes()
    return made


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
        pa = self._arrow = arrow()
        options = {"compression": "zstd", "compression_level": LEVEL, "store_schema": False}
        self._sink = _Sink(file)
        self._writer = pa.parquet.ParquetWriter(self._sink, _schema(pa), **options)
        self._tables: list[Any] = []
        self._count = 0
        self._lines = bytearray()

    def write(self, data: bytes) -> None:
        """Adds lines."""
        self._lines += data
        if len(self._lines) >= _SLICE:
            self._cut()

    def add(self, data: bytes) -> None:
        """Adds the table in what :func:`packed` made."""
        if data:
            self._gather(self._arrow.ipc.open_stream(data).read_all())

    def close(self) -> None:
        """Writes what is left, and the end of the file."""
        self._cut()
        self._group()
        self._writer.close()
        self._sink.check()

    def _cut(self) -> None:
        if self._lines:
            self._gather(table(bytes(self._lines)))
            self._lines.clear()

    def _gather(self, rows: Any) -> None:
        self._tables.append(rows)
        self._count += rows.num_rows
        if self._count >= ROWS:
            self._group()

    def _group(self) -> None:
        if self._tables:
            rows = self._arrow.concat_tables(self._tables).unify_dictionaries().combine_chunks()
            self._writer.write_table(rows, row_group_size=rows.num_rows)
            self._sink.check()
            self._tables, self._count = [], 0


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
