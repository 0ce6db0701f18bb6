"""A store of studies on disk (Oxigraph): one named graph a study, replaced as a whole when the study changes.

Queries see the union of all graphs. Graphs that are no study, such as MeSH, stand beside and are kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.beside import folder_beside
from kg.errors import OutputError, SourceError, Superseded, UsageError
from kg.export import Exported, Exporter
from kg.formats import format_of
from kg.ontology import CT
from kg.rdf import FORMATS, quads
from kg.report import Report
from kg.run import export
from kg.studies import exports

RECORD = "https://w3id.org/trialkg/record/"
STUDY = ox.NamedNode(CT + "Study")
HOLDER = ox.NamedNode(CT + "versionHolder")
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_MODIFIED = ox.NamedNode("http://purl.org/dc/terms/modified")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Info:
    """What is in a store; ``first`` and ``last`` are the range of the version holders of its studies."""

    studies: int
    statements: int
    graphs: int
    first: str
    last: str


@dataclass(slots=True)
class Changes:
    """What an update did."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = 0

    def summary(self) -> str:
        """The update in one sentence."""
        older = f", {self.older:,} older than in the store" if self.older else ""
        return f"Studies: {self.added:,} added, {self.replaced:,} replaced, {self.unchanged:,} unchanged{older}."


