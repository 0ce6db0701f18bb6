"""The parameters of a query to the local API server, what is wrong with them, and the studies that they find."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from tests.integration.api_faults import Refusal
from tests.integration.api_records import Records
from tests.integration.api_search import (
    DATES,
    METADATA,
    NUMBERS,
    PARAMETERS,
    ExpressionError,
    Study,
    Test,
    area_paths,
    fields,
    ordered,
    parsed,
    values,
)

ENUMS = METADATA.with_name("enums.json")
STATUSES: tuple[str, ...] = tuple(json.loads(ENUMS.read_text("utf-8"))["Status"])
FILTERS = ("overallStatus", "ids", "advanced")
OTHER_PARAMETERS = frozenset(
    ["format", "markupFormat", "fields", "sort", "countTotal", "pageSize", "pageToken"]
    + [f"{kind}.{name}" for kind in ("filter", "postFilter") for name in FILTERS]
)
PAGING = ("countTotal", "pageSize", "pageToken")
"""The parameters that may differ from page to page."""

Aliases = Mapping[str, str]

_NCT = re.compile(r"[Nn][Cc][Tt]0*([1-9]\d{0,7})")
_ONLY_NCT = re.compile(r"\s*NCT\d{8}(?:[\s,]+NCT\d{8})*[\s,]*", re.IGNORECASE)


class Query:
    """The parameters of a request for ``/studies``; wrong ones raise :class:`Refusal`."""

    def __init__(self, params: Mapping[str, str]) -> None:
        _check(params)
        self._params = params
        self.size = _integer(params, "pageSize") or 10
        self.token = params.get("pageToken")
        self.counts = params.get("countTotal") == "true" and self.token is None
        self.fields = tuple(listed(params.get("fields", "")))

    @cached_property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What decides which studies are found, and their order."""
        return tuple(sorted(item for item in self._params.items() if item[0] not in (*PAGING, "fields")))

    def found(self, records: Records, aliases: Aliases) -> list[str]:
        """Return the NCT numbers of the studies, in their order."""
        tests, wanted = self._tests(aliases)
        numbers = [number for number in records if wanted is None or number in wanted]
        if tests:
            numbers = [number for number in numbers if _passes(records[number], tests)]
        return _sorted(numbers, listed(self._params.get("sort", "")), records)

    def _tests(self, aliases: Aliases) -> tuple[list[Test], set[str] | None]:
        """Return the tests of records, and the studies that come into question, or None for all."""
        queries = {name: value for name, value in self._params.items() if name in PARAMETERS and value.strip()}
        for value in queries.values():
            if _ONLY_NCT.fullmatch(value):  # such a query ignores the filters
                return [], _canonical(re.split(r"[\s,]+", value.upper().strip(" ,")), aliases)
        tests = [_parsed(value, PARAMETERS[name], f"`{name}`") for name, value in queries.items()]
        wanted: set[str] | None = None
        for kind in ("filter", "postFilter"):
            status, ids, advanced = (self._params.get(f"{kind}.{name}", "").strip() for name in FILTERS)
            if status:
                tests.append(_has_status(listed(status)))
            if advanced:
                tests.append(_parsed(advanced, "BasicSearch", "advanced filter"))
            if ids:
                given = _canonical(_nct_numbers(listed(ids), f"{kind}.ids"), aliases)
                wanted = given if wanted is None else wanted & given
        return tests, wanted


def nct_number(text: str) -> str | None:
    """Return an NCT number in its canonical form, or None if it is none."""
    match = _NCT.fullmatch(text)
    return f"NCT{int(match[1]):08}" if match else None


def _passes(study: Study, tests: list[Test]) -> bool:
    return all(test(study) for test in tests)


def _canonical(numbers: Iterable[str], aliases: Aliases) -> set[str]:
    return {aliases.get(number, number) for number in numbers}


def _sorted(numbers: list[str], keys: list[str], records: Records) -> list[str]:
    """Return studies by one or two keys; those without a value come last."""
    for key in reversed(keys):
        name, _, direction = key.partition(":")
        if name == "@relevance":
            continue
        path, order = fields()[name].path, ordered(name)
        first = {number: next(values(records[number], path), None) for number in numbers}
        known = [number for number in numbers if first[number] is not None]
        is_down = direction == "desc" or (not direction and fields()[name].type in DATES)
        known.sort(key=_place(order, first), reverse=is_down)
        numbers = known + [number for number in numbers if first[number] is None]
    return numbers


def _place(order: Callable[[str, bool], object], first: Mapping[str, object]) -> Callable[[str], Any]:
    return lambda number: order(str(first[number]), False)


def _check(params: Mapping[str, str]) -> None:
    """Raise :class:`Refusal` for a parameter of ``/studies`` that is unknown or has a wrong value."""
    for name in params:
        if name not in PARAMETERS and name not in OTHER_PARAMETERS:
            raise Refusal(400, f"`{name}` is unknown parameter")
    if params.get("format", "json") != "json":
        raise Refusal(400, f"Invalid value in parameter `format`: `{params['format']}`")
    for name in ("filter.overallStatus", "postFilter.overallStatus"):
        for status in listed(params.get(name, "")):
            if status not in STATUSES:
                raise Refusal(400, f"Invalid value in parameter `overallStatus`: `{status}`")
    if params.get("countTotal", "true") not in ("true", "false"):
        raise Refusal(400, "Parameter `countTotal` has incorrect format")
    _check_sort(listed(params.get("sort", "")))
    check_fields(params)


def _check_sort(keys: list[str]) -> None:
    if len(keys) > 2:
        raise Refusal(400, "Too many items in parameter `sort`: max 2")
    for i, key in enumerate(keys, 1):
        name, _, direction = key.partition(":")
        if direction not in ("", "asc", "desc"):
            raise Refusal(400, f"Item {i} in parameter `sort` has incorrect format")
        if name != "@relevance" and name not in fields():
            raise Refusal(400, f"Unknown field in parameter `sort`: `{name}`")
        if name != "@relevance" and fields()[name].type not in (*DATES, *NUMBERS):
            raise Refusal(400, f"Unsupported sort field type: {fields()[name].type}")


def check_fields(params: Mapping[str, str]) -> None:
    if "fields" not in params:
        return
    names = listed(params["fields"])
    if not names:
        raise Refusal(400, "Parameter `fields` is empty")
    try:
        for name in names:
            area_paths(name)
    except ExpressionError as error:
        raise Refusal(400, f"Invalid value in parameter `fields`: {error}") from error


def _parsed(expression: str, area: str, where: str) -> Test:
    try:
        return parsed(expression, area)
    except ExpressionError as error:
        raise Refusal(400, f"Error parsing query in {where}: {error}") from error


def _has_status(statuses: list[str]) -> Test:
    path = fields()["OverallStatus"].path
    return lambda study: next(values(study, path), None) in statuses


def _nct_numbers(items: list[str], name: str) -> list[str]:
    numbers = [nct_number(item) for item in items]
    if None in numbers:
        raise Refusal(400, f"Item {numbers.index(None) + 1} in parameter `{name}` has incorrect format")
    return [number for number in numbers if number]


def listed(value: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,|]", value) if item.strip()]


def _integer(params: Mapping[str, str], name: str) -> int:
    value = params.get(name, "0")
    if not re.fullmatch(r"\d{1,9}", value):
        raise Refusal(400, f"Parameter `{name}` has incorrect format")
    return int(value)
