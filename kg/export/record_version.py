"""How new a record is: its last update, when that was submitted, and the day of the registry data it was drawn from.

The three dates are one number of 60 bits, so that a greater number is a newer record.
"""

from __future__ import annotations

from functools import lru_cache

from kg.mapping.datatypes import partial_date

_BITS = 20
_MASK = (1 << _BITS) - 1
_MONTH, _YEAR = 32, 13 * 32


@lru_cache(1 << 13)
def version(modified: str, submitted: str, holder: str) -> int:
    """The number of three dates, each of which may be partial or empty.

    >>> version("2025-01-31", "2025-01-30", "2025-02-03") > version("2025-01-31", "2025-01-29", "2025-02-04")
    True
    """
    return (day(modified) << 2 * _BITS) + (day(submitted) << _BITS) + day(holder)


def day(date: str) -> int:
    """A date as a number to compare, 0 where it is none; a month counts as its day 0.

    >>> day("2025-01-31") - day("2025-01"), day("soon")
    (31, 0)
    """
    literal = partial_date(date)
    year, month, day_ = ([*map(int, literal.lexical.split("-")), 0, 0] if literal else [0, 0, 0])[:3]
    return min(year * _YEAR + month * _MONTH + day_, _MASK)


def modified_day(number: int) -> int:
    """The day of the last update of a record, as :func:`day` numbers it."""
    return number >> 2 * _BITS


def holder_day(number: int) -> int:
    """The day of the registry data that a record was drawn from, as :func:`day` numbers it."""
    return number & _MASK


def as_date(number: int) -> str | None:
    """The date of a day, as exact as it was.

    >>> as_date(day("2025-12-24")), as_date(day("2025-12")), as_date(0)
    ('2025-12-24', '2025-12', None)
    """
    year, rest = divmod(number, _YEAR)
    parts = (f"{year:04}", *(f"{part:02}" for part in divmod(rest, _MONTH)))
    return "-".join(part for part in parts if int(part)) or None
