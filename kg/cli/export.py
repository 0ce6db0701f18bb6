"""``kg export``."""

from __future__ import annotations

from typing import Any

import click

from kg.cli.base import LOST, problems_to, progress_of, tell

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
@click.option("--report", metavar="FILE", help="Write every problem to FILE, as JSON Lines; - is standard output.")
@click.option("--base", metavar="IRI", help="Where the IRIs of parts, organizations and the like begin.")
@click.pass_context
def export(context: click.Context, /, inputs: tuple[str, ...], output: str, report: str | None, **options: Any) -> None:
    """Export study records as RDF.

    INPUT is a file, a folder, an address or - for standard input, and any number of them: records of API v2 as
    downloaded (one study, an array, JSON Lines, a page of the API; plain, .gz, .zst or in a .zip), or a saved
    study page. What it is, is told from its content.

    The exit status is 0 when every record is in the output, 1 when some record or file is lost, 2 for wrong use.
    """
    from kg.jobs import cores
    from kg.report import Report
    from kg.run import DESCRIPTION, MANIFEST
    from kg.run import export as run
    from kg.write import check_places

    beside = [output + ending for ending in (MANIFEST, DESCRIPTION)]
    check_places(inputs, [output, *beside, report])
    options["jobs"] = options["jobs"] or cores()
    options["in_order"] = options.pop("sort")
    options = {name: value for name, value in options.items() if value is not None}
    with problems_to(report) as tell_one, progress_of(inputs) as progress:
        besides = [report] if report else []
        done = run(inputs, output, report=Report(tell=tell_one), besides=besides, progress=progress, **options)
    tell(done)
    context.exit(0 if done.lossless else LOST)
