"""Credentials for servers, from the environment or a netrc file; never from a URL, and never shown."""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from urllib.parse import urlsplit

from kg.errors import UsageError

Credentials = tuple[str, str]
"""A user and a password."""


def credentials(url: str, user: str | None = None) -> Credentials | None:
    """Return the user and password for a server: ``KG_USER`` and ``KG_PASSWORD``, or its entry in the netrc file.

    The netrc file is ``$NETRC`` or ``~/.netrc``; ``user`` replaces ``KG_USER``. Raises
    :class:`~kg.errors.UsageError` for a URL that contains a password, and for an invalid netrc file.
    """
    host = checked(url)
    user = user or os.environ.get("KG_USER")
    if user and "KG_PASSWORD" in os.environ:
        return user, os.environ["KG_PASSWORD"]
    entry = _netrc(host)
    if entry and (user is None or user == entry[0]):
        return entry
    return (user, "") if user else None


def checked(url: str) -> str:
    """Return the host of a URL; raise :class:`~kg.errors.UsageError` if it is invalid or has a user or password.

    >>> checked("http://localhost:3030/ds")
    'localhost'
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is not a number
    except ValueError as error:
        raise UsageError(f"The URL of the server is invalid ({error}).") from error
    if "@" in parts.netloc:
        place = parts.netloc.rpartition("@")[2]
        raise UsageError(f"The URL of {place} contains a user or password; set KG_USER and KG_PASSWORD instead.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url} is not the URL of a server, such as http://localhost:7878.")
    return parts.hostname


def _netrc(host: str) -> Credentials | None:
    name = os.environ.get("NETRC")
    path = Path(name) if name else Path.home() / ".netrc"
    try:
        entry = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        return None
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a netrc file ({type(error).__name__}).") from error
    return (entry[0], entry[2] or "") if entry else None
