"""``kg store``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, echo, message, print_problems, progress_of, report_to, without_option


@click.group()
def store() -> None:
    """Build and update a store of studies on disk.

    A store is a folder (Oxigraph) that kg query, validate, restore, draw, network, load and serve read. One process
    may write to it while others read it.
    """


@store.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="STORE", help="The folder to create.")
@click.option("--contacts", is_flag=True, help="Keep contact data and e-mail addresses in texts.")
@without_option
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Processes to use; by default one per core.")
@click.pass_context
def build(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    output: str,
    contacts: bool,
    without: tuple[str, ...],
    jobs: int | None,
) -> None:
    """Build a store from study records, RDF files and other stores.

    The folder is written atomically: a run that is stopped leaves no store.
    """
    from kg.export.report import Report
    from kg.export.workers import cores
    from kg.store.embedded import build as run

    report = Report()
    with progress_of(inputs) as progress:
        content = run(
            inputs,
            output,
            report=report,
            contacts=contacts,
            without=without,
            jobs=jobs or cores(),
            progress=progress,
        )
    print_problems(report)
    echo(f"Store: {content.studies:,} studies, {content.statements:,} statements.", err=True)
    context.exit(0 if report.lossless else LOST)


@store.command()
@click.argument("folder", metavar="STORE")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--prune", is_flag=True, help="Remove the studies that are not in the input.")
@click.option("--contacts", is_flag=True, help="Keep contact data and e-mail addresses in texts.")
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    help="Write what happened to each study, and every problem, to FILE as JSON Lines; - is standard output.",
)
@click.pass_context
def update(
    context: click.Context,
    /,
    folder: str,
    inputs: tuple[str, ...],
    prune: bool,
    contacts: bool,
    report_file: str | None,
) -> None:
    """Replace the studies that changed.

    Each study is replaced as a whole, in one transaction: a run that is killed leaves either the old or the new study.
    Records that are older than those in the store are left out. Studies that differ only in the day of the registry
    data (versionHolder) are unchanged. Sections that the store was built without are left out.
    """
    from kg.export.report import Report
    from kg.rdf.atomic import check_outputs
    from kg.store.embedded import update as run

    check_outputs(inputs, [report_file])
    with report_to(report_file) as write, progress_of(inputs) as progress:
        report = Report(on_problem=lambda error: write(error.as_dict()))
        changes = run(folder, inputs, report=report, prune=prune, contacts=contacts, progress=progress)
        for row in changes.rows():
            write(row)
    print_problems(report)
    for line in changes.few():
        echo(line, err=True)
    echo(changes.summary(), err=True)
    context.exit(0 if report.lossless else LOST)


@store.command()
@click.argument("folder", metavar="STORE")
def info(folder: str) -> None:
    """Show the number of studies, statements and graphs of a store, and their versions.

    For a store of kg fetch or kg sync, show also the version of the registry's data, the selection, and when all
    records were last compared with the registry.
    """
    from kg.store.dataset import open_store
    from kg.store.info import store_info

    with open_store(folder) as opened:
        content = store_info(opened)
    versions = content.first if content.first == content.last else f"{content.first} to {content.last}"
    echo(f"studies     {content.studies:,}\nstatements  {content.statements:,}\ngraphs      {content.graphs:,}")
    echo(f"versions    {versions or 'none'}")
    if content.without:
        echo(f"without     {', '.join(content.without)}")
    if state := content.registry:
        echo(f"data        {state.data_version} (UTC), from {state.api}\nselection   {state.options}")
        echo(f"compared    {state.compared or 'not fully'}")


@store.command()
@click.argument("folder", metavar="STORE")
@click.argument("numbers", metavar="NCT...", nargs=-1, required=True)
@click.pass_context
def remove(context: click.Context, /, folder: str, numbers: tuple[str, ...]) -> None:
    """Remove studies from a store."""
    from kg.store.embedded import remove as run

    missing = run(folder, numbers)
    for number in missing:
        message(f"{number} is not in the store.")
    echo(f"Studies: {len(numbers) - len(missing):,} removed.", err=True)
    context.exit(LOST if missing else 0)
