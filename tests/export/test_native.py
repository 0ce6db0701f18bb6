"""The emitter says the same as the careful way, and hands on whatever it does not take."""

from __future__ import annotations

import copy
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from native.fuzz.inputs import mutated
from native.fuzz.targets import assert_same
from tests.conftest import STUDIES
from tests.export.test_any_record import Maker

EXPORTERS = {
    "turtle": Exporter(grouped=True),
    "ntriples": Exporter(),
    "nquads": Exporter(graphs=True),
    "trig": Exporter(grouped=True, graphs=True),
    "contacts": Exporter(contacts=True),
    "elsewhere": Exporter(grouped=True, base="https://example.org/kg/"),
}


pytestmark = pytest.mark.skipif(
    native() is None and not os.environ.get("KG_CI"), reason="the emitter is not built: there was no C compiler"
)


def test_the_emitter_is_built() -> None:
    assert native() is not None


@pytest.mark.parametrize("name", EXPORTERS)
def test_real_records_are_taken_and_say_what_the_careful_way_says(name: str) -> None:
    exporter = EXPORTERS[name]
    for path in STUDIES:
        piece = path.read_bytes()
        found = exporter.try_json(piece)
        assert found is not None
        assert_same(found, exporter(orjson.loads(piece)))


@pytest.mark.parametrize("name", EXPORTERS)
def test_records_made_at_random_say_the_same_by_both_ways(name: str) -> None:
    exporter, taken = EXPORTERS[name], 0
    for seed in range(60):
        piece = orjson.dumps(Maker(seed, 0.02 if seed % 3 == 0 else 0).record())
        found = exporter.try_json(piece)
        if found is not None:
            taken += 1
            assert_same(found, exporter(orjson.loads(piece), fit=True))
    assert taken > 0


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
        (("protocolSection", "designModule"), {"phases": ["PHASE2", "PHASE2"]}),
        (("protocolSection", "designModule"), {"phases": ["PHASE9"]}),
        (("protocolSection", "conditionsModule"), {"conditions": ["one", 2]}),
        ((*ARMS, "armGroups", 0), {"interventionNames": ["Drug: of no study"]}),
        (("protocolSection", "identificationModule"), {"briefTitle": ["no text"]}),
        (("protocolSection", "sponsorCollaboratorsModule", "leadSponsor"), {"class": "NOBODY"}),
        (("derivedSection", "conditionBrowseModule", "meshes", 0), {"id": "no id"}),
    ],
)
def test_what_the_emitter_does_not_take_is_handed_on(seed: dict[str, Any], path: Any, keys: Any) -> None:
    assert EXPORTERS["turtle"].try_json(with_keys(seed, *path, **keys)) is None


@pytest.mark.parametrize("name", ["turtle", "nquads"])
@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("protocolSection", "statusModule", "startDateStruct"), {"date": "2015-02-30"}),
        (("protocolSection", "statusModule", "startDateStruct"), {"date": None}),
        (("protocolSection", "designModule"), {"phases": []}),
        (("protocolSection", "designModule", "enrollmentInfo"), {"count": 2**70}),
        (("protocolSection", "designModule", "enrollmentInfo"), {"count": "36"}),
        ((*ARMS, "armGroups", 0), {"type": 7}),
        (("protocolSection", "outcomesModule", "primaryOutcomes", 0), {"measure": True, "timeFrame": 1.5}),
        (("protocolSection", "identificationModule"), {"briefTitle": 'a "title"\n\t\\ of ≥ two lines'}),
        (("protocolSection", "conditionsModule"), {"keywords": [str(i) for i in range(900)]}),
    ],
)
def test_single_values_are_complained_of_alike(seed: dict[str, Any], name: str, path: Any, keys: Any) -> None:
    exporter, piece = EXPORTERS[name], with_keys(seed, *path, **keys)
    found = exporter.try_json(piece)
    assert found is not None
    assert_same(found, exporter(orjson.loads(piece)))


