"""``kg fields``."""

from __future__ import annotations

import click

TABLES = ("table", "csv", "json", "markdown")


@click.command()
@click.option("--format", "name", type=click.Choice(TABLES), default="table", help="By default a table for people.")
def fields(name: str) -> None:
    """Show the fields of a record, and the properties that they go to.

    For each field: where it lies in the JSON of a record, its property, class, value and cardinality, how often
    it occurs in the sample of records that ships with the tests, an example and a definition.
    """
    from kg.coverage.fields import FORMATS as WRITERS
    from kg.coverage.fields import rows
    from kg.mapping.plan import shipped_plan

    click.echo(WRITERS[name](rows(shipped_plan())), nl=False)
