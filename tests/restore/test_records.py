"""The way back: what was exported is restored, whatever the record held."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.export.run import export
from kg.mapping.plan import Role, shipped_plan
from kg.rdf.formats import FORMATS
from kg.restore.records import Restorer, restore
from tests.cli.test_command import run
from tests.conftest import DATA, SEED
from tests.export.test_exporter import change

EXPORTER = Exporter(contacts=True)


def plain(value: Any) -> Any:
    """A record to compare: the order of plain values in a list is not kept."""
    if isinstance(value, dict):
        return {key: plain(below) for key, below in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(below, dict | list) for below in value):
        return [plain(below) for below in value]
    return sorted(value, key=lambda below: (str(type(below)), str(below)))


def back(record: dict[str, Any], exporter: Exporter = EXPORTER, **options: Any) -> Any:
    lines = ox.parse(exporter(record).data, format=ox.RdfFormat.N_TRIPLES)
    (restored,) = Restorer(lines, **options)
    return restored


def test_every_fixture_comes_back(seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]]) -> None:
    page = {key: value for key, value in seed.items() if key != "pageHeader"}
    assert plain(back(seed)) == plain(page)
    for record in [made, *studies]:
        assert plain(back(record)) == plain(record)


STRANGE: list[tuple[str, Any]] = [
    ("protocolSection.unknown", {"a": [1, None, {"b": 2.5}], "c": {}}),
    ("another", [[], {}, "x"]),
    ("protocolSection.oversightModule", {}),
    ("protocolSection.conditionsModule.conditions", []),
    ("protocolSection.conditionsModule.conditions", ["b", "a", "b"]),
    ("protocolSection.conditionsModule.conditions", "ALS"),
    ("protocolSection.conditionsModule.conditions", ["a", 5, None]),
    ("protocolSection.identificationModule.acronym", None),
    ("protocolSection.identificationModule.acronym", 12),
    ("protocolSection.identificationModule.acronym", ["x"]),
    ("protocolSection.statusModule.overallStatus", "DREAMING"),
    ("protocolSection.statusModule.startDateStruct.date", "soon"),
    ("protocolSection.designModule.enrollmentInfo.count", 36.0),
    ("protocolSection.designModule.enrollmentInfo.count", "36"),
    ("protocolSection.designModule.phases", ["PHASE3", "PHASE2"]),
    ("protocolSection.eligibilityModule.healthyVolunteers", 1),
    ("protocolSection.contactsLocationsModule.locations.0.geoPoint", {"lat": 43, "lon": 3.0}),
    ("protocolSection.contactsLocationsModule.locations.0.geoPoint.lat", 1e-07),
    ("protocolSection.contactsLocationsModule.locations.0.country", "Turkey (Türkiye)"),
    ("protocolSection.contactsLocationsModule.locations.0.zip", 34295),
    ("protocolSection.outcomesModule.primaryOutcomes", [{"measure": "a"}, "junk", {"measure": "b", "odd": [1]}, {}]),
    ("protocolSection.armsInterventionsModule.interventions.0.armGroupLabels", ["Placebo", "nowhere"]),
    ("protocolSection.armsInterventionsModule.interventions.0.armGroupLabels", ["Placebo", "Placebo"]),
    ("protocolSection.armsInterventionsModule.interventions.0.type", "MAGIC"),
    ("protocolSection.sponsorCollaboratorsModule.leadSponsor", {"class": "OTHER"}),
    ("protocolSection.sponsorCollaboratorsModule.collaborators", [{"name": "b_ c."}, {"name": "a"}, {"name": "b_ c."}]),
    ("protocolSection.referencesModule.references.0.pmid", "12 x"),
    ("protocolSection.referencesModule.seeAlsoLinks", [{"url": "https://a.org/?b=c%20d#e"}, {"url": "no iri"}]),
    (
        "derivedSection.conditionBrowseModule.meshes",
        [{"id": "D000004791", "term": "b"}, {"id": "D000690", "term": "a"}],
    ),
    ("derivedSection.conditionBrowseModule.meshes", [{"id": "D000004791", "term": "b"}]),
    ("derivedSection.conditionBrowseModule.meshes", [{"id": "C000613593", "term": "Durvalumab", "more": 1}, {"id": 5}]),
    ("derivedSection.conditionBrowseModule.meshes", [{"id": "D000690", "term": "a"}] * 2),
    ("derivedSection.miscInfoModule.removedCountries", ["Nowhere", "France", "Russia"]),
    ("documentSection.largeDocumentModule.largeDocs", [{"uploadDate": "2024-12-02T00:45", "size": 5}]),
    ("documentSection.largeDocumentModule.largeDocs", [{"uploadDate": "2024-12-02T00:45:10"}]),
    ("hasResults", "maybe"),
]


@pytest.mark.parametrize(("path", "value"), STRANGE, ids=lambda value: str(value)[-40:])
def test_strange_values_come_back(seed: dict[str, Any], path: str, value: Any) -> None:
    record = change({key: below for key, below in seed.items() if key != "pageHeader"}, path, value)
    assert plain(back(record)) == plain(record)


def test_without_contact_data_everything_else_comes_back(made: dict[str, Any]) -> None:
    without = copy.deepcopy(made)
    module = without["protocolSection"]["contactsLocationsModule"]
    for contact in [*module["centralContacts"], *module["locations"][0]["contacts"]]:
        for key in ("phone", "phoneExt", "email"):
            del contact[key]
    point = without.get("resultsSection", {}).get("moreInfoModule", {}).get("pointOfContact", {})
    for key in ("phone", "phoneExt", "email"):
        point.pop(key, None)
    assert plain(back(made, Exporter())) == plain(without)


def test_a_graph_of_another_base_comes_back(seed: dict[str, Any]) -> None:
    exporter = Exporter(contacts=True, base="https://example.org/kg/")
    page = {key: value for key, value in seed.items() if key != "pageHeader"}
    assert plain(back(seed, exporter, base="https://example.org/kg/")) == plain(page)


@pytest.mark.parametrize("extension", [*(known.extension for known in FORMATS.values()), ".nt.gz", ".nq.zst"])
def test_every_format_keeps_everything(tmp_path: Path, extension: str, studies: list[dict[str, Any]]) -> None:
    graph = tmp_path / ("all" + extension)
    export([DATA / "studies"], graph, contacts=True)
    assert restore([str(graph)], str(tmp_path / "all.jsonl")) == len(studies)
    restored = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    key = EXPORTER.headers.study
    assert [plain(each) for each in restored] == [plain(each) for each in sorted(studies, key=key)]


def test_the_folder_of_a_store_comes_back(tmp_path: Path, seed: dict[str, Any]) -> None:
    export([SEED], tmp_path / "seed.nq")
    store = ox.Store(str(tmp_path / "store"))
    store.load(path=str(tmp_path / "seed.nq"), format=ox.RdfFormat.N_QUADS)
    store.flush()
    del store
    done = run("restore", tmp_path / "store", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert plain(json.loads(done.stdout)) == plain({key: value for key, value in seed.items() if key != "pageHeader"})


def test_what_cannot_be_restored_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.ttl").write_text("<a> <b> .")
    done = run("restore", tmp_path / "bad.ttl", "-o", tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert b"bad.ttl: is no good turtle" in done.stderr
    assert run("restore", tmp_path / "none.ttl", "-o", "-").returncode == 2
    assert not (tmp_path / "out.jsonl").exists()


def test_what_only_a_shared_country_says_has_another_reader() -> None:
    """A country is restored from the spelling of the record, never from the name of ISO 3166."""
    for entity in shipped_plan().entities.values():
        for known in entity.fields:
            scalar = known.target and shipped_plan().entities[known.target.iri].template
            if known.role is Role.NODE and scalar and scalar.keys is None:
                readers = [each for each in entity.fields if each.keys == known.keys and each.role is Role.TEXT]
                assert readers, known.shape.path


@pytest.mark.parametrize(
    "statement",
    [
        'ct:unmapped "{nojson"',
        'ct:unmapped "[1]"^^rdf:JSON',
        'ct:enrollmentCount "abc"^^xsd:integer',
        "ct:enrollmentCount 99999999999999999999999",
    ],
)
def test_a_study_that_makes_no_record_costs_itself_alone(tmp_path: Path, statement: str) -> None:
    export([SEED], tmp_path / "a.ttl")
    text = (tmp_path / "a.ttl").read_text("utf-8") + f"\nstudy:NCT00000001 a ct:Study ; {statement} .\n"
    (tmp_path / "b.ttl").write_text(text, "utf-8")
    done = run("restore", tmp_path / "b.ttl", "-o", "-")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"NCT00000001: its statements make no record" in done.stderr
    assert len(done.stdout.splitlines()) == 1
