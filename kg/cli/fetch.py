"""``kg fetch``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, echo, message, or_standard_output, print_problems, without_option
from kg.cli.selection import connection_of, selection_of, selection_options

if TYPE_CHECKING:
    from kg.registry.fetch import Fetch, Watch
    from kg.registry.outputs import Kind


@click.command()
@click.argument("numbers", metavar="[NCT]...", nargs=-1)
@selection_options
@click.option("-o", "--output", metavar="OUT", help="Records, graph or store to write (default in a pipe: -).")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Fetch at most N of the studies.")
@click.option("--dry-run", is_flag=True, help="Print the number of studies and the URL, and fetch nothing.")
@click.option("--contacts", is_flag=True, help="Graphs and stores: keep contact data and e-mail addresses in texts.")
@click.option("--without-contacts", is_flag=True, help="Records: leave out contact data and e-mail addresses.")
@without_option
@click.option("--describe", is_flag=True, help="Graphs: also write OUT.void.ttl, a description of the dataset.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Graphs and stores: number of processes (default: one per core).",
)
@click.pass_context
def fetch(context: click.Context, /, numbers: tuple[str, ...], output: str | None, **options: Any) -> None:
    """Fetch studies of ClinicalTrials.gov, by NCT numbers or by the search areas and filters of its API.

    OUT is JSON Lines (.jsonl, .jsonl.gz, .jsonl.zst, or - for standard output), a folder with a file per study (a name
    that ends in /), a graph in a format of kg export (such as .ttl or .nq.zst), or a store (.kgstore). What was fetched
    and when is in OUT.manifest.json, or in the store.

    Options of different names restrict the search; values of one option are alternatives.

    All pages are fetched, of one version of the registry's data, and their studies are counted. OUT appears when it is
    complete. Until then, pages are in the folder OUT.fetch, from which the same command goes on after an interruption.

    The exit status is 0 if all studies were fetched, 1 if not, if a given NCT number is not in the registry or no study
    matches, and 2 for incorrect usage.
    """
    options["ids"] = (*numbers, *options["ids"])
    if options["dry_run"]:
        _preview(options)
        return
    output = or_standard_output(output, "studies.jsonl")
    is_complete = _fetch(output, options)
    context.exit(0 if is_complete else LOST)


def _preview(options: dict[str, Any]) -> None:
    from kg.registry.fetch import preview

    result = preview(_fetch_of(options))
    echo(f"studies  {result.studies:,}")
    for url in result.urls:
        echo(f"url      {url}")


def _fetch(output: str, options: dict[str, Any]) -> bool:
    """Run a fetch and print what came; return whether nothing is missing."""
    from kg.cli.progress import progress_bars, watch_of
    from kg.export.native import keep_memory
    from kg.export.report import Report
    from kg.export.workers import cores
    from kg.registry.fetch import fetch_to
    from kg.registry.outputs import kind_of

    kind, started, report = kind_of(output), time.monotonic(), Report()
    _check(kind, options)
    keep_memory()
    graph = {name: options[name] for name in ("contacts", "without", "describe")}
    with progress_bars() as bars:
        run = _fetch_of(options, watch_of(bars))
        result = fetch_to(run, output, report=report, jobs=options["jobs"] or cores(), **graph)
    for problem in result.missing:
        message(str(problem))
    print_problems(report)
    origin = result.origin
    of_total = f" of {origin.total:,}" if origin.limit is not None and origin.total > origin.studies else ""
    version = f"data version {origin.data_version}"
    echo(f"Studies: {origin.studies:,}{of_total} fetched, {version}, {time.monotonic() - started:.1f} s.", err=True)
    if report.totals.studies:
        echo(report.summary(), err=True)
    return report.lossless and not result.missing


def _check(kind: Kind, options: dict[str, Any]) -> None:
    """Raise an error for an option that the output does not have."""
    from kg.errors import UsageError
    from kg.registry.outputs import Kind

    if kind.is_records and options["contacts"]:
        raise UsageError("Records are kept as they come, with contact data; --contacts is for graphs and stores.")
    if not kind.is_records and options["without_contacts"]:
        raise UsageError("Graphs and stores have contact data only with --contacts; --without-contacts is for records.")
    if kind.is_records and options["without"]:
        raise UsageError("Records are kept as they come, with all sections; --without is for graphs and stores.")
    if kind is not Kind.GRAPH and options["describe"]:
        raise UsageError("--describe needs an output in a format of kg export, such as studies.ttl.")
    if kind.is_records and options["jobs"]:
        raise UsageError("--jobs is for graphs and stores.")


def _fetch_of(options: dict[str, Any], watch: Watch | None = None) -> Fetch:
    from kg.registry.fetch import Fetch, Watch

    return Fetch(
        selection_of(options),
        limit=options["limit"],
        without_contacts=options["without_contacts"],
        watch=watch or Watch(),
        **connection_of(options),
    )
