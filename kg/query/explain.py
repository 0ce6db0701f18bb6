"""What a query asks, part by part: what its names mean, and how much each of its patterns finds.

The engine has no plan to show. What helps a person is where the answers go missing: each pattern is counted alone, and
together with those above it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from kg.errors import OutputError
from kg.ontology.vocabulary import RDF
from kg.query import diagnostics
from kg.query.engine import PREFIXES, ask
from kg.query.lexer import form, prefixes
from kg.query.sandbox import Limits
from kg.store.dataset import open_store

Data = ox.Store | str | os.PathLike[str]
TOO_MANY = "too many"
"""What stands for a number that is not found in time."""


@dataclass(frozen=True, slots=True)
class Step:
    """A pattern: how it belongs to the query, its text, and the patterns above it that go with it."""

    kind: str
    text: str
    above: tuple[str, ...]


def explained(query: str, data: Data, limits: Limits | None = None) -> Iterator[str]:
    """The lines of an explanation.

    Raises :class:`~kg.errors.UsageError` for a text that is no query.
    """
    within = limits or Limits()
    try:
        found = ask(data, query, limits=within)
        total = f"{found.yes}".lower() if found.yes is not None else f"{len(found.triples or found.terms):,}"
    except OutputError as error:
        total = str(error)
    yield "Names"
    with open_store(data) as store:
        yield from _aligned(
            [(name, f"{count:,}", meaning) for name, meaning, count in diagnostics.names(query, store, PREFIXES)]
        )
    yield ""
    yield "Patterns"
    short = Limits(min(within.seconds, 10), within.memory)
    rows = [("alone", "with those above", "")]
    for step in steps(query):
        counts = (_count(data, [step.text], query, short), _count(data, [*step.above, step.text], query, short))
        rows.append((*counts, f"{step.kind + ': ' if step.kind else ''}{step.text}"))
    yield from _aligned(rows)
    yield ""
    yield f"{'Answer' if form(query) == 'ASK' else 'Rows' if form(query) == 'SELECT' else 'Statements'}: {total}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns: numbers to the right, and the last as long as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.rjust(w) if _is_count(cell) else cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        yield ("  " + "  ".join(cells)).rstrip()


def _is_count(cell: str) -> bool:
    return cell.replace(",", "").isdigit() or cell in ("alone", "with those above", TOO_MANY)


def _count(data: Data, patterns: Iterable[str], query: str, limits: Limits) -> str:
    """How many solutions some patterns have together."""
    known = PREFIXES | prefixes(query)
    lines = [f"PREFIX {name}: <{iri}>" for name, iri in known.items()]
    asked = f"SELECT (COUNT(*) AS ?count) {{ {' '.join(patterns)} }}"
    try:
        return f"{ask(data, ' '.join([*lines, asked]), limits=limits).rows[0]['count']:,}"
    except OutputError:
        return TOO_MANY


def steps(query: str) -> list[Step]:
    """The patterns of a query in the order in which they are joined; none where rdflib cannot read it.

    >>> asked = "SELECT * { ?s a ct:Study . OPTIONAL { ?s ct:phase ?phase } }"
    >>> [(step.kind, step.text) for step in steps(asked)]
    [('', '?s a ct:Study .'), ('optional', '?s ct:phase ?phase .')]
    """
    from rdflib.plugins.sparql import prepareQuery

    try:
        algebra = prepareQuery(query, initNs=PREFIXES).algebra
    except Exception:  # what it raises has no common base, and the engine takes a little more than it does
        return []
    return list(_Walk(PREFIXES | prefixes(query)).steps(algebra, "", []))


class _Walk:
    """Goes through the algebra of a query (https://www.w3.org/TR/sparql11-query/#sparqlAlgebra)."""

    def __init__(self, known: dict[str, str]) -> None:
        import rdflib

        self.names = rdflib.Graph(bind_namespaces="none").namespace_manager
        for prefix, namespace in known.items():
            self.names.bind(prefix, namespace)

    def steps(self, node: Any, kind: str, above: list[str]) -> Iterator[Step]:
        """The steps of a part; ``above`` grows by those that every solution of the part has."""
        name = getattr(node, "name", "")
        if name == "BGP":
            for triple in node.triples:
                yield self.step(kind, f"{' '.join(self.term(term) for term in triple)} .", above)
        elif name == "values":
            yield self.step(kind, self.values(node.res), above)
        elif name == "ToMultiSet":
            values = getattr(node.p, "name", "") == "values"
            yield from self.steps(node.p, kind, above) if values else self.steps(node.p, "within", [])
        elif name == "Join":
            yield from self.steps(node.p1, kind, above)
            yield from self.steps(node.p2, kind, above)
        elif name in ("LeftJoin", "Union", "Minus"):
            yield from self.branches(node, name, kind, above)
        elif name == "Filter":
            yield from self.steps(node.p, kind, above)
            yield from self.filtered(node.expr, above)
        elif "p" in (node or {}):
            yield from self.steps(node.p, kind, above)

    def step(self, kind: str, text: str, above: list[str]) -> Step:
        made = Step(kind, text, tuple(above))
        above.append(text)
        return made

    def branches(self, node: Any, name: str, kind: str, above: list[str]) -> Iterator[Step]:
        if name == "Union":
            first, second = [*above], [*above]
            yield from self.steps(node.p1, "either", first)
            yield from self.steps(node.p2, "or", second)
            one, other = (" ".join(branch[len(above) :]) for branch in (first, second))
            above.append(f"{{ {one} }} UNION {{ {other} }}")
        else:
            yield from self.steps(node.p1, kind, above)
            yield from self.steps(node.p2, "optional" if name == "LeftJoin" else "minus", [*above])

    def filtered(self, expression: Any, above: list[str]) -> Iterator[Step]:
        """The patterns in the EXISTS and NOT EXISTS of a filter."""
        kinds = {"Builtin_EXISTS": "exists", "Builtin_NOTEXISTS": "not exists"}
        if getattr(expression, "name", "") in kinds:
            yield from self.steps(expression.graph, kinds[expression.name], [*above])
        elif isinstance(expression, dict):
            for value in expression.values():
                yield from self.filtered(value, above)
        elif isinstance(expression, list):
            for value in expression:
                yield from self.filtered(value, above)

    def values(self, rows: list[dict[Any, Any]]) -> str:
        names = list(rows[0]) if rows else []
        terms = " ".join(f"({' '.join(self.term(row.get(name, 'UNDEF')) for name in names)})" for row in rows)
        return f"VALUES ({' '.join(name.n3() for name in names)}) {{ {terms} }}"

    def term(self, term: Any) -> str:
        if str(term) == RDF + "type":
            return "a"
        return str(term.n3(self.names)) if hasattr(term, "n3") else str(term)
