"""Load inputs into real servers and run every query of the library: ``python benchmarks/load.py INPUT...``.

Each server starts on the loopback interface with an empty folder. The output has the seconds of a first load, of the
same load again and of a load into one graph, with the number of statements that the server counts, and the queries
whose results differ from those of the embedded store. The exit status is 1 if a load is incomplete, or if fewer than
ten query results are equal.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from kg.errors import KGError
from kg.export.report import Report
from kg.query.endpoint import query_endpoint
from kg.query.engine import evaluate, prepare
from kg.query.library import library_queries
from kg.store.dataset import open_store
from kg.store.embedded import build
from tests.servers import SERVERS, Missing, Server

ONE = "https://example.org/trials"


def run_load(server: Server, inputs: list[str], *options: str) -> tuple[int, float, str]:
    """Run a load; return its exit status, its seconds and the last line of its output."""
    command = [sys.executable, "-m", "kg", "load", *inputs, "--to", server.url, *options]
    start = time.perf_counter()
    process = subprocess.run(command, env=os.environ | server.environment, capture_output=True, text=True, check=False)
    return process.returncode, time.perf_counter() - start, process.stderr.strip().splitlines()[-1]


def comparable(rows: list[dict[str, object]]) -> list[list[str]]:
    """Return rows sorted, with numbers rounded to the digits on which stores agree."""
    return sorted([as_text(value) for _, value in sorted(row.items())] for row in rows)


def as_text(value: object) -> str:
    """Return a value as text, a number with ten digits."""
    try:
        return f"{float(str(value)):.10g}"
    except ValueError:
        return str(value)


def compare_queries(server: Server, folder: Path) -> tuple[int, list[str]]:
    """Return the number of queries with the results of the embedded store, and the names of the others."""
    equal, different = 0, []
    with open_store(folder) as store:
        for question in library_queries():
            text = prepare(question.name)
            expected = comparable(evaluate(store, text).rows)
            try:
                answer = query_endpoint(server.query_url, text, credentials=server.credentials, digest=True, timeout=60)
                same = comparable(answer.rows) == expected
            except KGError as error:
                same = False
                print(f"  {question.name}: {str(error)[:150]}")
            equal += same
            different += [] if same else [question.name]
    return equal, different


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--only", choices=[kind.name for kind in SERVERS])
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        info = build(options.inputs, top / "s.kgstore", report=Report())
        print(f"embedded: {info.studies:,} studies, {info.statements:,} statements")
        for kind in SERVERS:
            if options.only in (None, kind.name):
                (top / kind.name).mkdir()
                failures += measure(kind, top / kind.name, options.inputs, top / "s.kgstore")
    return 1 if failures else 0


def measure(kind: type[Server], data: Path, inputs: list[str], folder: Path) -> int:
    """Print the measurements of one server; return 1 if something failed."""
    try:
        server = kind(data)
    except Missing as error:
        print(f"{kind.name}: {error}")
        return 0
    server.start()
    try:
        failures = 0
        for attempt in ("first", "again"):
            code, seconds, message = run_load(server, inputs)
            failures += code
            print(f"{kind.name} {attempt}: {seconds:.1f} s: {message}")
        equal, different = compare_queries(server, folder)
        print(f"{kind.name}: {equal} queries equal; different: {', '.join(different) or 'none'}", flush=True)
        code, seconds, message = run_load(server, inputs, "--graph", ONE)
        print(f"{kind.name} one graph: {seconds:.1f} s: {message}", flush=True)
        return int(failures + code > 0 or equal < 10)
    finally:
        server.kill()


if __name__ == "__main__":
    sys.exit(main())
