"""A worker process, as the server sees it: it is started, given one query at a time, watched, and killed."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import orjson

from kg.errors import KGError, OutputError, UsageError
from kg.query.sandbox import INTERVAL, Limits, memory_of, size_text
from kg.serve.budget import Budget
from kg.serve.children import start_child
from kg.serve.frames import DATA, ERROR, FRAME, Task
from kg.serve.problems import ExceededError, KilledError, NotAcceptableError, TimeExceededError

START = 20.0
"""Seconds within which a worker has to be ready."""
GROWTH = 64 << 20
"""Bytes of memory that a worker may keep after a query; with more, it is replaced."""
_CRASHES = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL} if os.name == "posix" else set()
_ABORTED, _KILLED = (-signal.SIGABRT, -signal.SIGKILL) if os.name == "posix" else (None, None)


class Reply(NamedTuple):
    """The answer of a worker: its bytes, and what the last frame says."""

    content: bytearray
    details: dict[str, Any]


class Worker:
    """A worker process for the store in a folder; ``metadata`` is the file about the server, if there is one.

    ``memory`` is what a query may use, in bytes; ``priority`` is the niceness of the process.
    """

    def __init__(self, store: Path, metadata: Path | None, memory: int, priority: int) -> None:
        self._arguments = store, os.getpid(), memory, priority, metadata or ""
        self._process: asyncio.subprocess.Process | None = None
        self._before = 0
        self._is_killed = False

    async def start(self) -> None:
        """Start the process and wait until it has opened the store; raises :class:`~kg.errors.OutputError`."""
        try:
            self._process = await start_child("kg.serve.worker", *self._arguments, takes_input=True)
            async with asyncio.timeout(START):
                await self._read()
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            await self.kill()
            raise OutputError("A process for queries did not start.") from error
        except asyncio.CancelledError:
            await self.kill()
            raise
        self._before = memory_of(self._process.pid).anonymous

    @property
    def is_alive(self) -> bool:
        """Whether the process runs and was not killed."""
        return self._process is not None and not self._is_killed and self._process.returncode is None

    @property
    def memory(self) -> int:
        """Bytes of memory that the process uses in addition to those at its start."""
        return memory_of(self._process.pid).anonymous - self._before if self._process else 0

    async def run(self, task: Task, limits: Limits, size: int, budget: Budget) -> Reply:
        """Run a query and return its answer, of at most ``size`` bytes, which are taken from a budget.

        If this raises :class:`~kg.serve.problems.ExceededError` or is cancelled, the process is killed. Raises
        :class:`~kg.errors.UsageError` for an invalid query.
        """
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._watched(task, limits, size, budget)
        except TimeoutError as error:
            await self.kill()
            raise TimeExceededError(f"The query was stopped after {limits.seconds:g} s; narrow it.") from error
        except asyncio.IncompleteReadError as error:
            await self._raise(error, limits)

    async def _watched(self, task: Task, limits: Limits, size: int, budget: Budget) -> Reply:
        """Run a query, and stop it if it uses too much memory."""
        reply = asyncio.ensure_future(self._exchange(task, size, budget))
        try:
            while not (await asyncio.wait([reply], timeout=INTERVAL))[0]:
                if self.memory > limits.memory:
                    raise _out_of_memory(limits)
        except (asyncio.CancelledError, ExceededError):
            reply.cancel()
            await asyncio.gather(reply, return_exceptions=True)
            if not reply.cancelled() and not reply.exception():  # it was complete just now
                budget.release(len(reply.result().content))
            raise
        return await reply

    async def _exchange(self, task: Task, size: int, budget: Budget) -> Reply:
        """Send a query and receive its answer; unless it is complete, the process is killed."""
        content, is_complete = bytearray(), False
        try:
            await self._send(task)
            while (frame := await self._read())[0] == DATA:
                budget.take(len(frame[1]))
                content += frame[1]
                if len(content) > size:
                    raise ExceededError(f"The answer exceeds {size_text(size)}; narrow the query, or use LIMIT.")
            is_complete = True
            if frame[0] == ERROR:
                raise _error(orjson.loads(frame[1]))
            return Reply(content, orjson.loads(frame[1]))
        except BaseException as error:
            budget.release(len(content))
            if not (is_complete or isinstance(error, asyncio.IncompleteReadError)):
                self._kill()  # not after the end of the process: it would hide the exit status
            raise

    async def _send(self, task: Task) -> None:
        assert self._process
        assert self._process.stdin
        with suppress(ConnectionError):  # the process ended, as reading will show
            self._process.stdin.write(task.encode())
            await self._process.stdin.drain()

    async def _read(self) -> tuple[bytes, bytes]:
        """Read a frame: its kind and its content."""
        assert self._process
        assert self._process.stdout
        kind, size = FRAME.unpack(await self._process.stdout.readexactly(FRAME.size))
        return kind, await self._process.stdout.readexactly(size)

    async def _raise(self, error: Exception, limits: Limits) -> NoReturn:
        """Raise the error for the end of the process."""
        assert self._process
        code = await self._process.wait()
        if code in _CRASHES:
            raise UsageError("The query is too deeply nested, or one of its lists is too long.") from error
        if code == _ABORTED:
            raise _out_of_memory(limits) from error
        if code == _KILLED:
            raise KilledError(str(_out_of_memory(limits))) from error
        raise OutputError(f"The query failed: its process ended with status {code}.") from error

    def _kill(self) -> None:
        self._is_killed = True
        if self._process:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def kill(self) -> None:
        """Kill the process and wait for its end."""
        self._kill()
        if self._process:
            await self._process.wait()
            self._process._transport.close()  # type: ignore[attr-defined]  # else its pipes stay open until collected


def _out_of_memory(limits: Limits) -> ExceededError:
    return ExceededError(f"The query exceeds the memory limit of {size_text(limits.memory)}; narrow it, or use LIMIT.")


def _error(report: dict[str, str]) -> KGError:
    kinds = {"usage": UsageError, "format": NotAcceptableError}
    return kinds.get(report["kind"], OutputError)(report["message"])
