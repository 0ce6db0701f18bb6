"""Tasks with their results, in order, done here or by several processes (:mod:`kg.export.pool`)."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kg._process import held
from kg.export.output_buffer import OutputBuffer
from kg.export.tasks import Done, Item, Settings, Worker
from kg.rdf.atomic import folder_beside


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def quiet_gc() -> Iterator[None]:
    """The time of a run, whose objects leave no cycles behind; looking for them took a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def results(
    tasks: Iterable[list[Item]], settings: Settings, worker: Worker, jobs: int, place: Path | None, at_last: ExitStack
) -> Iterator[Done]:
    """Each task with its result, in order.

    The first ones are done here, until one has written a study: small inputs start no process. What processes leave in
    files stands beside ``place``, or among temporary files, until it is taken; that they
    have ended is waited for ``at_last``. Raises :class:`~kg.errors.OutputError` where workers die again and again.
    """
    waiting, room = iter(tasks), OutputBuffer()
    for task in waiting:
        yield task, worker(task, room, first=True), room.pieces()
        if len(room):
            break
    first = next(waiting, None) if jobs > 1 else None
    if first is not None:
        room.give_back()
        with held():  # a signal that comes while a module is loaded may be lost
            from kg.export.pool import Pool

        with folder_beside(place or _temporary()) as folder:
            yield from Pool(settings, worker, jobs, folder, at_last).results(first, waiting)
    else:
        for task in waiting:
            room.clear()
            yield task, worker(task, room), room.pieces()


def _temporary() -> Path:
    from tempfile import gettempdir

    return Path(gettempdir(), "kg")
