"""Building the extension with the sanitizers of gcc, and running Python with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

TOP = Path(__file__).parents[2]
FLAGS = ["-std=c11", "-O1", "-g", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"]


def library(name: str) -> Path | None:
    """Return the path of a library of gcc, or ``None`` if it is not installed."""
    if not shutil.which("gcc"):
        return None
    output = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout
    path = Path(output.strip())
    return path if path.is_absolute() else None


def available() -> bool:
    """Return whether gcc and its sanitizers are installed."""
    return bool(library("libasan.so") and library("libubsan.so"))


def build(folder: Path) -> Path:
    """Build the extension in a folder; warnings are errors."""
    target = folder / "_emitter.abi3.so"
    sources = sorted(map(str, (TOP / "native").glob("*.c")))
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(["gcc", *FLAGS, *WARNINGS, include, *sources, "-o", str(target)], check=True)
    return target


def environment() -> dict[str, str]:
    """Return the environment of a process that imports such a build."""
    return {
        **os.environ,
        "PYTHONPATH": str(TOP),
        "LD_PRELOAD": str(library("libasan.so")),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter itself leaks; tests/native measures the extension's memory
        "PYTHONMALLOC": "malloc",  # so that every object is an allocation of its own
    }
