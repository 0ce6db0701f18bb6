"""What an input is (study records, RDF files, stores), and how any mix of them becomes one store of statements.

Of two graphs with the name of one study the one of the newer record is taken; the shared graph is made anew where
several inputs contribute to it, so that no statement occurs twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import OutputError, SourceError, Superseded, UsageError
from kg.export import ontology_graph
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.shared_resources import DESCRIPTIONS, GRAPH, resource
from kg.export.stream import exports, newest, usages
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import BASE, CT, DCTERMS, MESH, RDF, RDFS, SKOS
from kg.rdf.formats import format_of
from kg.rdf.parse import FORMATS, quads
from kg.store.shared_graph import RECORD, StoreGraphs, rebuild, settle

STORE, RDF_FILE, RECORDS = "store", "rdf", "records"
STUDY = ox.NamedNode(CT + "Study")
HOLDER = ox.NamedNode(CT + "versionHolder")
_TYPE = ox.NamedNode(RDF + "type")
_ORGANIZATION = ox.NamedNode(CT + "Organization")
_NEWNESS = (ox.NamedNode(DCTERMS + "modified"), ox.NamedNode(CT + "lastUpdateSubmitDate"), HOLDER)

_SHARED = (*(BASE + name for name in ("organization/", "country/", "branch/")), MESH)
_DESCRIBED = frozenset(
    (RDF + "type", RDFS + "label", SKOS + "altLabel", SKOS + "notation", CT + "agencyClass", CT + "countryCode")
)

Loader = Callable[[ox.Store], None]


class Inputs(NamedTuple):
    """The inputs of a command by their kinds, in order."""

    stores: list[str]
    rdf: list[str]
    records: list[str]


def is_store(name: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of a store."""
    return (Path(name) / "CURRENT").is_file()


def is_rdf(name: str) -> bool:
    """Whether the name of a file has the extension of an RDF format.

    >>> is_rdf("trials.nq.zst"), is_rdf("studies.zip"), is_rdf("-")
    (True, False, False)
    """
    try:
        return name != "-" and not name.endswith((".json", ".jsonl")) and format_of(name).name in FORMATS
    except UsageError:
        return False


def kind_of(name: str) -> str:
    """The kind of an input: ``store``, ``rdf`` or ``records``."""
    return STORE if is_store(name) else RDF_FILE if is_rdf(name) else RECORDS


def sorted_out(inputs: Iterable[str | os.PathLike[str]]) -> Inputs:
    """The inputs by their kinds; raises :class:`~kg.errors.UsageError` for an RDF file that does not exist."""
    made = Inputs([], [], [])
    names = {STORE: made.stores, RDF_FILE: made.rdf, RECORDS: made.records}
    for name in (os.fspath(each) for each in inputs):
        kind = kind_of(name)
        if kind == RDF_FILE and not Path(name).exists():
            raise UsageError(f"{name}: No such file or directory.")
        names[kind].append(name)
    return made


@contextmanager
def opened(name: str | os.PathLike[str], *, read_only: bool = True) -> Iterator[ox.Store]:
    """A store on disk; one process may write to it while others read.

    Raises :class:`~kg.errors.UsageError` for what is no store or one of the layout of version 0.1.0, and
    :class:`~kg.errors.OutputError` where another process writes to it.
    """
    if not is_store(name):
        raise UsageError(f"{os.fspath(name)} is no folder of a store; make one with kg store build.")
    try:
        store = ox.Store.read_only(os.fspath(name)) if read_only else ox.Store(os.fspath(name))
    except OSError as error:
        problem = "is in use by another process" if "lock" in str(error).lower() else f"cannot be opened ({error})"
        raise OutputError(f"{os.fspath(name)} {problem}.") from error
    check_layout(store, os.fspath(name))
    yield store


def check_layout(store: ox.Store, name: str) -> None:
    """Raises :class:`~kg.errors.UsageError` where shared resources are described in the graphs of studies.

    Version 0.1.0 wrote them so, by which queries over all graphs count each description.
    """
    first = next(store.quads_for_pattern(None, _TYPE, _ORGANIZATION, None), None)
    if first is not None and is_of_old_layout(first):
        raise UsageError(old_layout(name))


def is_of_old_layout(quad: ox.Quad) -> bool:
    """Whether a statement says in the graph of a study that something is an organization, as version 0.1.0 wrote it."""
    in_study = isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value.startswith(RECORD)
    return in_study and (quad.predicate, quad.object) == (_TYPE, _ORGANIZATION)


def old_layout(name: str) -> str:
    """The sentence about an input of the layout of version 0.1.0."""
    remedy = "kg store build" if is_store(name) else "kg export"
    return (
        f"{name} has the layout of kg 0.1.0, which repeats organizations and MeSH terms in the graph of each study and "
        f"so gives wrong counts; make it anew from the study records with {remedy}."
    )


@contextmanager
def any_data(
    inputs: Iterable[str | os.PathLike[str]], report: Report, progress: Progress | None = None
) -> Iterator[ox.Store]:
    """A store to query: the one of a folder, or one in memory with everything in the inputs.

    Raises :class:`~kg.errors.UsageError` where nothing is named or there.
    """
    with at_hand(askable(inputs, report, progress)) as store:
        yield store


@contextmanager
def at_hand(data: ox.Store | str | os.PathLike[str]) -> Iterator[ox.Store]:
    """A store as it is, or the one of a folder."""
    if isinstance(data, ox.Store):
        yield data
        return
    with opened(data) as store:
        yield store


