"""Where a picture comes from: study records, RDF files or the folder of a store, asked in SPARQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.draw.plain import plain
from kg.errors import InputError, UsageError
from kg.ontology import CT, RDF, RDFS
from kg.rdf import statements
from kg.store import is_rdf, is_store
from kg.store import opened as stored

Reject = Callable[[InputError], None]
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
    names = list(inputs)
    if not names:
        raise UsageError("No input is given; name study records, RDF files, or the folder of a store.")
    if len(names) == 1 and is_store(names[0]):
        with stored(names[0]) as found:
            return Graph(found)
    store = ox.Store()
    rdf = [name for name in names if is_rdf(name)]
    store.bulk_extend(statements(rdf))
    records = [name for name in names if name not in rdf]
    if records:
        data = b"".join(_exported(records, reject, results, progress))
        store.bulk_load(data, format=ox.RdfFormat.N_TRIPLES)
    return Graph(store)


def _exported(names: list[str], reject: Reject, results: bool, progress: Any) -> Iterator[bytes]:
    from kg.export import Exporter
    from kg.records import Record, read
    from kg.studies import studies

    def lean(records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if not results and isinstance(record.data, dict):
                kept = {key: value for key, value in record.data.items() if key not in RESULTS}
                record = replace(record, data=kept)
            yield record

    newest: dict[str, tuple[int, bytes]] = {}
    for _, exported in studies(lean(read(names, reject, progress)), Exporter(), reject):
        if exported.version >= newest.get(exported.study, (0, b""))[0]:
            newest[exported.study] = (exported.version, exported.data)
    return (data for _, data in newest.values())
