"""The adverse events of a study: numbers of each group, never pooled, since groups may overlap."""

from __future__ import annotations

from dataclasses import dataclass

from kg.serve.formats import decimal_of, percent_text
from kg.serve.links import Code
from kg.serve.nodes import Node
from kg.serve.pages.flow import IDENTIFIER, Group, by_group

PAGE = 250
"""Kinds of events on a page."""
SORTS = {"record": "Order of the record", "term": "Event", "system": "Organ system"}


@dataclass(frozen=True, slots=True)
class EventGroup(Group):
    """A group with the participants affected by any event, and those at risk; ``None`` where that is not reported."""

    deaths: int | None
    deaths_at_risk: int | None
    serious: int | None
    serious_at_risk: int | None
    other: int | None
    other_at_risk: int | None


@dataclass(frozen=True, slots=True)
class EventCount:
    """The numbers of a group for one kind of event."""

    affected: int | None
    at_risk: int | None
    events: int | None

    @property
    def percent(self) -> str:
        """The share of affected participants in percent, or an empty string."""
        return "" if self.affected is None else percent_text(self.affected, self.at_risk)


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """A kind of adverse event with its counts, one for each group, or ``None``."""

    iri: str
    is_serious: bool
    term: str
    system: str
    vocabulary: str
    assessment: Code
    notes: str
    counts: list[EventCount | None]


@dataclass(frozen=True, slots=True)
class AdverseEvents:
    """A page of the adverse events of a study."""

    groups: list[EventGroup]
    threshold: str
    time_frame: str
    description: str
    mortality: str
    events: list[AdverseEvent]
    serious: int
    """The number of kinds of serious events of the study."""
    other: int
    page: int
    pages: int
    sort: str
    """A key of :data:`SORTS`, or the identifier of the group that sorts by affected participants."""


def event_groups_of(study: Node) -> list[EventGroup]:
    """Return the groups of adverse events with their totals."""
    return [_group(node) for node in study.parts("eventGroup")]


def events_of(study: Node, sort: str = "record", page: int = 1) -> AdverseEvents:
    """Return a page of adverse events, serious ones first."""
    groups = event_groups_of(study)
    sort = sort if sort in SORTS or sort in {group.id for group in groups} else "record"
    serious, other = study.parts("seriousEvent"), study.parts("otherEvent")
    ordered = [(True, node) for node in serious] + [(False, node) for node in other]
    if sort != "record":
        ordered.sort(key=lambda item: (not item[0], *_key(item[1], sort, groups)))
    pages = max(-(-len(ordered) // PAGE), 1)
    page = min(max(page, 1), pages)
    shown = ordered[(page - 1) * PAGE : page * PAGE]
    return AdverseEvents(
        groups,
        study.text("adverseEventsFrequencyThreshold"),
        study.text("adverseEventsTimeFrame"),
        study.raw("adverseEventsDescription"),
        study.text("allCauseMortalityComment"),
        [event_of(node, groups, is_serious=is_serious) for is_serious, node in shown],
        len(serious),
        len(other),
        page,
        pages,
        sort,
    )


def _group(node: Node) -> EventGroup:
    names = ("deathsNum", "seriousNum", "otherNum")
    numbers = [node.number(name + end) for name in names for end in ("Affected", "AtRisk")]
    return EventGroup(
        node.iri, node.text(IDENTIFIER), node.label or node.text(IDENTIFIER), node.raw("description"), *numbers
    )


def _key(node: Node, sort: str, groups: list[EventGroup]) -> tuple[object, ...]:
    names = (node.label.casefold(), node.text("organSystem").casefold())
    if sort in ("term", "system"):
        return names if sort == "term" else names[::-1]
    counts = dict(zip((group.id for group in groups), _counts(node, groups), strict=True))
    count = counts[sort]
    share = decimal_of(count.percent) if count and count.percent else None
    return (-share if share is not None else 1, *names)


def event_of(node: Node, groups: list[EventGroup], *, is_serious: bool) -> AdverseEvent:
    """Return a kind of adverse event."""
    return AdverseEvent(
        node.iri,
        is_serious,
        node.label or "Event without a name",
        node.text("organSystem"),
        node.text("sourceVocabulary"),
        Code.of(node, "assessmentType"),
        node.text("notes"),
        _counts(node, groups),
    )


def _counts(node: Node, groups: list[EventGroup]) -> list[EventCount | None]:
    cells = by_group(node.parts("eventStat"), groups)
    return [_count(cell[0]) if cell else None for cell in cells]


def _count(node: Node) -> EventCount:
    return EventCount(*(node.number(name) for name in ("numAffected", "numAtRisk", "numEvents")))
