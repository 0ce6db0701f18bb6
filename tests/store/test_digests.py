"""Digests of records in a store: they skip what is unchanged, never a change, and are as new as the study."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kg.export import record_digest
from kg.export.record_digest import RecordDigester
from kg.export.report import Report
from kg.store import digests, embedded, layout
from kg.store.dataset import open_store
from kg.store.embedded import Changes, build, update
from tests.conftest import STUDIES
from tests.store.test_embedded import statements, written


def records() -> list[Any]:
    return [json.loads(path.read_bytes()) for path in STUDIES]


def posted(record: Any, day: int) -> None:
    place = record["protocolSection"]["statusModule"].setdefault("lastUpdatePostDateStruct", {})
    place["date"] = f"{2030 + day // 336}-{1 + day // 28 % 12:02d}-{1 + day % 28:02d}"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values of a record."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def edit(record: Any, choice: random.Random) -> None:
    """Remove, repeat or change any value, except what a record needs to be the same study."""
    kept = {"nctId", "lastUpdatePostDateStruct", "versionHolder"}
    some = [path for path in places(record) if len(path) > 2 and not kept & {*path}]
    *path, last = choice.choice(some)
    holder = record
    for key in path:
        holder = holder[key]
    value = holder[last]
    kind = choice.randrange(3)
    if kind == 0:
        del holder[last]
    elif kind == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(value))
    elif isinstance(value, str):
        holder[last] = value + " changed"
    elif isinstance(value, bool | int | float):
        holder[last] = not value if isinstance(value, bool) else value + 1
    else:
        holder["added" if isinstance(holder, dict) else last] = copy.deepcopy(value)


def test_a_digest_is_that_of_the_content() -> None:
    digester = RecordDigester(contacts=False)
    record = {"a": 1, "b": {"c": [1.5, "é", None]}}
    again = json.loads(json.dumps({"b": {"c": [1.5, "é", None]}, "a": 1}))
    assert digester(record) == digester(again) == digester.of_json(json.dumps(record, indent=3).encode())
    changed = [
        {"a": 2, "b": record["b"]},
        {"a": 1},
        {"a": 1, "b": {"c": [1.5, None, "é"]}},
        {"a": "1", "b": record["b"]},
    ]
    assert digester(record) not in map(digester, changed)
    assert digester(record) != RecordDigester(contacts=True)(record)
    assert digester(record) != RecordDigester(contacts=False, without=["results"])(record)


def test_the_day_of_the_data_is_not_in_a_digest() -> None:
    digester = RecordDigester(contacts=False)
    first, second = ({"derivedSection": {"miscInfoModule": {"versionHolder": day, "x": 1}}} for day in "ab")
    assert digester(first) == digester(second)
    assert first["derivedSection"]["miscInfoModule"] == {"versionHolder": "a", "x": 1}
    assert digester({"derivedSection": {"miscInfoModule": {"x": 2}}}) != digester(first)


@pytest.mark.parametrize("odd", [{"a": 10**30}, {"a": object()}, {1: 2}])
def test_what_has_no_canonical_form_has_no_digest(odd: Any) -> None:
    assert RecordDigester(contacts=False)(odd) == ""


def test_another_version_of_kg_has_other_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RecordDigester(contacts=False)({})
    monkeypatch.setattr(record_digest, "__version__", "999")
    record_digest._ontology.cache_clear()
    assert RecordDigester(contacts=False)({}) != before
    record_digest._ontology.cache_clear()


def test_unchanged_records_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(STUDIES, tmp_path / "s", report=Report())
    monkeypatch.setattr(embedded, "_update_study", None)
    assert update(tmp_path / "s", STUDIES, report=Report()) == Changes(unchanged=len(STUDIES))


def test_without_digests_studies_are_compared_and_get_them(tmp_path: Path) -> None:
    build(STUDIES, tmp_path / "s", report=Report())
    complete = statements(tmp_path / "s")
    with open_store(tmp_path / "s", read_only=False) as store:
        for study in layout.studies(store)[::2]:
            embedded.update_store(store, digests.steps(store, study, ""))
        for study in layout.studies(store)[1::2]:
            embedded.update_store(store, digests.steps(store, study, "stale"))
        store.flush()
    del store
    assert update(tmp_path / "s", STUDIES, report=Report()) == Changes(unchanged=len(STUDIES))
    assert statements(tmp_path / "s") == complete


def test_an_older_record_leaves_the_digest(tmp_path: Path) -> None:
    older, newer = records()[0], records()[0]
    posted(newer, 1)
    build([newer], tmp_path / "s", report=Report())
    before = statements(tmp_path / "s")
    assert update(tmp_path / "s", [older], report=Report()) == Changes(older=1)
    assert statements(tmp_path / "s") == before


@pytest.mark.parametrize("seed", [1, 2])
def test_edits_are_never_skipped(tmp_path: Path, seed: int) -> None:
    """100 edits of any values; the store equals a fresh build after every tenth, digests included."""
    choice, current = random.Random(seed), records()
    source = written(current, tmp_path / "records.jsonl")
    build([source], tmp_path / "s", report=Report())
    for day in range(100):
        record = choice.choice(current)
        edit(record, choice)
        posted(record, day)
        written(current, source)
        assert update(tmp_path / "s", [source], report=Report()).replaced == 1
        if day % 10 == 9:
            build([source], tmp_path / f"fresh-{day}", report=Report())
            assert statements(tmp_path / "s") == statements(tmp_path / f"fresh-{day}")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, reverse=True)])
def test_of_several_records_of_a_study_the_newest_is_loaded(
    tmp_path: Path, order: Callable[[list[str]], list[str]], jobs: int
) -> None:
    """In one file, in several, and with a newer record of the same study in between."""
    versions = [records() for _ in range(3)]
    for day, version in enumerate(versions):
        for record in version:
            posted(record, day)
            record["protocolSection"]["identificationModule"]["briefTitle"] = f"Title {day}"
    names = [str(written(version, tmp_path / f"{day}.jsonl")) for day, version in enumerate(versions)]
    last = str(written([*versions[1], *versions[0]], tmp_path / "last.jsonl"))
    report = Report()
    build([*order(names), last], tmp_path / "s", report=report, jobs=jobs)
    build(names[2:], tmp_path / "fresh", report=Report())
    assert report.superseded == 4 * len(STUDIES)
    assert statements(tmp_path / "s") == statements(tmp_path / "fresh")
