"""Colours of the status of studies and sites."""

from __future__ import annotations

ORDER = (
    *("NOT_YET_RECRUITING", "RECRUITING", "ENROLLING_BY_INVITATION", "ACTIVE_NOT_RECRUITING", "COMPLETED"),
    *("SUSPENDED", "TERMINATED", "WITHDRAWN", "AVAILABLE", "TEMPORARILY_NOT_AVAILABLE", "NO_LONGER_AVAILABLE"),
    *("APPROVED_FOR_MARKETING", "WITHHELD", "UNKNOWN"),
)
"""The statuses in the order of the life of a study."""
_TONES = {
    "open": "RECRUITING ENROLLING_BY_INVITATION AVAILABLE NOT_YET_RECRUITING",
    "active": "ACTIVE_NOT_RECRUITING APPROVED_FOR_MARKETING TEMPORARILY_NOT_AVAILABLE",
    "done": "COMPLETED",
    "stopped": "TERMINATED WITHDRAWN SUSPENDED NO_LONGER_AVAILABLE WITHHELD",
}


def tone(status: str) -> str:
    """Return the class of a status: ``open``, ``active``, ``done``, ``stopped`` or ``unknown``.

    >>> tone("RECRUITING"), tone("UNKNOWN")
    ('open', 'unknown')
    """
    return next((name for name, statuses in _TONES.items() if status in statuses.split()), "unknown")
