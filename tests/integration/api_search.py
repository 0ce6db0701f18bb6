"""The search of the local API server: areas, fields and the part of the Essie expression syntax that queries use.

A term matches a text that has all its words, a quoted one a text that has them in a row. There are no synonyms and
no word forms, so the real API finds more; what is found here is what the words of a query say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

METADATA = Path(__file__).parents[1] / "data" / "studies-metadata.json"

AREAS = {
    "ConditionSearch": "Condition BriefTitle OfficialTitle ConditionMeshTerm ConditionAncestorTerm Keyword NCTId",
    "InterventionSearch": "InterventionName InterventionType ArmGroupType InterventionOtherName BriefTitle"
    " OfficialTitle ArmGroupLabel InterventionMeshTerm Keyword InterventionAncestorTerm InterventionDescription"
    " ArmGroupDescription",
    "OutcomeSearch": "PrimaryOutcomeMeasure PrimaryOutcomeDescription SecondaryOutcomeMeasure"
    " SecondaryOutcomeDescription OtherOutcomeMeasure OtherOutcomeDescription",
    "SponsorSearch": "LeadSponsorName CollaboratorName OrgFullName",
    "LocationSearch": "LocationCity LocationState LocationCountry LocationFacility LocationZip",
    "TitleSearch": "Acronym BriefTitle OfficialTitle",
    "IdSearch": "NCTId NCTIdAlias Acronym OrgStudyId SecondaryId",
    "BasicSearch": "",
    "PatientSearch": "",
}
"""The pieces of each search area; an area without pieces is the whole record."""
DATES = ("PartialDate", "NormalizedDate", "DateTimeMinutes")
NUMBERS = ("integer", "number", "long")
PARAMETERS = {
    "query.cond": "ConditionSearch",
    "query.term": "BasicSearch",
    "query.locn": "LocationSearch",
    "query.titles": "TitleSearch",
    "query.intr": "InterventionSearch",
    "query.outc": "OutcomeSearch",
    "query.spons": "SponsorSearch",
    "query.lead": "LeadSponsorName",
    "query.id": "IdSearch",
    "query.patient": "PatientSearch",
}

Study = dict[str, Any]
Test = Callable[[Study], bool]


class ExpressionError(ValueError):
    """An expression that the server does not understand."""


class Field(NamedTuple):
    """A field of the data model: its path from the record, and the type of its values."""

    path: tuple[str, ...]
    type: str


@cache
def fields() -> dict[str, Field]:
    """The fields of the data model by piece name and by JSON path."""
    found: dict[str, Field] = {}

    def collect(nodes: list[dict[str, Any]], above: tuple[str, ...]) -> None:
        for node in nodes:
            field = Field((*above, node["name"]), node["type"])
            found.setdefault(node["piece"], field)
            found[".".join(field.path)] = field
            collect(node.get("children", []), field.path)

    collect(json.loads(METADATA.read_text("utf-8")), ())
    return found


def values(data: Any, path: Sequence[str] = ()) -> Iterator[Any]:
    """The values at a path of a record, and in lists and objects below it."""
    if isinstance(data, list):
        for each in data:
            yield from values(each, path)
    elif isinstance(data, dict):
        for name in [path[0]] if path else data:
            if name in data:
                yield from values(data[name], path[1:])
    elif not path and data is not None:
        yield data


def area_paths(name: str) -> list[tuple[str, ...]]:
    """The paths that a search area or field stands for."""
    if name in AREAS:
        return [fields()[piece].path for piece in AREAS[name].split()] or [()]
    if name in fields():
        return [fields()[name].path]
    raise ExpressionError(f"Unknown area name: '{name}'")


def parsed(expression: str, area: str) -> Test:
    """The test of a record that an expression stands for, with the area of terms that name none."""
    return _Parser(expression, area).parsed()


_WORD = re.compile(r"\w+")


def words(text: str) -> str:
    """The words of a text in lower case, each between spaces."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


_TOKENS = re.compile(r"""\s*(?:([()])|("(?:[^"\\]|\\.)*")|([A-Z]+)\[([^\]]*)\]|((?:[^\s()"\[\]\\]|\\.)+))""")
_OPERATORS = ("AND", "OR", "NOT")


class _Token(NamedTuple):
    kind: str
    """A bracket, "phrase", "call", "word" or "plain", which is a word with a backslash and never an operator."""
    text: str
    argument: str = ""


