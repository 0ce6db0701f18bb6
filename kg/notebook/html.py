"""HTML elements with escaped text, and tables. Styles are attributes, since notebooks remove style sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from kg.draw.picture import web_url
from kg.errors import printable

_LEFT, _RIGHT = "text-align:left;vertical-align:top", "text-align:right;vertical-align:top"
_HEADING = _LEFT + ";white-space:nowrap"


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Markup:
    """Return an HTML element; children and attributes are escaped unless they are :class:`Markup`.

    >>> print(element("a", "x < y", href='"'))
    <a href="&quot;">x &lt; y</a>
    """
    text = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items() if value)
    return Markup(f"<{name}{text}>{join(children)}</{name}>")


def join(parts: Iterable[str], separator: str = "") -> Markup:
    """Join parts, escaping those that are not :class:`Markup`; control characters are shown as escapes."""
    escaped = (part if isinstance(part, Markup) else escape(printable(part)) for part in parts)
    return Markup(escape(separator).join(escaped))


def link(text: str, url: str) -> Markup:
    """Return a link to a web page, or the text alone if the URL is not one of ``http`` or ``https``.

    >>> print(link("<b>", "javascript:alert(1)"), link("a", "https://a.org/?b&c"))
    &lt;b&gt; <a href="https://a.org/?b&amp;c" target="_blank" rel="noopener noreferrer">a</a>
    """
    if not web_url(url):
        return join([text])
    return element("a", text, href=url, target="_blank", rel="noopener noreferrer")


def lines(parts: Iterable[str]) -> Markup:
    """Return parts on separate lines."""
    return Markup("".join(element("div", part) for part in parts))


def fact_table(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Return a table of headings and values without empty values."""
    rows = (
        element("tr", element("th", heading, style=_HEADING), element("td", value, style=_LEFT))
        for heading, value in pairs
        if value
    )
    return element("table", element("tbody", *rows))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Return a table with a header row; numbers are aligned right."""
    head = element("tr", *(element("th", title, style=_LEFT) for title in titles))
    body = (element("tr", *(element("td", cell, style=_style(cell)) for cell in row)) for row in rows)
    return element("table", element("thead", head), element("tbody", *body))


def _style(cell: str) -> str:
    return _RIGHT if cell.replace(",", "").isdigit() else _LEFT
