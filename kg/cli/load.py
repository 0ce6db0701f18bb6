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
@click.option("--bulk", is_flag=True, help="Fill a new store with its own loader, which must be on this machine.")
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
    bulk: bool,
    output: str | None,
    settings: tuple[str, ...],
) -> None:
    """Load studies into a running triple store.

    INPUT is study records, RDF files or a store built with kg store. Only changed graphs are loaded; each is replaced
    atomically and then counted. After an interruption every graph is old or new, and running the command again
    continues the load. Blazegraph, Neptune and QLever load from files, which -o writes.

    With --bulk, the loader of Virtuoso, Oxigraph, Fuseki (TDB2) or QLever fills a new store from files. Later loads
    without --bulk write the differences.
    """
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.options import load_into

    if bulk or output is not None:
        if since or prune or validate:
            raise UsageError("Files for a bulk loader hold all studies; leave out --since, --prune and --validate.")
        target = (output, url, user)
        run = _load_in_bulk if bulk else _write_files
        run(context, inputs, preset, target, settings, graph=graph, contacts=contacts)
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


Target = tuple[str | None, str | None, str | None]
"""The folder of files, the URL of the store, and the user."""


def _load_in_bulk(
    context: click.Context,
    inputs: tuple[str, ...],
    preset: str | None,
    target: Target,
    assignments: tuple[str, ...],
    **options: Any,
) -> None:
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.bulk_files import parse_settings
    from kg.load.bulk_run import STORES, bulk_load
    from kg.load.presets import preset_from_url

    folder, url, user = target
    preset = preset or (preset_from_url(url) if url else None)
    if preset not in STORES:
        raise UsageError(f"--bulk runs the loaders of {', '.join(STORES)}; choose one with --preset.")
    settings, report = parse_settings(preset, assignments, url), Report()
    with progress_of(inputs) as progress:
        options |= {"folder": folder, "url": url, "user": user, "report": report, "progress": progress}
        result = bulk_load(preset, settings, inputs, **options)
    _finish(context, report, result)


def _write_files(
    context: click.Context,
    inputs: tuple[str, ...],
    preset: str | None,
    target: Target,
    assignments: tuple[str, ...],
    **options: Any,
) -> None:
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.bulk_files import LOADERS, parse_settings, write_files

    folder, url, _ = target
    if preset not in LOADERS or folder is None:
        raise UsageError(f"-o writes files for {', '.join(LOADERS)}; choose one with --preset.")
    settings, report = parse_settings(preset, assignments, url), Report()
    with progress_of(inputs) as progress:
        files = write_files(preset, settings, folder, inputs, report=report, progress=progress, **options)
    print_problems(report)
    echo(
        f"Files: {', '.join(files.names)}; {files.data.statements:,} statements. In {folder}, load them with:", err=True
    )
    echo(files.command)
    context.exit(0 if report.lossless else LOST)
