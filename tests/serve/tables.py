"""The tables of an HTML page as texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "img", "input", "link", "meta", "hr", "source", "wbr"}


@dataclass
class Table:
    """A table: the identifier of the element around it, its label, and its rows of cells."""

    place: str
    label: str
    rows: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self._open: list[tuple[str, str, str]] = []  # tag, id, label
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "table":
            places = [place for _, place, _ in self._open if place]
            labels = [label for _, _, label in self._open if label]
            self.tables.append(Table(places[-1] if places else "", labels[-1] if labels else ""))
        elif tag == "tr" and self.tables:
            self.tables[-1].rows.append([])
        elif tag in ("td", "th") and self.tables:
            self._cell = []
        elif tag in ("span", "p", "br", "div", "li", "summary") and self._cell is not None:
            self._cell.append(" ")
        if tag not in VOID:
            self._open.append((tag, values.get("id") or "", values.get("aria-label") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None and self.tables:
            self.tables[-1].rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def tables(page: str) -> list[Table]:
    """Return the tables of a page in their order."""
    reader = _Reader()
    reader.feed(page)
    return reader.tables
