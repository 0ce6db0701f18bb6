"""The JSON around studies: pages of the API, search results, data frames, dictionaries by NCT number and the like.

What surrounds the studies of a file is noted, not rejected. Pages with a ``nextPageToken`` or a ``totalCount`` show
whether studies are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from kg.errors import RecordError
from kg.records.saved_page import SECTIONS, STUDY_START, is_study, literals

STUDIES, TOKEN, TOTAL = "studies", "nextPageToken", "totalCount"
"""Keys of a page of the API."""
SHOWN_KEYS = 5
MAX_DEPTH = 64
"""Levels of other JSON in which studies are searched."""

ENTRY = re.compile(
    r'"(?P<key>(?:[^"\\\n]|\\.)*+)"\s*+:\s*+'
    r'(?:(?P<value>"(?:[^"\\\n]|\\.)*+"|-?\d[\d.eE+-]*+|true|false|null)(?=\s*+(?:[,}\]]|\Z)))?'
)
"""An entry of an object around studies: its key, and its value if that is not an object or a list."""
_PAGE_ENTRY = re.compile(rf'"(?P<key>{STUDIES}|{TOKEN}|{TOTAL})"\s*:\s*(?:(?P<text>")|(?P<number>\d{{1,18}}))?')
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_COMMA = re.compile(r"\s*,")
_NUMBER = re.compile(r"NCT\d{8}")


class Facts(NamedTuple):
    """What is known of the JSON around studies: its keys, and the pages of the API in it."""

    keys: tuple[str, ...] = ()
    pages: int = 0
    open_pages: int = 0
    """Pages that have a token of a next page."""
    total: int = 0
    """The sum of the numbers of studies that pages announce for their results."""


@dataclass(slots=True)
class Surroundings:
    """Collects the facts about the JSON around the studies of a file."""

    keys: dict[str, None] = field(default_factory=dict)
    pages: int = 0
    open_pages: int = 0
    total: int = 0

    @property
    def facts(self) -> Facts:
        """The facts so far."""
        return Facts(tuple(self.keys), self.pages, self.open_pages, self.total)

    def merge(self, facts: Facts) -> None:
        """Add the facts about the next part of the same file."""
        for key in facts.keys:
            self._key(key)
        self.pages += facts.pages
        self.open_pages += facts.open_pages
        self.total += facts.total

    def add(self, key: str, value: object) -> None:
        """Note an entry of an object around studies; a list stands for its only member (R writes scalars so)."""
        value = value[0] if isinstance(value, list) and len(value) == 1 and key != STUDIES else value
        if key == STUDIES and isinstance(value, list):
            self.pages += 1
        elif key == TOKEN:
            self.open_pages += isinstance(value, str) and value != ""
        elif key == TOTAL and isinstance(value, int):
            self.total += value
        else:
            self._key(key)

    def add_text(self, text: str) -> None:
        """Note the entries of a page in a text of separators."""
        for entry in _PAGE_ENTRY.finditer(text):
            if entry["key"] == STUDIES:
                self.pages += 1
            elif entry["key"] == TOTAL:
                self.total += int(entry["number"] or 0)
            else:
                self.open_pages += entry["text"] is not None

    def _key(self, key: str) -> None:
        if len(self.keys) < SHOWN_KEYS and not _NUMBER.fullmatch(key):
            self.keys.setdefault(key)


def studies_in(value: Any, surroundings: Surroundings, depth: int = 0) -> Iterator[dict[str, Any] | RecordError]:
    """Yield the studies in a JSON value, at any level and in texts that hold JSON, in their order.

    >>> [*studies_in({"data": [{"hasResults": True}], "text": '{"hasResults": false}', "x": 1}, Surroundings())]
    [{'hasResults': True}, {'hasResults': False}]
    """
    if is_study(value):
        yield value
        return
    if isinstance(value, str):
        if "{" in value and any(section in value for section in SECTIONS):
            for data, _ in literals(value):
                yield from [data] if isinstance(data, RecordError) else studies_in(data, surroundings, depth + 1)
        return
    if depth > MAX_DEPTH or not isinstance(value, dict | list):
        return
    entries = value.items() if isinstance(value, dict) else (("", member) for member in value)
    for key, member in entries:
        studies = studies_in(member, surroundings, depth + 1)
        first = next(studies, None)
        if first is not None:
            yield from chain([first], studies)
        if key and (first is None or key == STUDIES):
            surroundings.add(key, member)


def is_empty_page(value: Any) -> bool:
    """Return whether a value is a page of the API without studies."""
    return isinstance(value, dict) and value.get(STUDIES) == []


def unclosed(text: str, at: int) -> list[int]:
    """Return the positions of the brackets that JSON opens from a position on and does not close; [] if it closes more.

    >>> unclosed('{"a": [1], "b": [{"c": ', 0)
    [0, 16, 17]
    """
    opened: list[int] = []
    for token in _TOKENS.finditer(text, at):
        if token[0] in "[{":
            opened.append(token.start())
        elif token[0] in "]}":
            if not opened:
                return []
            opened.pop()
    return opened


def opens(text: str, at: int) -> list[int]:
    """Return the positions of the brackets in the JSON from a position on that are open at its end; [] for a study."""
    return [] if STUDY_START.match(text, at) else unclosed(text, at)


def last_study_end(text: str) -> int:
    """Return where the last element or entry with a study ends, with the comma after it; 0 if there is none.

    It is one of the outermost object or list that has such elements: those further inside may be parts of a study.
    """
    opened = [[0, 0]]  # the sections before each open bracket, and the end of its last study; first those of the text
    sections = 0
    for token in _TOKENS.finditer(text):
        if token[0] in "[{":
            opened.append([sections, 0])
        elif token[0] in "]}":
            if len(opened) == 1:
                continue
            before, _ = opened.pop()
            comma = _COMMA.match(text, token.end())
            if comma and sections > before:
                opened[-1][1] = comma.end()
        else:
            sections += token[0][1:-1] in SECTIONS
    return next((end for _, end in opened if end), 0)
