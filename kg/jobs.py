"""Tasks on several processes: the results come in the order of the tasks, whichever is done first.

Input goes to the workers as it was cut, output into files of their own; so neither is held by the parent. A worker
that dies costs its task another try, and no study.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from tempfile import gettempdir

from kg.beside import folder_beside
from kg.child import end_with_parent, held, released
from kg.errors import OutputError
from kg.records import Parcel, Record, Sent
from kg.work import Item, Result, Settings, Worker

AHEAD = 2
"""Tasks for each worker that are under way, or done and not taken yet."""
TRIES = 3
PATIENCE = 10.0
"""Seconds in which the thread that watches killed processes sees their end."""

_Given = tuple[int, Future[Result]]
"""A task that is under way, and the number of the start of the processes that do it."""
_worker: Worker | None = None
"""What does the tasks of this process; a forked one finds that of its parent here, with all that it remembers."""


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
    tasks: Iterable[list[Item]], settings: Settings, worker: Worker, jobs: int, place: Path | None
) -> Iterator[tuple[list[Item], Result]]:
    """Each task with its result, in order.

    The first ones are done here, until one has written a study: small inputs start no process. The outputs of the
    workers stand beside ``place``, or among temporary files, until they are taken. Raises
    :class:`~kg.errors.OutputError` where workers die again and again.
    """
    waiting = iter(tasks)
    for task in waiting:
        result = worker(task, first=True)
        wrote = bool(result.data)
        yield task, result
        if wrote:
            break
    if jobs < 2:
        yield from ((task, worker(task)) for task in waiting)
        return
    first = next(waiting, None)
    if first is not None:
        with folder_beside(place or Path(gettempdir(), "kg")) as shards:
            global _worker
            _worker = worker
            try:
                yield from _Pool(settings, jobs, shards).results(first, waiting)
            finally:
                _worker = None


class _Pool:
    """Processes that are started anew when one dies."""

    def __init__(self, settings: Settings, jobs: int, shards: Path) -> None:
        self._settings = settings
        self._jobs = jobs
        self._shards = shards
        self._given = 0
        self._started = 0
        self._deaths = 0
        self._executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        self._started += 1
        alone = sys.platform == "linux" and threading.active_count() == 1
        context = get_context("fork" if alone else "spawn")  # a fork of a process with threads may lock itself up
        return ProcessPoolExecutor(self._jobs, context, initializer=_begin, initargs=(self._settings, os.getpid()))

    def _start_again(self) -> None:
        self._deaths += 1
        if self._deaths == TRIES:
            died = f"Worker processes died {TRIES} times (out of memory, or killed)"
            raise OutputError(f"{died}, so nothing was written.")
        self._stop()
        self._executor = self._start()

    def results(self, first: list[Item], others: Iterator[list[Item]]) -> Iterator[tuple[list[Item], Result]]:
        """The results of tasks, a few of them under way at a time."""
        under_way: deque[tuple[list[Item], _Given]] = deque()
        task: list[Item] | None = first
        try:
            while under_way or task is not None:
                while task is not None and len(under_way) < AHEAD * self._jobs:
                    under_way.append((task, self._give(task)))
                    task = next(others, None)
                given, future = under_way.popleft()
                yield given, self._taken(given, future)
        finally:
            self._stop()

    def _give(self, task: list[Item]) -> _Given:
        sent = [each.sent() if isinstance(each, Parcel) else each for each in task if isinstance(each, Parcel | Record)]
        while True:
            self._given += 1
            place = self._given % (2 * AHEAD * self._jobs)  # whose room on disk is used again
            try:
                shard = str(self._shards / f"{self._started}-{place}")
                with held():
                    return self._started, self._executor.submit(_do, sent, shard)
            except BrokenProcessPool:
                self._start_again()

    def _taken(self, task: list[Item], given: _Given) -> Result:
        while True:
            started, future = given
            try:
                result = future.result()
            except (BrokenProcessPool, CancelledError):
                if started == self._started:
                    self._start_again()
                given = self._give(task)
            else:
                self._deaths = 0
                return result

    def _stop(self) -> None:
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        watching: threading.Thread | None = getattr(self._executor, "_executor_manager_thread", None)
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            with suppress(OSError, ValueError):
                process.kill()  # a signal that it could handle might find it still in the midst of our own work
        if watching is not None:
            watching.join(PATIENCE)  # the end of the interpreter would wake it while it closes what it is woken by


def _begin(settings: Settings, parent: int) -> None:
    """Makes a process a worker, which leaves signals to its parent and ends with it."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    released()
    end_with_parent(parent)
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    _worker = _worker or Worker(settings)


def _do(task: list[Record | Sent], shard: str) -> Result:
    assert _worker is not None
    result = _worker(task)
    if result.data:
        with open(os.open(shard, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:  # noqa: PTH123 -- not cut to nothing first
            file.write(result.data)
        result.shard = shard, len(result.data)
        result.data = b""
    return result
