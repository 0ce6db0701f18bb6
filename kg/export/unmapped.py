"""What of a record no shape reads, so that it can be counted and kept.

The export notices that something is odd; only then is the record walked here, along what the plan reads.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from kg.mapping.json_tree import count, leaves
from kg.mapping.plan import Entity, Plan, Role

_NOTHING: Any = object()
"""Stands for what the graph already holds."""


@dataclass(slots=True)
class Unmapped:
    """What is left of a record, in its place: ``kept`` has the shape of the record, ``leaves`` counts its values.

    ``withheld`` counts the contact data that was left out of it; ``unread`` are the pieces of ``kept`` that
    nothing reads, with their paths.
    """

    kept: Any = None
    leaves: int = 0
    withheld: int = 0
    unread: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def paths(self) -> Counter[str]:
        """JSON path, without positions -> number of values."""
        return Counter(path for start, piece in self.unread for path in leaves(piece, start))


@dataclass(slots=True)
class _Reading:
    """What is read at a place in the JSON: plain values of some types, keys of an object, elements of a list."""

    types: set[type] = field(default_factory=set)
    keys: dict[str, _Reading] = field(default_factory=dict)
    element: _Reading | None = None

    def at(self, keys: tuple[str, ...]) -> _Reading:
        place = self
        for name in keys:
            place = place.keys.setdefault(name, _Reading())
        return place

    def elements(self) -> _Reading:
        if self.element is None:
            self.element = _Reading()
        return self.element


def _read(plan: Plan, entity: Entity, place: _Reading) -> _Reading:
    """Adds what an entity reads of the JSON at a place."""
    if entity.template and entity.template.keys != ("^",):
        place.at(entity.template.keys or ()).types.add(str)
    for known in entity.fields:
        if known.is_derived:
            continue
        there = place.at(known.keys)
        there = there.elements() if known.many else there
        if known.role is Role.NODE and known.target is not None:
            _read(plan, plan.entities[known.target.iri], there)
        else:
            there.types.update(known.kind.types if known.kind else (str,))
    return place


class UnmappedFinder:
    """Finds what a plan leaves of records; ``contacts`` keeps contact data that stands in unread places."""

    def __init__(self, plan: Plan, *, contacts: bool) -> None:
        self._reading = _read(plan, plan.study, _Reading())
        self._contact_keys = frozenset(
            () if contacts else (known.keys[-1] for _, _, known in plan.walk() if known.is_contact_data)
        )

    def is_contact_data(self, path: str) -> bool:
        """Whether a JSON path leads to contact data that is left out."""
        return not self._contact_keys.isdisjoint(re.split(r"[.\[\]]+", path))

    def of(self, record: dict[str, Any], refused: list[object], *, partial: bool = False) -> Unmapped:
        """The unmapped of a record; of the objects in ``refused`` (by identity) nothing is in the graph.

        ``partial`` is for what the emitter leaves of a record, where ``null`` takes the place of elements that it read.
        """
        walk = _Walk(self._contact_keys, {id(x) for x in refused}, partial=partial)
        kept = walk.value(record, self._reading, "")
        walk.unmapped.kept = None if kept is _NOTHING else kept
        return walk.unmapped


class _Walk:
    def __init__(self, contact_keys: frozenset[str], refused: set[int], *, partial: bool) -> None:
        self._partial = partial
        self._contact_keys = contact_keys
        self._contacts = re.compile(b'"(?:%s)":' % "|".join(map(re.escape, sorted(contact_keys))).encode())
        self._refused = refused
        self.unmapped = Unmapped()

    def value(self, value: Any, reading: _Reading, path: str) -> Any:
        """What is left of a value at a place."""
        if isinstance(value, dict):
            read = bool(value) and bool(reading.keys) and id(value) not in self._refused
            return self._object(value, reading, path) if read else self._unread(value, path)
        if isinstance(value, list):
            if not value or reading.element is None or id(value) in self._refused:
                return self._unread(value, path)
            return self._list(value, reading.element, path)
        return _NOTHING if type(value) in reading.types else self._unread(value, path)

    def _object(self, value: dict[str, Any], reading: _Reading, path: str) -> Any:
        kept = {}
        for name, below in value.items():
            step = f"{path}.{name}" if path else name
            place = reading.keys.get(name)
            if place is not None and name in self._contact_keys:
                left = _NOTHING  # the export has counted it
            elif place is not None:
                left = self.value(below, place, step)
            else:
                left = self._withhold(below) if name in self._contact_keys else self._unread(below, step)
            if left is not _NOTHING:
                kept[name] = left
        return kept or _NOTHING

    def _list(self, value: list[Any], reading: _Reading, path: str) -> Any:
        left = [
            _NOTHING if self._partial and element is None else self.value(element, reading, path + "[]")
            for element in value
        ]
        if all(element is _NOTHING for element in left):
            return _NOTHING
        if not reading.keys:  # plain values, whose places the graph does not keep
            return self._unread(value, path)
        return [{} if element is _NOTHING else element for element in left]

    def _withhold(self, value: Any) -> Any:
        self.unmapped.withheld += count(value)
        return _NOTHING

    def _unread(self, value: Any, path: str) -> Any:
        """A value that nothing reads, without the contact data in it."""
        kept = self._without_contacts(value) if self._contact_keys else value
        self.unmapped.leaves += count(kept)
        self.unmapped.unread.append((path, kept))
        return kept

    def _without_contacts(self, value: Any) -> Any:
        if not isinstance(value, dict | list) or not self._contacts.search(orjson.dumps(value)):
            return value
        if isinstance(value, list):
            return [self._without_contacts(below) for below in value]
        kept = {}
        for name, below in value.items():
            if name in self._contact_keys:
                self._withhold(below)
            else:
                kept[name] = self._without_contacts(below)
        return kept
