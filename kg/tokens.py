"""Memories of the emitter: tokens that were worked out once are not worked out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kg.context import Context

Converter = Callable[[Any], bytes | None]
"""From a JSON value to its token, ``None`` where the value is refused."""
Shared = Callable[[Any, dict[bytes, list[bytes]], Context], bytes | None]
"""Writes a shared resource: from its JSON to its token, its predicate-object tokens put under that."""

CACHED_VALUES = 50_000
"""Distinct values whose tokens are remembered before all are forgotten; bounds the memory."""


class Tokens(dict[Any, bytes | None]):
    """The tokens of values of one type, each worked out when it first comes; :attr:`other` works out other values.

    Those are not remembered, since ``1 == True == 1.0``.
    """

    def __init__(self, other: Converter) -> None:
        super().__init__()
        self.other = other

    def __missing__(self, value: Any) -> bytes | None:
        if len(self) >= CACHED_VALUES:
            self.clear()
        token = self[value] = self.other(value)
        return token


class Counted(dict[int, bytes]):
    """A form with each number that was asked for."""

    def __init__(self, form: bytes) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, number: int) -> bytes:
        made = self[number] = self._form % number
        return made


def remembering(write: Shared) -> Shared:
    """Of shared resources the same few come again and again: what the same JSON gave is given again."""
    known: dict[Any, tuple[bytes, list[bytes]]] = {}

    def remembered(x: Any, shared: dict[bytes, list[bytes]], c: Context) -> bytes | None:
        texts = x if type(x) is str else tuple(x.items())
        try:
            found = known.get(texts)
        except TypeError:  # a list or an object where a text should stand
            found = None
        if found is None:
            return first(x, texts, shared, c)
        put(x, shared, *found, c)
        return found[0]

    def put(x: Any, shared: dict[bytes, list[bytes]], token: bytes, pairs: list[bytes], c: Context) -> None:
        said = shared.setdefault(token, pairs)
        if said is not pairs and said != pairs:
            c.disagree(x)
            shared[token] = [*said, *pairs]

    def first(x: Any, texts: Any, shared: dict[bytes, list[bytes]], c: Context) -> bytes | None:
        alone: dict[bytes, list[bytes]] = {}
        trouble = c.odd, len(c.errors)
        token = write(x, alone, c)
        if token is not None:
            put(x, shared, token, alone[token], c)
            if trouble == (c.odd, len(c.errors)) and (type(x) is str or all(type(v) is str for v in x.values())):
                if len(known) >= CACHED_VALUES:
                    known.clear()
                known[texts] = token, alone[token]
        return token

    return remembered
