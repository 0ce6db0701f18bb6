"""Tables for notebooks. Their look stands on the elements, since notebooks take style sheets away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kg.draw.picture import web
from kg.notebook.html import Markup, element, joined

_LEFT, _RIGHT = "text-align:left;vertical-align:top", "text-align:right;vertical-align:top"
_HEAD = _LEFT + ";white-space:nowrap"


def link(text: str, address: str) -> Markup:
    """A text that leads to an address of the web; without one the text alone.

    >>> print(link("<b>", "javascript:alert(1)"), link("a", "https://a.org/?b&c"))
    &lt;b&gt; <a href="https://a.org/?b&amp;c" target="_blank" rel="noopener noreferrer">a</a>
    """
    if not web(address):
        return joined([text])
    return element("a", text, href=address, target="_blank", rel="noopener noreferrer")


def lines(parts: Iterable[str]) -> Markup:
    """Parts below each other."""
    return Markup("".join(element("div", part) for part in parts))


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """A table of headings with what is said under each; what is empty is left out."""
    rows = (
        element("tr", element("th", heading, style=_HEAD), element("td", said, style=_LEFT))
        for heading, said in pairs
        if said
    )
    return element("table", element("tbody", *rows))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table with a row of titles; numbers stand at the right."""
    head = element("tr", *(element("th", title, style=_LEFT) for title in titles))
    body = (element("tr", *(element("td", cell, style=_style(cell)) for cell in row)) for row in rows)
    return element("table", element("thead", head), element("tbody", *body))


def _style(cell: str) -> str:
    return _RIGHT if cell.replace(",", "").isdigit() else _LEFT
