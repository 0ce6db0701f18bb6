"""The facts of a record that a run goes by: its NCT number, how new it is, and the registry data it was drawn from."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kg.errors import ABSENT, RecordError
from kg.export.record_version import version
from kg.mapping.json_tree import at
from kg.mapping.plan import Field, Plan
from kg.ontology.vocabulary import CT

_TERMS = "http://purl.org/dc/terms/"


class Facts(NamedTuple):
    """The facts of one record."""

    study: str
    version: int
    """How new it is: a greater number wins over a lesser one of the same study."""
    holder: str
    """The day of the registry data that it was drawn from, or nothing."""


class FactReader:
    """Reads the facts of records where a plan says that they are.

    >>> from kg.mapping.plan import shipped_plan
    >>> from kg.export.record_version import as_date, holder_day
    >>> read = FactReader(shipped_plan())
    >>> as_date(holder_day(read.version({"derivedSection": {"miscInfoModule": {"versionHolder": "2025-12-24"}}})))
    '2025-12-24'
    """

    def __init__(self, plan: Plan) -> None:
        def known(entity: str, path: str) -> Field:
            return next(each for each in plan.entities[CT + entity].fields if each.shape.path == path)

        identifier = known("Study", _TERMS + "identifier")
        self.paths = (
            identifier.keys,
            known("Record", _TERMS + "modified").keys,
            known("Study", CT + "lastUpdateSubmitDate").keys,
            known("Record", CT + "versionHolder").keys,
        )
        """Where they are: the NCT number, the last update as posted and as submitted, the day of the registry data."""
        self._number = re.compile(identifier.shape.pattern or "", re.ASCII)

    def __call__(self, record: dict[str, Any]) -> Facts:
        """The facts of a record; without a number :class:`~kg.errors.RecordError`."""
        return self.of(*(at(record, path) for path in self.paths))

    def of(self, number: object, modified: object, submitted: object, holder: object) -> Facts:
        """The facts from the values at the paths."""
        newness = version(_short(modified), _short(submitted), _short(holder))
        return Facts(self._checked(number), newness, holder if isinstance(holder, str) else "")

    def number(self, record: dict[str, Any]) -> str:
        """The NCT number of a record; raises :class:`~kg.errors.RecordError` where it has none."""
        return self._checked(at(record, self.paths[0]))

    def version(self, record: dict[str, Any]) -> int:
        """How new a record is, as :mod:`kg.export.record_version` numbers it."""
        return version(*(_short(at(record, path)) for path in self.paths[1:]))

    def _checked(self, number: object) -> str:
        if isinstance(number, str) and self._number.fullmatch(number):
            return number
        path = ".".join(self.paths[0])
        raise RecordError(
            "not a study", path=path, value=ABSENT if number is None else number, expected="NCT and eight digits"
        )


def _short(date: object) -> str:
    """What may be a date; a longer text is none, and is not kept."""
    return date if isinstance(date, str) and len(date) <= len("YYYY-MM-DD") else ""
