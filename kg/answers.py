"""Answers to queries: rows, a graph or a yes or no, and how they are shown and written."""

from __future__ import annotations

import html
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import UsageError
from kg.frames import Term, Value, column, python

if TYPE_CHECKING:
    import pandas
    import pyarrow

_RESULTS = {
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
}
_GRAPHS = {"turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES}
_WIDE = 60
_SHOWN = 20
_NOTHING = b'{"head":{"vars":[]},"results":{"bindings":[]}}'


@dataclass(eq=False)
class Answer:
    """What a query gave.

    ``results`` are the rows of SELECT or the truth of ASK as JSON (https://www.w3.org/TR/sparql11-results-json/);
    ``triples`` what CONSTRUCT and DESCRIBE make. Terms are made of the JSON when they are asked for.
    """

    results: bytes = _NOTHING
    triples: list[ox.Triple] | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    hints: Sequence[str] = ()
    """What may be wrong with a query that finds nothing, a sentence each."""

    @classmethod
    def of(cls, found: Any, prefixes: Mapping[str, str]) -> Answer:
        """The answer of what pyoxigraph gives."""
        if isinstance(found, ox.QueryTriples):
            return cls(triples=list(found), prefixes=prefixes)
        output = io.BytesIO()
        found.serialize(output, ox.QueryResultsFormat.JSON)
        return cls(output.getvalue(), prefixes=prefixes)

    def _found(self) -> Any:
        return ox.parse_query_results(self.results, format=ox.QueryResultsFormat.JSON)

    @cached_property
    def yes(self) -> bool | None:
        """The truth that ASK tells; nothing for another query."""
        found = self._found()
        return bool(found) if isinstance(found, ox.QueryBoolean) else None

    @cached_property
    def variables(self) -> list[str]:
        """The names of the columns."""
        found = self._found()
        return [] if isinstance(found, ox.QueryBoolean) else [variable.value for variable in found.variables]

    @cached_property
    def terms(self) -> list[list[Term | None]]:
        """The terms by row and column."""
        return [[row[name] for name in self.variables] for row in self._found()] if self.variables else []

    @property
    def finds_nothing(self) -> bool:
        """Whether there is no statement, no row, or but one of zeros, as counts give it; or the answer is no."""
        if self.triples is not None or self.yes is not None:
            return not (self.triples or self.yes)
        first = [*itertools.islice(self._found(), 2)]
        return not first or (len(first) == 1 and all(python(value) in (0, None) for value in first[0]))

    @property
    def rows(self) -> list[dict[str, Value]]:
        """The rows as Python values: numbers and truth values as such, all else as text."""
        return [dict(zip(self.variables, map(python, row), strict=True)) for row in self.terms]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a frame with typed columns (whole days are dates); needs the package pandas."""
        try:
            import pandas
        except ImportError as error:
            raise UsageError("A frame needs a package that is not here: pip install 'trialkg[pandas]'.") from error
        columns = {name: column(row[i] for row in self.terms) for i, name in enumerate(self.variables)}
        series = {
            name: pandas.Series(values, dtype="object" if values else "string").convert_dtypes()
            if kind != "date"
            else pandas.Series(pandas.to_datetime(values))
            for name, (kind, values) in columns.items()
        }
        return pandas.DataFrame(series, columns=self.variables)

    def to_arrow(self) -> pyarrow.Table:
        """The rows as a table of Arrow with typed columns; needs the package pyarrow."""
        try:
            import pyarrow
        except ImportError as error:
            raise UsageError("Parquet needs a package that is not here: pip install 'trialkg[parquet]'.") from error
        types = {
            "integer": pyarrow.int64(),
            "number": pyarrow.float64(),
            "boolean": pyarrow.bool_(),
            "date": pyarrow.date32(),
        }
        columns = [column(row[i] for row in self.terms) for i in range(len(self.variables))]
        arrays = [pyarrow.array(values, types.get(kind, pyarrow.string())) for kind, values in columns]
        return pyarrow.Table.from_arrays(arrays, names=self.variables)

    def shown(self, term: Term | None) -> str:
        """A term as people read it: a text as it is, an IRI behind a prefix where the query has one."""
        if isinstance(term, ox.NamedNode):
            for prefix, namespace in self.prefixes.items():
                if term.value.startswith(namespace) and len(term.value) > len(namespace):
                    return f"{prefix}:{term.value.removeprefix(namespace)}"
        return "" if term is None else term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)

    def cells(self) -> list[list[str]]:
        """The rows as texts of one line each."""
        return [[" ".join(self.shown(term).split()) for term in row] for row in self.terms]

    def numeric(self) -> list[bool]:
        """For each column whether it holds numbers alone."""
        kinds = (column(row[i] for row in self.terms)[0] for i in range(len(self.variables)))
        return [kind in ("integer", "number") for kind in kinds]

    def table(self) -> str:
        """The rows in columns, long texts cut: for people, and the same wherever it goes."""
        if self.yes is not None:
            return "yes\n" if self.yes else "no\n"
        if self.triples is not None:
            return self.written("turtle").decode()
        if not self.variables:
            return ""
        cells = [self.variables, *([_cut(text) for text in row] for row in self.cells())]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(lines) + "\n"

    def written(self, name: str) -> bytes:
        """The answer in a format; raises :class:`~kg.errors.UsageError` for one that does not fit it."""
        if name == "table":
            return self.table().encode()
        if self.triples is not None:
            if name not in _GRAPHS:
                raise UsageError(f"A graph is written as {' or '.join(_GRAPHS)}, not as {name}.")
            ordered = sorted(self.triples, key=str)
            return ox.serialize(ordered, format=_GRAPHS[name], prefixes=dict(self.prefixes)) or b""
        if name == "parquet" and self.yes is None:
            return self._parquet()
        if name not in _RESULTS:
            fitting = ("table", *_RESULTS) if self.yes is not None else ("table", *_RESULTS, "parquet")
            what = "Yes or no is" if self.yes is not None else "Rows are"
            raise UsageError(f"{what} written as {', '.join(fitting)}, not as {name}.")
        output = io.BytesIO()
        self._found().serialize(output, _RESULTS[name])
        return output.getvalue()

    def _parquet(self) -> bytes:
        table = self.to_arrow()
        import pyarrow.parquet

        output = io.BytesIO()
        pyarrow.parquet.write_table(table, output, compression="zstd")
        return output.getvalue()

    def _repr_html_(self) -> str:
        """The first rows as a table with the hints, for notebooks."""
        return self._shown() + "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.hints)

    def _shown(self) -> str:
        if self.yes is not None or self.triples is not None:
            return f"<pre>{html.escape(self.table())}</pre>"
        numbers = [' style="text-align:right"' if each else ' style="text-align:left"' for each in self.numeric()]
        head = "".join(
            f"<th{style}>{html.escape(name)}</th>" for name, style in zip(self.variables, numbers, strict=True)
        )
        body = "".join(f"<tr>{self._row(row, numbers)}</tr>" for row in self.terms[:_SHOWN])
        more = len(self.terms) - _SHOWN
        note = f"<p>and {more:,} more rows</p>" if more > 0 else "" if self.terms else "<p>no rows</p>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"

    def _row(self, row: list[Term | None], styles: list[str]) -> str:
        return "".join(f"<td{style}>{self._cell(term)}</td>" for term, style in zip(row, styles, strict=True))

    def _cell(self, term: Term | None) -> str:
        text = html.escape(self.shown(term))
        if isinstance(term, ox.NamedNode) and term.value.startswith(("http://", "https://")):
            return f'<a href="{html.escape(term.value)}" target="_blank" rel="noopener noreferrer">{text}</a>'
        return text


def _cut(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
