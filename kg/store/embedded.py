"""Store of studies on disk (Oxigraph), in the layout of :mod:`kg.store.layout`.

Queries see the union of all graphs, in which no statement occurs twice. A study that changed is replaced as a whole,
together with the shared graph, in one transaction. Other graphs, such as MeSH, are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._types import PathName, Progress
from kg.errors import FieldError, OutputError, Skipped, Superseded, UsageError, nothing_found
from kg.export.exporter import Exported, Exporter
from kg.export.report import Report
from kg.export.run import sections_of
from kg.export.stream import changes as changed_exports
from kg.ontology.vocabulary import CT
from kg.rdf.atomic import output_errors, output_of, remove_leftovers, temporary_folder
from kg.records.origin import Origin
from kg.store import digests, layout, registry_state
from kg.store.changes import Changes
from kg.store.choice import keep, one_choice, plan_of
from kg.store.dataset import Inputs, check_statements, classify_inputs, open_store, store_path
from kg.store.engine_errors import engine_errors
from kg.store.info import StoreInfo, store_info
from kg.store.merge import add_ontology, add_registry_state, load_on_disk, only_origin, version_of
from kg.store.shared_graph import StoreGraphs, change, other_graph_updates

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

_HOLDER = ox.NamedNode(CT + "versionHolder")


def build(
    inputs: Iterable[AnyData], output: PathName, *, report: Report, origin: Origin | None = None, **options: Any
) -> StoreInfo:
    """Build a store from study records, RDF files and other stores; the folder is written atomically.

    ``origin`` is where the records come from, by default what the manifest of ``kg fetch`` beside the only input says.
    Options are those of :func:`kg.export.run.export`. Raises :class:`~kg.errors.UsageError` where the output exists or
    another process builds it, and :class:`~kg.errors.OutputError` where it cannot be written.
    """
    target, sources = Path(output), classify_inputs(inputs)
    _check_free(target)
    name = str(target)
    with output_errors(name), temporary_folder(target) as folder, output_of(folder, name), engine_errors(name):
        info = _fill(folder / "store", sources, folder, report, origin, options)
        _move(folder / "store", target)
    return info


def _check_free(target: Path) -> None:
    """Raise an error if the folder of a new store exists or another process builds it."""
    store_path(str(target))
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists already; update it with kg store update, or name another folder.")
    in_use = [path.stem.rpartition(".")[0] for path in remove_leftovers(target) if path.is_dir()]
    if f".{target.name}" in in_use:
        raise UsageError(f"{target} is being built by another process; wait for it, or name another folder.")


def _move(built: Path, target: Path) -> None:
    if target.exists():
        raise OutputError(f"{target} was built by another process in the meantime; its store is kept, this one is not.")
    built.rename(target)


def _fill(
    path: Path, sources: Inputs, scratch: Path, report: Report, origin: Origin | None, options: dict[str, Any]
) -> StoreInfo:
    store = ox.Store(str(path))
    load_on_disk(store, sources, scratch, report, **options)
    check_statements(store, sources)
    keep(store, one_choice(store, sections_of(options.get("without", ()))))
    add_ontology(store)
    add_registry_state(store, sources)
    if report.lossless and (origin := origin or only_origin(sources)):
        registry_state.write_origin(store, origin, contacts=options.get("contacts", False))
    store.optimize()
    store.flush()
    return store_info(store)


def update(
    name: PathName,
    inputs: Iterable[AnyData],
    *,
    report: Report,
    prune: bool = False,
    contacts: bool = False,
    progress: Progress | None = None,
) -> Changes:
    """Update a store with study records; each study that changed is replaced in one transaction.

    A record that is older than the one in the store is left out, and so is one that differs only in the day of the
    registry data. Sections that the store leaves out are left out of the new studies. With ``prune``, studies that are
    not in the inputs are removed. Raises
    :class:`~kg.errors.UsageError` for RDF files and stores, which only :func:`build` accepts, and where ``prune`` would
    remove studies because an input could not be read.
    """
    sources, changes = classify_inputs(inputs), Changes()
    if others := [*sources.stores, *sources.rdf, *("<Graph>" for _ in sources.graphs)]:
        raise UsageError(
            f"{others[0]} is a graph, an RDF file or a store, which only kg store build accepts; name study records."
        )
    with open_store(name, read_only=False) as store:
        graphs, seen = StoreGraphs(store), set[str]()
        exporter = Exporter(plan_of(store), contacts=contacts, digests=True)
        is_current = partial(digests.has, store)
        for record, result in changed_exports(sources.records, exporter, report.problem, is_current, progress):
            report.read += 1
            study = result if isinstance(result, str) else result.study
            kind = "unchanged" if isinstance(result, str) else _update_study(store, graphs, result)
            seen.add(study)
            changes.count(kind, study)
            if kind == "older":
                problem = "is older than the record of the study in the store and was skipped"
                report.problem(Superseded(problem, file=record.file, record=record.number, study=study))
        if not report.read:
            raise nothing_found("study record", sources.records, report.problems)
        missing = [study for study in layout.studies(store) if study not in seen]
        if prune:
            _check_prune(report)
            for study in missing:
                replace(store, graphs, study, ())
        for study in missing:
            changes.count("removed" if prune else "missing", study)
        store.flush()
    return changes


def _check_prune(report: Report) -> None:
    """Raise an error if a part of the input could not be read, as a study that is in it would be removed."""
    if report.lossless and not report.incomplete:
        return
    harmless = (FieldError, Superseded, Skipped)
    problem = next((str(error) for error in report.problems if not isinstance(error, harmless)), "Some input is lost.")
    raise UsageError(f"{problem} So --prune removed no studies; the others were updated.")


def _update_study(store: ox.Store, graphs: StoreGraphs, exported: Exported) -> str:
    """Replace the statements of a study if they changed; return the name of the count to increase."""
    after, before = layout.parsed(exported), set(layout.statements(store, exported.study))
    if before and _is_unchanged(before ^ after):
        update_store(store, digests.steps(store, exported.study, exported.digest))
        return "unchanged"
    if before and version_of(before) > version_of(after):
        return "older"
    registry_state.forget_comparison(store)
    replace(store, graphs, exported.study, after, exported.shared, present=before, digest=exported.digest)
    return "replaced" if before else "added"


def _is_unchanged(difference: set[ox.Quad]) -> bool:
    """Return whether two graphs differ at most in the day of the registry data, which is new in every download."""
    return all(quad.predicate == _HOLDER for quad in difference)


def replace(
    store: ox.Store,
    graphs: StoreGraphs,
    study: str,
    quads: Iterable[ox.Quad],
    shared: Iterable[bytes] = (),
    *,
    present: Iterable[ox.Quad] | None = None,
    digest: str = "",
) -> None:
    """Replace the statements of a study and update the shared graph, in one transaction.

    Only statements that differ are written. ``shared`` has the descriptions of the shared resources that the new
    statements refer to, ``present`` the statements in the store if they were read already, and ``digest`` that of the
    record. Without new statements the study is removed.
    """
    new = set(quads)
    old = set(layout.statements(store, study) if present is None else present)
    shared_change = change(graphs, {study: graphs.of(old)}, {study: [*shared]})
    own = layout.steps(old - new, new - old)
    of_digest = digests.steps(store, study, digest)
    update_store(store, [*own, *of_digest, *shared_change.steps(), *other_graph_updates(store, shared_change)])


def update_store(store: ox.Store, steps: list[str]) -> None:
    """Run the operations of an update in one transaction."""
    if steps:
        store.update(" ;\n".join(steps))


def remove(name: PathName, numbers: Iterable[str]) -> list[str]:
    """Remove studies from a store; return the NCT numbers that are not in it."""
    missing = []
    with open_store(name, read_only=False) as store:
        graphs = StoreGraphs(store)
        for number in numbers:
            if layout.has_study(store, number):
                replace(store, graphs, number, ())
            else:
                missing.append(number)
        store.flush()
    return missing
