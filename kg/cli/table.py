"""Query results as a terminal table, with wrapped text and prefixed IRIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from kg.query.results import Answer


def show(answer: Answer, console: Console | None = None) -> None:
    """Print the rows of an answer and their number."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, row_styles=("", "dim") if len(answer.variables) > 4 else None)
    for name, number in zip(answer.variables, answer.numeric(), strict=True):
        table.add_column(Text(name), justify="right" if number else "left", overflow="fold")
    for row in answer.cells():
        table.add_row(*map(Text, row))
    console = console or Console(highlight=False)
    console.print(table)
    count = len(answer.terms)
    console.print(f"{count:,} row{'' if count == 1 else 's'}", style="dim")
