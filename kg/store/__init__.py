"""The embedded store, and the one place that decides what an input is.

``build``, ``update``, ``remove`` and ``open`` are its public functions (:mod:`kg.store.public`), imported when used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.store.public import build as build
    from kg.store.public import open as open  # noqa: A004 -- kg.store.open
    from kg.store.public import remove as remove
    from kg.store.public import update as update

__all__ = ["build", "open", "remove", "update"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kg.store import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
