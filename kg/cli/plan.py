"""``kg plan``."""

from __future__ import annotations

import click

STYLES = ("turtle", "ntriples")


@click.command()
@click.option("--source", is_flag=True, help="Print the operations that the plan is compiled to.")
@click.option("-f", "--format", "name", type=click.Choice(STYLES), default=STYLES[0], help="The format it writes.")
def plan(source: bool, name: str) -> None:
    """Show the plan of the export: what becomes of each path of a record.

    The plan is read from the shapes of the ontology, and compiled to operations once in a run. Each line shows a
    class, a path of the JSON from its object on, what is done with the value, and the property that it goes to.
    """
    if source:
        from kg.export.exporter import Exporter

        click.echo(Exporter(grouped=name == STYLES[0]).emitter.programs.listing(), nl=False)
        return
    from kg.mapping.plan import shipped_plan

    for entity in shipped_plan().entities.values():
        for known in entity.fields:
            path = ".".join(known.keys) + ("[]" if known.many else "")
            click.echo(f"{entity.local:26} {path or '.':72} {known.role.value:10} {known.local}")
