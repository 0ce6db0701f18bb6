"""The pool of worker processes: answers, limits, the queue and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.errors import UsageError
from kg.query.sandbox import Limits
from kg.serve.frames import Task
from kg.serve.pool import Answer, Pool
from kg.serve.problems import BusyError, ExceededError, NotAcceptableError, TimeExceededError
from kg.serve.settings import Settings

CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
SHORT = Limits(1, 200_000_000)


def in_pool(folder: Path, work: Callable[[Pool], Awaitable[Any]], **options: Any) -> Any:
    """Run a function with a pool; its budget has to be free at the end."""

    async def run() -> Any:
        pool = Pool(folder, Settings(**{"workers": 1, **options}))
        await pool.start()
        try:
            result = await work(pool)
        finally:
            await pool.close()
        assert pool._budget.used == 0
        return result

    return asyncio.run(run())


def rows(pool: Pool, answer: Answer) -> Any:
    pool.release(answer)
    document = orjson.loads(answer.content)
    return document["boolean"] if "boolean" in document else document["results"]["bindings"]


async def ask(pool: Pool, text: str = "ASK {}", **options: Any) -> Any:
    return rows(pool, await pool.run(Task(text), **options))


def test_queries_are_answered_one_after_another_and_at_once(folder: Path) -> None:
    async def work(pool: Pool) -> list[Any]:
        one = await ask(pool)
        many = await asyncio.gather(*(ask(pool, f"SELECT ({n} AS ?n) {{}}") for n in range(8)))
        return [one, [int(row["n"]["value"]) for [row] in many]]

    assert in_pool(folder, work) == [True, [*range(8)]]


def test_errors_do_not_end_a_worker(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        for _ in range(3):
            with pytest.raises(UsageError, match="Syntax error at line 1"):
                await pool.run(Task("ASK {"))
            with pytest.raises(NotAcceptableError):
                await pool.run(Task("ASK {}", results=None))
            with pytest.raises(UsageError, match="another server"):
                await pool.run(Task("SELECT * { SERVICE <http://127.0.0.1:9/> {} }"))
        assert await ask(pool)

    in_pool(folder, work)


def test_a_query_that_takes_too_long_is_stopped(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        begun = time.monotonic()
        with pytest.raises(TimeExceededError, match="stopped after 1 s"):
            await pool.run(Task(CROSS), SHORT)
        assert time.monotonic() - begun < 5
        assert await ask(pool)

    in_pool(folder, work)


def test_a_query_that_uses_too_much_memory_is_stopped(folder: Path) -> None:
    sort = "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f"

    async def work(pool: Pool) -> None:
        with pytest.raises(ExceededError, match="memory limit of 60 MB"):
            await pool.run(Task(sort), Limits(60, 60_000_000))
        assert await ask(pool)

    in_pool(folder, work)


def test_an_answer_that_is_too_long_is_stopped(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        with pytest.raises(ExceededError, match=r"answer exceeds 50 MB"):
            await pool.run(Task("SELECT * { ?a ?b ?c . ?d ?e ?f }"))
        assert await ask(pool)

    in_pool(folder, work, memory=200_000_000)


def test_answers_that_are_not_sent_yet_leave_no_memory_for_others(folder: Path) -> None:
    text = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 25000"

    async def work(pool: Pool) -> None:
        kept = []
        while pool._budget.used < 48_000_000:
            kept.append(await pool.run(Task(text)))
        with pytest.raises(BusyError, match="large answers"):
            await pool.run(Task(text))
        assert pool._budget.used <= 60_000_000
        for answer in kept:
            pool.release(answer)
        assert await ask(pool)

    in_pool(folder, work, memory=60_000_000)


def test_a_query_that_is_too_deeply_nested_is_refused(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        with pytest.raises(UsageError, match="too deeply nested"):
            await pool.run(Task(f"ASK {{ FILTER({'(' * 100_000}1{')' * 100_000}) }}"))
        assert await ask(pool)

    in_pool(folder, work)


def test_small_queries_overtake_heavy_ones(folder: Path) -> None:
    async def work(pool: Pool) -> float:
        heavy = [asyncio.ensure_future(pool.run(Task(CROSS), Limits(3, SHORT.memory))) for _ in range(4)]
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        assert await ask(pool)
        duration = time.monotonic() - begun
        for query in heavy:
            query.cancel()
        await asyncio.gather(*heavy, return_exceptions=True)
        return duration

    assert in_pool(folder, work) < 2.5


def test_a_full_queue_refuses_clients_but_not_pages(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        heavy = [asyncio.ensure_future(pool.run(Task(CROSS), Limits(60, SHORT.memory))) for _ in range(9)]
        await asyncio.sleep(0.1)
        with pytest.raises(BusyError):
            await pool.run(Task("ASK {}"))
        assert await ask(pool, is_own=True)
        for query in heavy:
            query.cancel()
        await asyncio.gather(*heavy, return_exceptions=True)
        assert await ask(pool)

    in_pool(folder, work)


def test_a_query_that_waits_too_long_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.serve.pool.WAIT", 1.0)

    async def work(pool: Pool) -> None:
        heavy = [asyncio.ensure_future(pool.run(Task(CROSS), Limits(3, SHORT.memory))) for _ in range(3)]
        begun = time.monotonic()
        results = await asyncio.gather(*heavy, return_exceptions=True)
        assert {type(result) for result in results} <= {BusyError, TimeExceededError}
        assert any(isinstance(result, BusyError) for result in results)
        assert time.monotonic() - begun < 8

    in_pool(folder, work)


def test_a_query_that_is_cancelled_frees_its_worker(folder: Path) -> None:
    async def work(pool: Pool) -> float:
        for delay in (0.0, 0.05, 0.2):
            query = asyncio.ensure_future(pool.run(Task(CROSS)))
            await asyncio.sleep(delay)
            query.cancel()
            with suppress(asyncio.CancelledError):
                await query
        begun = time.monotonic()
        assert await ask(pool, "ASK { ?s ?p ?o }")
        return time.monotonic() - begun

    assert in_pool(folder, work) < 5


def test_cancelling_at_any_moment_leaves_nothing_behind(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        for number in range(60):
            query = asyncio.ensure_future(pool.run(Task("SELECT * { ?s ?p ?o } LIMIT 300")))
            await asyncio.sleep(number / 5000)
            query.cancel()
            with suppress(asyncio.CancelledError):
                pool.release(await query)
        assert await ask(pool)
        assert pool._waiting == []

    in_pool(folder, work)


def test_a_worker_that_ended_is_replaced(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        if not children.exists():
            pytest.skip("the system does not list children")
        for process in children.read_text().split():
            os.kill(int(process), signal.SIGKILL)
        assert await ask(pool), "the next query is tried again"

    in_pool(folder, work)


def test_closing_ends_queries_and_processes(folder: Path) -> None:
    async def run() -> list[Any]:
        pool = Pool(folder, Settings(workers=1))
        await pool.start()
        queries = [asyncio.ensure_future(pool.run(Task(CROSS))) for _ in range(4)]
        await asyncio.sleep(0.3)
        await pool.close()
        return await asyncio.gather(*queries, return_exceptions=True)

    results = asyncio.run(run())
    assert [type(result) for result in results] == [BusyError] * 4


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("turtle", b"@prefix"),
        ("ntriples", b"<https://clinicaltrials.gov/study/"),
        ("jsonld", b"["),
        ("rdfxml", b"<?xml"),
    ],
)
def test_graphs_in_each_syntax(folder: Path, name: str, begin: bytes) -> None:
    async def work(pool: Pool) -> bytes:
        answer = await pool.run(Task("CONSTRUCT { ?s a ?type } { ?s a ct:Study, ?type } LIMIT 3", graph=name))
        pool.release(answer)
        assert answer.format == name
        return bytes(answer.content)

    assert in_pool(folder, work).startswith(begin)


def test_hints_explain_an_empty_answer(folder: Path) -> None:
    async def work(pool: Pool) -> list[str]:
        answer = await pool.run(Task("SELECT * { ?s ct:brieftitle ?o }", hints=True))
        hints: list[str] = answer.details["hints"]
        return hints

    assert "did you mean" in in_pool(folder, work)[0]
