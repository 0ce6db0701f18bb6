"""Time and memory limits for queries, which run in a child process.

A deeply nested query overflows the stack of the engine, which kills the process; a cross product may never end or use
all memory. Neither can be caught within the process, so queries run in a forked child, which returns its answer through
a pipe. The child is killed when it reaches a limit, or when its parent ends. The parent watches its memory: the address
space, which the system can limit, includes the files of a store.

On platforms without fork (Windows), queries run in this process without limits.
"""

from __future__ import annotations

import os
import pickle
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, NamedTuple, NoReturn

from kg._process import blocked_signals, end_with_parent, fork, unblock_signals
from kg.errors import KGError, OutputError, UsageError

SECONDS = 300.0
"""Default time limit."""
_CHUNK = 1 << 16
INTERVAL = 0.02
"""Seconds between checks of the memory of the child."""
RESERVED = 1 << 29
"""Bytes of address space that the engine reserves and does not use, such as the stacks of its threads."""
_SIZE = re.compile(rb"^(RssAnon|VmSwap|VmData):\s+(\d+) kB", re.MULTILINE)
Work = Callable[[IO[bytes]], None]
"""A function that writes its result to a stream."""


def half_of_memory() -> int:
    """Return half of the memory of this machine in bytes; 4 GiB where it is unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return 4 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits: seconds, and bytes of memory in addition to the memory that this process uses and to mapped files."""

    seconds: float = SECONDS
    memory: int = field(default_factory=half_of_memory)


def run_limited(work: Work, limits: Limits) -> bytes:
    """Run work in a child process and return its output.

    Raises the exceptions of the work, :class:`~kg.errors.OutputError` if it exceeds its limits, and
    :class:`~kg.errors.UsageError` if it overflows the stack.

    >>> run_limited(lambda stream: None if stream.write(b"done") else None, Limits())
    b'done'
    """
    if not hasattr(os, "fork"):
        return _run_in_process(work)
    child = _Child(work, limits)
    try:
        answer, error = child.read_answer(), child.read_error()
    except BaseException:
        child.kill()
        raise
    child.end(error)
    return answer


def _run_in_process(work: Work) -> bytes:
    import io

    stream = io.BytesIO()
    work(stream)
    return stream.getvalue()


class _Child:
    """A child process with two pipes: one for the answer, one for the exception."""

    def __init__(self, work: Work, limits: Limits) -> None:
        self._limits = limits
        answer, error = os.pipe(), os.pipe()
        parent = os.getpid()
        self._before = memory_of(parent).anonymous
        if sys.stdout:
            sys.stdout.flush()
        with blocked_signals():
            self._id = fork()
            if not self._id:
                _run_child(work, limits, answer[1], error[1], parent)
        os.close(answer[1])
        os.close(error[1])
        self._answer, self._error = answer[0], error[0]

    def read_answer(self) -> bytes:
        """Read the output of the child; the memory limit applies to it too."""
        parts: list[bytes] = []
        size = 0
        for part in self._read(self._answer):
            parts.append(part)
            size += len(part)
            if size > self._limits.memory:
                raise _exceeded(self._limits)
        return b"".join(parts)

    def read_error(self) -> bytes:
        """Read the pickled exception of the child until it ends."""
        return b"".join(self._read(self._error))

    def _read(self, pipe: int) -> Iterator[bytes]:
        """Yield what the child writes to a pipe until it closes it; check how much memory the child uses."""
        poll, checked = select.poll(), 0.0
        poll.register(pipe, select.POLLIN)
        while True:
            ready = poll.poll(INTERVAL * 1000)
            if (now := time.monotonic()) - checked >= INTERVAL:
                checked = now
                if memory_of(self._id).anonymous - self._before > self._limits.memory:
                    raise _exceeded(self._limits)
            if ready:
                if not (part := os.read(pipe, _CHUNK)):
                    return
                yield part

    def end(self, error: bytes) -> None:
        """Reap the child; re-raise its exception, or translate its exit status."""
        status = self._reap()
        if error:
            raise pickle.loads(error)  # noqa: S301 -- it comes from a fork of this process
        if status:
            self._raise(os.waitstatus_to_exitcode(status))

    def kill(self) -> None:
        """Kill the child and reap it."""
        with suppress(OSError):
            os.kill(self._id, signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        os.close(self._answer)
        os.close(self._error)
        return os.waitpid(self._id, 0)[1]

    def _raise(self, code: int) -> NoReturn:
        seconds = self._limits.seconds
        if code == -signal.SIGALRM:
            raise OutputError(f"The query was stopped after {seconds:g} s; use a longer timeout to give it more time.")
        if code in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL):
            raise UsageError("The query is too deeply nested for the engine, or one of its lists is too long.")
        if code in (-signal.SIGABRT, -signal.SIGKILL):
            raise _exceeded(self._limits)
        raise OutputError(f"The query failed: its process ended with status {code}.")


def _run_child(work: Work, limits: Limits, answer: int, error: int, parent: int) -> NoReturn:
    """Run work in the child process and exit."""
    try:
        _limit(limits, parent)
        with open(answer, "wb", _CHUNK) as stream:
            work(stream)
        code = 0
    except BaseException as exception:  # the parent raises it
        code = 1
        with suppress(BaseException), open(error, "wb") as stream:
            stream.write(pickle.dumps(_translate(exception, limits)))
    finally:
        os._exit(code)


def _translate(error: BaseException, limits: Limits) -> KGError:
    if isinstance(error, KGError):
        return error
    if isinstance(error, MemoryError):
        return _exceeded(limits)
    return OutputError(f"The query failed ({type(error).__name__}: {' '.join(str(error).split())[:300]}).")


def _limit(limits: Limits, parent: int) -> None:
    import faulthandler
    import resource

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(name, signal.SIG_DFL)
    unblock_signals()
    end_with_parent(parent)
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where the engine reports a crash
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if used := memory_of("self").data:  # in case the parent is too slow to see that the limit is exceeded
        limit = used + limits.memory + RESERVED
        with suppress(ValueError, OSError):  # a lower limit is already set
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)


class Memory(NamedTuple):
    """Memory of a process in bytes; all 0 if it is unknown."""

    anonymous: int = 0
    """Memory that it has written to, swapped out or not; without mapped files, such as those of a store."""
    data: int = 0
    """The private writable address space, which RLIMIT_DATA limits."""


def memory_of(process: int | str) -> Memory:
    """Return the memory of a process, given by its number or as ``self``; 0 where the system does not tell it."""
    try:
        with open(f"/proc/{process}/status", "rb") as file:  # noqa: PTH123 -- fewer imports in a child
            sizes = {name: 1024 * int(size) for name, size in _SIZE.findall(file.read())}
    except OSError:
        return Memory()
    return Memory(sizes.get(b"RssAnon", 0) + sizes.get(b"VmSwap", 0), sizes.get(b"VmData", 0))


def _exceeded(limits: Limits) -> OutputError:
    limit = size_text(limits.memory)
    return OutputError(f"The query exceeds the memory limit of {limit}; allow more memory, or narrow the query.")


def size_text(count: int) -> str:
    """Format a number of bytes.

    >>> size_text(4 << 30), size_text(500_000_000)
    ('4.3 GB', '500 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
