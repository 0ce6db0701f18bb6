"""``kg restore``."""

from __future__ import annotations

from typing import Any

import click

from kg.cli.base import LOST, echo, message, or_standard_output, print_problems


@click.command()
@click.argument("graphs", metavar="GRAPH...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="OUT.jsonl", help="Output file; - is standard output (the default in a pipe).")
@click.option("--base", metavar="IRI", help="The --base of the export.")
@click.pass_context
def restore(context: click.Context, /, graphs: tuple[str, ...], output: str | None, **options: Any) -> None:
    """Rebuild study records from a graph.

    GRAPH is an exported file in any format (optionally compressed) or a store. Records are written as JSON Lines,
    sorted by NCT number.

    The exit status is 0 if every study was restored, 1 if a study or file was lost, and 2 for incorrect usage.
    """
    from kg.export.report import Report
    from kg.restore.run import restore as run

    output = or_standard_output(output, "studies.jsonl")
    report = Report()
    options = {name: value for name, value in options.items() if value is not None}
    count = run(graphs, output, reject=report.problem, note=message, **options)
    print_problems(report)
    echo(f"Studies: {count:,} restored, {report.rejected:,} rejected.", err=True)
    context.exit(0 if report.lossless else LOST)
