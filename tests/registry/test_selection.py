"""Selections of studies: checked values, and parameters of the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

import kg
from kg.registry.selection import MAX_URL, Selection


def test_each_search_area_is_a_parameter_of_the_api() -> None:
    selection = Selection.of(
        condition="ALS", intervention="IL-2", term="safety", sponsor="University", location="France"
    )
    assert selection.params() == [
        {
            "query.cond": "ALS",
            "query.intr": "IL-2",
            "query.term": "safety",
            "query.spons": "University",
            "query.locn": "France",
        }
    ]


def test_several_expressions_are_joined_in_parentheses() -> None:
    selection = Selection.of(filter="AREA[a]1 OR AREA[b]2", phase="na", updated_since="2026-01-31", status="completed")
    assert selection.params(fields="NCTId") == [
        {
            "filter.overallStatus": "COMPLETED",
            "filter.advanced": "(AREA[a]1 OR AREA[b]2) AND (AREA[Phase]NA) AND"
            " (AREA[LastUpdatePostDate]RANGE[2026-01-31,MAX])",
            "fields": "NCTId",
        }
    ]
    assert Selection.of(filter="AREA[a]1 OR AREA[b]2").params() == [{"filter.advanced": "AREA[a]1 OR AREA[b]2"}]


@pytest.mark.parametrize("text", ["RECRUITING", "recruiting", "Recruiting"])
def test_codes_are_accepted_in_any_case_and_by_label(text: str) -> None:
    assert Selection.of(status=[text]).status == ("RECRUITING",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "No studies are selected; give NCT numbers or a search such as --condition, or --all"),
        ({"condition": None, "status": (), "everything": False}, "No studies are selected"),
        ({"status": "running"}, '"running" is not a status of the registry; expected one of ACTIVE_NOT_RECRUITING, '),
        ({"phase": ["PHASE5"]}, '"PHASE5" is not a phase of the registry; expected one of '),
        ({"ids": "NCT1"}, '"NCT1" is not an NCT number'),
        ({"ids": ["NCT00000000"]}, "is not an NCT number"),
        ({"updated_since": "31.1.2026"}, '"31.1.2026" is not a date, such as 2026-01-31'),
        ({"condition": "  "}, 'The condition is "  ", which is no text'),
        ({"everything": True, "condition": "ALS"}, "--all selects the whole registry"),
        ({"term": "NCT02059759, NCT00000102", "status": "completed"}, "The term has only NCT numbers, for which the"),
    ],
)
def test_what_the_registry_does_not_have_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(kg.UsageError) as error:
        Selection.of(**options)
    assert message in str(error.value)
    assert str(error.value).endswith(".")


def test_many_numbers_become_several_listings_with_short_urls() -> None:
    numbers = [f"NCT{number:08}" for number in range(1, 2001)]
    for common in ({}, {"condition": "x" * 3000}):
        listings = Selection.of(ids=[*numbers, "nct00000001"], **common).params()
        assert [id_ for listing in listings for id_ in listing["filter.ids"].split("|")] == numbers
        assert all(len(urlencode(listing)) < MAX_URL for listing in listings)
        assert len(listings) < 10


def test_a_selection_survives_json() -> None:
    selection = Selection.of(condition="ALS", phase=["PHASE2"], ids=["NCT00000102"], updated_since="2026-01-31")
    assert Selection.from_dict(selection.as_dict()) == selection
    assert Selection.from_dict({"everything": True}) == Selection.of(everything=True)
    with pytest.raises(kg.UsageError, match="is not a part of a selection"):
        Selection.from_dict({"conditon": "ALS"})
