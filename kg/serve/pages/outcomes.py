"""The planned outcomes of a study: a list, and a grid of measures by time frames where measures are repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kg.serve.nodes import Node

RANKS = {"primary": "primaryOutcome", "secondary": "secondaryOutcome", "other": "otherOutcome"}
MAX_COLUMNS = 48
MAX_TIME_FRAME = 32
"""Characters of a time frame that can be the head of a column."""
_DAYS = {
    "min": 1 / 1440,
    "hour": 1 / 24,
    "hr": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "wk": 7.0,
    "month": 30.44,
    "year": 365.25,
}
_TIME = re.compile(
    r"(?:(?P<a>min|hour|hr|day|week|wk|month|year)\w*\.?\s*(?P<x>-?\d+(?:\.\d+)?))|"
    r"(?:(?P<y>-?\d+(?:\.\d+)?)[\s-]*(?P<b>min|hour|hr|day|week|wk|month|year))"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A planned outcome."""

    iri: str
    rank: str
    """``primary``, ``secondary`` or ``other``."""
    measure: str
    time_frame: str
    description: str


@dataclass(frozen=True, slots=True)
class Row:
    """A measure in the grid, with the outcomes of each column."""

    rank: str
    measure: str
    cells: list[list[Outcome]]
    others: list[Outcome]
    """Outcomes whose time frame is no column."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The planned outcomes of a study, in the order of the record."""

    all: list[Outcome]
    columns: list[str] = field(default_factory=list)
    """The time frames of the grid in the order of time, or nothing if there is no grid."""
    rows: list[Row] = field(default_factory=list)

    def of(self, rank: str) -> list[Outcome]:
        """Return the outcomes of a rank."""
        return [outcome for outcome in self.all if outcome.rank == rank]


def outcomes_of(study: Node) -> Outcomes:
    """Return the planned outcomes of a study."""
    outcomes = [_outcome(node, rank) for rank, name in RANKS.items() for node in study.parts(name)]
    measures: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        measures.setdefault((outcome.rank, _folded(outcome.measure)), []).append(outcome)
    if all(len(group) < 2 for group in measures.values()):
        return Outcomes(outcomes)
    columns = _columns(outcomes)
    if not 2 <= len(columns) <= MAX_COLUMNS:
        return Outcomes(outcomes)
    rows = [_row(group, list(columns)) for group in measures.values()]
    return Outcomes(outcomes, list(columns.values()), rows)


def _outcome(node: Node, rank: str) -> Outcome:
    return Outcome(
        node.iri, rank, node.label or "Outcome without a name", node.text("timeFrame"), node.raw("description")
    )


def _columns(outcomes: list[Outcome]) -> dict[str, str]:
    """Return the time frames that can be columns in the order of time: their keys and their texts."""
    texts: dict[str, str] = {}
    for outcome in outcomes:
        if time_order(outcome.time_frame) is not None:
            texts.setdefault(_folded(outcome.time_frame), outcome.time_frame)
    return dict(sorted(texts.items(), key=lambda item: (time_order(item[1]) or (0.0, 0.0), item[0])))


def _row(outcomes: list[Outcome], keys: list[str]) -> Row:
    by_key: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_key.setdefault(_folded(outcome.time_frame), []).append(outcome)
    others = [outcome for key, group in by_key.items() if key not in keys for outcome in group]
    return Row(outcomes[0].rank, outcomes[0].measure, [by_key.get(key, []) for key in keys], others)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def time_order(time_frame: str) -> tuple[float, float] | None:
    """Return a key to sort time frames, or ``None`` for one that is no short time.

    The key is the last day and the negative first day, so that a day comes before the time until then.

    >>> time_order("Day 8"), time_order("Baseline"), time_order("week 12"), time_order("until progression")
    ((8.0, -8.0), (0.0, 0.0), (84.0, -84.0), None)
    >>> time_order("Baseline to week 25")
    (175.0, 0.0)
    """
    text = time_frame.casefold()
    if len(time_frame) > MAX_TIME_FRAME:
        return None
    days = [float(m["x"] or m["y"]) * _DAYS[m["a"] or m["b"]] for m in _TIME.finditer(text)]
    if "baseline" in text or "screening" in text:
        days = [0.0, *(day for day in days if day > 0 and " to " in text and "(" not in text)]
    return (max(days), 0.0 - min(days)) if days else None
