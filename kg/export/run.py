"""A run of the export: from inputs to a file, with a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kg._types import Reject
from kg._version import __version__
from kg.errors import InputError, Repaired, Superseded, UsageError
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.stream import exports, newest, usages
from kg.export.study_index import Duplicate, StudyIndex
from kg.export.tasks import Item, Settings, TaskResult, Worker, tasks
from kg.export.terms import is_iri
from kg.export.workers import rare_collections, run_tasks
from kg.export.writer import Writer
from kg.ontology.vocabulary import BASE
from kg.rdf.atomic import check_outputs, is_stream, replacing
from kg.rdf.formats import format_of
from kg.records.chunks import EndOfFile, WholeFile, read_chunks
from kg.records.reader import Record, holds_studies

if TYPE_CHECKING:
    import rdflib

    from kg.export.void import Export

MANIFEST, DESCRIPTION = ".manifest.json", ".void.ttl"


def graph(
    inputs: Iterable[str | os.PathLike[str]], *, contacts: bool, reject: Reject, into: rdflib.Graph | None = None
) -> rdflib.Graph:
    """One graph of rdflib, or the one given, of all the studies; of two records of one the newer or the later."""
    import rdflib

    exporter = Exporter(contacts=contacts)
    studies = newest(exports(inputs, exporter, reject)).values()
    made = rdflib.Graph(bind_namespaces="none") if into is None else into
    for prefix, namespace in exporter.prefixes.items():
        made.bind(prefix, namespace)
    shared = [data for data, _ in exporter.shared(usages(studies))]
    return made.parse(data=b"".join([*(study.data for study in studies), *shared]), format="nt")


def export(
    inputs: Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    contacts: bool = False,
    strict: bool = False,
    in_order: bool = False,
    manifest: bool = False,
    describe: bool = False,
    with_ontology: bool = False,
    base: str = BASE,
    jobs: int = 1,
    report: Report | None = None,
    besides: Iterable[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Exports every study of the inputs into one file, ``-`` for standard output.

    ``format`` is a name in :data:`kg.rdf.formats.FORMATS`, by default what the name of the output tells;
    ``contacts`` keeps e-mail addresses and telephone numbers; ``strict`` raises the first problem;
    ``in_order`` sorts the studies by NCT number; ``manifest`` writes ``OUTPUT.manifest.json`` too;
    ``describe`` reads what was written, and writes a description of it to ``OUTPUT.void.ttl``;
    ``with_ontology`` adds the ontology and its codes, in a graph of their own where the format has graphs;
    ``jobs`` is the number of processes that do the work, which makes no difference to the output;
    files ``besides`` are no inputs, though they stand in a folder that is one; ``progress`` is called with the
    bytes of input read since its last call.

    Raises :class:`~kg.errors.UsageError` for what cannot be done, :class:`~kg.errors.OutputError` for what
    cannot be written and, when strict, the first :class:`~kg.errors.InputError`.
    """
    name = os.fspath(output)
    given = [os.fspath(each) for each in inputs]
    _check(given, name, beside=manifest or describe)
    chosen = format_of(name, format)
    base = namespace(base)
    report = report or Report()
    reject = raise_first if strict else report.problem
    writer = Writer(name, compression=chosen.compression, in_order=in_order, hashed=manifest or describe)
    settings = Settings(chosen.name, writer.compression, contacts, base)
    worker = Worker(settings)
    found: list[Item] = []
    read = read_chunks(given, found.append, progress, [name, name + MANIFEST, name + DESCRIPTION, *besides])
    index = writer.index

    def end() -> Iterator[tuple[bytes, int]]:
        return worker.end(index.shared.usages(), ontology=with_ontology)

    with rare_collections(), writer.open(worker.frame, end):
        for done in run_tasks(tasks(merged(read, found)), settings, worker, jobs, writer.place):
            writer.add(done.pieces)
            replay(done.task, done.results, index, report, reject)
    report.totals = index.totals(writer.end_triples)
    if manifest:
        _write_manifest(name, report.manifest(writer.sha256, Path(name).name, chosen.name, __version__))
    if describe:
        from kg.export.void import Export

        _describe(Export(Path(name), chosen, worker.prefixes, base, report.totals, writer.sha256, f"kg {__version__}"))
    return report


