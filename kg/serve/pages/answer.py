"""The answer to a query as a page shows it: a table with labels and links, and what other views suit it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.ontology.vocabulary import STUDY
from kg.query.engine import PREFIXES
from kg.query.frames import typed_column
from kg.query.results import Answer

SHOWN = 500
"""Rows of a table at most."""
USED = 5000
"""Rows of a chart, a map or a network at most."""
MAX_SERIES = 8
TRIPLES = ("subject", "predicate", "object")
Label = Callable[[str], str]
_LATITUDE = re.compile(r"lat(itude)?", re.IGNORECASE)
_LONGITUDE = re.compile(r"lo?ng(itude)?", re.IGNORECASE)
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a table: its text, and its IRI if it is a resource; ``name`` is its prefixed name."""

    text: str
    iri: str = ""
    name: str = ""


@dataclass
class AnswerView:
    """The answer to a query: rows, a graph as rows of triples, or a truth value."""

    form: str
    total: int
    """The number of rows or triples."""
    variables: list[str] = field(default_factory=list)
    rows: list[list[Term | None]] = field(default_factory=list)
    """The first rows, at most :data:`USED`."""
    yes: bool | None = None
    hints: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @cached_property
    def kinds(self) -> list[str]:
        """The kind of each column: ``integer``, ``number``, ``date``, ``boolean``, ``iri`` or ``text``."""
        return [self._kind(i) for i in range(len(self.variables))]

    def _kind(self, place: int) -> str:
        terms = [row[place] for row in self.rows[:SHOWN] if row[place] is not None]
        if terms and all(isinstance(term, ox.NamedNode) for term in terms):
            return "iri"
        return typed_column(terms)[0]

    def column(self, place: int) -> list[Term | None]:
        """Return the values of a column."""
        return [row[place] for row in self.rows]

    @property
    def numbers(self) -> list[int]:
        """The places of the columns with numbers."""
        return [i for i, kind in enumerate(self.kinds) if kind in ("integer", "number")]

    @property
    def categories(self) -> list[int]:
        """The places of the columns that can be the labels of a chart; a year can."""
        years = [i for i in self.numbers if re.fullmatch(r"(start|first|later)?year", self.variables[i], re.IGNORECASE)]
        return years + [i for i, kind in enumerate(self.kinds) if kind in ("iri", "text", "date", "boolean")]

    @property
    def values(self) -> list[int]:
        """The places of the columns that a chart can show."""
        return [i for i in self.numbers if i not in self.categories]

    @property
    def places(self) -> tuple[int, int] | None:
        """The places of the columns with latitude and longitude."""
        found = [
            next((i for i in self.numbers if pattern.fullmatch(self.variables[i])), None)
            for pattern in (_LATITUDE, _LONGITUDE)
        ]
        return None if None in found else (found[0] or 0, found[1] or 0)

    @cached_property
    def studies(self) -> list[str]:
        """The IRIs of the studies in the first column that has only studies, each once."""
        for i, kind in enumerate(self.kinds):
            iris = dict.fromkeys(term.value for term in self.column(i) if isinstance(term, ox.NamedNode))
            if kind == "iri" and all(iri.startswith(STUDY) for iri in iris):
                return [*iris]
        return []

    @property
    def links(self) -> tuple[int, int] | None:
        """The places of the two columns of resources that a network joins."""
        if self.form == "graph":
            return (0, 2)
        iris = [i for i, kind in enumerate(self.kinds) if kind == "iri"]
        return (iris[0], iris[1]) if len(iris) > 1 else None

    @property
    def views(self) -> dict[str, str]:
        """The views that suit the answer, with their titles."""
        result = {"table": "Table"}
        if self.categories and self.values and self.form == "rows" and self.rows:
            result["chart"] = "Chart"
        if self.places or self.studies:
            result["map"] = "Map"
        if self.links and self.rows:
            result["network"] = "Network"
        return result if self.yes is None else {}

    def table(self, label: Label) -> Iterator[list[Cell]]:
        """Yield the rows of the table; ``label`` returns the label of an IRI, or an empty string."""
        for row in self.rows[:SHOWN]:
            yield [_cell(term, label) for term in row]

    @property
    def hidden(self) -> int:
        """The number of rows that the table does not show."""
        return self.total - min(len(self.rows), SHOWN)


def _cell(term: Term | None, label: Label) -> Cell:
    if isinstance(term, ox.NamedNode):
        name = _display(term)
        return Cell(label(term.value) or name, term.value, name)
    if isinstance(term, ox.Literal):
        return Cell(term.value)
    return Cell("" if term is None else str(term))


def _display(term: ox.NamedNode) -> str:
    return Answer(prefixes=PREFIXES).display(term)


def answer_view(name: str, content: bytes | bytearray) -> AnswerView:
    """Return the view of an answer of a worker: results as TSV, or a graph as N-Triples."""
    if name == "ntriples":
        return _graph(content)
    if content[:8].strip() in (b"true", b"false"):
        return AnswerView("truth", 1, yes=content.startswith(b"true"))
    total = max(content.count(b"\n") - 1, 0)
    results = ox.parse_query_results(first_lines(content, USED + 1), format=ox.QueryResultsFormat.TSV)
    assert isinstance(results, ox.QuerySolutions)
    variables = [variable.value for variable in results.variables]
    return AnswerView("rows", total, variables, [[row[i] for i in range(len(variables))] for row in results])


def first_lines(content: bytes | bytearray, number: int) -> bytes:
    """Return the first lines of a text, which may be large.

    >>> first_lines(b"a\\nb\\nc\\n", 2), first_lines(b"a\\n", 2)
    (b'a\\nb\\n', b'a\\n')
    """
    end = 0
    for _ in range(number):
        end = content.find(b"\n", end) + 1
        if not end:
            return bytes(content)
    return bytes(content[:end])


def _graph(content: bytes | bytearray) -> AnswerView:
    quads = ox.parse(first_lines(content, USED), format=ox.RdfFormat.N_TRIPLES)
    rows: list[list[Term | None]] = [[quad.subject, quad.predicate, quad.object] for quad in quads]
    return AnswerView("graph", content.count(b"\n"), list(TRIPLES), rows)


class Group(NamedTuple):
    """A value of a chart with its label, and the label of its series, which is empty if there is only one."""

    label: str
    series: str
    number: float
    text: str
    """The number as in the answer."""


def chart_groups(view: AnswerView, label: Label) -> list[Group]:
    """Return the values of a chart in the order of the rows.

    A second column of labels gives the series if it has few values and each pair occurs once; otherwise it is a part
    of the label.
    """
    value, (first, *others) = view.values[0], view.categories
    groups = []
    for row in view.rows:
        number = _number(row[value])
        if number is not None:
            series = _text(row[others[0]], label) if others else ""
            groups.append(Group(_text(row[first], label), series, number, getattr(row[value], "value", "")))
    pairs = {(group.label, group.series) for group in groups}
    if len(pairs) == len(groups) and 1 < len({group.series for group in groups}) <= MAX_SERIES < len(groups):
        return groups
    return [group._replace(label=" · ".join(filter(None, group[:2])), series="") for group in groups]


def _text(term: Term | None, label: Label) -> str:
    return _cell(term, label).text or "–"


def _number(term: Term | None) -> float | None:
    try:
        return float(term.value) if isinstance(term, ox.Literal) else None
    except ValueError:
        return None
