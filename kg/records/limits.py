"""Limits on one record, which keep the memory of a run in bounds; a record beyond them is refused.

A parsed object takes some 250 bytes, however short its JSON is. The compiled emitter parses no values, so the limit on
values is checked only where Python has to parse; records beyond the other limits are left to the interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kg.errors import RecordError

MAX_STATEMENTS = 3_000_000
"""Largest number of statements about one study; real records have one for every 15 bytes or more."""
MAX_ERRORS = 100_000
"""Largest number of reported values of one record."""
MAX_VALUES = 4_000_000
"""Largest number of values in a parsed record, where an object counts as :data:`_OBJECT` of them."""
_OBJECT = 3
_SMALL = MAX_VALUES // _OBJECT
"""Bytes that cannot hold too many values."""
_OTHER = bytes({*range(256)} - {*b'",[{'})
_STEP = 1 << 16
TOO_MANY = f"has more than {MAX_VALUES:,} values, too many to be parsed"


def has_too_many_values(text: bytes) -> bool:
    """Return whether JSON has more than :data:`MAX_VALUES` values: fast, unless a text is full of commas.

    >>> has_too_many_values(b"[" + b"0," * 5_000_000 + b"0]"), has_too_many_values(b'["' + b"," * 5_000_000 + b'"]')
    (True, False)
    """
    if not may_have_too_many_values(text):
        return False
    marks = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _OTHER)
    return sum(map(_values, _outside_strings(marks))) > MAX_VALUES


def may_have_too_many_values(text: str | bytes) -> bool:
    """Return False for a text that holds no more than :data:`MAX_VALUES` values, however it is quoted."""
    if len(text) < _SMALL:
        return False
    return _values(text if isinstance(text, bytes) else text.encode("utf-8", "replace")) > MAX_VALUES


def _outside_strings(marks: bytes) -> Iterator[bytes]:
    """Yield what is between the strings of JSON in which all quotes delimit strings."""
    inside = 0
    for at in range(0, len(marks), _STEP):
        pieces = marks[at : at + _STEP].split(b'"')
        yield b"".join(pieces[inside::2])
        inside = (inside + len(pieces) - 1) % 2


def _values(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + _OBJECT * text.count(b"{")


def check_statements(count: int) -> None:
    """Raise :class:`~kg.errors.RecordError` for too many statements."""
    if count > MAX_STATEMENTS:
        raise RecordError(f"would become more than {MAX_STATEMENTS:,} statements, the limit for one study")


def check_errors(count: int) -> None:
    """Raise :class:`~kg.errors.RecordError` for too many reported values."""
    if count > MAX_ERRORS:
        raise RecordError(f"has more than {MAX_ERRORS:,} values that do not match their shapes")


@contextmanager
def depth_errors() -> Iterator[None]:
    """Raise :class:`~kg.errors.RecordError` where a record is nested more deeply than it can be read and written."""
    try:
        yield
    except (RecursionError, TypeError) as error:
        if isinstance(error, TypeError) and "Recursion limit" not in str(error):  # that of orjson
            raise
        raise RecordError("is nested too deeply (more than 250 levels)") from error
