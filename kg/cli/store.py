"""``kg store``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, progress_of, tell_problems


@click.group()
def store() -> None:
    """Keep studies in a store on disk.

    A store is a folder (Oxigraph) with one named graph for each study; kg query, validate, restore and draw take it.
    One process may write to it, others read at the same time.
    """


@store.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="STORE", help="The folder to make.")
@click.option("--contacts", is_flag=True, help="Keep the e-mail addresses and telephone numbers of contacts.")
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Processes to use; by default one a core.")
@click.pass_context
def build(context: click.Context, /, inputs: tuple[str, ...], output: str, contacts: bool, jobs: int | None) -> None:
    """Make a store of study records and of RDF files.

    The folder stands in its place when it is whole, or not at all.
    """
    from kg.export.report import Report
    from kg.export.workers import cores
    from kg.store.embedded import build as run

    report = Report()
    with progress_of(inputs) as progress:
        made = run(inputs, output, report=report, contacts=contacts, jobs=jobs or cores(), progress=progress)
    tell_problems(report)
    click.echo(f"Store: {made.studies:,} studies, {made.statements:,} statements.", err=True)
    context.exit(0 if report.lossless else LOST)


@store.command()
@click.argument("folder", metavar="STORE")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--contacts", is_flag=True, help="Keep the e-mail addresses and telephone numbers of contacts.")
@click.pass_context
def update(context: click.Context, /, folder: str, inputs: tuple[str, ...], contacts: bool) -> None:
    """Replace the studies that changed.

    Each study is replaced as a whole, in one transaction: a run that is killed leaves the old study or the new one.
    Records that are older than the store's are left out.
    """
    from kg.export.report import Report
    from kg.store.embedded import update as run

    report = Report()
    with progress_of(inputs) as progress:
        changes = run(folder, inputs, report=report, contacts=contacts, progress=progress)
    tell_problems(report)
    click.echo(changes.summary(), err=True)
    context.exit(0 if report.lossless else LOST)


@store.command()
@click.argument("folder", metavar="STORE")
def info(folder: str) -> None:
    """Show what is in a store."""
    from kg.store.dataset import opened
    from kg.store.embedded import info as run

    with opened(folder) as found:
        made = run(found)
    versions = made.first if made.first == made.last else f"{made.first} to {made.last}"
    click.echo(f"studies     {made.studies:,}\nstatements  {made.statements:,}\ngraphs      {made.graphs:,}")
    click.echo(f"versions    {versions or 'none'}")


@store.command()
@click.argument("folder", metavar="STORE")
@click.argument("numbers", metavar="NCT...", nargs=-1, required=True)
@click.pass_context
def remove(context: click.Context, /, folder: str, numbers: tuple[str, ...]) -> None:
    """Take studies out of a store."""
    from kg.store.embedded import remove as run

    missing = run(folder, numbers)
    for number in missing:
        click.echo(f"kg: {number} is not in the store.", err=True)
    click.echo(f"Studies: {len(numbers) - len(missing):,} removed.", err=True)
    context.exit(LOST if missing else 0)
