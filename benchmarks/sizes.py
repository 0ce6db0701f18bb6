"""What grows with the number of studies and what does not: ``python benchmarks/sizes.py studies.zip [--registry]``."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from export import cost
from scale import main as scale

SIZES = (1_000, 10_000, 100_000)
REGISTRY = 580_000
"""Studies of ClinicalTrials.gov at the end of 2026, about."""

RUN = """
import pathlib, re, resource, sys, time
from kg.export.run import export
started = time.perf_counter()
if __name__ == "__main__":
    done = export([sys.argv[1]], sys.argv[2], jobs=int(sys.argv[3]))
    seconds = time.perf_counter() - started
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(each.ru_utime + each.ru_stime for each in (own, workers))
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
    print(seconds, cpu, peak / 1024, workers.ru_maxrss / 1024, done.totals.studies, done.totals.triples)
"""


class Run(NamedTuple):
    """Seconds by the clock and of CPU, peak memory (MiB) of the parent and of the largest worker, and what was done."""

    seconds: float
    cpu: float
    parent: float
    worker: float
    studies: float
    triples: float


def run(source: Path, target: Path, jobs: int) -> Run:
    """An export in a process of its own, with its workers."""
    command = [sys.executable, "-c", RUN, str(source), str(target), str(jobs)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Run(*map(float, said.split()))


def start_up() -> None:
    """Prints how long it takes to begin."""
    seed = Path(__file__).parent.parent / "tests" / "data" / "NCT02059759.txt"
    help_ = "import sys; sys.argv = ['kg', '--help']; from kg.cli import main; main()"
    first = "import sys; from kg.export.run import export; export([sys.argv[1]], sys.argv[2])"
    with tempfile.TemporaryDirectory() as folder:
        for name, code in (("kg --help", help_), ("the first study", first)):
            costs = [
                cost(f"import os; os.dup2(os.open(os.devnull, 1), 1); {code}", str(seed), f"{folder}/o.ttl").cpu
                for _ in range(5)
            ]
            print(f"{name:<22}{sorted(costs)[2]:.2f} s of CPU")


def sizes(source: str, folder: Path, name: str, jobs: int) -> list[Run]:
    """Prints time and memory of runs that grow."""
    print(f"\n{name}, {jobs} process{'es' if jobs > 1 else ''}")
    print(
        f"{'studies':>10}{'seconds':>10}{'CPU s':>9}{'studies/s':>11}"
        f"{'CPU us a study':>16}{'parent MiB':>12}{'worker MiB':>12}"
    )
    runs = []
    for size in SIZES:
        lines = folder / f"{size}.jsonl"
        if not lines.exists():
            scale(source, size, str(lines))
        done = run(lines, folder / name, jobs)
        runs.append(done)
        show(done)
        (folder / name).unlink()
    return runs


def show(done: Run) -> None:
    """Prints one run."""
    each = done.cpu / done.studies * 1e6
    rate = done.studies / done.seconds
    print(
        f"{done.studies:>10,.0f}{done.seconds:>10.1f}{done.cpu:>9.1f}{rate:>11,.0f}{each:>16.0f}{done.parent:>12.0f}{done.worker:>12.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="STUDIES.zip")
    parser.add_argument("--folder", help="Where there is room: 2 GB, with --registry 15 GB.")
    parser.add_argument("--registry", action="store_true", help=f"Export {REGISTRY:,} studies, too.")
    options = parser.parse_args()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("orjson", "zstandard"))
    print(f"Python {platform.python_version()}, {libraries}; {time.strftime('%Y-%m-%d')}")
    start_up()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        place = Path(folder)
        sizes(options.source, place, "one.ttl", 1)
        runs = sizes(options.source, place, "two.ttl.zst", 2)
        slope = (runs[-1].seconds - runs[0].seconds) / (runs[-1].studies - runs[0].studies)
        print(f"\n{REGISTRY:,} studies, by the slope from {SIZES[0]:,} to {SIZES[-1]:,}: {slope * REGISTRY:,.0f} s")
        if options.registry:
            for lines in place.glob("*.jsonl"):
                lines.unlink()
            whole = place / "registry.jsonl"
            scale(options.source, REGISTRY, str(whole))
            print(f"{REGISTRY:,} studies, {whole.stat().st_size / 1e9:.1f} GB of JSON, Turtle (.zst), in fact:")
            show(run(whole, place / "registry.ttl.zst", 2))
            print(f"{(place / 'registry.ttl.zst').stat().st_size / 1e9:.2f} GB written")


if __name__ == "__main__":
    main()
