"""The options that select studies of the registry and say how to reach it, of ``kg fetch`` and ``kg sync``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kg.registry.selection import Selection

F = TypeVar("F", bound=Callable[..., Any])

PARTS = (
    "condition",
    "intervention",
    "term",
    "sponsor",
    "location",
    "status",
    "phase",
    "ids",
    "filter",
    "updated_since",
    "everything",
)
"""The options that are parts of a selection."""
_OPTIONS = (
    click.option("--condition", metavar="TEXT", help="Condition or disease, such as ALS."),
    click.option("--intervention", metavar="TEXT", help="Intervention or treatment."),
    click.option("--term", metavar="TEXT", help="Other terms, anywhere in a study."),
    click.option("--sponsor", metavar="TEXT", help="Sponsor or collaborator."),
    click.option("--location", metavar="TEXT", help="Country, city, state or facility."),
    click.option("--status", metavar="STATUS", multiple=True, help="Overall status, such as RECRUITING (repeatable)."),
    click.option("--phase", metavar="PHASE", multiple=True, help="Phase, such as PHASE2 (repeatable)."),
    click.option("--id", "ids", metavar="NCT", multiple=True, help="NCT number of a study (repeatable)."),
    click.option("--filter", metavar="EXPR", help="Expression of the registry, such as 'AREA[StartDate]2022'."),
    click.option("--updated-since", metavar="DATE", help="Only studies whose last update was posted since this day."),
    click.option("--all", "everything", is_flag=True, help="The whole registry."),
    click.option("--api", metavar="URL", help="URL of the API (default: https://clinicaltrials.gov/api/v2)."),
    click.option("--rate", type=click.FloatRange(0), metavar="N", help="Requests a second (default: 1; 0: no limit)."),
    click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="Limit per request (default: 300).",
    ),
)


def selection_options(command: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def selection_of(options: Mapping[str, Any]) -> Selection:
    """Return the selection that options describe."""
    from kg.registry.selection import Selection

    return Selection.of(**{name: options[name] for name in PARTS})


def connection_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say how to reach the API, as far as they are given."""
    return {name: options[name] for name in ("api", "rate", "timeout") if options[name] is not None}
