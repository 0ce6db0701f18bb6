"""``kg export``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, Choice, or_standard_output, print_report, problems_to, progress_of, without_option

if TYPE_CHECKING:
    from kg.export.report import Report

ENGINES = ("local", "dask")
FORMATS = ("turtle", "ntriples", "nquads", "trig", "parquet", "jsonld", "rdfxml")
EXTENSIONS = {"ttl": "turtle", "nt": "ntriples", "nq": "nquads", "rdf": "rdfxml"}
"""The extensions of formats that are not their names."""


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="OUT", help="Output file; - is standard output (the default in a pipe).")
@click.option(
    "-f",
    "--format",
    type=Choice(FORMATS, EXTENSIONS),
    help="Output format, or its extension such as nt (default: by the extension of OUT, else turtle).",
)
@click.option("--contacts", is_flag=True, help="Keep contact data and e-mail addresses in texts.")
@without_option
@click.option("--strict", is_flag=True, help="Stop at the first problem and write nothing.")
@click.option("--sort", is_flag=True, help="Sort studies by NCT number.")
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Number of processes (default: one per core).")
@click.option("--manifest", is_flag=True, help="Also write OUT.manifest.json: counts, SHA-256, range of versions.")
@click.option("--describe", is_flag=True, help="Also write OUT.void.ttl: a description of the dataset (VoID, DCAT).")
@click.option("--with-ontology", is_flag=True, help="Include the ontology and its codes, as a separate graph.")
@click.option("--report", metavar="FILE", help="Write every problem to FILE as JSON Lines; - is standard output.")
@click.option("--engine", type=click.Choice(ENGINES), help="Run locally (default) or on Dask, which writes a folder.")
@click.option("--scheduler", metavar="URL", help="Dask scheduler (default: start local workers).")
@click.option("--base", metavar="IRI", help="Base IRI of parts, organizations and other resources.")
@click.pass_context
def export(
    context: click.Context, /, inputs: tuple[str, ...], output: str | None, report: str | None, **options: Any
) -> None:
    """Export study records as RDF.

    INPUT is any number of files, folders and URLs, or - for standard input: records of API v2 as downloaded (a single
    study, an array, JSON Lines, pages of the API or inside other JSON; compressed, or in a zip or tar archive), or a
    saved study page. The kind of input is detected from its content.

    With --engine dask, OUT is a local or remote folder with one part per partition of the input and _manifest.json,
    which is written last.

    The exit status is 0 if every record was exported, 1 if a record or file was lost or no study was found, and 2 for
    incorrect usage. Without a study nothing is written.
    """
    from kg.errors import NothingFoundError
    from kg.export.native import keep_memory
    from kg.export.report import Report
    from kg.export.workers import cores

    output = or_standard_output(output, "studies.ttl")
    options["jobs"] = options["jobs"] or cores()
    keep_memory()  # like workers
    run = _run_of(inputs, output, report, options)
    options = {name: value for name, value in options.items() if value is not None}
    with problems_to(report) as on_problem, progress_of(inputs) as progress:
        result, failure = Report(on_problem=on_problem), None
        try:
            run(inputs, output, report=result, progress=progress, **options)
        except NothingFoundError as error:  # the problems file is written nevertheless
            failure = error
    if failure is not None:
        raise failure
    print_report(result)
    context.exit(0 if result.lossless else LOST)


def _run_of(inputs: tuple[str, ...], output: str, report: str | None, options: dict[str, Any]) -> Callable[..., Report]:
    """Return the export function for the engine, and adapt the options to it."""
    from kg.errors import UsageError
    from kg.export.run import DESCRIPTION, export
    from kg.rdf.atomic import check_outputs
    from kg.records.origin import MANIFEST

    engine, scheduler, in_order = options.pop("engine"), options["scheduler"], options.pop("sort")
    if engine == "dask":
        if in_order or options.pop("describe"):
            raise UsageError("--sort and --describe are not supported with --engine dask.")
        from kg.export.dask import export as export_on_dask

        del options["manifest"]  # it always writes a manifest
        check_outputs(inputs, [report])
        return export_on_dask
    if scheduler is not None:
        raise UsageError("--scheduler requires --engine dask.")
    companions = [output + suffix for suffix in (MANIFEST, DESCRIPTION)]
    check_outputs(inputs, [output, *companions, report])
    options["in_order"], options["excluded"] = in_order, [report] if report else []
    return export
