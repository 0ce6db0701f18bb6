"""``kg load``."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, progress_of, tell_problems

if TYPE_CHECKING:
    from kg.export.report import Report
    from kg.load.into import Judge, Loaded

PRESETS = ("oxigraph", "virtuoso", "fuseki", "rdf4j", "graphdb", "blazegraph", "neptune", "qlever")


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--to", "url", metavar="URL", help="The running store to load into.")
@click.option("--preset", type=click.Choice(PRESETS), help="The kind of store, where its address does not tell.")
@click.option("--graph", metavar="IRI", help="Put everything into this graph; by default each study has its own.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only studies updated since that day.")
@click.option("--prune", is_flag=True, help="Remove graphs that were loaded before and are not in the input.")
@click.option("--validate", is_flag=True, help="Leave out graphs that the shapes of the ontology find wrong.")
@click.option("--contacts", is_flag=True, help="Keep the e-mail addresses and telephone numbers of contacts.")
@click.option("--user", metavar="NAME", help="Who loads, in place of KG_USER; the password is KG_PASSWORD or in netrc.")
@click.option("--digest", is_flag=True, help="The store wants digest authentication; Virtuoso is known to.")
@click.option("--timeout", type=click.IntRange(1), default=300, metavar="N", help="Seconds to wait; by default 300.")
@click.option("-o", "--output", metavar="DIR", help="For a store that loads from files: the folder to write them to.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of those files; any number.")
@click.pass_context
def load(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    url: str | None,
    preset: str | None,
    graph: str | None,
    since: datetime.datetime | None,
    prune: bool,
    validate: bool,
    contacts: bool,
    user: str | None,
    digest: bool,
    timeout: int,
    output: str | None,
    settings: tuple[str, ...],
) -> None:
    """Load studies into a running triple store.

    INPUT is study records, RDF files, or the folder of a store. Only graphs that changed are loaded, each as a whole,
    and counted when they are there; a load that breaks leaves every graph old or new, and goes on when it is started
    again. Blazegraph, Neptune and QLever load from files, which -o writes.
    """
    from kg.errors import UsageError
    from kg.export.record_header import day
    from kg.export.report import Report
    from kg.http.credentials import credentials
    from kg.load.client import connected
    from kg.load.into import Choice, load_as_one
    from kg.load.into import load as run

    if output is not None:
        _write_files(context, inputs, preset, (output, url), settings, graph=graph, contacts=contacts)
        return
    if url is None:
        raise UsageError("No store is named; give its address with --to, or a folder for files with -o.")
    if graph and (since or prune or validate):
        raise UsageError("--graph replaces a graph as a whole, so --since, --prune and --validate do not go with it.")
    report = Report()
    with (
        connected(url, preset, credentials(url, user), digest=digest, timeout=timeout) as store,
        progress_of(inputs) as progress,
    ):
        if graph:
            done = load_as_one(store, graph, inputs, report=report, contacts=contacts, progress=progress)
        else:
            first = day(f"{since:%Y-%m-%d}") if since else 0
            judge = _judge() if validate else None
            chosen = Choice(since=first, prune=prune, contacts=contacts, judge=judge)
            done = run(store, inputs, chosen, report=report, progress=progress)
    _tell(context, report, done)


def _judge() -> Judge:
    from kg.load.check import by_shapes

    return by_shapes()


def _tell(context: click.Context, report: Report, done: Loaded) -> None:
    tell_problems(report)
    for sentence in done.wrong[: report.shown]:
        click.echo(f"kg: {sentence}", err=True)
    click.echo(done.summary(), err=True)
    context.exit(0 if report.lossless and not done.wrong else LOST)


def _write_files(
    context: click.Context,
    inputs: tuple[str, ...],
    preset: str | None,
    place: tuple[str, str | None],
    settings: tuple[str, ...],
    **options: Any,
) -> None:
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.files import KINDS, write_files
    from kg.load.files import settings as settled

    if preset not in KINDS:
        raise UsageError(f"Files are written for {', '.join(KINDS)}; name one with --preset.")
    folder, url = place
    given, report = settled(preset, settings, url), Report()
    with progress_of(inputs) as progress:
        made = write_files(preset, given, folder, inputs, report=report, progress=progress, **options)
    tell_problems(report)
    click.echo(f"Files: {', '.join(made.names)}; {made.statements:,} statements. To load them:", err=True)
    click.echo(made.command)
    context.exit(0 if report.lossless else LOST)
