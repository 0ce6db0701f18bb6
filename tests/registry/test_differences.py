"""Paths that changed: as deep as possible, and nothing that did not change."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from kg.errors import ABSENT
from kg.registry.differences import ValueChange, differences
from tests.conftest import STUDIES

CASES: dict[str, tuple[Any, Any, list[ValueChange]]] = {
    "nothing": ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, []),
    "a value": ({"a": {"b": 1}}, {"a": {"b": 2}}, [ValueChange("a.b", 1, 2)]),
    "an added object": ({}, {"a": {"b": 1}}, [ValueChange("a", new={"b": 1})]),
    "a removed list": ({"a": [1]}, {}, [ValueChange("a", old=[1])]),
    "null is a value": ({"a": None}, {}, [ValueChange("a", old=None)]),
    "kinds": ({"a": 1, "b": 0}, {"a": True, "b": 0.0}, [ValueChange("a", 1, True)]),
    "another kind": ({"a": [1]}, {"a": {"b": 1}}, [ValueChange("a", [1], {"b": 1})]),
    "texts": ({"a": [2, 3, 3]}, {"a": [3, 1, 3]}, [ValueChange("a[]", old=2), ValueChange("a[]", new=1)]),
    "texts in another order": ({"a": ["x", "y"]}, {"a": ["y", "x"]}, []),
    "an item at the start": ({"a": [[2], [3]]}, {"a": [[1], [2], [3]]}, [ValueChange("a[0]", new=[1])]),
    "an item removed": ({"a": [[1], [2], [3]]}, {"a": [[1], [3]]}, [ValueChange("a[1]", old=[2])]),
    "an item at the end": ({"a": [{}]}, {"a": [{}, {"b": 1}]}, [ValueChange("a[1]", new={"b": 1})]),
    "items in another order": (
        {"a": [[1], [2]]},
        {"a": [[2], [1]]},
        [ValueChange("a[0]", new=[2]), ValueChange("a[1]", old=[2])],
    ),
    "in an item": ({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1, "c": 3}]}, [ValueChange("a[0].c", 2, 3)]),
    "an item before one that changed": (
        {"a": [{"n": "x", "s": 1}]},
        {"a": [{"n": "y", "s": 1, "t": 1}, {"n": "x", "s": 2}]},
        [ValueChange("a[0]", new={"n": "y", "s": 1, "t": 1}), ValueChange("a[1].s", 1, 2)],
    ),
    "an odd key": ({"a b": {"c.d": 1}}, {}, [ValueChange('["a b"]', old={"c.d": 1})]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_changes_of_a_value(case: str) -> None:
    old, new, expected = CASES[case]
    found = [*differences(old, new)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert all(change.as_dict().keys() - {"path"} for change in found)


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in leaves(item)]
    if isinstance(value, list):
        return [text for item in value for text in leaves(item)]
    return [] if value is ABSENT else [json.dumps(value)]


def edited(record: Any, chance: random.Random) -> Any:
    if isinstance(record, dict):
        kept = {key: edited(value, chance) for key, value in record.items() if chance.random() > 0.02}
        return kept | ({"new": chance.random()} if chance.random() < 0.02 else {})
    if isinstance(record, list):
        items = [edited(item, chance) for item in record if chance.random() > 0.1]
        return items + [chance.random()] * (chance.random() < 0.1)
    return record if chance.random() > 0.1 else f"{record} {chance.random()}"


@pytest.mark.parametrize("seed", range(20))
def test_the_values_that_came_and_went_are_those_of_the_changes(seed: int) -> None:
    chance = random.Random(seed)
    old = json.loads(chance.choice(STUDIES).read_bytes())
    new = edited(copy.deepcopy(old), chance)
    changes = [*differences(old, new)]
    remaining = leaves(old)
    for change in changes:
        for text in leaves(change.old):
            remaining.remove(text)
    remaining += [text for change in changes for text in leaves(change.new)]
    assert sorted(remaining) == sorted(leaves(new))


def test_long_lists_are_compared_in_little_time() -> None:
    changes = [*differences([{"v": 0}] * 20_000, [{"v": 0}] * 10_000 + [{"v": 1}] * 10_000)]
    assert len(changes) == 10_000
    assert [*differences([{}, {"a": 1}] * 1500, [{"a": 1}, {}] * 1400)]