def _check(inputs: list[str], name: str, *, beside: bool) -> None:
    if not inputs:
        raise UsageError("No input is given; name files, folders, addresses, or - for standard input.")
    if beside and is_stream(name):
        raise UsageError(f"A manifest or a description is written beside a file, and {name} has no place; name a file.")
    if "://" in name:
        raise UsageError(f"{name} is no file of this machine; write one and copy it there.")
    if Path(name).is_dir():
        raise UsageError(f"{name} is a folder; name a file in it.")
    check_outputs(inputs, [name, name + MANIFEST, name + DESCRIPTION] if beside else [name])
    if holds_studies(name):
        raise UsageError(f"{name} holds study records, which are not overwritten; name another output.")


def namespace(base: str) -> str:
    """A base as a namespace; raises :class:`~kg.errors.UsageError` for what is none."""
    if not is_iri(base):
        raise UsageError(f"The base {base} is no IRI of the web, such as {BASE}.")
    if "#" in base:
        raise UsageError(f"The base {base} has a #, and names below it could have none; end it in /.")
    return base if base.endswith("/") else base + "/"


def raise_first(problem: InputError) -> None:
    """Raises a problem, as strict runs do; what was repaired is none."""
    if not isinstance(problem, Repaired):
        raise problem


def merged(read: Iterator[Item], found: list[Item]) -> Iterator[Item]:
    """What is read, with the problems that are found in between in their places."""
    for item in read:
        yield from found
        found.clear()
        yield item
    yield from found


def replay(task: list[Item], became: list[TaskResult], index: StudyIndex, report: Report, reject: Reject) -> None:
    """Takes what became of a task as if it was done here: enters its studies, and tells its problems."""
    outcomes = iter(became)
    for item in task:
        if isinstance(item, InputError):
            reject(item)
        elif isinstance(item, EndOfFile):
            item.reader.reject = reject
            item.reader.finish()
        elif isinstance(item, Record | WholeFile):
            _replay(next(outcomes), item.file, 0, index, report, reject)
        else:
            outcome, reader = next(outcomes), item.reader
            if outcome.failure is None:
                _replay(outcome, reader.file, reader.number, index, report, reject)
            reader.failure = reader.failure or outcome.failure  # which is told once
            reader.reject = reject
            for error in outcome.state.held_back:
                _moved(error, reader.number)
            reader.merge(outcome.state)


def _replay(outcome: TaskResult, file: str, before: int, index: StudyIndex, report: Report, reject: Reject) -> None:
    """The studies and problems of one item, behind so many records of its file."""
    report.read += outcome.read
    told = 0
    for at, problem in [*outcome.problems, (len(outcome.entries), None)]:
        for duplicate in index.enter(outcome.entries[told:at]):
            report.problem(_superseded(duplicate, file, before))
        if problem is not None:
            reject(_moved(problem, before))
        told = at


def _moved(problem: InputError, by: int) -> InputError:
    """A problem of a part of a file, with the number of the record in the whole."""
    if problem.record is not None:
        problem.record += by
    return problem


def _superseded(duplicate: Duplicate, file: str, before: int) -> Superseded:
    how = (
        "takes the place of an older record of the study"
        if duplicate.replaces
        else "is older than another record of the study, and left out"
    )
    return Superseded(how, file=file, record=before + duplicate.record, study=duplicate.study)


def _write_manifest(name: str, manifest: dict[str, Any]) -> None:
    lines = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
    with replacing(name + MANIFEST) as file:
        file.write(lines)


def _describe(export: Export) -> None:
    from kg.export.void import describe

    text = describe(export)
    with replacing(f"{export.path}{DESCRIPTION}") as file:
        file.write(text)
