"""The data of a bulk load: N-Quads in parts, and the load state that lets later loads write only differences."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from kg._types import Progress
from kg.errors import UsageError, nothing_found
from kg.export import ontology_graph
from kg.export.graph_digest import graph_digest
from kg.export.report import Report
from kg.export.study_index import StudyIndex
from kg.export.workers import cores
from kg.load import choice, state
from kg.load.graphs import NamedGraph, as_quads, graphs_of_store, statements
from kg.load.sorted_lines import SortedLines
from kg.mapping.sections import chosen
from kg.ontology.vocabulary import ONTOLOGY_GRAPH, RECORD, REGISTRY_GRAPH, SHARED_GRAPH
from kg.store import layout
from kg.store.choice import one_choice
from kg.store.dataset import check_statements, classify_inputs
from kg.store.merge import add_ontology, load_on_disk, temporary_store

if TYPE_CHECKING:
    from kg.store.dataset import AnyData, Inputs

DATA = "trials.nq.gz"
"""Folder of the parts."""
PARTS = f"{DATA}/part-*.nq.gz"
STATE_FILE = "loaded.nq.gz"
LEVEL = 6
_BUFFER = 1 << 20


class BulkGraph(NamedTuple):
    """A graph in the files, with the digest and the version that the load state records."""

    name: str
    digest: str
    version: int
    statements: int


@dataclass(frozen=True, slots=True)
class BulkData:
    """The written data: its number of statements, and its graphs, except that of the shared resources."""

    statements: int
    graphs: Callable[[], Iterator[BulkGraph]]
    without: tuple[str, ...] = ()
    """The sections that the studies leave out."""


def write_data(
    folder: Path,
    inputs: Iterable[AnyData],
    *,
    report: Report,
    graph: str | None = None,
    contacts: bool = False,
    without: Iterable[str] = (),
    progress: Progress | None = None,
) -> BulkData:
    """Write all inputs as N-Quads, optionally into one graph; sections in ``without`` are left out of records.

    Raises :class:`~kg.errors.NothingFoundError` where the inputs have no study or statement, and
    :class:`~kg.errors.UsageError` for statements outside any named graph and for studies that leave out different
    sections.
    """
    items = [*inputs]
    by_kind = classify_inputs(items)
    (folder / DATA).mkdir()
    options: dict[str, Any] = {"contacts": contacts, "without": chosen(without), "progress": progress}
    if graph is not None:
        return _write_one(folder, items, graph, report, **options)
    only_records = not (by_kind.stores or by_kind.rdf or by_kind.graphs)
    if only_records and all(isinstance(name, str) and name != "-" for name in by_kind.records):
        return _export(folder, by_kind.records, report, **options)
    return _write_mixed(folder, by_kind, report, **options)


def write_state(folder: Path, data: BulkData) -> None:
    """Write the load state of the data."""
    has_studies = False
    with _compressed(folder / STATE_FILE) as file:
        for graph in data.graphs():
            has_studies |= graph.name.startswith(RECORD)
            file.write(as_quads(state.lines(graph.name, graph.digest, graph.version), state.STATE))
        if has_studies:
            file.write(as_quads(choice.lines(data.without), state.STATE))


def _compressed(path: Path) -> IO[bytes]:
    """Open a file for writing with gzip, reproducibly."""
    file: Any = gzip.GzipFile(filename=str(path), mode="wb", compresslevel=LEVEL, mtime=0)
    return file  # type: ignore[no-any-return]


def _export(folder: Path, records: list[Any], report: Report, **options: Any) -> BulkData:
    """Export study records in parts, with a process per core."""
    from kg.export.dask import export

    index = StudyIndex()
    options |= {"format": "nquads", "with_ontology": True, "pool": True, "jobs": cores()}
    export(records, folder / DATA, report=report, index=index, **options)

    def graphs() -> Iterator[BulkGraph]:
        for study in index.graphs():
            yield BulkGraph(RECORD + study.study, *study[1:])
        lines = [f"{quad.triple} .\n".encode() for quad in ontology_graph.quads()]
        yield BulkGraph(ONTOLOGY_GRAPH, graph_digest(lines).hex(), 0, len({*lines}))

    return BulkData(report.totals.triples, graphs, options["without"])


def _write_mixed(folder: Path, by_kind: Inputs, report: Report, **options: Any) -> BulkData:
    """Write inputs of any kind, merged in a temporary store."""
    written: list[BulkGraph] = []
    count = 0
    with temporary_store() as (store, scratch):
        load_on_disk(store, by_kind, scratch, report, **options)
        check_statements(store, by_kind)
        left_out = one_choice(store, options["without"])
        add_ontology(store)
        if layout.has_loose_statements(store):
            raise UsageError(
                "An input has statements outside any named graph; give the graph for them with --graph IRI."
            )
        with _compressed(_only_part(folder)) as file:
            for graph in graphs_of_store(store, "<Graph>"):
                if graph.name != REGISTRY_GRAPH:
                    file.write(graph.quads())
                    count += graph.most
                    if graph.name != SHARED_GRAPH:
                        written.append(_summary(graph))
    return BulkData(count, lambda: iter(written), left_out)


def _write_one(folder: Path, inputs: list[Any], graph: str, report: Report, **options: Any) -> BulkData:
    """Write the distinct statements of the inputs into one graph."""
    import hashlib

    digest, count = hashlib.sha256(), 0
    with SortedLines(statements(inputs, report, **options)) as lines, _compressed(_only_part(folder)) as file:
        left_out = choice.one_choice(lines, options["without"]) or ()
        for line in lines:
            digest.update(line)
            file.write(as_quads([line], graph))
            count += 1
    if not count:
        raise nothing_found("statement", inputs, report.problems)
    written = BulkGraph(graph, digest.hexdigest(), 0, count)
    return BulkData(count, lambda: iter([written]), left_out)


def _only_part(folder: Path) -> Path:
    return folder / PARTS.replace("*", "00000")


def _summary(graph: NamedGraph) -> BulkGraph:
    return BulkGraph(graph.name, graph.digest, graph.version, graph.most)
