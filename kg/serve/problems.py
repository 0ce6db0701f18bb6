"""Errors of requests, each with its HTTP status."""

from __future__ import annotations

from kg.errors import KGError, OutputError, UsageError


class NotAcceptableError(KGError):
    """No format of the answer is acceptable to the client."""


class TooLargeError(KGError):
    """The request is too large."""


class TooSlowError(KGError):
    """The request took too long to arrive."""


class UnsupportedTypeError(KGError):
    """The content of the request has another media type than those of queries."""


class ExceededError(OutputError):
    """A query exceeds a limit."""


class TimeExceededError(ExceededError):
    """A query exceeds its time."""


class KilledError(ExceededError):
    """The process of a query was killed, perhaps by the system for its memory, perhaps before the query began."""


class BusyError(OutputError):
    """Too many queries wait, or too many answers are being sent."""


class NotReadyError(BusyError):
    """What a page shows is being prepared."""


_STATUS: dict[type[KGError], int] = {
    UsageError: 400,
    NotAcceptableError: 406,
    TooSlowError: 408,
    TooLargeError: 413,
    UnsupportedTypeError: 415,
}


def status_of(error: KGError) -> int:
    """Return the status of the response for an error.

    >>> status_of(UsageError("")), status_of(BusyError(""))
    (400, 503)
    """
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 503)