class _Parser:
    """A recursive descent over an expression: NOT binds closer than AND, and AND closer than OR."""

    def __init__(self, expression: str, area: str) -> None:
        self._tokens = list(_tokens(expression))
        self._area = area

    def parsed(self) -> Test:
        test = self._either()
        if self._tokens:
            raise ExpressionError(f"extraneous input '{self._tokens[0].text}'")
        return test

    def _next_is(self, *texts: str) -> bool:
        token = self._tokens[0] if self._tokens else None
        return token is not None and token.kind in ("word", "(", ")") and token.text in texts

    def _take(self) -> _Token:
        if not self._tokens:
            raise ExpressionError("mismatched input '<EOF>'")
        return self._tokens.pop(0)

    def _either(self) -> Test:
        tests = [self._all()]
        while self._next_is("OR"):
            self._take()
            tests.append(self._all())
        return lambda study: any(test(study) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._tokens and not self._next_is("OR", ")"):
            if self._next_is("AND"):
                self._take()
            tests.append(self._one())
        return lambda study: all(test(study) for test in tests)

    def _one(self) -> Test:
        if self._next_is("NOT"):
            self._take()
            test = self._one()
            return lambda study: not test(study)
        if self._next_is("("):
            self._take()
            test = self._either()
            if not self._next_is(")"):
                raise ExpressionError("missing ')'")
            self._take()
            return test
        token = self._take()
        if token.kind == "call":
            return self._call(token)
        if token.kind == "phrase":
            return _has(self._area, token.text, is_phrase=True)
        return self._term(token)

    def _call(self, token: _Token) -> Test:
        if token.text == "AREA":
            outer, self._area = self._area, token.argument.strip()
            area_paths(self._area)
            test = self._one()
            self._area = outer
            return test
        if token.text == "RANGE":
            return _in_range(self._area, token.argument)
        if token.text in ("COVERAGE", "COVER") and token.argument == "FullMatch":
            return _is(self._area, self._take().text)
        if token.text in ("EXPANSION", "COVERAGE", "COVER", "SEARCH"):
            return self._one()
        raise ExpressionError(f"mismatched input '{token.text}['")

    def _term(self, token: _Token) -> Test:
        if token.kind != "plain" and token.text in (*_OPERATORS, ")"):
            raise ExpressionError(f"mismatched input '{token.text}'")
        if token == _Token("word", "ALL"):
            return lambda _: True
        if token == _Token("word", "MISSING"):
            paths = area_paths(self._area)
            return lambda study: not any(True for path in paths for _ in values(study, path))
        term = [token.text]
        while self._tokens and self._tokens[0].kind in ("word", "plain") and not self._next_is(*_OPERATORS):
            term.append(self._take().text)
        return _has(self._area, " ".join(term), is_phrase=False)


def _tokens(expression: str) -> Iterator[_Token]:
    at = 0
    while expression[at:].strip():
        match = _TOKENS.match(expression, at)
        if not match:
            raise ExpressionError(f"mismatched input '{expression[at:].strip()[0]}'")
        at = match.end()
        bracket, phrase, name, argument, word = match.groups()
        if bracket:
            yield _Token(bracket, bracket)
        elif phrase:
            yield _Token("phrase", re.sub(r"\\(.)", r"\1", phrase[1:-1]))
        elif name:
            yield _Token("call", name, argument)
        else:
            yield _Token("plain" if "\\" in word else "word", re.sub(r"\\(.)", r"\1", word))


def _texts(study: Study, paths: Sequence[Sequence[str]]) -> Iterator[str]:
    for path in paths:
        for value in values(study, path):
            yield str(value).lower() if isinstance(value, bool) else str(value)


def _has(area: str, term: str, *, is_phrase: bool) -> Test:
    paths = area_paths(area)
    wanted = words(term)
    if is_phrase or re.fullmatch(r"\d{4}(-\d\d){0,2}", term):
        return lambda study: any(wanted in words(text) for text in _texts(study, paths))
    each = [f" {word} " for word in wanted.split()]
    if not each:
        return lambda _: False

    def has_all(text: str) -> bool:
        spaced = words(text)
        return all(word in spaced for word in each)

    first = each[0].strip()
    return lambda study: any(has_all(text) for text in _texts(study, paths) if first in text.lower())


def _is(area: str, term: str) -> Test:
    paths = area_paths(area)
    return lambda study: any(words(text) == words(term) for text in _texts(study, paths))


def _in_range(area: str, argument: str) -> Test:
    low, _, high = (bound.strip() for bound in argument.partition(","))
    if not low or not high:
        raise ExpressionError(f"Invalid range: {argument}")
    path, order = area_paths(area)[0], ordered(area)
    least = None if low == "MIN" else order(low, False)
    most = None if high == "MAX" else order(high, True)

    def within(value: Any) -> bool:
        place = order(str(value), False)
        return (least is None or place >= least) and (most is None or place <= most)

    return lambda study: any(map(within, values(study, path)))


def ordered(area: str) -> Callable[[str, bool], Any]:
    """The function that makes values of a field comparable; it tells whether a partial date stands for its last day."""
    kind = fields()[area].type if area in fields() else area
    if kind in DATES:
        return _day
    if kind in NUMBERS:
        return lambda text, _: _number(text)
    raise ExpressionError(f"Unsupported range field type: {kind}")


def _day(text: str, is_last: bool) -> str:
    american = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text)
    if american:
        text = f"{american[3]}-{american[1]}-{american[2]}"
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}(T[\d:]*)?", text):
        raise ExpressionError(f"Invalid date: {text}")
    rest = {4: "-12-31" if is_last else "-01-01", 7: "-31" if is_last else "-01"}
    return text[:10] + rest.get(len(text), "")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ExpressionError(f"Invalid number: {text}") from error


def projected(data: Any, tree: dict[str, Any]) -> Any:
    """A record with the fields of a tree only, in which an empty branch stands for all that is below."""
    if not tree:
        return data
    if isinstance(data, list):
        return [projected(each, tree) for each in data]
    return {name: projected(value, tree[name]) for name, value in data.items() if name in tree}


def tree_of(names: Sequence[str]) -> dict[str, Any]:
    """The tree of fields, pieces and areas that are asked for."""
    tree: dict[str, Any] = {}
    paths = {path for name in names for path in area_paths(name)}
    if () in paths:
        return {}
    for path in paths:
        branch = tree
        for name in path[:-1]:
            if name in branch and not branch[name]:
                break
            branch = branch.setdefault(name, {})
        else:
            branch[path[-1]] = {}
    return tree
