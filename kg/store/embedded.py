"""A store of studies on disk (Oxigraph): one named graph per study, one for shared resources, one for the ontology.

Queries see the union of all graphs, in which no statement occurs twice. A study is replaced as a whole when it changes,
and the shared graph with it, in one transaction. Other graphs, such as MeSH, are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import Superseded, UsageError
from kg.export.exporter import Exported, Exporter
from kg.export.report import Report
from kg.export.run import export
from kg.export.stream import exports
from kg.ontology.vocabulary import RDF
from kg.rdf.atomic import folder_beside
from kg.store.dataset import HOLDER, STUDY, Loader, add_ontology, fill, newness, of_graphs, opened, sorted_out
from kg.store.shared_graph import RECORD, StoreGraphs, change, settling

_TYPE = ox.NamedNode(RDF + "type")


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


def build(
    inputs: Iterable[str | os.PathLike[str]], output: str | os.PathLike[str], *, report: Report, **options: Any
) -> Info:
    """Makes a store of study records, RDF files and other stores; the folder is written atomically.

    Options are those of :func:`kg.export.run.export`. Raises :class:`~kg.errors.UsageError` where the place is taken.
    """
    place, given = Path(output), sorted_out(inputs)
    if place.exists():
        raise UsageError(f"{place} is there already; bring it up to date with kg store update, or name another folder.")
    with folder_beside(place) as folder:
        made = folder / "store"
        store = ox.Store(str(made))
        loaders = [*of_graphs(given), *exporting(given.records, folder / "studies.nq", report, options)]
        fill(store, loaders, report, scratch=folder)
        add_ontology(store)
        store.optimize()
        store.flush()
        found = info(store)
        del store
        made.rename(place)
    return found


def exporting(names: list[str], place: Path, report: Report, options: dict[str, Any]) -> Iterator[tuple[str, Loader]]:
    """What loads study records into an empty store by way of a file of N-Quads, where there are any."""

    def load(store: ox.Store) -> None:
        export(names, place, format="nquads", report=report, **options)
        store.bulk_load(path=str(place), format=ox.RdfFormat.N_QUADS)
        place.unlink()

    if names:
        yield ", ".join(names), load


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

    A record that is older than what the store has of its study is left out. Raises :class:`~kg.errors.UsageError` for
    RDF files and stores, which :func:`build` takes.
    """
    given, exporter, changes = sorted_out(inputs), Exporter(graphs=True, contacts=contacts), Changes()
    if others := [*given.stores, *given.rdf]:
        raise UsageError(f"{others[0]} is no study records; only these update a store, and kg store build takes both.")
    with opened(name, read_only=False) as store:
        graphs = StoreGraphs(store)
        for record, exported in exports(given.records, exporter, report.problem, progress):
            report.read += 1
            if _replace(store, graphs, exported, changes) == "older":
                older = "is older than what the store has of the study, and left out"
                report.problem(Superseded(older, file=record.file, record=record.number, study=exported.study))
        store.flush()
    return changes


def _replace(store: ox.Store, graphs: StoreGraphs, exported: Exported, changes: Changes) -> str:
    graph = ox.NamedNode(RECORD + exported.study)
    fresh = ox.Store()
    fresh.load(exported.data, format=ox.RdfFormat.N_QUADS)
    wanted, found = set(fresh), set(store.quads_for_pattern(None, None, None, graph))
    if wanted == found:
        what = "unchanged"
    elif found and newness(store, graph) > newness(fresh, graph):
        what = "older"
    else:
        what = "replaced" if found else "added"
        replace(store, graphs, graph, wanted, exported.shared)
    setattr(changes, what, getattr(changes, what) + 1)
    return what


def _text(term: object) -> str:
    return term.value if isinstance(term, ox.Literal) else ""


def replace(
    store: ox.Store, graphs: StoreGraphs, graph: ox.NamedNode, wanted: Iterable[ox.Quad], shared: Iterable[bytes] = ()
) -> None:
    """Replaces the graph of a study and what changes with it in the shared graph, in one transaction.

    ``shared`` are the descriptions of the shared resources that the new statements refer to; without statements the
    study is removed.
    """
    lines = " .\n".join(sorted(f"{quad.subject} {quad.predicate} {quad.object}" for quad in wanted))
    before = {graph.value: graphs.of(graph.value)}
    also = change(graphs, before, {graph.value: [*shared]})
    steps = [*also.steps(), *settling(store, also)]
    insert = [f"INSERT DATA {{ GRAPH {graph} {{\n{lines}\n}} }}"] if lines else []
    store.update(" ;\n".join([f"DROP SILENT GRAPH {graph}", *insert, *steps]))


def remove(name: str | os.PathLike[str], numbers: Iterable[str]) -> list[str]:
    """Takes studies out of a store; the NCT numbers of those that were not in it."""
    missing = []
    with opened(name, read_only=False) as store:
        graphs = StoreGraphs(store)
        for number in numbers:
            graph = ox.NamedNode(RECORD + number) if number.isalnum() else None
            if graph is None or not store.contains_named_graph(graph):
                missing.append(number)
            else:
                replace(store, graphs, graph, ())
        store.flush()
    return missing
