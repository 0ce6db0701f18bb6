"""A pool of worker processes and the queue of queries that wait for them.

Each query waits for one of the general workers, in the order of arrival. A further worker, the quick one, takes the
shortest waiting query and gives it a short time; a query that does not end within it keeps its place among the others.
So a small query is answered soon, however many heavy ones wait.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import KGError, OutputError
from kg.query.sandbox import Limits
from kg.serve.frames import Task
from kg.serve.problems import BusyError, TimeExceededError
from kg.serve.process import GROWTH, Worker
from kg.serve.settings import Settings

QUICK = 0.75
"""Seconds that a query may run on the quick worker."""
PLACES = 8
"""Queries of clients that may wait, per worker."""
OWN_PLACES = 256
"""Queries of pages that may wait."""
NICE = 5
"""The niceness of the general workers."""


class Answer(NamedTuple):
    """An answer: the name of its format, the bytes, and what else the worker said."""

    format: str
    content: bytes
    details: dict[str, Any]


class _Job:
    """A query that waits for a worker or runs."""

    def __init__(self, task: Task, limits: Limits, is_own: bool) -> None:
        self.task, self.limits, self.is_own = task, limits, is_own
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.was_tried = False
        self.runs = False

    @property
    def cost(self) -> tuple[bool, int]:
        """The order of the quick worker: queries of pages, then the shortest."""
        return not self.is_own, len(self.task.text)


class Pool:
    """Workers for a store. Used within one event loop, between :meth:`start` and :meth:`close`."""

    def __init__(self, store: Path, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._waiting: list[_Job] = []
        self._changed = asyncio.Condition()
        self._lanes: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the workers; raises :class:`~kg.errors.OutputError` if the first does not start."""
        first = self._worker(is_quick=True)
        await first.start()
        self._lanes = [asyncio.create_task(self._lane(first, is_quick=True))]
        for _ in range(self._settings.workers):
            self._lanes.append(asyncio.create_task(self._lane(self._worker(is_quick=False), is_quick=False)))

    def _worker(self, is_quick: bool) -> Worker:
        return Worker(self._store, self._settings.memory, 0 if is_quick else NICE)

    async def close(self) -> None:
        """Stop all queries and end all workers."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    @property
    def limits(self) -> Limits:
        """The limits of a query of a client."""
        return Limits(self._settings.seconds, self._settings.memory)

    async def run(self, task: Task, limits: Limits | None = None, *, is_own: bool = False) -> Answer:
        """Run a query when a worker is free. If this is cancelled, the query is stopped.

        Raises :class:`~kg.errors.UsageError` for an invalid query, and an error of :mod:`kg.serve.problems` if too many
        queries wait, if the query exceeds its limits, or if no format of the answer is acceptable.
        """
        job = _Job(task, limits or self.limits, is_own)
        places = OWN_PLACES if is_own else PLACES * self._settings.workers
        if sum(other.is_own == is_own for other in self._waiting) >= places:
            raise BusyError("Too many queries are waiting; try again later.")
        await self._put(job)
        try:
            return await job.answer
        finally:
            with suppress(ValueError):
                self._waiting.remove(job)

    async def _put(self, job: _Job) -> None:
        async with self._changed:
            self._waiting.append(job)
            self._changed.notify_all()

    async def _take(self, is_quick: bool) -> _Job:
        """Wait for the next query of a worker."""
        async with self._changed:
            while not (jobs := [job for job in self._waiting if not (job.runs or (is_quick and job.was_tried))]):
                await self._changed.wait()
            job = min(jobs, key=lambda job: job.cost) if is_quick else jobs[0]
            job.runs = True
            return job

    async def _lane(self, worker: Worker, is_quick: bool) -> None:
        """Answer queries with one worker, which is replaced when it was killed or keeps much memory."""
        try:
            while True:
                if not worker.is_alive or worker.memory > GROWTH:
                    await worker.kill()
                    worker = self._worker(is_quick)
                    with suppress(OutputError):
                        await worker.start()
                    continue
                job = await self._take(is_quick)
                await self._answer(worker, job, is_quick)
        finally:
            await worker.kill()

    async def _answer(self, worker: Worker, job: _Job, is_quick: bool) -> None:
        run = asyncio.create_task(self._run(worker, job, is_quick))
        job.answer.add_done_callback(lambda _: run.cancel())
        try:
            answer = await run
        except TimeExceededError as error:
            await self._give_up(job, error, is_quick)
        except KGError as error:
            _fail(job, error)
        except asyncio.CancelledError:
            if not job.answer.cancelled():  # the pool is closed
                run.cancel()
                _fail(job, BusyError("The server is stopping."))
                raise
        else:
            if not job.answer.done():
                job.answer.set_result(answer)

    async def _run(self, worker: Worker, job: _Job, is_quick: bool) -> Answer:
        seconds = min(QUICK, job.limits.seconds) if is_quick else job.limits.seconds
        limits = Limits(seconds, job.limits.memory)
        details, content = await worker.run(job.task, limits, self._settings.answer_bytes)
        return Answer(details.get("format", ""), content, details)

    async def _give_up(self, job: _Job, error: TimeExceededError, is_quick: bool) -> None:
        """Fail a query, or let it wait for a general worker after the quick one."""
        if not is_quick or job.limits.seconds <= QUICK:
            _fail(job, error)
            return
        async with self._changed:
            job.was_tried, job.runs = True, False
            self._changed.notify_all()


def _fail(job: _Job, error: KGError) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
