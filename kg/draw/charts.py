"""Charts of counts as drawing primitives: horizontal bars, columns, and plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from kg.draw.kinds import BLUE
from kg.draw.scene import INK, SOFT, Box, Curve, Mark, Text
from kg.draw.text_metrics import text_width, truncate

WIDTH = 440.0
"""Width of a chart in pixels."""
BAR_HEIGHT, COLUMN_HEIGHT, SIZE = 21.0, 150.0, 12.5
NAME_WIDTH = 178.0
"""Width of the names of bars in pixels."""
RULE = "#d9dee5"
Counts = Sequence[tuple[str, int]]


def bars(counts: Counts) -> tuple[list[Mark], float]:
    """Return a horizontal bar for each name, and the height of the chart."""
    largest = max((count for _, count in counts), default=1) or 1
    max_length = WIDTH - NAME_WIDTH - 50
    marks: list[Mark] = []
    for i, (name, count) in enumerate(counts):
        y = i * BAR_HEIGHT
        label = truncate(name, SIZE, NAME_WIDTH - 12)
        marks.append(Text(NAME_WIDTH - 10 - text_width(label, SIZE), y + 14, label, SIZE, INK))
        marks.append(Box(NAME_WIDTH, y + 3, max(max_length * count / largest, 1.5), BAR_HEIGHT - 7, 2, BLUE))
        marks.append(Text(NAME_WIDTH + max_length * count / largest + 7, y + 14, f"{count:,}", SIZE - 0.5, SOFT))
    return marks, len(counts) * BAR_HEIGHT + 4


def columns(counts: Counts) -> tuple[list[Mark], float]:
    """Return a column for each name, and the height of the chart; with many names only every n-th is written."""
    largest = max((count for _, count in counts), default=1) or 1
    step = WIDTH / max(len(counts), 1)
    interval = -(-max((text_width(name, 11) + 8 for name, _ in counts), default=1) // step)
    marks: list[Mark] = [Curve(((0, COLUMN_HEIGHT), (WIDTH, COLUMN_HEIGHT)), RULE, 1.0)]
    for i, (name, count) in enumerate(counts):
        height = (COLUMN_HEIGHT - 18) * count / largest
        gap = min(step * 0.18, 8)
        marks.append(Box(i * step + gap / 2, COLUMN_HEIGHT - height, step - gap, height, min(2, step / 4), BLUE))
        if count == largest or step > 34:
            marks.append(Text(i * step + step / 2, COLUMN_HEIGHT - height - 5, f"{count:,}", 11, SOFT, anchor="middle"))
        if i % interval == 0:
            marks.append(Text(i * step + step / 2, COLUMN_HEIGHT + 16, name, 11, SOFT, anchor="middle"))
    return marks, COLUMN_HEIGHT + 24


def numbers(counts: Counts) -> tuple[list[Mark], float]:
    """Return large numbers with their names, and the height of the chart."""
    marks: list[Mark] = []
    for i, (name, count) in enumerate(counts):
        x, y = (i % 3) * WIDTH / 3, (i // 3) * 74
        marks.append(Text(x, y + 30, f"{count:,}", 27, INK, bold=True))
        marks.append(Text(x, y + 50, name, SIZE, SOFT))
    return marks, 74.0 * -(-len(counts) // 3)


CHARTS = {"bars": bars, "columns": columns, "numbers": numbers}
"""The charts by their name in the header of a query."""
