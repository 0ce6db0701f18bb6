"""Where a picture comes from: study records, RDF files or the folder of a store, asked in SPARQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg._types import Reject
from kg.draw.plain import plain
from kg.errors import UsageError
from kg.export.report import Report
from kg.ontology.vocabulary import CT, RDF, RDFS
from kg.store.dataset import fill, of_graphs, sorted_out
from kg.store.dataset import opened as stored

Row = dict[str, str]
RESULTS = ("resultsSection", "documentSection")
LABEL, TYPE = ox.NamedNode(RDFS + "label"), ox.NamedNode(RDF + "type")


@cache
def query_text(name: str) -> str:
    """The text of a query of this package, with its header."""
    return (Path(__file__).parent / "queries" / f"{name}.rq").read_text("utf-8")


def header(text: str) -> dict[str, str]:
    """The header of a query: its ``#+`` lines (https://github.com/CLARIAH/grlc).

    >>> header("#+ summary: Studies by phase")
    {'summary': 'Studies by phase'}
    """
    return dict(re.findall(r"^#\+ (\w+): (.+)$", text, re.MULTILINE))


def body(text: str) -> str:
    """A query without its header."""
    return re.sub(r"^#\+.*\n", "", text, flags=re.MULTILINE).strip() + "\n"


def text_of(term: Any) -> str:
    """The text of a term: what a literal says, without markup, or an IRI."""
    return plain(term.value) if isinstance(term, ox.Literal) else str(term.value)


class Graph:
    """Statements to ask; all named graphs are asked as one."""

    def __init__(self, store: ox.Store) -> None:
        self.store = store

    def ask(self, query: str, **given: str) -> Any:
        """The answer of a query; ``given`` are IRIs for its variables.

        Raises :class:`~kg.errors.UsageError` for what is no query.
        """
        values: dict[ox.Variable, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple] = {
            ox.Variable(name): ox.NamedNode(value) for name, value in given.items()
        }
        try:
            return self.store.query(query, use_default_graph_as_union=True, substitutions=values)
        except SyntaxError as error:
            raise UsageError(f"The query cannot be read ({error}).") from error
        except (OSError, RuntimeError) as error:
            raise UsageError(f"The query cannot be answered ({error}).") from error

    def rows(self, query: str, **given: str) -> Iterator[Row]:
        """The solutions of a SELECT as texts by variable; what is not bound is left out."""
        found = self.ask(query, **given)
        names = [variable.value for variable in found.variables]
        for solution in found:
            pairs = ((name, solution[name]) for name in names)
            yield {name: text_of(value) for name, value in pairs if value is not None and hasattr(value, "value")}

    def named(self, name: str, **given: str) -> Iterator[Row]:
        """The solutions of a query of this package."""
        return self.rows(query_text(name), **given)

    def about(self, iri: str) -> Iterator[tuple[str, Any]]:
        """What is said of a thing: properties and values, in no order, each once."""
        seen = set()
        try:
            node = ox.NamedNode(iri)
        except ValueError:  # the id of a node of a picture, and no IRI
            return
        for quad in self.store.quads_for_pattern(node, None, None, None):
            pair = (quad.predicate.value, quad.object)
            if pair not in seen:
                seen.add(pair)
                yield pair

    def values(self, iri: str, property_: str) -> list[Any]:
        """The values of one property, sorted by their text."""
        found = self.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(property_), None, None)
        return sorted({quad.object for quad in found}, key=str)

    def subjects(self, property_: str, iri: str) -> list[str]:
        """What leads to a thing by one property, sorted."""
        found = self.store.quads_for_pattern(None, ox.NamedNode(property_), ox.NamedNode(iri), None)
        return sorted({quad.subject.value for quad in found if isinstance(quad.subject, ox.NamedNode)})

    def label(self, iri: str) -> str:
        """The label of a thing, or nothing."""
        found = self.values(iri, LABEL.value)
        return text_of(found[0]) if found else ""

    def is_study(self, iri: str) -> bool:
        """Whether something is a study of the graph."""
        study = ox.NamedNode(CT + "Study")
        return any(True for _ in self.store.quads_for_pattern(ox.NamedNode(iri), TYPE, study, None))


def opened(inputs: Iterable[str], reject: Reject, *, results: bool = False, progress: Any = None) -> Graph:
    """The graph of some inputs: the folder of a store, RDF files, or study records, which are exported first.

    ``results`` keeps the results of records, which most pictures do not need.

    Raises :class:`~kg.errors.UsageError` where nothing is named or there, :class:`~kg.errors.SourceError` for a
    file that is no good RDF.
    """
    given = sorted_out(inputs)
    if not any(given):
        raise UsageError("No input is given; name study records, RDF files, or the folder of a store.")
    if len(given.stores) == 1 and not given.rdf and not given.records:
        with stored(given.stores[0]) as found:
            return Graph(found)
    store, report = ox.Store(), Report(on_problem=reject)
    loaders = [*of_graphs(given)]
    if names := given.records:
        loaders.append((", ".join(names), lambda into: _load_records(into, names, report.problem, results, progress)))
    fill(store, loaders, report)
    return Graph(store)


def _load_records(into: ox.Store, names: list[str], reject: Reject, results: bool, progress: Any) -> None:
    from kg.export.exporter import Exporter
    from kg.export.stream import newest, studies, usages
    from kg.records.reader import Record, read

    def lean(records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if not results and isinstance(record.data, dict):
                kept = {key: value for key, value in record.data.items() if key not in RESULTS}
                record = replace(record, data=kept)
            yield record

    exporter = Exporter(graphs=True)
    exported = newest(studies(lean(read(names, reject, progress)), exporter, reject)).values()
    shared = [data for data, _ in exporter.shared(usages(exported))]
    into.bulk_load(b"".join([*(study.data for study in exported), *shared]), format=ox.RdfFormat.N_QUADS)
