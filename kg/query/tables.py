"""Tables of text, and of HTML for notebooks; cells cannot send escape sequences or contain markup."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from kg.errors import printable, printable_iri

_SPACE = re.compile(r"[ \t\r\n]+")
Cell = tuple[str, str]
"""The text of a cell, and the URL that it links to or an empty string."""


def one_line(text: str) -> str:
    r"""Return a text on one line, with control characters escaped.

    >>> print(one_line(" a\r\n  b\x1b "))
    a b\u001B
    """
    return printable(_SPACE.sub(" ", text).strip(" "))


def text_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows in columns without truncating cells; empty if there is no column.

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
    """Format rows as an HTML table; columns of numbers are aligned to the right.

    >>> html_table(["n"], [[("1", "")]], [True])[:58]
    '<table><thead><tr><th style="text-align:right">n</th></tr>'
    """
    styles = [f' style="text-align:{"right" if number else "left"}"' for number in numeric]
    head = "".join(f"<th{style}>{html.escape(name)}</th>" for name, style in zip(names, styles, strict=True))
    body = "".join(f"<tr>{_cells(row, styles)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[Cell], styles: Sequence[str]) -> str:
    return "".join(f"<td{style}>{_cell(*cell)}</td>" for cell, style in zip(row, styles, strict=True))


def _cell(text: str, url: str) -> str:
    escaped = html.escape(printable(text))
    if not url.startswith(("http://", "https://")):
        return escaped
    return f'<a href="{html.escape(printable_iri(url))}" target="_blank" rel="noopener noreferrer">{escaped}</a>'
