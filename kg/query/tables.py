"""Rows as a table of text, or of HTML for notebooks; what the cells hold cannot act on a terminal or a page."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from kg.errors import printable, printable_iri

_SPACE = re.compile(r"[ \t\r\n]+")
Cell = tuple[str, str]
"""A text, and the address of the page that it is a link to, or nothing."""


def one_line(text: str) -> str:
    r"""A text on one line, without anything that a terminal would act on.

    >>> print(one_line(" a\r\n  b\x1b "))
    a b\u001B
    """
    return printable(_SPACE.sub(" ", text).strip(" "))


def text_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns, nothing cut; nothing at all where there is no column.

    >>> print(text_table(["a", "b"], [["x", "yy"]]), end="")
    a  b
    -  --
    x  yy
    """
    if not names:
        return ""
    cells = [names, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def html_table(names: Sequence[str], rows: Sequence[Sequence[Cell]], numeric: Sequence[bool]) -> str:
    """Rows as a table of HTML; columns of numbers are aligned to the right.

    >>> html_table(["n"], [[("1", "")]], [True])[:58]
    '<table><thead><tr><th style="text-align:right">n</th></tr>'
    """
    styles = [f' style="text-align:{"right" if number else "left"}"' for number in numeric]
    head = "".join(f"<th{style}>{html.escape(name)}</th>" for name, style in zip(names, styles, strict=True))
    body = "".join(f"<tr>{_cells(row, styles)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[Cell], styles: Sequence[str]) -> str:
    return "".join(f"<td{style}>{_cell(*cell)}</td>" for cell, style in zip(row, styles, strict=True))


def _cell(text: str, address: str) -> str:
    shown = html.escape(printable(text))
    if not address.startswith(("http://", "https://")):
        return shown
    return f'<a href="{html.escape(printable_iri(address))}" target="_blank" rel="noopener noreferrer">{shown}</a>'
