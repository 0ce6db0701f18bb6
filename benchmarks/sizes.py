"""Time and memory by the number of studies: ``python benchmarks/sizes.py studies.zip [--registry]``."""

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
"""Approximate number of studies in ClinicalTrials.gov at the end of 2026."""

RUN = """
import pathlib, re, resource, sys, time
from kg.export.run import export
started = time.perf_counter()
if __name__ == "__main__":
    report = export([sys.argv[1]], sys.argv[2], jobs=int(sys.argv[3]))
    seconds = time.perf_counter() - started
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, workers))
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
    print(seconds, cpu, peak / 1024, workers.ru_maxrss / 1024, report.totals.studies, report.totals.triples)
"""


class Run(NamedTuple):
    """Elapsed and CPU seconds, peak memory (MiB) of the parent and of the largest worker, and the output size."""

    seconds: float
    cpu: float
    parent: float
    worker: float
    studies: float
    triples: float


def run(source: Path, target: Path, jobs: int) -> Run:
    """Run an export in a new process, with workers."""
    command = [sys.executable, "-c", RUN, str(source), str(target), str(jobs)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Run(*map(float, output.split()))


def start_up() -> None:
    """Print the CPU time of start-up."""
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
    """Print time and memory of runs of increasing size."""
    print(f"\n{name}, {jobs} process{'es' if jobs > 1 else ''}")
    print(
        f"{'studies':>10}{'seconds':>10}{'CPU s':>9}{'studies/s':>11}"
        f"{'CPU us/study':>16}{'parent MiB':>12}{'worker MiB':>12}"
    )
    runs = []
    for size in SIZES:
        lines = folder / f"{size}.jsonl"
        if not lines.exists():
            scale(source, size, str(lines))
        result = run(lines, folder / name, jobs)
        runs.append(result)
        show(result)
        (folder / name).unlink()
    return runs


def show(result: Run) -> None:
    """Print one run."""
    per_study = result.cpu / result.studies * 1e6
    rate = result.studies / result.seconds
    print(
        f"{result.studies:>10,.0f}{result.seconds:>10.1f}{result.cpu:>9.1f}{rate:>11,.0f}{per_study:>16.0f}{result.parent:>12.0f}{result.worker:>12.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="STUDIES.zip")
    parser.add_argument("--folder", help="folder with 2 GB of free space (with --registry, 15 GB)")
    parser.add_argument("--registry", action="store_true", help=f"also export {REGISTRY:,} studies")
    options = parser.parse_args()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("orjson", "zstandard"))
    print(f"Python {platform.python_version()}, {libraries}; {time.strftime('%Y-%m-%d')}")
    start_up()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder)
        sizes(options.source, path, "one.ttl", 1)
        runs = sizes(options.source, path, "two.ttl.zst", 2)
        slope = (runs[-1].seconds - runs[0].seconds) / (runs[-1].studies - runs[0].studies)
        print(f"\n{REGISTRY:,} studies, extrapolated from {SIZES[0]:,} to {SIZES[-1]:,}: {slope * REGISTRY:,.0f} s")
        if options.registry:
            for lines in path.glob("*.jsonl"):
                lines.unlink()
            registry = path / "registry.jsonl"
            scale(options.source, REGISTRY, str(registry))
            print(f"{REGISTRY:,} studies, {registry.stat().st_size / 1e9:.1f} GB of JSON, to Turtle (.zst), measured:")
            show(run(registry, path / "registry.ttl.zst", 2))
            print(f"{(path / 'registry.ttl.zst').stat().st_size / 1e9:.2f} GB written")


if __name__ == "__main__":
    main()
