"""``kg plan``."""

from __future__ import annotations

import click

from kg.cli.base import Choice, echo

STYLES = ("turtle", "ntriples")


@click.command()
@click.option("--source", is_flag=True, help="Print the operations that the plan is compiled to.")
@click.option(
    "-f",
    "--format",
    "name",
    type=Choice(STYLES, {"ttl": STYLES[0], "nt": STYLES[1]}),
    default=STYLES[0],
    help="Output format of the operations (default: turtle).",
)
def plan(source: bool, name: str) -> None:
    """Show the mapping plan: how each JSON path of a record is exported.

    The plan comes from the SHACL shapes of the ontology and is compiled once per run. Each line has a class, a JSON
    path within its object, the role of the value, and the property.
    """
    if source:
        from kg.export.exporter import Exporter

        echo(Exporter(grouped=name == STYLES[0]).emitter.programs.listing(), nl=False)
        return
    from kg.mapping.plan import shipped_plan

    for entity in shipped_plan().entities.values():
        for field in entity.fields:
            path = ".".join(field.keys) + ("[]" if field.many else "")
            echo(f"{entity.local:26} {path or '.':72} {field.role.value:10} {field.local}")
