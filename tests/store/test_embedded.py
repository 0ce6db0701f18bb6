"""A store on disk: built atomically, updated study by study, also when the process is killed."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.errors import OutputError, UsageError
from kg.export.report import Report
from kg.store import layout
from kg.store.dataset import open_store
from kg.store.embedded import Changes, build, remove, update
from kg.store.info import store_info
from tests.conftest import STUDIES

KG = [sys.executable, "-m", "kg"]


def statements(folder: Path) -> set[ox.Quad]:
    with open_store(folder) as store:
        return set(store)


def leaving(folder: Path) -> set[ox.Quad]:
    with open_store(folder) as store:
        return set(layout.leaving(store))


def test_a_store_has_its_studies_in_the_default_graph(tmp_path: Path) -> None:
    info = build(STUDIES, tmp_path / "s.kgstore", report=Report())
    assert (info.studies, info.graphs) == (len(STUDIES), 2)  # one graph of shared resources, one of the ontology
    assert [path.name for path in tmp_path.iterdir()] == ["s.kgstore"]
    assert update(tmp_path / "s.kgstore", STUDIES, report=Report()) == Changes(unchanged=len(STUDIES))


def test_a_store_of_rdf_equals_the_store_of_its_records(tmp_path: Path) -> None:
    subprocess.run([*KG, "export", *map(str, STUDIES), "-o", str(tmp_path / "all.nq")], check=True, capture_output=True)
    build([tmp_path / "all.nq"], tmp_path / "rdf", report=Report())
    build(STUDIES, tmp_path / "records", report=Report())
    assert leaving(tmp_path / "rdf") == leaving(tmp_path / "records")


def test_an_existing_output_and_a_folder_that_is_not_a_store_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        build(STUDIES[:1], tmp_path, report=Report())
    with pytest.raises(UsageError, match="is not the folder of a store"):
        update(tmp_path, STUDIES[:1], report=Report())


def test_a_second_writer_gets_one_error_message(tmp_path: Path) -> None:
    build(STUDIES[:1], tmp_path / "s", report=Report())
    with open_store(tmp_path / "s", read_only=False) as held:
        assert len(held)
        with pytest.raises(OutputError, match="is in use by another process"):
            update(tmp_path / "s", STUDIES[:1], report=Report())


def test_removing_studies_keeps_other_graphs(tmp_path: Path) -> None:
    build(STUDIES[:3], tmp_path / "s", report=Report())
    other = ox.Quad(*[ox.NamedNode("https://example.org/x")] * 4)
    with open_store(tmp_path / "s", read_only=False) as store:
        store.add(other)
        store.flush()
    del store  # which holds the lock
    assert remove(tmp_path / "s", [path.stem for path in STUDIES[:2]]) == []
    assert remove(tmp_path / "s", ["NCT00000000", "> DROP"]) == ["NCT00000000", "> DROP"]
    with open_store(tmp_path / "s") as store:
        assert store_info(store).studies == 1
        assert other in store


def test_an_older_record_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    record = json.loads(STUDIES[0].read_bytes())
    older = copy.deepcopy(record)
    older["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "1999-01-01"
    (tmp_path / "older.json").write_text(json.dumps(older))
    build(STUDIES[:1], tmp_path / "s", report=Report())
    report = Report()
    assert update(tmp_path / "s", [tmp_path / "older.json"], report=report) == Changes(older=1)
    assert report.superseded == 1


class Editor:
    """Edits records as sponsors do: texts, dates, lengths of lists, spellings of shared resources."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.records = [json.loads(path.read_bytes()) for path in STUDIES]
        self.day = 0

    def edit(self) -> None:
        """Change a field of one record, and the date of its last update."""
        record = self.random.choice(self.records)
        protocol = record["protocolSection"]
        self.day += 1
        place = protocol["statusModule"].setdefault("lastUpdatePostDateStruct", {})
        place["date"] = f"2027-{1 + self.day // 28 % 12:02d}-{1 + self.day % 28:02d}"
        change = self.random.randrange(7)
        outcomes = protocol.setdefault("outcomesModule", {}).setdefault("primaryOutcomes", [])
        if change == 0:
            protocol["identificationModule"]["briefTitle"] += "."
        elif change == 1:
            outcomes.append({"measure": f"Measure {self.day}", "timeFrame": "1 week"})
        elif change == 2 and outcomes:
            outcomes.pop(self.random.randrange(len(outcomes)))
        elif change == 3:
            protocol["statusModule"]["overallStatus"] = self.random.choice(["COMPLETED", "TERMINATED", "RECRUITING"])
        elif change == 4:
            sponsor = {"name": self.random.choice("AB"), "class": self.random.choice(["INDUSTRY", "OTHER"])}
            protocol["sponsorCollaboratorsModule"] = {"leadSponsor": sponsor}
        else:
            self.terms(record.setdefault("derivedSection", {}).setdefault("conditionBrowseModule", {}))

    def terms(self, module: dict[str, Any]) -> None:
        """Replace the MeSH terms of a study, or change the spelling of one."""
        terms = module.setdefault("meshes", [])
        if terms and self.random.random() < 0.5:
            terms[0]["term"] = terms[0]["term"].swapcase()
        else:
            module["meshes"] = [{"id": f"D00000{i}", "term": f"Term {i}"} for i in self.random.sample(range(1, 8), 2)]


def owner(quad: ox.Quad) -> str | None:
    """The study that a statement is about, or whose digest it is."""
    number = str(quad.subject)[-12:-1] if "/digest/" in str(quad.subject) else ""
    return number or layout.study_of_statement(quad)


def written(records: list[Any], place: Path) -> Path:
    place.write_text("\n".join(json.dumps(record) for record in records))
    return place


def test_updates_that_are_killed_leave_each_study_old_or_new(tmp_path: Path) -> None:
    """200 edits in 10 batches; each update is killed at a random moment, then repeated to its end."""
    editor, folder, moments = Editor(7), tmp_path / "s", random.Random(7)
    current = written(editor.records, tmp_path / "records.jsonl")
    build([current], folder, report=Report())
    command = [*KG, "store", "update", str(folder), str(current)]
    old = {path.stem for path in STUDIES}
    for _ in range(10):
        before = statements(folder)
        for _ in range(20):
            editor.edit()
        written(editor.records, current)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 0.8))
        process.kill()
        process.wait()
        build([current], tmp_path / "fresh", report=Report())
        fresh = statements(tmp_path / "fresh")
        between = statements(folder)
        for number in old:
            quads = {quad for quad in between if owner(quad) == number}
            assert quads in ({q for q in before if owner(q) == number}, {q for q in fresh if owner(q) == number})
        subprocess.run(command, check=True, capture_output=True)
        assert statements(folder) == fresh
        subprocess.run(["rm", "-r", str(tmp_path / "fresh")], check=True)


def test_a_record_of_every_field_is_replaced_by_one_of_few_and_back(tmp_path: Path, made: dict[str, Any]) -> None:
    """Statements are removed one by one, of all datatypes."""
    identification = {"nctId": "NCT99999999", "briefTitle": "Few fields"}
    posted = {"lastUpdatePostDateStruct": {"date": "2030-01-01"}}
    few = {"protocolSection": {"identificationModule": identification, "statusModule": posted}}
    again = copy.deepcopy(made)
    again["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2031-01-01"
    build([made], tmp_path / "s", report=Report())
    for i, record in enumerate((few, again)):
        assert update(tmp_path / "s", [record], report=Report()) == Changes(replaced=1)
        build([record], tmp_path / f"fresh-{i}", report=Report())
        assert statements(tmp_path / "s") == statements(tmp_path / f"fresh-{i}")
