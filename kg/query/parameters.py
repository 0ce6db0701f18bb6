"""Parameters of queries: values are converted to terms, which replace the defaults in the query.

A value is never inserted verbatim: it is converted to a term of the type of the parameter, or rejected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise

import pyoxigraph as ox

from kg.errors import UsageError, shown
from kg.mapping.datatypes import day
from kg.ontology.vocabulary import STUDY, XSD
from kg.query.lexer import prefixes, tokens
from kg.query.library import STUDIES, LibraryQuery, Parameter

STUDY_PARAMETER = Parameter(STUDIES, "iri", "Only these studies, such as NCT02059759", f"<{STUDY}NCT02059759>")
_LOCAL = re.compile(r"[\w.%-]+")
_EXPECTED = {
    "iri": "an IRI, or the name of one, such as {default}",
    "integer": "a whole number of at most 18 digits, such as 12",
    "decimal": "a number of at most 40 digits, such as 0.5",
    "date": "a day of the calendar in the form YYYY-MM-DD, such as 2025-12-31",
    "boolean": "true or false",
}
"""The values of each type, for messages."""


def fill_parameters(query: LibraryQuery, params: Mapping[str, Sequence[str]]) -> str:
    """Return the text of a query in which values replace the defaults of its parameters.

    A query whose rows are about studies can be limited to some of them, as if it had a parameter ``study``. Raises
    :class:`~kg.errors.UsageError` for an unknown parameter, and for a value of another type.
    """
    text = query.text
    parameters = {parameter.name: parameter for parameter in query.parameters}
    if query.lists_studies:
        parameters[STUDIES] = STUDY_PARAMETER
    for name, values in params.items():
        if name not in parameters:
            names = ", ".join(parameters) or "none"
            raise UsageError(f"The query {query.name} has no parameter {name}; its parameters: {names}.")
        terms = " ".join(parameter_term(value, parameters[name], text) for value in values)
        if parameters[name] is STUDY_PARAMETER:
            text = _limited(text, terms)
        else:
            begin, end = _values_span(text, name)
            text = f"{text[:begin]} {terms} {text[end:]}"
    return text


def _limited(text: str, studies: str) -> str:
    """Return a query with the studies as the first pattern of its outermost group."""
    where = next(token for token in tokens(text) if token.kind == "word" and token.text.upper() == "WHERE")
    begin = text.index("{", where.at) + 1
    return f"{text[:begin]}\n  VALUES ?{STUDIES} {{ {studies} }}{text[begin:]}"


def _values_span(text: str, name: str) -> tuple[int, int]:
    """Return the span of the values of a parameter: the text between the braces after ``VALUES ?name``."""
    sequence = list(tokens(text))
    for keyword, variable in pairwise(sequence):
        if keyword.text.upper() == "VALUES" and variable.text == f"?{name}":
            begin = at = text.index("{", variable.at) + 1
            for token in sequence:
                if token.at < begin:
                    continue
                if (end := text.find("}", at, token.at)) >= 0:
                    return begin, end
                at = token.at + len(token.text)
            return begin, text.index("}", at)
    raise UsageError(f"The query has no VALUES ?{name} {{ ... }} to fill.")


def parameter_term(value: str, parameter: Parameter, text: str) -> str:
    """Convert a value to a term in the syntax of SPARQL.

    >>> disease = Parameter("disease", "iri", "", "mesh:D009422")
    >>> parameter_term("D000690", disease, "PREFIX mesh: <http://id.nlm.nih.gov/mesh/>")
    '<http://id.nlm.nih.gov/mesh/D000690>'
    >>> parameter_term('x" } DROP ALL #', Parameter("name", "string", "", '"a"'), "")
    '"x\\\\" } DROP ALL #"'
    """
    convert = {"iri": _iri, "integer": _integer, "decimal": _decimal, "date": _date, "boolean": _boolean}
    is_typed = parameter.type in convert
    result = convert[parameter.type](value, parameter, text) if is_typed else str(ox.Literal(value))
    if result is None:
        expected = _EXPECTED[parameter.type].format(default=parameter.default)
        raise UsageError(f"The value {shown(value)} of {parameter.name} is not {expected}.")
    return result


def _iri(value: str, parameter: Parameter, text: str) -> str | None:
    """Resolve an IRI, a prefixed name, or a local name in the namespace of the default."""
    namespaces = prefixes(text)
    prefix, sign, local = value.partition(":")
    if sign and prefix in namespaces and _LOCAL.fullmatch(local):
        iri = namespaces[prefix] + local
    elif re.match(r"https?://", value):
        iri = value
    elif _LOCAL.fullmatch(value):
        iri = _namespace(parameter.default.split()[0], namespaces) + value
    else:
        return None
    try:
        return str(ox.NamedNode(iri))
    except ValueError:
        return None


def _namespace(term: str, namespaces: Mapping[str, str]) -> str:
    """Return the namespace of an IRI or a prefixed name."""
    prefix, _, local = term.partition(":")
    iri = term[1:-1] if term.startswith("<") else namespaces.get(prefix, "") + local
    return iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]


def _integer(value: str, _: Parameter, __: str) -> str | None:
    return str(int(value)) if re.fullmatch(r"[+-]?\d{1,18}", value, re.ASCII) else None


def _decimal(value: str, _: Parameter, __: str) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return f"{number:f}" if number.is_finite() and len(value) < 40 and abs(number.adjusted()) < 40 else None


def _date(value: str, _: Parameter, __: str) -> str | None:
    return str(ox.Literal(value, datatype=ox.NamedNode(XSD + "date"))) if day(value) else None


def _boolean(value: str, _: Parameter, __: str) -> str | None:
    return value if value in ("true", "false") else None
