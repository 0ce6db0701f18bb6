"""``kg load``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, echo, message, print_problems, progress_of, without_option
from kg.load.presets import FILE_PRESETS, PRESETS, preset_from_url

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
@without_option
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
    without: tuple[str, ...],
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

    The store keeps which sections are left out (--without): later loads leave out the same, and others are refused.
    """
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.load.options import load_into

    if bulk or output is not None:
        if since or prune or validate:
            raise UsageError("Files for a bulk loader hold all studies; leave out --since, --prune and --validate.")
        target: dict[str, Any] = {"bulk": bulk, "output": output, "url": url, "user": user}
        _load_files(context, inputs, preset, settings, graph=graph, contacts=contacts, without=without, **target)
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
            without=without,
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


def _load_files(
    context: click.Context,
    inputs: tuple[str, ...],
    preset: str | None,
    assignments: tuple[str, ...],
    *,
    bulk: bool,
    output: str | None,
    url: str | None,
    user: str | None,
    **options: Any,
) -> None:
    """Write files for the loader of a store to a folder, and run it if ``bulk``."""
    from kg.export.report import Report
    from kg.load.bulk_files import parse_settings, write_files
    from kg.load.bulk_run import bulk_load

    preset = _loader(preset, url, bulk=bulk)
    settings, report = parse_settings(preset, assignments, url), Report()
    if bulk:
        with progress_of(inputs) as progress:
            options |= {"report": report, "progress": progress}
            result = bulk_load(preset, settings, inputs, folder=output, url=url, user=user, **options)
        _finish(context, report, result)
        return
    with progress_of(inputs) as progress:
        files = write_files(preset, settings, output or "", inputs, report=report, progress=progress, **options)
    print_problems(report)
    echo(files.summary(), err=True)
    echo(files.command)
    context.exit(0 if report.lossless else LOST)


def _loader(preset: str | None, url: str | None, *, bulk: bool) -> str:
    """Return the kind of store whose loader reads the files; raises :class:`~kg.errors.UsageError` for another kind."""
    from kg.errors import UsageError
    from kg.load.bulk_files import LOADERS
    from kg.load.bulk_run import STORES

    preset = preset or (preset_from_url(url) if url else None)
    names, purpose = (STORES, "--bulk runs the loaders of") if bulk else (LOADERS, "-o writes files for")
    if preset is None or preset not in names:
        raise UsageError(f"{purpose} {', '.join(names)}; choose one with --preset.")
    return preset
