"""The emitter: the same output as the reference interpreter, or ``None`` for records that it refuses."""

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
from tests.export.test_any_record import Generator

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
def test_real_records_have_the_output_of_the_interpreter(name: str) -> None:
    exporter = EXPORTERS[name]
    for path in STUDIES:
        text = path.read_bytes()
        exported = exporter.try_json(text)
        assert exported is not None
        assert_same(exported, exporter(orjson.loads(text)))


@pytest.mark.parametrize("name", EXPORTERS)
def test_random_records_have_the_output_of_the_interpreter(name: str) -> None:
    exporter, accepted = EXPORTERS[name], 0
    for seed in range(60):
        text = orjson.dumps(Generator(seed, 0.02 if seed % 3 == 0 else 0).record())
        exported = exporter.try_json(text)
        if exported is not None:
            accepted += 1
            assert_same(exported, exporter(orjson.loads(text), is_clean=True))
    assert accepted > 0


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
def test_the_emitter_refuses_records_that_need_the_interpreter(seed: dict[str, Any], path: Any, keys: Any) -> None:
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
def test_invalid_values_have_the_errors_of_the_interpreter(
    seed: dict[str, Any], name: str, path: Any, keys: Any
) -> None:
    exporter, text = EXPORTERS[name], with_keys(seed, *path, **keys)
    exported = exporter.try_json(text)
    assert exported is not None
    assert_same(exported, exporter(orjson.loads(text)))


def test_missing_values_have_the_errors_of_the_interpreter(seed: dict[str, Any]) -> None:
    exporter, changed = EXPORTERS["turtle"], copy.deepcopy(seed)
    del changed["protocolSection"]["outcomesModule"]["primaryOutcomes"][0]["measure"]
    del changed["protocolSection"]["armsInterventionsModule"]["interventions"][1]["name"]
    text = orjson.dumps(changed)
    exported = exporter.try_json(text)
    if exported is not None:
        assert_same(exported, exporter(orjson.loads(text)))
    else:  # an arm refers to the intervention without a name
        assert len(exporter(orjson.loads(text)).errors) > 1


@pytest.mark.parametrize("name", ["turtle", "ntriples"])
def test_mutated_json_has_the_output_of_the_interpreter(name: str) -> None:
    exporter, choice, accepted = EXPORTERS[name], random.Random(7), 0
    texts = [path.read_bytes() for path in STUDIES]
    for _ in range(3000):
        text = mutated(choice.choice(texts), choice)
        exported = exporter.try_json(text)
        if exported is not None:
            accepted += 1
            assert_same(exported, exporter(orjson.loads(text)))
    assert accepted > 100


def test_empty_objects_are_kept(seed: dict[str, Any]) -> None:
    exporter = EXPORTERS["turtle"]
    emptied = orjson.loads(with_keys(seed, "protocolSection", "designModule", enrollmentInfo={}))
    text = with_keys(emptied, "derivedSection", interventionBrowseModule={})
    exported = exporter.try_json(text)
    assert exported is not None
    assert exported.unmapped.kept["derivedSection"] == {"interventionBrowseModule": {}}
    assert_same(exported, exporter(orjson.loads(text)))


def test_unmapped_keys_are_kept(seed: dict[str, Any]) -> None:
    exporter = EXPORTERS["turtle"]
    coloured = orjson.loads(with_keys(seed, *ARMS, "armGroups", 1, colour="red"))
    text = with_keys(coloured, "protocolSection", new={"a": [1]})
    exported = exporter.try_json(text)
    assert exported is not None
    assert exported.unmapped.leaves == 2
    assert_same(exported, exporter(orjson.loads(text)))


def test_unmapped_keys_of_some_elements_are_kept(seed: dict[str, Any]) -> None:
    """Other elements need not have the lists that contain them."""
    exporter, changed = EXPORTERS["turtle"], copy.deepcopy(seed)
    outcomes = changed["protocolSection"]["outcomesModule"]["primaryOutcomes"]
    changed["protocolSection"]["outcomesModule"]["primaryOutcomes"] = [*outcomes, {"measure": "x", "new": [1, {}]}]
    locations = changed["protocolSection"].setdefault("contactsLocationsModule", {})
    locations["locations"] = [{"city": "Rome"}, {"city": "Oslo", "contacts": [{"name": "A"}, {"name": "B", "hair": 1}]}]
    text = json.dumps(changed).encode()
    exported = exporter.try_json(text)
    assert exported is not None
    assert_same(exported, exporter(orjson.loads(text)))


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("empty", [{}, []])
def test_empty_values_are_kept(name: str, empty: object, seed: dict[str, Any]) -> None:
    exporter = EXPORTERS[name]
    text = with_keys(seed, "derivedSection", interventionBrowseModule=empty)
    exported = exporter.try_json(text)
    assert exported is not None
    assert exported.unmapped.kept == {"derivedSection": {"interventionBrowseModule": empty}}
    assert_same(exported, exporter(orjson.loads(text)))


