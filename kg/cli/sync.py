"""``kg sync``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from kg.cli.base import LOST, echo, print_problems, without_option
from kg.cli.selection import PARTS, connection_of, selection_of, selection_options

if TYPE_CHECKING:
    from kg.registry.fetch import Watch
    from kg.registry.sync import Sync


@click.command()
@click.argument("target", metavar="STORE|FOLDER")
@selection_options
@click.option("--full", is_flag=True, help="Compare all records, whatever their dates (after 30 days: always).")
@click.option(
    "--prune-limit",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Remove at most this share of the studies (default: 5, or 10 studies, but not all).",
)
@click.option(
    "--changes",
    multiple=True,
    metavar="FILE",
    help="Write the changes to FILE: JSON Lines, or RDF by its extension; - is standard output (repeatable).",
)
@click.option("--contacts", is_flag=True, help="New store: keep contact data and e-mail addresses in texts.")
@click.option("--without-contacts", is_flag=True, help="New folder: leave out contact data and e-mail addresses.")
@without_option
@click.pass_context
def sync(context: click.Context, /, target: str, changes: tuple[str, ...], **options: Any) -> None:
    """Keep a copy of studies of ClinicalTrials.gov current: a store, or a folder with a file per study.

    The first run makes the copy, as kg fetch does, unless kg fetch made it; the copy remembers its selection and API.
    Each later run fetches what is new or was posted again, removes what is no longer listed, and ends when the copy has
    exactly the studies of the registry, for one version of its data. Content that the registry derives again without
    a new date is found by comparing all records, every 30 days or with --full. A store keeps the sections that its
    first run leaves out (--without).

    Each study is replaced as a whole. A run that is killed loses nothing; the same command goes on from there.

    The exit status is 0 if the copy is current, 1 if it is not or a record could not be stored, and 2 for incorrect
    usage.
    """
    from kg.cli.progress import progress_bars, watch_of
    from kg.export.report import Report
    from kg.registry.sync import synchronize

    started, report = time.monotonic(), Report()
    with progress_bars() as bars:
        counts = synchronize(_sync_of(options, watch_of(bars)), target, changes=changes, report=report)
    print_problems(report)
    for line in counts.few():
        echo(line, err=True)
    echo(f"{counts.summary()} Data version {counts.data_version}, {time.monotonic() - started:.1f} s.", err=True)
    context.exit(0 if report.lossless else LOST)


def _sync_of(options: dict[str, Any], watch: Watch) -> Sync:
    from kg.registry.sync import Sync

    is_selected = any(options[name] for name in PARTS)
    own = {name: options[name] for name in ("full", "prune_limit", "contacts", "without_contacts", "without")}
    return Sync(selection_of(options) if is_selected else None, watch=watch, **own, **connection_of(options))
