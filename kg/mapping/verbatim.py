"""Forms of JSON values that stand in their tokens as they are written, which the emitter knows without asking."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Form(IntEnum):
    """A form of value, as ``native/forms.c`` knows it. Numbers are those that are written as Python writes them."""

    TEXT, WORD, DIGITS, WHOLE, FRACTION = range(5)
    """Texts: of any characters, of letters and digits, of digits; of a number without and with a point."""
    DAY, MONTH, YEAR, MINUTE, DATED = range(5, 10)
    """Texts: a day that exists, a month, a year, a minute of a day, and a date of which the year is shown."""
    INTEGER, DECIMAL, POINT = range(10, 13)
    """Numbers without and with a point, and the latitude and the longitude of a place, which is shown first."""


SAMPLES: dict[Form, tuple[Any, bytes]] = {
    Form.TEXT: ("Xq yZ", b"Xq yZ"),
    Form.WORD: ("Xq0Z", b"Xq0Z"),
    Form.DIGITS: ("90817263", b"90817263"),
    Form.WHOLE: ("-90817263", b"-90817263"),
    Form.FRACTION: ("-9081.7263", b"-9081.7263"),
    Form.DAY: ("1987-06-05", b"1987-06-05"),
    Form.MONTH: ("1987-06", b"1987-06"),
    Form.YEAR: ("1987", b"1987"),
    Form.MINUTE: ("1987-06-05T04:03", b"1987-06-05T04:03"),
    Form.DATED: ("1987-06-05", b"1987"),
    Form.INTEGER: (90817263, b"90817263"),
    Form.DECIMAL: (-9081.7263, b"-9081.7263"),
    Form.POINT: ({"lat": 12.3456, "lon": -98.7654}, b"-98.7654 12.3456"),
}
"""Of each form a value, and how that stands in a token."""
