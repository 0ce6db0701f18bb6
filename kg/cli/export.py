"""``kg export``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, problems_to, progress_of, tell

if TYPE_CHECKING:
    from kg.export.report import Report

ENGINES = ("local", "dask")
FORMATS = ("turtle", "ntriples", "nquads", "trig", "parquet", "jsonld", "rdfxml")


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="OUT", help="The file to write; - is standard output.")
@click.option(
    "-f", "--format", type=click.Choice(FORMATS), help="The format; by default what the name of OUT tells, else turtle."
)
@click.option("--contacts", is_flag=True, help="Keep the e-mail addresses and telephone numbers of contacts.")
@click.option("--strict", is_flag=True, help="Stop at the first problem, and write nothing.")
@click.option("--sort", is_flag=True, help="Put the studies in the order of their NCT numbers.")
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Processes to use; by default one a core.")
@click.option("--manifest", is_flag=True, help="Write OUT.manifest.json too: counts, SHA-256, range of versions.")
@click.option("--describe", is_flag=True, help="Write OUT.void.ttl too: a description of the dataset (VoID, DCAT).")
@click.option("--with-ontology", is_flag=True, help="Add the ontology and its codes, as a graph of their own.")
@click.option("--report", metavar="FILE", help="Write every problem to FILE, as JSON Lines; - is standard output.")
@click.option("--engine", type=click.Choice(ENGINES), help="What does the work: local, or dask, which writes a folder.")
@click.option("--scheduler", metavar="ADDRESS", help="The scheduler of Dask; by default workers are started here.")
@click.option("--base", metavar="IRI", help="Where the IRIs of parts, organizations and the like begin.")
@click.pass_context
def export(context: click.Context, /, inputs: tuple[str, ...], output: str, report: str | None, **options: Any) -> None:
    """Export study records as RDF.

    With --engine dask, OUT is a folder, here or at an address, of one part for each partition of the input and
    _manifest.json, which is written last.

    INPUT is a file, a folder, an address or - for standard input, and any number of them: records of API v2 as
    downloaded (one study, an array, JSON Lines, a page of the API; plain, .gz, .zst or in a .zip), or a saved
    study page. What it is, is told from its content.

    The exit status is 0 when every record is in the output, 1 when some record or file is lost, 2 for wrong use.
    """
    from kg.export.native import keep_memory
    from kg.export.report import Report
    from kg.export.workers import cores

    options["jobs"] = options["jobs"] or cores()
    keep_memory()  # as workers do
    run = _run_of(inputs, output, report, options)
    options = {name: value for name, value in options.items() if value is not None}
    with problems_to(report) as tell_one, progress_of(inputs) as progress:
        done = run(inputs, output, report=Report(on_problem=tell_one), progress=progress, **options)
    tell(done)
    context.exit(0 if done.lossless else LOST)


def _run_of(inputs: tuple[str, ...], output: str, report: str | None, options: dict[str, Any]) -> Callable[..., Report]:
    """What does the run; the options become those that it takes."""
    from kg.errors import UsageError
    from kg.export.run import DESCRIPTION, MANIFEST, export
    from kg.rdf.atomic import check_outputs

    engine, scheduler, in_order = options.pop("engine"), options["scheduler"], options.pop("sort")
    if engine == "dask":
        if in_order or options.pop("describe"):
            raise UsageError(
                "Parts are neither sorted nor described; leave --sort and --describe out, or --engine dask."
            )
        from kg.export.cluster import export as on_cluster

        del options["manifest"]  # there is one always
        check_outputs(inputs, [report])
        return on_cluster
    if scheduler is not None:
        raise UsageError("A scheduler does nothing without --engine dask.")
    beside = [output + ending for ending in (MANIFEST, DESCRIPTION)]
    check_outputs(inputs, [output, *beside, report])
    options["in_order"], options["besides"] = in_order, [report] if report else []
    return export
