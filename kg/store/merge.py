"""Merges study records, RDF files and stores into one store in which no statement occurs twice.

Of two graphs of one study, the graph of the newer record is kept. The shared graph is rebuilt where several inputs
contribute to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, Any, cast

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import Superseded
from kg.export import ontology_graph
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.shared_resources import DESCRIPTIONS, resource
from kg.export.stream import Export, exports, newest, usages
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import BASE, CT, DCTERMS, MESH, RDF, RDFS, SHARED_GRAPH, SKOS
from kg.rdf.atomic import system_folder
from kg.rdf.parse import quads
from kg.records.objects import ObjectInput
from kg.records.origin import Origin, origin_of
from kg.store import digests, layout, registry_state
from kg.store.dataset import Inputs, check_layout, open_store
from kg.store.engine_errors import engine_errors
from kg.store.info import store_info
from kg.store.shared_graph import StoreGraphs, deduplicate_other_graphs, rebuild

Loader = Callable[[ox.Store], bool]
"""Loads an input into a store without studies; returns whether it may have other statements outside any graph."""

_TYPE = ox.NamedNode(RDF + "type")
_STUDY = ox.NamedNode(CT + "Study")
_VERSION = (
    ox.NamedNode(DCTERMS + "modified"),
    ox.NamedNode(CT + "lastUpdateSubmitDate"),
    ox.NamedNode(CT + "versionHolder"),
)
_SHARED = (*(BASE + name for name in ("organization/", "country/", "branch/")), MESH)
_DESCRIPTIVE = frozenset(
    (
        RDF + "type",
        RDFS + "label",
        SKOS + "altLabel",
        SKOS + "notation",
        CT + "agencyClass",
        CT + "countryCode",
        DESCRIPTIONS,
    )
)


def load_in_memory(
    inputs: Inputs, report: Report, progress: Progress | None = None, exporter: Exporter | None = None
) -> ox.Store:
    """Load inputs into a new store in memory; ``exporter`` converts the records, to N-Triples."""
    store = ox.Store()
    load = partial(_load_records, names=inputs.records, report=report, progress=progress, exporter=exporter)
    _fill(store, [*_graph_loaders(inputs, progress), *_record_loaders(inputs, load)], report)
    return store


def load_on_disk(store: ox.Store, inputs: Inputs, scratch: Path, report: Report, **options: Any) -> None:
    """Load inputs into an empty store on disk; intermediate files go to the folder ``scratch``.

    Options are those of :func:`kg.export.run.export`.
    """
    load = partial(_load_export, names=inputs.records, path=scratch / "studies.nq", report=report, options=options)
    loaders = [*_graph_loaders(inputs, options.get("progress")), *_record_loaders(inputs, load)]
    _fill(store, loaders, report, scratch)


@contextmanager
def temporary_store() -> Iterator[tuple[ox.Store, Path]]:
    """Create a store on disk, and a folder for other files, which are removed at the end."""
    with system_folder() as folder, engine_errors(f"The folder for temporary files, {folder.parent},"):
        yield ox.Store(str(folder / "store")), folder


def _graph_loaders(inputs: Inputs, progress: Progress | None) -> Iterator[tuple[str, Loader]]:
    for name in inputs.stores:
        yield name, partial(_load_store, name=name)
    for name in inputs.rdf:
        yield name, partial(_load_rdf, name=name, progress=progress)
    for graph in inputs.graphs:
        yield "<Graph>", partial(_load_graph, graph=graph)


def _record_loaders(inputs: Inputs, load: Loader) -> list[tuple[str, Loader]]:
    return [(", ".join(map(str, inputs.records)), load)] if inputs.records else []


def _load_store(into: ox.Store, name: str) -> bool:
    with open_store(name) as store:
        quads = layout.without_states(store)
        into.bulk_extend(quads if layout.is_marked(store) else in_graphs(quads))
        return layout.may_be_loose(store)


def _load_rdf(into: ox.Store, name: str, progress: Progress | None) -> bool:
    into.bulk_extend(in_graphs(quads(name, progress)))
    return True


def _load_graph(into: ox.Store, graph: ox.Store) -> bool:
    into.bulk_extend(in_graphs(graph))
    return True


def _load_records(
    into: ox.Store, names: list[str | ObjectInput], report: Report, progress: Progress | None, exporter: Exporter | None
) -> bool:
    """Load the newest record of each study, and the shared resources of these records."""
    exporter = exporter or Exporter()

    def counted() -> Iterator[Export]:
        for pair in exports(names, exporter, report.problem, progress):
            report.read += 1
            yield pair

    studies = newest(counted()).values()
    into.bulk_load(b"".join(study.data for study in studies), format=ox.RdfFormat.N_TRIPLES)
    shared = b"".join(data for data, _ in exporter.shared(usages(studies)))
    into.bulk_load(shared, format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(SHARED_GRAPH))
    return False


def _load_export(
    into: ox.Store, names: list[str | ObjectInput], path: Path, report: Report, options: dict[str, Any]
) -> bool:
    """Load records as they are exported; files that the export needs are next to ``path``."""
    from kg.export.study_stream import Reader, StudyStream

    stream = StudyStream(names, report, path, **options)
    reader = Reader(stream.read())
    try:
        into.bulk_load(cast("IO[bytes]", reader), format=ox.RdfFormat.N_QUADS)
    except Exception as error:
        raise reader.failure or error from None
    for data in stream.replacements():
        _replace(into, data)
    digests.write(into, stream.digests)
    return False


def _replace(store: ox.Store, data: bytes) -> None:
    """Replace a study by its statements in N-Triples."""
    new = [*ox.parse(data, format=ox.RdfFormat.N_TRIPLES)]
    for quad in layout.statements(store, study_of(new[0].subject) or ""):
        store.remove(quad)
    store.extend(new)


def in_graphs(statements: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Yield statements of files as a store has them: shared resources of the default graph are in the shared graph.

    MeSH files stay in the default graph: their terms have other properties in addition to those of shared resources.
    """
    for subject, group in groupby(statements, key=lambda quad: quad.subject):
        description = [*group]
        graph = _graph_of(subject, description)
        for quad in description:
            moves = graph is not None and isinstance(quad.graph_name, ox.DefaultGraph)
            yield ox.Quad(quad.subject, quad.predicate, quad.object, graph) if moves else layout.entering(quad)


