"""``kg validate``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, echo, message

ENGINES = ("fast", "pyshacl")


@click.command()
@click.argument("data", metavar="DATA...", nargs=-1, required=True)
@click.option(
    "--report", metavar="FILE", help="Write all violations to FILE as JSON Lines, or as a SHACL report for .ttl."
)
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], help="Validation engine (default: fast).")
@click.option(
    "--limit", type=click.IntRange(0), metavar="N", default=20, help="Number of violations shown (default: 20)."
)
@click.pass_context
def validate(context: click.Context, /, data: tuple[str, ...], report: str | None, engine: str, limit: int) -> None:
    """Validate RDF against the SHACL shapes of the ontology.

    DATA is RDF of any origin, in any format (optionally compressed with gzip or Zstandard), or a store; each input is
    validated separately, and so is each named graph in it. The engine fast also reports parts of another study, parts
    without a study or a class, and unknown terms; pyshacl runs plain SHACL with pySHACL, and is slow.

    The exit status is 0 if all graphs conform, 1 for a violation or an unreadable file, and 2 for incorrect usage.
    """
    from kg.rdf.atomic import STANDARD_OUTPUT, check_outputs, writing
    from kg.validation.run import validate as run
    from kg.validation.run import write_report

    check_outputs(data, [report])
    result = run(data, engine=engine, note=message)
    if report is not None:
        with writing(report) as file:
            write_report(file, result, turtle=report.endswith((".ttl", ".ttl.gz", ".ttl.zst")))
    for finding in result.findings[:limit] if report != STANDARD_OUTPUT else ():
        echo(str(finding))
    if len(result.findings) > limit and report is None:
        message(f"{len(result.findings) - limit:,} more violations; list all with --report FILE.")
    echo(result.summary(), err=True)
    context.exit(0 if result.conforms else LOST)
