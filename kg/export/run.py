"""A run of the export: many inputs, one output file, one report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kg._types import PathName, Reject
from kg._version import __version__
from kg.errors import InputError, Repaired, Skipped, Superseded, UsageError, nothing_found
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.stream import exports, newest, usages
from kg.export.study_index import Duplicate, StudyIndex
from kg.export.tasks import Item, Settings, TaskResult, Worker, tasks
from kg.export.terms import is_iri
from kg.export.workers import rare_collections, run_tasks
from kg.export.writer import Writer
from kg.ontology.vocabulary import BASE
from kg.rdf.atomic import check_outputs, is_stream, replacing, text_of_name
from kg.rdf.formats import format_of
from kg.records.chunks import EndOfFile, WholeFile, read_chunks
from kg.records.objects import AnyInput, ObjectInput, flatten
from kg.records.origin import MANIFEST, ORIGINS, Origin, origins_of
from kg.records.pages import RunProblems
from kg.records.reader import Record, holds_studies

if TYPE_CHECKING:
    import rdflib

    from kg.export.description import Export

DESCRIPTION = ".void.ttl"


def graph(
    inputs: Iterable[AnyInput], *, contacts: bool, reject: Reject, into: rdflib.Graph | None = None
) -> rdflib.Graph:
    """Return one rdflib graph of all studies, or add them to ``into``; the newest record of each study is used."""
    import rdflib

    exporter = Exporter(contacts=contacts)
    studies = newest(exports(inputs, exporter, reject)).values()
    result = rdflib.Graph(bind_namespaces="none") if into is None else into
    for prefix, namespace in exporter.prefixes.items():
        result.bind(prefix, namespace)
    shared = [data for data, _ in exporter.shared(usages(studies))]
    return result.parse(data=b"".join([*(study.data for study in studies), *shared]), format="nt")


def export(
    inputs: Iterable[AnyInput],
    output: PathName,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    contacts: bool = False,
    without: Iterable[str] = (),
    strict: bool = False,
    in_order: bool = False,
    manifest: bool = False,
    describe: bool = False,
    with_ontology: bool = False,
    base: str = BASE,
    jobs: int = 1,
    report: Report | None = None,
    excluded: Iterable[str] = (),
    progress: Callable[[int], None] | None = None,
    origins: list[Origin] | None = None,
) -> Report:
    """Export every study of the inputs to one file; ``-`` is standard output.

    ``format`` is a name in :data:`kg.rdf.formats.FORMATS`, by default that of the extension of the output;
    ``contacts`` keeps e-mail addresses and telephone numbers; ``without`` names sections of the model to leave out
    (:data:`kg.mapping.sections.SECTIONS`); ``strict`` raises the first problem;
    ``in_order`` sorts the studies by NCT number; ``manifest`` writes ``OUTPUT.manifest.json`` too;
    ``describe`` reads the output and writes a description of it (VoID) to ``OUTPUT.void.ttl``;
    ``with_ontology`` adds the ontology and its codes, as a separate graph if the format has named graphs;
    ``jobs`` is the number of processes, on which the output does not depend; files in ``excluded`` are skipped if
    an input folder contains them; ``progress`` is called with the bytes of input read since its last call;
    ``origins`` are what manifest and description say of the source, by default what the manifests of ``kg fetch``
    beside the inputs say.

    Raises :class:`~kg.errors.UsageError` for invalid arguments, :class:`~kg.errors.OutputError` where the output
    cannot be written, :class:`~kg.errors.NothingFoundError` where no study was exported, in which case an existing
    output is kept and, if strict, the first :class:`~kg.errors.InputError`.
    """
    name = os.fspath(output)
    items = flatten(inputs)
    _check(items, name, beside=manifest or describe)
    chosen = format_of(name, format)
    base = namespace(base)
    report = report or Report()
    reject = RunProblems(strict_reject(report) if strict else report.problem, items)
    writer = Writer(name, compression=chosen.compression, in_order=in_order, hashed=manifest or describe)
    settings = Settings(chosen.name, writer.compression, contacts, base, without=sections_of(without))
    worker = Worker(settings)
    problems: list[Item] = []
    chunks = read_chunks(items, problems.append, progress, [name, name + MANIFEST, name + DESCRIPTION, *excluded])
    index = writer.index

    def end() -> Iterator[tuple[bytes, int]]:
        return worker.end(index.shared.usages(), ontology=with_ontology)

    with rare_collections(), writer.open(worker.frame, end):
        for done in run_tasks(tasks(with_problems(chunks, problems)), settings, worker, jobs, writer.target):
            writer.add(done.pieces)
            replay(done.task, done.results, index, report, reject)
        reject.end()
        if not len(index):
            raise nothing_found("study record", items, report.problems)
    report.totals = index.totals(writer.end_triples)
    if origins is None and (manifest or describe):
        origins = origins_of(items)
    if manifest:
        content = report.manifest(writer.sha256, text_of_name(Path(name).name), chosen.name, __version__)
        content |= {"without": [*settings.without]} if settings.without else {}
        write_manifest(name, content | ({ORIGINS: [origin.as_dict() for origin in origins]} if origins else {}))
    if describe:
        from kg.export.description import Export

        tool, sources = f"kg {__version__}", tuple(origins or ())
        facts = (report.totals, writer.sha256, tool, sources, settings.without)
        _describe(Export(Path(name), chosen, worker.prefixes, base, *facts))
    return report


def _check(inputs: list[str | ObjectInput], name: str, *, beside: bool) -> None:
    if not inputs:
        raise UsageError("No input is given; name files, folders, URLs, or - for standard input.")
    if beside and is_stream(name):
        raise UsageError(f"A manifest or a description needs an output file, and {name} is a stream; name a file.")
    if "://" in name:
        raise UsageError(f"{name} is a URL; write a local file and upload it.")
    if Path(name).is_dir():
        raise UsageError(f"{name} is a folder; name a file in it.")
    names = [item for item in inputs if isinstance(item, str)]
    check_outputs(names, [name, name + MANIFEST, name + DESCRIPTION] if beside else [name])
    if holds_studies(name):
        raise UsageError(f"{name} contains study records, which are never overwritten; name another output.")


def sections_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of sections to leave out; raises :class:`~kg.errors.UsageError` for an unknown one."""
    wanted = tuple(names)
    if not wanted:
        return ()
    from kg.mapping.sections import chosen

    return chosen(wanted)


