"""``kg query``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kg.cli.base import LOST, message, print_problems, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyoxigraph as ox

    from kg.export.report import Report
    from kg.query.results import Answer
    from kg.query.sandbox import Limits

FORMATS = ("table", "csv", "tsv", "json", "xml", "parquet", "turtle", "ntriples")
"""Those of :mod:`kg.query.result_formats`, which is imported only where a query is run."""


@click.command()
@click.argument("asked", metavar="[NAME|FILE|TEXT]", required=False)
@click.option("--data", "-d", multiple=True, metavar="DATA", help="A store, RDF files or study records; any number.")
@click.option(
    "--endpoint", metavar="URL", help="Ask a SPARQL endpoint; KG_USER and KG_PASSWORD, or netrc, say who asks."
)
@click.option("--digest", is_flag=True, help="The endpoint wants digest authentication, as Virtuoso does.")
@click.option(
    "--timeout",
    type=click.IntRange(1),
    metavar="N",
    help="Seconds until a query is stopped; by default 300, and 60 for an endpoint.",
)
@click.option(
    "--memory",
    type=click.FloatRange(0.05),
    metavar="GB",
    help="Memory that a query may take; by default half of the machine's.",
)
@click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="A parameter; given again, another value.")
@click.option(
    "-f",
    "--format",
    "name",
    type=click.Choice(FORMATS),
    help="How the answer is written; by default as the name of OUT ends, and a table on standard output.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    help="The file to write, such as phase2.csv or phase2.tsv.gz; - is standard output.",
)
@click.option("--list", "listed", is_flag=True, help="Show the questions of the library.")
@click.option("--show", is_flag=True, help="Show the text of the query, with its parameters filled in.")
@click.option(
    "--explain", is_flag=True, help="Show what the query asks, part by part, and how much of it the data have."
)
@click.option("--allow-service", is_flag=True, help="Let the query ask other servers (SERVICE).")
@click.pass_context
def query(
    context: click.Context,
    /,
    asked: str | None,
    data: tuple[str, ...],
    endpoint: str | None,
    digest: bool,
    timeout: int | None,
    memory: float | None,
    param: tuple[str, ...],
    name: str | None,
    output: str,
    listed: bool,
    show: bool,
    explain: bool,
    allow_service: bool,
) -> None:
    """Ask a question in SPARQL.

    The question is the name of one of the library (--list shows them), a file, a text, or - for standard input. It is
    asked of all graphs of DATA as one. Values of parameters are made into terms: D000690, mesh:D000690 or a whole IRI.
    """
    from kg.errors import UsageError
    from kg.export.report import Report
    from kg.query.engine import declared, query_text

    if listed:
        _list()
        return
    if asked is None:
        raise UsageError("No question is asked; name one of kg query --list, a file, or give the text.")
    text = query_text(_piped() if asked == "-" else asked, _params(param))
    report = Report()
    if show:
        click.echo(declared(text))
        return
    limits = _limits(timeout, memory)
    if explain:
        _explain(declared(text), data, report, limits)
    else:
        format_ = _format(name, output, text, [*data, asked])
        if endpoint is not None:
            answer = _remote(endpoint, declared(text), timeout or 60, digest)
        else:
            answer = _asked(text, data, report, limits, allow_service)
        _write(answer, format_, output)
    print_problems(report)
    context.exit(0 if report.lossless else LOST)


def _format(name: str | None, output: str, text: str, inputs: Iterable[str]) -> str:
    """The format of the answer, before a query runs for nothing."""
    from kg.query.lexer import form
    from kg.query.result_formats import check_fits, result_format
    from kg.rdf.atomic import check_outputs

    format_ = result_format(output, name)
    if form_ := form(text):
        check_fits(format_, form_)
    check_outputs(inputs, [output])
    return format_


def _remote(url: str, text: str, timeout: int, digest: bool) -> Answer:
    """The answer of an endpoint."""
    from kg.http.credentials import credentials
    from kg.query.engine import endpoint

    return endpoint(url, text, timeout=timeout, credentials=credentials(url), digest=digest)


def _piped() -> str:
    """The query on standard input."""
    from kg.errors import UsageError
    from kg.query.lexer import decoded

    try:
        return decoded(sys.stdin.buffer.read())
    except UnicodeDecodeError as error:
        raise UsageError(f"The query on standard input cannot be read ({error}).") from error


def _limits(timeout: int | None, memory: float | None) -> Limits:
    from kg.query.sandbox import SECONDS, Limits, half_of_memory

    return Limits(timeout or SECONDS, int(memory * 1e9) if memory else half_of_memory())


def _asked(text: str, data: tuple[str, ...], report: Report, limits: Limits, allow_service: bool) -> Answer:
    """The answer of data; where it is empty, what may be wrong is told."""
    from kg.query.engine import hinted

    answer = hinted(_read(data, report), text, allow_service=allow_service, limits=limits)
    for sentence in answer.hints:
        message(sentence)
    return answer


def _explain(text: str, data: tuple[str, ...], report: Report, limits: Limits) -> None:
    from kg.errors import printable
    from kg.query.explain import explained

    for line in explained(text, _read(data, report), limits):
        click.echo(printable(line))


def _read(data: tuple[str, ...], report: Report) -> ox.Store | Path:
    """What is asked: records and files are read, the folder of a store is left to the query."""
    from kg.store.dataset import is_store, load_dataset

    if len(data) == 1 and is_store(data[0]):
        return load_dataset(data, report)
    with progress_of(data) as progress:
        return load_dataset(data, report, progress)


def _write(answer: Answer, name: str, output: str) -> None:
    """Writes an answer: whole to a file or a pipe, and fit for it to a terminal."""
    from kg.rdf.atomic import writing

    if output == "-" and sys.stdout.isatty():
        _show(answer, name)
        return
    data = answer.written(name)
    with writing(output) as file:
        file.write(data)


def _show(answer: Answer, name: str) -> None:
    """Shows an answer on a terminal: a table in its width, and nothing that the terminal would act on."""
    from kg.cli.table import show
    from kg.errors import UsageError, printable

    if name == "parquet":
        raise UsageError("Parquet is not text; name a file to write with -o.")
    if name == "table" and answer.form == "SELECT" and answer:
        show(answer)
    else:
        click.echo(printable(answer.written(name).decode().replace("\r\n", "\n")), nl=False)


def _params(given: tuple[str, ...]) -> dict[str, list[str]]:
    from kg.errors import UsageError

    made: dict[str, list[str]] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise UsageError(f"--param {each} is not of the form NAME=VALUE.")
        made.setdefault(name, []).append(value)
    return made


def _list() -> None:
    from kg.query.library import questions

    known = questions()
    width = max(len(each.name) for each in known)
    for each in known:
        names = ", ".join(parameter.name for parameter in each.parameters)
        click.echo(f"{each.name:{width}}  {each.summary}{f' ({names})' if names else ''}")
