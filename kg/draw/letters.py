"""The width of text in Inter, the typeface of pictures, and text broken into lines that fit."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
WIDE, NARROW = 1000, 560
"""Thousandths of the size of the type: of letters that the typeface has not, in East Asian scripts and in others."""


@cache
def _widths() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((ASSETS / "widths.json").read_text("utf-8"))
    return found


def _missing(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return WIDE if unicodedata.east_asian_width(letter) in "WF" else NARROW


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in pixels.

    >>> round(width("Phase 2", 10)), round(width("Phase 2", 10, bold=True))
    (38, 38)
    """
    known = _widths()["SemiBold" if bold else "Regular"]
    return sum(known.get(letter) or _missing(letter) for letter in text) * size / 1000


def cut(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """A text that fits into some pixels, with an ellipsis where it was too long.

    >>> cut("Amyotrophic Lateral Sclerosis", 10, 60)
    'Amyotrop…'
    """
    if width(text, size, bold=bold) <= room:
        return text
    kept, used = 0, width("…", size, bold=bold)
    for letter in text:
        used += width(letter, size, bold=bold)
        if used > room:
            break
        kept += 1
    return text[:kept].rstrip(" ,;:-") + "…"


def wrapped(text: str, size: float, room: float, most: int, *, bold: bool = False) -> list[str]:
    """A text in at most so many lines that fit into some pixels; the last one ends in an ellipsis if there was more.

    >>> wrapped("a study of low dose interleukin", 10, 80, 2)
    ['a study of low', 'dose interleukin']
    """
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        if len(lines) == most - 1:
            lines.append(cut(" ".join(words[:60]), size, room, bold=bold))
            break
        line = words.pop(0)
        while words and width(f"{line} {words[0]}", size, bold=bold) <= room:
            line = f"{line} {words.pop(0)}"
        lines.append(cut(line, size, room, bold=bold))
    return lines
