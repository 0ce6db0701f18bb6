"""The command ``kg``."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from kg import __version__
from kg.errors import InputError, KGError, UsageError

if TYPE_CHECKING:
    from kg.report import Report

FORMATS = ("turtle", "ntriples", "nquads", "trig", "jsonld", "rdfxml")
LOST, WRONG_USE = 1, 2


def _terminated(*_: object) -> None:
    """Unwinds like an interrupt, so that no half file stays behind."""
    sys.exit(128 + signal.SIGTERM)


class _Command(click.Group):
    """Tells every error of ``kg`` in one sentence, with the exit status that fits."""

    def invoke(self, context: click.Context) -> Any:
        signal.signal(signal.SIGTERM, _terminated)
        try:
            return super().invoke(context)
        except UsageError as error:
            click.echo(f"kg: {error}", err=True)
            context.exit(WRONG_USE)
        except KGError as error:
            click.echo(f"kg: {error}", err=True)
            context.exit(LOST)
        except KeyboardInterrupt:
            click.echo("kg: interrupted, nothing was written.", err=True)
            context.exit(130)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kg")
def main() -> None:
    """ClinicalTrials.gov study records as linked data."""


@main.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="OUT", help="The file to write; - is standard output.")
@click.option(
    "-f", "--format", type=click.Choice(FORMATS), help="The format; by default what the name of OUT tells, else turtle."
)
@click.option("--contacts", is_flag=True, help="Keep the e-mail addresses and telephone numbers of contacts.")
@click.option("--strict", is_flag=True, help="Stop at the first problem, and write nothing.")
@click.option("--sort", is_flag=True, help="Put the studies in the order of their NCT numbers.")
@click.option("--manifest", is_flag=True, help="Write OUT.manifest.json too: counts, SHA-256, range of versions.")
@click.option("--report", metavar="FILE", help="Write every problem to FILE, as JSON Lines; - is standard output.")
@click.option("--base", metavar="IRI", help="Where the IRIs of parts, organizations and the like begin.")
@click.pass_context
def export(context: click.Context, /, inputs: tuple[str, ...], output: str, report: str | None, **options: Any) -> None:
    """Export study records as RDF.

    INPUT is a file, a folder, an address or - for standard input, and any number of them: records of API v2 as
    downloaded (one study, an array, JSON Lines, a page of the API; plain, .gz, .zst or in a .zip), or a saved
    study page. What it is, is told from its content.

    The exit status is 0 when every record is in the output, 1 when some record or file is lost, 2 for wrong use.
    """
    from kg.report import Report
    from kg.run import export as run

    if report == output:
        raise UsageError(f"{output} cannot take both the output and the report.")
    options["in_order"] = options.pop("sort")
    options = {name: value for name, value in options.items() if value is not None}
    with _problems_to(report) as tell, _progress(inputs) as progress:
        done = run(inputs, output, report=Report(tell=tell), progress=progress, **options)
    _tell(done)
    context.exit(0 if done.lossless else LOST)


@contextlib.contextmanager
def _problems_to(name: str | None) -> Iterator[Callable[[InputError], None]]:
    """Where problems are written as they are met."""
    import orjson

    from kg.write import STANDARD_OUTPUT, replacing

    if name is None:
        yield lambda _: None
        return
    opened = contextlib.nullcontext(sys.stdout.buffer) if name == STANDARD_OUTPUT else replacing(name)
    with opened as file:
        yield lambda error: _ignore(file.write(orjson.dumps(error.as_dict()) + b"\n"))


def _ignore(_: object) -> None:
    return None


@contextlib.contextmanager
def _progress(inputs: tuple[str, ...]) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from kg.source import total_size

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=total_size(inputs))
        yield lambda count: bar.advance(task, count)


def _tell(report: Report) -> None:
    for error in report.problems:
        click.echo(f"kg: {error}", err=True)
    if report.more:
        click.echo(f"kg: and {report.more:,} more like these; --report FILE gives all.", err=True)
    click.echo(report.summary(), err=True)
