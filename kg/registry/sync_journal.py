"""The changes of a run of ``kg sync``, on disk beside the copy until the run is complete.

The line of a change is written before the change is made. So a run that goes on after one that was killed has the
lines of both; of the last line of a study, the digest says whether the change was made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from kg.errors import UsageError
from kg.rdf.atomic import output_errors, replacing
from kg.registry.changes import Change, json_line
from kg.registry.locked_folder import locked_folder, remove_folder

SUFFIX = ".sync"
"""The end of the name of the folder."""
FILE = "journal.jsonl"
_FORMAT = 1


@contextmanager
def open_sync_journal(name: str, request: Mapping[str, Any], exists: Callable[[], bool]) -> Iterator[SyncJournal]:
    """Open or create the journal beside a copy; it is removed at the end if it has nothing to go on from.

    ``exists`` tells whether there is a copy. Raises :class:`~kg.errors.UsageError` for a journal that another process
    uses, or of another request.
    """
    path = Path(os.path.realpath(name.rstrip("/")))
    folder = path.with_name(path.name + SUFFIX)
    with output_errors(str(folder)):
        lock = locked_folder(folder)
    with lock:
        journal = SyncJournal(folder, request)
        try:
            yield journal
        finally:
            if folder.exists() and (journal.is_empty or (journal.is_first and not exists())):
                journal.remove()


class SyncJournal:
    """The changes of a run and of the interrupted runs before it.

    ``request`` is what the runs have in common; ``is_first`` says whether the copy was made by them, and ``is_full``
    whether they compare all records.
    """

    def __init__(self, folder: Path, request: Mapping[str, Any]) -> None:
        self.folder = folder
        self._path = folder / FILE
        self._lines: list[tuple[str, str, str]] = []
        self._compared: dict[str, set[str]] = {}
        self.is_first = self.is_full = self.is_resumed = False
        self._request = dict(request)
        if self._path.exists():
            self._load()

    def start(self, *, is_first: bool, is_full: bool) -> None:
        """Begin the journal, unless an interrupted run did; what it began is completed.

        A first run has no copy, so the lines of another copy that was there before are dropped.
        """
        if is_first and not self.is_first:
            self._lines, self._compared = [], {}
        if self.is_resumed and is_first <= self.is_first and is_full <= self.is_full:
            return
        lines = [] if is_first else [*self._content()]
        self.is_first, self.is_full = self.is_first or is_first, self.is_full or is_full
        self._rewrite(lines)

    def add(self, change: Change, digest: str) -> None:
        """Note a change that is about to be made, after which the study has a digest."""
        self._append(change.as_dict() | {"digest": digest})

    def add_compared(self, version: str, studies: Iterable[str]) -> None:
        """Note studies that were compared with a data version, so that a run that goes on leaves them out."""
        self._append({"compared": [*studies], "dataVersion": version})

    def compared(self, version: str) -> set[str]:
        """Return the studies that were compared with a data version."""
        return self._compared.get(version, set())

    @property
    def kinds(self) -> dict[str, list[str]]:
        """The kinds of the changes of each study, in order."""
        kinds: dict[str, list[str]] = {}
        for study, kind, _ in self._lines:
            kinds.setdefault(study, []).append(kind)
        return kinds

    def changes(self) -> Iterator[Change]:
        """Yield the changes, in order."""
        return (Change.from_dict(line) for line in self._content() if "kind" in line)

    def drop_undone(self, digest: Callable[[str], str]) -> None:
        """Remove the lines of changes that were not made; ``digest`` returns that of a study in the copy."""
        ends: dict[str, list[int]] = {}
        for position, (study, _, _) in enumerate(self._lines):
            ends.setdefault(study, []).append(position)
        undone: set[int] = set()
        for study, positions in ends.items():
            current = digest(study)
            while positions and self._lines[positions[-1]][2] != current:
                undone.add(positions.pop())
        if undone:
            self._rewrite(self._without(undone))
            self._lines = [line for position, line in enumerate(self._lines) if position not in undone]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a later run would go on from."""
        return not (self.is_first or self._lines or self._compared)

    def remove(self) -> None:
        """Remove the folder, its lock last."""
        remove_folder(self.folder)
        self.is_first, self._lines, self._compared = False, [], {}

    def _without(self, undone: set[int]) -> Iterator[dict[str, Any]]:
        position = -1
        for line in self._content():
            position += "kind" in line
            if "kind" not in line or position not in undone:
                yield line

    def _content(self) -> Iterator[dict[str, Any]]:
        """Yield the lines after the header."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.readline()
            yield from map(orjson.loads, file)

    def _load(self) -> None:
        """Read the journal of interrupted runs.

        Raises :class:`~kg.errors.UsageError` for one of another request, and for one that is damaged.
        """
        self._cut()
        try:
            with self._path.open("rb") as file:
                header = orjson.loads(file.readline())
            self._check(header)
            for line in self._content():
                self._note(line)
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self.folder} is damaged or of another version of kg sync; remove it.") from error
        self.is_resumed, self.is_first, self.is_full = True, header["first"], header["full"]

    def _cut(self) -> None:
        """Remove a last line that was not written completely."""
        with self._path.open("r+b") as file:
            size = 0
            for line in file:
                size += len(line) if line.endswith(b"\n") else 0
            file.truncate(size)

    def _check(self, header: dict[str, Any]) -> None:
        if header["format"] == _FORMAT and header["request"] != self._request:
            raise UsageError(
                f"{self.folder} is of an interrupted run with another selection; give that one to finish it, or remove"
                " the folder."
            )
        if header["format"] != _FORMAT:
            raise ValueError(header["format"])

    def _note(self, line: dict[str, Any]) -> None:
        if "compared" in line:
            self._compared.setdefault(line["dataVersion"], set()).update(line["compared"])
        else:
            self._lines.append((line["nctId"], line["kind"], line["digest"]))

    def _rewrite(self, lines: Iterable[dict[str, Any]]) -> None:
        header = {"format": _FORMAT, "request": self._request, "first": self.is_first, "full": self.is_full}
        with replacing(str(self._path)) as file:
            file.write(json_line(header))
            for line in lines:
                file.write(json_line(line))

    def _append(self, line: dict[str, Any]) -> None:
        with output_errors(str(self._path)), self._path.open("ab") as file:
            file.write(json_line(line))
        self._note(line)
