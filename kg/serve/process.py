"""A worker process, as the server sees it: it is started, given one query at a time, watched, and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import orjson

import kg
from kg.errors import KGError, OutputError, UsageError
from kg.query.sandbox import INTERVAL, Limits, memory_of, size_text
from kg.serve.frames import DATA, ERROR, FRAME, Task
from kg.serve.problems import ExceededError, NotAcceptableError, TimeExceededError

START = 20.0
"""Seconds within which a worker has to be ready."""
GROWTH = 64 << 20
"""Bytes of memory that a worker may keep after a query; with more, it is replaced."""


class Worker:
    """A worker process; ``priority`` is its niceness."""

    def __init__(self, store: Path, memory: int, priority: int) -> None:
        self._store, self._memory, self._priority = store, memory, priority
        self._process: asyncio.subprocess.Process | None = None
        self._before = 0

    async def start(self) -> None:
        """Start the process and wait until it has opened the store; raises :class:`~kg.errors.OutputError`."""
        path = os.pathsep.join([str(Path(kg.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        arguments = [str(self._store), str(os.getpid()), str(self._memory), str(self._priority)]
        self._process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-P", "-m", "kg.serve.worker", *arguments],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            limit=1 << 18,
        )
        try:
            async with asyncio.timeout(START):
                await self._read()
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await self.kill()
            raise OutputError("A worker process did not start.") from error
        self._before = memory_of(self._process.pid).anonymous

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def memory(self) -> int:
        """Bytes of memory that the process uses in addition to those at its start."""
        return memory_of(self._process.pid).anonymous - self._before if self._process else 0

    async def run(self, task: Task, limits: Limits, size: int) -> tuple[dict[str, Any], bytes]:
        """Run a query and return what the last frame says, and the answer of at most ``size`` bytes.

        If this raises :class:`ExceededError`, or is cancelled, the process is killed. Raises
        :class:`~kg.errors.UsageError` for an invalid query.
        """
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._run(task, limits, size)
        except TimeoutError as error:
            await self.kill()
            raise TimeExceededError(f"The query was stopped after {limits.seconds:g} s; narrow it.") from error
        except asyncio.IncompleteReadError as error:
            await self._raise(error, limits)
        except (asyncio.CancelledError, ExceededError):
            await self.kill()
            raise

    async def _run(self, task: Task, limits: Limits, size: int) -> tuple[dict[str, Any], bytes]:
        answer = asyncio.ensure_future(self._exchange(task, size))
        try:
            while not (await asyncio.wait([answer], timeout=INTERVAL))[0]:
                if self.memory > limits.memory:
                    raise _out_of_memory(limits)
        finally:
            answer.cancel()
        return await answer

    async def _exchange(self, task: Task, size: int) -> tuple[dict[str, Any], bytes]:
        assert self._process
        assert self._process.stdin
        with suppress(ConnectionError):
            self._process.stdin.write(task.encode())
            await self._process.stdin.drain()
        parts = bytearray()
        while True:
            kind, content = await self._read()
            if kind == DATA:
                parts += content
                if len(parts) > size:
                    raise ExceededError(f"The answer exceeds {size_text(size)}; narrow the query, or use LIMIT.")
            elif kind == ERROR:
                raise _error(orjson.loads(content))
            else:
                return orjson.loads(content), bytes(parts)

    async def _read(self) -> tuple[bytes, bytes]:
        assert self._process
        assert self._process.stdout
        kind, size = FRAME.unpack(await self._process.stdout.readexactly(FRAME.size))
        return kind, await self._process.stdout.readexactly(size)

    async def _raise(self, error: Exception, limits: Limits) -> NoReturn:
        """Raise the error for the end of the process."""
        assert self._process
        code = await self._process.wait()
        if code in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL):
            raise UsageError("The query is too deeply nested, or one of its lists is too long.") from error
        if code in (-signal.SIGABRT, -signal.SIGKILL):
            raise _out_of_memory(limits) from error
        raise OutputError(f"The query failed: its process ended with status {code}.") from error

    async def kill(self) -> None:
        """Kill the process and wait for its end."""
        if self._process:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def _out_of_memory(limits: Limits) -> ExceededError:
    return ExceededError(f"The query exceeds the memory limit of {size_text(limits.memory)}; narrow it, or use LIMIT.")


def _error(report: dict[str, str]) -> KGError:
    kinds = {"usage": UsageError, "format": NotAcceptableError}
    return kinds.get(report["kind"], OutputError)(report["message"])
