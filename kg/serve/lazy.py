"""Values that are computed when they are needed first, by one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value and how to compute it.

    >>> value = Lazy(lambda: 6 * 7)
    >>> value.is_ready, value.get(), value.is_ready
    (False, 42, True)
    """

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute, self._lock = compute, threading.Lock()
        self._value: list[T] = []

    @property
    def is_ready(self) -> bool:
        """Whether the value is computed."""
        return bool(self._value)

    def get(self) -> T:
        """Return the value; other threads wait while one computes it."""
        if not self._value:
            with self._lock:
                if not self._value:
                    self._value.append(self._compute())
        return self._value[0]
