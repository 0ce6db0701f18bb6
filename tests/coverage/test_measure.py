"""Every official field is mapped, unmapped values are reported, and ``kg coverage`` agrees with the export."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kg.coverage import measure
from kg.coverage.fields import shipped_sample
from kg.export.exporter import Exporter
from kg.mapping import plan
from kg.mapping.json_tree import leaves
from kg.ontology import model
from kg.ontology.files import folder
from kg.records.reader import Record
from tests.conftest import DATA, SEED
from tools.docs.field_page import leaf_types

TREE: list[dict[str, Any]] = json.loads((DATA / "studies-metadata.json").read_text("utf-8"))
PLAN = plan.shipped_plan()

NOT_MAPPED: dict[str, str] = {}
"""Official fields that the ontology leaves out, with the reason; there are none."""


def unmapped(tree: list[dict[str, Any]], chosen: plan.Plan) -> list[str]:
    """Return the leaf fields of a tree that a plan neither maps nor leaves out for a reason."""
    mapped = measure.properties_by_path(chosen)
    return [path for path, _ in leaf_types(tree) if path not in mapped and path not in NOT_MAPPED]


def test_every_official_field_is_mapped() -> None:
    assert len(dict(leaf_types(TREE))) == 343
    assert unmapped(TREE, PLAN) == []


def test_every_exception_is_needed() -> None:
    assert set(NOT_MAPPED) <= {path for path, _ in leaf_types(TREE)} - set(measure.properties_by_path(PLAN))


def test_a_new_official_field_is_detected() -> None:
    tree = copy.deepcopy(TREE)
    tree[0]["children"][0]["children"].append({"name": "newField", "type": "text[]"})
    assert unmapped(tree, PLAN) == ["protocolSection.identificationModule.newField[]"]


@pytest.mark.parametrize(
    ("name", "json_path", "lost"),
    [
        ("core.ttl", "protocolSection.statusModule.whyStopped", "protocolSection.statusModule.whyStopped"),
        ("core.ttl", "facility", "protocolSection.contactsLocationsModule.locations[].facility"),
        (
            "results.ttl",
            "resultsSection.participantFlowModule.recruitmentDetails",
            "resultsSection.participantFlowModule.recruitmentDetails",
        ),
    ],
)
def test_a_field_removed_from_the_ontology_is_detected(tmp_path: Path, name: str, json_path: str, lost: str) -> None:
    for file in model.FILES:
        text = (folder("ontology") / file).read_text("utf-8")
        if file == name:
            text, count = re.subn(rf'ct:json "{re.escape(json_path)}" ;', "", text)
            assert count == 1
        (tmp_path / file).write_text(text, "utf-8")
    changed = plan.build_plan(model.read(tmp_path / file for file in model.FILES))
    assert unmapped(TREE, changed) == [lost]


def test_every_official_field_occurs_in_the_sample() -> None:
    assert [path for path, entry in shipped_sample().items() if "type" in entry and "count" not in entry] == []


def measured(*records: dict[str, Any], contacts: bool = False) -> measure.Coverage:
    numbered = [Record(record, "a.json", i) for i, record in enumerate(records, 1)]
    return measure.measure(numbered, PLAN, contacts=contacts, reject=lambda _: None)


@pytest.mark.parametrize("contacts", [False, True])
def test_coverage_agrees_with_the_export(
    seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]], contacts: bool
) -> None:
    exporter = Exporter(contacts=contacts)
    for record in [seed, made, *studies]:
        coverage, exported = measured(record, contacts=contacts), exporter(record)
        assert coverage.total("values") == sum(1 for _ in leaves(record))
        assert coverage.total("left_out") == exported.withheld
        assert coverage.total("unmapped") == exported.unmapped.leaves
        for line in coverage.occurring:
            assert (line.unmapped == 0) == (line.path not in exported.unmapped.paths), line
            assert line.properties or line.in_graph == 0, line


def test_all_official_fields_are_in_the_graph(
    seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]]
) -> None:
    coverage = measured(seed, made, *studies)
    assert coverage.official().share == 100
    assert coverage.official().total("unmapped") == 0
    assert {line.status for line in coverage.paths.values() if line.type} == {"mapped", "left out"}
    assert {line.status for line in measured(made, contacts=True).paths.values()} == {"mapped"}


def test_contact_data_is_left_out_and_counted(made: dict[str, Any]) -> None:
    path = "protocolSection.contactsLocationsModule.centralContacts[].email"
    line = measured(made).paths[path]
    assert (line.status, line.values, line.left_out, line.in_graph) == ("left out", 1, 1, 0)
    line = measured(made, contacts=True).paths[path]
    assert (line.status, line.values, line.left_out, line.in_graph) == ("mapped", 1, 0, 1)


def changed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with two unknown values, unknown contact data, and a value of the wrong type."""
    odd = copy.deepcopy(record)
    odd["protocolSection"]["newModule"] = {"list": [{"a": 1}, {"a": 2, "phone": "1"}]}
    odd["protocolSection"]["statusModule"]["whyStopped"] = {"en": "why"}
    return odd


