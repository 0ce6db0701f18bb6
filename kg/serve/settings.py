"""Settings of a server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kg.errors import UsageError

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

    @property
    def local_url(self) -> str:
        """The URL of this server on its own machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 -- any address
        return f"http://{_bracketed(host)}:{self.port}"

    @property
    def url(self) -> str:
        """The URL of this server for its users."""
        return self.public_url or self.local_url

    @property
    def answer_bytes(self) -> int:
        """Bytes of an answer, at most."""
        return self.memory // 4


def settings(
    host: str, port: int, seconds: float | None, memory: int | None, workers: int | None, public_url: str | None
) -> Settings:
    """Return the settings for the options of the command; ``None`` stands for the default.

    Raises :class:`~kg.errors.UsageError` for a public URL with anything but a scheme, a host and a port.
    """
    url = check_public_url(public_url) if public_url else ""
    return Settings(host, port, seconds or SECONDS, memory or MEMORY, workers or default_workers(), url)


def check_public_url(url: str) -> str:
    """Return the public URL of a server without a slash at the end.

    Raises :class:`~kg.errors.UsageError` for anything but a scheme, a host and a port.

    >>> check_public_url("https://Trials.example.org/")
    'https://trials.example.org'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    others = parts.path.strip("/") or parts.query or parts.fragment or parts.username if host else True
    if not host or parts.scheme not in ("http", "https") or others:
        raise UsageError(f"{url} is not the URL of a server, such as https://trials.example.org, without a path.")
    return f"{parts.scheme}://{_bracketed(host)}" + (f":{port}" if port else "")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
