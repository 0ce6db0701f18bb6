"""What is to be loaded, graph by graph: of study records, of RDF files, of the folder of a store.

Every statement has passed a strict parser before a server sees it. Lines are N-Triples, each once and in order, so that
the same graph has the same digest wherever it came from.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import SourceError, UsageError
from kg.export import ontology_graph, shared_resources
from kg.export.descriptions import Describer
from kg.export.exporter import Exporter
from kg.export.record_header import version
from kg.export.report import Report
from kg.export.stream import exports
from kg.rdf.parse import quads
from kg.rdf.syntax import Style
from kg.store.dataset import RDF_FILE, RECORDS, STORE, is_of_old_layout, old_layout, opened, sorted_out
from kg.store.shared_graph import RECORD

_DATES = (b"dc/terms/modified", b"ontology#lastUpdateSubmitDate", b"ontology#versionHolder")
_DATE = re.compile(rb'(%s)> "(\d{4}(?:-\d\d){0,2})"' % b"|".join(_DATES))


@dataclass(slots=True)
class Named:
    """A graph to be loaded: its name, its N-Triples, and how new the record is that it was made of.

    ``most`` counts the statements as they are written, ``least`` those that are left where literals of one value are
    one literal, as some stores have it; a count between the two is right.
    """

    name: str
    lines: list[bytes]
    version: int = 0
    shared: tuple[bytes, ...] = ()
    """The descriptions of the shared resources that the study refers to (:mod:`kg.export.shared_resources`)."""
    digest: str = field(init=False)
    least: int = field(init=False)

    def __post_init__(self) -> None:
        self.lines = sorted(set(self.lines))
        self.digest = hashlib.sha256(b"".join(self.lines)).hexdigest()
        self.least = distinct_values(self.lines)

    @property
    def most(self) -> int:
        """The statements as they are written."""
        return len(self.lines)

    @property
    def data(self) -> bytes:
        """The N-Triples."""
        return b"".join(self.lines)

    def quads(self) -> bytes:
        """The N-Quads."""
        return as_quads(self.lines, self.name)

    def holds(self, count: int) -> bool:
        """Whether a store that has so many statements of the graph has all of them, and no other."""
        return self.least <= count <= self.most


def as_quads(lines: Iterable[bytes], name: str) -> bytes:
    """Lines of N-Triples as those of N-Quads."""
    end = f" <{name}> .\n".encode()
    return b"".join(line.removesuffix(b".\n").rstrip(b" ") + end for line in lines)


def distinct_values(lines: Iterable[bytes]) -> int:
    """The number of statements, literals of one value taken as one; a strict parser has then read them all.

    Raises :class:`SyntaxError` or :class:`ValueError` for what is no RDF.
    """
    store = ox.Store()
    store.bulk_load(b"".join(lines), format=ox.RdfFormat.N_TRIPLES)
    return len(store)


def version_of(lines: Iterable[bytes]) -> int:
    """How new the record of a graph is by the lines of the graph, as :mod:`kg.export.record_header` numbers it.

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
    inputs: Iterable[str | os.PathLike[str]],
    report: Report,
    progress: Progress | None = None,
    *,
    contacts: bool = False,
) -> Iterator[Named]:
    """The named graphs of study records, RDF files and folders of stores, one after another.

    The graph of shared resources is left out, as it follows from the studies; the ontology comes last, where there are
    studies. What is lost goes to ``report``. Raises :class:`~kg.errors.UsageError` for what cannot be loaded.
    """
    has_studies = False
    for each in _graphs(inputs, report, progress, contacts=contacts):
        if each.name not in (shared_resources.GRAPH, ontology_graph.GRAPH):
            has_studies |= each.name.startswith(RECORD)
            yield each
    if has_studies:
        yield Named(ontology_graph.GRAPH, [f"{quad.triple} .\n".encode() for quad in ontology_graph.quads()])


def _graphs(
    inputs: Iterable[str | os.PathLike[str]], report: Report, progress: Progress | None, *, contacts: bool
) -> Iterator[Named]:
    for kind, names in _kinds(inputs):
        if kind == RECORDS:
            yield from _of_records(names, report, progress, contacts=contacts)
            continue
        for name in names:
            try:
                yield from _of_store(name) if kind == STORE else _of_file(name, progress)
            except SourceError as error:
                report.problem(error)


