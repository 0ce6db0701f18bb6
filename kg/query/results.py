"""Answers of queries: rows, a graph or a truth value, as Python values, data frames, tables and files."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import UsageError, missing_extra, printable
from kg.query.frames import Term, Value, python_value, typed_column
from kg.query.result_formats import BINDINGS, GRAPHS, TABLE, check_fits
from kg.query.tables import Cell, html_table, one_line, text_table

if TYPE_CHECKING:
    import pandas
    import pyarrow

SHOWN = 20
"""Rows that a notebook displays."""
_NO_ROWS = b'{"head":{"vars":[]},"results":{"bindings":[]}}'


@dataclass(eq=False, repr=False)
class Answer:
    """The result of a query.

    ``results`` are the rows of SELECT or the truth value of ASK as JSON
    (https://www.w3.org/TR/sparql11-results-json/); ``triples`` the graph of CONSTRUCT and DESCRIBE.

    An answer is a sequence of its rows, as dictionaries of Python values, or of its triples, and true if it is not
    empty. The answer of ASK is true or false, without length or items. Terms are parsed when they are needed.

    >>> answer = Answer(b'{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"literal","value":"a"}}]}}')
    >>> answer, len(answer), answer[0], [row["n"] for row in answer], bool(answer)
    (<Answer: 1 row of n>, 1, {'n': 'a'}, ['a'], True)
    >>> bool(Answer(b'{"head":{},"boolean":false}'))
    False
    """

    results: bytes = _NO_ROWS
    triples: list[ox.Triple] | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    hints: Sequence[str] = ()
    """Possible reasons why the answer is empty, in sentences."""
    warnings: Sequence[str] = ()
    """Sentences about what is missing in an answer that an endpoint cut."""

    @classmethod
    def of(cls, results: Any, prefixes: Mapping[str, str]) -> Answer:
        """Create an answer from query results of pyoxigraph."""
        if isinstance(results, ox.QueryTriples):
            return cls(triples=list(results), prefixes=prefixes)
        output = io.BytesIO()
        results.serialize(output, ox.QueryResultsFormat.JSON)
        return cls(output.getvalue(), prefixes=prefixes)

    def _parsed(self) -> Any:
        return ox.parse_query_results(self.results, format=ox.QueryResultsFormat.JSON)

    @cached_property
    def yes(self) -> bool | None:
        """The truth value of ASK; ``None`` for other queries."""
        results = self._parsed()
        return bool(results) if isinstance(results, ox.QueryBoolean) else None

    @cached_property
    def variables(self) -> list[str]:
        """The names of the columns."""
        results = self._parsed()
        return [] if isinstance(results, ox.QueryBoolean) else [variable.value for variable in results.variables]

    @cached_property
    def terms(self) -> list[list[Term | None]]:
        """The terms by row and column."""
        return [*self._rows()]

    def _rows(self) -> Iterator[list[Term | None]]:
        for row in self._parsed() if self.yes is None else ():
            yield [row[name] for name in self.variables]

    @cached_property
    def rows(self) -> list[dict[str, Value]]:
        """The rows as dictionaries of Python values: numbers, truth values and texts."""
        return [dict(zip(self.variables, map(python_value, row), strict=True)) for row in self.terms]

    @property
    def form(self) -> str:
        """The form of the query: ASK, CONSTRUCT (for DESCRIBE too) or SELECT."""
        return "CONSTRUCT" if self.triples is not None else "SELECT" if self.yes is None else "ASK"

    def _items(self) -> list[Any]:
        if self.yes is not None:
            raise UsageError("The answer of ASK is a truth value, bool(answer), and has no rows.")
        return self.rows if self.triples is None else self.triples

    def __bool__(self) -> bool:
        if self.yes is not None:
            return self.yes
        return bool(self.triples) or next(self._rows(), None) is not None

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __getitem__(self, index: int | slice) -> Any:
        return self._items()[index]

    def __repr__(self) -> str:
        if self.yes is not None:
            return f"<Answer: {'yes' if self.yes else 'no'}>"
        if self.triples is not None:
            return f"<Answer: {_counted(len(self.triples), 'triple')}>"
        columns = f" of {', '.join(self.variables)}" if self.variables else ""
        return f"<Answer: {_counted(len(self.terms), 'row')}{columns}>"

    @property
    def is_empty(self) -> bool:
        """Whether there are no rows or triples, or only a row without values or with zeros; or whether ASK is false."""
        if self.form != "SELECT" or not self:
            return not self
        return len(self.terms) == 1 and 0 < len(self.variables) == len(self.empty_columns)

    @property
    def empty_columns(self) -> list[str]:
        """The columns with no value, an empty text or 0 in every row, as aggregates over no solutions have."""
        empty = dict.fromkeys(self.variables)
        for row in self._rows() if empty else ():
            filled = [name for name in empty if not _is_empty(row[self.variables.index(name)])]
            empty = {name: None for name in empty if name not in filled}
            if not empty:
                break
        return [*empty]

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows as a data frame with typed columns (``xsd:date`` is a date); needs the package pandas."""
        try:
            import pandas
        except ImportError as error:
            raise missing_extra("Data frames", "pandas") from error
        columns = {name: typed_column(row[i] for row in self.terms) for i, name in enumerate(self.variables)}
        series = {
            name: pandas.Series(values, dtype="object" if values else "string").convert_dtypes()
            if kind != "date"
            else pandas.Series(pandas.to_datetime(values))
            for name, (kind, values) in columns.items()
        }
        return pandas.DataFrame(series, columns=self.variables)

    def to_arrow(self) -> pyarrow.Table:
        """Return the rows as an Arrow table with typed columns; needs the package pyarrow."""
        try:
            import pyarrow
        except ImportError as error:
            raise missing_extra("Parquet files and Arrow tables", "parquet") from error
        types = {
            "integer": pyarrow.int64(),
            "number": pyarrow.float64(),
            "boolean": pyarrow.bool_(),
            "date": pyarrow.date32(),
        }
        columns = [typed_column(row[i] for row in self.terms) for i in range(len(self.variables))]
        arrays = [pyarrow.array(values, types.get(kind, pyarrow.string())) for kind, values in columns]
        return pyarrow.Table.from_arrays(arrays, names=self.variables)

    def display(self, term: Term | None) -> str:
        """Return a term for display: the value of a literal, and an IRI with a prefix of the query if one fits."""
        if isinstance(term, ox.NamedNode):
            for prefix, namespace in self.prefixes.items():
                if term.value.startswith(namespace) and len(term.value) > len(namespace):
                    return f"{prefix}:{term.value.removeprefix(namespace)}"
        return "" if term is None else term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)

    def cells(self) -> list[list[str]]:
        """Return the rows as texts of one line, with control characters escaped."""
        return [[one_line(self.display(term)) for term in row] for row in self.terms]

    def numeric(self) -> list[bool]:
        """Return for each column whether it has only numbers."""
        kinds = (typed_column(row[i] for row in self.terms)[0] for i in range(len(self.variables)))
        return [kind in ("integer", "number") for kind in kinds]

    def table(self) -> str:
        """Return rows in columns, a graph as Turtle, or yes or no; control characters are escaped."""
        if self.yes is not None:
            return "yes\n" if self.yes else "no\n"
        if self.triples is not None:
            return printable(self.serialize("turtle").decode())
        return text_table(self.variables, self.cells())

    def serialize(self, name: str) -> bytes:
        """Return the answer in a format of :mod:`kg.query.result_formats`.

        Raises :class:`~kg.errors.UsageError` for a format that cannot hold it.
        """
        check_fits(name, self.form)
        if name == TABLE:
            return self.table().encode()
        if self.triples is not None:
            ordered = sorted(self.triples, key=str)
            return ox.serialize(ordered, format=GRAPHS[name], prefixes=dict(self.prefixes)) or b""
        return self._parquet() if name == "parquet" else self._serialized(name)

    written = serialize  # the name of versions up to 0.2.0

    def _serialized(self, name: str) -> bytes:
        output = io.BytesIO()
        self._parsed().serialize(output, BINDINGS[name])
        data = output.getvalue()
        return _valid_xml(data) if name == "xml" else data

    def _parquet(self) -> bytes:
        table = self.to_arrow()
        import pyarrow.parquet

        output = io.BytesIO()
        pyarrow.parquet.write_table(table, output, compression="zstd")
        return output.getvalue()

    def _repr_html_(self) -> str:
        """Return the first rows as an HTML table with the warnings and hints, for notebooks."""
        notes = [*self.warnings, *self.hints]
        return self._html() + "".join(f"<p>{html.escape(printable(note))}</p>" for note in notes)

    def _html(self) -> str:
        if self.form != "SELECT":
            return f"<pre>{html.escape(self.table())}</pre>"
        rows = [[self._cell(term) for term in row] for row in self.terms[:SHOWN]]
        more = len(self.terms) - SHOWN
        note = f"<p>and {more:,} more rows</p>" if more > 0 else "" if rows else "<p>no rows</p>"
        return html_table(self.variables, rows, self.numeric()) + note

    def _cell(self, term: Term | None) -> Cell:
        return one_line(self.display(term)), term.value if isinstance(term, ox.NamedNode) else ""


def _valid_xml(data: bytes) -> bytes:
    """Replace the characters that XML 1.0 does not allow."""
    from kg.records.sanitize import UNFIT

    return UNFIT.sub("\ufffd", data.decode()).encode()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _is_empty(term: Term | None) -> bool:
    """Return whether a cell has the value of an aggregate over no solutions.

    >>> [_is_empty(term) for term in (None, ox.Literal(0), ox.Literal(""), ox.Literal(False))]
    [True, True, True, False]
    """
    value = python_value(term)
    return value is None or value == "" or (value == 0 and value is not False)
