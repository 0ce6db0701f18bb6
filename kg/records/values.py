"""The values of a text that is not exactly one study: studies, what surrounds them, and what is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from kg.records import broken_json, splitter
from kg.records.saved_page import SECTIONS
from kg.records.surroundings import ENTRY, opens


class Part(NamedTuple):
    """A part of a text, from ``at`` to ``end``.

    - ``separators``: brackets, commas and white space, and the entries of a page of the API
    - ``entry``: a key of an object around studies; ``value`` is its key and, unless that follows as a part, its value
    - ``value``: a JSON value, which ``keyed`` says is that of the entry before it
    - ``broken``: text that the JSON decoder rejected with the error ``value``
    - ``garbage``: text that is no JSON
    """

    kind: Literal["separators", "entry", "value", "broken", "garbage"]
    at: int
    end: int
    value: Any = None
    keyed: bool = False


def parts(text: str) -> Iterator[Part]:
    """Yield the parts of a text. Where it ends inside of an object or list, the part is what was opened.

    >>> [(part.kind, text[part.at : part.end]) for text in ['{"a": 1, "b": ['] for part in parts(text)]
    [('separators', '{'), ('entry', '"a": 1'), ('separators', ', '), ('entry', '"b": '), ('separators', '[')]
    """
    scanner = _Scanner(text)
    at = 0
    while at < len(text):
        part = scanner.part(at)
        yield part
        at = part.end


class _Scanner:
    """Scans one text; ``opened`` are the brackets known to be open at its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._opened: frozenset[int] = frozenset()
        self._is_keyed = False

    def part(self, at: int) -> Part:
        """Return the part at a position."""
        text, keyed = self._text, self._is_keyed
        self._is_keyed = False
        if keyed and text[at] in "[{":
            return self._value(at, keyed=True)
        if separators := splitter.SEPARATORS.match(text, at):
            return Part("separators", at, separators.end())
        if entry := ENTRY.match(text, at):
            if entry["key"] in SECTIONS:
                return self._broken(at, json.JSONDecodeError("the object before it is not complete", text, at))
            self._is_keyed = entry["value"] is None
            value = None if entry["value"] is None else _scalar(entry["value"])
            return Part("entry", at, entry.end(), (_scalar(f'"{entry["key"]}"'), value), self._is_keyed)
        if garbage := broken_json.GARBAGE.match(text, at):
            return Part("garbage", at, garbage.end())
        return self._value(at)

    def _value(self, at: int, *, keyed: bool = False) -> Part:
        if at in self._opened:
            return Part("separators", at, at + 1)
        try:
            data, end = splitter.DECODER.raw_decode(self._text, at)
        except (ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, json.JSONDecodeError) and _is_at_end(error):
                self._opened = frozenset(opens(self._text, at))
            return Part("separators", at, at + 1) if at in self._opened else self._broken(at, error)
        return Part("value", at, end, data, keyed)

    def _broken(self, at: int, error: Exception) -> Part:
        return Part("broken", at, broken_json.next_study(self._text, at + 1), error)


def _is_at_end(error: json.JSONDecodeError) -> bool:
    """Return whether the text ends before a value that it begins."""
    return error.msg.startswith("Unterminated string") or not error.doc[error.pos :].strip()


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # a raw control character, or too many digits
        return text