def statements(
    inputs: Iterable[str | os.PathLike[str]],
    report: Report,
    progress: Progress | None = None,
    *,
    contacts: bool = False,
) -> Iterator[bytes]:
    """All statements of the inputs as lines of N-Triples, whatever their graphs; some may come again.

    Raises as :func:`graphs` does, and :class:`~kg.errors.SourceError` for a file that breaks off.
    """
    for kind, names in _kinds(inputs):
        if kind == "records":
            usages = Counter[bytes]()
            for each in _of_records(names, report, progress, contacts=contacts):
                usages.update(each.shared)
                yield from each.lines
            yield from _shared_lines(usages)
        else:
            for name in names:
                found = _stored(name) if kind == STORE else quads(name, progress)
                yield from (_line(quad, name) for quad in found)


def _shared_lines(usages: Counter[bytes]) -> Iterator[bytes]:
    """The shared resources of study records, and the ontology, as lines of N-Triples."""
    pieces = shared_resources.encode_graph(
        [shared_resources.Usage(*each) for each in usages.items()], Style(), graphs=False
    )
    for data, _ in [*pieces, ontology_graph.encode_graph(Style(), graphs=False)]:
        yield from data.splitlines(keepends=True)


def _kinds(inputs: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[str, list[str]]]:
    """Stores, RDF files and study records, each kind that there is with its names."""
    given = sorted_out(inputs)
    if not any(given):
        raise UsageError("No input is given; name study records, RDF files, or the folder of a store.")
    kinds = ((STORE, given.stores), (RDF_FILE, given.rdf), (RECORDS, given.records))
    return iter([(kind, names) for kind, names in kinds if names])


def _of_records(
    names: list[str], report: Report, progress: Progress | None, *, contacts: bool = False
) -> Iterator[Named]:
    exporter = Exporter(contacts=contacts)
    for record, exported in exports(names, exporter, report.problem, progress):
        report.read += 1
        try:
            lines = exported.data.splitlines(keepends=True)
            yield Named(RECORD + exported.study, lines, exported.version, exported.shared)
        except (SyntaxError, ValueError) as error:  # it is a fault of ours, and the study is left out
            fault = SourceError(
                f"is no good RDF ({error})", file=record.file, record=record.number, study=exported.study
            )
            report.problem(fault)


def _of_store(name: str) -> Iterator[Named]:
    with opened(name) as store:
        if any(True for _ in store.quads_for_pattern(None, None, None, ox.DefaultGraph())):
            raise UsageError(_without_graph(name))
        for graph in store.named_graphs():
            yield _named(graph, store.quads_for_pattern(None, None, None, graph), name)


def _stored(name: str) -> Iterator[ox.Quad]:
    with opened(name) as store:
        yield from store


def _of_file(name: str, progress: Progress | None) -> Iterator[Named]:
    """The graphs of a file: read to its end first, so that nothing of a broken one is loaded."""
    ended: set[object] = set()
    last: object = None
    for quad in quads(name, progress):
        if isinstance(quad.graph_name, ox.DefaultGraph):
            raise UsageError(_without_graph(name))
        if quad.graph_name != last:
            if quad.graph_name in ended:
                yield from _gathered(name)
                return
            ended.add(last := quad.graph_name)
    for graph, found in itertools.groupby(quads(name), key=lambda quad: quad.graph_name):
        yield _named(graph, found, name)


def _gathered(name: str) -> Iterator[Named]:
    """The graphs of a file whose statements do not stand together, by way of a store on disk."""
    with tempfile.TemporaryDirectory() as folder:
        store = ox.Store(folder)
        store.bulk_extend(quads(name))
        for graph in store.named_graphs():
            yield _named(graph, store.quads_for_pattern(None, None, None, graph), name)


def _named(graph: object, found: Iterable[ox.Quad], file: str) -> Named:
    if not isinstance(graph, ox.NamedNode):
        raise SourceError("has a graph whose name is a blank node", file=file)
    statements = [*found]
    if any(map(is_of_old_layout, statements)):
        raise UsageError(old_layout(file))
    lines = [_line(quad, file) for quad in statements]
    return Named(graph.value, lines, version_of(lines), _describer().of(_describing(statements)))


def _describing(found: Iterable[ox.Quad]) -> Iterator[tuple[str, str]]:
    """The values that describe shared resources, with their properties."""
    predicates = _describer().predicates
    for quad in found:
        if isinstance(quad.object, ox.Literal | ox.NamedNode) and quad.predicate.value in predicates:
            yield quad.predicate.value, quad.object.value


@cache
def _describer() -> Describer:
    return Describer()


def _line(quad: ox.Quad, file: str) -> bytes:
    if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
        raise SourceError("has blank nodes, which cannot be told apart when they are loaded again", file=file)
    return f"{quad.triple} .\n".encode()


def _without_graph(name: str) -> str:
    return f"{name} has statements that stand in no graph; say with --graph IRI which one they go to."
