"""A run of all queries in some engines, two at a time, and the tables of its results."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path

from tests.plain.engines import LOCAL, REMOTE, SERVERS, Answers, Inputs, Rows, Task, from_json, prepare
from tests.plain.queries import QUERIES

AT_ONCE = 2
SLOWEST = ("virtuoso", "fuseki", "oxigraph")
"""The servers in the order in which they start: the one that loads for the longest time goes first."""


class Run:
    """The answers of engines, each when it has them, and those of the JSON records to compare them with."""

    def __init__(self, inputs: Inputs, pool: ProcessPoolExecutor, engines: Iterable[str]) -> None:
        tasks = _tasks(engines)
        self._futures: dict[str, Future[list[Answers]]] = {}
        for names, task in tasks:
            self._futures |= dict.fromkeys(names, pool.submit(task, inputs))
        self.whole, self.some = from_json(inputs)

    def answers(self, engine: str) -> Answers:
        """The answers of an engine; raises what has kept it from any."""
        return next(answers for answers in self._futures[engine].result() if answers.engine == engine)

    def expected(self, answers: Answers, query: str) -> Rows:
        """The rows of the JSON records, over the studies that the engine was queried about."""
        rows = (self.some if answers.some else self.whole).rows[query]
        if isinstance(rows, RuntimeError):
            raise rows
        return rows

    def size(self, query: str) -> int:
        """How many rows the records have over all studies."""
        return self.expected(self.whole, query).total()

    def difference(self, answers: Answers, query: str) -> str:
        """What an engine answers otherwise than the records, with the first rows; empty where all is equal."""
        rows, expected = answers.rows[query], self.expected(answers, query)
        if isinstance(rows, RuntimeError):
            return str(rows)
        return "" if rows == expected else f"without {_few(expected - rows)}, with {_few(rows - expected)}"


def _few(rows: Rows) -> str:
    shown = [" | ".join(map(_cell, row)) for row in islice(rows, 3)]
    return f"{len(rows)} rows ({'; '.join(shown)})" if rows else "none"


def _cell(value: str | Decimal) -> str:
    return value if isinstance(value, str) else f"{value.normalize():f}"


def _tasks(engines: Iterable[str]) -> list[tuple[list[str], Task]]:
    """Each task with the engines for which it answers, servers first."""
    wanted = [*engines]
    settings = [[setting.name for start in SERVERS[server] for setting in start.settings] for server in SLOWEST]
    remote = [(names, REMOTE[names[0]]) for names in settings if not {*names}.isdisjoint(wanted)]
    return [*remote, *(([name], LOCAL[name]) for name in wanted if name in LOCAL)]


@contextmanager
def running(records: Path, folder: Path, engines: Iterable[str]) -> Iterator[Run]:
    """A run over records, whose exports and servers are in a folder."""
    inputs = prepare(records, folder)
    pool = ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn"))
    try:
        yield Run(inputs, pool, engines)
    finally:
        pool.shutdown(cancel_futures=True)


def tables(run: Run, found: Iterable[Answers]) -> str:
    """Two tables in Markdown: the engines with their versions, and the queries with their rows; then what differs."""
    answers = [*found]
    differences = {(each.engine, query): run.difference(each, query) for each in answers for query in QUERIES}
    equal = [pair for pair, difference in differences.items() if not difference]
    of_engine, of_query = Counter(engine for engine, _ in equal), Counter(query for _, query in equal)
    lines = ["| engine | version | queries with the rows of the records |", "|---|---|---|"]
    for engine, release, *_ in answers:
        lines.append(f"| {engine} | {release} | {of_engine[engine]} of {len(QUERIES)} |")
    lines += ["", "| query | rows | engines with the rows of the records |", "|---|---|---|"]
    for query in QUERIES:
        lines.append(f"| {query} | {run.size(query)} | {of_query[query]} of {len(answers)} |")
    return "\n".join([*lines, *(f"{engine}, {query}: {text}" for (engine, query), text in differences.items() if text)])
