"""Shared by all commands: error messages, problem reports and progress bars."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from kg._types import Progress, Reject
from kg.errors import KGError, NothingFoundError, UsageError, printable

if TYPE_CHECKING:
    from kg.export.report import Report

LOST, WRONG_USE = 1, 2
"""Exit statuses."""
REFRESH = 0.1
"""Seconds between updates of the progress bar."""


class Choice(click.Choice[str]):
    """One of some names, which also accepts other spellings: an extension such as ``nt``, or a former name."""

    def __init__(self, names: Sequence[str], others: Mapping[str, str]) -> None:
        super().__init__(names)
        self._others = others

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> str:
        name = str(value).lower().removeprefix(".")
        return super().convert(self._others.get(name, name if name in self.choices else value), param, context)


SECTIONS = (
    *("annotations", "descriptions", "documents", "eligibility-text", "locations"),
    *("outcomes", "references", "results", "unmapped"),
)
"""The names in :data:`kg.mapping.sections.SECTIONS`, which take longer to import."""
without_option = click.option(
    "--without", multiple=True, type=click.Choice(SECTIONS), help="Leave out a section of the model (repeatable)."
)


def or_standard_output(output: str | None, example: str) -> str:
    """Return the output; without one, standard output unless that is a terminal.

    Raises :class:`~kg.errors.UsageError` for a terminal; ``example`` is the name of a file for the message.
    """
    if output is None and sys.stdout.isatty():
        raise UsageError(f"No output is given; name a file, such as -o {example}, or print here with -o -.")
    return "-" if output is None else output


def _exit_on_sigterm(*_: object) -> None:
    """Raise :class:`SystemExit`, so that cleanup runs and no partial file is left."""
    sys.exit(128 + signal.SIGTERM)


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text with control characters escaped, since it may have data."""
    click.echo(printable(text), err=err, nl=nl)


def echo_styled(text: str) -> None:
    """Print a text that may have styles of its own, and data that is escaped already."""
    click.echo(text, nl=False)


def message(text: str) -> None:
    """Print a message to standard error."""
    echo(f"kg: {text}", err=True)


@contextlib.contextmanager
def _printable_usage() -> Iterator[None]:
    """Escape the control characters of arguments in errors of usage, which click prints."""
    try:
        yield
    except click.UsageError as error:
        text = error.format_message()
        if printable(text) == text:
            raise
        raise click.UsageError(printable(text), error.ctx) from None


class Command(click.Group):
    """Command group that prints every error of ``kg`` as one sentence and sets the exit status."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _printable_usage():
            return super().make_context(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        signal.signal(signal.SIGTERM, _exit_on_sigterm)
        try:
            with _printable_usage():
                return super().invoke(context)
        except UsageError as error:
            message(str(error))
            context.exit(WRONG_USE)
        except NothingFoundError as error:
            for text in map(str, [*error.causes, error]):
                message(text)
            context.exit(LOST)
        except KGError as error:
            message(str(error))
            context.exit(LOST)
        except BrokenPipeError:
            raise
        except OSError as error:
            message(_system_error(error))
            context.exit(LOST)
        except MemoryError:
            message("The memory does not suffice; give fewer inputs at once, or raise the limit of this process.")
            context.exit(LOST)
        except KeyboardInterrupt:
            click.echo("kg: interrupted; no partial output was written.", err=True)
            context.exit(130)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command; standard output may fail before a command is invoked, in ``--help``."""
        try:
            return super().main(*args, **options)
        except KGError as error:
            message(str(error))
            sys.exit(LOST)


def _system_error(error: OSError) -> str:
    """Return a sentence for an error of the operating system."""
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    return f"{error.filename} cannot be used: {reason}." if error.filename else f"A file cannot be used: {reason}."


@contextlib.contextmanager
def problems_to(name: str | None) -> Iterator[Reject]:
    """Yield a function that writes problems to a file as JSON Lines; without a file name, it ignores them."""
    with report_to(name) as write:
        yield lambda error: write(error.as_dict())


@contextlib.contextmanager
def report_to(name: str | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield a function that writes objects to a file as JSON Lines; without a file name, it ignores them."""
    from kg.rdf.atomic import STANDARD_OUTPUT, replacing, standard_output

    if name is None:
        yield lambda _: None
        return
    output = standard_output() if name == STANDARD_OUTPUT else replacing(name)
    with output as file:
        yield lambda row: _write_line(file, row)
        file.flush()


def _write_line(file: IO[bytes], row: dict[str, Any]) -> None:
    import orjson

    file.write(orjson.dumps(row) + b"\n")


@contextlib.contextmanager
def progress_of(inputs: tuple[str, ...]) -> Iterator[Progress | None]:
    """Show a progress bar if standard error is a terminal; yield the function that advances it."""
    if not sys.stderr.isatty():
        yield None
        return
    import time

    from rich import progress
    from rich.console import Console

    from kg.records.sources import total_size

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task, drawn = bar.add_task("Reading", total=total_size(inputs)), 0.0

        def advance(count: int) -> None:  # auto_refresh would start a thread, which is unsafe with fork
            nonlocal drawn
            now = time.monotonic()
            bar.update(task, advance=count, refresh=now - drawn > REFRESH)
            drawn = now if now - drawn > REFRESH else drawn

        yield advance


def print_report(report: Report) -> None:
    """Print the first problems of an export and its counts."""
    print_problems(report, "; list all with --report FILE")
    click.echo(report.summary(), err=True)


def print_problems(report: Report, hint: str = "") -> None:
    """Print the first problems of a run and the number of the others."""
    for error in report.problems:
        message(str(error))
    if report.more:
        click.echo(f"kg: {report.more:,} more problems{hint}.", err=True)