def test_the_output_does_not_depend_on_earlier_records(seed: dict[str, Any]) -> None:
    """With an unmapped key in a resource that another record has too."""
    exporter = Exporter(grouped=True)
    sponsor = {"name": "Made Up", "class": "OTHER", "new": "x"}
    first = with_keys(seed, "protocolSection", "sponsorCollaboratorsModule", leadSponsor=sponsor)
    odd = with_keys(json.loads(first), new=1)
    exporter(orjson.loads(odd))
    assert_same(exporter(orjson.loads(first)), Exporter(grouped=True)(orjson.loads(first)))


@pytest.mark.parametrize(
    "text",
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
def test_the_emitter_refuses_anything_but_a_valid_record(text: bytes) -> None:
    assert EXPORTERS["turtle"].try_json(text) is None


@pytest.mark.parametrize("name", EXPORTERS)
def test_records_are_exported_at_their_position_in_a_text(name: str) -> None:
    odd = [with_keys(orjson.loads(path.read_bytes()), "protocolSection", new=[1]) for path in STUDIES[:3]]
    texts = [text for path, more in zip(STUDIES, odd * 99, strict=False) for text in (path.read_bytes(), more)]
    stream, at, accepted = b"  \n".join(texts), 0, 0
    for text in texts:
        assert stream.startswith(text, at)
        exported, alone = EXPORTERS[name].try_json_at(stream, at), EXPORTERS[name].try_json(text)
        end = min(at + len(text) + 3, len(stream))
        if exported is None:
            assert alone is None
        else:
            assert alone is not None
            assert exported[1] == end
            assert_same(exported[0], alone)
            accepted += 1
        at = end
    assert at == len(stream)
    assert accepted > len(STUDIES)
    assert EXPORTERS[name].try_json_at(stream, at) is EXPORTERS[name].try_json_at(stream, at + 1) is None


def test_other_spellings_of_one_text_give_the_same_bytes() -> None:
    form = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","briefTitle":"%s"}}}'
    spelled = [form % text for text in (b"a/\xe2\x89\xa5\xc3\xa9", b"a\\/\\u2265\\u00e9", "a/≥é".encode())]
    outputs = {exported.data for spelling in spelled if (exported := EXPORTERS["turtle"].try_json(spelling))}
    assert len(outputs) == 1


def test_two_threads_may_use_one_exporter() -> None:
    """A thread uses the interpreter while another one has the emitter."""
    exporter, texts = Exporter(), [path.read_bytes() for path in STUDIES] * 5
    expected = [exporter(orjson.loads(text)).data for text in texts]

    def work(_: int) -> list[bytes]:
        return [(exporter.try_json(text) or exporter(orjson.loads(text))).data for text in texts]

    with ThreadPoolExecutor(4) as pool:
        assert all(output == expected for output in pool.map(work, range(4)))


def test_large_caches_are_emptied(seed: dict[str, Any]) -> None:
    """The tables are emptied between two records, which changes no output."""
    exporter, first = Exporter(grouped=True), orjson.dumps(seed)
    before = exporter.try_json(first)
    for i in range(40):
        leaves = [{"name": f"Sponsor {i} {j}", "class": "OTHER"} for j in range(900)]
        text = with_keys(seed, "protocolSection", "sponsorCollaboratorsModule", collaborators=leaves)
        exported = exporter.try_json(text)
        assert exported is not None
        assert exported.data.count(b"Sponsor") >= 900
    after = exporter.try_json(first)
    assert before is not None
    assert after is not None
    assert_same(before, after)


def test_programs_have_a_listing() -> None:
    listing = Exporter(grouped=True).emitter.programs.listing()
    assert listing == EXPORTERS["turtle"].emitter.programs.listing()
    assert "nctId  text  dcterms:identifier  required" in listing
    assert max(map(len, listing.splitlines())) < 160


def test_an_error_in_a_converter_affects_one_record(seed: dict[str, Any]) -> None:
    exporter, text = Exporter(grouped=True), orjson.dumps(seed)

    def faulty(_: Any) -> bytes:
        raise KeyError("an error in a converter")

    readers = exporter.emitter.programs.readers
    kept, readers[:] = [*readers], [faulty] * len(readers)
    assert exporter.try_json(text) is None
    readers[:] = kept
    exported = exporter.try_json(text)
    assert exported is not None
    assert_same(exported, exporter(orjson.loads(text)))
