"""``kg network``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, progress_of, tell_problems

FORMATS = ("graphml", "gexf", "kgx", "kgx-jsonl", "neo4j")
VIEWS = ("condition-intervention", "sponsor-condition", "site-study")


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="OUT", help="The file, or the folder of the last three formats.")
@click.option("-f", "--format", type=click.Choice(FORMATS), help="The format; by default what the name of OUT tells.")
@click.option("--view", type=click.Choice(VIEWS), help="A network of two kinds of things, in place of all statements.")
@click.pass_context
def network(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    output: str,
    format: str | None,  # noqa: A002 -- the name of the option
    view: str | None,
) -> None:
    """Write the studies as a property graph, for tools of networks.

    INPUT is study records as kg export takes them, files with RDF or folders of stores. graphml and gexf are one file,
    for networkx, Gephi, Cytoscape or igraph; kgx is nodes.tsv and edges.tsv in the terms of the Biolink Model,
    kgx-jsonl the same as JSON Lines; neo4j is files for neo4j-admin database import. In a view an edge has the number
    of studies that join its two ends, and their numbers.

    The exit status is 0 when every study is in the output, 1 when some record or file is lost, 2 for wrong use.
    """
    from kg.export.report import Report
    from kg.network.write import write

    report = Report()
    with progress_of(inputs) as progress:
        done = write(list(inputs), output, format=format, view=view, report=report, progress=progress)
    tell_problems(report)
    click.echo(done.summary(), err=True)
    context.exit(0 if report.lossless else LOST)
