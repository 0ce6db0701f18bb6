"""The compiled plan says the same as the careful one, and hands on whatever it does not take."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest

from kg.export import Exported, Exporter
from tests.conftest import STUDIES
from tests.test_any_record import Maker

EXPORTERS = {
    "turtle": Exporter(grouped=True),
    "ntriples": Exporter(),
    "nquads": Exporter(graphs=True),
    "trig": Exporter(grouped=True, graphs=True),
    "contacts": Exporter(contacts=True),
    "elsewhere": Exporter(grouped=True, base="https://example.org/kg/"),
}


def compiled(exporter: Exporter, piece: bytes) -> Exported | None:
    decoded = exporter.decode(piece)
    return exporter._compiled(decoded) if decoded else None


def facts(exported: Exported) -> tuple[object, ...]:
    residue = exported.residue
    said = (exported.study, exported.version, exported.holder, exported.triples, exported.withheld)
    return (*said, residue.kept, residue.paths, [error.as_dict() for error in exported.errors])


def same(one: Exported, other: Exported) -> None:
    assert one.data == other.data
    assert facts(one) == facts(other)


@pytest.mark.parametrize("name", EXPORTERS)
def test_real_records_take_the_compiled_plan_and_say_what_the_careful_one_says(name: str) -> None:
    exporter, taken = EXPORTERS[name], 0
    for path in STUDIES:
        piece = path.read_bytes()
        found = compiled(exporter, piece)
        if found is not None:
            taken += 1
            same(found, exporter(orjson.loads(piece)))
    assert taken >= 0.8 * len(STUDIES)


@pytest.mark.parametrize("name", ["turtle", "nquads"])
def test_records_made_at_random_say_the_same_by_both_ways(name: str) -> None:
    exporter = EXPORTERS[name]
    for seed in range(60):
        piece = orjson.dumps(Maker(seed, 0.02 if seed % 2 else 0).record())
        decoded = exporter.decode(piece)
        if decoded is not None:
            same(exporter.decoded(decoded), exporter(orjson.loads(piece), fit=True))


def with_keys(record: dict[str, Any], *path: str | int, **keys: Any) -> bytes:
    changed: Any = copy.deepcopy(record)
    place: Any = changed
    for step in path:
        place = place[step]
    place.update(keys)
    return json.dumps(changed, ensure_ascii=False).encode()


ARMS = ("protocolSection", "armsInterventionsModule")


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("protocolSection", "statusModule", "startDateStruct"), {"date": "2015-02-30"}),
        (("protocolSection", "statusModule", "startDateStruct"), {"date": None}),
        (("protocolSection", "designModule"), {"phases": ["PHASE2", "PHASE2"]}),
        (("protocolSection", "designModule"), {"phases": []}),
        (("protocolSection", "designModule", "enrollmentInfo"), {"count": 2**70}),
        ((*ARMS, "armGroups", 0), {"interventionNames": ["Drug: of no study"]}),
        ((*ARMS, "armGroups", 0), {"label": 7}),
        (("protocolSection", "identificationModule"), {"briefTitle": ["no text"]}),
        (("protocolSection", "sponsorCollaboratorsModule", "leadSponsor"), {"class": "NOBODY"}),
        (("derivedSection", "conditionBrowseModule", "meshes", 0), {"id": "no id"}),
    ],
)
def test_what_is_not_as_the_shapes_say_is_handed_on(seed: dict[str, Any], path: Any, keys: Any) -> None:
    exporter, piece = EXPORTERS["turtle"], with_keys(seed, *path, **keys)
    assert compiled(exporter, piece) is None
    decoded = exporter.decode(piece)
    careful = exporter(orjson.loads(piece), fit=True)
    if decoded is not None:
        same(exporter.decoded(decoded), careful)


def test_objects_that_say_nothing_are_kept(seed: dict[str, Any]) -> None:
    exporter = EXPORTERS["turtle"]
    emptied = orjson.loads(with_keys(seed, "protocolSection", "designModule", enrollmentInfo={}))
    piece = with_keys(emptied, "derivedSection", interventionBrowseModule={})
    decoded = exporter.decode(piece)
    assert decoded is not None
    found = exporter.decoded(decoded)
    assert found.residue.kept["derivedSection"] == {"interventionBrowseModule": {}}
    same(found, exporter(orjson.loads(piece)))


def test_keys_that_nothing_reads_are_kept_by_the_compiled_plan(seed: dict[str, Any]) -> None:
    exporter = EXPORTERS["turtle"]
    coloured = orjson.loads(with_keys(seed, *ARMS, "armGroups", 1, colour="red"))
    piece = with_keys(coloured, "protocolSection", new={"a": [1]})
    found = compiled(exporter, piece)
    assert found is not None
    assert found.residue.leaves == 2
    same(found, exporter(orjson.loads(piece)))


def test_keys_that_nothing_reads_may_stand_in_some_elements_only(seed: dict[str, Any]) -> None:
    """The lists within the other elements need not be there."""
    exporter, changed = EXPORTERS["turtle"], copy.deepcopy(seed)
    outcomes = changed["protocolSection"]["outcomesModule"]["primaryOutcomes"]
    changed["protocolSection"]["outcomesModule"]["primaryOutcomes"] = [*outcomes, {"measure": "x", "new": [1, {}]}]
    locations = changed["protocolSection"].setdefault("contactsLocationsModule", {})
    locations["locations"] = [{"city": "Rome"}, {"city": "Oslo", "contacts": [{"name": "A"}, {"name": "B", "hair": 1}]}]
    piece = json.dumps(changed).encode()
    decoded = exporter.decode(piece)
    assert decoded is not None
    same(exporter.decoded(decoded), exporter(orjson.loads(piece)))


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("empty", [{}, []])
def test_what_is_empty_is_kept_by_the_compiled_plan(name: str, empty: object, seed: dict[str, Any]) -> None:
    exporter = EXPORTERS[name]
    piece = with_keys(seed, "derivedSection", interventionBrowseModule=empty)
    pruned = exporter.decode.pruned(piece)
    assert pruned is not None
    found = exporter._compiled(pruned)
    assert found is not None
    assert found.residue.kept == {"derivedSection": {"interventionBrowseModule": empty}}
    same(found, exporter(orjson.loads(piece)))


def test_what_a_record_says_does_not_hang_on_the_records_before_it(seed: dict[str, Any]) -> None:
    """A key that nothing reads, in a resource that another record had as well."""
    exporter = Exporter(grouped=True)
    sponsor = {"name": "Made Up", "class": "OTHER", "new": "x"}
    first = with_keys(seed, "protocolSection", "sponsorCollaboratorsModule", leadSponsor=sponsor)
    odd = with_keys(json.loads(first), new=1)
    exporter(orjson.loads(odd))
    same(exporter(orjson.loads(first)), Exporter(grouped=True)(orjson.loads(first)))


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"hasResults":true}',
        b'{"protocolSection":{"identificationModule":{"nctId":"NCT0000001","briefTitle":"x"}}}',
        b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"\xff"}}}',
        b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"\\u0001"}}}',
        b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"\\ud800"}}}',
        b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"x"}}} {}',
    ],
)
def test_what_is_no_good_record_is_not_taken(piece: bytes) -> None:
    assert compiled(EXPORTERS["turtle"], piece) is None


def test_other_spellings_of_one_text_give_the_same_bytes() -> None:
    form = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"%s"}}}'
    spelled = [form % text for text in (b"a/\xe2\x89\xa5\xc3\xa9", b"a\\/\\u2265\\u00e9", "a/≥é".encode())]
    found = {exported.data for piece in spelled if (exported := compiled(EXPORTERS["turtle"], piece))}
    assert len(found) == 1


def test_the_source_is_python_that_depends_on_nothing_but_the_plan() -> None:
    source = Exporter(grouped=True).source
    assert source == EXPORTERS["turtle"].source
    assert "def Study(" in source
    assert max(map(len, source.splitlines())) < 240
