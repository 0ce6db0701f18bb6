"""Output formats of ``kg fields`` and terminal tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import orjson

from kg.coverage.fields import COLUMNS, FieldRow, section
from kg.errors import printable

if TYPE_CHECKING:
    from rich.table import Table

SECTION_WIDTH = 36
"""Minimum width of the first column of a terminal table."""


def as_markdown(rows: list[FieldRow]) -> str:
    """Return the rows as Markdown, one table per module."""
    lines: list[str] = []
    for name in dict.fromkeys(section(row.path) for row in rows):
        lines += [f"## {name or 'Others'}", "", "| " + " | ".join(COLUMNS.values()) + " |", "|---" * len(COLUMNS) + "|"]
        for row in rows:
            if section(row.path) == name:
                *cells, definition = asdict(row).values()
                lines.append("| " + " | ".join([*(_code(str(cell)) for cell in cells), _prose(definition)]) + " |")
        lines.append("")
    return "\n".join(lines)


def _code(text: str) -> str:
    """Format a text as code in a Markdown table."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return fence + pad + text.replace("|", "\\|") + pad + fence


def _prose(text: str) -> str:
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return text.replace("\\](", "\\]\\(")


def as_json(rows: list[FieldRow]) -> str:
    """Return the rows as a JSON array."""
    return orjson.dumps([asdict(row) for row in rows], option=orjson.OPT_INDENT_2).decode() + "\n"


def as_csv(rows: list[FieldRow]) -> str:
    """Return the rows as CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(asdict(row).values() for row in rows)
    return text.getvalue()


def as_table(rows: list[FieldRow]) -> str:
    """Return the rows as a table for the terminal."""
    from rich.text import Text

    table = terminal_table()
    shown = ("path", "property", "value", "cardinality", "count", "example")
    for name in shown:
        is_number, widths = name == "count", {"path": SECTION_WIDTH, "example": 20}
        justify: Literal["left", "right"] = "right" if is_number else "left"
        width = widths.get(name, len(COLUMNS[name]))
        table.add_column(COLUMNS[name], justify=justify, overflow="fold", no_wrap=is_number, min_width=width)

    def cells(row: FieldRow, path: str) -> list[Text]:
        values = asdict(row) | {"path": path}
        return [Text(str(values[name])) for name in shown]

    add_by_section(table, rows, cells)
    return render(table)


def terminal_table() -> Table:
    """Return an empty table in the style of this package."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))


def add_by_section(table: Table, rows: Iterable[Any], cells: Callable[[Any, str], list[Any]]) -> None:
    """Add rows under a title for each section; ``cells`` gets a row and its indented path within the section."""
    from rich.text import Text

    sections: dict[str, list[Any]] = {}
    for row in rows:
        sections.setdefault(section(row.path), []).append(row)
    for name, members in sections.items():
        table.add_row(Text(printable(name) or "others", style="bold cyan"))
        for row in members:
            table.add_row(*cells(row, "  " + row.path.removeprefix(name).removeprefix(".")))


def render(table: Table, width: int = 180) -> str:
    """Return a table as text: with colours for a terminal, otherwise plain and ``width`` wide."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = width
    with console.capture() as capture:
        console.print(table)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


FORMATS: dict[str, Callable[[list[FieldRow]], str]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
}
"""The functions that format rows, by format name."""
