"""Measures with results: baseline characteristics and outcome measures, as tables of rows by groups."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg.serve.formats import date_text, percent_text
from kg.serve.links import Code
from kg.serve.nodes import Node
from kg.serve.pages.analyses import Analysis, analyses_of
from kg.serve.pages.flow import Group, by_group, groups_of

PARTICIPANTS = "Participants"
COUNTS = ("COUNT_OF_PARTICIPANTS", "COUNT_OF_UNITS")


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a group; numbers are texts as in the graph."""

    value: str
    spread: str
    lower: str
    upper: str
    comment: str
    percent: str = ""
    """The value in percent of the denominator, for counts."""


@dataclass(frozen=True, slots=True)
class Denominator:
    """The numbers analyzed, one for each group, in one unit."""

    units: str
    counts: list[str]


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A category of a class of a measure, with a list of values for each group."""

    class_title: str
    category: str
    cells: list[list[Value]]
    denominators: list[Denominator] = field(default_factory=list)
    """Those of the class, on its first row."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its results."""

    iri: str
    title: str
    description: str
    population: str
    rank: Code
    """Whether the outcome is primary, secondary or other; false for baseline characteristics."""
    status: Code
    time_frame: str
    posting: str
    """When results will be posted, if they are not."""
    parameter: Code
    dispersion: Code
    unit: str
    units_analyzed: str
    groups: list[Group]
    denominators: list[Denominator]
    rows: list[MeasureRow]
    analyses: list[Analysis]
    planned: str
    """The IRI of the planned outcome that is reported, or an empty string."""

    @property
    def what(self) -> str:
        """What the values are, such as ``Mean (standard deviation), mg/dL``."""
        spread = self.dispersion.label.lower()
        head = f"{self.parameter.label} ({spread})" if spread else self.parameter.label
        return ", ".join(part for part in (head, self.unit) if part)

    @property
    def is_posted(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline characteristics of a study."""

    groups: list[Group]
    denominators: list[Denominator]
    population: str
    units: str
    measures: list[Measure]


def baseline_of(study: Node) -> Baseline:
    """Return the baseline characteristics of a study."""
    groups = groups_of(study, "baselineGroup")
    denominators = _denominators(study.parts("baselineDenominator"), groups)
    measures = [measure_of(node, groups, denominators) for node in study.parts("baselineMeasure")]
    population, units = study.raw("baselinePopulationDescription"), study.text("baselineUnitsAnalyzed")
    return Baseline(groups, denominators, population, units, measures)


def outcome_measures_of(study: Node, limit: int | None = None) -> tuple[list[Measure], list[Node]]:
    """Return the outcome measures of a study, the primary ones first, and the nodes of those beyond a limit."""
    order = ("PRIMARY", "SECONDARY", "OTHER_PRE_SPECIFIED", "POST_HOC")
    rank = {value: i for i, value in enumerate(order)}
    nodes = study.parts("outcomeMeasure")
    nodes.sort(key=lambda node: rank.get(node.code("outcomeMeasureType"), len(rank)))
    return [measure_of(node) for node in nodes[:limit]], nodes[len(nodes[:limit]) :]


def measure_of(node: Node, groups: list[Group] | None = None, inherited: list[Denominator] | None = None) -> Measure:
    """Return a measure; baseline characteristics share the groups and denominators of their section."""
    own_groups = groups_of(node, "outcomeGroup") if groups is None else groups
    denominators = _denominators(node.parts("denominator"), own_groups)
    parameter = Code.of(node, "paramType")
    unit = node.text("denominatorUnit") or PARTICIPANTS
    usable = denominators or inherited or []
    rows = [
        row
        for part in node.parts("class")
        for row in _rows(part, own_groups, usable, unit if parameter.value in COUNTS else "")
    ]
    return Measure(
        node.iri,
        node.label,
        node.raw("description"),
        node.raw("populationDescription"),
        Code.of(node, "outcomeMeasureType"),
        Code.of(node, "reportingStatus"),
        node.text("timeFrame"),
        date_text(node.raw("anticipatedPostingDate")),
        parameter,
        Code.of(node, "dispersionType"),
        node.text("unitOfMeasure"),
        node.text("unitsAnalyzed"),
        own_groups,
        denominators,
        rows,
        analyses_of(node, own_groups),
        node.raw("reports"),
    )


def _denominators(nodes: list[Node], groups: list[Group]) -> list[Denominator]:
    rows = ((node.text("units"), by_group(node.parts("count"), groups)) for node in nodes)
    return [Denominator(units, [cell[0].text("value") if cell else "" for cell in cells]) for units, cells in rows]


def _rows(node: Node, groups: list[Group], inherited: list[Denominator], unit: str) -> list[MeasureRow]:
    """Return the rows of a class; with a unit, values are counts and get their percentages of the denominator."""
    own = _denominators(node.parts("denominator"), groups)
    counts = next((item.counts for item in own or inherited if item.units == unit), [""] * len(groups))
    rows = []
    for i, category in enumerate(node.parts("category")):
        cells = by_group(category.parts("measurement"), groups)
        values = [[_value(part, total) for part in cell] for cell, total in zip(cells, counts, strict=True)]
        rows.append(MeasureRow(node.label, category.label, values, own if i == 0 else []))
    return rows or [MeasureRow(node.label, "", [[] for _ in groups], own)]


def _value(node: Node, total: str) -> Value:
    value, *range_ = (node.text(name) for name in ("value", "spread", "lowerLimit", "upperLimit"))
    spread, lower, upper = range_
    return Value(value, spread, lower, upper, node.text("comment"), percent_text(value, total) if total else "")
