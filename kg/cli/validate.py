"""``kg validate``."""

from __future__ import annotations

import click

from kg.cli.base import LOST
from kg.errors import printable

ENGINES = ("fast", "pyshacl")


@click.command()
@click.argument("data", metavar="DATA...", nargs=-1, required=True)
@click.option("--report", metavar="FILE", help="Write all violations to FILE: JSON Lines, or SHACL if it ends in .ttl.")
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], help="What looks for violations.")
@click.option("--limit", type=click.IntRange(0), metavar="N", default=20, help="How many are shown; by default 20.")
@click.pass_context
def validate(context: click.Context, /, data: tuple[str, ...], report: str | None, engine: str, limit: int) -> None:
    """Check graphs against the shapes of the ontology.

    DATA is a file with RDF of any origin, in any format (.gz and .zst too), or the folder of a store; each is checked
    on its own, and in it each named graph. The engine fast also tells parts of another study, parts without a study
    or a class, and unknown terms; pyshacl is plain SHACL by pySHACL, and slow.

    The exit status is 0 when all conform, 1 when there is a violation or a file is unreadable, 2 for wrong use.
    """
    from kg.rdf.atomic import STANDARD_OUTPUT, check_places, writing
    from kg.validation.run import report_to
    from kg.validation.run import validate as run

    check_places(data, [report])
    done = run(data, engine=engine)
    if report is not None:
        with writing(report) as file:
            report_to(file, done, turtle=report.endswith((".ttl", ".ttl.gz", ".ttl.zst")))
    for finding in done.findings[:limit] if report != STANDARD_OUTPUT else ():
        click.echo(printable(str(finding)))
    if len(done.findings) > limit and report is None:
        click.echo(f"kg: and {len(done.findings) - limit:,} more like these; --report FILE gives all.", err=True)
    click.echo(done.summary(), err=True)
    context.exit(0 if done.conforms else LOST)
