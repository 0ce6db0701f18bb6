"""The JSON of a record as types for msgspec: what a well-formed record may hold, and nothing else.

A type is made for each key that has keys below it. A value of another type, a field that must be there and is not, or
a key that no shape reads makes the decoder refuse the record; so what it takes needs no further check of its form.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from kg.clean import may_be_unfit
from kg.plan import Entity, Field, Key, Plan, Role


def attribute(name: str) -> str:
    """The attribute that a key of the JSON becomes.

    >>> attribute("class"), attribute("type")
    ('class_', 'type')
    """
    return name + "_" if keyword.iskeyword(name) else name


@dataclass(frozen=True, slots=True)
class Decoded:
    """A well-formed record: its JSON, that as objects, and what of it nothing reads, in its place."""

    piece: bytes
    root: Any
    unread: dict[str, Any] | None = None


class Decoder:
    """Decodes the JSON of well-formed records; ``prune`` takes out of a record what nothing reads, and gives it."""

    def __init__(self, plan: Plan, prune: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._decode = msgspec.json.Decoder(_Types(plan).entity(plan.study)).decode
        self._prune = prune

    def __call__(self, piece: bytes) -> Decoded | None:
        """A record, or ``None`` for whatever is not exactly one that is well-formed."""
        if may_be_unfit(piece):
            piece = _respelled(piece)
            if may_be_unfit(piece):
                return None
        try:
            return Decoded(piece, self._decode(piece))
        except (UnicodeDecodeError, msgspec.DecodeError):
            return self.pruned(piece)

    def pruned(self, piece: bytes) -> Decoded | None:
        """A record that is well-formed but for what nothing reads, or ``None``."""
        try:
            record = orjson.loads(piece)
            unread = self._prune(record) if isinstance(record, dict) else None
            return Decoded(piece, self._decode(orjson.dumps(record)), unread) if unread else None
        except (ValueError, TypeError, RecursionError):  # what msgspec and orjson raise
            return None


def _respelled(piece: bytes) -> bytes:
    """The same JSON with no more escapes than it needs."""
    try:
        return orjson.dumps(orjson.loads(piece))
    except (ValueError, TypeError, MemoryError):
        return piece


class _Types:
    """The types of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._made: dict[str, Any] = {}

    def entity(self, entity: Entity) -> Any:
        """The type of the JSON objects, or the text, that an entity is read from."""
        if entity.is_text:
            return str
        made = self._made.get(entity.local)
        if made is None:
            shared = not entity.is_part and entity is not self._plan.study
            made = self._made[entity.local] = self._object(entity.local, entity.root, shared=shared)
        return made

    def _object(self, name: str, key: Key, *, shared: bool = False) -> Any:
        """A type of objects; those of shared resources can be looked up."""
        fields = [(below.name, self._below(f"{name}_{below.name}", below)) for below in key.below.values()]
        needed = {below.name for below in key.below.values() if any(known.shape.required for known in below.fields)}
        optional = [
            (attribute(name), made) if name in needed else (attribute(name), made | msgspec.UnsetType, msgspec.UNSET)
            for name, made in fields
        ]
        names = {attribute(name): name for name, _ in fields}
        return msgspec.defstruct(
            name, optional, rename=names, forbid_unknown_fields=True, gc=False, kw_only=True, frozen=shared
        )

    def _below(self, name: str, key: Key) -> Any:
        if key.below:
            return self._object(name, key)
        types = [self._field(known) for known in key.fields if known.role is not Role.DERIVED]
        return types[0] if types else str

    def _field(self, known: Field) -> Any:
        made: Any = str
        if known.role is Role.VALUE and known.kind is not None:
            made, *others = known.kind.types
            for other in others:
                made |= other
        elif known.role is Role.NODE and known.target is not None:
            made = self.entity(self._plan.entities[known.target.iri])
        return list[made] if known.many else made