def test_unmapped_values_are_listed(made: dict[str, Any]) -> None:
    coverage = measured(changed(made), made)
    odd = {line.path: line for line in coverage.paths.values() if line.unmapped}
    assert {path: (line.values, line.records, line.unmapped) for path, line in odd.items()} == {
        "protocolSection.newModule.list[].a": (2, 1, 2),
        "protocolSection.statusModule.whyStopped.en": (1, 1, 1),
    }
    assert {line.status for line in odd.values()} == {"unmapped"}
    assert coverage.paths["protocolSection.newModule.list[].phone"].status == "left out"
    assert coverage.share < 100
    assert coverage.official().share == 100
    assert not coverage.reaches(100)
    assert coverage.reaches(99)


def test_an_unmapped_value_at_a_mapped_path(made: dict[str, Any]) -> None:
    odd = copy.deepcopy(made)
    del odd["derivedSection"]["conditionBrowseModule"]["meshes"][0]["id"]
    line = measured(odd).paths["derivedSection.conditionBrowseModule.meshes[].term"]
    assert (line.status, line.values, line.unmapped, line.in_graph) == ("mapped", 1, 1, 0)


def test_a_record_that_is_not_a_study_is_not_covered() -> None:
    coverage = measured({"hasResults": True})
    assert (coverage.studies, coverage.lost, coverage.share) == (0, 1, 0)


def test_coverage_of_no_records() -> None:
    assert measured().share == 100
    assert measured().reaches(100)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg", "coverage", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture
def odd(tmp_path: Path, made: dict[str, Any]) -> Path:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(changed(made)), "utf-8")
    return path


def test_the_command_shows_a_table_and_a_summary() -> None:
    process = run(SEED, "--require", 100)
    assert process.returncode == 0, process.stderr
    assert "protocolSection.statusModule\n" in process.stdout
    assert re.search(r"^  overallStatus +all +1 +1 +ct:overallStatus$", process.stdout, re.MULTILINE)
    assert "participantFlowModule" not in process.stdout
    summary = process.stdout.splitlines()[-1]
    assert summary.startswith("Studies: 1 read, ")
    assert "100 % in the graph" in summary
    assert "participantFlowModule" in run(SEED, "--all").stdout


def test_exit_status(odd: Path) -> None:
    assert run(odd).returncode == 0
    assert run(odd, "--require", 98).returncode == 0
    assert run(odd, "--require", 100).returncode == 1
    assert run(odd, "--require", 100, "--official").returncode == 0
    assert run(odd, "--require", 101).returncode == 2
    assert run().returncode == 2
    assert run("no-such-file.json").returncode == 2


def test_a_lost_record_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"protocolSection": {"statusModule": {"overallStatus": "COMPLETED"}}}', "utf-8")
    process = run(tmp_path / "a.json")
    assert process.returncode == 1
    assert "a.json, record 1" in process.stderr
    assert ", 1 lost." in process.stdout


def test_json(odd: Path, tmp_path: Path) -> None:
    process = run(odd, "--json", "-")
    result = json.loads(process.stdout)
    assert process.stderr.startswith("Studies: 1 read")
    assert result["values"] == result["inGraph"] + result["leftOut"] + result["unmapped"]
    assert result["unmapped"] == 3
    assert result["officialShare"] == 100
    assert {line["path"] for line in result["paths"] if line["official"]} == {path for path, _ in leaf_types(TREE)}
    (line,) = [line for line in result["paths"] if line["path"] == "protocolSection.newModule.list[].a"]
    assert line == {
        "path": "protocolSection.newModule.list[].a",
        "official": False,
        "type": None,
        "status": "unmapped",
        "properties": [],
        "values": 2,
        "records": 1,
        "inGraph": 0,
        "leftOut": 0,
        "unmapped": 2,
    }
    process = run(odd, "--json", tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text("utf-8")) == result
    assert "statusModule" in process.stdout
