"""Processes that work for this one, each with a pipe through which values go there and come back.

On Linux they are forked, unless another thread might hold a lock just then: a fork has all that this process remembers,
and starts in less time than the modules take that start processes elsewhere.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from kg._process import fork

_LENGTH = 8
"""Bytes of a length."""


class Pipe(Protocol):
    """One end of a pipe; receiving raises :class:`EOFError` and sending :class:`OSError` when the other has ended."""

    def fileno(self) -> int:
        """What is waited for."""
        ...

    def send(self, value: Any, /) -> None:
        """Sends a value."""
        ...

    def recv(self) -> Any:
        """The next value that was sent from the other end."""
        ...

    def close(self) -> None:
        """Lets it go."""
        ...


Serve = Callable[..., None]
"""The work of a process: it gets its end of the pipe, and what else it is given."""


class Process(Protocol):
    """A process, whose end is the end of its pipe."""

    pipe: Pipe

    def kill(self) -> None:
        """Ends the process, if it has not ended."""
        ...

    def forget(self) -> None:
        """Waits until it has ended, and lets all go that was kept of it."""
        ...


class Processes(Protocol):
    """A way to start processes."""

    forked: bool
    """Whether they share the memory of this one, and have all that it remembers."""

    def start(self, serve: Serve, *given: Any) -> Process:
        """Starts a process, while signals are held."""
        ...

    def wait(self, pipes: Sequence[Pipe], seconds: float | None) -> Sequence[object]:
        """Waits until something can be received, or a process has ended, if only for some time; from which pipes."""
        ...


def processes() -> Processes:
    """The way that is quick and safe here."""
    return _Forks() if sys.platform == "linux" and threading.active_count() == 1 else _Spawns()


class _Values:
    """One end of two pipes of the system, through which values go, each behind its length."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads = reads
        self._writes = writes

    def fileno(self) -> int:
        return self._reads

    def send(self, value: Any, /) -> None:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        left = memoryview(len(data).to_bytes(_LENGTH, "little") + data)
        while left:
            left = left[os.write(self._writes, left) :]

    def recv(self) -> Any:
        size = int.from_bytes(self._read(_LENGTH), "little")
        return pickle.loads(self._read(size))  # noqa: S301 -- it comes from a fork of this process, or its parent

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = os.read(self._reads, size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def close(self) -> None:
        os.close(self._reads)
        os.close(self._writes)


@contextmanager
def _closed_on_failure(*descriptors: int) -> Iterator[None]:
    try:
        yield
    except OSError:
        for each in descriptors:
            os.close(each)
        raise


class _Fork:
    def __init__(self, serve: Serve, given: Sequence[Any]) -> None:
        there = os.pipe()
        with _closed_on_failure(*there):
            back = os.pipe()
        with _closed_on_failure(*there, *back):
            self._id = fork()
        self.pipe: Pipe = _Values(back[0], there[1])
        other = _Values(there[0], back[1])
        if self._id == 0:
            self._serve(serve, other, given)
        other.close()

    def _serve(self, serve: Serve, pipe: Pipe, given: Sequence[Any]) -> None:
        """The whole life of the process, which returns to nothing that its parent was about."""
        code = 1
        try:
            self.pipe.close()
            serve(pipe, *given)
            code = 0
        finally:
            os._exit(code)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._id, signal.SIGKILL)

    def forget(self) -> None:
        self.pipe.close()
        with suppress(ChildProcessError):  # where SIGCHLD is ignored
            os.waitpid(self._id, 0)


class _Forks:
    forked = True

    def start(self, serve: Serve, *given: Any) -> Process:
        return _Fork(serve, given)

    def wait(self, pipes: Sequence[Pipe], seconds: float | None) -> Sequence[object]:
        from select import POLLIN, poll

        poller, found = poll(), {pipe.fileno(): pipe for pipe in pipes}
        for number in found:
            poller.register(number, POLLIN)
        return [found[number] for number, _ in poller.poll(None if seconds is None else seconds * 1000)]


class _Spawn:
    def __init__(self, context: Any, serve: Serve, given: Sequence[Any]) -> None:
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, *given), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of the pipe

    def kill(self) -> None:
        self._process.kill()

    def forget(self) -> None:
        self._process.join()
        with suppress(ValueError):  # it cannot be told that it ended, where SIGCHLD is ignored
            self._process.close()
        self.pipe.close()


class _Spawns:
    forked = False

    def __init__(self) -> None:
        from multiprocessing import connection, get_context, resource_tracker

        if sys.platform != "win32":
            resource_tracker.ensure_running()  # which lets signals through that are held when a process is started
        self._context = get_context("spawn")
        self._wait = connection.wait

    def start(self, serve: Serve, *given: Any) -> Process:
        return _Spawn(self._context, serve, given)

    def wait(self, pipes: Sequence[Pipe], seconds: float | None) -> Sequence[object]:
        return self._wait(pipes, seconds)  # type: ignore[arg-type]  # they are those of multiprocessing
