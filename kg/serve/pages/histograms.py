"""Histograms of the numbers of studies: start years, and classes of enrolment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg.serve.bars import Bar
from kg.serve.catalogue import Matches
from kg.serve.columns import Ints
from kg.serve.page_state import PageState
from kg.serve.selection import Range

CLASSES = (0, 1, 10, 50, 100, 500, 1000, 10_000)
"""The lowest numbers of the classes of enrolment."""
MAX_YEARS = 80
"""Years of a histogram at most; the years before are one column."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """The numbers of studies by year or by class, and the chosen range."""

    key: str
    bars: list[Bar]
    limits: Range
    lows: list[int]
    """The lowest number of each bar."""
    highs: list[int | None]
    """The highest number of each bar."""

    @property
    def total(self) -> int:
        """The number of studies with a number."""
        return sum(bar.number for bar in self.bars)


def histogram(matches: Matches, state: PageState, key: str) -> Histogram:
    """Return the histogram of a measure over the studies that its range selects from."""
    numbers = matches.numbers(key)
    lows = _years(numbers) if key == "start" else list(CLASSES)
    return _histogram(state, key, numbers, lows)


def histogram_of_selected(matches: Matches, state: PageState, key: str) -> Histogram:
    """Return the histogram of a measure over the studies of the list."""
    numbers = matches.catalogue.measures[key][matches.mask]
    numbers = numbers[numbers >= 0]
    return _histogram(state, key, numbers, _years(numbers) if key == "start" else list(CLASSES))


def _years(numbers: Ints) -> list[int]:
    if not len(numbers):
        return []
    first, last = int(numbers.min()), int(numbers.max())
    return list(range(max(first, last - MAX_YEARS + 1), last + 1))


def _histogram(state: PageState, key: str, numbers: Ints, lows: list[int]) -> Histogram:
    if not lows:
        return Histogram(key, [], state.selection.range(key), [], [])
    highs: list[int | None] = [*(low - 1 for low in lows[1:]), lows[0] if key == "start" and len(lows) == 1 else None]
    places = np.clip(np.searchsorted(lows, numbers, side="right") - 1, 0, None)
    counts = np.bincount(places, minlength=len(lows)).tolist()
    low, high = state.selection.range(key)
    bars = []
    for begin, end, count in zip(lows, highs, counts, strict=True):
        inside = (low is None or begin >= low) and (high is None or begin <= high)
        last = begin if key == "start" else end
        url = "?" + state.with_selection(state.selection.between(key, begin, last)).url()
        bars.append(Bar(_label(key, begin, end), count, url if count else "", inside))
    return Histogram(key, bars, (low, high), lows, highs)


def _label(key: str, low: int, high: int | None) -> str:
    """Return the label of a class.

    >>> _label("start", 2010, 2010), _label("enrolment", 10, 49), _label("enrolment", 10000, None)
    ('2010', '10–49', '10,000+')
    """
    if key == "start" or low == high:
        return str(low)
    return f"{low:,}+" if high is None else f"{low:,}–{high:,}"