def test_what_must_be_there_and_is_not_is_complained_of_alike(seed: dict[str, Any]) -> None:
    exporter, changed = EXPORTERS["turtle"], copy.deepcopy(seed)
    del changed["protocolSection"]["outcomesModule"]["primaryOutcomes"][0]["measure"]
    del changed["protocolSection"]["armsInterventionsModule"]["interventions"][1]["name"]
    piece = orjson.dumps(changed)
    found = exporter.try_json(piece)
    if found is not None:
        assert_same(found, exporter(orjson.loads(piece)))
    else:  # an arm names the intervention that has no name now
        assert len(exporter(orjson.loads(piece)).errors) > 1


@pytest.mark.parametrize("name", ["turtle", "ntriples"])
def test_broken_json_is_never_taken_for_something_else(name: str) -> None:
    exporter, choice, taken = EXPORTERS[name], random.Random(7), 0
    pieces = [path.read_bytes() for path in STUDIES]
    for _ in range(3000):
        piece = mutated(choice.choice(pieces), choice)
        found = exporter.try_json(piece)
        if found is not None:
            taken += 1
            assert_same(found, exporter(orjson.loads(piece)))
    assert taken > 100


def test_objects_that_say_nothing_are_kept(seed: dict[str, Any]) -> None:
    exporter = EXPORTERS["turtle"]
    emptied = orjson.loads(with_keys(seed, "protocolSection", "designModule", enrollmentInfo={}))
    piece = with_keys(emptied, "derivedSection", interventionBrowseModule={})
    found = exporter.try_json(piece)
    assert found is not None
    assert found.unmapped.kept["derivedSection"] == {"interventionBrowseModule": {}}
    assert_same(found, exporter(orjson.loads(piece)))


def test_keys_that_nothing_reads_are_kept_by_the_compiled_plan(seed: dict[str, Any]) -> None:
    exporter = EXPORTERS["turtle"]
    coloured = orjson.loads(with_keys(seed, *ARMS, "armGroups", 1, colour="red"))
    piece = with_keys(coloured, "protocolSection", new={"a": [1]})
    found = exporter.try_json(piece)
    assert found is not None
    assert found.unmapped.leaves == 2
    assert_same(found, exporter(orjson.loads(piece)))


def test_keys_that_nothing_reads_may_stand_in_some_elements_only(seed: dict[str, Any]) -> None:
    """The lists within the other elements need not be there."""
    exporter, changed = EXPORTERS["turtle"], copy.deepcopy(seed)
    outcomes = changed["protocolSection"]["outcomesModule"]["primaryOutcomes"]
    changed["protocolSection"]["outcomesModule"]["primaryOutcomes"] = [*outcomes, {"measure": "x", "new": [1, {}]}]
    locations = changed["protocolSection"].setdefault("contactsLocationsModule", {})
    locations["locations"] = [{"city": "Rome"}, {"city": "Oslo", "contacts": [{"name": "A"}, {"name": "B", "hair": 1}]}]
    piece = json.dumps(changed).encode()
    found = exporter.try_json(piece)
    assert found is not None
    assert_same(found, exporter(orjson.loads(piece)))


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("empty", [{}, []])
def test_what_is_empty_is_kept_by_the_compiled_plan(name: str, empty: object, seed: dict[str, Any]) -> None:
    exporter = EXPORTERS[name]
    piece = with_keys(seed, "derivedSection", interventionBrowseModule=empty)
    found = exporter.try_json(piece)
    assert found is not None
    assert found.unmapped.kept == {"derivedSection": {"interventionBrowseModule": empty}}
    assert_same(found, exporter(orjson.loads(piece)))


