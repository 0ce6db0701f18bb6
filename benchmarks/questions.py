"""Time the queries of the library in the embedded store: ``python benchmarks/questions.py INPUT...``.

The records are loaded into a store, each query runs with its default parameters, and the result is compared with the
one that plain Python computes from the JSON (tests/answers). The exit status is 1 if a result differs.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import pyoxigraph as ox

sys.path.insert(0, str(Path(__file__).parent.parent))

import kg
from kg.export.run import export
from kg.query.library import library_queries
from tests.answers import answer, comparable


def ask(store: ox.Store, text: str) -> tuple[list[list[str]], float]:
    """Return the rows of a query, and the seconds until the last one."""
    start = time.perf_counter()
    solutions = store.query(text, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    rows = [["" if value is None else value.value for value in row] for row in solutions]
    return rows, time.perf_counter() - start


def rounded(seconds: float) -> str:
    """Format seconds with the precision that a shared machine allows."""
    return f"{seconds:.1f}" if seconds >= 0.1 else "< 0.1"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    records = [record.data for record in kg.read(*options.inputs)]
    with tempfile.TemporaryDirectory() as folder:
        statements = Path(folder) / "trials.nq"
        export(options.inputs, statements)
        store = ox.Store(Path(folder) / "store")
        store.bulk_load(path=statements, format=ox.RdfFormat.N_QUADS)
        print(f"{len(records):,} records, {len(store):,} quads; medians of {options.runs} runs")
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, pyoxigraph {version('pyoxigraph')}\n")
        return table(store, records, options.runs)


def table(store: ox.Store, records: list[dict[str, object]], runs: int) -> int:
    """Print one line per query and return the exit status."""
    times, different = [], []
    print("| query | rows | seconds | same as the JSON |\n|---|---|---|---|")
    for question in library_queries():
        results = [ask(store, question.text) for _ in range(runs)]
        seconds = statistics.median(elapsed for _, elapsed in results)
        times.append(seconds)
        same = comparable(results[0][0]) == comparable(answer(question.name, records))
        different += [] if same else [question.name]
        print(
            f"| {question.name} | {len(results[0][0]):,} | {rounded(seconds)} | {'yes' if same else 'NO'} |", flush=True
        )
    print(
        f"\n{len(times)} queries, {sum(times):.1f} s in total, the slowest {max(times):.1f} s, {len(different)} differ."
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
