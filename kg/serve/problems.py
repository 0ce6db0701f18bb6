"""Errors of requests, each with its HTTP status."""

from __future__ import annotations

from http import HTTPStatus

from kg.errors import KGError, OutputError, UsageError


class NotAcceptableError(KGError):
    """No format of the answer is acceptable to the client."""


class ExceededError(OutputError):
    """A query exceeds a limit."""


class TimeExceededError(ExceededError):
    """A query exceeds its time."""


class BusyError(OutputError):
    """Too many queries wait."""


def status_of(error: KGError) -> HTTPStatus:
    """Return the status of the response for an error."""
    if isinstance(error, UsageError):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.NOT_ACCEPTABLE if isinstance(error, NotAcceptableError) else HTTPStatus.SERVICE_UNAVAILABLE
