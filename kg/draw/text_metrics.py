"""Text width in Inter, the typeface of the pictures, and line breaking by it."""

from __future__ import annotations

import json
import unicodedata
from functools import cache

from kg.draw import ASSETS

WIDE, NARROW = 1000, 560
"""Width of characters that the typeface lacks, in thousandths of the font size: East Asian wide ones, and others."""


@cache
def _widths() -> dict[str, dict[str, int]]:
    widths: dict[str, dict[str, int]] = json.loads((ASSETS / "widths.json").read_text("utf-8"))
    return widths


def _fallback_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return WIDE if unicodedata.east_asian_width(character) in "WF" else NARROW


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in pixels.

    >>> round(text_width("Phase 2", 10)), round(text_width("Phase 2", 10, bold=True))
    (38, 38)
    """
    widths = _widths()["SemiBold" if bold else "Regular"]
    return sum(widths.get(character) or _fallback_width(character) for character in text) * size / 1000


def truncate(text: str, size: float, max_width: float, *, bold: bool = False) -> str:
    """Return a text that fits a width in pixels, shortened with an ellipsis if necessary.

    >>> truncate("Amyotrophic Lateral Sclerosis", 10, 60)
    'Amyotrop…'
    """
    if text_width(text, size, bold=bold) <= max_width:
        return text
    length, used = 0, text_width("…", size, bold=bold)
    for character in text:
        used += text_width(character, size, bold=bold)
        if used > max_width:
            break
        length += 1
    return text[:length].rstrip(" ,;:-") + "…"


def wrap(text: str, size: float, max_width: float, max_lines: int, *, bold: bool = False) -> list[str]:
    """Break a text into lines that fit a width in pixels; the last line ends in an ellipsis if there is more text.

    >>> wrap("a study of low dose interleukin", 10, 80, 2)
    ['a study of low', 'dose interleukin']
    """
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < max_lines:
        if len(lines) == max_lines - 1:
            lines.append(truncate(" ".join(words[:60]), size, max_width, bold=bold))
            break
        line = words.pop(0)
        while words and text_width(f"{line} {words[0]}", size, bold=bold) <= max_width:
            line = f"{line} {words.pop(0)}"
        lines.append(truncate(line, size, max_width, bold=bold))
    return lines
