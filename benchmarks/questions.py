"""Time the queries of the library and of the pictures: ``python benchmarks/questions.py INPUT [--many DATA]``.

The records are loaded into a store as by ``kg store build``, and each query runs as by ``kg query``, with its default
parameters. The rows of the library's queries are compared with those that plain Python computes from the JSON
(tests/answers); the exit status is 1 if a result differs. With ``--many``, the queries also run over a store of other
records, or over a store that exists. The growth is the ratio of the times divided by that of the numbers of studies: 1
is linear.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

sys.path.insert(0, str(Path(__file__).parent.parent))

import kg
from kg.export.report import Report
from kg.query.engine import PREFIXES
from kg.query.library import library_queries
from kg.store import layout
from kg.store.dataset import is_store
from kg.store.embedded import build
from tests.answers import answer, comparable

PICTURES = sorted((Path(kg.__file__).parent / "draw" / "queries").glob("*.rq"))


class Timed(NamedTuple):
    """The rows of a query, and the CPU time until the last one."""

    rows: list[list[str]]
    seconds: float


def ask(store: ox.Store, text: str, runs: int) -> Timed:
    """Return the rows of a query, and the median of the CPU times of some runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        solutions = store.query(text, prefixes=PREFIXES, use_default_graph_as_union=True)
        assert isinstance(solutions, ox.QuerySolutions)
        rows = [["" if value is None else value.value for value in row] for row in solutions]
        times.append(time.process_time() - start)
    return Timed(rows, statistics.median(times))


@contextmanager
def opened(inputs: list[str]) -> Iterator[ox.Store]:
    """Open a store, or build one of records."""
    if len(inputs) == 1 and is_store(inputs[0]):
        yield ox.Store.read_only(inputs[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trials.kgstore"
        build(inputs, path, report=Report(), contacts=True)
        yield ox.Store.read_only(str(path))


def measure(inputs: list[str], runs: int) -> tuple[dict[str, Timed], int]:
    """Return the result of each query, and the number of studies; the queries of the pictures have a prefix."""
    texts = {query.name: query.text for query in library_queries()}
    texts |= {f"draw: {path.stem}": path.read_text("utf-8") for path in PICTURES}
    found = {}
    with opened(inputs) as store:
        print(f"{len(store):,} statements; medians of {runs} runs", file=sys.stderr, flush=True)
        for name, text in texts.items():
            found[name] = ask(store, text, runs)
            print(f"{name} {found[name].seconds:.2f}", file=sys.stderr, flush=True)
        return found, len(layout.studies(store))


def different(few: dict[str, Timed], records: list[dict[str, object]]) -> list[str]:
    """Return the names of the library's queries whose rows are not those of the JSON."""
    names = [query.name for query in library_queries()]
    return [name for name in names if comparable(few[name].rows) != comparable(answer(name, records))]


def lines(few: dict[str, Timed], many: dict[str, Timed], ratio: float) -> Iterator[str]:
    """Yield the table in Markdown, the slowest query first."""
    yield "| query | rows | CPU s |" + (" rows | CPU s | growth |" if many else "")
    yield "|---|---|---|" + ("---|---|---|" if many else "")
    for name in sorted(few, key=lambda name: -(many or few)[name].seconds):
        line = f"| {name} | {len(few[name].rows):,} | {few[name].seconds:.2f} |"
        if many:
            growth = many[name].seconds / few[name].seconds / ratio
            line += f" {len(many[name].rows):,} | {many[name].seconds:.2f} | {growth:.1f} |"
        yield line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--many", metavar="DATA", help="a store, or the same records many times, by scale.py")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--many-runs", type=int, help="runs over DATA, by default as many")
    options = parser.parse_args()
    records = [record.data for record in kg.read(*options.inputs)]
    few, studies = measure(options.inputs, options.runs)
    many, many_studies = measure([options.many], options.many_runs or options.runs) if options.many else ({}, studies)
    ratio = many_studies / studies
    print(f"{studies:,} studies, {many_studies:,} studies; Python {platform.python_version()},")
    print(f"{os.cpu_count()} cores, pyoxigraph {version('pyoxigraph')}\n", *lines(few, many, ratio), sep="\n")
    wrong = different(few, records)
    print(f"\n{len(few)} queries; rows unlike those of the JSON: {', '.join(wrong) or 'none'}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
