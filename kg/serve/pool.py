"""A pool of worker processes and the queue of queries that wait for them.

Each query waits for one of the general workers, in the order of arrival. A further worker, the quick one, takes the
shortest waiting query and gives it a short time; a query that does not end within it keeps its place among the others.
So a small query is answered soon, however many heavy ones wait.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import KGError, OutputError
from kg.query.sandbox import Limits
from kg.serve.budget import Budget
from kg.serve.frames import Task
from kg.serve.problems import BusyError, KilledError, TimeExceededError
from kg.serve.process import GROWTH, Worker
from kg.serve.settings import Settings
from kg.serve.store_version import StoreVersion

QUICK = 0.5
"""Seconds that a query may run on the quick worker."""
PLACES = 8
"""Queries of clients that may wait, per worker."""
OWN_PLACES = 256
"""Queries of pages that may wait."""
WAIT = 20.0
"""Seconds that a query may wait."""
NICE = 5
"""The niceness of the general workers."""
PAUSE = 1.0
"""Seconds before a worker is started again that did not start."""


class Answer(NamedTuple):
    """An answer: the name of its format, its bytes, and what else the worker said."""

    format: str
    content: bytearray
    details: dict[str, Any]


class _Job:
    """A query that waits for a worker, or runs."""

    def __init__(self, task: Task, limits: Limits, size: int, is_own: bool) -> None:
        self.task, self.limits, self.size, self.is_own = task, limits, size, is_own
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.was_tried = False
        """Whether it exceeded the time of the quick worker."""
        self.was_killed = False
        self.runs = False
        self.is_late = False

    @property
    def cost(self) -> tuple[bool, int]:
        """The order of the quick worker: queries of pages, then the shortest."""
        return not self.is_own, len(self.task.text)

    def expire(self) -> None:
        """End the time to wait: fail a query that waits, now or after the quick worker."""
        self.is_late = True
        if not self.runs:
            self.fail(BusyError("Other queries are running; try again later."))

    def fail(self, error: KGError) -> None:
        """Set the error, unless the query was cancelled."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Pool:
    """Workers for a store. Used within one event loop, between :meth:`start` and :meth:`close`."""

    def __init__(self, store: Path, settings: Settings, metadata: Path | None = None) -> None:
        self._store, self._settings, self._metadata = store, settings, metadata
        self._waiting: list[_Job] = []
        self._changed = asyncio.Condition()
        self._lanes: list[asyncio.Task[None]] = []
        self._spare: asyncio.Task[Worker] | None = None
        self._version = StoreVersion(store)
        self._is_closed = False
        self._idle = 0
        """General workers that wait for a query."""
        self._budget = Budget(settings.memory)

    async def start(self) -> None:
        """Start the workers; raises :class:`~kg.errors.OutputError` if the first does not start."""
        first = self._worker(is_quick=True)
        await first.start()
        self._lanes = [asyncio.create_task(self._lane(first, is_quick=True))]
        for _ in range(self._settings.workers):
            self._lanes.append(asyncio.create_task(self._lane(self._worker(is_quick=False), is_quick=False)))
        self._spare = asyncio.create_task(self._started(is_quick=True))

    def _worker(self, is_quick: bool) -> Worker:
        return Worker(self._store, self._metadata, self._settings.memory, 0 if is_quick else NICE)

    async def close(self) -> None:
        """Stop all queries and end all workers."""
        self._is_closed = True
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        if self._spare:
            self._spare.cancel()
            for worker in await asyncio.gather(self._spare, return_exceptions=True):
                if isinstance(worker, Worker):
                    await worker.kill()
        for job in self._waiting:
            job.fail(BusyError("The server is stopping."))

    @property
    def limits(self) -> Limits:
        """The limits of a query of a client."""
        return Limits(self._settings.seconds, self._settings.memory)

    async def run(
        self, task: Task, limits: Limits | None = None, *, is_own: bool = False, size: int | None = None
    ) -> Answer:
        """Run a query when a worker is free. If this is cancelled, the query is stopped.

        ``size`` is that of the answer in bytes, at most; they count as used until they are given to :meth:`release`.
        ``is_own`` is for queries of pages, which come first. Raises :class:`~kg.errors.UsageError` for an invalid
        query, and an error of :mod:`kg.serve.problems` if too many queries wait, if the query exceeds its limits, or if
        no format of the answer is acceptable.
        """
        job = _Job(task, limits or self.limits, size or self._settings.answer_bytes, is_own)
        self._check_places(is_own)
        self._waiting.append(job)
        timer = asyncio.get_running_loop().call_later(WAIT, job.expire)
        try:
            await self._notify()
            return await job.answer
        except asyncio.CancelledError:
            if job.answer.done() and not job.answer.cancelled() and not job.answer.exception():
                self.release(job.answer.result())
            job.answer.cancel()
            raise
        finally:
            timer.cancel()
            self._waiting.remove(job)

    def release(self, answer: Answer) -> None:
        """Count the bytes of an answer as no longer used."""
        self._budget.release(len(answer.content))

    def _check_places(self, is_own: bool) -> None:
        if self._is_closed:
            raise BusyError("The server is stopping.")
        places = OWN_PLACES if is_own else (PLACES + 1) * self._settings.workers
        if sum(job.is_own == is_own for job in self._waiting) >= places:
            raise BusyError("Too many queries are waiting; try again later.")

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _take(self, is_quick: bool) -> _Job:
        """Wait for the next query of a worker."""
        async with self._changed:
            self._idle += not is_quick
            try:
                while not (jobs := self._ready(is_quick)):
                    await self._changed.wait()
            finally:
                self._idle -= not is_quick
            job = min(jobs, key=lambda job: job.cost) if is_quick else jobs[0]
            job.runs = True
            self._changed.notify_all()  # the quick worker may take another one now
            return job

    def _ready(self, is_quick: bool) -> list[_Job]:
        """Return the queries that a worker may take; the quick one takes none that a general one is about to take."""
        if is_quick and self._idle:
            return []
        jobs = [job for job in self._waiting if not (job.runs or job.answer.done())]
        return [job for job in jobs if not (is_quick and job.was_tried)]

    async def _lane(self, worker: Worker, is_quick: bool) -> None:
        """Answer queries with one worker, which is replaced when it was killed or keeps much memory."""
        try:
            while True:
                worker = await self._ready_worker(worker, is_quick)
                job = await self._take(is_quick)
                worker = await self._ready_worker(worker, is_quick)
                await self._answer(worker, job, is_quick)
        finally:
            await worker.kill()

    async def _ready_worker(self, worker: Worker, is_quick: bool) -> Worker:
        """Return a worker that runs and uses little memory: the given one, or else one in its place."""
        while not worker.is_alive or worker.memory > GROWTH:
            await worker.kill()
            worker = await self._take_spare() if is_quick else await self._started(is_quick)
        return worker

    async def _started(self, is_quick: bool) -> Worker:
        """Start a worker; it does not run if that fails."""
        worker = self._worker(is_quick)
        self._version.report_change()
        try:
            await worker.start()
        except OutputError:
            await asyncio.sleep(PAUSE)
        return worker

    async def _take_spare(self) -> Worker:
        """Return the quick worker that was started in advance, and start the next one."""
        spare = self._spare or asyncio.create_task(self._started(is_quick=True))
        self._spare = None
        worker = await spare
        self._spare = asyncio.create_task(self._started(is_quick=True))
        return worker

    async def _answer(self, worker: Worker, job: _Job, is_quick: bool) -> None:
        """Answer a query; stop it when its future is cancelled."""
        run = asyncio.create_task(self._run(worker, job, is_quick))
        job.answer.add_done_callback(lambda _: run.cancel())
        try:
            answer = await run
        except TimeExceededError as error:
            job.was_tried = is_quick and job.limits.seconds > QUICK
            await self._try_again(job, error, is_possible=job.was_tried)
        except KilledError as error:
            is_possible, job.was_killed = not job.was_killed, True
            await self._try_again(job, error, is_possible=is_possible)
        except KGError as error:
            job.fail(error)
        except asyncio.CancelledError:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            job.fail(BusyError("The server is stopping."))
            if (lane := asyncio.current_task()) and lane.cancelling():
                raise
        else:
            if job.answer.done():
                self.release(answer)
            else:
                job.answer.set_result(answer)

    async def _run(self, worker: Worker, job: _Job, is_quick: bool) -> Answer:
        seconds = min(QUICK, job.limits.seconds) if is_quick else job.limits.seconds
        limits = Limits(seconds, job.limits.memory)
        content, details = await worker.run(job.task, limits, job.size, self._budget)
        return Answer(details.get("format", ""), content, details)

    async def _try_again(self, job: _Job, error: KGError, *, is_possible: bool) -> None:
        """Let a query wait for another worker, or fail it."""
        if not is_possible:
            job.fail(error)
            return
        job.runs = False
        if job.is_late:
            job.expire()
        await self._notify()
