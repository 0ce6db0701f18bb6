"""The pages of a fetch on disk, in a folder beside its output, from which an interrupted run goes on.

The journal has a line for the request and the data version, and one for each page. A page belongs to it when its line
is written, after its file; a line that was cut, or whose file is not as it was written, ends the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from kg.errors import UsageError
from kg.registry.listing import PageEntry
from kg.registry.locked_folder import LOCK, locked_folder, remove_folder

LEVEL = 1
"""Level of compression of the pages, which are written once and read once."""
_JOURNAL, _RESULT = "journal.jsonl", "result.json"
_FORMAT = 1


class StoredPage(NamedTuple):
    """A page on disk: its file of JSON Lines, and the NCT numbers of the studies in it, line by line."""

    path: Path
    numbers: tuple[str, ...]


class Journal:
    """Pages on disk (:class:`~kg.registry.listing.Pages`), made by :func:`open_journal`.

    ``started`` is the time when the first page was requested, in UTC.
    """

    def __init__(self, folder: Path, request: Mapping[str, Any], change: Callable[[bytes], bytes] | None) -> None:
        self.folder = folder
        self.version, self.started = "", now()
        self.entries: list[PageEntry] = []
        self.pages: list[StoredPage] = []
        self._request = dict(request)
        self._change = change
        self._load()

    @property
    def studies(self) -> int:
        """The number of studies in the files."""
        return sum(len(page.numbers) for page in self.pages)

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a later run can go on from here."""
        return any(path.name not in (_JOURNAL, _RESULT, LOCK) for path in self.folder.iterdir())

    def restart(self, version: str) -> None:
        """Drop all pages, and note the data version of those that follow."""
        self.version, self.started = version, now()
        self.entries.clear()
        (self.folder / _RESULT).unlink(missing_ok=True)
        self._write_header()
        for page in self.pages:
            page.path.unlink(missing_ok=True)
        self.pages.clear()

    def add(self, entry: PageEntry, studies: Mapping[str, bytes]) -> None:
        """Write a page."""
        digest = self._write_page(studies) if studies else ""
        numbers = [*studies]
        line = entry._asdict() | {"numbers": numbers if numbers != [*entry.ids] else None, "sha256": digest}
        with self._path.open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")
            _sync(file)
        self._note(entry, tuple(numbers))

    def save(self, result: Mapping[str, Any]) -> None:
        """Write what came of all pages, for a run that is killed while it writes its output."""
        self._write(_RESULT, orjson.dumps(result))

    @staticmethod
    def has_result(folder: Path) -> bool:
        """Return whether all pages are in a folder."""
        return (folder / _RESULT).exists()

    @property
    def result(self) -> dict[str, Any] | None:
        """What was saved, if all pages are there."""
        return _parsed((self.folder / _RESULT).read_bytes() + b"\n") if self.has_result(self.folder) else None

    def remove(self) -> None:
        """Remove the folder."""
        remove_folder(self.folder)

    # -- files --

    @property
    def _path(self) -> Path:
        return self.folder / _JOURNAL

    def _next_path(self) -> Path:
        return self.folder / f"page-{len(self.pages) + 1:05}.jsonl.zst"

    @cached_property
    def _compressor(self) -> Any:
        import zstandard

        return zstandard.ZstdCompressor(level=LEVEL)

    def _write_page(self, studies: Mapping[str, bytes]) -> str:
        lines = [*map(self._change, studies.values())] if self._change else [*studies.values()]
        content = self._compressor.compress(b"\n".join([*lines, b""]))
        with self._next_path().open("wb") as file:
            file.write(content)
            _sync(file)
        return sha256(content).hexdigest()

    def _note(self, entry: PageEntry, numbers: tuple[str, ...]) -> None:
        self.entries.append(entry)
        if numbers:
            self.pages.append(StoredPage(self._next_path(), numbers))

    def _write_header(self) -> None:
        header = {"format": _FORMAT, "request": self._request, "version": self.version, "started": self.started}
        self._write(_JOURNAL, orjson.dumps(header) + b"\n")

    def _write(self, name: str, content: bytes) -> None:
        temporary = self.folder / f"{name}.part"
        with temporary.open("wb") as file:
            file.write(content)
            _sync(file)
        temporary.replace(self.folder / name)

    # -- an earlier run --

    def _load(self) -> None:
        """Read the journal of an earlier run of the same request; cut off what was not written completely."""
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        header = _parsed(lines[0]) if lines else None
        if header is None or header.get("format") != _FORMAT:
            return
        self._check_request(header["request"])
        self.version, self.started = header["version"], header["started"]
        size = len(lines[0])
        for line in lines[1:]:
            if not self._load_page(_parsed(line)):
                break
            size += len(line)
        with self._path.open("r+b") as file:
            file.truncate(size)

    def _check_request(self, request: Mapping[str, Any]) -> None:
        if request != self._request:
            raise UsageError(
                f"{self.folder} has the pages of an interrupted run with other options ({_shown(request)}); run that"
                " command again to finish it, or remove the folder."
            )

    def _load_page(self, line: dict[str, Any] | None) -> bool:
        """Note a page of an earlier run; return whether it is as it was written."""
        if line is None:
            return False
        entry = PageEntry(line["listing"], line["token"], line["total"], tuple(line["ids"]), line["aliases"])
        numbers = tuple(entry.ids if line["numbers"] is None else line["numbers"])
        if numbers and not _has_digest(self._next_path(), line["sha256"]):
            return False
        self._note(entry, numbers)
        return True


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _has_digest(path: Path, digest: str) -> bool:
    try:
        return sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _shown(request: Mapping[str, Any]) -> str:
    text = orjson.dumps(request).decode()
    return text if len(text) <= 300 else text[:300] + "…"


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def open_journal(
    folder: Path, request: Mapping[str, Any], change: Callable[[bytes], bytes] | None = None
) -> Iterator[Journal]:
    """Open or create the journal of a request; ``change`` is applied to each record before it is written.

    Raises :class:`~kg.errors.UsageError` for a folder that another process uses, that has the pages of another request,
    or that is no journal, and :class:`OSError` where it cannot be written.
    """
    if folder.is_dir() and not (folder / _JOURNAL).exists() and {path.name for path in folder.iterdir()} - {LOCK}:
        raise UsageError(f"{folder} exists and is not of kg fetch; name another output, or move it.")
    with locked_folder(folder):
        yield Journal(folder, request, change)
