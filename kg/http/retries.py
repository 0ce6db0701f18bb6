"""Retries of requests to servers that are starting or busy, or whose connection broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import tenacity

BUSY = frozenset({429, 502, 503, 504})
"""HTTP statuses that are worth a retry."""
TRIES, MAX_WAIT = 6, 20.0
"""Number of attempts, and the most seconds between two, unless the server asks for more."""
MAX_RETRY_AFTER = 120.0
"""The most seconds that a server may ask to wait (``Retry-After``); a request that has to wait longer fails."""

T = TypeVar("T")


def retried(
    call: Callable[[], T],
    is_temporary: Callable[[BaseException], bool],
    tries: int = TRIES,
    delay: Callable[[BaseException], float | None] = lambda _: None,
) -> T:
    """Return the result of a call, which is repeated after growing waits while its error is temporary.

    ``delay`` returns the seconds that the server asked to wait, if it did.

    >>> left = iter([ValueError(), ValueError()])
    >>> def call() -> str:
    ...     for error in left:
    ...         raise error
    ...     return "done"
    >>> retried(call, lambda error: isinstance(error, ValueError))
    'done'
    """
    import tenacity

    backoff = tenacity.wait_random_exponential(multiplier=0.5, max=MAX_WAIT)

    def wait(state: tenacity.RetryCallState) -> float:
        requested = delay(_error(state))
        return backoff(state) if requested is None else requested

    def is_worth_retrying(error: BaseException) -> bool:
        return is_temporary(error) and (delay(error) or 0) <= MAX_RETRY_AFTER

    again = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=wait,
        retry=tenacity.retry_if_exception(is_worth_retrying),
        reraise=True,
    )
    return again(call)


def _error(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    assert error is not None, "only failures are repeated"
    return error


def retry_after(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number or a date (RFC 9110, 10.2.3), or None.

    >>> retry_after("2"), retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), retry_after("soon"), retry_after(None)
    (2.0, 0.0, None, None)
    """
    import time
    from email.utils import parsedate_to_datetime

    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
