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
TABLES = ("table", "csv", "json", "markdown")
ENGINES = ("fast", "pyshacl")
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
@click.option("--describe", is_flag=True, help="Write OUT.void.ttl too: a description of the dataset (VoID, DCAT).")
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
    from kg.run import DESCRIPTION, MANIFEST
    from kg.run import export as run
    from kg.write import check_places

    beside = [output + ending for ending in (MANIFEST, DESCRIPTION)]
    check_places(inputs, [output, *beside, report])
    options["in_order"] = options.pop("sort")
    options = {name: value for name, value in options.items() if value is not None}
    with _problems_to(report) as tell, _progress(inputs) as progress:
        besides = [report] if report else []
        done = run(inputs, output, report=Report(tell=tell), besides=besides, progress=progress, **options)
    _tell(done)
    context.exit(0 if done.lossless else LOST)


@main.command()
@click.argument("graphs", metavar="GRAPH...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="OUT.jsonl", help="The file to write; - is standard output.")
@click.option("--base", metavar="IRI", help="The base that the export was given.")
@click.pass_context
def restore(context: click.Context, /, graphs: tuple[str, ...], output: str, **options: Any) -> None:
    """Rebuild the study records from a graph.

    GRAPH is an exported file in any format (.gz and .zst too), several of them, or the folder of a store. The
    records are written as JSON Lines, in the order of their NCT numbers.
    """
    from kg.report import Report
    from kg.restore import restore as run

    report = Report()
    options = {name: value for name, value in options.items() if value is not None}
    count = run(graphs, output, reject=report.problem, **options)
    _tell_problems(report)
    click.echo(f"Studies: {count:,} restored, {report.rejected:,} rejected.", err=True)
    context.exit(0 if report.lossless else LOST)


@main.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--require", type=click.FloatRange(0, 100), metavar="PERCENT", help="The least share that is enough.")
@click.option("--json", "json_file", metavar="FILE", help="Write all of it to FILE, as JSON; - is standard output.")
@click.option("--contacts", is_flag=True, help="Count as an export with --contacts does.")
@click.option("--official", is_flag=True, help="Leave aside what the official field tree does not have.")
@click.option("--all", "everything", is_flag=True, help="Show the paths that do not occur, too.")
@click.pass_context
def coverage(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    require: float | None,
    json_file: str | None,
    contacts: bool,
    official: bool,
    everything: bool,
) -> None:
    """Show how much of the records is in the graph.

    For each path of the JSON: the property that its values go to, how many values and records there are, and
    whether all values are in the graph, or are left out by choice (contact data), or are kept unmapped.

    The exit status is 0 when the share of the values that are in the graph is at least PERCENT, what is left out
    by choice aside; 1 when it is less, or when some record or file is lost; 2 for wrong use.
    """
    from kg.coverage import as_json, as_table, of
    from kg.report import Report
    from kg.write import STANDARD_OUTPUT, check_places, writing

    check_places(inputs, [json_file])
    report = Report()
    with _progress(inputs) as progress:
        found = of(inputs, contacts=contacts, official=official, reject=report.problem, progress=progress)
    if json_file is not None:
        with writing(json_file) as file:
            file.write(as_json(found))
    if json_file != STANDARD_OUTPUT:
        click.echo(as_table(found, everything=everything), nl=False)
    _tell_problems(report)
    click.echo(found.summary(), err=json_file == STANDARD_OUTPUT)
    context.exit(0 if report.lossless and found.reaches(require or 0) else LOST)


@main.command()
@click.option("--format", "name", type=click.Choice(TABLES), default="table", help="By default a table for people.")
def fields(name: str) -> None:
    """Show the fields of a record, and the properties that they go to.

    For each field: where it lies in the JSON of a record, its property, class, value and cardinality, how often
    it occurs in the sample of records that ships with the tests, an example and a definition.
    """
    from kg.fields import FORMATS as WRITERS
    from kg.fields import rows
    from kg.plan import shipped_plan

    click.echo(WRITERS[name](rows(shipped_plan())), nl=False)


@main.command()
@click.argument("data", metavar="DATA...", nargs=-1, required=True)
@click.option("--report", metavar="FILE", help="Write all violations to FILE: JSON Lines, or SHACL if it ends in .ttl.")
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], help="What looks for violations.")
@click.option("--limit", type=click.IntRange(0), metavar="N", default=20, help="How many are shown; by default 20.")
@click.pass_context
def validate(context: click.Context, /, data: tuple[str, ...], report: str | None, engine: str, limit: int) -> None:
    """Check graphs against the shapes of the ontology.

    DATA is a file with RDF of any origin, in any format (.gz and .zst too), or the folder of a store; each is checked
    on its own, and in it each named graph. The engine fast also tells parts of another study, parts without a study
    or a class, and unknown terms; pyshacl is plain SHACL by pySHACL, and slow.

    The exit status is 0 when all conform, 1 when there is a violation or a file is unreadable, 2 for wrong use.
    """
    from kg.validate import report_to
    from kg.validate import validate as run
    from kg.write import STANDARD_OUTPUT, check_places, writing

    check_places(data, [report])
    done = run(data, engine=engine)
    if report is not None:
        with writing(report) as file:
            report_to(file, done, turtle=report.endswith((".ttl", ".ttl.gz", ".ttl.zst")))
    for finding in done.findings[:limit] if report != STANDARD_OUTPUT else ():
        click.echo(finding)
    if len(done.findings) > limit and report is None:
        click.echo(f"kg: and {len(done.findings) - limit:,} more like these; --report FILE gives all.", err=True)
    click.echo(done.summary(), err=True)
    context.exit(0 if done.conforms else LOST)


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
    _tell_problems(report, "; --report FILE gives all")
    click.echo(report.summary(), err=True)


def _tell_problems(report: Report, hint: str = "") -> None:
    for error in report.problems:
        click.echo(f"kg: {error}", err=True)
    if report.more:
        click.echo(f"kg: and {report.more:,} more like these{hint}.", err=True)
