"""Texts of records as HTML: paragraphs and nested lists, with links to studies and web pages.

Records write lists with ``*``, ``-`` and numbers, and escape characters with backslashes. Emphasis is not interpreted:
no record of ours has it, and ``CYP2C19*2`` would lose its asterisk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import NamedTuple

from markupsafe import Markup

from kg.draw.plain_text import plain_text
from kg.errors import printable

_ITEM = re.compile(
    r"(?P<indent>\s*)(?P<mark>[*•‣◦·–-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{2,5})[.)])(?P<gap>\s+)(?P<text>\S.*)"
)
_BULLETS = "*•‣◦·–-"
_LINK = re.compile(r"NCT\d{8}(?!\d)|https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_HEADING = re.compile(r"[^.!?]{3,90}:\s*")
MAX_DEPTH = 6
"""Maximum number of nested lists."""


class Line(NamedTuple):
    """A line of text: its indentation, the mark of a list item or an empty string, and the rest."""

    indent: int
    mark: str
    text: str


def rich_text(text: str, study_url: Callable[[str], str] | None = None) -> Markup:
    """Return a text as HTML; ``study_url`` returns the URL of a study by its number, or an empty string.

    >>> rich_text("Age \\\\>= 18:\\n\\n* a & b\\n   1. c\\n* d")
    Markup('<p class="lead">Age &gt;= 18:</p><ul><li>a &amp; b<ol><li value="1">c</li></ol></li><li>d</li></ul>')
    """
    lines = [_line(line) for line in printable_lines(text)]
    return Markup("".join(_blocks(lines, study_url or (lambda _: ""))))  # noqa: S704 -- every text is escaped


def printable_lines(text: str) -> list[str]:
    """Return the lines of a text, without markup and control characters."""
    return [printable(line) for line in plain_text(text.replace("\t", "    ").replace("\r", "")).split("\n")]


def _line(line: str) -> Line:
    match = _ITEM.fullmatch(line)
    if match is None:
        return Line(len(line) - len(line.lstrip()), "", line.strip())
    return Line(len(match["indent"]), match["mark"], match["text"].strip())


def _blocks(lines: list[Line], study_url: Callable[[str], str]) -> Iterable[str]:
    """Yield the elements of lines: paragraphs, and lists with their nested lists."""
    open_lists: list[tuple[int, str]] = []  # indentation of their items, closing tag
    paragraph: list[str] = []
    after_blank = False

    def end_paragraph() -> Iterable[str]:
        if paragraph:
            text = "<br>".join(_inline(part, study_url) for part in paragraph)
            lead = ' class="lead"' if len(paragraph) == 1 and _HEADING.fullmatch(paragraph[0]) else ""
            yield f"<p{lead}>{text}</p>"
            paragraph.clear()

    for line in lines:
        if not line.text:
            after_blank = True
            continue
        if line.mark:
            yield from end_paragraph()
            yield from _open_item(line, open_lists)
            yield _inline(line.text, study_url)
        elif open_lists and (not after_blank or line.indent > open_lists[0][0]):
            yield f"<br>{_inline(line.text, study_url)}"
        else:
            yield from _close(open_lists, 0)
            if after_blank:
                yield from end_paragraph()
            paragraph.append(line.text)
        after_blank = False
    yield from end_paragraph()
    yield from _close(open_lists, 0)


def _open_item(line: Line, open_lists: list[tuple[int, str]]) -> Iterable[str]:
    while open_lists and line.indent < open_lists[-1][0]:
        yield f"</li>{open_lists.pop()[1]}"
    if open_lists and (line.indent < open_lists[-1][0] + 2 or len(open_lists) == MAX_DEPTH):
        yield "</li>"
    else:
        tag = "ul" if line.mark in _BULLETS else "ol"
        open_lists.append((line.indent, f"</{tag}>"))
        yield f"<{tag}>"
    yield _item(line.mark, open_lists[-1][1])


def _item(mark: str, closing: str) -> str:
    """Return the start of an item: numbers keep their values, other marks are shown as they are."""
    number = mark.strip("().")
    if closing == "</ol>" and number.isdecimal():
        return f'<li value="{int(number)}">'
    return "<li>" if mark in _BULLETS else f'<li class="marked"><span class="mark">{escape(mark)}</span> '


def _close(open_lists: list[tuple[int, str]], depth: int) -> Iterable[str]:
    while len(open_lists) > depth:
        yield f"</li>{open_lists.pop()[1]}"


def _inline(text: str, study_url: Callable[[str], str]) -> str:
    parts, end = [], 0
    for match in _LINK.finditer(text):
        url = match[0] if "://" in match[0] else study_url(match[0])
        outside = ' rel="noopener noreferrer nofollow"' if "://" in match[0] else ""
        link = f'<a href="{escape(url)}"{outside}>{escape(match[0])}</a>' if url else escape(match[0])
        parts += [escape(text[end : match.start()]), link]
        end = match.end()
    return "".join([*parts, escape(text[end:])])