def namespace(base: str) -> str:
    """Return a base IRI that ends in a slash; raises :class:`~kg.errors.UsageError` for an invalid one."""
    if not is_iri(base):
        raise UsageError(f"The base {base} is not an http or https IRI such as {BASE}.")
    if "#" in base:
        raise UsageError(f"The base {base} contains a #, so no path can follow it; end it in /.")
    return base if base.endswith("/") else base + "/"


def strict_reject(report: Report) -> Reject:
    """Return a function that raises the first problem; repaired values and skipped parts are counted."""

    def reject(problem: InputError) -> None:
        if not isinstance(problem, Repaired | Skipped):
            raise problem
        report.problem(problem)

    return reject


def with_problems(items: Iterator[Item], problems: list[Item]) -> Iterator[Item]:
    """Yield items, each after the problems that were added to ``problems`` while it was read."""
    for item in items:
        yield from problems
        problems.clear()
        yield item
    yield from problems


def replay(task: list[Item], results: list[TaskResult], index: StudyIndex, report: Report, reject: Reject) -> None:
    """Enter the studies of a finished task into the index and report its problems, in the order of the input."""
    remaining = iter(results)
    for item in task:
        if isinstance(item, InputError):
            reject(item)
        elif isinstance(item, EndOfFile):
            item.reader.reject = reject
            item.reader.finish()
        elif isinstance(item, Record | WholeFile):
            _replay(next(remaining), item.file, 0, index, report, reject)
        else:
            result, reader = next(remaining), item.reader
            if result.failure is None:
                _replay(result, reader.file, reader.number, index, report, reject)
            reader.failure = reader.failure or result.failure  # reported once per file
            reader.reject = reject
            for error in result.state.held_back:
                _renumber(error, reader.number)
            reader.merge(result.state)


def _replay(result: TaskResult, file: str, before: int, index: StudyIndex, report: Report, reject: Reject) -> None:
    """Enter the studies and report the problems of one item; ``before`` records of its file precede it."""
    report.read += result.read
    entered = 0
    for position, problem in [*result.problems, (len(result.entries), None)]:
        for duplicate in index.enter(result.entries[entered:position]):
            report.problem(_superseded(duplicate, file, before))
        if problem is not None:
            reject(_renumber(problem, before))
        entered = position


def _renumber(problem: InputError, before: int) -> InputError:
    """Change the number of a record within a chunk to its number within the file."""
    if problem.record is not None:
        problem.record += before
    return problem


def _superseded(duplicate: Duplicate, file: str, before: int) -> Superseded:
    how = (
        "replaces an older record of the study"
        if duplicate.replaces
        else "is older than another record of the study and was skipped"
    )
    return Superseded(how, file=file, record=before + duplicate.record, study=duplicate.study)


def write_manifest(name: str, manifest: dict[str, Any]) -> None:
    """Write what is known of an output to a file beside it."""
    lines = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
    with replacing(name + MANIFEST) as file:
        file.write(lines)


def _describe(export: Export) -> None:
    from kg.export.void import describe

    text = describe(export)
    with replacing(f"{export.path}{DESCRIPTION}") as file:
        file.write(text)
