"""``kg fields``."""

from __future__ import annotations

import click

FORMATS = ("table", "csv", "json", "markdown")


@click.command()
@click.option(
    "--format", "name", type=click.Choice(FORMATS), default=FORMATS[0], help="Output format (default: table)."
)
def fields(name: str) -> None:
    """List the fields of a record and the properties that they are mapped to.

    For each field: its JSON path, property, class, value type and cardinality, the number of values in the test data,
    an example and a definition.
    """
    from kg.coverage.fields import field_rows
    from kg.coverage.formats import FORMATS as FORMATTERS
    from kg.mapping.plan import shipped_plan

    click.echo(FORMATTERS[name](field_rows(shipped_plan())), nl=False)
