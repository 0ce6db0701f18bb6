"""Charts of counts as marks on paper: bars beside each other or below each other, and plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from kg.draw.kinds import BLUE
from kg.draw.letters import cut, width
from kg.draw.scene import INK, SOFT, Box, Curve, Mark, Text

WIDTH = 440.0
"""Pixels that a chart is wide."""
BAR, HIGH, SIZE = 21.0, 150.0, 12.5
NAMES = 178.0
"""Pixels for the names of bars."""
RULE = "#d9dee5"
Counts = Sequence[tuple[str, int]]


def bars(counts: Counts) -> tuple[list[Mark], float]:
    """A bar for each name, one below the other, and the height that they take."""
    most = max((count for _, count in counts), default=1) or 1
    room = WIDTH - NAMES - 50
    marks: list[Mark] = []
    for i, (name, count) in enumerate(counts):
        y = i * BAR
        shown = cut(name, SIZE, NAMES - 12)
        marks.append(Text(NAMES - 10 - width(shown, SIZE), y + 14, shown, SIZE, INK))
        marks.append(Box(NAMES, y + 3, max(room * count / most, 1.5), BAR - 7, 2, BLUE))
        marks.append(Text(NAMES + room * count / most + 7, y + 14, f"{count:,}", SIZE - 0.5, SOFT))
    return marks, len(counts) * BAR + 4


def columns(counts: Counts) -> tuple[list[Mark], float]:
    """A column for each name, one beside the other; of many names every so many are written."""
    most = max((count for _, count in counts), default=1) or 1
    step = WIDTH / max(len(counts), 1)
    every = -(-max((width(name, 11) + 8 for name, _ in counts), default=1) // step)
    marks: list[Mark] = [Curve(((0, HIGH), (WIDTH, HIGH)), RULE, 1.0)]
    for i, (name, count) in enumerate(counts):
        tall = (HIGH - 18) * count / most
        gap = min(step * 0.18, 8)
        marks.append(Box(i * step + gap / 2, HIGH - tall, step - gap, tall, min(2, step / 4), BLUE))
        if count == most or step > 34:
            marks.append(Text(i * step + step / 2, HIGH - tall - 5, f"{count:,}", 11, SOFT, anchor="middle"))
        if i % every == 0:
            marks.append(Text(i * step + step / 2, HIGH + 16, name, 11, SOFT, anchor="middle"))
    return marks, HIGH + 24


def numbers(counts: Counts) -> tuple[list[Mark], float]:
    """Large numbers with their names."""
    marks: list[Mark] = []
    for i, (name, count) in enumerate(counts):
        x, y = (i % 3) * WIDTH / 3, (i // 3) * 74
        marks.append(Text(x, y + 30, f"{count:,}", 27, INK, bold=True))
        marks.append(Text(x, y + 50, name, SIZE, SOFT))
    return marks, 74.0 * -(-len(counts) // 3)


CHARTS = {"bars": bars, "columns": columns, "numbers": numbers}
"""The charts by the name that a query's header gives."""
