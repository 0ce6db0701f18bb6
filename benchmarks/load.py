"""Loads inputs into real servers, and asks them all questions: ``python benchmarks/load.py INPUT...``.

Each server is started on loopback with an empty folder. Printed are the seconds of the first load, of the same load
again, and of a load into one graph, with the statements that the server counts; then the questions of the library whose
answers differ from the embedded store's. Exit status 1 where a load is not whole, or fewer than ten answers are equal.
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
from kg.query.engine import ask, endpoint, prepared
from kg.query.library import questions
from kg.store.dataset import opened
from kg.store.embedded import build
from tests.servers import SERVERS, Missing, Server

ONE = "https://example.org/trials"


def loaded(server: Server, inputs: list[str], *options: str) -> tuple[int, float, str]:
    """The exit status, the seconds and the last words of a load."""
    command = [sys.executable, "-m", "kg", "load", *inputs, "--to", server.url, *options]
    start = time.perf_counter()
    done = subprocess.run(command, env=os.environ | server.environment, capture_output=True, text=True, check=False)
    return done.returncode, time.perf_counter() - start, done.stderr.strip().splitlines()[-1]


def rows(found: list[dict[str, object]]) -> list[list[str]]:
    """Rows to compare: numbers as far as stores agree on them, and in no order."""
    return sorted([shown(value) for _, value in sorted(row.items())] for row in found)


def shown(value: object) -> str:
    """A value as text; a number to ten digits."""
    try:
        return f"{float(str(value)):.10g}"
    except ValueError:
        return str(value)


def differing(server: Server, folder: Path) -> tuple[int, list[str]]:
    """The number of questions that are answered as by the embedded store, and the names of the others."""
    equal, others = 0, []
    with opened(folder) as store:
        for each in questions():
            text = prepared(each.name)
            wanted = rows(ask(store, text).rows)
            try:
                found = endpoint(server.asked, text, credentials=server.credentials, digest=True, timeout=60)
                same = rows(found.rows) == wanted
            except KGError as error:
                same = False
                print(f"  {each.name}: {str(error)[:150]}")
            equal += same
            others += [] if same else [each.name]
    return equal, others


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--only", choices=[each.name for each in SERVERS])
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        made = build(options.inputs, top / "s.kgstore", report=Report())
        print(f"embedded: {made.studies:,} studies, {made.statements:,} statements")
        for kind in SERVERS:
            if options.only in (None, kind.name):
                (top / kind.name).mkdir()
                wrong += measured(kind, top / kind.name, options.inputs, top / "s.kgstore")
    return 1 if wrong else 0


def measured(kind: type[Server], place: Path, inputs: list[str], folder: Path) -> int:
    """Prints the figures of one server; 1 where something is wrong."""
    try:
        server = kind(place)
    except Missing as error:
        print(f"{kind.name}: {error}")
        return 0
    server.start()
    try:
        wrong = 0
        for what in ("first", "again"):
            code, seconds, said = loaded(server, inputs)
            wrong += code
            print(f"{kind.name} {what}: {seconds:.1f} s: {said}")
        equal, others = differing(server, folder)
        print(f"{kind.name}: {equal} questions equal; not {', '.join(others) or 'one'} differs", flush=True)
        code, seconds, said = loaded(server, inputs, "--graph", ONE)
        print(f"{kind.name} one graph: {seconds:.1f} s: {said}", flush=True)
        return int(wrong + code > 0 or equal < 10)
    finally:
        server.kill()


if __name__ == "__main__":
    sys.exit(main())
