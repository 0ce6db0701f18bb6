"""Tasks on several processes: the results come in the order of the tasks, whichever is done first.

A forked worker keeps the output of a task until its turn comes, and then writes it to the file itself, at the place
that it is told; others hand it on. A task and what is told of it lie in shards (:mod:`kg.shards`): through the pipe to
a worker goes only where. A worker that dies is replaced, and costs its tasks another try, and no study.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.beside import folder_beside
from kg.child import end_with_parent, held, released
from kg.errors import OutputError
from kg.records import Parcel, Record
from kg.shards import Shard, Shards
from kg.work import Item, Outcome, Result, Settings, Worker
from kg.write import Writer

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

AHEAD = 3
"""Tasks for each worker that are under way, or done and not taken yet."""
TRIES = 3

Done = tuple[list[Item], Result]
"""A task and what became of it; its output is written, or has its place."""


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
    tasks: Iterable[list[Item]], settings: Settings, worker: Worker, jobs: int, writer: Writer
) -> Iterator[Done]:
    """Each task with its result, in order; the output goes to the writer.

    The first ones are done here, until one has written a study: small inputs start no process. Raises
    :class:`~kg.errors.OutputError` where workers die again and again.
    """
    waiting = iter(tasks)
    wrote = False
    for task in waiting:
        result = worker(task, first=not wrote)
        wrote = wrote or bool(result.pieces)
        writer.add(result.pieces)
        result.pieces = []  # they are not held while the next ones are made
        yield task, result
        if wrote and jobs > 1:
            break
    first = next(waiting, None)
    if first is not None:
        with folder_beside(writer.place or _temporary()) as folder:
            yield from _Pool(settings, worker, jobs, writer, folder).results(first, waiting)


def _temporary() -> Path:
    from tempfile import gettempdir

    return Path(gettempdir(), "kg")


class _Done(NamedTuple):
    """A task that is done: its output, or the size of it where the worker has it, and the shard of its outcomes."""

    output: Shard | int
    outcomes: Shard


@dataclass(slots=True)
class _Given:
    """A task under way, the place of its shards, and its tries; what became of it, and where its output belongs."""

    task: list[Item]
    place: int
    tries: int = 0
    hand: _Hand | None = None
    done: _Done | Exception | None = None
    at: int | None = None


@dataclass(slots=True)
class _Hand:
    """A process that works, the pipe to it, and by their places the tasks that it has, in their order."""

    process: Any
    pipe: Connection
    has: dict[int, _Given] = field(default_factory=dict)

    @property
    def load(self) -> int:
        """How many tasks it still has to do."""
        return sum(given.done is None for given in self.has.values())


class _Pool:
    """Processes that are started as they are needed, and replaced when they die."""

    def __init__(self, settings: Settings, worker: Worker, jobs: int, writer: Writer, folder: Path) -> None:
        with held():  # a signal that comes while a module is loaded may be lost
            from multiprocessing import connection, get_context
        self._wait = connection.wait
        forks = sys.platform == "linux" and threading.active_count() == 1
        self._context: Any = get_context("fork" if forks else "spawn")  # threads may lock a fork up
        self._jobs = jobs
        self._writer = writer
        self._free = deque(range(AHEAD * jobs))
        """The places of shards that nothing is in; the last is taken first, so that few are ever touched."""
        self._shards = Shards(folder, len(self._free) if forks else 0)
        here = (worker, self._shards, writer.shared()) if forks else (None, folder, None)
        self._given = (settings, os.getpid(), *here)
        self._hands: list[_Hand] = []

    def results(self, first: list[Item], others: Iterator[list[Item]]) -> Iterator[Done]:
        """The results of tasks, a few of them under way at a time."""
        under_way: deque[_Given] = deque()
        task: list[Item] | None = first
        try:
            while under_way or task is not None:
                while task is not None and self._free:
                    under_way.append(_Given(task, self._free.pop()))
                    self._give(under_way[-1])
                    task = next(others, None)
                if under_way:
                    yield self._taken(under_way.popleft())
                else:
                    self._listen()
            while any(hand.has for hand in self._hands):
                self._listen()
        finally:
            for hand in self._hands:
                _end(hand)

    def _give(self, given: _Given) -> None:
        """Has a worker do a task: one that has nothing to do, a new one, or the one with the fewest."""
        hand = min(self._hands, key=lambda each: each.load, default=None)
        if hand is None or (hand.load and len(self._hands) < self._jobs):
            hand = self._start()
        sent = [each.sent if isinstance(each, Parcel) else each for each in given.task if _is_work(each)]
        (shard,) = self._shards.put(given.place, [pickle.dumps(sent, pickle.HIGHEST_PROTOCOL)])
        given.hand = hand
        hand.has[given.place] = given
        self._tell(hand, shard)

    def _start(self) -> _Hand:
        with held():
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(theirs, *self._given), daemon=True)
            process.start()
            theirs.close()  # so that the end of the process is the end of the pipe
            self._hands.append(_Hand(process, ours))
        return self._hands[-1]

    def _tell(self, hand: _Hand, message: Shard | tuple[int, int]) -> None:
        try:
            hand.pipe.send(message)
        except OSError:
            self._replace(hand)

    def _taken(self, given: _Given) -> Done:
        """A task with its outcomes, when it is done; raises what the worker could not do it for."""
        while given.done is None:
            self._listen()
        if isinstance(given.done, Exception):
            raise given.done
        output, shard = given.done
        outcomes: list[Outcome] = _loaded(self._shards, shard)
        if isinstance(output, Shard):
            self._writer.add(self._shards.pieces(output))
            self._finished(given)
        else:
            given.at = self._writer.reserve(output)
            self._write(given, given.at)
        return given.task, Result(outcomes)

    def _write(self, given: _Given, at: int) -> None:
        assert given.hand is not None
        self._tell(given.hand, (given.place, at))

    def _finished(self, given: _Given) -> None:
        assert given.hand is not None
        del given.hand.has[given.place]
        self._free.append(given.place)

    def _listen(self) -> None:
        """Waits until a worker has done a task or written one, or has died."""
        ready = self._wait([hand.pipe for hand in self._hands])
        for hand in [hand for hand in self._hands if hand.pipe in ready]:
            if hand not in self._hands:
                continue  # it was found dead when it was given the task of another
            try:
                place, said = hand.pipe.recv()
            except (OSError, EOFError):
                self._replace(hand)
            else:
                self._heard(hand.has[place], said)

    def _heard(self, given: _Given, said: _Done | Exception | None) -> None:
        if said is None:
            self._finished(given)
        elif given.at is None:
            given.done = said
        elif isinstance(said, Exception):
            raise said
        else:
            self._write(given, given.at)  # it was done once more, as who had its output died

    def _replace(self, hand: _Hand) -> None:
        """Gives the tasks of a worker that died to others."""
        self._hands.remove(hand)
        _end(hand)
        tasks = list(hand.has.values())
        blamed = next((given for given in tasks if given.done is None), tasks[0] if tasks else None)
        if blamed is not None:
            blamed.tries += 1
            if blamed.tries == TRIES:
                died = f"Worker processes died {TRIES} times (out of memory, or killed)"
                raise OutputError(f"{died}, so nothing was written.")
        for given in tasks:
            if given.at is None and isinstance(given.done, _Done) and not isinstance(given.done.output, int):
                continue  # it lies in its shard
            given.done = given.done if given.at is not None else None
            self._give(given)


def _is_work(item: Item) -> bool:
    return isinstance(item, Parcel | Record)


def _end(hand: _Hand) -> None:
    hand.process.kill()  # a signal that it could handle might find it still in the midst of our own work
    hand.process.join()
    hand.process.close()
    hand.pipe.close()


def _serve(
    pipe: Connection, settings: Settings, parent: int, worker: Worker | None, shards: Shards | Path, output: int | None
) -> None:
    """The work of a process, which leaves signals to its parent and ends with it.

    A forked one has the worker of its parent, with all that it remembers, and memory and an output that are shared.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    released()
    end_with_parent(parent)
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    worker = worker or Worker(settings)
    shards = Shards(shards, 0) if isinstance(shards, Path) else shards
    waiting: deque[Shard] = deque()
    kept: dict[int, list[bytes]] = {}
    with suppress(EOFError):
        while True:
            while not waiting or pipe.poll():
                said = pipe.recv()
                if isinstance(said, Shard):
                    waiting.append(said)
                else:
                    place, at = said
                    pipe.send((place, _written(output, kept.pop(place), at)))
            given = waiting.popleft()
            pipe.send((given.place, _done(worker, shards, given, None if output is None else kept)))


def _done(worker: Worker, shards: Shards, given: Shard, kept: dict[int, list[bytes]] | None) -> _Done | Exception:
    """Where the output of a task and its outcomes are, or why it cannot be done."""
    try:
        result = worker(_loaded(shards, given))
        outcomes = pickle.dumps(result.outcomes, pickle.HIGHEST_PROTOCOL)
        if kept is None:
            return _Done(*shards.put(given.place, result.pieces, [outcomes]))
        kept[given.place] = result.pieces
        return _Done(sum(map(len, result.pieces)), *shards.put(given.place, [outcomes]))
    except Exception as error:  # its turn comes in the order of the tasks
        return error


def _written(output: int | None, pieces: Sequence[bytes], at: int) -> Exception | None:
    """Writes pieces at a place of the output; why they cannot be written."""
    assert output is not None
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                size = os.pwrite(output, left, at)
                left, at = left[size:], at + size
    except OSError as error:
        return error
    return None


def _loaded(shards: Shards, shard: Shard) -> Any:
    return pickle.loads(b"".join(shards.pieces(shard)))  # noqa: S301 -- of this run, in memory or a folder of our own
