"""Progress of several steps, shown on standard error where that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kg.cli.base import REFRESH, message

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from kg.registry.fetch import Watch


class ProgressBars:
    """A bar per step, drawn from its first call on; methods are called with what was done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._drawn = 0.0

    def studies(self, done: int, total: int | None) -> None:
        """Show how many studies were fetched, of how many."""
        self._show("Studies", done, total)

    def listed(self, done: int, total: int | None) -> None:
        """Show how many studies were listed, of how many."""
        self._show("Listing", done, total)

    def _show(self, step: str, done: int, total: int | None) -> None:
        amount = f"{done:,} of {total:,}" if total else f"{done:,}"
        self._progress.update(self._task(step), completed=done, total=total, amount=amount)
        self._draw()

    def downloaded(self, size: int) -> None:
        """Add bytes of a download."""
        self._add("Download", size)

    def converted(self, size: int) -> None:
        """Add bytes of the input of an export."""
        self._add("Converting", size)

    def _add(self, step: str, size: int) -> None:
        task = self._task(step)
        self._progress.advance(task, size)
        megabytes = next(each.completed for each in self._progress.tasks if each.id == task) / 1e6
        self._progress.update(task, amount=f"{megabytes:,.0f} MB")
        self._draw()

    def _task(self, step: str) -> TaskID:
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=None, amount="")
        return self._tasks[step]

    def _draw(self) -> None:
        """Draw the bars now and then; a thread that does is unsafe with fork."""
        if time.monotonic() - self._drawn > REFRESH:
            self._progress.refresh()
            self._drawn = time.monotonic()


@contextmanager
def progress_bars() -> Iterator[ProgressBars | None]:
    """Show bars if standard error is a terminal; they are gone at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TextColumn("{task.fields[amount]}", markup=False),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bars:
        yield ProgressBars(bars)


def watch_of(bars: ProgressBars | None) -> Watch:
    """Return the functions that show progress and messages."""
    from kg.registry.fetch import Watch

    if bars is None:
        return Watch(notice=message)
    return Watch(bars.studies, bars.downloaded, bars.converted, bars.listed, message)
