"""The command ``kg``: one module for each command or group of commands, which is loaded when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from kg._version import __version__
from kg.cli.base import Command

COMMANDS = (
    "coverage", "draw", "export", "fields", "load", "mesh", "network", "plan", "query", "restore", "store", "validate",
)  # fmt: skip


class _Commands(Command):
    """The commands by their names."""

    def list_commands(self, _: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for each in [name] if name in COMMANDS else COMMANDS:  # one that is none is held against all
            self.add_command(getattr(import_module(f"kg.cli.{each}"), each))
        return super().get_command(context, name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kg")
def main() -> None:
    """ClinicalTrials.gov study records as linked data."""
