"""``kg query``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from kg.cli.base import LOST, Choice, echo, message, print_problems, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyoxigraph as ox

    from kg.export.report import Report
    from kg.query.results import Answer
    from kg.query.sandbox import Limits

FORMATS = ("table", "csv", "tsv", "json", "xml", "parquet", "turtle", "ntriples")
"""The formats of :mod:`kg.query.result_formats`, which is imported only when a query runs."""
EXTENSIONS = {"txt": "table", "srj": "json", "srx": "xml", "ttl": "turtle", "nt": "ntriples"}
"""The extensions of formats that are not their names."""

SMALLEST = 50_000_000
"""Bytes that the engine needs for any query."""
_SIZE = re.compile(r"([0-9]*\.?[0-9]+) ?([MGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"M": 1e6, "G": 1e9, "": 1e9, "T": 1e12}


class Size(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.4
    """A number of bytes with a unit: M, G (the default) or T, in decimal.

    >>> [Size().convert(text, None, None) for text in ("100M", "1.5", "2 GB")]
    [100000000, 1500000000, 2000000000]
    """

    name = "size"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> int:
        """Return the number of bytes; raise :class:`click.BadParameter` for anything else."""
        match = _SIZE.fullmatch(value.strip())
        size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
        if size < SMALLEST:
            self.fail(f"{value} is not a size of at least 50M, such as 500M or 2G.", param, context)
        return size


@click.command()
@click.argument("query", metavar="[NAME|FILE|TEXT]", required=False)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option("--data", "-d", multiple=True, metavar="INPUT", help="The same as an INPUT argument; can be repeated.")
@click.option(
    "--endpoint",
    metavar="URL",
    help="Query a SPARQL endpoint; the credentials are KG_USER and KG_PASSWORD, or those in netrc.",
)
@click.option("--digest", is_flag=True, help="Use digest authentication, which Virtuoso requires.")
@click.option(
    "--timeout",
    type=click.IntRange(1),
    metavar="N",
    help="Seconds after which the query is stopped; by default 300, and 60 for an endpoint.",
)
@click.option(
    "--memory",
    type=Size(),
    metavar="SIZE",
    help="Memory that the query may use, such as 100M or 2G (a number alone is in GB); by default half of the memory of"
    " the machine.",
)
@click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="A parameter; repeat it for several values.")
@click.option(
    "-f",
    "--format",
    "name",
    type=Choice(FORMATS, EXTENSIONS),
    help="The format of the answer; by default the one of the extension of OUT, and a table on standard output.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    help="The output file, such as phase2.csv or phase2.tsv.gz; - is standard output.",
)
@click.option("--list", "listed", is_flag=True, help="List the queries of the library.")
@click.option("--show", is_flag=True, help="Print the query with its parameters filled in.")
@click.option(
    "--explain", is_flag=True, help="Count the matches of each term and each pattern of the query in the data."
)
@click.option(
    "--strict",
    is_flag=True,
    help="Write nothing if the answer is incomplete: cut by the endpoint, or without some records.",
)
@click.option("--allow-service", is_flag=True, help="Allow the query to call other servers (SERVICE).")
@click.pass_context
def query(
    context: click.Context,
    /,
    query: str | None,
    inputs: tuple[str, ...],
    data: tuple[str, ...],
    endpoint: str | None,
    digest: bool,
    timeout: int | None,
    memory: int | None,
    param: tuple[str, ...],
    name: str | None,
    output: str,
    listed: bool,
    show: bool,
    explain: bool,
    strict: bool,
    allow_service: bool,
) -> None:
    """Run a SPARQL query.

    The query is a name in the library (see --list), a file, a text, or - for standard input. INPUT is stores, RDF files
    and study records; the query runs over the union of all their graphs. Values of parameters are converted to terms:
    D000690, mesh:D000690 or a complete IRI.
    """
    from kg.errors import OutputError, UsageError
    from kg.query.engine import query_text, with_prefixes

    if listed:
        _list()
        return
    if query is None:
        raise UsageError("No query is given; name one of kg query --list or a file, or give its text.")
    text = query_text(_standard_input() if query == "-" else query, _params(param))
    if show:
        echo(with_prefixes(text).replace("\r\n", "\n"))
        return
    data = (*inputs, *data)
    if endpoint is not None and data:
        raise UsageError(f"An endpoint has its own data; leave out {data[0]} or --endpoint.")
    limits = _limits(timeout, memory)
    source = _Source(data)
    if explain:
        _explain(with_prefixes(text), source, limits)
    else:
        format_ = _format(name, output, text, [*data, query])
        if endpoint is not None:
            answer = _query_endpoint(endpoint, with_prefixes(text), timeout or 60, digest)
        else:
            answer = _query_data(text, source, limits, allow_service)
        if strict and (answer.warnings or not source.is_complete):
            source.report_problems()
            raise OutputError("The answer is incomplete, so it is not written (--strict).")
        _write(answer, format_, output)
    context.exit(source.report_problems())


class _Source:
    """The data of a query, and the report of records and files that could not be read."""

    def __init__(self, data: tuple[str, ...]) -> None:
        self._data = data
        self._report: Report | None = None

    def load(self) -> ox.Store | Path:
        """Load files into a store; the folder of a single store is returned unchanged."""
        from kg.store.dataset import classify_inputs, load_dataset

        if store := classify_inputs(self._data).single_store:
            return store
        from kg.export.report import Report

        self._report = Report()
        with progress_of(self._data) as progress:
            return load_dataset(self._data, self._report, progress)

    @property
    def is_complete(self) -> bool:
        """Whether no record was lost."""
        return self._report is None or self._report.lossless

    def report_problems(self) -> int:
        """Print the problems of the records and return the exit status."""
        if self._report is None:
            return 0
        print_problems(self._report)
        return 0 if self.is_complete else LOST


def _format(name: str | None, output: str, text: str, inputs: Iterable[str]) -> str:
    """Return the format of the answer; check the output before the query runs."""
    from kg.query.lexer import form
    from kg.query.result_formats import check_fits, result_format
    from kg.rdf.atomic import check_outputs

    format_ = result_format(output, name)
    if form_ := form(text):
        check_fits(format_, form_)
    check_outputs(inputs, [output])
    return format_


def _query_endpoint(url: str, text: str, timeout: int, digest: bool) -> Answer:
    from kg.http.credentials import credentials
    from kg.query.endpoint import query_endpoint

    answer = query_endpoint(url, text, timeout=timeout, credentials=credentials(url), digest=digest)
    for warning in answer.warnings:
        message(warning)
    return answer


def _standard_input() -> str:
    from kg.query.lexer import decode_query

    return decode_query(sys.stdin.buffer.read(), "The query on standard input")


def _limits(timeout: int | None, memory: int | None) -> Limits:
    from kg.query.sandbox import SECONDS, Limits, half_of_memory

    return Limits(timeout or SECONDS, memory or half_of_memory())


def _query_data(text: str, source: _Source, limits: Limits, allow_service: bool) -> Answer:
    """Run a query over data and print the hints on an empty answer."""
    from kg.query.engine import evaluate_with_hints

    answer = evaluate_with_hints(source.load(), text, allow_service=allow_service, limits=limits)
    for hint in answer.hints:
        message(hint)
    return answer


def _explain(text: str, source: _Source, limits: Limits) -> None:
    from kg.query.explain import explain

    for line in explain(text, source.load(), limits):
        echo(line)


def _write(answer: Answer, name: str, output: str) -> None:
    """Write an answer to a file or a pipe, or display it on a terminal."""
    from kg.rdf.atomic import writing

    if output == "-" and sys.stdout.isatty():
        _display(answer, name)
        return
    data = answer.serialize(name)
    with writing(output) as file:
        file.write(data)


def _display(answer: Answer, name: str) -> None:
    """Display an answer on a terminal: tables in its width, control characters escaped."""
    from kg.cli.table import show
    from kg.errors import UsageError

    if name == "parquet":
        raise UsageError("Parquet is not text; name an output file with -o.")
    if name == "table" and answer.form == "SELECT" and answer:
        show(answer)
    else:
        echo(answer.serialize(name).decode().replace("\r\n", "\n"), nl=False)


def _params(options: tuple[str, ...]) -> dict[str, list[str]]:
    from kg.errors import UsageError

    params: dict[str, list[str]] = {}
    for option in options:
        name, sign, value = option.partition("=")
        if not sign or not name:
            raise UsageError(f"--param {option} is not of the form NAME=VALUE.")
        params.setdefault(name, []).append(value)
    return params


def _list() -> None:
    from kg.query.library import library_queries

    queries = library_queries()
    width = max(len(query.name) for query in queries)
    for query in queries:
        names = ", ".join(parameter.name for parameter in query.parameters)
        echo(f"{query.name:{width}}  {query.summary}{f' ({names})' if names else ''}")
