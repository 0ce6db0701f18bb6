"""What the questions of the library cost in the embedded store: ``python benchmarks/questions.py INPUT...``.

The records are loaded into a store, each question is asked with its defaults, and the answer is compared with the one
that plain Python computes from the JSON (tests/answers). Exit status 1 where an answer differs.
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
    """The rows of an answer, and the seconds until the last of them."""
    start = time.perf_counter()
    found = store.query(text, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    rows = [["" if value is None else value.value for value in row] for row in found]
    return rows, time.perf_counter() - start


def shown(seconds: float) -> str:
    """Seconds as far as they can be trusted on a shared machine."""
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
    """Prints a line for each question; gives the exit status."""
    times, wrong = [], []
    print("| question | rows | seconds | as the JSON has it |\n|---|---|---|---|")
    for question in library_queries():
        done = [ask(store, question.text) for _ in range(runs)]
        seconds = statistics.median(each for _, each in done)
        times.append(seconds)
        same = comparable(done[0][0]) == comparable(answer(question.name, records))
        wrong += [] if same else [question.name]
        print(f"| {question.name} | {len(done[0][0]):,} | {shown(seconds)} | {'yes' if same else 'NO'} |", flush=True)
    print(f"\n{len(times)} questions, {sum(times):.1f} s in all, the slowest {max(times):.1f} s, {len(wrong)} differ.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
