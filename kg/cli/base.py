"""What the commands share: how errors, problems and progress are told."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from kg.errors import InputError, KGError, UsageError, printable

if TYPE_CHECKING:
    from kg.export.report import Report

LOST, WRONG_USE = 1, 2
REDRAWN = 0.1
"""Seconds after which a bar is drawn anew."""


def _terminated(*_: object) -> None:
    """Unwinds like an interrupt, so that no half file stays behind."""
    sys.exit(128 + signal.SIGTERM)


def message(text: str) -> None:
    """Writes a message to standard error; what it quotes of data cannot act on a terminal."""
    click.echo(f"kg: {printable(text)}", err=True)


class Command(click.Group):
    """Tells every error of ``kg`` in one sentence, with the exit status that fits."""

    def invoke(self, context: click.Context) -> Any:
        signal.signal(signal.SIGTERM, _terminated)
        try:
            return super().invoke(context)
        except UsageError as error:
            message(str(error))
            context.exit(WRONG_USE)
        except KGError as error:
            message(str(error))
            context.exit(LOST)
        except KeyboardInterrupt:
            click.echo("kg: interrupted; nothing unfinished was written.", err=True)
            context.exit(130)


@contextlib.contextmanager
def problems_to(name: str | None) -> Iterator[Callable[[InputError], None]]:
    """Where problems are written as they are met."""
    import orjson

    from kg.rdf.atomic import STANDARD_OUTPUT, replacing

    if name is None:
        yield lambda _: None
        return
    opened = contextlib.nullcontext(sys.stdout.buffer) if name == STANDARD_OUTPUT else replacing(name)
    with opened as file:
        yield lambda error: _ignore(file.write(orjson.dumps(error.as_dict()) + b"\n"))


def _ignore(_: object) -> None:
    return None


@contextlib.contextmanager
def progress_of(inputs: tuple[str, ...]) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    import time

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from kg.records.sources import total_size

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task, drawn = bar.add_task("Reading", total=total_size(inputs)), 0.0

        def advance(count: int) -> None:  # draws by itself: with a thread that draws, no process could be forked
            nonlocal drawn
            now = time.monotonic()
            bar.update(task, advance=count, refresh=now - drawn > REDRAWN)
            drawn = now if now - drawn > REDRAWN else drawn

        yield advance


def tell(report: Report) -> None:
    """Tells the problems of a run and its totals."""
    tell_problems(report, "; --report FILE gives all")
    click.echo(report.summary(), err=True)


def tell_problems(report: Report, hint: str = "") -> None:
    """Tells the first problems of a run, and how many more there are."""
    for error in report.problems:
        message(str(error))
    if report.more:
        click.echo(f"kg: and {report.more:,} more like these{hint}.", err=True)
