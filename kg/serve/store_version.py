"""The version of a store on disk: whether another process changed it since the server opened it."""

from __future__ import annotations

import sys
from pathlib import Path

from kg.errors import printable


class StoreVersion:
    """The version of a store when this object was created.

    A store of RocksDB names its current manifest in the file ``CURRENT``, and a change is appended to the manifest
    (https://github.com/facebook/rocksdb/wiki/MANIFEST).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = self._read()
        self._is_reported = False

    def _read(self) -> tuple[bytes, int]:
        try:
            name = (self._path / "CURRENT").read_bytes()
            return name, (self._path / name.decode().strip()).stat().st_size
        except (OSError, ValueError):
            return b"", 0

    def report_change(self) -> None:
        """Print a message if the store has changed, once: processes that start now read its new state."""
        if not self._is_reported and self._read() != self._version:
            self._is_reported = True
            text = f"kg: {self._path} has changed; restart the server, which serves parts of the old and the new state."
            print(printable(text), file=sys.stderr, flush=True)
