"""Speed-up of an export by several processes: ``python benchmarks/jobs.py studies.jsonl``."""

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
    parser.add_argument("--names", nargs="+", default=NAMES, help="output names, whose extensions give the format")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        compare(Path(options.source), Path(folder), options.jobs, options.runs, options.names)


def compare(source: Path, folder: Path, jobs: int, runs: int, names: tuple[str, ...] = NAMES) -> None:
    """Print, for each output, the elapsed times, their ratio, and whether the bytes are equal.

    Runs with one process and with several alternate. The ceiling is the speed-up of independent processes on this
    machine; the write speed of the disk is another limit. The last ratio excludes the start-up time.
    """
    environment = bytecode_cache(folder)
    spin = [sys.executable, "-c", SPIN, str(source)]
    ceilings = [jobs * wall_time([spin], environment) / wall_time([spin] * jobs, environment) for _ in range(runs)]
    ceiling = f"{statistics.median(ceilings):.2f} ({min(ceilings):.2f} to {max(ceilings):.2f})"
    print(f"\n{jobs} independent processes do {ceiling} x the work of one in the same time; medians of {runs} runs")
    start = start_time(source, folder, runs, environment)
    print(f"Start-up takes {start:.3f} s, in one process.")
    print(f"{'':<12}{'1 process s':>12}{f'{jobs} s':>8}{'x':>7}{'min':>7}{'max':>7}{'no start x':>12}{'disk s':>8}")
    for name in names:
        times: dict[int, list[float]] = {1: [], jobs: []}
        digests = set()
        for run in range(runs + 1):
            for count in (1, jobs):
                target = folder / name
                target.unlink(missing_ok=True)  # so that deleting it is not measured
                command = [sys.executable, "-m", "kg", "export", "-j", str(count), str(source), "-o", str(target)]
                seconds = wall_time([command], environment)
                if run:  # the first run fills the bytecode cache
                    times[count].append(seconds)
                else:
                    with target.open("rb") as file:
                        digests.add(hashlib.file_digest(file, "sha256").hexdigest())
        disk = statistics.median(disk_time(folder / "disk", (folder / name).stat().st_size) for _ in range(runs))
        (folder / name).unlink()
        ratios = sorted(one / many for one, many in zip(times[1], times[jobs], strict=True))
        one, many = (statistics.median(times[count]) for count in (1, jobs))
        figures = f"{statistics.median(ratios):>7.2f}{ratios[0]:>7.2f}{ratios[-1]:>7.2f}"
        figures += f"{(one - start) / (many - start):>12.2f}{disk:>8.2f}"
        print(
            f"{name:<12}{one:>12.2f}{many:>8.2f}{figures}  {'same bytes' if len(digests) == 1 else 'DIFFERENT BYTES'}"
        )


def bytecode_cache(folder: Path) -> dict[str, str]:
    """Return an environment in which commands cache bytecode in a folder, like an installed package."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def start_time(source: Path, folder: Path, runs: int, environment: dict[str, str]) -> float:
    """Return the seconds of an export of one study, most of which are start-up time."""
    one, target = folder / "one.jsonl", folder / "one.ttl"
    with source.open("rb") as file:
        one.write_bytes(file.readline())
    command = [sys.executable, "-m", "kg", "export", str(one), "-o", str(target)]
    wall_time([command], environment)  # fills the bytecode cache
    return statistics.median(wall_time([command], environment) for _ in range(3 * runs))


def disk_time(target: Path, size: int) -> float:
    """Return the seconds for writing ``size`` bytes to disk, without the page cache if possible."""
    block = mmap.mmap(-1, BLOCK)  # aligned to a page, as O_DIRECT requires
    block.write(os.urandom(BLOCK))
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | getattr(os, "O_DIRECT", 0), 0o600)
    started = time.monotonic()
    for _ in range(size // BLOCK):
        os.write(descriptor, block)
    os.fsync(descriptor)
    seconds = time.monotonic() - started
    os.close(descriptor)
    target.unlink()
    return seconds


def wall_time(commands: list[list[str]], environment: dict[str, str]) -> float:
    """Return the elapsed seconds of commands that run at the same time."""
    started = time.monotonic()
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for command in commands]
    codes = [process.wait() for process in processes]
    if any(codes):
        sys.exit(f"A run failed: {' '.join(commands[0])[:200]}")
    return time.monotonic() - started


if __name__ == "__main__":
    main()
