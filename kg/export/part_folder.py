"""The folder of an export in parts: prepared before the parts are written, and cleared if that fails."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kg.rdf.atomic import output_errors
from kg.records.urls import filesystem

MANIFEST = "_manifest.json"
"""Spark and Arrow skip names that begin with an underscore."""
NAME = re.compile(r"part-\d{5,}(?:\.[a-z]+)+")


@contextmanager
def prepared(folder: str) -> Iterator[None]:
    """Create the folder and remove the manifest of an earlier run; on failure, remove the parts of this run.

    Raises :class:`~kg.errors.OutputError` if the folder cannot be written.
    """
    system, path = filesystem(folder)
    is_new = not system.exists(path)
    with output_errors(folder):
        system.makedirs(path, exist_ok=True)
        if system.exists(f"{path}/{MANIFEST}"):
            system.rm_file(f"{path}/{MANIFEST}")
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the first error is the one to report
            _remove_parts(folder, with_folder=is_new)
        raise


def _remove_parts(folder: str, *, with_folder: bool) -> None:
    system, path = filesystem(folder)
    system.invalidate_cache()
    for file in system.ls(path, detail=False):
        if NAME.fullmatch(posixpath.basename(file)):
            system.rm_file(file)
    if with_folder:
        system.rmdir(path)