def _graph_of(subject: object, description: list[ox.Quad]) -> ox.NamedNode | None:
    """Return the graph for the statements about a resource; ``None`` if it is not shared."""
    iri = subject.value if isinstance(subject, ox.NamedNode) else ""
    if iri.startswith(_SHARED) and all(quad.predicate.value in _DESCRIPTIVE for quad in description):
        return ox.NamedNode(SHARED_GRAPH)
    return None


def _fill(store: ox.Store, loaders: list[tuple[str, Loader]], report: Report, scratch: Path | None = None) -> None:
    """Run loaders into one empty store; ``scratch`` is a folder for the stores that are merged into it."""
    dropped: set[bytes] = set()
    loose = has_several = False
    for i, (name, load) in enumerate(loaders):
        if not _has_studies_or_shared(store):
            loose |= load(store)
            check_layout(store, name)
            continue
        other = ox.Store(str(scratch / str(i))) if scratch else ox.Store()
        loose |= load(other)
        check_layout(other, name)
        has_several |= _has_studies_or_shared(other)
        dropped |= _merge(other, store, name, report)
    if has_several:
        rebuild(store, set(map(resource, dropped)))
    if scratch and next(iter(store), None) is not None:
        layout.mark(store, loose=loose)
    deduplicate_other_graphs(store)


def _has_studies_or_shared(store: ox.Store) -> bool:
    shared = ox.NamedNode(SHARED_GRAPH)
    return layout.has_studies(store) or next(store.quads_for_pattern(None, None, None, shared), None) is not None


def _merge(other: ox.Store, store: ox.Store, name: str, report: Report) -> set[bytes]:
    """Merge a store into another one; the graph of a study is replaced as a whole unless its record is newer.

    Returns the descriptions of shared resources in the graphs that were replaced or left out.
    """
    dropped: set[bytes] = set()
    target, source = StoreGraphs(store), StoreGraphs(other)
    store.bulk_extend(layout.others(other))
    for study, new in layout.by_study(other):
        if old := layout.statements(store, study):
            if version_of(old) > version_of(new):
                problem = "is older than another record of the study and was skipped"
                report.problem(Superseded(problem, file=name, study=study))
                dropped.update(source.of(new))
                continue
            dropped.update(target.of(old))
            for quad in old:
                store.remove(quad)
        store.bulk_extend(new)
    return dropped


def version_of(statements: Collection[ox.Quad]) -> tuple[str, ...]:
    """Return the version of the record of a study: the dates of its posting, its submission and the registry's data."""

    def latest(predicate: ox.NamedNode) -> str:
        values = (quad.object for quad in statements if quad.predicate == predicate)
        return max((value.value for value in values if isinstance(value, ox.Literal)), default="")

    return tuple(map(latest, _VERSION))


def add_registry_state(store: ox.Store, inputs: Inputs) -> None:
    """Add the registry state of the only store among the inputs, unless others contribute studies.

    If there are other inputs, a full comparison is due.
    """
    if len(inputs.stores) != 1 or inputs.records:
        return
    with open_store(inputs.stores[0]) as source:
        state, studies = registry_state.read(source), store_info(source).studies
    if state and studies == store_info(store).studies:
        registry_state.write(store, state if inputs.single_store else replace(state, compared=""))


def only_origin(inputs: Inputs) -> Origin | None:
    """Return where the records of the only input come from, if ``kg fetch`` made it."""
    others = (*inputs.stores, *inputs.rdf, *inputs.graphs)
    [name] = inputs.records if len(inputs.records) == 1 and not others else [None]
    return origin_of(name) if isinstance(name, str) else None


def add_ontology(store: ox.Store) -> None:
    """Add the ontology and its codes to a store with studies, unless one of its graphs has them."""
    statements = ontology_graph.quads()
    first = statements[0]
    if any(store.quads_for_pattern(None, _TYPE, _STUDY, None)) and not any(
        store.quads_for_pattern(first.subject, first.predicate, first.object, None)
    ):
        store.bulk_extend(statements)
