"""Tasks on several processes: the results come in the order of the tasks, whichever is done first.

Input goes to the workers as it was cut, output comes back in shards (:mod:`kg.shards`). A worker that dies costs its
task another try, and no study.
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
from kg.shards import Bytes, Shards
from kg.work import Item, Result, Settings, Worker

AHEAD = 2
"""Tasks for each worker that are under way, or done and not taken yet."""
TRIES = 3
PATIENCE = 10.0
"""Seconds in which the thread that watches killed processes sees their end."""

_Given = tuple[int, int, Future[Result]]
"""A task that is under way: the number of the start of the processes that do it, and the place of its shard."""
Done = tuple[list[Item], Result, Iterable[Bytes]]
"""A task, what became of it, and its output, which is there until the next one is asked for."""
_worker: Worker | None = None
"""What does the tasks of this process; a forked one finds that of its parent here, with all that it remembers."""
_shards: Shards | None = None
"""Where this process, when it is a worker, puts its outputs."""


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
) -> Iterator[Done]:
    """Each task with its result, in order.

    The first ones are done here, until one has written a study: small inputs start no process. Shards that are files
    stand beside ``place``, or among temporary files, until they are taken. Raises
    :class:`~kg.errors.OutputError` where workers die again and again.
    """
    waiting = iter(tasks)
    for task in waiting:
        result = worker(task, first=True)
        wrote = bool(result.pieces)
        yield task, result, result.pieces
        if wrote:
            break
    if jobs < 2:
        yield from ((task, result, result.pieces) for task in waiting for result in [worker(task)])
        return
    first = next(waiting, None)
    if first is not None:
        with folder_beside(place or Path(gettempdir(), "kg")) as folder:
            global _worker
            _worker = worker
            try:
                yield from _Pool(settings, jobs, folder).results(first, waiting)
            finally:
                _worker = None


class _Pool:
    """Processes that are started anew when one dies."""

    def __init__(self, settings: Settings, jobs: int, folder: Path) -> None:
        self._settings = settings
        self._jobs = jobs
        self._folder = folder
        self._forks = sys.platform == "linux" and threading.active_count() == 1
        self._free = deque(range(2 * AHEAD * jobs))
        """The places of shards that nothing is in; the last is taken first, so that few are ever touched."""
        self._shards = Shards(folder, len(self._free), shared=self._forks)
        self._started = 0
        self._deaths = 0
        self._executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        self._started += 1
        context = get_context("fork" if self._forks else "spawn")  # a fork of a process with threads may lock itself up
        given = (self._settings, os.getpid(), self._folder, self._shards if self._forks else None)
        return ProcessPoolExecutor(self._jobs, context, initializer=_begin, initargs=given)

    def _start_again(self) -> None:
        self._deaths += 1
        if self._deaths == TRIES:
            died = f"Worker processes died {TRIES} times (out of memory, or killed)"
            raise OutputError(f"{died}, so nothing was written.")
        self._stop()
        self._executor = self._start()

    def results(self, first: list[Item], others: Iterator[list[Item]]) -> Iterator[Done]:
        """The results of tasks, a few of them under way at a time."""
        under_way: deque[tuple[list[Item], _Given]] = deque()
        task: list[Item] | None = first
        try:
            while under_way or task is not None:
                while task is not None and len(under_way) < AHEAD * self._jobs:
                    under_way.append((task, self._give(task)))
                    task = next(others, None)
                done, given = under_way.popleft()
                place, result = self._taken(done, given)
                yield done, result, self._shards.pieces(result.shard) if result.shard else ()
                self._free.append(place)
        finally:
            self._stop()

    def _give(self, task: list[Item]) -> _Given:
        sent = [each.sent() if isinstance(each, Parcel) else each for each in task if isinstance(each, Parcel | Record)]
        while True:
            try:
                with held():
                    future = self._executor.submit(_do, sent, self._free[-1])
            except BrokenProcessPool:
                self._start_again()
            else:
                return self._started, self._free.pop(), future

    def _taken(self, task: list[Item], given: _Given) -> tuple[int, Result]:
        """What became of a task that is under way, and the place of its shard."""
        while True:
            started, place, future = given
            try:
                result = future.result()
            except (BrokenProcessPool, CancelledError):
                if started == self._started:
                    self._start_again()
                self._free.appendleft(place)  # what was killed may still fill it for a moment
                given = self._give(task)
            else:
                self._deaths = 0
                return place, result

    def _stop(self) -> None:
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        watching: threading.Thread | None = getattr(self._executor, "_executor_manager_thread", None)
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            with suppress(OSError, ValueError):
                process.kill()  # a signal that it could handle might find it still in the midst of our own work
        if watching is not None:
            watching.join(PATIENCE)  # the end of the interpreter would wake it while it closes what it is woken by


def _begin(settings: Settings, parent: int, folder: Path, shards: Shards | None) -> None:
    """Makes a process a worker, which leaves signals to its parent and ends with it."""
    global _worker, _shards
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    released()
    end_with_parent(parent)
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    _worker = _worker or Worker(settings)
    _shards = shards or Shards(folder, 0, shared=False)


def _do(task: list[Record | Sent], place: int) -> Result:
    assert _worker is not None
    assert _shards is not None
    result = _worker(task)
    if result.pieces:
        result.shard = _shards.put(place, result.pieces)
        result.pieces = []
    return result
