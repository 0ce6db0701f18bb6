"""Columns of an answer as Python values, each column of one kind."""

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


def python(term: Term | None) -> Value:
    """A term as a Python value.

    >>> python(ox.Literal(3)), python(ox.Literal("x")), python(ox.Literal(True))
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


def column(terms: Iterable[Term | None]) -> tuple[str, list[Any]]:
    """The kind of a column and its values: integer, number, boolean or date where all are, else text.

    Whole numbers among others are numbers. What has no value is ``None``.

    >>> column([ox.Literal(3), None]), column([ox.Literal(3), ox.Literal(0.5)]), column([ox.Literal("x")])
    (('integer', [3, None]), ('number', [3.0, 0.5]), ('text', ['x']))
    """
    found = list(terms)
    kinds = {_kind(term) for term in found if term is not None}
    kind = "number" if kinds == {"integer", "number"} else kinds.pop() if len(kinds) == 1 else "text"
    make = {"integer": python, "boolean": python, "number": _number, "date": _date}.get(kind, _text)
    return kind, [None if term is None else make(term) for term in found]


def _kind(term: Term) -> str:
    value = python(term)
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_LARGEST <= value < _LARGEST else "number"
    return "number" if isinstance(value, float) else "date" if _date(term) is not None else "text"


def _number(term: Term) -> float:
    return float(_text(term))


def _date(term: Term) -> datetime.date | None:
    """The day of a literal of type ``xsd:date`` that has no time zone."""
    if not isinstance(term, ox.Literal) or term.datatype.value != XSD + "date" or len(term.value) != 10:
        return None
    try:
        return datetime.date.fromisoformat(term.value)
    except ValueError:
        return None


def _text(term: Term) -> str:
    return str(term.value) if isinstance(term, ox.NamedNode | ox.Literal) else str(term)
