"""Who asks a server: from the environment or a netrc file, never from an address, and never shown."""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from urllib.parse import urlsplit

from kg.errors import UsageError

Credentials = tuple[str, str]
"""A user and a password."""


def credentials(url: str, user: str | None = None) -> Credentials | None:
    """The user and password for a server: ``KG_USER`` and ``KG_PASSWORD``, else its entry in the netrc file.

    The file is the one that ``NETRC`` names, else ``~/.netrc``; ``user`` is one to take in place of ``KG_USER``.
    Raises :class:`~kg.errors.UsageError` for an address that holds a password, and for a netrc file that is broken.
    """
    host = checked(url)
    user = user or os.environ.get("KG_USER")
    if user and "KG_PASSWORD" in os.environ:
        return user, os.environ["KG_PASSWORD"]
    found = _netrc(host)
    if found and (user is None or user == found[0]):
        return found
    return (user, "") if user else None


def checked(url: str) -> str:
    """The host of an address; raises :class:`~kg.errors.UsageError` for what is none, or holds a user or password.

    >>> checked("http://localhost:3030/ds")
    'localhost'
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number is told of here
    except ValueError as error:
        raise UsageError(f"The address of the server is none ({error}).") from error
    if "@" in parts.netloc:
        place = parts.netloc.rpartition("@")[2]
        raise UsageError(
            f"A user or password does not belong into the address of {place}; set KG_USER and KG_PASSWORD."
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url} is no address of a server, such as http://localhost:7878.")
    return parts.hostname


def _netrc(host: str) -> Credentials | None:
    name = os.environ.get("NETRC")
    path = Path(name) if name else Path.home() / ".netrc"
    try:
        found = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        return None
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a netrc file ({type(error).__name__}).") from error
    return (found[0], found[2] or "") if found else None
