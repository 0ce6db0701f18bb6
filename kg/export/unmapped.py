"""Unmapped values: the parts of a record that no shape reads, to be counted and kept.

This module walks a record only if the emitter or the interpreter has found that it has unmapped values.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from kg.export.contacts import NOTHING, ContactFilter
from kg.mapping.json_tree import count, leaves
from kg.mapping.plan import Entity, Plan, Role


@dataclass(slots=True)
class Unmapped:
    """The unmapped values of a record."""

    kept: Any = None
    """The record without the values that are in the graph."""
    leaves: int = 0
    """The number of scalars in it."""
    withheld: int = 0
    """The number of contact values left out of it."""
    unread: list[tuple[str, Any]] = field(default_factory=list)
    """Its unmapped subtrees, with their paths."""

    @property
    def paths(self) -> Counter[str]:
        """JSON path, without positions -> number of values."""
        return Counter(path for start, subtree in self.unread for path in leaves(subtree, start))


@dataclass(slots=True)
class _Mapped:
    """The JSON that shapes read at one place: types of scalars, keys of an object, elements of a list."""

    types: set[type] = field(default_factory=set)
    keys: dict[str, _Mapped] = field(default_factory=dict)
    element: _Mapped | None = None
    is_left_out: bool = False
    """Whether all of it is left out by choice."""

    def at(self, keys: tuple[str, ...]) -> _Mapped:
        place = self
        for name in keys:
            place = place.keys.setdefault(name, _Mapped())
        return place

    def elements(self) -> _Mapped:
        if self.element is None:
            self.element = _Mapped()
        return self.element


def _mapped(plan: Plan, entity: Entity, place: _Mapped) -> _Mapped:
    """Add the JSON that an entity reads at a place; return the place."""
    if entity.template and entity.template.keys != ("^",):
        place.at(entity.template.keys or ()).types.add(str)
    for field_ in entity.fields:
        if field_.is_derived:
            continue
        below = place.at(field_.keys)
        below = below.elements() if field_.many else below
        if field_.role is Role.NODE and field_.target is not None:
            _mapped(plan, plan.entities[field_.target.iri], below)
        else:
            below.types.update(field_.kind.types if field_.kind else (str,))
    return place


class UnmappedFinder:
    """Finds the values of records that a plan does not map, without contact data."""

    def __init__(self, plan: Plan, contacts: ContactFilter) -> None:
        self._mapped = _mapped(plan, plan.study, _Mapped())
        for path in plan.left_out:
            self._mapped.at(path).is_left_out = True
        self._contacts = contacts

    def find(self, record: dict[str, Any], refused: list[object], *, partial: bool = False) -> Unmapped:
        """Return the unmapped values of a record; the objects in ``refused`` (by identity) are not in the graph at all.

        ``partial`` is true for the unread JSON of the emitter, with ``null`` in place of the elements that it read.
        """
        walk = _Walk(self._contacts, {id(x) for x in refused}, partial=partial)
        kept = walk.value(record, self._mapped, "")
        walk.unmapped.kept = None if kept is NOTHING else kept
        return walk.unmapped


class _Walk:
    """Collects the unmapped values of one record."""

    def __init__(self, contacts: ContactFilter, refused: set[int], *, partial: bool) -> None:
        self._partial = partial
        self._contacts = contacts
        self._refused = refused
        self.unmapped = Unmapped()

    def value(self, value: Any, mapped: _Mapped, path: str) -> Any:
        """Return a value without the values that are in the graph."""
        if isinstance(value, dict):
            is_read = bool(value) and bool(mapped.keys) and id(value) not in self._refused
            return self._object(value, mapped, path) if is_read else self._unread(value, path)
        if isinstance(value, list):
            if not value or mapped.element is None or id(value) in self._refused:
                return self._unread(value, path)
            return self._list(value, mapped.element, path)
        return NOTHING if type(value) in mapped.types else self._unread(value, path)

    def _object(self, value: dict[str, Any], mapped: _Mapped, path: str) -> Any:
        kept = {}
        for name, below in value.items():
            step = f"{path}.{name}" if path else name
            place = mapped.keys.get(name)
            if place is not None and (place.is_left_out or name in self._contacts.keys):
                rest = NOTHING  # or already counted by the export
            elif place is not None:
                rest = self.value(below, place, step)
            else:
                rest = self._unread(below, step)
            if rest is not NOTHING:
                kept[name] = rest
        return kept or NOTHING

    def _list(self, value: list[Any], mapped: _Mapped, path: str) -> Any:
        rest = [
            NOTHING if self._partial and element is None else self.value(element, mapped, path + "[]")
            for element in value
        ]
        if all(element is NOTHING for element in rest):
            return NOTHING
        if not mapped.keys:  # the graph does not keep the positions of scalars
            return self._unread(value, path)
        return [{} if element is NOTHING else element for element in rest]

    def _unread(self, value: Any, path: str) -> Any:
        """Return an unmapped value without the contact data in it."""
        kept, left_out = self._contacts.rest(value, path)
        self.unmapped.withheld += left_out
        if kept is not NOTHING:
            self.unmapped.leaves += count(kept)
            self.unmapped.unread.append((path, kept))
        return kept
