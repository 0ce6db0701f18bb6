"""The facts of a record that a run goes by: its NCT number, how new it is, and the registry data it was drawn from."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
        self._number_keys = identifier.keys
        self._number = re.compile(identifier.shape.pattern or "", re.ASCII)
        self._modified_keys = known("Record", _TERMS + "modified").keys
        self._holder_keys = known("Record", CT + "versionHolder").keys

    def __call__(self, record: Any) -> Facts:
        """The facts of a record as JSON, or as it was decoded; without a number :class:`~kg.errors.RecordError`."""
        return Facts(self.number(record), self.version(record), self._holder(record))

    def number(self, record: Any) -> str:
        """The NCT number of a record; raises :class:`~kg.errors.RecordError` where it has none."""
        value = _found(record, self._number_keys)
        if isinstance(value, str) and self._number.fullmatch(value):
            return value
        path = ".".join(self._number_keys)
        raise RecordError(
            "not a study", path=path, value=ABSENT if value is None else value, expected="NCT and eight digits"
        )

    def version(self, record: Any) -> int:
        """How new a record is: its last update, then the day of the registry data it was drawn from."""
        return _as_number(_found(record, self._modified_keys)) * 10**8 + _as_number(self._holder(record))

    def _holder(self, record: Any) -> str:
        value = _found(record, self._holder_keys)
        return value if isinstance(value, str) else ""


def _found(record: Any, keys: Iterable[str]) -> object:
    if isinstance(record, dict):
        return at(record, keys)
    for key in keys:
        record = getattr(record, key, None)
    found: object = record
    return found


def _as_number(date: object) -> int:
    """A date as a number to compare, 0 where it is none; a month counts as its day 0."""
    return _number_of(date) if isinstance(date, str) else 0


@lru_cache(4096)
def _number_of(date: str) -> int:
    literal = partial_date(date)
    return int(literal.lexical.replace("-", "").ljust(8, "0")) if literal else 0
