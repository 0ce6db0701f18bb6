"""Running of the tasks of an export, in this process or in several; results are in the order of the tasks."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from kg._process import blocked_signals, end_with_parent, unblock_signals
from kg._types import Bytes
from kg.errors import KGError, OutputError
from kg.export.tasks import Item, Settings, TaskResult, Worker, sendable
from kg.rdf.atomic import system_folder, temporary_folder
from kg.records.chunks import ChunkData

QUEUED = 3
"""Tasks per process that are queued, running, or done and not yet written."""
TRIES = 2
"""Maximum number of attempts per task if worker processes die."""
_READ = 1 << 20
_RARE_COLLECTIONS = (100_000, 50, 100)
"""Thresholds of the garbage collector: a run has no cycles, and searching for them took a fifth of its time."""


T = TypeVar("T")


class TaskOutput(NamedTuple):
    """A finished task: its items, the result of each item, and its output, valid until the next one is requested."""

    task: list[Item]
    results: list[TaskResult]
    pieces: Iterable[Bytes]


@dataclass(slots=True)
class _Pending:
    """A task in the pool, and the part file that its output goes to."""

    task: list[Item]
    part: Path
    future: Future[tuple[list[TaskResult], int]]
    tries: int = 1


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage rarely while the context is open."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARE_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def run_tasks(
    tasks: Iterable[list[Item]], settings: Settings, worker: Worker, jobs: int, target: Path | None
) -> Iterator[TaskOutput]:
    """Run tasks and yield their outputs in order.

    Tasks run in this process until one of them has written a study, so small inputs start no other process. The part
    files of the others are next to ``target``, or in the folder for temporary files. Raises
    :class:`~kg.errors.OutputError` where worker processes die repeatedly.
    """
    remaining = iter(tasks)
    for task in remaining:
        results, pieces = worker(task, first=True)
        yield TaskOutput(task, results, pieces)
        if pieces:
            break
    first = next(remaining, None) if jobs > 1 else None
    if first is not None:
        place = temporary_folder(target) if target else system_folder()
        with place as folder, _Pool(settings, worker, jobs, folder, target) as pool:
            yield from pool.run(first, remaining)
        return
    for task in remaining:
        results, pieces = worker(task)
        yield TaskOutput(task, results, pieces)


class _Pool:
    """A process pool that writes the output of each task to a part file."""

    def __init__(self, settings: Settings, worker: Worker, jobs: int, folder: Path, target: Path | None) -> None:
        # A fork shares the caches of this worker and starts at once; it is not safe where another thread holds a lock.
        self._forks = sys.platform == "linux" and threading.active_count() == 1
        self._arguments = (settings, os.getpid(), worker if self._forks else None)
        self._jobs = jobs
        self._name = target or "Standard output"
        self._parts = [folder / str(i) for i in range(QUEUED * jobs)]
        self._executor = self._started()

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("fork" if self._forks else "spawn")
        return ProcessPoolExecutor(self._jobs, context, _initialize, self._arguments)

    def run(self, first: list[Item], others: Iterator[list[Item]]) -> Iterator[TaskOutput]:
        """Run tasks, of which only a few are in the pool at a time."""
        pending: deque[_Pending] = deque()
        task: list[Item] | None = first
        while pending or task is not None:
            while task is not None and self._parts:
                part = self._parts.pop()
                pending.append(_Pending(task, part, self._submit(task, part)))
                task = next(others, None)
            results, size = self._result(pending)
            done = pending.popleft()
            yield TaskOutput(done.task, results, _slice(done.part, size))
            self._parts.append(done.part)

    def _submit(self, task: list[Item], part: Path) -> Future[tuple[list[TaskResult], int]]:
        with blocked_signals():  # the first task forks the processes
            try:
                return self._executor.submit(_run, sendable(task), part)
            except BrokenProcessPool as error:
                future: Future[tuple[list[TaskResult], int]] = Future()
                future.set_exception(error)
                return future
            except OSError as error:
                reason = error.strerror or error
                raise OutputError(f"Worker processes cannot be started ({reason}); --jobs 1 needs none.") from error

    def _result(self, pending: deque[_Pending]) -> tuple[list[TaskResult], int]:
        """Wait for the result of the first pending task; where a process died, run the unfinished tasks again."""
        while True:
            try:
                return pending[0].future.result()
            except BrokenProcessPool:
                self._restart([item for item in pending if not item.future.done() or item.future.exception()])
            except KGError:
                raise
            except OSError as error:
                raise OutputError(f"{self._name} cannot be written: {error.strerror or error}.") from error
            except Exception as error:
                failure = f"A worker process failed ({type(error).__name__}: {error})"
                raise OutputError(f"{failure}, so nothing was written.") from error

    def _restart(self, unfinished: list[_Pending]) -> None:
        if any(item.tries == TRIES for item in unfinished):
            raise OutputError("Worker processes died twice (out of memory, or killed), so nothing was written.")
        self._executor.shutdown()
        self._executor = self._started()
        for item in unfinished:
            item.tries += 1
            item.future = self._submit(item.task, item.part)


class PoolClient:
    """A process pool with the methods of ``distributed.Client`` that an export in parts uses."""

    def __init__(self, settings: Settings, jobs: int) -> None:
        forks = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork" if forks else "spawn")
        self._executor = ProcessPoolExecutor(jobs, context, _initialize, (settings, os.getpid(), None))

    def __enter__(self) -> PoolClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def submit(self, function: Callable[..., T], *arguments: Any, **options: Any) -> Future[T]:
        """Run a function in a process; the options ``pure`` and ``retries`` of Dask have no effect."""
        options = {name: value for name, value in options.items() if name not in ("pure", "retries")}
        with blocked_signals():
            return self._executor.submit(function, *arguments, **options)


_worker: Worker | None = None
"""The worker of this process, in a process of the pool."""


def _initialize(settings: Settings, parent: int, worker: Worker | None) -> None:
    """Prepare a process of the pool: its parent handles interrupts, and it ends when its parent does."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    unblock_signals()
    end_with_parent(parent)
    gc.freeze()
    gc.set_threshold(*_RARE_COLLECTIONS)
    _worker = worker or Worker(settings)


def _run(task: list[Item | ChunkData], part: Path) -> tuple[list[TaskResult], int]:
    """Run a task in a process of the pool: its results, and how many bytes it wrote to its part file."""
    assert _worker is not None
    results, pieces = _worker(task)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 -- not truncated: its blocks are used again
        file.writelines(pieces)
        return results, file.tell()


def _slice(part: Path, size: int) -> Iterator[bytes]:
    """Yield the first ``size`` bytes of a file."""
    with part.open("rb", buffering=0) as file:
        while size and (data := file.read(min(_READ, size))):
            size -= len(data)
            yield data
