"""``kg load``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, echo, message, print_problems, progress_of
from kg.load.presets import FILE_PRESETS, PRESETS

if TYPE_CHECKING:
    from kg.export.report import Report
    from kg.load.run import LoadResult


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--to", "url", metavar="URL", help="URL of the running store.")
@click.option(
    "--preset", type=click.Choice([*PRESETS, *FILE_PRESETS]), help="Kind of store, if the URL does not identify it."
)
@click.option("--graph", metavar="IRI", help="Load everything into this graph instead of one graph per study.")
@click.option("--since", metavar="DATE", help="Skip studies last updated earlier.")
@click.option("--prune", is_flag=True, help="Remove graphs that were loaded before and are not in the input.")
@click.option("--validate", is_flag=True, help="Skip graphs that violate the SHACL shapes of the ontology.")
@click.option("--contacts", is_flag=True, help="Keep contact data and e-mail addresses in texts.")
@click.option("--user", metavar="NAME", help="User name (default: KG_USER). The password is KG_PASSWORD or in netrc.")
@click.option("--digest", is_flag=True, help="Use digest authentication (the default for Virtuoso).")
@click.option("--timeout", type=click.IntRange(1), default=300, metavar="N", help="Seconds to wait (default: 300).")
@click.option("-o", "--output", metavar="DIR", help="Write files for a bulk loader to this folder.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set an option of these files; repeatable."
)
@click.pass_context
def load(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    url: str | None,
    preset: str | None,
    graph: str | None,
    since: str | None,
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

    INPUT is study records, RDF files or a store built with kg store. Only changed graphs are loaded; each is replaced
    atomically and then counted. After an interruption every graph is old or new, and running the command again
    continues the load. Blazegraph, Neptune and QLever load from files, which -o writes.
    """
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.options import load_into

    if output is not None:
        _write_files(context, inputs, preset, (output, url), settings, graph=graph, contacts=contacts)
        return
    if url is None:
        raise UsageError("No target given; name a running store with --to, or a folder for bulk loader files with -o.")
    report = Report()
    with progress_of(inputs) as progress:
        result = load_into(
            url,
            inputs,
            preset=preset,
            graph=graph,
            since=since,
            prune=prune,
            validate=validate,
            contacts=contacts,
            user=user,
            digest=digest,
            timeout=timeout,
            report=report,
            progress=progress,
        )
    _finish(context, report, result)


def _finish(context: click.Context, report: Report, result: LoadResult) -> None:
    print_problems(report)
    for sentence in result.wrong[: report.max_problems]:
        message(sentence)
    echo(result.summary(), err=True)
    context.exit(0 if report.lossless and not result.wrong else LOST)


def _write_files(
    context: click.Context,
    inputs: tuple[str, ...],
    preset: str | None,
    target: tuple[str, str | None],
    assignments: tuple[str, ...],
    **options: Any,
) -> None:
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.bulk_files import LOADERS, parse_settings, write_files

    if preset not in LOADERS:
        raise UsageError(f"-o writes files for {', '.join(LOADERS)}; choose one with --preset.")
    folder, url = target
    settings, report = parse_settings(preset, assignments, url), Report()
    with progress_of(inputs) as progress:
        files = write_files(preset, settings, folder, inputs, report=report, progress=progress, **options)
    print_problems(report)
    echo(f"Files: {', '.join(files.names)}; {files.statements:,} statements. Load them with:", err=True)
    echo(files.command)
    context.exit(0 if report.lossless else LOST)
