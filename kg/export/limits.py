"""Limits on the export of one record, which keep the memory of a run in bounds; a record beyond them is refused.

The emitter leaves such records to the interpreter, which raises the error.
"""

from __future__ import annotations

from kg.errors import RecordError

MAX_STATEMENTS = 3_000_000
"""Largest number of statements about one study; real records have one for every 15 bytes or more."""
MAX_ERRORS = 100_000
"""Largest number of reported values of one record."""


def check_statements(count: int) -> None:
    """Raise :class:`~kg.errors.RecordError` for too many statements."""
    if count > MAX_STATEMENTS:
        raise RecordError(f"would become more than {MAX_STATEMENTS:,} statements, the limit for one study")


def check_errors(count: int) -> None:
    """Raise :class:`~kg.errors.RecordError` for too many reported values."""
    if count > MAX_ERRORS:
        raise RecordError(f"has more than {MAX_ERRORS:,} values that do not match their shapes")
