"""Detection and opening of inputs: study records, RDF files, stores, graphs and other objects, or any mix of these.

The folder of a store is opened in place. Everything else is loaded into a store in memory, by :mod:`kg.store.merge`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyoxigraph as ox

from kg._types import Input, PathName, Progress
from kg.errors import UsageError, nothing_found
from kg.ontology.vocabulary import CT, RDF, RECORD
from kg.store.engine_errors import engine_errors

if TYPE_CHECKING:
    import rdflib

    from kg.export.report import Report
    from kg.records.objects import AnyInput, ObjectInput
    from kg.store.study_runs import Run

    Graph = rdflib.Graph | ox.Store
    AnyData = AnyInput | Graph | Iterable[AnyInput | Graph]
    Data = Input | Graph | Iterable[Input | Graph]

STORE, RDF_FILE, RECORDS = "store", "rdf", "records"
_GONE = "No such file or directory"
_PAUSES = (0.02, 0.1, 0.3)
"""Seconds to wait before a store is opened again."""
_TYPE = ox.NamedNode(RDF + "type")
_ORGANIZATION = ox.NamedNode(CT + "Organization")


class Inputs(NamedTuple):
    """The inputs of a command by their kinds, in order."""

    stores: list[str]
    rdf: list[str]
    records: list[str | ObjectInput]
    graphs: tuple[ox.Store, ...] = ()
    """Graph objects, and open files of RDF, as stores."""

    @property
    def single_store(self) -> Path | None:
        """The folder of the store that is the only input, or ``None``."""
        only_one = len(self.stores) == 1 and not (self.rdf or self.records or self.graphs)
        return Path(self.stores[0]) if only_one else None


def is_store(name: PathName) -> bool:
    """Return whether a path is the folder of a store, which may be damaged."""
    folder = Path(name)
    try:
        if (folder / "CURRENT").is_file():
            return True
        names = os.listdir(folder)  # noqa: PTH208 -- only the names
    except (OSError, ValueError):
        return False
    return "IDENTITY" in names and any(part.startswith(("MANIFEST-", "OPTIONS-")) for part in names)


def is_rdf(name: str) -> bool:
    """Return whether the name of a file has the extension of an RDF format.

    >>> is_rdf("trials.nq.zst"), is_rdf("studies.zip"), is_rdf("-")
    (True, False, False)
    """
    from kg.rdf.formats import format_of

    try:
        return name != "-" and bool(format_of(name))
    except UsageError:
        return False


def is_graph(value: object) -> bool:
    """Whether an object is a graph of rdflib or a store of pyoxigraph."""
    return isinstance(value, ox.Store) or hasattr(value, "context_aware")


def classify_inputs(inputs: Iterable[AnyData]) -> Inputs:
    """Group inputs by their kinds.

    Raises :class:`~kg.errors.UsageError` where there is no input, for an RDF file that does not exist and for an object
    that is no input, and :class:`~kg.errors.SourceError` for an open file of invalid RDF.
    """
    stores: list[str] = []
    rdf: list[str] = []
    records: list[str | ObjectInput] = []
    graphs: list[ox.Store] = []
    for item in _flatten(inputs):
        if is_graph(item):
            graphs.append(_as_store(item))
        elif not isinstance(item, str):
            if is_rdf(item.name):
                graphs.append(_read_store(item))
            else:
                records.append(item)
        elif is_store(item):
            stores.append(item)
        elif is_rdf(item):
            _check_exists(item)
            rdf.append(item)
        else:
            records.append(item)
    result = Inputs(stores, rdf, records, tuple(graphs))
    if not any(result):
        raise UsageError("No input is given; name study records, RDF files, or the folder of a store.")
    return result


def _flatten(inputs: Iterable[AnyData]) -> list[Any]:
    """Return inputs as names, graphs and objects with content; names alone need no module for that."""
    items = [*inputs]
    if all(isinstance(item, str) and not item.lstrip().startswith(("{", "[")) for item in items):
        return items
    from kg.records.objects import flatten

    return flatten(items, is_graph)


def _as_store(graph: Any) -> ox.Store:
    if isinstance(graph, ox.Store):
        return graph
    store = ox.Store()
    content, format_ = serialized_graph(graph)
    store.bulk_load(content, format=format_)
    return store


def _read_store(file: ObjectInput) -> ox.Store:
    from kg.rdf.parse import quads

    store = ox.Store()
    store.bulk_extend(quads(file))
    return store


def _check_exists(name: str) -> None:
    if "://" in name:
        from kg.records.urls import check

        check(name)
    elif not Path(name).exists():
        raise UsageError(f"{name}: No such file or directory.")


@contextmanager
def open_store(data: ox.Store | PathName, *, read_only: bool = True) -> Iterator[ox.Store]:
    """Open the store in a folder; a store that is already open is yielded unchanged.

    One process may write to a store while others read it. Raises :class:`~kg.errors.UsageError` for a folder that is
    not a store, that has the layout of version 0.1.0, or that has another layout and so can only be read,
    :class:`~kg.errors.SourceError` for one that is damaged, and :class:`~kg.errors.OutputError` for one that cannot be
    written, for example since another process writes to it.
    """
    if isinstance(data, ox.Store):
        yield data
        return
    name = os.fspath(data)
    if not is_store(name):
        raise UsageError(f"{name} is not the folder of a store; create one with kg store build.")
    with engine_errors(name, read_only=read_only):
        store = read_only_store(name) if read_only else _writable(name)
        check_layout(store, name)
        if not read_only:
            from kg.store import layout

            layout.check_mark(store, name)
        try:
            yield store
        finally:
            del store  # which the traceback of an error would keep open


def store_path(name: str) -> str:
    """Return the name of a store for ``read_only`` of the engine, which encodes it as UTF-8 whatever the locale is.

    Raises :class:`~kg.errors.UsageError` for other names.
    """
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8, as the name of a store has to be; choose another name.") from error


def _writable(name: str) -> ox.Store:
    """Open a store for writing after reading it, since the engine drops what it cannot read in order to write."""
    with engine_errors(name, read_only=True):
        read_only_store(name)
    return ox.Store(name)


def read_only_store(name: str) -> ox.Store:
    """Open a store for reading; again if a file of it is gone, as a process that writes to it may replace files."""
    path = store_path(name)
    for pause in _PAUSES:
        try:
            return ox.Store.read_only(path)
        except (OSError, RuntimeError) as error:
            if _GONE not in str(error):
                raise
            time.sleep(pause)
    return ox.Store.read_only(path)


def check_layout(store: ox.Store, name: str) -> None:
    """Raise :class:`~kg.errors.UsageError` for a store with the layout of version 0.1.0.

    That version described shared resources in the graph of each study, so a query over all graphs counts every copy.
    """
    first = next(store.quads_for_pattern(None, _TYPE, _ORGANIZATION, None), None)
    if first is not None and is_of_old_layout(first):
        raise UsageError(old_layout(name))


def is_of_old_layout(quad: ox.Quad) -> bool:
    """Return whether a statement gives the class of an organization in the graph of a study, as version 0.1.0 did."""
    in_study = isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value.startswith(RECORD)
    return in_study and (quad.predicate, quad.object) == (_TYPE, _ORGANIZATION)


def old_layout(name: str) -> str:
    """Return the error message for an input with the layout of version 0.1.0."""
    remedy = "kg store build" if is_store(name) else "kg export"
    return (
        f"{name} has the layout of kg 0.1.0, which repeats organizations and MeSH terms in the graph of each study and "
        f"so gives wrong counts; create it again from the study records with {remedy}."
    )


def load_dataset(data: Data, report: Report | None = None, progress: Progress | None = None) -> ox.Store | Path:
    """Load data for queries: the folder of a single store, or else a store in memory with all inputs.

    ``data`` is one or several names of stores, RDF files and study records, studies as dictionaries, open files, graphs
    of rdflib and stores of pyoxigraph. Raises :class:`~kg.errors.UsageError` where an input does not exist or none is
    given, and :class:`~kg.errors.NothingFoundError` where the inputs have no study record or no statement.
    """
    inputs = classify_inputs(data if isinstance(data, list | tuple) else [data])
    if len(inputs.graphs) == 1 and not (inputs.stores or inputs.rdf or inputs.records):
        return inputs.graphs[0]
    return inputs.single_store or _loaded(inputs, report, progress)


def _loaded(inputs: Inputs, report: Report | None, progress: Progress | None) -> ox.Store:
    from kg.export.report import Report
    from kg.store.merge import add_ontology, load_in_memory

    report = report or Report()
    store = load_in_memory(inputs, report, progress)
    if inputs.records:
        if not report.read:
            raise nothing_found("study record", inputs.records, report.problems)
        add_ontology(store)
    check_statements(store, inputs)
    return store


def check_statements(store: ox.Store, inputs: Inputs) -> None:
    """Raise :class:`~kg.errors.NothingFoundError` for inputs without any statement."""
    if not len(store):
        raise nothing_found("statement", [name for names in inputs for name in names])


@contextmanager
def open_dataset(data: Data, report: Report | None = None, progress: Progress | None = None) -> Iterator[ox.Store]:
    """Open data of any kind as a store; the arguments and exceptions are those of :func:`load_dataset`."""
    with open_store(load_dataset(data, report, progress)) as store:
        yield store


def serialized_graph(graph: Any) -> tuple[bytes, ox.RdfFormat]:
    """Return a graph of rdflib as N-Triples, or as N-Quads if it has named graphs."""
    name, format_ = ("nquads", ox.RdfFormat.N_QUADS) if graph.context_aware else ("nt", ox.RdfFormat.N_TRIPLES)
    return graph.serialize(format=name, encoding="utf-8"), format_


def statements(names: Iterable[str]) -> Iterator[ox.Quad]:
    """Yield the statements of RDF files and stores of any layout, one input after another, without their states.

    Raises :class:`~kg.errors.UsageError` at once for an input that does not exist, and
    :class:`~kg.errors.SourceError` for one that cannot be read.
    """
    from kg.rdf.parse import quads

    inputs = list(names)
    for name in inputs:
        _check_exists(name)
    return (quad for name in inputs for quad in (_stored(name) if Path(name).is_dir() else quads(name)))


def _stored(name: str) -> Iterator[ox.Quad]:
    from kg.store import layout

    with engine_errors(name, read_only=True):
        yield from layout.leaving(read_only_store(name))


def statement_runs(names: Iterable[str]) -> Iterator[Run]:
    """Yield what :func:`statements` does as runs; raises the same exceptions."""
    from kg.store.study_runs import runs

    for is_folder, inputs in groupby(names, key=lambda name: Path(name).is_dir()):
        if is_folder:
            yield from chain.from_iterable(map(_stored_runs, inputs))
        else:
            yield from runs(statements(inputs))


def _stored_runs(name: str) -> Iterator[Run]:
    from kg.store import layout
    from kg.store.study_runs import Run, runs

    with engine_errors(name, read_only=True):
        store = read_only_store(name)
        if not layout.is_marked(store):
            yield from runs(layout.leaving(store))
            return
        for study, quads in layout.by_study(store):
            yield Run(layout.graph_of(study).value, study, iter(quads))
        yield from runs(layout.others(store))
