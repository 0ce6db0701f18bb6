"""The command ``kg``: one module for each command or group of commands."""

from __future__ import annotations

import click

from kg import __version__
from kg.cli.base import Command
from kg.cli.coverage import coverage
from kg.cli.draw import draw
from kg.cli.export import export
from kg.cli.fields import fields
from kg.cli.load import load
from kg.cli.mesh import mesh
from kg.cli.network import network
from kg.cli.plan import plan
from kg.cli.query import query
from kg.cli.restore import restore
from kg.cli.store import store
from kg.cli.validate import validate


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kg")
def main() -> None:
    """ClinicalTrials.gov study records as linked data."""


for command in (export, restore, coverage, fields, plan, validate, store, load, query, mesh, network, draw):
    main.add_command(command)
