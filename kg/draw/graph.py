"""The graph behind a picture: study records, RDF files or a store, queried with SPARQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg._types import Progress, Reject
from kg.draw.plain_text import plain_text
from kg.errors import UsageError
from kg.ontology.vocabulary import CT, RDF, RDFS
from kg.store.dataset import classify_inputs, open_store

Row = dict[str, str]
LABEL, TYPE = ox.NamedNode(RDFS + "label"), ox.NamedNode(RDF + "type")


@cache
def query_text(name: str) -> str:
    """Return the text of a query of this package, including its header."""
    return (Path(__file__).parent / "queries" / f"{name}.rq").read_text("utf-8")


def query_header(text: str) -> dict[str, str]:
    """Return the header of a query: its ``#+`` lines (https://github.com/CLARIAH/grlc).

    >>> query_header("#+ summary: Studies by phase")
    {'summary': 'Studies by phase'}
    """
    return dict(re.findall(r"^#\+ (\w+): (.+)$", text, re.MULTILINE))


def query_body(text: str) -> str:
    """Return a query without its header."""
    return re.sub(r"^#\+.*\n", "", text, flags=re.MULTILINE).strip() + "\n"


def term_text(term: Any) -> str:
    """Return the text of a literal without markup, or an IRI."""
    return plain_text(term.value) if isinstance(term, ox.Literal) else str(term.value)


class QueryableGraph:
    """A store whose named graphs are queried as one graph."""

    def __init__(self, store: ox.Store) -> None:
        self.store = store

    def query(self, query: str) -> Any:
        """Return the result of a query.

        Raises :class:`~kg.errors.UsageError` if the query is invalid or cannot be evaluated.
        """
        try:
            return self.store.query(query, use_default_graph_as_union=True)
        except SyntaxError as error:
            raise UsageError(f"The query cannot be read ({error}).") from error
        except (OSError, RuntimeError) as error:
            raise UsageError(f"The query cannot be answered ({error}).") from error

    def select(self, query: str) -> Iterator[Row]:
        """Yield the solutions of a SELECT query as texts by variable, without unbound variables."""
        solutions = self.query(query)
        names = [variable.value for variable in solutions.variables]
        for solution in solutions:
            pairs = ((name, solution[name]) for name in names)
            yield {name: term_text(value) for name, value in pairs if value is not None and hasattr(value, "value")}

    def select_named(self, name: str) -> Iterator[Row]:
        """Yield the solutions of a query of this package."""
        return self.select(query_text(name))

    def properties(self, iri: str) -> Iterator[tuple[str, Any]]:
        """Yield the distinct pairs of property and value of a node, in no particular order."""
        seen = set()
        try:
            node = ox.NamedNode(iri)
        except ValueError:  # the id of a node of a picture that is not an IRI
            return
        for quad in self.store.quads_for_pattern(node, None, None, None):
            pair = (quad.predicate.value, quad.object)
            if pair not in seen:
                seen.add(pair)
                yield pair

    def values(self, iri: str, property_: str) -> list[Any]:
        """Return the distinct values of a property, sorted by their text."""
        quads = self.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(property_), None, None)
        return sorted({quad.object for quad in quads}, key=str)

    def subjects(self, property_: str, iri: str) -> list[str]:
        """Return the IRIs that have a node as the value of a property, sorted."""
        quads = self.store.quads_for_pattern(None, ox.NamedNode(property_), ox.NamedNode(iri), None)
        return sorted({quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)})

    def label(self, iri: str) -> str:
        """Return the label of a node, or an empty string."""
        labels = self.values(iri, LABEL.value)
        return term_text(labels[0]) if labels else ""

    def is_study(self, iri: str) -> bool:
        """Return whether a node is a study of the graph."""
        study = ox.NamedNode(CT + "Study")
        return any(True for _ in self.store.quads_for_pattern(ox.NamedNode(iri), TYPE, study, None))


def open_graph(
    inputs: Iterable[str],
    reject: Reject,
    *,
    results: bool = False,
    keep: str | None = None,
    progress: Progress | None = None,
) -> QueryableGraph:
    """Return the graph of the inputs: study records, RDF files, stores, or any mix.

    ``results`` keeps the sections :data:`RESULTS` of all records, ``keep`` those of the study with a number, or of the
    first one if it is empty.

    Raises :class:`~kg.errors.UsageError` for missing input, :class:`~kg.errors.SourceError` for invalid RDF.
    """
    by_kind = classify_inputs(inputs)
    if by_kind.single_store:
        with open_store(by_kind.single_store) as store:
            return QueryableGraph(store)
    from kg.draw.reduced import ReducedExporter
    from kg.export.report import Report
    from kg.store.merge import load_in_memory

    exporter = None if results else ReducedExporter(keep)
    return QueryableGraph(load_in_memory(by_kind, Report(on_problem=reject), progress, exporter))
