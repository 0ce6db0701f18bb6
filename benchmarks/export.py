"""Cost of an export relative to the floor and to plain rdflib: ``python benchmarks/export.py INPUT...``."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

NAMES = ["ntriples.nt", "turtle.ttl", "nquads.nq", "ntriples.nt.zst", "ntriples.nt.gz"]
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
KG = "import sys; from kg.export.run import export; export([sys.argv[1]], sys.argv[2])"
KG_START = "import kg.export.run; from kg.export.exporter import Exporter; Exporter(grouped=True)"
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
    """Run Python code in a new process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [python, "-c", code, *arguments], env=environment
    )  # caches bytecode, like an installation
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"A run failed: {code.strip().splitlines()[0]} ...")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def lines_of(inputs: list[str], target: Path) -> tuple[int, bytes]:
    """Write the studies as JSON Lines; return their number, and the first 200 of them as N-Triples."""
    import orjson

    import kg
    from kg.export.exporter import Exporter

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
    for name in [*NAMES, "nquads.parquet"] if find_spec("pyarrow") else NAMES:
        target = folder / name
        cost(KG, str(source), str(target))
        triples = count_triples(folder, source)
        ratios, costs, floors = [], [], []
        for _ in range(runs):
            floor = cost(FLOOR, str(source), str(target), str(folder / "floor")).cpu - cost(START).cpu
            total = cost(KG, str(source), str(target))
            busy = total.cpu - cost(KG_START).cpu
            ratios.append(busy / floor)
            costs.append(Cost(busy, total.peak))
            floors.append(floor)
        cpu = statistics.median(run.cpu for run in costs)
        peak = statistics.median(run.peak for run in costs)
        per_triple = per_triple or cpu / triples
        row = f"{studies / cpu:>10,.0f}{triples / cpu:>11,.0f}{cpu:>8.2f}{statistics.median(ratios):>9.2f}{peak:>10.0f}"
        print(f"kg {name:<19}{row}")
    slow = statistics.median(
        cost(RDFLIB, str(few), "yes", str(folder / "r.nt")).cpu - cost(RDFLIB, str(few), "no", "").cpu
        for _ in range(runs)
    )
    few_triples = first.count(b"\n")
    print(f"{'plain rdflib':<22}{'':>10}{few_triples / slow:>11,.0f}{slow:>8.2f}", end="")
    print(f"   {slow / few_triples / per_triple:,.0f} x the CPU of kg on the same triples (N-Triples)")


_counted: dict[Path, int] = {}


def count_triples(folder: Path, source: Path) -> int:
    """Return the number of triples of the export, counted as lines of N-Triples."""
    if source not in _counted:
        with (folder / "ntriples.nt").open("rb") as file:
            _counted[source] = sum(1 for _ in file)
    return _counted[source]


if __name__ == "__main__":
    main()
