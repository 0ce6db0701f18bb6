"""``kg parquet-views``."""

from __future__ import annotations

import click

from kg.cli.base import message


@click.command("parquet-views")
@click.argument("data", metavar="DATA")
@click.option("-o", "--output", metavar="OUT.sql", help="Output file; standard output without it.")
@click.option("--tables", is_flag=True, help="Write CREATE TABLE: stored rows in DuckDB, lazy frames in Polars.")
@click.option("--base", metavar="IRI", help="The --base of the export.")
def parquet_views(data: str, output: str | None, tables: bool, base: str | None) -> None:
    """Write SQL views over a Parquet file: studies, arms, sites, results and others.

    DATA is a Parquet file that kg export has written, or a folder of them. The SQL is for DuckDB, and with --tables
    also for Polars.
    """
    from kg.ontology.vocabulary import BASE
    from kg.rdf.atomic import check_outputs, writing
    from kg.rdf.parquet_views import view_statements

    check_outputs([data], [output])
    statements = [*view_statements(data, tables=tables, base=base or BASE)]
    with writing(output or "-") as file:
        file.write("\n\n".join([*statements, ""]).encode())
    if output:
        message(f"{output} has {len(statements)} {'tables' if tables else 'views'}.")
