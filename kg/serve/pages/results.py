"""The results of a study: all of them, and those that its overview shows."""

from __future__ import annotations

from dataclasses import dataclass

from kg.serve.links import Link
from kg.serve.nodes import Node
from kg.serve.pages.events import EventGroup, event_groups_of
from kg.serve.pages.flow import Flow, flow_of
from kg.serve.pages.measures import Baseline, Measure, baseline_of, outcome_measures_of
from kg.serve.pages.study import Head, head_of, values_text

MAX_MEASURES = 30
"""Outcome measures whose tables are on a page at first; others are links to the tables."""
MAX_PRIMARY = 3
MORE = (
    ("Limitations and caveats", "limitationsAndCaveats"),
    ("Investigators are employees of the sponsor", "piSponsorEmployee"),
    ("Agreement restricts publication", "restrictiveAgreement"),
    ("Restriction", "agreementRestrictionType"),
    ("Agreement", "agreementDetails"),
)


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a study without its adverse events."""

    head: Head
    flow: Flow
    baseline: Baseline
    measures: list[Measure]
    further: list[Link]
    """Outcome measures whose tables are not on the page."""
    more: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Glance:
    """The results on the overview of a study."""

    flow: Flow
    primary: list[Measure]
    further: int
    """The number of primary outcome measures that are not shown."""
    event_groups: list[EventGroup]


def results_of(study: Node, *, is_complete: bool = False) -> Results:
    """Return the results of a study, with the tables of all outcome measures or of the first ones."""
    measures, further = outcome_measures_of(study, None if is_complete else MAX_MEASURES)
    facts = ((title, values_text(study, name)) for title, name in MORE)
    return Results(
        head_of(study),
        flow_of(study),
        baseline_of(study),
        measures,
        [Link.to(node) for node in further],
        [(title, text) for title, text in facts if text],
    )


def glance_of(study: Node) -> Glance:
    """Return the results for the overview of a study."""
    nodes = [node for node in study.parts("outcomeMeasure") if node.code("outcomeMeasureType") == "PRIMARY"]
    measures, _ = outcome_measures_of(study, min(len(nodes), MAX_PRIMARY))
    return Glance(flow_of(study), measures, len(nodes) - len(measures), event_groups_of(study))
