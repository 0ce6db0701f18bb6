"""What an export costs, as a ratio to the floor and to plain rdflib: ``python benchmarks/export.py INPUT...``."""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

FLOOR = """
import sys, orjson
lines = open(sys.argv[1], "rb")
for line in lines:
    orjson.loads(line)
with open(sys.argv[2], "rb") as source, open(sys.argv[3], "wb") as target:
    while chunk := source.read(1 << 20):
        target.write(chunk)
"""
START = "import orjson"
KG = "import sys; from kg.run import export; export([sys.argv[1]], sys.argv[2])"
KG_START = "import kg.run; from kg.export import Exporter; Exporter(grouped=True)"
RDFLIB = """
import sys, pyoxigraph, rdflib
triples = list(pyoxigraph.parse(path=sys.argv[1], format=pyoxigraph.RdfFormat.N_TRIPLES))
if sys.argv[2] == "yes":
    def term(node):
        if isinstance(node, pyoxigraph.NamedNode):
            return rdflib.URIRef(node.value)
        if node.language:
            return rdflib.Literal(node.value, lang=node.language)
        return rdflib.Literal(node.value, datatype=rdflib.URIRef(node.datatype.value))
    graph = rdflib.Graph()
    for triple in triples:
        graph.add((term(triple.subject), term(triple.predicate), term(triple.object)))
    graph.serialize(sys.argv[3], format="nt", encoding="utf-8")
"""


class Cost(NamedTuple):
    """CPU seconds and peak memory (MiB) of a process."""

    cpu: float
    peak: float


def cost(code: str, *arguments: str, python: str = sys.executable) -> Cost:
    """Runs Python code in a process of its own."""
    process = subprocess.Popen([python, "-c", code, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"A run failed: {code.strip().splitlines()[0]} ...")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def lines_of(inputs: list[str], target: Path) -> tuple[int, bytes]:
    """Writes the studies as JSON Lines; gives their number and the first of them as N-Triples."""
    import orjson

    import kg
    from kg.export import Exporter

    exporter, first, count = Exporter(), b"", 0
    with target.open("wb") as file:
        for record in kg.read(*inputs):
            file.write(orjson.dumps(record.data) + b"\n")
            if count < 200:
                first += exporter(record.data).data
            count += 1
    return count, first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    names = ("orjson", "pyoxigraph", "rdflib")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores,", ", ".join(f"{n} {version(n)}" for n in names))
    with tempfile.TemporaryDirectory() as folder:
        measure(options.inputs, options.runs, Path(folder))


def measure(inputs: list[str], runs: int, folder: Path) -> None:
    source, few = folder / "studies.jsonl", folder / "few.nt"
    studies, first = lines_of(inputs, source)
    few.write_bytes(first)
    print(f"{studies:,} studies, {source.stat().st_size / 1e6:,.1f} MB of JSON; medians of {runs} runs\n")
    print(f"{'':<22}{'studies/s':>10}{'triples/s':>11}{'CPU s':>8}{'x floor':>9}{'peak MiB':>10}")
    per_triple = 0.0
    for name in ("ntriples.nt", "turtle.ttl", "nquads.nq", "ntriples.nt.zst", "ntriples.nt.gz"):
        target = folder / name
        cost(KG, str(source), str(target))
        triples = count_triples(folder, source)
        ratios, costs, floors = [], [], []
        for _ in range(runs):
            floor = cost(FLOOR, str(source), str(target), str(folder / "floor")).cpu - cost(START).cpu
            done = cost(KG, str(source), str(target))
            busy = done.cpu - cost(KG_START).cpu
            ratios.append(busy / floor)
            costs.append(Cost(busy, done.peak))
            floors.append(floor)
        cpu = statistics.median(each.cpu for each in costs)
        peak = statistics.median(each.peak for each in costs)
        per_triple = per_triple or cpu / triples
        row = f"{studies / cpu:>10,.0f}{triples / cpu:>11,.0f}{cpu:>8.2f}{statistics.median(ratios):>9.2f}{peak:>10.0f}"
        print(f"kg {name:<19}{row}")
    compare_jobs(source, folder, runs)
    slow = statistics.median(
        cost(RDFLIB, str(few), "yes", str(folder / "r.nt")).cpu - cost(RDFLIB, str(few), "no", "").cpu
        for _ in range(runs)
    )
    few_triples = first.count(b"\n")
    print(f"{'plain rdflib':<22}{'':>10}{few_triples / slow:>11,.0f}{slow:>8.2f}", end="")
    print(f"   {slow / few_triples / per_triple:,.0f} x the CPU of kg on the same triples (N-Triples)")


def wall(source: Path, target: Path, jobs: int) -> float:
    """Seconds by the clock of the command with so many processes."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "kg", "export", "-j", str(jobs), str(source), "-o", str(target)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare_jobs(source: Path, folder: Path, runs: int) -> None:
    """Prints how much faster two processes are than one, and whether they write the same bytes."""
    for name in ("jobs.ttl", "jobs.nt"):
        target = folder / name
        ratios, said = [], set()
        for _ in range(runs):
            times = []
            for jobs in (1, 2):
                target.unlink(missing_ok=True)  # to take the old one away would cost both the same
                times.append(wall(source, target, jobs))
                with target.open("rb") as file:
                    said.add(hashlib.file_digest(file, "sha256").hexdigest())
            ratios.append(times[0] / times[1])
        same = "the same bytes" if len(said) == 1 else "OTHER BYTES"
        print(f"two processes, {name:<8} {statistics.median(ratios):.2f} x as fast as one by the clock, {same}")


_counted: dict[Path, int] = {}


def count_triples(folder: Path, source: Path) -> int:
    """Triples of the export, counted as lines of its N-Triples."""
    if source not in _counted:
        with (folder / "ntriples.nt").open("rb") as file:
            _counted[source] = sum(1 for _ in file)
    return _counted[source]


if __name__ == "__main__":
    main()
