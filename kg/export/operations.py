"""The operations of the emitter, and the types of JSON object that they work on (``native/plan.h``)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import orjson

from kg.export.terms import Converter
from kg.mapping.verbatim import SAMPLES, Form


class Shape(IntEnum):
    """What stands at a key; of what is whole, only the place is kept."""

    SCALAR, OBJECT, SCALARS, OBJECTS, WHOLE_OBJECT, WHOLE_OBJECTS, ANYTHING = range(7)


class Code(IntEnum):
    """What is done with a value."""

    BELOW, WITHHOLD, TEXT, VALUE, DERIVE, TEXTS, VALUES, DERIVE_EACH = range(8)
    REFER, REFER_EACH, NAMES, PART, PARTS, SHARE, SHARE_EACH, RESOURCE, GATHER, LINK = range(8, 18)


Pattern = tuple[tuple[bytes, int, int], ...]
"""The pieces of a name: what stands before a value, the place of its key, and the reader that gives its label."""
LIST = -2
"""In place of a reader: each text of a list is a name."""
Spelling = tuple[Form, bytes, bytes]
"""What stands before and behind what a value of some form shows in its token."""


class Op(NamedTuple):
    """An operation, with numbers that are -1 where there is nothing.

    It works on the value at the key in the place ``slot``, or on the object itself. ``field`` is what is complained of,
    ``reader`` what gives the token of a value (or the kind of a resource), ``group`` the nodes that a name is looked up
    among, ``back`` the key by which these refer back; ``below`` is the program of what the value holds.
    """

    code: Code
    slot: int = -1
    field: int = -1
    reader: int = -1
    group: int = -1
    back: int = -1
    required: bool = False
    rows: bool = False
    """Whether several objects stand three on a line."""
    key: bytes = b""
    lead: bytes = b""
    """The predicate, and what stands before the value behind it."""
    tail: bytes = b""
    after: bytes = b""
    """What the name of a part adds to that of its owner, before its number."""
    types: bytes = b""
    listed: bytes = b""
    rank: int = 0
    below: int = -1
    pattern: Pattern = ()
    path: tuple[int, ...] = ()
    fold: bool = False
    """Whether names are compared without regard to the case of ASCII letters."""
    patterns: tuple[Pattern, ...] = ()
    """The names by which a node is linked."""


class Type(NamedTuple):
    """A type of JSON object: its number, and its keys with what stands there and of which type that is."""

    number: int
    keys: dict[str, tuple[Shape, Type | None]]

    def place(self, name: str) -> int:
        """The place of a key."""
        return [*self.keys].index(name)


def spelling(reader: Converter, form: Form) -> Spelling | None:
    """How a reader spells values of a form, told by one of them; nothing where it does not take that."""
    value, shown = SAMPLES[form]
    before, found, after = (reader(value) or b"").rpartition(shown)
    return (form, before, after) if found else None


def forms_within(template: str | None, pattern: str | None) -> tuple[Form, ...]:
    """The forms of values that an IRI may be made of: words, or digits where its pattern is its template with these."""
    if template is None:
        return ()
    if pattern is None:
        return (Form.WORD,)
    return (Form.DIGITS,) if pattern.replace("[.]", ".") == f"^{template}$".replace("{.}", "[0-9]+") else ()


def within(text: str) -> bytes:
    """A text as it stands within a JSON string."""
    return orjson.dumps(text)[1:-1]
