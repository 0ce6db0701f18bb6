"""Settings of a server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

MEMORY = 400_000_000
"""Bytes of memory that a query may use, by default."""
SECONDS = 60.0
"""Seconds that a query may run, by default."""


def default_workers() -> int:
    """Return the number of queries that run at once by default: one per core, at least 2 and at most 8."""
    return min(max(os.cpu_count() or 2, 2), 8)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a server; ``public_url`` is its URL behind a reverse proxy, without a slash at the end."""

    host: str = "127.0.0.1"
    port: int = 8000
    seconds: float = SECONDS
    memory: int = MEMORY
    workers: int = field(default_factory=default_workers)
    public_url: str = ""
    open_browser: bool = False

    @property
    def answer_bytes(self) -> int:
        """Bytes of an answer, at most."""
        return self.memory // 4
