"""The graphs to load: from study records, RDF files and stores.

A strict parser checks every statement before it is sent. The lines of a graph are N-Triples, sorted and without
duplicates, so that equal graphs have equal digests whatever their source.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import SourceError, UsageError, nothing_found
from kg.export import ontology_graph, shared_resources
from kg.export.descriptions import Describer
from kg.export.exporter import Exporter
from kg.export.graph_digest import graph_digest
from kg.export.record_header import version
from kg.export.report import Report
from kg.export.stream import exports
from kg.mapping.sections import plan_without
from kg.ontology.vocabulary import ONTOLOGY_GRAPH, RECORD, REGISTRY_GRAPH, SHARED_GRAPH
from kg.rdf.parse import quads
from kg.rdf.syntax import Style
from kg.records.objects import ObjectInput
from kg.store import layout
from kg.store.dataset import RDF_FILE, RECORDS, STORE, classify_inputs, is_of_old_layout, old_layout, open_store
from kg.store.merge import temporary_store

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

_DATES = (b"dc/terms/modified", b"ontology#lastUpdateSubmitDate", b"ontology#versionHolder")
_DATE = re.compile(rb'(%s)> "(\d{4}(?:-\d\d){0,2})"' % b"|".join(_DATES))


@dataclass(slots=True)
class NamedGraph:
    """A graph to load: its name, its N-Triples, and the version of its record.

    Some stores merge literals of equal value, so a store may count from ``least`` (merged) to ``most`` (as written)
    statements.
    """

    name: str
    lines: list[bytes]
    version: int = 0
    shared: tuple[bytes, ...] = ()
    """Descriptions of the shared resources that the study refers to (:mod:`kg.export.shared_resources`)."""
    digest: str = field(init=False)
    _least: int | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self.lines = sorted(set(self.lines))
        self.digest = graph_digest(self.lines).hex()

    @property
    def least(self) -> int:
        """The number of statements with literals of equal value as one, computed by a strict parser when it is needed.

        Raises :class:`SyntaxError` or :class:`ValueError` for invalid RDF.
        """
        if self._least is None:
            self._least = distinct_values(self.lines)
        return self._least

    @property
    def most(self) -> int:
        """The number of statements as written."""
        return len(self.lines)

    @property
    def data(self) -> bytes:
        """The N-Triples."""
        return b"".join(self.lines)

    def quads(self) -> bytes:
        """Return the N-Quads."""
        return as_quads(self.lines, self.name)

    def is_complete(self, count: int) -> bool:
        """Return whether a store that counts this many statements has exactly those of the graph."""
        return count == self.most or (count < self.most and self.least <= count)


def as_quads(lines: Iterable[bytes], name: str) -> bytes:
    """Turn lines of N-Triples into N-Quads."""
    end = f" <{name}> .\n".encode()
    return b"".join(line.removesuffix(b".\n").rstrip(b" ") + end for line in lines)


def distinct_values(lines: Iterable[bytes]) -> int:
    """Parse statements and count them, with literals of equal value as one.

    Raises :class:`SyntaxError` or :class:`ValueError` for invalid RDF.
    """
    store = ox.Store()
    store.bulk_load(b"".join(lines), format=ox.RdfFormat.N_TRIPLES)
    return len(store)


def version_of(lines: Iterable[bytes]) -> int:
    """Return the version of a graph's record (:mod:`kg.export.record_header`) from the dates in its lines.

    >>> from kg.export.record_header import day, modified_day
    >>> modified_day(version_of([b'<r> <http://purl.org/dc/terms/modified> "2025-01-31"^^<d> .'])) == day("2025-01-31")
    True
    """
    dates = dict.fromkeys(_DATES, "")
    for line in lines:
        if match := _DATE.search(line):
            dates[match[1]] = max(dates[match[1]], match[2].decode())
    return version(*dates.values())


def graphs(
    inputs: Iterable[AnyData],
    report: Report,
    progress: Progress | None = None,
    *,
    contacts: bool = False,
    without: tuple[str, ...] = (),
) -> Iterator[NamedGraph]:
    """Yield the named graphs of study records, RDF files and stores.

    The graph of shared resources is left out, as it follows from the studies, and so is the registry state of a store;
    the ontology is last, if there are studies. Problems go to ``report``. Raises :class:`~kg.errors.UsageError` for
    input that cannot be loaded. ``contacts`` and ``without`` are for the records, as of an export.
    """
    has_studies = False
    for graph in _graphs(inputs, report, progress, contacts=contacts, without=without):
        if graph.name not in (SHARED_GRAPH, ONTOLOGY_GRAPH, REGISTRY_GRAPH):
            has_studies |= graph.name.startswith(RECORD)
            yield graph
    if has_studies:
        yield NamedGraph(ONTOLOGY_GRAPH, [f"{quad.triple} .\n".encode() for quad in ontology_graph.quads()])


def _graphs(
    inputs: Iterable[AnyData], report: Report, progress: Progress | None, **options: Any
) -> Iterator[NamedGraph]:
    for kind, names in _kinds(inputs):
        if kind == RECORDS:
            yield from _from_records(names, report, progress, **options)
            continue
        for name in names:
            try:
                yield from _from_store(name) if kind == STORE else _from_file(name, progress)
            except SourceError as error:
                report.problem(error)


def statements(
    inputs: Iterable[AnyData],
    report: Report,
    progress: Progress | None = None,
    *,
    contacts: bool = False,
    without: tuple[str, ...] = (),
) -> Iterator[bytes]:
    """Yield all statements of the inputs as lines of N-Triples without their graphs, possibly with duplicates.

    Raises as :func:`graphs` does, and :class:`~kg.errors.SourceError` for a file that cannot be read to its end.
    """
    for kind, names in _kinds(inputs):
        if kind == RECORDS:
            usages = Counter[bytes]()
            for graph in _from_records(names, report, progress, contacts=contacts, without=without):
                usages.update(graph.shared)
                yield from graph.lines
            yield from _shared_lines(usages)
        else:
            for name in names:
                source = _store_quads(name) if kind == STORE else quads(name, progress)
                yield from (_line(quad, str(name)) for quad in source)


def _shared_lines(usages: Counter[bytes]) -> Iterator[bytes]:
    """Yield the shared resources of study records and the ontology as lines of N-Triples."""
    shared = shared_resources.encode_graph(
        [shared_resources.Usage(*item) for item in usages.items()], Style(), graphs=False
    )
    for data, _ in [*shared, ontology_graph.encode_graph(Style(), graphs=False)]:
        yield from data.splitlines(keepends=True)


def _kinds(inputs: Iterable[AnyData]) -> list[tuple[str, list[Any]]]:
    """Return the kinds of inputs (stores, RDF files, study records) with the names or objects of each."""
    by_kind = classify_inputs(inputs)
    kinds = ((STORE, [*by_kind.stores, *by_kind.graphs]), (RDF_FILE, by_kind.rdf), (RECORDS, by_kind.records))
    return [(kind, names) for kind, names in kinds if names]


def _from_records(
    names: list[str | ObjectInput],
    report: Report,
    progress: Progress | None,
    *,
    contacts: bool,
    without: tuple[str, ...],
) -> Iterator[NamedGraph]:
    exporter, before = Exporter(plan_without(without), contacts=contacts), report.read
    for _, exported in exports(names, exporter, report.problem, progress):
        report.read += 1
        lines = exported.data.splitlines(keepends=True)
        yield NamedGraph(RECORD + exported.study, lines, exported.version, exported.shared)
    if report.read == before:
        raise nothing_found("study record", names, report.problems)


def _from_store(data: str | ox.Store) -> Iterator[NamedGraph]:
    name = data if isinstance(data, str) else "<Graph>"
    with open_store(data) as store:
        if layout.has_loose_statements(store):
            raise UsageError(_without_graph(name))
        yield from graphs_of_store(store, name)


def _store_quads(name: str | ox.Store) -> Iterator[ox.Quad]:
    with open_store(name) as store:
        yield from layout.leaving(store)


def _from_file(name: str, progress: Progress | None) -> Iterator[NamedGraph]:
    """Yield the graphs of a file, which is read to its end first so that nothing of a broken file is loaded."""
    ended: set[object] = set()
    last: object = None
    for quad in quads(name, progress):
        if isinstance(quad.graph_name, ox.DefaultGraph):
            raise UsageError(_without_graph(name))
        if quad.graph_name != last:
            if quad.graph_name in ended:
                yield from _regrouped(name)
                return
            ended.add(last := quad.graph_name)
    for graph, members in itertools.groupby(quads(name), key=lambda quad: quad.graph_name):
        yield _named(graph, members, name)


def _regrouped(name: str) -> Iterator[NamedGraph]:
    """Yield the graphs of a file whose statements are not grouped by graph, using a temporary store."""
    with temporary_store() as (store, _):
        store.bulk_extend(quads(name))
        for graph in store.named_graphs():
            yield _named(graph, store.quads_for_pattern(None, None, None, graph), name)


def graphs_of_store(store: ox.Store, name: str) -> Iterator[NamedGraph]:
    """Yield the named graphs of a store; ``name`` is the input in messages."""
    for study, members in layout.by_study(store):
        yield _named(layout.graph_of(study), members, name)
    for graph, others in itertools.groupby(layout.others(store), key=lambda quad: quad.graph_name):
        yield _named(graph, others, name)


def _named(graph: object, members: Iterable[ox.Quad], file: str) -> NamedGraph:
    if not isinstance(graph, ox.NamedNode):
        raise SourceError("has a graph whose name is a blank node", file=file)
    statements = [*members]
    if any(map(is_of_old_layout, statements)):
        raise UsageError(old_layout(file))
    lines = [_line(quad, file) for quad in statements]
    return NamedGraph(graph.value, lines, version_of(lines), _describer().of(_describing(statements)))


def _describing(statements: Iterable[ox.Quad]) -> Iterator[tuple[str, str]]:
    """Yield the properties and values that describe shared resources."""
    predicates = _describer().predicates
    for quad in statements:
        if isinstance(quad.object, ox.Literal | ox.NamedNode) and quad.predicate.value in predicates:
            yield quad.predicate.value, quad.object.value


@cache
def _describer() -> Describer:
    return Describer()


def _line(quad: ox.Quad, file: str) -> bytes:
    if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
        raise SourceError("has blank nodes, which cannot be matched when the graph is loaded again", file=file)
    return f"{quad.triple} .\n".encode()


def _without_graph(name: str) -> str:
    return f"{name} has statements outside any named graph; give the graph to load them into with --graph IRI."
