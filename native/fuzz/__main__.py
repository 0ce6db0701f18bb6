"""``python -m native.fuzz TARGET``: run a fuzz target with the extension built for AddressSanitizer and UBSan.

The input of run ``i`` depends on the target, the seed and ``i`` alone, so a failure can be repeated with ``--start i
--runs 1``, and under a debugger or without the sanitizers with ``--plain``.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from native.fuzz.sanitizers import build, environment

TOP = Path(__file__).parents[2]
FOLDER = "KG_FUZZ_EXTENSION"
"""Environment variable of the child process: the folder of the extension, which also gets the number of the run."""


def main() -> int:
    """Parse the command line, and run the target in a child process with the sanitizers."""
    parser = argparse.ArgumentParser(prog="python -m native.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", help="a function of native/fuzz/targets.py, or all")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the number of the first run")
    parser.add_argument("--plain", action="store_true", help="use the installed extension, without sanitizers")
    options = parser.parse_args()
    folder = os.environ.get(FOLDER)
    if folder or options.plain:
        run(options, Path(folder) if folder else None)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        build(Path(scratch))
        child = [sys.executable, "-m", "native.fuzz", *sys.argv[1:]]
        code = subprocess.run(child, env=environment() | {FOLDER: scratch}, cwd=TOP).returncode
        position = Path(scratch, "position")
        if code and position.exists():
            target, number = position.read_text().split()
            again = f"{target} --seed {options.seed} --start {number} --runs 1"
            print(f"failed; to repeat: python -m native.fuzz {again}", file=sys.stderr)
        return code


def run(options: argparse.Namespace, folder: Path | None) -> None:
    """Run a target, or all of them, in this process."""
    if folder:
        import kg

        kg.__path__.insert(0, str(folder))
    import kg._emitter as extension
    from native.fuzz.targets import TARGETS

    assert folder is None or str(extension.__file__).startswith(str(folder))
    if options.target not in (*TARGETS, "all"):
        sys.exit(f"unknown target {options.target}; choose from: {', '.join(TARGETS)}, all")
    for name in TARGETS if options.target == "all" else [options.target]:
        one_run, handled = TARGETS[name](), 0
        for number in range(options.start, options.start + options.runs):
            if folder:
                (folder / "position").write_text(f"{name} {number}")
            handled += one_run(random.Random(f"{name} {options.seed} {number}"))
        print(f"{name}: {options.runs} runs, {handled} handled by the extension", flush=True)


if __name__ == "__main__":
    sys.exit(main())
