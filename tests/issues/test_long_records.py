"""Records with long lists left the C extension, and those of more than 8 MiB were searched for other studies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from kg.export.run import export
from kg.records import splitter

STUDIES = [orjson.loads(path.read_bytes()) for path in sorted(Path("tests/data/studies").glob("*.json"))]
SMALL = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "T"}}}

needs_extension = pytest.mark.skipif(native() is None, reason="the extension was not built")


def small(**modules: Any) -> dict[str, Any]:
    return {"protocolSection": SMALL["protocolSection"] | modules}


def at(record: dict[str, Any], *keys: str) -> Any:
    value: Any = record
    for key in keys:
        value = value.get(key, {})
    return value


def with_events(count: int) -> dict[str, Any]:
    keys = "resultsSection", "adverseEventsModule"
    record = copy.deepcopy(next(record for record in STUDIES if at(record, *keys, "otherEvents")))
    module = at(record, *keys)
    events = module["otherEvents"]
    module["otherEvents"] = [event | {"term": f"Term {i}"} for i in range(count // len(events)) for event in events]
    return record


def with_a_new_key(count: int) -> dict[str, Any]:
    record = with_events(count)
    for event in at(record, "resultsSection", "adverseEventsModule", "otherEvents"):
        event["newKey"] = 1
        event["stats"][0]["newKey"] = [{"x": 1}]
    return record


def with_arms(count: int) -> dict[str, Any]:
    names = [f"name {i}" for i in range(count)]
    arms = [{"label": f"arm {i}", "interventionNames": [f"Drug: {name}" for name in names]} for i in range(count)]
    labels = [arm["label"] for arm in arms]
    drugs = [{"type": "DRUG", "name": name, "armGroupLabels": labels} for name in names]
    return small(armsInterventionsModule={"armGroups": arms, "interventions": drugs})


def with_references(count: int) -> dict[str, Any]:
    references = [{"pmid": str(i), "citation": f"A. doi: 10.1/{i}", "type": "RESULT"} for i in range(count)]
    return small(referencesModule={"references": references})


def with_synonyms(count: int) -> dict[str, Any]:
    drugs = [{"type": "DRUG", "name": f"Agent {i}", "otherNames": [f"mesh TERM {i}"] * 2} for i in range(count)]
    drugs += [{"type": "DRUG", "name": "All", "otherNames": [f"MESH term {i}" for i in range(count)]}]
    for drug in drugs[:-1]:
        drug["otherNames"] = drug["otherNames"][:1]
    terms = [{"id": f"D{100_000 + i}", "term": f"Mesh term {i}"} for i in range(count)]
    record = small(armsInterventionsModule={"interventions": drugs})
    return record | {"derivedSection": {"interventionBrowseModule": {"meshes": terms}}}


LONG: list[Callable[[], dict[str, Any]]] = [
    lambda: with_events(20_000),
    lambda: with_a_new_key(4_000),
    lambda: with_arms(500),
    lambda: with_references(12_000),
    lambda: with_synonyms(8_000),
]


@needs_extension
@pytest.mark.parametrize("build", LONG, ids=["events", "new keys", "arms", "references", "synonyms"])
def test_long_records_do_not_leave_the_emitter(build: Callable[[], dict[str, Any]]) -> None:
    text = orjson.dumps(build())
    for exporter in (Exporter(), Exporter(grouped=True), Exporter(graphs=True)):
        assert exporter.try_json(text) is not None


@needs_extension
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("count", [7, 8, 9, 100])
@pytest.mark.parametrize("build", [with_events, with_a_new_key, with_arms, with_references, with_synonyms])
def test_they_are_exported_as_by_the_interpreter(
    build: Callable[[int], dict[str, Any]], count: int, grouped: bool
) -> None:
    record, exporter = build(count), Exporter(grouped=grouped)
    emitted = exporter.try_json(orjson.dumps(record))
    interpreted = exporter(record)
    assert emitted is not None
    assert emitted.data == interpreted.data
    assert emitted.unmapped.kept == interpreted.unmapped.kept
    assert emitted.triples == interpreted.triples


@needs_extension
def test_a_record_full_of_unmapped_members_is_left_to_the_interpreter() -> None:
    members = b",".join(b'"%d":0' % i for i in range(5000))
    text = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001"},%b}}' % members
    exporter = Exporter()
    assert exporter.try_json(text) is None
    assert exporter.from_json(text).unmapped.leaves == 5000


def test_a_large_study_is_not_searched_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "UNSPLIT", 1 << 16)
    monkeypatch.setattr(splitter, "SIZE", 1 << 12)
    monkeypatch.setattr(splitter, "last_study_end", lambda _: pytest.fail("parsed"))
    record = with_events(4000)
    source = tmp_path / "a.json"
    for value, studies in ((record, 1), ([record, SMALL], 2), ({"studies": [SMALL, record]}, 2)):
        source.write_bytes(orjson.dumps(value))
        assert export([str(source)], str(tmp_path / "a.nt")).totals.studies == studies
