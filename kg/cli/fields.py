"""``kg fields``."""

from __future__ import annotations

import click

from kg.cli.base import LOST, Choice, echo_styled, message

FORMATS = ("table", "csv", "json", "markdown")


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option(
    "-f",
    "--format",
    "name",
    type=Choice(FORMATS, {"md": "markdown", "txt": "table"}),
    default=FORMATS[0],
    help="Output format (default: table).",
)
@click.pass_context
def fields(context: click.Context, /, words: tuple[str, ...], name: str) -> None:
    """List the fields of a record and the properties that they are mapped to.

    For each field: its JSON path, property, class, value type and cardinality, the number of values in the test data,
    an example and a definition. With WORDs, only the fields are listed in which each of them occurs, in any case.
    """
    from kg.coverage.fields import field_rows, matching
    from kg.coverage.formats import FORMATS as FORMATTERS
    from kg.mapping.plan import shipped_plan

    rows = matching(field_rows(shipped_plan()), words)
    if not rows:
        message(f"No field matches {' '.join(words)}; kg fields lists all.")
        context.exit(LOST)
    echo_styled(FORMATTERS[name](rows))
