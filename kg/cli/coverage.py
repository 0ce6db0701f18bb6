"""``kg coverage``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, progress_of, tell_problems


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--require", type=click.FloatRange(0, 100), metavar="PERCENT", help="The least share that is enough.")
@click.option("--json", "json_file", metavar="FILE", help="Write all of it to FILE, as JSON; - is standard output.")
@click.option("--contacts", is_flag=True, help="Count as an export with --contacts does.")
@click.option("--official", is_flag=True, help="Leave aside what the official field tree does not have.")
@click.option("--all", "everything", is_flag=True, help="Show the paths that do not occur, too.")
@click.pass_context
def coverage(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    require: float | None,
    json_file: str | None,
    contacts: bool,
    official: bool,
    everything: bool,
) -> None:
    """Show how much of the records is in the graph.

    For each path of the JSON: the property that its values go to, how many values and records there are, and
    whether all values are in the graph, or are left out by choice (contact data), or are kept unmapped.

    The exit status is 0 when the share of the values that are in the graph is at least PERCENT, what is left out
    by choice aside; 1 when it is less, or when some record or file is lost; 2 for wrong use.
    """
    from kg.coverage.measure import as_json, as_table, of
    from kg.export.report import Report
    from kg.rdf.atomic import STANDARD_OUTPUT, check_places, writing

    check_places(inputs, [json_file])
    report = Report()
    with progress_of(inputs) as progress:
        found = of(inputs, contacts=contacts, official=official, reject=report.problem, progress=progress)
    if json_file is not None:
        with writing(json_file) as file:
            file.write(as_json(found))
    if json_file != STANDARD_OUTPUT:
        click.echo(as_table(found, everything=everything), nl=False)
    tell_problems(report)
    click.echo(found.summary(), err=json_file == STANDARD_OUTPUT)
    context.exit(0 if report.lossless and found.reaches(require or 0) else LOST)
