"""Folders beside an output or a copy that one process uses at a time, and that outlive it if it is killed."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from kg.errors import UsageError
from kg.rdf.atomic import lock, part_path

LOCK = "lock"
"""The name of the file that is locked."""


def locked_folder(folder: Path) -> IO[bytes]:
    """Create a folder, or enter one that a killed process left; it is locked until the returned file is closed.

    Raises :class:`~kg.errors.UsageError` for a folder that another process uses.
    """
    while True:
        folder.mkdir(0o700, exist_ok=True)
        file = (folder / LOCK).open("a+b")
        if not lock(file):
            file.close()
            raise UsageError(f"{folder} is in use by another process; wait for it, or name another output.")
        if (folder / LOCK).exists():  # the other process did not remove it in the meantime
            return file
        file.close()


def remove_folder(folder: Path) -> None:
    """Remove a locked folder with its files; where that is interrupted, no part of it has its name."""
    rest = folder.rename(part_path(folder))
    for path in rest.iterdir():
        if path.name != LOCK:
            path.unlink()
    (rest / LOCK).unlink()
    rest.rmdir()
