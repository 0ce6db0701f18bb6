"""Explanation of a query: the meaning of its terms, and the number of matches of its patterns.

The engine has no query plan to show. To find the pattern that leaves an answer empty, each pattern is counted alone and
together with the patterns above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from kg._types import PathName
from kg.errors import OutputError
from kg.ontology.vocabulary import RDF
from kg.query import diagnostics
from kg.query.engine import PREFIXES, evaluate
from kg.query.lexer import form, prefixes
from kg.query.sandbox import Limits
from kg.store.dataset import open_store

Data = ox.Store | PathName
_HEADER = ("alone", "with those above")
TOO_MANY = "too many"
"""Shown for a count that exceeds its time limit."""


@dataclass(frozen=True, slots=True)
class Step:
    """A pattern: its role in the query, its text, and the patterns above it that it is joined with."""

    kind: str
    text: str
    above: tuple[str, ...]


def explain(query: str, data: Data, limits: Limits | None = None) -> Iterator[str]:
    """Yield the lines of an explanation.

    Raises :class:`~kg.errors.UsageError` for a text that is not a query.
    """
    limits = limits or Limits()
    try:
        answer = evaluate(data, query, limits=limits)
        total = f"{answer.yes}".lower() if answer.yes is not None else f"{len(answer.triples or answer.terms):,}"
    except OutputError as error:
        total = str(error)
    yield "Terms"
    with open_store(data) as store:
        yield from _aligned(
            [(name, f"{count:,}", meaning) for name, meaning, count in diagnostics.count_terms(query, store, PREFIXES)]
        )
    yield ""
    yield "Patterns"
    short = Limits(min(limits.seconds, 10), limits.memory)
    rows = [(*_HEADER, "")]
    for step in query_steps(query):
        counts = (_count(data, [step.text], query, short), _count(data, [*step.above, step.text], query, short))
        rows.append((*counts, f"{step.kind + ': ' if step.kind else ''}{step.text}"))
    yield from _aligned(rows)
    yield ""
    yield f"{'Answer' if form(query) == 'ASK' else 'Rows' if form(query) == 'SELECT' else 'Statements'}: {total}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows in columns, numbers aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.rjust(w) if _is_count(cell) else cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        yield ("  " + "  ".join(cells)).rstrip()


def _is_count(cell: str) -> bool:
    return cell.replace(",", "").isdigit() or cell in (*_HEADER, TOO_MANY)


def _count(data: Data, patterns: Iterable[str], query: str, limits: Limits) -> str:
    """Return the number of solutions of the join of patterns."""
    lines = [f"PREFIX {name}: <{iri}>" for name, iri in (PREFIXES | prefixes(query)).items()]
    select = f"SELECT (COUNT(*) AS ?count) {{ {' '.join(patterns)} }}"
    try:
        return f"{evaluate(data, ' '.join([*lines, select]), limits=limits).rows[0]['count']:,}"
    except OutputError:
        return TOO_MANY


def query_steps(query: str) -> list[Step]:
    """Return the patterns of a query in the order of their joins; none for a query that rdflib cannot parse.

    >>> query = "SELECT * { ?s a ct:Study . OPTIONAL { ?s ct:phase ?phase } }"
    >>> [(step.kind, step.text) for step in query_steps(query)]
    [('', '?s a ct:Study .'), ('optional', '?s ct:phase ?phase .')]
    """
    from rdflib.plugins.sparql import prepareQuery

    try:
        algebra = prepareQuery(query, initNs=PREFIXES).algebra
    except Exception:  # its exceptions have no common base, and the engine accepts some queries that it does not
        return []
    return list(_Walker(PREFIXES | prefixes(query)).steps(algebra, "", []))


class _Walker:
    """Walks the algebra of a query (https://www.w3.org/TR/sparql11-query/#sparqlAlgebra)."""

    def __init__(self, namespaces: dict[str, str]) -> None:
        import rdflib

        self.names = rdflib.Graph(bind_namespaces="none").namespace_manager
        for prefix, namespace in namespaces.items():
            self.names.bind(prefix, namespace)

    def steps(self, node: Any, kind: str, above: list[str]) -> Iterator[Step]:
        """Yield the steps of a node; ``above`` is extended by the patterns that every solution of the node matches."""
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
        step = Step(kind, text, tuple(above))
        above.append(text)
        return step

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
        """Yield the patterns in the EXISTS and NOT EXISTS of a filter."""
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
