"""``kg mesh``: the group of ``kg mesh build`` and ``kg mesh check``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, progress_of, tell_problems

FORMATS = ("turtle", "ntriples", "nquads", "trig", "parquet", "rdfxml")


@click.group()
def mesh() -> None:
    """Make a graph of the Medical Subject Headings, and hold records against it."""


@mesh.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="MESH.nt", help="The file to write; - is standard output.")
@click.option(
    "-f", "--format", type=click.Choice(FORMATS), help="The format; by default what the name tells, else turtle."
)
@click.pass_context
def build(context: click.Context, /, files: tuple[str, ...], output: str, format: str | None) -> None:  # noqa: A002
    """Write the tree of MeSH as a graph, with real broader descriptors.

    FILE is a release of NLM's: RDF (mesh.nt, mesh.nt.gz), XML of descriptors or of supplementary concepts
    (desc2025.xml, supp2025.xml, .gz too), or a table with tabs of ids, names and tree numbers. Several are one tree.
    In N-Quads and TriG all stands in the graph http://id.nlm.nih.gov/mesh.

    The exit status is 0 when all is in the graph, 1 when some heading or file is lost, 2 for wrong use.
    """
    from kg.export.report import Report
    from kg.mesh.build import build as run

    report = Report()
    with progress_of(files) as progress:
        done = run(list(files), output, format=format, reject=report.problem, progress=progress)
    tell_problems(report)
    click.echo(done.summary(), err=True)
    context.exit(0 if report.lossless else LOST)


@mesh.command()
@click.argument("records", metavar="RECORDS...", nargs=-1, required=True)
@click.option("--mesh", "tree", required=True, multiple=True, metavar="MESH.nt", help="The tree: what build reads.")
@click.option("--json", "json_file", metavar="FILE", help="Write all that was found to FILE; - is standard output.")
@click.option("--limit", type=click.IntRange(0), metavar="N", default=10, help="Lines of each kind; by default 10.")
@click.pass_context
def check(
    context: click.Context, /, records: tuple[str, ...], tree: tuple[str, ...], json_file: str | None, limit: int
) -> None:
    """Tell where the ancestors that records list are not those of the tree.

    RECORDS are study records as kg export takes them. Told are terms that the tree does not have, names that differ,
    headings above a term that a record does not list, and listed ancestors that are above no term; where they are
    pharmacological actions of a term, that is told too, as no disagreement.

    The exit status is 0 when records and tree agree, 1 when they do not or something is lost, 2 for wrong use.
    """
    from kg.export.report import Report
    from kg.mesh.check import as_json, as_table
    from kg.mesh.check import check as run
    from kg.mesh.read import read as read_tree
    from kg.rdf.atomic import STANDARD_OUTPUT, check_places, writing
    from kg.records.reader import read

    check_places([*records, *tree], [json_file])
    report = Report()
    known = read_tree(tree, report.problem)
    with progress_of(records) as progress:
        done = run(read(records, report.problem, progress), known, report.problem)
    if json_file is not None:
        with writing(json_file) as file:
            file.write(as_json(done))
    if json_file != STANDARD_OUTPUT:
        click.echo(as_table(done, limit), nl=False)
    tell_problems(report)
    click.echo(done.summary(), err=True)
    context.exit(0 if done.agrees and report.lossless else LOST)
