"""Lexical forms of XSD datatypes (https://www.w3.org/TR/xmlschema11-2/), without surrounding white space, as in RDF."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable

from kg.ontology.vocabulary import RDF, XSD

_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})"
_MONTH = _YEAR + r"-(?:0[1-9]|1[0-2])"
_DAY = re.compile(rf"({_YEAR})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])({_ZONE})")
_TIME = rf"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?){_ZONE}"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"

Form = Callable[[str], bool]


def _like(pattern: str) -> Form:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


_time = _like(_TIME)


def _exists(year: str, month: str, day: str) -> bool:
    same = 2000 + int(year) % 400  # the calendar repeats every 400 years, and Python's starts in year 1
    return int(day) <= calendar.monthrange(same, int(month))[1]


def _date(text: str) -> bool:
    match = _DAY.fullmatch(text)
    return match is not None and _exists(*match.group(1, 2, 3))


def _date_time(text: str) -> bool:
    day, _, time = text.partition("T")
    match = _DAY.fullmatch(day)
    return match is not None and not match[4] and _exists(*match.group(1, 2, 3)) and _time(time)


def _json(text: str) -> bool:
    import orjson

    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


FORMS: dict[str, Form] = {
    XSD + "boolean": _like("true|false|1|0"),
    XSD + "integer": _like(r"[+-]?[0-9]+"),
    XSD + "nonNegativeInteger": _like(r"\+?[0-9]+|-0+"),
    XSD + "positiveInteger": _like(r"\+?0*[1-9][0-9]*"),
    XSD + "decimal": _like(_NUMBER),
    XSD + "double": _like(rf"{_NUMBER}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"),
    XSD + "float": _like(rf"{_NUMBER}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"),
    XSD + "date": _date,
    XSD + "gYearMonth": _like(_MONTH + _ZONE),
    XSD + "gYear": _like(_YEAR + _ZONE),
    XSD + "dateTime": _date_time,
    XSD + "time": _time,
    RDF + "JSON": _json,
}


def is_well_formed(text: str, datatype: str) -> bool:
    """Return whether a text is a lexical form of a datatype; true for every text of another datatype.

    >>> [is_well_formed(text, XSD + "date") for text in ("2016-02-29", "2015-02-29", "2015-02", "2015-02-28Z")]
    [True, False, False, True]
    >>> [is_well_formed(text, XSD + "gYearMonth") for text in ("2015-12", "2015-13", "2015")]
    [True, False, False]
    >>> [is_well_formed(text, XSD + "dateTime") for text in ("2015-01-02T03:04:05", "2015-01-02T03:04", "2015-01-02")]
    [True, False, False]
    """
    form = FORMS.get(datatype)
    return form is None or form(text)
