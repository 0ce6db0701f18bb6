"""The command ``kg``, with one module per command or group, imported on demand."""

from __future__ import annotations

from importlib import import_module

import click

from kg._version import __version__
from kg.cli.base import Command

COMMANDS = (
    "coverage", "draw", "export", "fetch", "fields", "load", "mesh", "network", "ontology", "parquet-views", "plan",
    "query", "restore", "serve", "store", "sync", "validate",
)  # fmt: skip


class _Commands(Command):
    """Loads commands by name."""

    def list_commands(self, _: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for command in [name] if name in COMMANDS else COMMANDS:  # an unknown name is compared with all of them
            module = command.replace("-", "_")
            self.add_command(getattr(import_module(f"kg.cli.{module}"), module))
        return super().get_command(context, name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kg")
def main() -> None:
    """Export ClinicalTrials.gov study records as linked data, and query, validate and draw them."""
