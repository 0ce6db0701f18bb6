"""The scope of the compiled plan: what the names in its source stand for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import orjson

from kg.careful import Unfit
from kg.context import Context
from kg.convert import Converter, Converters
from kg.plan import Field, Role
from kg.style import Style
from kg.tables import Listed, Numbered, Pairs

DAYS = 20_000
"""Dates whose tokens are remembered: half a century of days."""


def called(found: list[tuple[bytes, Any]], back: str, name: str) -> list[bytes]:
    """The tokens of the nodes that bear a name: of several, those that refer back to what is called ``name``."""
    if len(found) > 1:
        found = [each for each in found if name in (getattr(each[1], back) or ())] or found
    return [token for token, _ in found]


class Scope:
    """Gives names to functions and tables; :attr:`names` has them all."""

    def __init__(self, convert: Converters, style: Style) -> None:
        self._convert = convert
        self._style = style
        self._tables: dict[int, str] = {}
        self._dates: dict[str, Converter] = {}
        self.names: dict[str, Any] = {
            "dumps": orjson.dumps,
            "U": msgspec.UNSET,
            "Unfit": Unfit,
            "style": style,
            "rows": Context.rows,
            "named": called,
        }

    def named(self, name: str, value: Any) -> str:
        """The name, which stands for the value unless it stands for one already."""
        self.names.setdefault(name, value)
        return name

    def _fresh(self, name: str, value: Any) -> str:
        """A name that nothing else has."""
        same = sum(each.rstrip("0123456789") == name for each in self.names)
        return self.named(f"{name}{same + 1}" if same else name, value)

    def predicate(self, known: Field) -> bytes:
        """The predicate of a field, as it stands within a block."""
        return self._style.lead + self._style.predicate(known.shape.path)

    def form(self, kind: type[Numbered] | type[Listed], name: str, form: bytes) -> str:
        """The name of a table of numbered tokens; equal ones are one."""
        for other, value in self.names.items():
            if type(value) is kind and value.form == form:
                return other
        return self._fresh(f"n_{name}", kind(form, self._style))

    def table(self, known: Field, keys: tuple[str, ...] | None = None) -> str:
        """The name of the table from the values of a field to their tokens, with the predicate before single ones."""
        if id(known) not in self._tables:
            convert = self._dated(known) or self._convert.scalar(known)
            p = b"" if known.many else self.predicate(known)
            made = Pairs(convert, p, keys, optional=known.role is Role.DERIVED)
            self._tables[id(known)] = self._fresh(f"t_{known.local}", made)
        return self._tables[id(known)]

    def _dated(self, known: Field) -> Converter | None:
        """The converter of dates, of which the same come in many fields: it remembers them for all."""
        if known.kind is None or "date" not in known.kind.expected:
            return None
        if known.kind.expected not in self._dates:
            self._dates[known.kind.expected] = lru_cache(DAYS)(self._convert.scalar(known))
        return self._dates[known.kind.expected]
