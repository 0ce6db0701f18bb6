"""Where records come from: the registry, its data version and the search, as the manifest beside them tells.

``kg fetch`` writes the manifest; it belongs to a file or folder of records as long as their SHA-256 is the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

MANIFEST = ".manifest.json"
"""The end of the name of a manifest, after the name of the file that it is about."""
ORIGINS = "origins"
"""The key of the origins in a manifest."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A fetch from the registry: what was requested, of which version, when, and how many studies came.

    ``selection`` is the search as the options of ``kg fetch``, and ``urls`` what was requested for it. ``data_version``
    is the time stamp that the API gives its data. ``total`` is the number of studies that match, of which at most
    ``limit`` were fetched. ``contacts`` says whether the records have their contact data. Times are in UTC.
    """

    api: str
    api_version: str
    data_version: str
    selection: Mapping[str, Any]
    urls: tuple[str, ...]
    studies: int
    total: int
    limit: int | None
    contacts: bool
    started: str
    finished: str
    tool: str

    @property
    def is_complete(self) -> bool:
        """Whether all studies of the selection were fetched."""
        return self.limit is None

    def as_dict(self) -> dict[str, Any]:
        """Return the parts with the names that they have in JSON."""
        return {_json_name(name): value for name, value in asdict(self).items()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Origin:
        """Return the origin that :meth:`as_dict` describes; raises :class:`KeyError` and :class:`TypeError`."""
        parts = {field.name: values[_json_name(field.name)] for field in fields(Origin)}
        return Origin(**parts | {"urls": tuple(parts["urls"])})


def _json_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def origins_of(names: Iterable[object]) -> list[Origin]:
    """Return the origins of those inputs that have a manifest of ``kg fetch`` beside them."""
    found = (origin_of(name) for name in names if isinstance(name, str | os.PathLike))
    return [origin for origin in found if origin]


def origin_of(name: str | os.PathLike[str]) -> Origin | None:
    """Return the origin of a file or folder of records, if a manifest beside it is about its present content."""
    path = Path(name)
    try:
        manifest = orjson.loads(path.with_name(path.name + MANIFEST).read_bytes())
        [origin] = map(Origin.from_dict, manifest[ORIGINS])
        return origin if manifest["sha256"] == digest_of(path) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of the list of the files in a folder as ``sha256sum *`` prints it."""
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return list_digest({file.name: digest_of(file) for file in path.iterdir() if not file.name.startswith(".")})


def list_digest(files: Mapping[str, str]) -> str:
    """Return the SHA-256 of a list of files with theirs, as ``sha256sum`` prints it.

    >>> list_digest({}) == hashlib.sha256().hexdigest()
    True
    """
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
