"""Every official field is in the graph, what is not is told, and ``kg coverage`` says what the export does."""

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
from kg.coverage.fields import leaf_types, shipped_sample
from kg.export.exporter import Exporter
from kg.mapping import plan
from kg.mapping.json_tree import leaves
from kg.ontology import model
from kg.ontology.files import folder
from kg.records.reader import Record
from tests.conftest import DATA, SEED

TREE: list[dict[str, Any]] = json.loads((DATA / "studies-metadata.json").read_text("utf-8"))
PLAN = plan.shipped_plan()

NOT_MAPPED: dict[str, str] = {}
"""Official fields that the ontology leaves out, with the reason why: none."""


def unmapped(tree: list[dict[str, Any]], chosen: plan.Plan) -> list[str]:
    """The leaf fields of a tree that a plan neither reads nor leaves out for a reason."""
    known = measure.readers(chosen)
    return [path for path, _ in leaf_types(tree) if path not in known and path not in NOT_MAPPED]


def test_every_official_field_is_mapped() -> None:
    assert len(dict(leaf_types(TREE))) == 343
    assert unmapped(TREE, PLAN) == []


def test_every_reason_is_needed() -> None:
    assert set(NOT_MAPPED) <= {path for path, _ in leaf_types(TREE)} - set(measure.readers(PLAN))


def test_a_field_that_the_official_tree_gains_is_noticed() -> None:
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
def test_a_field_that_the_ontology_loses_is_noticed(tmp_path: Path, name: str, json_path: str, lost: str) -> None:
    for file in model.FILES:
        text = (folder("ontology") / file).read_text("utf-8")
        if file == name:
            text, count = re.subn(rf'ct:json "{re.escape(json_path)}" ;', "", text)
            assert count == 1
        (tmp_path / file).write_text(text, "utf-8")
    changed = plan.of(model.read(tmp_path / file for file in model.FILES))
    assert unmapped(TREE, changed) == [lost]


def test_every_official_field_occurs_in_the_sample() -> None:
    assert [path for path, about in shipped_sample().items() if "type" in about and "count" not in about] == []


def measured(*records: dict[str, Any], contacts: bool = False) -> measure.Coverage:
    found = [Record(record, "a.json", i) for i, record in enumerate(records, 1)]
    return measure.measure(found, PLAN, contacts=contacts, reject=lambda _: None)


@pytest.mark.parametrize("contacts", [False, True])
def test_what_the_plan_says_is_what_the_export_does(
    seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]], contacts: bool
) -> None:
    exporter = Exporter(contacts=contacts)
    for record in [seed, made, *studies]:
        found, exported = measured(record, contacts=contacts), exporter(record)
        assert found.total("values") == sum(1 for _ in leaves(record))
        assert found.total("left_out") == exported.withheld
        assert found.total("unmapped") == exported.unmapped.leaves
        for line in found.met:
            assert (line.unmapped == 0) == (line.path not in exported.unmapped.paths), line
            assert line.properties or line.in_graph == 0, line


def test_all_of_the_official_fields_is_in_the_graph(
    seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]]
) -> None:
    found = measured(seed, made, *studies)
    assert found.official().share == 100
    assert found.official().total("unmapped") == 0
    assert {line.status for line in found.lines.values() if line.type} == {"mapped", "left out"}
    assert {line.status for line in measured(made, contacts=True).lines.values()} == {"mapped"}


def test_contact_data_is_left_out_and_counted(made: dict[str, Any]) -> None:
    path = "protocolSection.contactsLocationsModule.centralContacts[].email"
    line = measured(made).lines[path]
    assert (line.status, line.values, line.left_out, line.in_graph) == ("left out", 1, 1, 0)
    line = measured(made, contacts=True).lines[path]
    assert (line.status, line.values, line.left_out, line.in_graph) == ("mapped", 1, 0, 1)


def changed(record: dict[str, Any]) -> dict[str, Any]:
    """A record with two unknown values, unknown contact data, and a value of the wrong form."""
    odd = copy.deepcopy(record)
    odd["protocolSection"]["newModule"] = {"list": [{"a": 1}, {"a": 2, "phone": "1"}]}
    odd["protocolSection"]["statusModule"]["whyStopped"] = {"en": "why"}
    return odd


def test_what_no_shape_reads_is_named(made: dict[str, Any]) -> None:
    found = measured(changed(made), made)
    odd = {line.path: line for line in found.lines.values() if line.unmapped}
    assert {path: (line.values, line.records, line.unmapped) for path, line in odd.items()} == {
        "protocolSection.newModule.list[].a": (2, 1, 2),
        "protocolSection.statusModule.whyStopped.en": (1, 1, 1),
    }
    assert {line.status for line in odd.values()} == {"unmapped"}
    assert found.lines["protocolSection.newModule.list[].phone"].status == "left out"
    assert found.share < 100
    assert found.official().share == 100
    assert not found.reaches(100)
    assert found.reaches(99)


def test_a_value_of_the_wrong_form_at_a_mapped_path(made: dict[str, Any]) -> None:
    odd = copy.deepcopy(made)
    del odd["derivedSection"]["conditionBrowseModule"]["meshes"][0]["id"]
    line = measured(odd).lines["derivedSection.conditionBrowseModule.meshes[].term"]
    assert (line.status, line.values, line.unmapped, line.in_graph) == ("mapped", 1, 1, 0)


def test_of_a_record_that_is_no_study_nothing_counts() -> None:
    found = measured({"hasResults": True})
    assert (found.studies, found.lost, found.share) == (0, 1, 0)


def test_nothing_is_all_of_nothing() -> None:
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
    done = run(SEED, "--require", 100)
    assert done.returncode == 0, done.stderr
    assert "protocolSection.statusModule\n" in done.stdout
    assert re.search(r"^  overallStatus +all +1 +1 +ct:overallStatus$", done.stdout, re.MULTILINE)
    assert "participantFlowModule" not in done.stdout
    summary = done.stdout.splitlines()[-1]
    assert summary.startswith("Studies: 1 read, ")
    assert "100 % in the graph" in summary
    assert "participantFlowModule" in run(SEED, "--all").stdout


def test_the_exit_status_tells_what_is_required(odd: Path) -> None:
    assert run(odd).returncode == 0
    assert run(odd, "--require", 98).returncode == 0
    assert run(odd, "--require", 100).returncode == 1
    assert run(odd, "--require", 100, "--official").returncode == 0
    assert run(odd, "--require", 101).returncode == 2
    assert run().returncode == 2
    assert run("no-such-file.json").returncode == 2


def test_a_lost_record_is_told_and_the_status_is_1(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"protocolSection": {"statusModule": {"overallStatus": "COMPLETED"}}}', "utf-8")
    done = run(tmp_path / "a.json")
    assert done.returncode == 1
    assert "a.json, record 1" in done.stderr
    assert ", 1 lost." in done.stdout


def test_json_for_programs(odd: Path, tmp_path: Path) -> None:
    done = run(odd, "--json", "-")
    said = json.loads(done.stdout)
    assert done.stderr.startswith("Studies: 1 read")
    assert said["values"] == said["inGraph"] + said["leftOut"] + said["unmapped"]
    assert said["unmapped"] == 3
    assert said["officialShare"] == 100
    assert {line["path"] for line in said["paths"] if line["official"]} == {path for path, _ in leaf_types(TREE)}
    (line,) = [line for line in said["paths"] if line["path"] == "protocolSection.newModule.list[].a"]
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
    beside = run(odd, "--json", tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text("utf-8")) == said
    assert "statusModule" in beside.stdout
