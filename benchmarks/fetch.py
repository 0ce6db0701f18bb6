"""Time and memory of ``kg fetch`` from a local API server: ``python benchmarks/fetch.py STUDIES [--count N]``."""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

TOP = Path(__file__).parent.parent
RUN = """
import pathlib, re, resource, sys
from kg.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
own = resource.getrusage(resource.RUSAGE_SELF)
peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
print(own.ru_utime + own.ru_stime, peak / 1024)
"""
"""A command with one process, which prints its CPU time and its peak memory in MiB."""


class Run(NamedTuple):
    """Elapsed and CPU seconds, and the peak memory in MiB."""

    seconds: float
    cpu: float
    memory: float


def run(*arguments: str) -> Run:
    """Run a command in a new process."""
    started = time.perf_counter()
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)
    return Run(time.perf_counter() - started, *map(float, done.stdout.split()))


@contextmanager
def server(studies: str, count: int) -> Iterator[str]:
    """Run the API server in a process of its own; yield the URL of the API."""
    command = [sys.executable, "-m", "tests.integration.api_server", studies, "--count", str(count)]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def server_alone(api: str) -> float:
    """Return the seconds in which the server prepares, compresses and sends all pages to a client that drops them."""
    params: dict[str, str] = {"pageSize": "1000"}
    started = time.perf_counter()
    with httpx.Client(headers={"Accept-Encoding": "gzip"}, timeout=300) as client:
        while True:
            page = client.get(f"{api}/studies", params=params).content
            match = re.search(rb'"nextPageToken":"([^"]+)"}$', page[-200:])
            if not match:
                return time.perf_counter() - started
            params["pageToken"] = match[1].decode()


def measure(studies: str, count: int, folder: Path, repeats: int) -> None:
    """Print the cost of fetches and of an export of the same records."""
    lines, graph = str(folder / "studies.jsonl"), str(folder / "studies.nt")
    with server(studies, count) as api:
        fetch = ["fetch", "--all", "--limit", str(count), "--rate", "0", "--api", api]
        seconds = server_alone(api)
        run(*fetch, "-o", lines)
        commands = {
            "kg fetch -o x.jsonl": [*fetch, "-o", lines],
            "kg fetch -o x.nt": [*fetch, "-j", "1", "-o", graph],
            "kg export x.jsonl": ["export", lines, "-j", "1", "-o", graph],
        }
        runs = {name: [] for name in commands}
        for _ in range(repeats):
            for name, command in commands.items():
                runs[name].append(run(*command))
    assert json.loads(Path(lines + ".manifest.json").read_text("utf-8"))["studies"] == count
    middle = {name: Run(*map(statistics.median, zip(*each, strict=True))) for name, each in runs.items()}
    base = middle["kg export x.jsonl"].cpu
    print(f"\n{count:,} studies{'seconds':>20}{'CPU s':>9}{'us/study':>10}{'x export':>10}{'MiB':>7}")
    for name, (elapsed, cpu, memory) in middle.items():
        print(f"{name:<22}{elapsed:>12.1f}{cpu:>9.1f}{1e6 * cpu / count:>10.0f}{cpu / base:>10.2f}{memory:>7.0f}")
    print(f"{'the server alone':<22}{seconds:>12.1f}")


def main() -> None:
    """Measure two sizes, so that growing memory is seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", help="folder or zip archive of records")
    parser.add_argument("--count", type=int, default=20_000, help="number of studies, some of which are copies")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(TOP)
    with tempfile.TemporaryDirectory() as folder:
        for count in (options.count // 4, options.count):
            measure(str(Path(options.studies).resolve()), count, Path(folder), options.repeats)


if __name__ == "__main__":
    main()
