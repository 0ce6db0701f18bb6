"""What exports leave out of records unless contacts are requested: contact data, wherever it is.

That is every value at a key of that kind (:func:`kg.records.contacts.is_contact_key`), all of a contact but the keys
that its shape maps, and text in place of a contact. Names and roles of contacts are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

import orjson

from kg.errors import FieldError
from kg.mapping.json_tree import count
from kg.mapping.plan import Plan
from kg.records.contacts import LEFT_OUT, holds_contacts, is_contact_key, mask

NOTHING: Any = object()
"""Stands for a value that is not kept."""
_STEPS = re.compile(r"[^.\[\]]+")
_SUSPECT = re.compile(rb"contact|phone|fax|mail|whatsapp|tel|mobile|cell", re.IGNORECASE)


class ContactFilter:
    """Tells contact data from other values; ``contacts`` keeps all of it."""

    def __init__(self, plan: Plan, *, contacts: bool) -> None:
        data = [(entity, field.keys[-1]) for _, entity, field in plan.walk() if field.is_contact_data]
        self._keeps_all = contacts
        self.keys = frozenset(() if contacts else (key for _, key in data))
        """The keys of contact data that shapes map."""
        self._others = frozenset(field.keys[0] for entity, _ in data for field in entity.fields) - self.keys

    def masked(self, value: Any) -> Any:
        """Return a JSON value with the e-mail addresses in its texts masked, or the same object if it has none."""
        return value if self._keeps_all else mask(value)

    def hide(self, errors: Iterable[FieldError]) -> None:
        """Remove contact data from errors."""
        for error in errors if not self._keeps_all else ():
            error.value = LEFT_OUT if self.is_left_out(error.path or "", error.value) else mask(error.value)
            error.path = mask(error.path)

    def is_left_out(self, path: str, value: object) -> bool:
        """Return whether a value at a JSON path is contact data."""
        if self._keeps_all:
            return False
        inside = self._is_inside(path)
        return inside is None or (inside and not isinstance(value, dict | list))

    def rest(self, value: Any, path: str) -> tuple[Any, int]:
        """Return an unmapped value without contact data, and the number of values left out.

        A value that is nothing but contact data is :data:`NOTHING`.
        """
        if self._keeps_all:
            return value, 0
        inside = self._is_inside(path)
        if inside is None:
            return NOTHING, count(value)
        if not inside and (not isinstance(value, dict | list) or not _SUSPECT.search(orjson.dumps(value))):
            return value, 0
        left_out: list[int] = []
        return self._rest(value, inside, left_out), sum(left_out)

    def record(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a whole record without contact data, and with the e-mail addresses in its texts masked."""
        return value if self._keeps_all else cast("dict[str, Any]", mask(self._rest(value, False, [])))

    def _is_inside(self, path: str) -> bool | None:
        """Return whether a path leads to a contact, ``None`` for contact data."""
        inside = False
        for name in _STEPS.findall(path):
            if not name.isdecimal():
                if self._is_data(name, inside):
                    return None
                inside = holds_contacts(name)
        return inside

    def _is_data(self, name: str, inside: bool) -> bool:
        return is_contact_key(name) or (inside and name not in self._others)

    def _rest(self, value: Any, inside: bool, left_out: list[int]) -> Any:
        if isinstance(value, list):
            rest = [self._rest(below, inside, left_out) for below in value]
            return [below for below in rest if below is not NOTHING] or (NOTHING if value else value)
        if isinstance(value, dict):
            return self._object(value, inside, left_out) if value else value
        if inside:
            left_out.append(1)
            return NOTHING
        return value

    def _object(self, value: dict[str, Any], inside: bool, left_out: list[int]) -> Any:
        kept = {}
        for name, below in value.items():
            if self._is_data(name, inside):
                left_out.append(count(below))
                continue
            rest = self._rest(below, holds_contacts(name), left_out)
            if rest is not NOTHING:
                kept[name] = rest
        return kept or NOTHING
