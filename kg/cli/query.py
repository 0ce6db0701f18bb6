"""``kg query``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kg.cli.base import LOST, progress_of, tell_problems

if TYPE_CHECKING:
    from pathlib import Path

    import pyoxigraph as ox

    from kg.answers import Answer
    from kg.guard import Limits
    from kg.report import Report

FORMATS = ("table", "csv", "tsv", "json", "xml", "parquet", "turtle", "ntriples")


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
    "-f", "--format", "name", type=click.Choice(FORMATS), help="How the answer is written; by default a table."
)
@click.option("-o", "--output", default="-", metavar="OUT", help="The file to write; - is standard output.")
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
    from kg.ask import declared, worded
    from kg.ask import endpoint as ask_endpoint
    from kg.errors import UsageError
    from kg.report import Report

    if listed:
        _list()
        return
    if asked is None:
        raise UsageError("No question is asked; name one of kg query --list, a file, or give the text.")
    text = worded(sys.stdin.read() if asked == "-" else asked, _params(param))
    report = Report()
    if show:
        click.echo(declared(text))
        return
    if explain:
        _explain(declared(text), data, report, _limits(timeout, memory))
    elif endpoint is not None:
        from kg.credentials import credentials

        who = credentials(endpoint)
        answer = ask_endpoint(endpoint, declared(text), timeout=timeout or 60, credentials=who, digest=digest)
        _write(answer, name, output)
    else:
        _write(_asked(text, data, report, _limits(timeout, memory), allow_service), name, output)
    tell_problems(report)
    context.exit(0 if report.lossless else LOST)


def _limits(timeout: int | None, memory: float | None) -> Limits:
    from kg.guard import SECONDS, Limits, half_of_memory

    return Limits(timeout or SECONDS, int(memory * 1e9) if memory else half_of_memory())


def _asked(text: str, data: tuple[str, ...], report: Report, limits: Limits, allow_service: bool) -> Answer:
    """The answer of data; where it is empty, what may be wrong is told."""
    from kg.ask import hinted

    answer = hinted(_read(data, report), text, allow_service=allow_service, limits=limits)
    for sentence in answer.hints:
        click.echo(f"kg: {sentence}", err=True)
    return answer


def _explain(text: str, data: tuple[str, ...], report: Report, limits: Limits) -> None:
    from kg.explain import explained

    for line in explained(text, _read(data, report), limits):
        click.echo(line)


def _read(data: tuple[str, ...], report: Report) -> ox.Store | Path:
    """What is asked: records and files are read, the folder of a store is left to the query."""
    from kg.dataset import askable, is_store

    if len(data) == 1 and is_store(data[0]):
        return askable(data, report)
    with progress_of(data) as progress:
        return askable(data, report, progress)


def _write(answer: Answer, name: str | None, output: str) -> None:
    """Writes an answer: as it is asked for, or as a table, which a terminal shows in its width."""
    from kg.write import writing

    if name is None and output == "-" and sys.stdout.isatty() and answer.terms:
        from kg.cli.table import show

        show(answer)
        return
    data = answer.written(name or "table")
    with writing(output) as file:
        file.write(data)


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
    from kg.questions import questions

    known = questions()
    width = max(len(each.name) for each in known)
    for each in known:
        names = ", ".join(parameter.name for parameter in each.parameters)
        click.echo(f"{each.name:{width}}  {each.summary}{f' ({names})' if names else ''}")
