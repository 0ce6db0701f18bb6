"""The facts of a record that a run goes by: its NCT number, how new it is, and the registry data it was drawn from."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from kg.errors import ABSENT, RecordError
from kg.ontology import CT
from kg.plan import Field, Plan
from kg.trees import at
from kg.values import partial_date

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

    >>> from kg.plan import shipped_plan
    >>> read = FactReader(shipped_plan())
    >>> read.version({"derivedSection": {"miscInfoModule": {"versionHolder": "2025-12-24"}}})
    20251224
    """

    def __init__(self, plan: Plan) -> None:
        def known(entity: str, path: str) -> Field:
            return next(each for each in plan.entities[CT + entity].fields if each.shape.path == path)

        identifier = known("Study", _TERMS + "identifier")
        self.paths = (
            identifier.keys,
            known("Record", _TERMS + "modified").keys,
            known("Record", CT + "versionHolder").keys,
        )
        """Where they are: the NCT number, the last update and the day of the registry data."""
        self._number = re.compile(identifier.shape.pattern or "", re.ASCII)

    def __call__(self, record: dict[str, Any]) -> Facts:
        """The facts of a record; without a number :class:`~kg.errors.RecordError`."""
        number, modified, holder = (at(record, path) for path in self.paths)
        return self.of(number, modified, holder)

    def of(self, number: object, modified: object, holder: object) -> Facts:
        """The facts from what stands at the paths."""
        return Facts(self._checked(number), _version(modified, holder), holder if isinstance(holder, str) else "")

    def number(self, record: dict[str, Any]) -> str:
        """The NCT number of a record; raises :class:`~kg.errors.RecordError` where it has none."""
        return self._checked(at(record, self.paths[0]))

    def version(self, record: dict[str, Any]) -> int:
        """How new a record is: its last update, then the day of the registry data it was drawn from."""
        return _version(at(record, self.paths[1]), at(record, self.paths[2]))

    def _checked(self, number: object) -> str:
        if isinstance(number, str) and self._number.fullmatch(number):
            return number
        path = ".".join(self.paths[0])
        raise RecordError(
            "not a study", path=path, value=ABSENT if number is None else number, expected="NCT and eight digits"
        )


def _version(modified: object, holder: object) -> int:
    return _of_days(_short(modified), _short(holder))


def _short(date: object) -> str:
    """What may be a date; a longer text is none, and is not kept."""
    return date if isinstance(date, str) and len(date) <= len("YYYY-MM-DD") else ""


@lru_cache(1 << 13)
def _of_days(modified: str, holder: str) -> int:
    return _as_number(modified) * 10**8 + _as_number(holder)


def _as_number(date: str) -> int:
    """A date as a number to compare, 0 where it is none; a month counts as its day 0."""
    literal = partial_date(date)
    return int(literal.lexical.replace("-", "").ljust(8, "0")) if literal else 0
