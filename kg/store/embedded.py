"""Store of studies on disk (Oxigraph): a named graph per study, one for shared resources and one for the ontology.

Queries see the union of all graphs, in which no statement occurs twice. A study that changed is replaced as a whole,
together with the shared graph, in one transaction. Other graphs, such as MeSH, are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._types import PathName, Progress
from kg.errors import Superseded, UsageError, nothing_found
from kg.export.exporter import Exported, Exporter
from kg.export.report import Report
from kg.export.stream import exports
from kg.ontology.vocabulary import RECORD
from kg.rdf.atomic import temporary_folder
from kg.store.dataset import check_statements, classify_inputs, open_store
from kg.store.info import StoreInfo, store_info
from kg.store.merge import add_ontology, load_on_disk, version_of
from kg.store.shared_graph import StoreGraphs, change, other_graph_updates

if TYPE_CHECKING:
    from kg.store.dataset import AnyData


@dataclass(slots=True)
class Changes:
    """Counts of the studies of an update by what happened to them."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = 0

    def summary(self) -> str:
        """Return the counts in one sentence."""
        older = f", {self.older:,} older than in the store" if self.older else ""
        return f"Studies: {self.added:,} added, {self.replaced:,} replaced, {self.unchanged:,} unchanged{older}."


def build(inputs: Iterable[AnyData], output: PathName, *, report: Report, **options: Any) -> StoreInfo:
    """Build a store from study records, RDF files and other stores; the folder is written atomically.

    Options are those of :func:`kg.export.run.export`. Raises :class:`~kg.errors.UsageError` where the output exists.
    """
    target, sources = Path(output), classify_inputs(inputs)
    if target.exists():
        raise UsageError(f"{target} exists already; update it with kg store update, or name another folder.")
    with temporary_folder(target) as folder:
        path = folder / "store"
        store = ox.Store(str(path))
        load_on_disk(store, sources, folder, report, **options)
        check_statements(store, sources)
        add_ontology(store)
        store.optimize()
        store.flush()
        info = store_info(store)
        del store
        path.rename(target)
    return info


def update(
    name: PathName,
    inputs: Iterable[AnyData],
    *,
    report: Report,
    contacts: bool = False,
    progress: Progress | None = None,
) -> Changes:
    """Update a store with study records; each study that changed is replaced in one transaction.

    A record that is older than the one in the store is left out. Raises :class:`~kg.errors.UsageError` for RDF files
    and stores, which only :func:`build` accepts.
    """
    sources, exporter, changes = classify_inputs(inputs), Exporter(graphs=True, contacts=contacts), Changes()
    if others := [*sources.stores, *sources.rdf, *("<Graph>" for _ in sources.graphs)]:
        raise UsageError(
            f"{others[0]} is a graph, an RDF file or a store, which only kg store build accepts; name study records."
        )
    with open_store(name, read_only=False) as store:
        graphs = StoreGraphs(store)
        for record, exported in exports(sources.records, exporter, report.problem, progress):
            report.read += 1
            if _update_study(store, graphs, exported, changes) == "older":
                problem = "is older than the record of the study in the store and was skipped"
                report.problem(Superseded(problem, file=record.file, record=record.number, study=exported.study))
        store.flush()
    if not report.read:
        raise nothing_found("study record", sources.records, report.problems)
    return changes


def _update_study(store: ox.Store, graphs: StoreGraphs, exported: Exported, changes: Changes) -> str:
    """Replace the graph of a study if it changed; return the name of the count that was increased."""
    graph = ox.NamedNode(RECORD + exported.study)
    new = ox.Store()
    new.load(exported.data, format=ox.RdfFormat.N_QUADS)
    after, before = set(new), set(store.quads_for_pattern(None, None, None, graph))
    if after == before:
        kind = "unchanged"
    elif before and version_of(store, graph) > version_of(new, graph):
        kind = "older"
    else:
        kind = "replaced" if before else "added"
        replace(store, graphs, graph, after, exported.shared)
    setattr(changes, kind, getattr(changes, kind) + 1)
    return kind


def replace(
    store: ox.Store, graphs: StoreGraphs, graph: ox.NamedNode, quads: Iterable[ox.Quad], shared: Iterable[bytes] = ()
) -> None:
    """Replace the graph of a study and update the shared graph, in one transaction.

    ``shared`` has the descriptions of the shared resources that the new statements refer to. Without statements the
    study is removed.
    """
    lines = " .\n".join(sorted(f"{quad.subject} {quad.predicate} {quad.object}" for quad in quads))
    before = {graph.value: graphs.of(graph.value)}
    shared_change = change(graphs, before, {graph.value: [*shared]})
    insert = [f"INSERT DATA {{ GRAPH {graph} {{\n{lines}\n}} }}"] if lines else []
    operations = [*insert, *shared_change.steps(), *other_graph_updates(store, shared_change)]
    store.update(" ;\n".join([f"DROP SILENT GRAPH {graph}", *operations]))


def remove(name: PathName, numbers: Iterable[str]) -> list[str]:
    """Remove studies from a store; return the NCT numbers that are not in it."""
    missing = []
    with open_store(name, read_only=False) as store:
        graphs = StoreGraphs(store)
        for number in numbers:
            graph = ox.NamedNode(RECORD + number) if number.isalnum() else None
            if graph is None or not store.contains_named_graph(graph):
                missing.append(number)
            else:
                replace(store, graphs, graph, ())
        store.flush()
    return missing
