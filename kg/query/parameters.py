"""Parameters of a question: values become terms, and the terms take the place of the defaults in the query.

Nothing is pasted: a value is made into a term of the type of the parameter, or refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.vocabulary import XSD
from kg.query.lexer import prefixes, words
from kg.query.library import Parameter, Question

_LOCAL = re.compile(r"[\w.%-]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def filled(question: Question, given: Mapping[str, Sequence[str]]) -> str:
    """The text of a question with values in the place of the defaults of its parameters.

    Raises :class:`~kg.errors.UsageError` for a parameter that there is not, and for a value of another type.
    """
    text = question.text
    known = {each.name: each for each in question.parameters}
    for name, values in given.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise UsageError(f"The question {question.name} has no parameter {name}; it has {names}.")
        terms = [term(value, known[name], text) for value in values]
        begin, end = _place(text, name)
        text = f"{text[:begin]} {' '.join(terms)} {text[end:]}"
    return text


def _place(text: str, name: str) -> tuple[int, int]:
    """Where the values of a parameter stand: what is between the braces behind ``VALUES ?name``."""
    found = list(words(text))
    for word, variable in pairwise(found):
        if word.text.upper() == "VALUES" and variable.text == f"?{name}":
            begin = text.index("{", variable.at) + 1
            inside = [each for each in found if each.at >= begin]
            at = begin
            for each in inside:
                if (closed := text.find("}", at, each.at)) >= 0:
                    return begin, closed
                at = each.at + len(each.text)
            return begin, text.index("}", at)
    raise UsageError(f"The query has no VALUES ?{name} {{ ... }} to fill.")


def term(value: str, parameter: Parameter, text: str) -> str:
    """The term of a value as SPARQL has it.

    >>> disease = Parameter("disease", "iri", "", "mesh:D009422")
    >>> term("D000690", disease, "PREFIX mesh: <http://id.nlm.nih.gov/mesh/>")
    '<http://id.nlm.nih.gov/mesh/D000690>'
    >>> term('x" } DROP ALL #', Parameter("name", "string", "", '"a"'), "")
    '"x\\\\" } DROP ALL #"'
    """
    make = {"iri": _iri, "integer": _integer, "decimal": _decimal, "date": _date, "boolean": _boolean}
    made = make[parameter.type](value, parameter, text) if parameter.type in make else str(ox.Literal(value))
    if made is None:
        kind = "an IRI, or the name of one" if parameter.type == "iri" else f"of type {parameter.type}"
        raise UsageError(f"The value {value!r} of {parameter.name} is not {kind}, such as {parameter.default}.")
    return made


def _iri(value: str, parameter: Parameter, text: str) -> str | None:
    known = prefixes(text)
    prefix, sign, local = value.partition(":")
    if sign and prefix in known and _LOCAL.fullmatch(local):
        iri = known[prefix] + local
    elif re.match(r"https?://", value):
        iri = value
    elif _LOCAL.fullmatch(value):
        first = parameter.default.split()[0]
        start = (
            first[1:-1] if first.startswith("<") else known.get(first.partition(":")[0], "") + first.partition(":")[2]
        )
        iri = start[: max(start.rfind("/"), start.rfind("#")) + 1] + value
    else:
        return None
    try:
        return str(ox.NamedNode(iri))
    except ValueError:
        return None


def _integer(value: str, _: Parameter, __: str) -> str | None:
    return str(int(value)) if re.fullmatch(r"[+-]?\d{1,18}", value, re.ASCII) else None


def _decimal(value: str, _: Parameter, __: str) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return f"{number:f}" if number.is_finite() and len(value) < 40 and abs(number.adjusted()) < 40 else None


def _date(value: str, _: Parameter, __: str) -> str | None:
    return str(ox.Literal(value, datatype=ox.NamedNode(XSD + "date"))) if _DATE.fullmatch(value) else None


def _boolean(value: str, _: Parameter, __: str) -> str | None:
    return value if value in ("true", "false") else None
