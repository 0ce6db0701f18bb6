"""``kg network``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, Choice, echo, message, print_problems, progress_of
from kg.network.formats import FORMATS, OLD_VIEWS, VIEWS


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="OUT", help="Output file, or folder for the last three formats.")
@click.option("-f", "--format", type=Choice(FORMATS, {}), help="Output format (default: by the extension of OUT).")
@click.option(
    "--view",
    type=Choice(VIEWS, OLD_VIEWS),
    help="The core (default), all nodes, or a network of two kinds of entities.",
)
@click.pass_context
def network(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    output: str,
    format: str | None,  # noqa: A002 -- the name of the option
    view: str | None,
) -> None:
    """Export studies as a property graph for network tools.

    INPUT is study records, RDF files or stores. The core has studies, interventions, sites, organizations, countries,
    MeSH terms and publications; all also has arms, outcomes, results and every other detail of a study. In a view of
    two kinds, each edge has the number and the NCT numbers of the studies in which both entities occur.

    graphml and gexf write one file for networkx, Gephi, Cytoscape or igraph; kgx writes nodes.tsv and edges.tsv in
    terms of the Biolink Model, kgx-jsonl the same as JSON Lines; neo4j writes files for neo4j-admin database import.

    The exit status is 0 if every study was written, 1 if a record or file was lost, and 2 for incorrect usage.
    """
    from kg.export.report import Report
    from kg.network.write import write

    report = Report()
    with progress_of(inputs) as progress:
        counts = write([*inputs], output, format=format, view=view, report=report, progress=progress, note=message)
    print_problems(report)
    echo(counts.summary(), err=True)
    context.exit(0 if report.lossless else LOST)
