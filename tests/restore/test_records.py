"""Exported records can be restored, whatever they contain."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.export.run import export
from kg.mapping.plan import Role, shipped_plan
from kg.rdf.formats import FORMATS
from kg.restore.records import Restorer
from kg.restore.run import restore
from kg.store.study_runs import Note, silent
from tests.cli.test_command import run
from tests.conftest import DATA, SEED, STUDIES
from tests.export.test_exporter import change

EXPORTER = Exporter(contacts=True)


def normalized(value: Any) -> Any:
    """Return a record with sorted lists of scalars, whose order an export does not keep."""
    if isinstance(value, dict):
        return {key: normalized(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(item, dict | list) for item in value):
        return [normalized(item) for item in value]
    return sorted(value, key=lambda item: (str(type(item)), str(item)))


def round_trip(record: dict[str, Any], exporter: Exporter = EXPORTER, **options: Any) -> Any:
    lines = ox.parse(exporter(record).data, format=ox.RdfFormat.N_TRIPLES)
    (restored,) = Restorer(lines, **options)
    return restored


def test_every_test_record(seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]]) -> None:
    page = {key: value for key, value in seed.items() if key != "pageHeader"}
    assert normalized(round_trip(seed)) == normalized(page)
    for record in [made, *studies]:
        assert normalized(round_trip(record)) == normalized(record)


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
def test_unusual_values(seed: dict[str, Any], path: str, value: Any) -> None:
    record = change({key: below for key, below in seed.items() if key != "pageHeader"}, path, value)
    assert normalized(round_trip(record)) == normalized(record)


def test_without_contact_data(made: dict[str, Any]) -> None:
    without = copy.deepcopy(made)
    module = without["protocolSection"]["contactsLocationsModule"]
    for contact in [*module["centralContacts"], *module["locations"][0]["contacts"]]:
        for key in ("phone", "phoneExt", "email"):
            del contact[key]
    point = without.get("resultsSection", {}).get("moreInfoModule", {}).get("pointOfContact", {})
    for key in ("phone", "phoneExt", "email"):
        point.pop(key, None)
    assert normalized(round_trip(made, Exporter())) == normalized(without)


def test_another_base(seed: dict[str, Any]) -> None:
    exporter = Exporter(contacts=True, base="https://example.org/kg/")
    page = {key: value for key, value in seed.items() if key != "pageHeader"}
    assert normalized(round_trip(seed, exporter, base="https://example.org/kg/")) == normalized(page)


@pytest.mark.parametrize("extension", [*(rdf_format.extension for rdf_format in FORMATS.values()), ".nt.gz", ".nq.zst"])
def test_every_format(tmp_path: Path, extension: str, studies: list[dict[str, Any]]) -> None:
    graph = tmp_path / ("all" + extension)
    export([DATA / "studies"], graph, contacts=True)
    assert restore([str(graph)], str(tmp_path / "all.jsonl")) == len(studies)
    restored = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    key = EXPORTER.headers.study
    assert [*map(normalized, restored)] == [normalized(record) for record in sorted(studies, key=key)]


def test_a_store(tmp_path: Path, seed: dict[str, Any]) -> None:
    export([SEED], tmp_path / "seed.nq")
    store = ox.Store(str(tmp_path / "store"))
    store.load(path=str(tmp_path / "seed.nq"), format=ox.RdfFormat.N_QUADS)
    store.flush()
    del store
    process = run("restore", tmp_path / "store", "-o", "-")
    assert process.returncode == 0, process.stderr
    assert normalized(json.loads(process.stdout)) == normalized(
        {key: value for key, value in seed.items() if key != "pageHeader"}
    )


def test_unreadable_input(tmp_path: Path) -> None:
    (tmp_path / "bad.ttl").write_text("<a> <b> .")
    process = run("restore", tmp_path / "bad.ttl", "-o", tmp_path / "out.jsonl")
    assert process.returncode == 1
    assert b"bad.ttl: is not valid turtle" in process.stderr
    assert run("restore", tmp_path / "none.ttl", "-o", "-").returncode == 2
    assert not (tmp_path / "out.jsonl").exists()


def test_country_names_are_kept_by_another_field() -> None:
    """Countries are restored with the spelling of the record, not with the ISO 3166 name."""
    for entity in shipped_plan().entities.values():
        for field in entity.fields:
            template = field.target and shipped_plan().entities[field.target.iri].template
            if field.role is Role.NODE and template and template.keys is None:
                others = [other for other in entity.fields if other.keys == field.keys and other.role is Role.TEXT]
                assert others, field.shape.path


@pytest.mark.parametrize(
    "statement",
    [
        'ct:unmapped "{nojson"',
        'ct:unmapped "[1]"^^rdf:JSON',
        'ct:enrollmentCount "abc"^^xsd:integer',
        "ct:enrollmentCount 99999999999999999999999",
    ],
)
def test_an_invalid_study_is_skipped(tmp_path: Path, statement: str) -> None:
    export([SEED], tmp_path / "a.ttl")
    text = (tmp_path / "a.ttl").read_text("utf-8") + f"\nstudy:NCT00000001 a ct:Study ; {statement} .\n"
    (tmp_path / "b.ttl").write_text(text, "utf-8")
    process = run("restore", tmp_path / "b.ttl", "-o", "-")
    assert process.returncode == 1
    assert b"Traceback" not in process.stderr
    assert b"NCT00000001: the record cannot be restored" in process.stderr
    assert len(process.stdout.splitlines()) == 1


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The N-Triples of some studies."""
    path = tmp_path_factory.mktemp("lines") / "a.nt"
    export(map(str, STUDIES[:8]), path)
    return path.read_bytes().splitlines(keepends=True)


def restored(lines: Iterable[bytes], folder: Path, notes: Note = silent) -> list[Any]:
    (folder / "b.nt").write_bytes(b"".join(lines))
    restore([str(folder / "b.nt")], str(folder / "b.jsonl"), note=notes)
    return [json.loads(line) for line in (folder / "b.jsonl").open()]


def in_memory(lines: Iterable[bytes]) -> list[Any]:
    return [*Restorer(ox.parse(b"".join(lines), format=ox.RdfFormat.N_TRIPLES))]


def test_studies_are_restored_one_at_a_time_as_in_memory(lines: list[bytes], tmp_path: Path) -> None:
    assert restored(lines, tmp_path) == in_memory(lines)
    assert len(in_memory(lines)) == 8


def test_scattered_statements_are_restored_in_memory(
    lines: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    monkeypatch.setattr("kg.store.study_runs.MANY", 100)
    scattered = sorted(lines, key=lambda line: hashlib.sha256(line).digest())
    assert [*map(normalized, restored(scattered, tmp_path, notes.append))] == [*map(normalized, in_memory(lines))]
    assert len(notes) == 1
    assert f"so {len(lines):,} statements are held in memory" in notes[0]


def test_changed_links_to_shared_resources_need_those_that_follow(lines: list[bytes], tmp_path: Path) -> None:
    links = [i for i, line in enumerate(lines) if b"ontology#conditionMesh>" in line]
    changed = [*lines]
    changed[links[0]] = b" ".join([*lines[links[0]].split(b" ")[:2], *lines[links[-1]].split(b" ")[2:]])
    assert changed != lines
    records = restored(changed, tmp_path)
    assert records == in_memory(changed)
    assert records != in_memory(lines)
    for path in ("conditionBrowseModule", "interventionBrowseModule"):
        meshes = [mesh for record in records for mesh in record["derivedSection"].get(path, {}).get("meshes", [])]
        assert all(mesh["term"] for mesh in meshes)
