"""Retries of requests to servers that are starting or busy, or whose connection broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

BUSY = frozenset({429, 502, 503, 504})
"""HTTP statuses that are worth a retry."""
TRIES, MAX_WAIT = 6, 20.0
"""Maximum number of attempts, and maximum number of seconds between two attempts."""

T = TypeVar("T")


def retried(call: Callable[[], T], is_temporary: Callable[[BaseException], bool], tries: int = TRIES) -> T:
    """Return the result of a call; if its error is temporary, repeat the call after exponentially growing waits.

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
        retry=tenacity.retry_if_exception(is_temporary),
        reraise=True,
    )
    return again(call)
