"""The participant flow of a study: how many of each group started, completed and left each period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kg.ontology.vocabulary import DCTERMS
from kg.serve.nodes import Node

IDENTIFIER = DCTERMS + "identifier"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of results: participants whose numbers are reported together."""

    iri: str
    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Count:
    """The number of a group who reached a milestone, or left for a reason; texts as in the record."""

    participants: str
    units: str
    comment: str


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A milestone or a reason with its counts, one list for each group."""

    text: str
    comment: str
    cells: list[list[Count]]


@dataclass(frozen=True, slots=True)
class Period:
    """A stage of a study."""

    title: str
    milestones: list[FlowRow]
    reasons: list[FlowRow]


@dataclass(frozen=True, slots=True)
class Flow:
    """The participant flow of a study."""

    groups: list[Group]
    periods: list[Period]
    recruitment: str
    pre_assignment: str
    units: str
    """The units that were assigned, if not participants."""


def flow_of(study: Node) -> Flow:
    """Return the participant flow of a study."""
    groups = groups_of(study, "flowGroup")
    return Flow(
        groups,
        [_period(node, groups) for node in study.parts("flowPeriod")],
        study.raw("recruitmentDetails"),
        study.raw("preAssignmentDetails"),
        study.text("flowUnitsAnalyzed"),
    )


def groups_of(node: Node, name: str) -> list[Group]:
    """Return the groups of a list of results."""
    return [
        Group(group.iri, group.text(IDENTIFIER), group.label or group.text(IDENTIFIER), group.raw("description"))
        for group in node.parts(name)
    ]


def by_group(nodes: list[Node], groups: Sequence[Group]) -> list[list[Node]]:
    """Return the parts of each group in the order of the groups; those of no group of the list are left out."""
    cells: dict[str, list[Node]] = {group.iri: [] for group in groups}
    for node in nodes:
        if (group := node.raw("group")) in cells:
            cells[group].append(node)
    return list(cells.values())


def _period(node: Node, groups: list[Group]) -> Period:
    milestones = [_row(part, "achievement", groups) for part in node.parts("milestone")]
    reasons = [_row(part, "reason", groups) for part in node.parts("dropWithdraw")]
    return Period(node.label, milestones, reasons)


def _row(node: Node, name: str, groups: list[Group]) -> FlowRow:
    cells = [[_count(count) for count in cell] for cell in by_group(node.parts(name), groups)]
    return FlowRow(node.label, node.text("comment"), cells)


def _count(node: Node) -> Count:
    return Count(node.text("numSubjects"), node.text("numUnits"), node.text("comment"))
