"""``kg restore``."""

from __future__ import annotations

from typing import Any

import click

from kg.cli.base import LOST, tell_problems


@click.command()
@click.argument("graphs", metavar="GRAPH...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="OUT.jsonl", help="The file to write; - is standard output.")
@click.option("--base", metavar="IRI", help="The base that the export was given.")
@click.pass_context
def restore(context: click.Context, /, graphs: tuple[str, ...], output: str, **options: Any) -> None:
    """Rebuild the study records from a graph.

    GRAPH is an exported file in any format (.gz and .zst too), several of them, or the folder of a store. The
    records are written as JSON Lines, in the order of their NCT numbers.
    """
    from kg.export.report import Report
    from kg.restore.records import restore as run

    report = Report()
    options = {name: value for name, value in options.items() if value is not None}
    count = run(graphs, output, reject=report.problem, **options)
    tell_problems(report)
    click.echo(f"Studies: {count:,} restored, {report.rejected:,} rejected.", err=True)
    context.exit(0 if report.lossless else LOST)
