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
        """Begin the journal, unless an interrupted run did; what it began is completed."""
        is_new = not self.is_resumed
        self.is_first |= is_first and is_new
        if is_new or (is_full and not self.is_full):
            self.is_full |= is_full
            self._rewrite(self._content())

    def add(self, change: Change, digest: str) -> None:
        """Note a change that is about to be made, after which the study has a digest."""
        self._append(change.as_dict() | {"digest": digest})
        self._lines.append((change.study, change.kind, digest))

    def add_compared(self, version: str, studies: Iterable[str]) -> None:
        """Note studies that were compared with a data version, so that a run that goes on leaves them out."""
        self._append({"compared": [*studies], "dataVersion": version})
        self._compared.setdefault(version, set()).update(studies)

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
        header = self._header()
        if header.get("format") != _FORMAT:
            raise UsageError(f"{self.folder} is not of this version of kg sync; remove it.")
        if header["request"] != self._request:
            raise UsageError(
                f"{self.folder} is of an interrupted run with another selection; give that one to finish it, or remove"
                " the folder."
            )
        self.is_resumed, self.is_first, self.is_full = True, header["first"], header["full"]
        for line in self._content():
            if "compared" in line:
                self._compared.setdefault(line["dataVersion"], set()).update(line["compared"])
            else:
                self._lines.append((line["nctId"], line["kind"], line["digest"]))

    def _header(self) -> dict[str, Any]:
        """Return the first line, after a last line that was cut is removed."""
        content = self._path.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            with self._path.open("r+b") as file:
                file.truncate(end)
        header: dict[str, Any] = orjson.loads(content[: content.find(b"\n") + 1] or b"{}")
        return header

    def _rewrite(self, lines: Iterable[dict[str, Any]]) -> None:
        header = {"format": _FORMAT, "request": self._request, "first": self.is_first, "full": self.is_full}
        with replacing(str(self._path)) as file:
            file.write(json_line(header))
            for line in lines:
                file.write(json_line(line))

    def _append(self, line: dict[str, Any]) -> None:
        with output_errors(str(self._path)), self._path.open("ab") as file:
            file.write(json_line(line))
