"""Tables of the compiled plan: from what comes again and again to the tokens that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, to_builtins

from kg.careful import Unfit
from kg.convert import Converter
from kg.style import Shared, Style

CACHED = 5_000
"""Values of a field, or resources of a kind, that are remembered before all are forgotten; bounds the memory."""
CACHED_LISTS = 100
"""The longest list that is remembered."""


class Pairs(dict[Any, bytes | None]):
    """A predicate with the token of each value that came; what is no value of the field raises :class:`Unfit`.

    With ``keys`` a value is the tuple of what stands at them.
    """

    def __init__(self, convert: Converter, predicate: bytes, keys: tuple[str, ...] | None, *, optional: bool) -> None:
        super().__init__()
        self[UNSET] = b""
        self._convert = convert
        self._predicate = predicate
        self._keys = keys
        self._optional = optional

    def of(self, value: Any) -> bytes | None:
        """As ``[]``, but not remembered."""
        if self._keys is not None:
            value = {key: each for key, each in zip(self._keys, value, strict=True) if each is not UNSET}
        elif type(value) is int and not -(1 << 63) <= value < 1 << 64:
            raise Unfit
        token = self._convert(value)
        if token is not None:
            return self._predicate + token
        if self._optional:
            return b""
        raise Unfit

    def __missing__(self, value: Any) -> bytes | None:
        pair = self.of(value)
        if len(self) >= CACHED:
            self.clear()
            self[UNSET] = b""
        self[value] = pair
        return pair


Resource = tuple[bytes, Shared, object, bool]
"""A shared resource: its token, its block, how it is listed, and whether that is the key in its IRI."""


class Resources(dict[Any, Resource]):
    """The shared resources of a kind, by their JSON; ``name`` is that of the function that writes one."""

    write: Callable[[Any], list[bytes]]

    def __init__(
        self,
        name: str,
        key: str,
        style: Style,
        token: Converter,
        listed: Callable[[Any], object],
        usual: Callable[[Any], object],
    ) -> None:
        super().__init__()
        self.name = name
        self._key = key
        self._style = style
        self._token = token
        self._listed = listed
        self._usual = usual

    def __missing__(self, x: Any) -> Resource:
        token = self._token(getattr(x, self._key) if self._key else x)
        if token is None:
            raise Unfit
        first, *others = filter(None, self.write(x))
        block = self._style.shared(token, [first.removeprefix(self._style.lead), *others])
        listed = self._listed(to_builtins(x)) if self._key else x
        made = token, block, listed, not self._key or self._usual(listed) == listed
        if len(self) >= CACHED:
            self.clear()
        self[x] = made
        return made


class Numbered(list[bytes]):
    """A form with the numbers from 1 on.

    >>> Numbered(b"-arm-%d", Style())[:2]
    [b'-arm-1', b'-arm-2']
    """

    def __init__(self, form: bytes, _: Style) -> None:
        super().__init__()
        self.form = form
        self.reach(8)

    def reach(self, number: int) -> None:
        """Makes it reach as far as a number."""
        self += (self.form.replace(b"%d", b"%d" % i) for i in range(len(self) + 1, number + 1))


class Listed(dict[int, bytes]):
    """A predicate and the list of so many numbered objects, as a style has them."""

    def __init__(self, form: bytes, style: Style) -> None:
        super().__init__()
        self.form = form
        self._style = style

    def __missing__(self, count: int) -> bytes:
        predicate, _, form = self.form.partition(b"|")
        made = self._style.listed(predicate, [form.replace(b"%d", b"%d" % i) for i in range(1, count + 1)])
        if count <= CACHED_LISTS:
            self[count] = made
        return made
