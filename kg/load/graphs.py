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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kg.errors import SourceError, UsageError
from kg.export import Exporter
from kg.rdf import quads
from kg.report import Report
from kg.store import RECORD, is_rdf, is_store, opened
from kg.studies import exports

Progress = Callable[[int], None]
_MODIFIED = re.compile(rb'<http://purl\.org/dc/terms/modified> "(\d{4}(?:-\d\d){0,2})"')
_HOLDER = re.compile(rb'ontology#versionHolder> "(\d{4}(?:-\d\d){0,2})"')


@dataclass(slots=True)
class Named:
    """A graph to be loaded: its name, its N-Triples, and how new the record is that it was made of.

    ``most`` counts the statements as they are written, ``least`` those that are left where literals of one value are
    one literal, as some stores have it; a count between the two is right.
    """

    name: str
    lines: list[bytes]
    version: int = 0
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
    """How new a record is, told by the lines of its graph, as :meth:`kg.export.Exporter.version` says it.

    >>> version_of([b'<r> <http://purl.org/dc/terms/modified> "2025-01-31"^^<d> .'])
    2025013100000000
    """
    modified, holder = 0, 0
    for line in lines:
        if found := _MODIFIED.search(line):
            modified = max(modified, day(found[1].decode()))
        elif found := _HOLDER.search(line):
            holder = max(holder, day(found[1].decode()))
    return modified * 10**8 + holder


def day(date: str) -> int:
    """A date as a number to compare; a month counts as its day 0.

    >>> day("2025-01-31"), day("2025-01")
    (20250131, 20250100)
    """
    return int(date.replace("-", "").ljust(8, "0"))


def graphs(
    inputs: Iterable[str | os.PathLike[str]],
    report: Report,
    progress: Progress | None = None,
    *,
    contacts: bool = False,
) -> Iterator[Named]:
    """The named graphs of study records, RDF files and folders of stores, one after another.

    What is lost is told to ``report``. Raises :class:`~kg.errors.UsageError` for what cannot be loaded.
    """
    for kind, names in _kinds(inputs):
        if kind == "records":
            yield from _of_records(names, report, progress, contacts=contacts)
            continue
        for name in names:
            try:
                yield from _of_store(name) if kind == "store" else _of_file(name, progress)
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
            for each in _of_records(names, report, progress, contacts=contacts):
                yield from each.lines
        else:
            for name in names:
                found = _stored(name) if kind == "store" else quads(name, progress)
                yield from (_line(quad, name) for quad in found)


def _kinds(inputs: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[str, list[str]]]:
    """Stores, RDF files and study records, each kind that there is with its names."""
    names = [os.fspath(each) for each in inputs]
    if not names:
        raise UsageError("No input is given; name study records, RDF files, or the folder of a store.")
    kinds = {name: "store" if is_store(name) else "rdf" if is_rdf(name) else "records" for name in names}
    for name in names:
        if kinds[name] == "rdf" and not Path(name).exists():
            raise UsageError(f"{name}: No such file or directory.")
    for kind in ("store", "rdf", "records"):
        if chosen := [name for name in names if kinds[name] == kind]:
            yield kind, chosen


def _of_records(
    names: list[str], report: Report, progress: Progress | None, *, contacts: bool = False
) -> Iterator[Named]:
    exporter = Exporter(contacts=contacts)
    for record, exported in exports(names, exporter, report.problem, progress):
        report.read += 1
        try:
            yield Named(RECORD + exported.study, exported.data.splitlines(keepends=True), exported.version)
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
    lines = [_line(quad, file) for quad in found]
    return Named(graph.value, lines, version_of(lines))


def _line(quad: ox.Quad, file: str) -> bytes:
    if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
        raise SourceError("has blank nodes, which cannot be told apart when they are loaded again", file=file)
    return f"{quad.triple} .\n".encode()


def _without_graph(name: str) -> str:
    return f"{name} has statements that stand in no graph; say with --graph IRI which one they go to."
