"""``kg query``."""

from __future__ import annotations

import sys

import click

from kg.cli.base import LOST, progress_of, tell_problems

FORMATS = ("table", "csv", "tsv", "json", "xml", "turtle", "ntriples")


@click.command()
@click.argument("asked", metavar="[NAME|FILE|TEXT]", required=False)
@click.option("--data", "-d", multiple=True, metavar="DATA", help="A store, RDF files or study records; any number.")
@click.option(
    "--endpoint", metavar="URL", help="Ask a SPARQL endpoint; KG_USER and KG_PASSWORD, or netrc, say who asks."
)
@click.option("--digest", is_flag=True, help="The endpoint wants digest authentication, as Virtuoso does.")
@click.option(
    "--timeout", type=click.IntRange(1), default=60, metavar="N", help="Seconds for an endpoint; by default 60."
)
@click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="A parameter; given again, another value.")
@click.option("-f", "--format", "name", type=click.Choice(FORMATS), default="table", help="How the answer is written.")
@click.option("-o", "--output", default="-", metavar="OUT", help="The file to write; - is standard output.")
@click.option("--list", "listed", is_flag=True, help="Show the questions of the library.")
@click.option("--show", is_flag=True, help="Show the text of the query, with its parameters filled in.")
@click.option("--allow-service", is_flag=True, help="Let the query ask other servers (SERVICE).")
@click.pass_context
def query(
    context: click.Context,
    /,
    asked: str | None,
    data: tuple[str, ...],
    endpoint: str | None,
    digest: bool,
    timeout: int,
    param: tuple[str, ...],
    name: str,
    output: str,
    listed: bool,
    show: bool,
    allow_service: bool,
) -> None:
    """Ask a question in SPARQL.

    The question is the name of one of the library (--list shows them), a file, a text, or - for standard input. It is
    asked of all graphs of DATA as one. Values of parameters are made into terms: D000690, mesh:D000690 or a whole IRI.
    """
    from kg.ask import ask, prepared
    from kg.ask import endpoint as ask_endpoint
    from kg.errors import UsageError
    from kg.report import Report
    from kg.write import writing

    if listed:
        _list()
        return
    if asked is None:
        raise UsageError("No question is asked; name one of kg query --list, a file, or give the text.")
    text = prepared(sys.stdin.read() if asked == "-" else asked, _params(param))
    report = Report()
    if show:
        click.echo(text)
        return
    if endpoint is not None:
        from kg.credentials import credentials

        answer = ask_endpoint(endpoint, text, timeout=timeout, credentials=credentials(endpoint), digest=digest)
    else:
        from kg.hints import missing
        from kg.store import any_data

        with progress_of(data) as progress, any_data(data, report, progress) as store:
            answer = ask(store, text, allow_service=allow_service)
            if answer.is_empty:
                for sentence in missing(text, store):
                    click.echo(f"kg: {sentence}", err=True)
    with writing(output) as file:
        file.write(answer.written(name))
    tell_problems(report)
    context.exit(0 if report.lossless else LOST)


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
