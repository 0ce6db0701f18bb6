"""``kg mesh build`` and ``kg mesh check``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, Choice, echo, or_standard_output, print_problems, progress_of

FORMATS = ("turtle", "ntriples", "nquads", "trig", "parquet", "rdfxml")
EXTENSIONS = {"ttl": "turtle", "nt": "ntriples", "nq": "nquads", "rdf": "rdfxml"}
"""The extensions of formats that are not their names."""


@click.group()
def mesh() -> None:
    """Export the Medical Subject Headings as RDF, and compare records with them."""


@mesh.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="MESH.nt", help="Output file; - is standard output (the default in a pipe).")
@click.option(
    "-f", "--format", type=Choice(FORMATS, EXTENSIONS), help="Output format (default: by extension, else turtle)."
)
@click.pass_context
def build(context: click.Context, /, files: tuple[str, ...], output: str | None, format: str | None) -> None:  # noqa: A002
    """Export the MeSH tree as RDF, with broader descriptors.

    FILE is an NLM release: RDF (mesh.nt, mesh.nt.gz), XML of descriptors or of supplementary concepts (desc2025.xml,
    supp2025.xml, optionally compressed), or a tab-separated table of ids, names and tree numbers. Several files form
    one tree. In N-Quads and TriG, all statements are in the graph http://id.nlm.nih.gov/mesh.

    The exit status is 0 if everything was exported, 1 if a heading or file was lost, and 2 for incorrect usage.
    """
    from kg.export.report import Report
    from kg.mesh.build import build as run

    output = or_standard_output(output, "mesh.nt")
    report = Report()
    with progress_of(files) as progress:
        counts = run(list(files), output, format=format, reject=report.problem, progress=progress)
    print_problems(report)
    echo(counts.summary(), err=True)
    context.exit(0 if report.lossless else LOST)


@mesh.command()
@click.argument("records", metavar="RECORDS...", nargs=-1, required=True)
@click.option(
    "--mesh", "mesh_files", required=True, multiple=True, metavar="MESH.nt", help="MeSH file, as for build; repeatable."
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Write all differences to FILE as JSON; - is standard output."
)
@click.option(
    "--limit", type=click.IntRange(0), metavar="N", default=10, help="Lines per kind of difference (default: 10)."
)
@click.pass_context
def check(
    context: click.Context, /, records: tuple[str, ...], mesh_files: tuple[str, ...], json_file: str | None, limit: int
) -> None:
    """Compare the MeSH terms of study records with the MeSH tree.

    RECORDS are study records as for kg export. The report lists terms that are not in the tree, different names,
    ancestors of a term that a record does not list, and listed ancestors that are not ancestors of any term. Listed
    pharmacological actions of a term are reported separately and do not count as a difference.

    The exit status is 0 if records and tree agree, 1 if they differ or input was lost, and 2 for incorrect usage.
    """
    from kg.errors import nothing_found
    from kg.export.report import Report
    from kg.mesh.comparison import as_json, as_table, compare
    from kg.mesh.read import read as read_mesh
    from kg.rdf.atomic import STANDARD_OUTPUT, check_outputs, writing
    from kg.records.reader import read

    check_outputs([*records, *mesh_files], [json_file])
    report = Report()
    tree = read_mesh(mesh_files, report.problem)
    with progress_of(records) as progress:
        comparison = compare(read(records, report.problem, progress), tree, report.problem)
    if not comparison.studies:
        raise nothing_found("study record", records, report.problems)
    if json_file is not None:
        with writing(json_file) as file:
            file.write(as_json(comparison))
    if json_file != STANDARD_OUTPUT:
        echo(as_table(comparison, limit), nl=False)
    print_problems(report)
    echo(comparison.summary(), err=True)
    context.exit(0 if comparison.agrees and report.lossless else LOST)
