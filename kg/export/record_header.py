"""The header of a record: its NCT number, how new it is, and the version of the registry data that it is from.

The version of a record is a number of 60 bits made of three dates: the last update as posted and as submitted, and the
day of the registry data. A greater number is a newer record.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from kg.errors import ABSENT, RecordError
from kg.mapping.datatypes import partial_date
from kg.mapping.json_tree import at
from kg.mapping.plan import Field, Plan
from kg.ontology.vocabulary import CT, DCTERMS

_BITS = 20
_MASK = (1 << _BITS) - 1
_MONTH, _YEAR = 32, 13 * 32


class RecordHeader(NamedTuple):
    """The header of one record."""

    study: str
    version: int
    """If a study has several records, only the one with the greatest version is exported."""
    version_holder: str
    """The date of the registry data that contained the record, or an empty string."""


class HeaderReader:
    """Reads the headers of records at the paths that a plan gives.

    >>> from kg.mapping.plan import shipped_plan
    >>> read = HeaderReader(shipped_plan())
    >>> as_date(holder_day(read.version({"derivedSection": {"miscInfoModule": {"versionHolder": "2025-12-24"}}})))
    '2025-12-24'
    """

    def __init__(self, plan: Plan) -> None:
        def field(entity: str, path: str) -> Field:
            return next(field for field in plan.entities[CT + entity].fields if field.shape.path == path)

        identifier = field("Study", DCTERMS + "identifier")
        self.paths = (
            identifier.keys,
            field("Record", DCTERMS + "modified").keys,
            field("Study", CT + "lastUpdateSubmitDate").keys,
            field("Record", CT + "versionHolder").keys,
        )
        """The paths of the NCT number, the last update as posted and as submitted, and the day of the registry data."""
        self._pattern = re.compile(identifier.shape.pattern or "", re.ASCII)

    def __call__(self, record: dict[str, Any]) -> RecordHeader:
        """Return the header of a record; raise :class:`~kg.errors.RecordError` if it has no NCT number."""
        return self.from_values(*(at(record, path) for path in self.paths))

    def from_values(self, number: object, modified: object, submitted: object, holder: object) -> RecordHeader:
        """Return the header that has these values at :attr:`paths`."""
        newness = version(_short(modified), _short(submitted), _short(holder))
        return RecordHeader(self._checked(number), newness, holder if isinstance(holder, str) else "")

    def study(self, record: dict[str, Any]) -> str:
        """Return the NCT number of a record; raise :class:`~kg.errors.RecordError` if it has none."""
        return self._checked(at(record, self.paths[0]))

    def version(self, record: dict[str, Any]) -> int:
        """Return the version of a record, even of one without an NCT number."""
        return version(*(_short(at(record, path)) for path in self.paths[1:]))

    def _checked(self, number: object) -> str:
        if isinstance(number, str) and self._pattern.fullmatch(number):
            return number
        path = ".".join(self.paths[0])
        value = ABSENT if number is None else number
        raise RecordError("not a study", path=path, value=value, expected="NCT and eight digits")


def _short(date: object) -> str:
    """Return a value that may be a date, or an empty string, so that no long text enters the cache."""
    return date if isinstance(date, str) and len(date) <= len("YYYY-MM-DD") else ""


@lru_cache(1 << 13)
def version(modified: str, submitted: str, holder: str) -> int:
    """Return the version of a record from its dates, each of which may be partial or empty.

    >>> version("2025-01-31", "2025-01-30", "2025-02-03") > version("2025-01-31", "2025-01-29", "2025-02-04")
    True
    """
    return (day(modified) << 2 * _BITS) + (day(submitted) << _BITS) + day(holder)


def day(date: str) -> int:
    """Return a date as a number that sorts by time, 0 for invalid dates; a month sorts as its day 0.

    >>> day("2025-01-31") - day("2025-01"), day("soon")
    (31, 0)
    """
    literal = partial_date(date)
    year, month, day_ = ([*map(int, literal.lexical.split("-")), 0, 0] if literal else [0, 0, 0])[:3]
    return min(year * _YEAR + month * _MONTH + day_, _MASK)


def modified_day(number: int) -> int:
    """Return the day of the last update from a version, as :func:`day` numbers it."""
    return number >> 2 * _BITS


def holder_day(number: int) -> int:
    """Return the day of the registry data from a version, as :func:`day` numbers it."""
    return number & _MASK


def as_date(number: int) -> str | None:
    """Return the date that :func:`day` numbered, with the same precision.

    >>> as_date(day("2025-12-24")), as_date(day("2025-12")), as_date(0)
    ('2025-12-24', '2025-12', None)
    """
    year, rest = divmod(number, _YEAR)
    parts = (f"{year:04}", *(f"{part:02}" for part in divmod(rest, _MONTH)))
    return "-".join(part for part in parts if int(part)) or None
