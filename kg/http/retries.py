"""Retries of requests to servers that are starting or busy, or whose connection broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

BUSY = frozenset({429, 502, 503, 504})
"""HTTP statuses that are worth a retry."""
TRIES, MAX_WAIT = 6, 20.0
"""Number of attempts, and the most seconds between two."""

T = TypeVar("T")


def retried(call: Callable[[], T], passing: Callable[[BaseException], bool], tries: int = TRIES) -> T:
    """Return the result of a call, which is repeated after growing waits while its error is ``passing``.

    >>> left = iter([ValueError(), ValueError()])
    >>> def call() -> str:
    ...     for error in left:
    ...         raise error
    ...     return "done"
    >>> retried(call, lambda error: isinstance(error, ValueError))
    'done'
    """
    import tenacity

    waits = tenacity.wait_random_exponential(multiplier=0.5, max=MAX_WAIT)
    again = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=waits,
        retry=tenacity.retry_if_exception(passing),
        reraise=True,
    )
    return again(call)
