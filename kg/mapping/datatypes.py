"""Kinds of values: conversion of JSON values to RDF literals, and back.

A kind is looked up by the datatype or node shape of a property shape. Lexical forms are kept as in the record wherever
XSD (https://www.w3.org/TR/xmlschema11-2/) allows it, and no value becomes more precise.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Any, NamedTuple

from kg.ontology.vocabulary import CT, XSD

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)", re.ASCII)
_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}", re.ASCII)
_DATE_TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%d @ %I:%M %p")


class Form(IntEnum):
    """A form of JSON value that its token contains unchanged, so that the emitter can write it (``native/forms.c``).

    A number has a form only if Python would write it in the same way.
    """

    TEXT, WORD, DIGITS, WHOLE, FRACTION = range(5)
    """Any text, letters and digits, digits; a number as text, without and with a point."""
    DAY, MONTH, YEAR, MINUTE, DATED = range(5, 10)
    """Text: a day that exists, a month, a year, a minute of a day, and a date whose token contains only the year."""
    INTEGER, DECIMAL, POINT = range(10, 13)
    """Numbers without and with a point; an object with latitude and longitude, both of which the token contains."""


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
"""Form -> a sample value, and the part of it that the token contains."""


class Literal(NamedTuple):
    """A lexical form and the IRI of its datatype."""

    lexical: str
    datatype: str


class Kind(NamedTuple):
    """A kind of values: its description, and a function that returns ``None`` for invalid ones.

    ``types`` are the JSON types of valid values, ``forms`` the forms, in order, that literals contain unchanged, and
    ``restore`` converts a lexical form back to the JSON value.
    """

    expected: str
    parse: Callable[[object], Literal | None]
    types: tuple[type, ...] = (str,)
    forms: tuple[Form, ...] = ()
    restore: Callable[[str], object] = str


def day(value: object) -> Literal | None:
    """Convert a calendar day that exists.

    >>> day("2016-02-29").lexical, day("2015-02-29"), day("2015-09")
    ('2016-02-29', None, None)
    """
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return None
    return Literal(value, XSD + "date")


def partial_date(value: object) -> Literal | None:
    """Convert a day, a month or a year, with the precision of the value.

    >>> partial_date("2015-09")
    Literal(lexical='2015-09', datatype='http://www.w3.org/2001/XMLSchema#gYearMonth')
    >>> partial_date("2015-13"), partial_date(2015)
    (None, None)
    """
    if not isinstance(value, str):
        return None
    if _MONTH.fullmatch(value):
        return Literal(value, XSD + "gYearMonth")
    if _YEAR.fullmatch(value):
        return Literal(value, XSD + "gYear")
    return day(value)


def date_time(value: object) -> Literal | None:
    """Convert a local time to the minute, in the form of documents (``T``) or of saved pages (``@``).

    >>> date_time("2024-12-02T00:45").lexical, date_time("2026-02-20 @ 6:46 PM").lexical, date_time("noon")
    ('2024-12-02T00:45:00', '2026-02-20T18:46:00', None)
    >>> date_time("2024-12-02T24:00")
    """
    if not isinstance(value, str):
        return None
    moment = _moment(value)
    return Literal(moment.isoformat(), XSD + "dateTime") if moment else None


def _moment(text: str) -> datetime.datetime | None:
    with suppress(ValueError):
        if _MINUTE.fullmatch(text):  # the common case; strptime takes ten times as long
            return datetime.datetime.fromisoformat(text)
    for form in _DATE_TIMES:
        with suppress(ValueError):
            return datetime.datetime.strptime(text, form)
    return None


def boolean(value: object) -> Literal | None:
    """Convert a JSON boolean."""
    return Literal("true" if value else "false", XSD + "boolean") if isinstance(value, bool) else None


def integer(value: object) -> Literal | None:
    """Convert a number without a fraction.

    >>> integer(36).lexical, integer(36.0), integer(True), integer("36")
    ('36', None, None, None)
    """
    return Literal(str(value), XSD + "integer") if type(value) is int else None


def plain_digits(number: float) -> str:
    """Return the shortest exact representation of a number without an exponent.

    >>> plain_digits(-23.5475), plain_digits(1e-07), plain_digits(1e22), plain_digits(4)
    ('-23.5475', '0.0000001', '10000000000000000000000', '4')
    """
    digits = repr(number)
    if "e" not in digits:
        return digits
    from decimal import Decimal

    return format(Decimal(digits), "f")


def decimal(value: object) -> Literal | None:
    """Convert a finite number, without an exponent.

    >>> decimal(-23.5475).lexical, decimal(1e-07).lexical, decimal(4).lexical, decimal(float("nan"))
    ('-23.5475', '0.0000001', '4', None)
    """
    if type(value) is int:
        return Literal(str(value), XSD + "decimal")
    if type(value) is not float or not math.isfinite(value):
        return None
    plain = plain_digits(value + 0.0)  # there is no negative zero
    return Literal(plain if "." in plain else plain + ".0", XSD + "decimal")


def text(value: object) -> Literal | None:
    """Convert any string."""
    return Literal(value, XSD + "string") if isinstance(value, str) else None


def number_or_text(value: object) -> Literal | None:
    """Convert a number in text, with the same digits, or any other text.

    >>> number_or_text("45.20"), number_or_text(45.2)
    (Literal(lexical='45.20', datatype='http://www.w3.org/2001/XMLSchema#decimal'), None)
    >>> number_or_text("<0.001")
    Literal(lexical='<0.001', datatype='http://www.w3.org/2001/XMLSchema#string')
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Literal(value, XSD + "decimal")
    return text(value)


def number(lexical: str) -> int | float:
    """Return the JSON number of a decimal.

    >>> number("4"), number("4.0")
    (4, 4.0)
    """
    return float(lexical) if "." in lexical else int(lexical)


def to_the_minute(lexical: str) -> str:
    """Return a time in the form of documents.

    >>> to_the_minute("2024-12-02T00:45:00")
    '2024-12-02T00:45'
    """
    return lexical.removesuffix(":00")


KINDS: dict[str, Kind] = {
    XSD + "string": Kind("text", text, forms=(Form.TEXT,)),
    XSD + "boolean": Kind("true or false", boolean, (bool,), restore="true".__eq__),
    XSD + "integer": Kind("a whole number", integer, (int,), (Form.INTEGER,), int),
    XSD + "decimal": Kind("a number", decimal, (int, float), (Form.DECIMAL, Form.INTEGER), number),
    XSD + "date": Kind("a date (YYYY-MM-DD)", day, forms=(Form.DAY,)),
    XSD + "dateTime": Kind("a time (YYYY-MM-DDThh:mm)", date_time, forms=(Form.MINUTE,), restore=to_the_minute),
    CT + "PartialDate": Kind(
        "a date (YYYY-MM-DD, YYYY-MM or YYYY)", partial_date, forms=(Form.DAY, Form.MONTH, Form.YEAR)
    ),
    CT + "Number": Kind(
        "a number as text, or other text", number_or_text, forms=(Form.WHOLE, Form.FRACTION, Form.TEXT)
    ),
}
