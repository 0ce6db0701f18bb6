"""Trying again what a server may do the next time: it starts, is busy, or the line broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

BUSY = frozenset({429, 502, 503, 504})
"""Statuses of a server that is there and cannot answer now."""
TRIES, LONGEST = 6, 20.0
"""How often something is tried, and the most seconds between."""

T = TypeVar("T")


def retried(call: Callable[[], T], passing: Callable[[BaseException], bool], tries: int = TRIES) -> T:
    """The result of a call that is made again, after longer and longer waits, while its error is a ``passing`` one.

    >>> left = iter([ValueError(), ValueError()])
    >>> def call() -> str:
    ...     for error in left:
    ...         raise error
    ...     return "done"
    >>> retried(call, lambda error: isinstance(error, ValueError))
    'done'
    """
    import tenacity

    waits = tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST)
    again = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=waits,
        retry=tenacity.retry_if_exception(passing),
        reraise=True,
    )
    return again(call)
