"""Columns of an answer as Python values, every column of one type."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import pyoxigraph as ox

from kg.ontology.vocabulary import XSD

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Value = str | int | float | bool | None
_INTEGERS = ("integer", "int", "long", "nonNegativeInteger")
_NUMBERS = ("decimal", "double", "float")
_LARGEST = 1 << 63


def python_value(term: Term | None) -> Value:
    """Convert a term to a Python value.

    >>> python_value(ox.Literal(3)), python_value(ox.Literal("x")), python_value(ox.Literal(True))
    (3, 'x', True)
    """
    if not isinstance(term, ox.Literal):
        return None if term is None else term.value if isinstance(term, ox.NamedNode) else str(term)
    kind = term.datatype.value.removeprefix(XSD)
    try:
        if kind in _INTEGERS:
            return int(term.value)
        if kind in _NUMBERS:
            return float(term.value)
    except ValueError:
        return term.value
    return term.value in ("true", "1") if kind == "boolean" else term.value


def typed_column(terms: Iterable[Term | None]) -> tuple[str, list[Any]]:
    """Return the type of a column (integer, number, boolean, date or text) and its values.

    A column has the type that all its values have. Integers among other numbers are numbers; any other mix is text.

    >>> typed_column([ox.Literal(3), None]), typed_column([ox.Literal(3), ox.Literal(0.5)])
    (('integer', [3, None]), ('number', [3.0, 0.5]))
    """
    values = list(terms)
    kinds = {_kind(term) for term in values if term is not None}
    kind = "number" if kinds == {"integer", "number"} else kinds.pop() if len(kinds) == 1 else "text"
    convert = {"integer": python_value, "boolean": python_value, "number": _number, "date": _date}.get(kind, _text)
    return kind, [None if term is None else convert(term) for term in values]


def _kind(term: Term) -> str:
    value = python_value(term)
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_LARGEST <= value < _LARGEST else "number"
    return "number" if isinstance(value, float) else "date" if _date(term) is not None else "text"


def _number(term: Term) -> float:
    return float(_text(term))


def _date(term: Term) -> datetime.date | None:
    """Return the date of an ``xsd:date`` without a time zone."""
    if not isinstance(term, ox.Literal) or term.datatype.value != XSD + "date" or len(term.value) != 10:
        return None
    try:
        return datetime.date.fromisoformat(term.value)
    except ValueError:
        return None


def _text(term: Term) -> str:
    return str(term.value) if isinstance(term, ox.NamedNode | ox.Literal) else str(term)
