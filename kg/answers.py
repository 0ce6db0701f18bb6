"""Answers to queries: rows, a graph or a yes or no, and how they are shown and written."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import UsageError

if TYPE_CHECKING:
    import pandas

XSD = "http://www.w3.org/2001/XMLSchema#"
_RESULTS = {
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
}
_GRAPHS = {"turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES}
FORMATS = ("table", *_RESULTS, *_GRAPHS)
_WIDE = 60
_SHOWN = 20
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Value = str | int | float | bool | None


@dataclass(slots=True)
class Answer:
    """What a query gave: ``terms`` by row for SELECT, ``triples`` for CONSTRUCT and DESCRIBE, ``yes`` for ASK."""

    variables: list[str] = field(default_factory=list)
    terms: list[list[Term | None]] = field(default_factory=list)
    triples: list[ox.Triple] | None = None
    yes: bool | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Any, prefixes: Mapping[str, str]) -> Answer:
        """The answer of what pyoxigraph gives."""
        if isinstance(found, ox.QueryBoolean):
            return cls(yes=bool(found), prefixes=prefixes)
        if isinstance(found, ox.QueryTriples):
            return cls(triples=list(found), prefixes=prefixes)
        names = [variable.value for variable in found.variables]
        return cls(names, [[row[name] for name in names] for row in found], prefixes=prefixes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not self.terms and not self.triples and self.yes is None

    @property
    def rows(self) -> list[dict[str, Value]]:
        """The rows as Python values: numbers and truth values as such, all else as text."""
        return [dict(zip(self.variables, map(python, row), strict=True)) for row in self.terms]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a frame with typed columns; needs the package pandas."""
        try:
            import pandas
        except ImportError as error:
            raise UsageError("A frame needs a package that is not here: pip install 'trialkg[pandas]'.") from error
        return pandas.DataFrame(self.rows, columns=self.variables).convert_dtypes()

    def shown(self, term: Term | None) -> str:
        """A term as people read it: a text as it is, an IRI behind a prefix where the query has one."""
        if isinstance(term, ox.NamedNode):
            for prefix, namespace in self.prefixes.items():
                if term.value.startswith(namespace) and len(term.value) > len(namespace):
                    return f"{prefix}:{term.value.removeprefix(namespace)}"
        return "" if term is None else term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)

    def table(self) -> str:
        """The rows in columns, for people."""
        if self.yes is not None:
            return "yes\n" if self.yes else "no\n"
        if self.triples is not None:
            return self.written("turtle").decode()
        rows = [[_cut(" ".join(self.shown(term).split())) for term in row] for row in self.terms]
        cells = [self.variables, *rows]
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
        if name not in _RESULTS:
            raise UsageError(f"Rows are written as table, {', '.join(_RESULTS)}, not as {name}.")
        return self._results(_RESULTS[name])

    def _results(self, chosen: ox.QueryResultsFormat) -> bytes:
        if self.yes is not None:
            found: Any = ox.Store().query(f"ASK {{ FILTER({str(self.yes).lower()}) }}")
        else:
            variables = " ".join(f"?{name}" for name in self.variables)
            rows = " ".join(
                f"({' '.join('UNDEF' if term is None else str(term) for term in row)})" for row in self.terms
            )
            found = ox.Store().query(f"SELECT {variables} {{ VALUES ({variables}) {{ {rows} }} }}")
        output = io.BytesIO()
        found.serialize(output, chosen)
        return output.getvalue()

    def _repr_html_(self) -> str:
        """The first rows as a table, for notebooks; what is in the data is text, never markup."""
        if self.yes is not None or self.triples is not None:
            return f"<pre>{html.escape(self.table())}</pre>"
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.variables)
        body = "".join(f"<tr>{_cells(map(self.shown, row))}</tr>" for row in self.terms[:_SHOWN])
        more = len(self.terms) - _SHOWN
        note = f"<p>and {more:,} more rows</p>" if more > 0 else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"


def _cells(texts: Any) -> str:
    return "".join(f"<td>{html.escape(text)}</td>" for text in texts)


def python(term: Term | None) -> Value:
    """A term as a Python value.

    >>> python(ox.Literal(3)), python(ox.Literal("x")), python(ox.Literal(True))
    (3, 'x', True)
    """
    if not isinstance(term, ox.Literal):
        return None if term is None else term.value if isinstance(term, ox.NamedNode) else str(term)
    kind = term.datatype.value.removeprefix(XSD)
    try:
        if kind in ("integer", "int", "long", "nonNegativeInteger"):
            return int(term.value)
        if kind in ("decimal", "double", "float"):
            return float(term.value)
    except ValueError:
        return term.value
    return term.value == "true" if kind == "boolean" else term.value
