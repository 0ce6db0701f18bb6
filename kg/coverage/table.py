"""Output of ``kg coverage``: a terminal table and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from kg.coverage.formats import SECTION_WIDTH, add_by_section, render, terminal_table
from kg.coverage.measure import IRI_OF, LEFT_OUT, UNMAPPED, Coverage, PathCoverage
from kg.errors import printable

if TYPE_CHECKING:
    from rich.text import Text


def as_json(coverage: Coverage) -> bytes:
    """Return the coverage as JSON."""
    return orjson.dumps(coverage.as_dict(), option=orjson.OPT_INDENT_2) + b"\n"


def as_table(coverage: Coverage, *, all_paths: bool = False) -> str:
    """Return a table for the terminal of the paths that occur, or of all."""
    table = terminal_table()
    table.add_column("JSON path", overflow="fold", min_width=SECTION_WIDTH)
    for title in ("in graph", "values", "records"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    table.add_column("property", overflow="fold")
    add_by_section(table, coverage.paths.values() if all_paths else coverage.occurring, _cells)
    return render(table)


def _cells(item: PathCoverage, path: str) -> list[Text]:
    from rich.text import Text

    properties = [name for name in item.properties if not name.startswith(IRI_OF)] or item.properties
    counts = [Text(f"{item.values:,}"), Text(f"{item.records:,}")]
    return [Text(printable(path)), _in_graph(item), *counts, Text(", ".join(properties))]


def _in_graph(item: PathCoverage) -> Text:
    from rich.text import Text

    if item.status == LEFT_OUT:
        return Text("left out", style="yellow")
    if item.status == UNMAPPED:
        return Text("unmapped", style="bold red")
    if not item.unmapped:
        return Text("all" if item.values else "-", style="green" if item.values else "dim")
    return Text(f"{item.in_graph:,}", style="red")
