"""Selection: the studies that a page of the explorer lists, as parsed from its URL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from urllib.parse import urlencode

from kg.errors import UsageError, shown
from kg.serve.facets import FACETS, FACETS_BY_KEY, MEASURES, MEASURES_BY_KEY, Measure
from kg.serve.words import Word, searched_words

Range = tuple[int | None, int | None]
MAX_TEXT = 300
"""Maximum number of characters of a search."""
MAX_VALUES = 200
"""Maximum number of values of a facet."""
_FROM, _TO = "_from", "_to"


@dataclass(frozen=True)
class Selection:
    """Words to search for, the chosen values of facets, ranges of measures, and an age.

    A study matches if it has all the words, one of the values of each facet, a number in each range, and age limits
    that include the age. Facets without a chosen value are left out; so are ranges without limits.

    >>> selection = Selection.parse([("q", "als"), ("phase", "PHASE2"), ("phase", "PHASE1"), ("start_from", "2010")])
    >>> selection.of("phase"), selection.ranges, selection.url()
    (('PHASE1', 'PHASE2'), (('start', (2010, None)),), 'q=als&phase=PHASE1&phase=PHASE2&start_from=2010')
    >>> Selection.parse([("fase", "PHASE1")])
    Traceback (most recent call last):
    kg.errors.UsageError: There is no parameter "fase"; did you mean phase?
    """

    text: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ranges: tuple[tuple[str, Range], ...] = ()
    age: Decimal | None = None

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]]) -> Selection:
        """Return the selection of the parameters of a URL; those without a value are ignored.

        Raises :class:`~kg.errors.UsageError` for an unknown parameter and for an invalid value.
        """
        selection = cls()
        for name, value in parameters:
            if value.strip():
                selection = selection._with_parameter(name, value.strip())
        return selection

    def _with_parameter(self, name: str, value: str) -> Selection:
        if name == "q":
            return replace(self, text=_text(value))
        if name == "age":
            return replace(self, age=_age(value))
        if name in FACETS_BY_KEY:
            return self.choose(name, value)
        for suffix in (_FROM, _TO):
            if name.endswith(suffix) and (measure := MEASURES_BY_KEY.get(name.removesuffix(suffix))):
                low, high = self.range(measure.key)
                number = _number(name, value, measure)
                return self.between(measure.key, *((number, high) if suffix == _FROM else (low, number)))
        raise UsageError(_unknown(name))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words to search for."""
        return searched_words(self.text)

    @property
    def is_empty(self) -> bool:
        """Whether every study matches."""
        return not (self.words or self.values or self.ranges or self.age is not None)

    def of(self, key: str) -> tuple[str, ...]:
        """Return the chosen values of a facet."""
        return dict(self.values).get(key, ())

    def range(self, key: str) -> Range:
        """Return the limits of a measure."""
        return dict(self.ranges).get(key, (None, None))

    def choose(self, key: str, *values: str) -> Selection:
        """Return the selection with more values of a facet."""
        return self.only(key, *self.of(key), *values)

    def drop(self, key: str, *values: str) -> Selection:
        """Return the selection with fewer values of a facet."""
        return self.only(key, *(value for value in self.of(key) if value not in values))

    def only(self, key: str, *values: str) -> Selection:
        """Return the selection with these values of a facet and no others."""
        if len(values) > MAX_VALUES:
            raise UsageError(f"More than {MAX_VALUES} values of {key} are chosen.")
        chosen = dict(self.values) | {key: tuple(sorted(set(values)))}
        return replace(self, values=tuple((facet.key, chosen[facet.key]) for facet in FACETS if chosen.get(facet.key)))

    def between(self, key: str, low: int | None = None, high: int | None = None) -> Selection:
        """Return the selection with other limits of a measure."""
        ranges = dict(self.ranges) | {key: (low, high)}
        limited = [measure.key for measure in MEASURES if ranges.get(measure.key, (None, None)) != (None, None)]
        return replace(self, ranges=tuple((key, ranges[key]) for key in limited))

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters of the URL, always in the same order."""
        result = [("q", self.text)] if self.text else []
        result += [(key, value) for key, values in self.values for value in values]
        for key, limits in self.ranges:
            named = zip((_FROM, _TO), limits, strict=True)
            result += [(key + suffix, str(limit)) for suffix, limit in named if limit is not None]
        return result + ([("age", f"{self.age:f}")] if self.age is not None else [])

    def url(self, *more: tuple[str, str]) -> str:
        """Return the parameters, and more of them, as the query part of a URL."""
        return urlencode([*self.parameters(), *more])


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise UsageError(f"The search has {len(value):,} characters, and at most {MAX_TEXT} are allowed.")
    return " ".join(value.split())


def _number(name: str, value: str, measure: Measure) -> int:
    low, high = measure.lowest, measure.highest
    if not re.fullmatch(r"\d{1,10}", value, re.ASCII) or not low <= int(value) <= high:
        raise UsageError(f"{name} is {shown(value)}, and a whole number from {low} to {high} is expected.")
    return int(value)


def _age(value: str) -> Decimal:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", value, re.ASCII):
        raise UsageError(f"age is {shown(value)}, and a number of years such as 35 or 0.5 is expected.")
    return Decimal(value)


def _unknown(name: str) -> str:
    import difflib

    limits = (measure.key + suffix for measure in MEASURES for suffix in (_FROM, _TO))
    matches = difflib.get_close_matches(name, ["q", "age", *FACETS_BY_KEY, *limits], n=1)
    return f"There is no parameter {shown(name)}" + (f"; did you mean {matches[0]}?" if matches else ".")
