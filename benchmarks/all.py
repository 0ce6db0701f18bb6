"""Every figure of the documentation in one run: ``python benchmarks/all.py STUDIES.zip [--sizes 1659,20000,100000]``.

Each command runs in its own process. The table has CPU seconds of the process and its children, the ratio to the export
to N-Triples of the same run, the peak memory of the largest process, and the size of the output. ``--old FOLDER`` runs
the same commands with the package in another checkout. Then the other benchmarks run on the records as they are:
kinds of output and input, other tools (``--peers PYTHON``), queries, and servers (``--servers``).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
BASE = "export nt"
"""The step whose CPU time is 1 in the column of ratios."""
STEPS = {
    BASE: "export {studies} -j 1 -o x.nt",
    "export ttl": "export {studies} -j 1 -o x.ttl",
    "export nq": "export {studies} -j 1 -o x.nq",
    "export parquet": "export {studies} -j 1 -o x.parquet",
    "store build": "store build {studies} -o x.kgstore",
    "store update": "store update x.kgstore {studies}",
    "query maximum_phase_by_disease": "query maximum_phase_by_disease --data x.kgstore --format csv --timeout 600",
    "query in_all_countries": "query in_all_countries --data x.kgstore --format csv --timeout 600",
    "restore nq": "restore x.nq -o x.jsonl",
    "restore parquet": "restore x.parquet -o x.jsonl",
    "restore store": "restore x.kgstore -o x.jsonl",
    "validate nq": "validate x.nq --limit 0",
    "validate nt": "validate x.nt --limit 0",
    "validate ttl": "validate x.ttl --limit 0",
    "validate store": "validate x.kgstore --limit 0",
    "coverage": "coverage {studies}",
    "describe": "export {studies} -j 1 --describe -o d.nt.zst",
    "network graphml": "network x.kgstore -o x.graphml",
    "network gexf": "network x.kgstore -o x.gexf",
    "draw summary": "draw x.kgstore --summary -o x.html",
    "files for qlever": "load {studies} --preset qlever -o qlever",
    "load bulk oxigraph": "load {studies} --bulk --preset oxigraph --set location=x.oxigraph",
}
"""The commands, in an order in which each finds the files of those before it."""
OWN_LOADER = "oxigraph's own loader"
CHARTED = (
    *(BASE, "export parquet", "store build", "store update", "restore nq", "restore store", "validate nq"),
    *("validate store", "coverage", "network gexf"),
)
"""The steps in the chart, which has ten colours."""


class Cost(NamedTuple):
    """A measurement: CPU seconds (``None`` if the step failed), peak MiB, and MB of output."""

    version: str
    studies: int
    step: str
    cpu: float | None
    peak: float
    output: float


def run(command: list[str], folder: Path, package: Path, limit: int) -> tuple[float | None, float]:
    """Run a command with the package of a checkout; return its CPU seconds, ``None`` on failure, and its peak MiB."""
    environment = os.environ | {"PYTHONPATH": str(package)}

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))

    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=limited,
    )
    _, status, usage = os.wait4(process.pid, 0)
    # Status 1 says that values were left out, as some of the records have faults.
    finished = os.waitstatus_to_exitcode(status) in (0, 1)
    return (usage.ru_utime + usage.ru_stime if finished else None), usage.ru_maxrss / 1024


def size(path: Path) -> float:
    """Return the size of a file or folder in MB."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def measure(version: str, package: Path, studies: Path, count: int, options: argparse.Namespace) -> Iterator[Cost]:
    """Run all steps on some studies."""
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for step, text in STEPS.items():
            if step not in options.steps or (step in options.skip_old and version == "old"):
                continue
            command = [sys.executable, "-m", "kg", *text.format(studies=studies).split()]
            cpu, peak = run(command, folder, package, options.limit)
            output = next(
                (folder / word for word in reversed(command) if (folder / word.split("=")[-1]).exists()), None
            )
            yield Cost(version, count, step, cpu, peak, size(folder / output.name.split("=")[-1]) if output else 0)
        program = shutil.which("oxigraph", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if program and (folder / "x.nq").exists() and "load bulk oxigraph" in options.steps:
            command = [program, "load", "--location", "own", "--file", "x.nq"]
            cpu, peak = run(command, folder, package, options.limit)
            yield Cost(version, count, OWN_LOADER, cpu, peak, size(folder / "own"))


def show(costs: list[Cost]) -> None:
    """Print the table of all costs."""
    print(
        f"{'studies':>8}  {'step':<32}{'version':<8}{'CPU s':>9}{'x export':>10}{'MiB':>8}{'MB':>10}{'old / new':>11}"
    )
    by_key = {cost[:3]: cost for cost in costs}
    for cost in costs:
        base = by_key.get((cost.version, cost.studies, BASE))
        old, new = (by_key.get((version, *cost[1:3])) for version in ("old", "new"))
        ratio = f"{cost.cpu / base.cpu:.1f}" if cost.cpu and base and base.cpu else ""
        better = f"{old.cpu / new.cpu:.2f}" if cost is new and old and old.cpu and new.cpu else ""
        cpu = "failed" if cost.cpu is None else f"{cost.cpu:.2f}"
        line = f"{cost.studies:>8,}  {cost.step:<32}{cost.version:<8}{cpu:>9}{ratio:>10}"
        print(f"{line}{cost.peak:>8,.0f}{cost.output:>10,.1f}{better:>11}")


def chart(costs: list[Cost], target: Path) -> None:
    """Draw CPU time and peak memory of the new version against the number of studies."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (time, memory) = plt.subplots(1, 2, figsize=(12, 5.5), layout="constrained")
    kept = [cost for cost in costs if cost.version == "new" and cost.cpu]
    for step in CHARTED:
        points = sorted(cost for cost in kept if cost.step == step)
        studies = [cost.studies for cost in points]
        time.plot(studies, [cost.cpu for cost in points], marker="o", label=step)
        memory.plot(studies, [cost.peak for cost in points], marker="o", label=step)
    time.set(xscale="log", yscale="log", xlabel="studies", ylabel="CPU seconds", title="Time")
    memory.set(xscale="log", yscale="log", xlabel="studies", ylabel="peak MiB of the largest process", title="Memory")
    figure.legend(*time.get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    for axes in (time, memory):
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(target, dpi=90)


def others(options: argparse.Namespace) -> None:
    """Run the other benchmarks on the records as they are."""
    peers = ["--peers", options.peers] if options.peers else []
    names = [("export.py",), ("sizes.py",), ("peers.py", *peers), ("questions.py",)]
    for name, *arguments in names + ([("load.py",)] if options.servers else []):
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, HERE / name, options.studies, *arguments], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", metavar="STUDIES", help="zip archive of study records")
    parser.add_argument("--sizes", default="1659,20000,100000", help="numbers of studies, separated by commas")
    parser.add_argument("--old", metavar="FOLDER", help="checkout of the version to compare with")
    parser.add_argument("--steps", help=f"steps to run, separated by commas: {', '.join(STEPS)}")
    parser.add_argument("--skip-old", default="", help="steps that are not run with the old version")
    parser.add_argument("--limit", type=int, default=3600, help="CPU seconds per step")
    parser.add_argument("--folder", metavar="DIR", help="where outputs are written and removed")
    parser.add_argument("--json", metavar="FILE", help="write the costs to a file, after each step")
    parser.add_argument("--add", metavar="FILE", action="append", default=[], help="costs of an earlier run (--json)")
    parser.add_argument("--chart", metavar="FILE", help="draw time and memory against the number of studies")
    parser.add_argument("--peers", metavar="PYTHON", help="Python with benchmarks/peers.txt")
    parser.add_argument("--servers", action="store_true", help="load into servers too")
    parser.add_argument("--only-sizes", action="store_true", help="leave out the other benchmarks")
    options = parser.parse_args()
    options.steps = options.steps.split(",") if options.steps else list(STEPS)
    options.skip_old = options.skip_old.split(",")
    packages = {"new": HERE.parent} | ({"old": Path(options.old).resolve()} if options.old else {})
    costs = [Cost(**cost) for file in options.add for cost in json.loads(Path(file).read_text())]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for count in map(int, filter(None, options.sizes.split(","))):
            studies = Path(folder) / f"{count}.jsonl"
            subprocess.run([sys.executable, HERE / "scale.py", options.studies, str(count), studies], check=True)
            for version, package in packages.items():
                for cost in measure(version, package, studies, count, options):
                    costs.append(cost)
                    if options.json:
                        Path(options.json).write_text(json.dumps([cost._asdict() for cost in costs], indent=1))
            studies.unlink()
    show(costs)
    if options.chart:
        chart(costs, Path(options.chart))
    if not options.only_sizes:
        others(options)


if __name__ == "__main__":
    main()
