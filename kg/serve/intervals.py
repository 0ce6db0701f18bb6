"""Estimates with their confidence intervals as small drawings on a common scale (a forest plot in a table)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kg.serve.drawings import svg
from kg.serve.formats import decimal_of
from kg.serve.pages.analyses import Analysis

WIDTH, HEIGHT = 150.0, 18.0
_RATIO = re.compile(r"\bratio\b|\b(?:OR|HR|RR)\b", re.IGNORECASE)
_DIFFERENCE = re.compile(r"\bdifference\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between its limits."""

    kind: str
    """The type of the estimate, which has to be the same on one scale."""
    estimate: float
    lower: float
    upper: float

    @property
    def is_ratio(self) -> bool:
        """Whether the estimate is a ratio, which has a logarithmic scale; a difference of logarithms is none."""
        return bool(_RATIO.search(self.kind)) and not _DIFFERENCE.search(self.kind) and self.lower > 0


def interval_of(analysis: Analysis) -> Interval | None:
    """Return the interval of an analysis, or ``None`` where it has no estimate between two limits."""
    numbers = [decimal_of(text) for text in (analysis.estimate, analysis.lower, analysis.upper)]
    if any(number is None for number in numbers):
        return None
    estimate, lower, upper = (float(number) for number in numbers if number is not None)
    return Interval(analysis.estimate_type, estimate, lower, upper) if lower <= estimate <= upper else None


def interval_drawings(analyses: Sequence[Analysis]) -> list[Markup]:
    """Return a drawing for each analysis, which is empty for one without an interval.

    Intervals of one kind have the same scale. The line is at no effect: 1 for ratios, 0 for differences.
    """
    intervals = [interval_of(analysis) for analysis in analyses]
    scales: dict[str, _Scale] = {}
    for kind in {interval.kind for interval in intervals if interval}:
        scales[kind] = _Scale([interval for interval in intervals if interval and interval.kind == kind])
    return [_drawing(interval, scales[interval.kind]) if interval else Markup("") for interval in intervals]


class _Scale:
    """Positions of the numbers of intervals of one kind."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        is_ratio = all(interval.is_ratio for interval in intervals)
        self._to: Callable[[float], float] = math.log if is_ratio else float
        is_difference = bool(_DIFFERENCE.search(intervals[0].kind))
        self.neutral = 1.0 if is_ratio else 0.0 if is_difference else None
        ends = [end for interval in intervals for end in (interval.lower, interval.upper)]
        ends += [self.neutral] if self.neutral is not None else []
        self._low = self._to(min(ends))
        self._span = (self._to(max(ends)) - self._low) or 1.0

    def x(self, number: float) -> float:
        return 6 + (WIDTH - 12) * (self._to(number) - self._low) / self._span


def _drawing(interval: Interval, scale: _Scale) -> Markup:
    left, middle, right = (scale.x(number) for number in (interval.lower, interval.estimate, interval.upper))
    parts = []
    if scale.neutral is not None:
        parts.append(f'<path class="neutral" d="M{scale.x(scale.neutral):.1f} 0V{HEIGHT:g}"/>')
    parts.append(f'<path class="whisker" d="M{left:.1f} 9H{right:.1f}M{left:.1f} 6v6M{right:.1f} 6v6"/>')
    parts.append(f'<rect class="estimate" x="{middle - 3.5:.1f}" y="5.5" width="7" height="7"/>')
    label = f"{interval.estimate:g}, from {interval.lower:g} to {interval.upper:g}"
    return svg(label, "interval", (0, 0, WIDTH, HEIGHT), parts, is_fixed=True)
