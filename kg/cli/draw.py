"""``kg draw``."""

from __future__ import annotations

import click

from kg.cli.base import Choice, echo, print_problems, progress_of
from kg.draw import OLD_VIEWS, RENDERERS, VIEWS


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Output file: .html, .svg, .png, .pdf, or - for standard output.",
)
@click.option("--study", metavar="NCT", help="Draw one study.")
@click.option("--view", type=Choice(VIEWS, OLD_VIEWS), help="Draw a view of all studies.")
@click.option("--around", metavar="X", help="Draw the neighbourhood of a study, term or organization.")
@click.option(
    "--depth", type=click.IntRange(1, 6), metavar="N", default=1, help="Links to follow for --around (default: 1)."
)
@click.option("--query", metavar="FILE", help="Draw the result of a CONSTRUCT query or a SELECT of edges.")
@click.option("--summary", is_flag=True, help="Draw charts that summarize the graph.")
@click.option("--ontology", is_flag=True, help="Draw the ontology; no input is needed.")
@click.option(
    "--limit",
    type=click.IntRange(2),
    metavar="N",
    help="Maximum number of nodes (default: 2,000; on a map, all towns).",
)
@click.option(
    "--renderer", type=click.Choice(RENDERERS), default=RENDERERS[0], help="Renderer of a page (default: canvas)."
)
def draw(
    inputs: tuple[str, ...],
    output: str,
    study: str | None,
    view: str | None,
    around: str | None,
    depth: int,
    query: str | None,
    summary: bool,
    ontology: bool,
    limit: int | None,
    renderer: str,
) -> None:
    """Draw a graph as an interactive page or as a picture.

    INPUT is study records (as for kg export), RDF files or a store. A page is one file that works
    offline. By default, a single study is drawn as cards, and several studies as a network of their conditions and
    interventions. If there are too many nodes, the picture reports how many are left out.
    """
    from kg.draw.render import DrawRequest
    from kg.draw.render import draw as render_to_file
    from kg.errors import UsageError
    from kg.export.report import Report

    request = DrawRequest(view, study, around, depth, query, summary, ontology, limit, renderer)
    report = Report()
    try:
        with progress_of(inputs) as progress:
            result = render_to_file(inputs, output, request, reject=report.problem, progress=progress)
    except UsageError:  # perhaps since records are lost
        print_problems(report)
        raise
    print_problems(report)
    for note in result.notes:
        echo(note, err=True)
    echo(str(result), err=True)
