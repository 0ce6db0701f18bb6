"""``kg coverage``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, echo, echo_styled, print_problems, progress_of, without_option


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--require", type=click.FloatRange(0, 100), metavar="PERCENT", help="Minimum share of values in the graph."
)
@click.option("--json", "json_file", metavar="FILE", help="Write the coverage to FILE as JSON; - is standard output.")
@click.option("--contacts", is_flag=True, help="Measure an export with --contacts.")
@without_option
@click.option("--official", is_flag=True, help="Only count fields in the official field tree.")
@click.option("--all", "all_paths", is_flag=True, help="Also show paths that do not occur.")
@click.pass_context
def coverage(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    require: float | None,
    json_file: str | None,
    contacts: bool,
    without: tuple[str, ...],
    official: bool,
    all_paths: bool,
) -> None:
    """Show which values of the records are in the graph.

    For each JSON path: its property, the numbers of values and records, and whether all values are in the graph, left
    out by choice (contact data, sections), or kept unmapped.

    The exit status is 0 if the share of values in the graph is at least PERCENT, not counting those left out by choice;
    1 if it is lower, or if a record or file was lost; and 2 for incorrect usage.
    """
    from kg.coverage.measure import measure_inputs
    from kg.coverage.table import as_json, as_table
    from kg.errors import nothing_found
    from kg.export.report import Report
    from kg.rdf.atomic import STANDARD_OUTPUT, check_outputs, writing

    check_outputs(inputs, [json_file])
    report = Report()
    with progress_of(inputs) as progress:
        result = measure_inputs(
            inputs, contacts=contacts, without=without, official=official, reject=report.problem, progress=progress
        )
    if not result.studies + result.lost:
        raise nothing_found("study record", inputs, report.problems)
    if json_file is not None:
        with writing(json_file) as file:
            file.write(as_json(result))
    if json_file != STANDARD_OUTPUT:
        echo_styled(as_table(result, all_paths=all_paths))
    print_problems(report)
    echo(result.summary(), err=json_file == STANDARD_OUTPUT)
    context.exit(0 if report.lossless and result.reaches(require or 0) else LOST)
