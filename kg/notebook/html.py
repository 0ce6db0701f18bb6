"""Elements of HTML, whose text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *inside: str, **attributes: str) -> Markup:
    """An element of HTML; whatever in it is not :class:`Markup` is escaped.

    >>> print(element("a", "x < y", href='"'))
    <a href="&quot;">x &lt; y</a>
    """
    given = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items() if value)
    return Markup(f"<{name}{given}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Parts one after another, each escaped that is not :class:`Markup`."""
    return Markup(escape(between).join(part if isinstance(part, Markup) else escape(part) for part in parts))