def is_store(name: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of a store."""
    return (Path(name) / "CURRENT").is_file()


@contextmanager
def opened(name: str | os.PathLike[str], *, read_only: bool = True) -> Iterator[ox.Store]:
    """A store that is there; one process may write to it while others read.

    Raises :class:`~kg.errors.UsageError` for what is no store, and :class:`~kg.errors.OutputError` where another
    process writes to it.
    """
    if not is_store(name):
        raise UsageError(f"{os.fspath(name)} is no folder of a store; make one with kg store build.")
    try:
        store = ox.Store.read_only(os.fspath(name)) if read_only else ox.Store(os.fspath(name))
    except OSError as error:
        problem = "is in use by another process" if "lock" in str(error).lower() else f"cannot be opened ({error})"
        raise OutputError(f"{os.fspath(name)} {problem}.") from error
    yield store


def is_rdf(name: str) -> bool:
    """Whether the name of a file tells a format of RDF.

    >>> is_rdf("trials.nq.zst"), is_rdf("studies.zip"), is_rdf("-")
    (True, False, False)
    """
    try:
        return name != "-" and not name.endswith((".json", ".jsonl")) and format_of(name).name in FORMATS
    except UsageError:
        return False


def filled(
    store: ox.Store, inputs: Iterable[str | os.PathLike[str]], report: Report, place: Path, **options: Any
) -> None:
    """Loads RDF files and study records into an empty store; ``place`` is a file that may be used on the way."""
    names = [os.fspath(each) for each in inputs]
    rdf = [name for name in names if is_rdf(name)]
    for name in rdf:
        store.bulk_extend(quads(name))
    records = [name for name in names if name not in rdf]
    if records:
        export(records, place, format="nquads", report=report, **options)
        store.bulk_load(path=str(place), format=ox.RdfFormat.N_QUADS)
        place.unlink()


def build(
    inputs: Iterable[str | os.PathLike[str]], output: str | os.PathLike[str], *, report: Report, **options: Any
) -> Info:
    """Makes a store of study records and RDF files; the folder stands in its place when it is whole.

    Options are those of :func:`kg.run.export`. Raises :class:`~kg.errors.UsageError` where the place is taken.
    """
    place = Path(output)
    if place.exists():
        raise UsageError(f"{place} is there already; bring it up to date with kg store update, or name another folder.")
    with folder_beside(place) as folder:
        made = folder / "store"
        store = ox.Store(str(made))
        filled(store, inputs, report, folder / "studies.nq", **options)
        store.optimize()
        store.flush()
        found = info(store)
        del store
        made.rename(place)
    return found


def info(store: ox.Store) -> Info:
    """What is in a store."""
    count = sum(1 for _ in store.quads_for_pattern(None, _TYPE, STUDY, None))
    holders = {_text(quad.object) for quad in store.quads_for_pattern(None, HOLDER, None, None)}
    graphs = sum(1 for _ in store.named_graphs())
    return Info(count, len(store), graphs, min(holders, default=""), max(holders, default=""))


def update(
    name: str | os.PathLike[str],
    inputs: Iterable[str | os.PathLike[str]],
    *,
    report: Report,
    contacts: bool = False,
    progress: Progress | None = None,
) -> Changes:
    """Brings the studies of a store up to date with records: each that changed is replaced in one transaction.

    A record that is older than what the store has of its study is left out.
    """
    exporter, changes = Exporter(graphs=True, contacts=contacts), Changes()
    with opened(name, read_only=False) as store:
        for record, exported in exports(inputs, exporter, report.problem, progress):
            report.read += 1
            if _replace(store, exported, changes) == "older":
                older = "is older than what the store has of the study, and left out"
                report.problem(Superseded(older, file=record.file, record=record.number, study=exported.study))
        store.flush()
    return changes


def _replace(store: ox.Store, exported: Exported, changes: Changes) -> str:
    graph = ox.NamedNode(RECORD + exported.study)
    fresh = ox.Store()
    fresh.load(exported.data, format=ox.RdfFormat.N_QUADS)
    wanted, found = set(fresh), set(store.quads_for_pattern(None, None, None, graph))
    if wanted == found:
        what = "unchanged"
    elif found and version(store, graph) > version(fresh, graph):
        what = "older"
    else:
        what = "replaced" if found else "added"
        replace(store, graph, wanted)
    setattr(changes, what, getattr(changes, what) + 1)
    return what


def version(store: ox.Store, graph: ox.NamedNode) -> tuple[str, str]:
    """How new the record is that a graph was made of: its last update, then the day of the registry's data."""

    def newest(predicate: ox.NamedNode) -> str:
        found = store.quads_for_pattern(graph, predicate, None, graph)
        return max((_text(quad.object) for quad in found), default="")

    return newest(_MODIFIED), newest(HOLDER)


def _text(term: object) -> str:
    return term.value if isinstance(term, ox.Literal) else ""


def replace(store: ox.Store, graph: ox.NamedNode, wanted: Iterable[ox.Quad]) -> None:
    """Puts statements in the place of those of a graph, all of it or, if the process ends, nothing."""
    lines = " .\n".join(sorted(f"{quad.subject} {quad.predicate} {quad.object}" for quad in wanted))
    store.update(f"CLEAR SILENT GRAPH {graph} ; INSERT DATA {{ GRAPH {graph} {{\n{lines}\n}} }}")


def remove(name: str | os.PathLike[str], numbers: Iterable[str]) -> list[str]:
    """Takes studies out of a store; the NCT numbers of those that were not in it."""
    missing = []
    with opened(name, read_only=False) as store:
        for number in numbers:
            graph = ox.NamedNode(RECORD + number) if number.isalnum() else None
            if graph is None or not store.contains_named_graph(graph):
                missing.append(number)
            else:
                store.remove_graph(graph)
        store.flush()
    return missing


@contextmanager
def any_data(
    inputs: Iterable[str | os.PathLike[str]], report: Report, progress: Progress | None = None
) -> Iterator[ox.Store]:
    """A store to ask: the one of a folder, or one in memory of RDF files and study records.

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
    """What can be asked: the folder of a store, or a store in memory of RDF files and study records.

    Raises :class:`~kg.errors.UsageError` where nothing is named or there.
    """
    names = [os.fspath(each) for each in inputs]
    if not names:
        raise UsageError("No data is named; give the folder of a store, RDF files or study records.")
    if len(names) == 1 and is_store(names[0]):
        return Path(names[0])
    store = ox.Store()
    rdf = [name for name in names if is_rdf(name)]
    for name in rdf:
        if not Path(name).exists():
            raise UsageError(f"{name}: No such file or directory.")
        store.bulk_extend(quads(name))
    records = [name for name in names if name not in rdf]
    if records:
        for data in _newest(records, report, progress):
            store.bulk_load(data, format=ox.RdfFormat.N_QUADS)
    return store


def _newest(names: list[str], report: Report, progress: Progress | None) -> Iterator[bytes]:
    """The studies of some records, the newest of each, some at a time."""
    exporter = Exporter(graphs=True)
    newest: dict[str, tuple[int, bytes]] = {}
    for _, exported in exports(names, exporter, report.problem, progress):
        report.read += 1
        if exported.version >= newest.get(exported.study, (0, b""))[0]:
            newest[exported.study] = exported.version, exported.data
    if not newest:
        raise SourceError("holds no study record", file=", ".join(names))
    yield b"".join(data for _, data in newest.values())