def test_what_a_record_says_does_not_hang_on_the_records_before_it(seed: dict[str, Any]) -> None:
    """A key that nothing reads, in a resource that another record had as well."""
    exporter = Exporter(grouped=True)
    sponsor = {"name": "Made Up", "class": "OTHER", "new": "x"}
    first = with_keys(seed, "protocolSection", "sponsorCollaboratorsModule", leadSponsor=sponsor)
    odd = with_keys(json.loads(first), new=1)
    exporter(orjson.loads(odd))
    assert_same(exporter(orjson.loads(first)), Exporter(grouped=True)(orjson.loads(first)))


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
    assert EXPORTERS["turtle"].try_json(piece) is None


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_record_is_exported_where_it_stands_among_others(name: str) -> None:
    odd = [with_keys(orjson.loads(path.read_bytes()), "protocolSection", new=[1]) for path in STUDIES[:3]]
    pieces = [piece for path, more in zip(STUDIES, odd * 99, strict=False) for piece in (path.read_bytes(), more)]
    text, at, taken = b"  \n".join(pieces), 0, 0
    for piece in pieces:
        assert text.startswith(piece, at)
        found, alone = EXPORTERS[name].try_json_at(text, at), EXPORTERS[name].try_json(piece)
        end = min(at + len(piece) + 3, len(text))
        if found is None:
            assert alone is None
        else:
            assert alone is not None
            assert found[1] == end
            assert_same(found[0], alone)
            taken += 1
        at = end
    assert at == len(text)
    assert taken > len(STUDIES)
    assert EXPORTERS[name].try_json_at(text, at) is EXPORTERS[name].try_json_at(text, at + 1) is None


def test_other_spellings_of_one_text_give_the_same_bytes() -> None:
    form = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"%s"}}}'
    spelled = [form % text for text in (b"a/\xe2\x89\xa5\xc3\xa9", b"a\\/\\u2265\\u00e9", "a/≥é".encode())]
    found = {exported.data for piece in spelled if (exported := EXPORTERS["turtle"].try_json(piece))}
    assert len(found) == 1


def test_two_threads_may_use_one_exporter() -> None:
    """What one finds the emitter busy with, it exports with care."""
    exporter, pieces = Exporter(), [path.read_bytes() for path in STUDIES] * 5
    wanted = [exporter(orjson.loads(piece)).data for piece in pieces]

    def work(_: int) -> list[bytes]:
        return [(exporter.try_json(piece) or exporter(orjson.loads(piece))).data for piece in pieces]

    with ThreadPoolExecutor(4) as pool:
        assert all(found == wanted for found in pool.map(work, range(4)))


def test_what_is_remembered_is_forgotten_when_it_is_much(seed: dict[str, Any]) -> None:
    """A run sees no difference: the tables are emptied between two records."""
    exporter, first = Exporter(grouped=True), orjson.dumps(seed)
    before = exporter.try_json(first)
    for i in range(40):
        leaves = [{"name": f"Sponsor {i} {j}", "class": "OTHER"} for j in range(900)]
        piece = with_keys(seed, "protocolSection", "sponsorCollaboratorsModule", collaborators=leaves)
        found = exporter.try_json(piece)
        assert found is not None
        assert found.data.count(b"Sponsor") >= 900
    after = exporter.try_json(first)
    assert before is not None
    assert after is not None
    assert_same(before, after)


def test_the_programs_can_be_read() -> None:
    listing = Exporter(grouped=True).emitter.programs.listing()
    assert listing == EXPORTERS["turtle"].emitter.programs.listing()
    assert "nctId  text  dcterms:identifier  required" in listing
    assert max(map(len, listing.splitlines())) < 160


def test_a_fault_in_a_converter_costs_one_record(seed: dict[str, Any]) -> None:
    exporter, piece = Exporter(grouped=True), orjson.dumps(seed)

    def faulty(_: Any) -> bytes:
        raise KeyError("a fault of ours")

    readers = exporter.emitter.programs.readers
    kept, readers[:] = [*readers], [faulty] * len(readers)
    assert exporter.try_json(piece) is None
    readers[:] = kept
    found = exporter.try_json(piece)
    assert found is not None
    assert_same(found, exporter(orjson.loads(piece)))
