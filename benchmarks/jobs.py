"""How much faster several processes export than one: ``python benchmarks/jobs.py studies.jsonl``."""

from __future__ import annotations

import argparse
import hashlib
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

BLOCK = 4 << 20
NAMES = ("x.ttl", "x.nt", "x.nq", "x.ttl.zst", "x.nt.zst", *(["x.parquet"] if find_spec("pyarrow") else []))
SPIN = """
import sys, orjson
lines = open(sys.argv[1], "rb").readlines(100_000_000)
for _ in range(3):
    for line in lines:
        orjson.loads(line)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="FILE")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--names", nargs="+", default=NAMES, help="names of outputs, which tell their format")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        compare(Path(options.source), Path(folder), options.jobs, options.runs, options.names)


def compare(source: Path, folder: Path, jobs: int, runs: int, names: tuple[str, ...] = NAMES) -> None:
    """Prints, for each output, the times by the clock, their ratio, and whether the bytes are the same.

    What is compared takes turns. The ceiling is what as many processes that share nothing get done in the time of one;
    and no number of them is quicker than the disk takes the bytes. The last ratio is without the start, which is what
    one study takes.
    """
    environment = installed(folder)
    spin = [sys.executable, "-c", SPIN, str(source)]
    ceilings = [jobs * wall([spin], environment) / wall([spin] * jobs, environment) for _ in range(runs)]
    shown = f"{statistics.median(ceilings):.2f} ({min(ceilings):.2f} to {max(ceilings):.2f})"
    print(f"\n{jobs} processes that share nothing do {shown} x the work of one in its time; medians of {runs} runs")
    start = started(source, folder, runs, environment)
    print(f"The start takes {start:.3f} s, and one process does it.")
    print(f"{'':<12}{'1 process s':>12}{f'{jobs} s':>8}{'x':>7}{'from':>7}{'to':>7}{'started x':>11}{'disk s':>8}")
    for name in names:
        times: dict[int, list[float]] = {1: [], jobs: []}
        said = set()
        for run in range(runs + 1):
            for count in (1, jobs):
                target = folder / name
                target.unlink(missing_ok=True)  # to take the old one away would cost both the same
                command = [sys.executable, "-m", "kg", "export", "-j", str(count), str(source), "-o", str(target)]
                took = wall([command], environment)
                if run:  # the first one compiles
                    times[count].append(took)
                else:
                    with target.open("rb") as file:
                        said.add(hashlib.file_digest(file, "sha256").hexdigest())
        disk = statistics.median(written(folder / "disk", (folder / name).stat().st_size) for _ in range(runs))
        (folder / name).unlink()
        ratios = sorted(one / many for one, many in zip(times[1], times[jobs], strict=True))
        one, many = (statistics.median(times[count]) for count in (1, jobs))
        figures = f"{statistics.median(ratios):>7.2f}{ratios[0]:>7.2f}{ratios[-1]:>7.2f}"
        figures += f"{(one - start) / (many - start):>11.2f}{disk:>8.2f}"
        print(f"{name:<12}{one:>12.2f}{many:>8.2f}{figures}  {'same bytes' if len(said) == 1 else 'OTHER BYTES'}")


def installed(folder: Path) -> dict[str, str]:
    """The environment of commands whose modules are compiled once, into a folder, as where a package is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def started(source: Path, folder: Path, runs: int, environment: dict[str, str]) -> float:
    """Seconds of an export of the first study alone, most of which a run takes before its first."""
    one, target = folder / "one.jsonl", folder / "one.ttl"
    with source.open("rb") as file:
        one.write_bytes(file.readline())
    command = [sys.executable, "-m", "kg", "export", str(one), "-o", str(target)]
    wall([command], environment)  # which compiles
    return statistics.median(wall([command], environment) for _ in range(3 * runs))


def written(target: Path, size: int) -> float:
    """Seconds that the disk takes for so many bytes by themselves, past the memory of the system where that can be."""
    block = mmap.mmap(-1, BLOCK)  # it begins at a page, as O_DIRECT asks for
    block.write(os.urandom(BLOCK))
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | getattr(os, "O_DIRECT", 0), 0o600)
    started = time.monotonic()
    for _ in range(size // BLOCK):
        os.write(descriptor, block)
    os.fsync(descriptor)
    took = time.monotonic() - started
    os.close(descriptor)
    target.unlink()
    return took


def wall(commands: list[list[str]], environment: dict[str, str]) -> float:
    """Seconds by the clock that commands take which are started together."""
    started = time.monotonic()
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for command in commands]
    codes = [process.wait() for process in processes]
    if any(codes):
        sys.exit(f"A run failed: {' '.join(commands[0])[:200]}")
    return time.monotonic() - started


if __name__ == "__main__":
    main()
