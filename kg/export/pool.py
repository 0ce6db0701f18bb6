"""Tasks on several processes: the results come in the order of the tasks, whichever is done first.

One process gives tasks to workers, takes what they have done, and does tasks itself when there is nothing to take. A
task and its result lie in a shard (:mod:`kg.export.shards`); through the pipe to a worker goes only where. A worker
that dies is replaced, and costs its tasks another try, and no study.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg._process import end_with_parent, held, released
from kg.errors import OutputError
from kg.export.native import keep_memory
from kg.export.processes import Pipe, Process, processes
from kg.export.shards import Shard, Shards
from kg.export.tasks import Done, Item, Settings, TaskResult, Worker
from kg.records.chunks import Chunk, WholeFile
from kg.records.reader import Record

AT_HAND = 2
"""Tasks that a worker has at most: what it does, and what it does next. The others wait for whoever is free first."""
BESIDE = 2
"""Tasks beside these that are under way, or done and not taken yet."""
TRIES = 3


@dataclass(slots=True)
class _Given:
    """A task that is under way or done: the place of its shards, how often it was tried, and what became of it."""

    task: list[Item]
    place: int
    tries: int = 0
    shards: tuple[Shard, Shard] | Exception | None = None


@dataclass(slots=True)
class _Hand:
    """A process that works, and the tasks that it has, the first of which it is about."""

    process: Process
    has: deque[_Given] = field(default_factory=deque)


class Pool:
    """Processes that are started as they are needed, and replaced when they die.

    Shards that are files stand in a folder. When all is done they are ended, which is waited for ``at_last``.
    """

    def __init__(self, settings: Settings, worker: Worker, jobs: int, folder: Path, at_last: ExitStack) -> None:
        self._at_last = at_last
        with held():  # a signal that comes while a module is loaded may be lost
            self._processes = processes()
        forked = self._processes.forked
        self._most = jobs - 1
        """The processes beside this one."""
        self._worker = worker
        self._free = deque(range(AT_HAND * self._most + BESIDE))
        """The places of shards that nothing is in; the last is taken first, so that few are ever touched."""
        self._shards = Shards(folder, len(self._free) if forked else 0)
        self._given = (settings, os.getpid(), worker if forked else None, self._shards if forked else folder)
        self._hands: list[_Hand] = []
        self._waiting: deque[_Given] = deque()

    def results(self, first: list[Item], others: Iterator[list[Item]]) -> Iterator[Done]:
        """The results of tasks, a few of them under way at a time."""
        under_way: deque[_Given] = deque()
        task: list[Item] | None = first
        try:
            while under_way or task is not None:
                while task is not None and self._free:
                    given = _Given(task, self._free.pop())
                    under_way.append(given)
                    self._waiting.append(given)
                    self._hand_out()
                    task = next(others, None)
                output, outcomes = self._taken(under_way[0])
                done = under_way.popleft()
                yield done.task, outcomes, self._shards.pieces(output)
                self._free.append(done.place)
        finally:
            self._stop()

    def _hand_out(self) -> None:
        """Has workers do what waits, as long as one has few tasks, or can be started."""
        while self._waiting and (hand := self._hand()):
            hand.has.append(self._waiting.popleft())
            shard = self._put(hand.has[-1])
            try:
                hand.process.pipe.send(shard)
            except OSError:
                self._replace(hand)

    def _hand(self) -> _Hand | None:
        """A worker that has nothing to do, a new one, or the one with the fewest tasks, if these are few."""
        hand = min(self._hands, key=lambda each: len(each.has), default=None)
        if len(self._hands) < self._most and (hand is None or hand.has):
            hand = self._start() or hand
        return hand if hand is not None and len(hand.has) < AT_HAND else None

    def _put(self, given: _Given) -> Shard:
        sent = [each.data if isinstance(each, Chunk) else each for each in given.task if _is_work(each)]
        return self._shards.put(given.place, self._shards.room(given.place), _dumped(sent))[1]

    def _work(self) -> None:
        """Does the first task that waits."""
        given = self._waiting.popleft()
        try:
            given.shards = _done(self._worker, self._shards, given.place, given.task)
        except Exception as error:  # its turn comes in the order of the tasks
            given.shards = error

    def _start(self) -> _Hand | None:
        """A new worker; none where the system gives no more, and then it is not asked again."""
        with held():
            try:
                self._hands.append(_Hand(self._processes.start(_serve, *self._given)))
            except OSError:
                self._most = len(self._hands)
                return None
        return self._hands[-1]

    def _taken(self, done: _Given) -> tuple[Shard, list[TaskResult]]:
        """The output of a task and its outcomes, when it is done; raises why it cannot be done.

        Meanwhile others are done, so that no process waits.
        """
        self._listen(0)
        while done.shards is None:
            if self._waiting:
                self._work()
            self._listen(0 if done.shards or self._waiting else None)
        if isinstance(done.shards, Exception):
            raise done.shards
        output, outcomes = done.shards
        return output, _loaded(self._shards, outcomes)

    def _listen(self, seconds: float | None = None) -> None:
        """Waits until a worker has done a task, or has died, if only for some time."""
        ready = self._processes.wait([hand.process.pipe for hand in self._hands], seconds)
        for hand in [*self._hands]:
            if hand.process.pipe in ready and hand in self._hands:  # it may be found dead when it is given a task
                self._hear(hand)

    def _hear(self, hand: _Hand) -> None:
        try:
            hand.has[0].shards = hand.process.pipe.recv()
        except (OSError, EOFError):
            self._replace(hand)
        else:
            hand.has.popleft()
            self._hand_out()

    def _replace(self, hand: _Hand) -> None:
        """Has others do the tasks of a worker that died."""
        self._hands.remove(hand)
        _end(hand)
        if hand.has:
            hand.has[0].tries += 1
            if hand.has[0].tries == TRIES:
                died = f"Worker processes died {TRIES} times (out of memory, or killed)"
                raise OutputError(f"{died}, so nothing was written.")
        self._waiting.extendleft(reversed(hand.has))
        self._hand_out()

    def _stop(self) -> None:
        with held():
            try:
                self._shards.close()  # before the others do, so that it is not here that its pages are given back
            finally:
                for hand in self._hands:
                    hand.process.kill()
                for hand in self._hands:
                    if hand.has:  # it may be making a file, which is not to come when all are taken away
                        hand.process.forget()
                    else:
                        self._at_last.callback(hand.process.forget)


def _is_work(item: Item) -> bool:
    return isinstance(item, Chunk | WholeFile | Record)


def _end(hand: _Hand) -> None:
    hand.process.kill()  # a signal that it could handle might find it still in the midst of our own work
    hand.process.forget()


def _serve(pipe: Pipe, settings: Settings, parent: int, worker: Worker | None, shards: Shards | Path) -> None:
    """The work of a process, which leaves signals to its parent and ends with it.

    A forked one has the worker of its parent, with all that it remembers, and memory that is shared.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    released()
    end_with_parent(parent)
    keep_memory()
    if hasattr(os, "nice"):
        os.nice(1)  # who writes for all of them is not kept waiting
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    worker = worker or Worker(settings)
    shards = Shards(shards, 0) if isinstance(shards, Path) else shards
    with suppress(EOFError):
        while True:
            pipe.send(_answer(worker, shards, pipe.recv()))


def _answer(worker: Worker, shards: Shards, given: Shard) -> tuple[Shard, Shard] | Exception:
    """What becomes of a task that another process put into a shard, or why it cannot be done."""
    try:
        return _done(worker, shards, given.place, _loaded(shards, given))
    except BaseException as error:  # its turn comes in the order of the tasks
        return _sendable(error)


def _done(worker: Worker, shards: Shards, place: int, task: list[Item]) -> tuple[Shard, Shard]:
    """Where the output of a task and its outcomes are."""
    room = shards.room(place)
    return shards.put(place, room, _dumped(worker(task, room)))


def _sendable(error: BaseException) -> Exception:
    try:
        if isinstance(error, Exception) and type(pickle.loads(pickle.dumps(error))) is type(error):  # noqa: S301 -- ours
            return error
    except Exception:  # noqa: S110 -- then it is told in words
        pass
    return OutputError(f"A worker process failed ({type(error).__name__}: {error}), so nothing was written.")


def _dumped(value: object) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _loaded(shards: Shards, shard: Shard) -> Any:
    return pickle.loads(b"".join(shards.pieces(shard)))  # noqa: S301 -- of this run, in memory or a folder of our own
