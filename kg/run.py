"""A run of the export: from inputs to a file, with a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kg import __version__
from kg.convert import is_iri
from kg.describe import Export
from kg.describe import describe as description
from kg.errors import InputError, RecordError, Superseded, UsageError
from kg.export import Exported, Exporter
from kg.formats import format_of
from kg.ontology import BASE
from kg.records import Record, holds_studies, read
from kg.report import Report
from kg.write import Writer, check_places, is_stream, replacing

if TYPE_CHECKING:
    import rdflib

MANIFEST, DESCRIPTION = ".manifest.json", ".void.ttl"
Reject = Callable[[InputError], None]


def studies(records: Iterable[Record], exporter: Exporter, reject: Reject) -> Iterator[tuple[Record, Exported]]:
    """Each record with its export; what is no study, and every field that is not as it should be, is told."""
    for record in records:
        try:
            exported = exporter.decoded(record.decoded) if record.decoded else exporter(record.data, fit=record.fit)
        except RecordError as error:
            error.file, error.record = record.file, record.number
            reject(error)
            continue
        except Exception as error:  # a fault of ours costs this record, not the run
            fault = f"cannot be exported ({type(error).__name__}: {error})"
            reject(RecordError(fault, file=record.file, record=record.number))
            continue
        for problem in exported.errors:
            problem.file, problem.record = record.file, record.number
            reject(problem)
        yield record, exported


def graph(records: Iterable[Record], *, contacts: bool, reject: Reject) -> rdflib.Graph:
    """One graph of rdflib of all the studies; of two records of a study the newer, of two as new the later."""
    import rdflib

    exporter = Exporter(contacts=contacts)
    newest: dict[str, Exported] = {}
    for _, exported in studies(records, exporter, reject):
        earlier = newest.get(exported.study)
        if earlier is None or earlier.version <= exported.version:
            newest[exported.study] = exported
    made = rdflib.Graph(bind_namespaces="none")
    for prefix, namespace in exporter.prefixes.items():
        made.bind(prefix, namespace)
    return made.parse(data=b"".join(exported.data for exported in newest.values()), format="nt")


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
    base: str = BASE,
    report: Report | None = None,
    besides: Iterable[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Exports every study of the inputs into one file, ``-`` for standard output.

    ``format`` is a name in :data:`kg.formats.FORMATS`, by default what the name of the output tells;
    ``contacts`` keeps e-mail addresses and telephone numbers; ``strict`` raises the first problem;
    ``in_order`` sorts the studies by NCT number; ``manifest`` writes ``OUTPUT.manifest.json`` too;
    ``describe`` reads what was written, and writes a description of it to ``OUTPUT.void.ttl``;
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
    exporter = Exporter(grouped=chosen.grouped, graphs=chosen.graphs, contacts=contacts, base=base)
    frame = chosen.frame(exporter.prefixes)
    report = report or Report()
    reject = _raise_first if strict else report.problem
    writer = Writer(name, frame, in_order=in_order, hashed=manifest or describe)
    with writer.open():
        for record, exported in studies(
            _counted(
                read(given, reject, progress, [name, name + MANIFEST, name + DESCRIPTION, *besides], exporter.decode),
                report,
            ),
            exporter,
            reject,
        ):
            if writer.ledger.is_older(exported):
                report.problem(_superseded(record, exported, "is older than another record of the study, and left out"))
            elif writer.write(exported):
                report.problem(_superseded(record, exported, "takes the place of an older record of the study"))
    report.totals = writer.ledger.totals()
    if manifest:
        _write_manifest(name, report.manifest(writer.sha256, Path(name).name, chosen.name, __version__))
    if describe:
        _describe(
            Export(Path(name), chosen, exporter.prefixes, base, report.totals, writer.sha256, f"kg {__version__}")
        )
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
    check_places(inputs, [name, name + MANIFEST, name + DESCRIPTION] if beside else [name])
    if holds_studies(name):
        raise UsageError(f"{name} holds study records, which are not overwritten; name another output.")


def namespace(base: str) -> str:
    """A base as a namespace; raises :class:`~kg.errors.UsageError` for what is none."""
    if not is_iri(base):
        raise UsageError(f"The base {base} is no IRI of the web, such as {BASE}.")
    if "#" in base:
        raise UsageError(f"The base {base} has a #, and names below it could have none; end it in /.")
    return base if base.endswith("/") else base + "/"


def _raise_first(problem: InputError) -> None:
    raise problem


def _counted(records: Iterator[Record], report: Report) -> Iterator[Record]:
    for record in records:
        report.read += 1
        yield record


def _superseded(record: Record, exported: Exported, problem: str) -> Superseded:
    return Superseded(problem, file=record.file, record=record.number, study=exported.study)


def _write_manifest(name: str, manifest: dict[str, Any]) -> None:
    lines = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
    with replacing(name + MANIFEST) as file:
        file.write(lines)


def _describe(export: Export) -> None:
    text = description(export)
    with replacing(f"{export.path}{DESCRIPTION}") as file:
        file.write(text)
