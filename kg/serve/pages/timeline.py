"""The dates of a study on a line of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kg.serve.formats import date_text, day_of
from kg.serve.nodes import Node

DATES = (
    ("Start", "startDate", "startDateType"),
    ("Primary completion", "primaryCompletionDate", "primaryCompletionDateType"),
    ("Completion", "completionDate", "completionDateType"),
    ("First posted", "studyFirstPostDate", ""),
    ("Results posted", "resultsFirstPostDate", ""),
    ("Last update", "lastUpdatePostDate", ""),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date of a study; ``is_estimated`` is true for one that had not come when the record was written."""

    name: str
    value: str
    """The date as in the record."""
    text: str
    is_estimated: bool
    day: date | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The dates of a study in the order of :data:`DATES`, without missing ones."""

    moments: list[Moment]

    def get(self, name: str) -> Moment | None:
        """Return the date with a name."""
        return next((moment for moment in self.moments if moment.name == name), None)


def timeline_of(study: Node) -> Timeline:
    """Return the dates of a study."""
    return Timeline([_moment(study, *row) for row in DATES if study.raw(row[1])])


def _moment(study: Node, name: str, date_name: str, type_name: str) -> Moment:
    value = study.raw(date_name)
    estimated = bool(type_name) and study.code(type_name) == "ESTIMATED"
    return Moment(name, value, date_text(value), estimated, day_of(value))
