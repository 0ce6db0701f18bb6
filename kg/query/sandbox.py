"""Work that may run away, in a process of its own with limits of time and memory.

A query that nests deeply overflows the stack of the engine, which ends the process; one that multiplies everything with
everything ends never, or takes all memory. None of this can be caught from within, so such work is done by a forked
child, whose answer comes back through a pipe. The child ends by itself at the limit, and with its parent.

Where processes cannot be forked (Windows), the work is done here and has no limits.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, NoReturn

from kg._process import blocked_signals, end_with_parent, fork, unblock_signals
from kg.errors import KGError, OutputError, UsageError

SECONDS = 300.0
"""How long work may take by default."""
_CHUNK = 1 << 16
Work = Callable[[IO[bytes]], None]
"""Writes its result."""


def half_of_memory() -> int:
    """Half of the memory of this machine, in bytes; 4 GiB where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return 4 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """How long work may take, and how many bytes of memory it may add to those of this process."""

    seconds: float = SECONDS
    memory: int = field(default_factory=half_of_memory)


def guarded(work: Work, limits: Limits) -> bytes:
    """What a piece of work writes.

    Raises what the work raises, :class:`~kg.errors.OutputError` where it goes beyond its limits, and
    :class:`~kg.errors.UsageError` where it overflows the stack.

    >>> guarded(lambda stream: None if stream.write(b"done") else None, Limits())
    b'done'
    """
    if not hasattr(os, "fork"):
        return _here(work)
    child = _Child(work, limits)
    try:
        answer, fault = child.read(), child.fault()
    except BaseException:
        child.kill()
        raise
    child.end(fault)
    return answer


def _here(work: Work) -> bytes:
    import io

    stream = io.BytesIO()
    work(stream)
    return stream.getvalue()


class _Child:
    """A process that does a piece of work, and the ends of its pipes: one for the answer, one for what it raises."""

    def __init__(self, work: Work, limits: Limits) -> None:
        self._limits = limits
        answer, fault = os.pipe(), os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        with blocked_signals():
            self._id = fork()
            if not self._id:
                _work(work, limits, answer[1], fault[1], parent)
        os.close(answer[1])
        os.close(fault[1])
        self._answer, self._fault = answer[0], fault[0]

    def read(self) -> bytes:
        """All that the child writes; the result is subject to the limit of memory too."""
        parts: list[bytes] = []
        size = 0
        while part := os.read(self._answer, _CHUNK):
            parts.append(part)
            size += len(part)
            if size > self._limits.memory:
                raise OutputError(f"The answer is larger than the {_bytes(self._limits.memory)} that it may take.")
        return b"".join(parts)

    def fault(self) -> bytes:
        """What the child raised, pickled, once it has ended."""
        fault = b""
        while part := os.read(self._fault, _CHUNK):
            fault += part
        return fault

    def end(self, fault: bytes) -> None:
        """Takes leave of the child; raises what it raised, or what its end tells."""
        status = self._reap()
        if fault:
            raise pickle.loads(fault)  # noqa: S301 -- it comes from a copy of this very process
        if status:
            self._raise(os.waitstatus_to_exitcode(status))

    def kill(self) -> None:
        """Ends the child and forgets it."""
        with suppress(OSError):
            os.kill(self._id, signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        os.close(self._answer)
        os.close(self._fault)
        return os.waitpid(self._id, 0)[1]

    def _raise(self, code: int) -> NoReturn:
        seconds = self._limits.seconds
        if code == -signal.SIGALRM:
            raise OutputError(f"The query was stopped after {seconds:g} s; a longer timeout gives it more time.")
        if code in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL):
            raise UsageError(
                "The query is too deep for the engine: too much in it stands within each other, or in one row."
            )
        if code in (-signal.SIGABRT, -signal.SIGKILL):
            raise OutputError(
                f"The query needs more than the {_bytes(self._limits.memory)} of memory that it may take."
            )
        raise OutputError(f"The query failed: its process ended with status {code}.")


def _work(work: Work, limits: Limits, answer: int, fault: int, parent: int) -> NoReturn:
    """The whole life of a child."""
    try:
        _limit(limits, parent)
        with open(answer, "wb", _CHUNK) as stream:
            work(stream)
        code = 0
    except BaseException as error:  # whatever it is, the parent raises it
        code = 1
        with suppress(BaseException), open(fault, "wb") as stream:
            stream.write(pickle.dumps(_known(error, limits)))
    finally:
        os._exit(code)


def _known(error: BaseException, limits: Limits) -> KGError:
    if isinstance(error, KGError):
        return error
    if isinstance(error, MemoryError):
        return OutputError(f"The query needs more than the {_bytes(limits.memory)} of memory that it may take.")
    return OutputError(f"The query failed ({type(error).__name__}: {' '.join(str(error).split())[:300]}).")


def _limit(limits: Limits, parent: int) -> None:
    import faulthandler
    import resource

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(name, signal.SIG_DFL)
    unblock_signals()
    end_with_parent(parent)
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the engine says there how it dies
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if used := _used():
        with suppress(ValueError, OSError):  # where a lower limit is set already
            resource.setrlimit(resource.RLIMIT_AS, (used + limits.memory, used + limits.memory))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)


def _used() -> int:
    """The addresses that this process uses, in bytes; 0 where that is not told."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 -- fewer imports in a child
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _bytes(count: int) -> str:
    """A number of bytes as people say it.

    >>> _bytes(4 << 30), _bytes(500_000_000)
    ('4.3 GB', '500 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