def askable(
    inputs: Iterable[str | os.PathLike[str]], report: Report, progress: Progress | None = None
) -> ox.Store | Path:
    """What can be queried: the folder of a store, or a store in memory with everything in the inputs.

    Raises :class:`~kg.errors.UsageError` where nothing is named or there.
    """
    given = sorted_out(inputs)
    if not any(given):
        raise UsageError("No data is named; give the folder of a store, RDF files or study records.")
    if len(given.stores) == 1 and not given.rdf and not given.records:
        return Path(given.stores[0])
    store = ox.Store()
    loaders = [*of_graphs(given, progress)]
    if given.records:
        loaders.append((", ".join(given.records), lambda into: _load_records(into, given.records, report, progress)))
    fill(store, loaders, report)
    return store


def of_graphs(given: Inputs, progress: Progress | None = None) -> Iterator[tuple[str, Loader]]:
    """The stores and RDF files of some inputs, each with what loads it into an empty store."""
    for name in given.stores:
        yield name, lambda into, name=name: _copy(name, into)  # type: ignore[misc]  # the default binds the name
    for name in given.rdf:
        yield name, lambda into, name=name: into.bulk_extend(placed(quads(name, progress)))  # type: ignore[misc]


def placed(found: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Statements without a graph in those of the studies that they are about, or in the one of shared resources.

    So is an export to Turtle or N-Triples replaced study by study too. A MeSH file stays outside any graph: its terms
    have other properties beside those of shared resources.
    """
    for subject, same in groupby(found, key=lambda quad: quad.subject):
        statements = [*same]
        graph = _graph_of(subject, statements)
        for quad in statements:
            is_outside = graph is not None and isinstance(quad.graph_name, ox.DefaultGraph)
            yield ox.Quad(quad.subject, quad.predicate, quad.object, graph) if is_outside else quad


def _graph_of(subject: object, statements: list[ox.Quad]) -> ox.NamedNode | None:
    """The graph of the statements about a resource, ``None`` where it is neither of a study nor shared."""
    iri = subject.value if isinstance(subject, ox.NamedNode) else ""
    if number := study_of(iri):
        return ox.NamedNode(RECORD + number)
    if iri.startswith(_SHARED) and all(quad.predicate.value in (*_DESCRIBED, DESCRIPTIONS) for quad in statements):
        return ox.NamedNode(GRAPH)
    return None


def fill(store: ox.Store, loaders: list[tuple[str, Loader]], report: Report, scratch: Path | None = None) -> None:
    """Loads several sources into an empty store; ``scratch`` is a folder for those that are merged."""
    dropped: set[bytes] = set()
    for i, (name, load) in enumerate(loaders):
        if i == 0:
            load(store)
            check_layout(store, name)
            continue
        other = ox.Store(str(scratch / str(i))) if scratch else ox.Store()
        load(other)
        check_layout(other, name)
        dropped |= _merge(other, store, name, report)
    if len(loaders) > 1:
        rebuild(store, set(map(resource, dropped)))
    settle(store)


def _copy(name: str, into: ox.Store) -> None:
    with opened(name) as store:
        into.bulk_extend(store)


def _merge(other: ox.Store, store: ox.Store, name: str, report: Report) -> set[bytes]:
    """Adds a store to another one: each study as a whole, where its record is not older, and all else.

    Returns the descriptions in the graphs of the studies that newer ones replace.
    """
    dropped: set[bytes] = set()
    here, there = StoreGraphs(store), StoreGraphs(other)
    store.bulk_extend(other.quads_for_pattern(None, None, None, ox.DefaultGraph()))
    for graph in other.named_graphs():
        if isinstance(graph, ox.NamedNode) and graph.value.startswith(RECORD) and store.contains_named_graph(graph):
            if newness(store, graph) > newness(other, graph):
                older = "is older than another record of the study, and left out"
                report.problem(Superseded(older, file=name, study=graph.value.removeprefix(RECORD)))
                dropped.update(there.of(graph.value))
                continue
            dropped.update(here.of(graph.value))
            store.remove_graph(graph)
        store.bulk_extend(other.quads_for_pattern(None, None, None, graph))
    return dropped


def newness(store: ox.Store, graph: ox.NamedNode) -> tuple[str, ...]:
    """How new the record of a graph is: when it was posted and submitted, and the day of the registry's data."""

    def newest_of(predicate: ox.NamedNode) -> str:
        values = (quad.object for quad in store.quads_for_pattern(None, predicate, None, graph))
        return max((value.value for value in values if isinstance(value, ox.Literal)), default="")

    return tuple(map(newest_of, _NEWNESS))


def _load_records(store: ox.Store, names: list[str], report: Report, progress: Progress | None) -> None:
    """Loads study records with their shared resources and the ontology, of each study the newest record."""
    exporter = Exporter(graphs=True)

    def counted() -> Iterator[object]:
        for each in exports(names, exporter, report.problem, progress):
            report.read += 1
            yield each

    studies = newest(counted()).values()  # type: ignore[arg-type]  # they are passed on as they are
    if not studies:
        raise SourceError("holds no study record", file=", ".join(names))
    shared = [data for data, _ in exporter.shared(usages(studies))]
    store.bulk_load(b"".join([*(study.data for study in studies), *shared]), format=ox.RdfFormat.N_QUADS)
    add_ontology(store)


def add_ontology(store: ox.Store) -> None:
    """Adds the ontology and its codes to a store that has studies, unless it has them in some graph."""
    statements = ontology_graph.quads()
    first = statements[0]
    if any(store.quads_for_pattern(None, _TYPE, STUDY, None)) and not any(
        store.quads_for_pattern(first.subject, first.predicate, first.object, None)
    ):
        store.bulk_extend(statements)
