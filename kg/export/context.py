"""What happens beside the tokens while a record is exported: complaints, and what could not be said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from kg.errors import ABSENT, FieldError, Repaired
from kg.mapping.links import Targets

__all__ = ["ABSENT", "Context", "places"]

Namer = Callable[[dict[str, Any]], str | None]
Named = dict[str, list[tuple[bytes, dict[str, Any]]]]


def _children(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f".{key}", below) for key, below in value.items())
    elif isinstance(value, list):
        yield from ((f"[{i}]", below) for i, below in enumerate(value))


def places(record: object) -> dict[int, str]:
    """The JSON path of every container within a record, by its identity.

    >>> inner = {"city": 12}
    >>> places({"sites": [{}, inner]})[id(inner)]
    'sites[1]'
    """
    found: dict[int, str] = {}
    waiting: list[tuple[str, object]] = [("", record)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | list):
            found[id(value)] = path.removeprefix(".")
            waiting += [(path + step, below) for step, below in _children(value)]
    return found


def plain_text(value: object) -> str | None:
    """A scalar as text, ``None`` for what has no text of its own.

    >>> plain_text("12 persons"), plain_text(True), plain_text(1.5), plain_text(float("inf")), plain_text([1])
    ('12 persons', 'true', '1.5', 'Infinity', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value) if isinstance(value, int | float) else None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


class Context:
    """The complaints of one record.

    :attr:`odd` is set where something of the record may not be in the graph; :attr:`refused` are the objects
    and lists that are not, or not as they are; :attr:`withheld` counts the contact data left out; :attr:`more`
    the objects that stand behind a first one in a grouped style; :attr:`listed` has, for the properties that
    lead to shared resources, these as the record lists them; :attr:`targets` the nodes that links lead to.
    """

    __slots__ = ("_places", "errors", "listed", "more", "odd", "record", "refused", "targets", "withheld")

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self._places: dict[int, str] | None = None
        self.odd = False
        self.withheld = 0
        self.more = 0
        self.listed: dict[str, object] = {}
        self.targets: dict[str, Targets] = {}
        self.refused: list[object] = []
        self.errors: list[FieldError] = []

    def _complain(
        self, container: object, key: str | int, value: object, expected: str, kind: type[FieldError] = FieldError
    ) -> None:
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if key else ""
        if self._places is None:
            self._places = places(self.record)
        path = (self._places.get(id(container), "") + step).removeprefix(".")
        self.errors.append(kind("not as its shape says", path=path, value=value, expected=expected))

    def bad(self, container: object, key: str | int, value: object, expected: str) -> None:
        """A value of the wrong form; an empty list or object is only noted, since it says nothing."""
        self.odd = True
        if value not in ([], {}):
            self._complain(container, key, value, expected)

    def text(self, container: object, key: str | int, value: object, expected: str) -> list[bytes]:
        """A value of the wrong form: the token of its plain text, where it has one."""
        self.bad(container, key, value, expected)
        text = plain_text(value)
        return [] if text is None else [orjson.dumps(text)]

    def repaired(self, container: object, key: str | int, value: object, expected: str) -> None:
        """A value of the wrong form that was repaired."""
        self._complain(container, key, value, expected, Repaired)

    def missing(self, container: object, key: str, expected: str) -> None:
        """A value that must be there and is not."""
        self._complain(container, key, ABSENT, expected)

    def refuse(self, x: object, key: str, expected: str) -> None:
        """An object that has no key to make an IRI of, and so no node."""
        self.odd = True
        self.refused.append(x)
        value = x.get(key, ABSENT) if isinstance(x, dict) else x
        self._complain(x, key if isinstance(x, dict) else "", value, expected)

    def repeated(self, values: list[object]) -> None:
        """A list that says one thing twice, which a graph cannot."""
        self.odd = True
        self.refused.append(values)

    @staticmethod
    def rows(tokens: list[bytes]) -> bytes:
        """Names as the objects of one predicate in Turtle, three on a line."""
        if len(tokens) < 4:
            return b", ".join(tokens)
        return b",\n        ".join([b", ".join(tokens[i : i + 3]) for i in range(0, len(tokens), 3)])

    @staticmethod
    def named(nodes: object, namer: Namer, owner: bytes, form: bytes) -> Named:
        """The nodes of a list by their name, with their tokens; one name may be borne by several."""
        known: Named = {}
        for i, node in enumerate(nodes if isinstance(nodes, list) else (), 1):
            name = namer(node) if isinstance(node, dict) else None
            if name is not None:
                known.setdefault(name, []).append((owner + form % i, node))
        return known

    @staticmethod
    def referred(known: Named | None, name: object, x: dict[str, Any], back: tuple[str, Namer] | None) -> list[bytes]:
        """The tokens of the nodes that a name stands for: of several, those that refer back to ``x``."""
        found = known.get(name, []) if known and isinstance(name, str) else []
        if len(found) > 1 and back is not None:
            key, namer = back
            mine = namer(x)
            mutual = [(token, node) for token, node in found if mine in _listed(node.get(key))]
            found = mutual or found
        return [token for token, _ in found]
