"""``kg sync`` against the local API server: after each run the copy equals the registry, and the counts are right."""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

import kg
from kg.errors import SourceError, UsageError
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.ontology.vocabulary import CT
from kg.registry.changes import SyncCounts
from kg.registry.fetch import Fetch, fetch_to, is_unfinished
from kg.registry.folder_target import FolderTarget, folder_state, write_folder_state
from kg.registry.journal import Journal
from kg.registry.selection import Selection
from kg.registry.targets import value_changes
from kg.store import layout, registry_state
from kg.store.dataset import open_store
from kg.store.embedded import build
from kg.store.info import StoreInfo, store_info
from tests.conftest import STUDIES
from tests.export.test_without import removed
from tests.integration.api_server import ApiServer, serve

KG = [sys.executable, "-m", "kg"]
HOLDER = ox.NamedNode(CT + "versionHolder")
MANY = int(os.environ.get("KG_SYNC", "1"))
"""How often the random tests run."""
DOCS = Path(__file__).parents[2] / "docs"
RECORDS = [json.loads(path.read_bytes()) for path in STUDIES]


def number_of(record: dict[str, Any]) -> str:
    number: str = record["protocolSection"]["identificationModule"]["nctId"]
    return number


class Editor:
    """Changes the records of a server as sponsors and the registry do, and knows what a copy has to change."""

    def __init__(self, server: ApiServer, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)
        self.absent = [self.server.records[number] for number in sorted(self.random.sample([*server.records], 8))]
        self.server.remove(*map(number_of, self.absent))
        self.edits = 0

    def round(self, *, rederive: bool) -> SyncCounts:
        """Move the data to the next day, with some changes; return the counts of a run after them."""
        self.server.move()
        numbers = sorted(self.server.records)
        self.random.shuffle(numbers)
        edited, rederived, gone = (numbers[at : at + self.random.randrange(4)] for at in (0, 4, 8))
        rederived = rederived if rederive else []
        new = [self.absent.pop(0) for _ in range(min(len(self.absent), self.random.randrange(4)))]
        for number in edited:
            self.server.set(self.edited(number))
        for number in rederived:
            self.server.set(self.rederived(number))
        self.absent += [self.server.records[number] for number in gone]
        self.server.remove(*gone)
        self.server.set(*new)
        self.server.records.stamp(self.day)
        studies = {"new": [*map(number_of, new)], "changed": edited, "re-derived": rederived, "gone": gone}
        return SyncCounts(
            new=len(new),
            changed=len(edited),
            rederived=len(rederived),
            gone=len(gone),
            unchanged=len(self.server.records) - len(new) - len(edited) - len(rederived),
            data_version=self.server.data_timestamp,
            studies={kind: sorted(found) for kind, found in studies.items() if found},
        )

    @property
    def day(self) -> str:
        return self.server.data_timestamp[:10]

    def edited(self, number: str) -> dict[str, Any]:
        """A record with a change of its sponsor, posted today."""
        record = self.server.records[number]
        self.edits += 1
        protocol = record["protocolSection"]
        protocol["statusModule"].setdefault("lastUpdatePostDateStruct", {})["date"] = self.day
        change = self.random.randrange(6)
        outcomes = protocol.setdefault("outcomesModule", {}).setdefault("primaryOutcomes", [])
        if change == 0:
            protocol["identificationModule"]["briefTitle"] += "."
        elif change == 1:
            outcomes.insert(0, {"measure": f"Measure {self.edits}", "timeFrame": "1 week"})
        elif change == 2 and outcomes:
            outcomes.pop(self.random.randrange(len(outcomes)))
        elif change == 3:
            sponsor = {"name": self.random.choice("AB"), "class": self.random.choice(["INDUSTRY", "OTHER"])}
            protocol["sponsorCollaboratorsModule"] = {"leadSponsor": sponsor}
        return record

    def rederived(self, number: str) -> dict[str, Any]:
        """A record with other MeSH terms, or another spelling of one."""
        record = self.server.records[number]
        self.edits += 1
        module = record.setdefault("derivedSection", {}).setdefault("conditionBrowseModule", {})
        terms = module.setdefault("meshes", [])
        if terms and self.random.random() < 0.5:
            terms[0]["term"] += "!"
        else:
            terms.append({"id": f"D{self.random.randrange(1, 5):06}", "term": f"Term {self.edits}"})
        return record


@pytest.fixture
def server() -> Iterator[ApiServer]:
    api = ApiServer(copy.deepcopy(RECORDS))
    with serve(api):
        yield api


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "s.kgstore"


def run(target: Path, server: ApiServer, **options: Any) -> SyncCounts:
    return kg.sync(target, api=server.url, rate=0, **options)


def statements(folder: Path) -> set[ox.Quad]:
    """All statements but the state and the day of the registry's data."""
    with open_store(folder) as store:
        return {quad for quad in layout.leaving(store) if quad.predicate != HOLDER}


def fresh(server: ApiServer, folder: Path, **options: Any) -> set[ox.Quad]:
    build([[server.records[number] for number in server.records]], folder, report=Report(), **options)
    return statements(folder)


def holders(folder: Path) -> dict[str, str]:
    with open_store(folder) as store:
        quads = [*store.quads_for_pattern(None, HOLDER, None, None)]
    return {str(quad.subject)[-12:-1]: str(quad.object)[1:11] for quad in quads}


def state_of(folder: Path) -> registry_state.RegistryState:
    with open_store(folder) as store:
        state = registry_state.read(store)
    assert state is not None
    return state


def set_state(folder: Path, **changes: Any) -> None:
    state = replace(state_of(folder), **changes)
    with open_store(folder, read_only=False) as store:
        registry_state.write(store, state)
        store.flush()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def requested_ids(server: ApiServer) -> list[str]:
    """The studies whose records were requested."""
    listed = [request.params.get("filter.ids", "") for request in server.requests if "fields" not in request.params]
    return [number for ids in listed for number in ids.split("|") if number]


# -- equality ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(MANY))
def test_twenty_rounds_of_changes(seed: int, server: ApiServer, target: Path, tmp_path: Path) -> None:
    editor = Editor(server, seed)
    assert run(target, server, all=True) == SyncCounts(new=len(server.records), data_version=server.data_timestamp)
    for number in range(20):
        rederive = number % 3 == 2
        expected = editor.round(rederive=rederive)
        server.requests.clear()
        counts = run(target, server, full=rederive, changes=tmp_path / "changes.jsonl")
        assert (counts, counts.studies) == (expected, expected.studies)
        assert statements(target) == fresh(server, tmp_path / f"fresh-{number}")
        lines = lines_of(tmp_path / "changes.jsonl")
        kinds = {kind: sorted(line["nctId"] for line in lines if line["kind"] == kind) for kind in expected.studies}
        assert kinds == expected.studies
        assert len(lines) == sum(map(len, kinds.values()))
        assert all(line["dataVersion"] == server.data_timestamp for line in lines)
        touched = {study for kind in ("new", "changed", "re-derived") for study in expected.studies.get(kind, ())}
        assert {holders(target)[study] for study in touched} <= {editor.day}
        if not rederive:
            check_proportion(server, touched)
        assert not (tmp_path / "s.kgstore.sync").exists()
    assert run(target, server) == SyncCounts(unchanged=len(server.records), data_version=server.data_timestamp)


def check_proportion(server: ApiServer, touched: set[str]) -> None:
    """Only the records that changed were fetched, and those that were posted in the days before."""
    requested = requested_ids(server)
    assert touched <= {*requested}
    for study in {*requested} - touched:
        posted = server.records[study]["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]
        assert posted >= "2026-11-25"
    assert len(requested) == len({*requested})
    listing = sum(request.sent for request in server.requests if "fields" in request.params)
    records = sum(len(server.records.json[study]) for study in requested)
    assert server.sent() <= listing + records + 2000
    assert listing < 100 * len(server.records) + 200


def test_a_copy_keeps_the_sections_that_it_leaves_out(server: ApiServer, target: Path, tmp_path: Path) -> None:
    """Without an option, later runs leave out the same; the values that changed are those of the other sections."""
    names, editor, compared = ("locations", "results"), Editor(server, 4), 0
    run(target, server, all=True, without=["results", "locations"])
    for number in range(6):
        before = copy.deepcopy(dict(server.records.items()))
        expected = editor.round(rederive=number == 2)
        counts = run(target, server, full=number == 2, changes=tmp_path / "changes.jsonl")
        assert (counts, counts.studies) == (expected, expected.studies)
        assert statements(target) == fresh(server, tmp_path / f"fresh-{number}", without=names)
        for line in lines_of(tmp_path / "changes.jsonl"):
            if line["kind"] in ("changed", "re-derived"):
                study = line["nctId"]
                pair = [graph_of(removed(record, names)) for record in (before[study], server.records[study])]
                assert line.get("changes", []) == [change.as_dict() for change in value_changes(*pair)]
                compared += "changes" in line
    assert compared > 5
    assert info_of(target).without == names


def test_a_first_run_that_was_killed_keeps_the_sections(
    server: ApiServer, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "remove", lambda _: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            run(target, server, all=True, without=["results"])
    assert is_unfinished(str(target))
    with pytest.raises(UsageError, match="exists already"):
        fetch_to(Fetch(Selection.of(everything=True), server.url, rate=0), target, without=["locations"])
    assert run(target, server).new == len(RECORDS)
    assert statements(target) == fresh(server, tmp_path / "fresh", without=["results"])


def graph_of(record: dict[str, Any]) -> list[ox.Quad]:
    """The statements of a study, exported with all sections."""
    return [*ox.parse(Exporter()(record).data, format=ox.RdfFormat.N_TRIPLES)]


def info_of(folder: Path) -> StoreInfo:
    with open_store(folder) as store:
        return store_info(store)


def test_sections_of_a_copy_are_chosen_once(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True, without=["results"])
    assert run(target, server, without=["results"]).unchanged == len(RECORDS)
    with pytest.raises(UsageError, match=r"s.kgstore was made without results; leave out --without, or name another"):
        run(target, server, without=["locations"])
    run(tmp_path / "all.kgstore", server, all=True)
    with pytest.raises(UsageError, match=r"all.kgstore was made with all sections; leave out --without"):
        run(tmp_path / "all.kgstore", server, without=["results"])
    with pytest.raises(UsageError, match="records, which are kept as they come; --without is for stores"):
        run(tmp_path / "records", server, all=True, without=["results"])
    with pytest.raises(UsageError, match="is not a section; choose from"):
        run(tmp_path / "new.kgstore", server, all=True, without=["result"])
    assert not (tmp_path / "records").exists()
    assert not (tmp_path / "new.kgstore").exists()


def test_a_copy_that_lost_its_studies_keeps_the_sections(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True, without=["results"])
    assert kg.store.remove(target, [*server.records]) == []
    assert run(target, server).new == len(RECORDS)
    assert statements(target) == fresh(server, tmp_path / "fresh", without=["results"])


@pytest.mark.parametrize("name", ["x.nq", "x.kgstore"])
def test_kg_fetch_leaves_sections_out(name: str, server: ApiServer, tmp_path: Path) -> None:
    output = tmp_path / name
    options = ["--without", "results", "--api", server.url, "--rate", "0"]
    done = subprocess.run([*KG, "fetch", "--all", "-o", output, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if name == "x.nq":
        build([str(output)], tmp_path / "y.kgstore", report=Report())
        output = tmp_path / "y.kgstore"
    assert statements(output) == fresh(server, tmp_path / "fresh", without=["results"])
    if name == "x.kgstore":
        done = subprocess.run([*KG, "sync", output, "--rate", "0"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert statements(output) == statements(tmp_path / "fresh")


def test_studies_enter_and_leave_a_selection(server: ApiServer, target: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    run(target, server, status=["RECRUITING", "COMPLETED"])
    for number in range(5):
        before = matching(server)
        server.move()
        for study in chance.sample([*server.records], 4):
            record = server.records[study]
            record["protocolSection"]["statusModule"]["overallStatus"] = chance.choice(["COMPLETED", "WITHDRAWN"])
            record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = server.data_timestamp[:10]
            server.set(record)
        after = matching(server)
        counts = run(target, server, prune_limit=100)
        assert (counts.new, counts.gone) == (len(after - before), len(before - after))
        build([[server.records[study] for study in sorted(after)]], tmp_path / f"fresh-{number}", report=Report())
        assert statements(target) == statements(tmp_path / f"fresh-{number}")


def matching(server: ApiServer) -> set[str]:
    status = {n: server.records[n]["protocolSection"]["statusModule"]["overallStatus"] for n in server.records}
    return {number for number, code in status.items() if code in ("RECRUITING", "COMPLETED")}


@pytest.mark.parametrize("contacts", [True, False])
def test_a_folder(contacts: bool, server: ApiServer, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    record = server.records[number_of(RECORDS[0])]
    record["protocolSection"].setdefault("contactsLocationsModule", {})["centralContacts"] = [
        {"name": "A Person", "email": "person@example.org", "phone": "+1 555 0100"}
    ]
    server.set(record)
    editor = Editor(server, 7)
    run(folder, server, all=True, contacts=contacts)
    for number in range(6):
        expected = editor.round(rederive=number % 2 == 0)
        assert run(folder, server, full=number % 2 == 0, changes=tmp_path / "c.jsonl") == expected
        stored = {path.stem: json.loads(path.read_bytes()) for path in folder.glob("NCT*.json")}
        assert stored.keys() == {*server.records}
        if contacts:
            for study, content in stored.items():
                assert without_holder(content) == without_holder(server.records[study])
        assert b"example.org" not in (tmp_path / "c.jsonl").read_bytes() or contacts
    text = b"".join(path.read_bytes() for path in folder.iterdir())
    assert (b"person@example.org" in text) is (contacts and number_of(RECORDS[0]) in server.records)
    build([folder], tmp_path / "one", report=Report())
    assert statements(tmp_path / "one") == fresh(server, tmp_path / "two")
    assert state_of(tmp_path / "one").data_version == server.data_timestamp


def without_holder(record: dict[str, Any]) -> dict[str, Any]:
    record["derivedSection"]["miscInfoModule"]["versionHolder"] = ""
    return record


def test_a_store_of_records_becomes_a_copy(server: ApiServer, target: Path, tmp_path: Path) -> None:
    """A store without a state is compared fully with the selection that is given."""
    records = copy.deepcopy(RECORDS)[:20]
    records[3]["protocolSection"]["identificationModule"]["briefTitle"] = "Another title"
    build([records], target, report=Report())
    server.remove(number_of(records[0]))
    with pytest.raises(
        UsageError, match=r"does not remember a selection; give a selection, such as --condition, or --all\.$"
    ):
        run(target, server)
    counts = run(target, server, all=True)
    rest = len(RECORDS) - 20
    expected = SyncCounts(rest, 0, 1, 1, 18, server.data_timestamp)
    assert counts == expected
    assert counts.studies["re-derived"] == [number_of(records[3])]
    assert statements(target) == fresh(server, tmp_path / "fresh")


def test_other_graphs_are_kept_and_a_foreign_update_is_undone(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True)
    other = ox.Quad(*[ox.NamedNode("https://example.org/x")] * 4)
    with open_store(target, read_only=False) as store:
        store.add(other)
        store.flush()
    del store
    changed = copy.deepcopy(RECORDS[0])
    changed["protocolSection"]["identificationModule"]["briefTitle"] += " changed by hand"
    kg.store.update(target, changed)
    kg.store.remove(target, [number_of(RECORDS[1])])
    assert run(target, server) == SyncCounts(1, 0, 1, 0, len(RECORDS) - 2, server.data_timestamp)
    assert statements(target) == fresh(server, tmp_path / "fresh") | {other}


# -- what is remembered -----------------------------------------------------------------------------------------


def test_the_selection_and_the_api_are_remembered(server: ApiServer, target: Path) -> None:
    with pytest.raises(UsageError, match="does not exist yet; give a selection"):
        kg.sync(target)
    run(target, server, status="COMPLETED")
    with pytest.raises(UsageError, match="has another selection \\(--status COMPLETED\\); leave the selection out"):
        run(target, server, status="RECRUITING")
    with pytest.raises(UsageError, match="has no contact data"):
        run(target, server, contacts=True)
    assert kg.sync(target, rate=0).new == 0
    assert run(target, server, status="completed").new == 0
    assert state_of(target).api == server.url
    assert state_of(target).data_version == server.data_timestamp


def test_another_api_is_remembered_from_then_on(server: ApiServer, target: Path) -> None:
    run(target, server, all=True)
    with serve(ApiServer(copy.deepcopy(RECORDS)[:-2])) as url:
        assert kg.sync(target, api=url, rate=0).gone == 2
        assert kg.sync(target, rate=0).gone == 0
        assert state_of(target).api == url


def test_what_kg_fetch_made_is_a_copy(server: ApiServer, target: Path, tmp_path: Path) -> None:
    for output in (target, tmp_path / "records"):
        command = [*KG, "fetch", "--status", "COMPLETED", "-o", str(output), "--api", server.url, "--rate", "0"]
        subprocess.run(command, check=True, capture_output=True)
    server.move()
    expected = SyncCounts(unchanged=len(list((tmp_path / "records").glob("NCT*"))), data_version=server.data_timestamp)
    assert kg.sync(target, rate=0) == expected
    assert kg.sync(tmp_path / "records", rate=0) == expected
    state = folder_state(tmp_path / "records")
    assert state is not None
    assert state.options == "--status COMPLETED"


def test_a_full_comparison_is_due_after_thirty_days(server: ApiServer, target: Path) -> None:
    run(target, server, all=True)
    compared = state_of(target).compared
    editor = Editor(server, 0)
    run(target, server, prune_limit=50)
    server.set(editor.rederived(min(server.records)))
    assert run(target, server).rederived == 0
    assert state_of(target).compared == compared
    set_state(target, compared="2020-01-01T00:00:00Z")
    assert run(target, server).rederived == 1
    assert state_of(target).compared >= compared


# -- what goes wrong --------------------------------------------------------------------------------------------


def test_more_studies_vanish_than_may(server: ApiServer, target: Path) -> None:
    run(target, server, all=True)
    before = statements(target)
    numbers = sorted(server.records)
    server.remove(*numbers[:11])
    with pytest.raises(SourceError, match=r"no longer lists 11 of the 34 studies .* allow it with --prune-limit 33\.$"):
        run(target, server)
    assert statements(target) == before
    assert not target.with_name("s.kgstore.sync").exists()
    with pytest.raises(SourceError, match="no longer lists 11"):
        run(target, server, prune_limit=32)
    assert run(target, server, prune_limit=33).gone == 11
    server.remove(*numbers[11:20])
    with pytest.raises(SourceError, match="no longer lists 9 of the 23"):
        run(target, server, prune_limit=0)
    assert run(target, server).gone == 9
    server.remove(*server.records)
    with pytest.raises(SourceError, match="no longer lists 14 of the 14 studies"):
        run(target, server)
    assert run(target, server, prune_limit=100) == SyncCounts(gone=14, data_version=server.data_timestamp)


@pytest.mark.parametrize("at", range(1, 8))
def test_the_data_move_in_the_middle(at: int, server: ApiServer, target: Path, tmp_path: Path) -> None:
    """The counts are those of the difference between the copy before and after the run."""
    editor = Editor(server, at)
    run(target, server, all=True)
    before = {number: server.records[number] for number in server.records}
    editor.round(rederive=False)
    server.page_limit = 20
    fault = server.inject("call", at=at, action=lambda _: void(editor.round(rederive=False)))
    counts = run(target, server, changes=tmp_path / "c.jsonl", prune_limit=100)
    assert fault.hits == (1 if at < 6 else fault.hits)
    assert statements(target) == fresh(server, tmp_path / "fresh")
    after = {number: server.records[number] for number in server.records}
    both = before.keys() & after.keys()
    changed = [number for number in both if without_holder(before[number]) != without_holder(after[number])]
    assert counts == SyncCounts(
        new=len(after.keys() - before.keys()),
        changed=len(changed),
        gone=len(before.keys() - after.keys()),
        unchanged=len(both) - len(changed),
        data_version=server.data_timestamp,
    )
    assert {line["nctId"] for line in lines_of(tmp_path / "c.jsonl")} >= {*changed}


def void(_: object) -> None:
    """Leave out a value."""


def test_the_data_never_stay(server: ApiServer, target: Path) -> None:
    run(target, server, all=True)
    editor = Editor(server, 3)
    server.inject("call", times=10**6, action=lambda _: editor.server.move())
    with pytest.raises(SourceError, match="as the data of the registry were replaced in the meantime"):
        run(target, server)


def test_a_study_vanishes_between_the_listing_and_its_record(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True)
    editor = Editor(server, 4)
    server.set(*editor.absent)
    server.move()
    numbers = sorted(server.records)[:3]
    for number in numbers:
        server.set(editor.edited(number))

    def vanish(api: ApiServer) -> None:
        api.remove(numbers[1])

    server.requests.clear()
    server.inject("call", path="/studies", at=2, action=vanish)
    counts = run(target, server)
    assert (counts.changed, counts.gone) == (2, 1)
    assert statements(target) == fresh(server, tmp_path / "fresh")


def test_a_copy_is_free_after_an_error(server: ApiServer, target: Path) -> None:
    """The next run of the same process is not kept out by the traceback of an error."""
    run(target, server, all=True)
    server.move()
    server.inject("403", path="/studies", at=2)
    for number in [*server.records][:2]:
        server.set(Editor(server, 1).edited(number))
    with pytest.raises(SourceError, match="403") as raised:
        run(target, server, prune_limit=100)
    assert raised.value.__traceback__ is not None
    assert run(target, server, prune_limit=100).changed == 2


def test_faults_of_the_server_do_not_lose_anything(server: ApiServer, target: Path, tmp_path: Path) -> None:
    editor = Editor(server, 11)
    run(target, server, all=True)
    server.page_limit = 5
    for number, kind in enumerate(["500", "429", "html", "cut", "503", "dead token"]):
        expected = editor.round(rederive=True)
        server.faults.clear()
        server.inject(kind, at=1 + number % 4)
        assert run(target, server, full=True) == expected
        assert statements(target) == fresh(server, tmp_path / f"fresh-{number}")


def test_a_record_that_cannot_be_stored_is_named_and_the_others_are_stored(server: ApiServer, target: Path) -> None:
    editor = Editor(server, 5)
    run(target, server, all=True)
    server.move()
    number = sorted(server.records)[0]
    record = server.records[number]
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2026-11-28"
    record["protocolSection"]["conditionsModule"] = {"conditions": "DEEP"}
    edited = editor.edited(sorted(server.records)[1])
    server.set(orjson.dumps(record).replace(b'"DEEP"', b"[" * 600 + b"]" * 600), edited)
    for _ in range(2):
        problems: list[Exception] = []
        counts = kg.sync(target, rate=0, reject=problems.append)
        assert [str(problem) for problem in problems] == [f"{number}: is nested too deeply (more than 250 levels)."]
    assert counts == SyncCounts(unchanged=len(server.records), data_version=server.data_timestamp)
    done = subprocess.run([*KG, "sync", str(target), "--rate", "0"], capture_output=True, text=True, check=False)
    assert (done.returncode, "nested too deeply" in done.stderr) == (1, True)


# -- changes ----------------------------------------------------------------------------------------------------


def test_changes_have_the_paths_with_old_and_new_values(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True)
    server.move()
    record = server.records[number_of(RECORDS[0])]
    protocol = record["protocolSection"]
    old = (protocol["statusModule"]["overallStatus"], protocol["statusModule"]["lastUpdatePostDateStruct"]["date"])
    protocol["statusModule"]["overallStatus"] = "SUSPENDED"
    protocol["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2026-11-28"
    protocol["conditionsModule"]["conditions"].insert(0, "A new condition")
    protocol["contactsLocationsModule"]["centralContacts"] = [
        {"name": "A Person", "email": "person@example.org", "phone": "+1 555 0100"}
    ]
    server.set(record)
    server.remove(number_of(RECORDS[1]))
    outputs = [tmp_path / name for name in ("c.jsonl", "c.ttl", "c.nq.gz")]
    run(target, server, changes=outputs)
    lines = {line["nctId"]: line for line in lines_of(outputs[0])}
    title = RECORDS[0]["protocolSection"]["identificationModule"]["briefTitle"]
    line = lines[number_of(RECORDS[0])]
    contact = "protocolSection.contactsLocationsModule.centralContacts"
    assert line.pop("changes") == [
        {"path": "protocolSection.statusModule.overallStatus", "old": old[0], "new": "SUSPENDED"},
        {"path": "protocolSection.statusModule.lastUpdatePostDateStruct.date", "old": old[1], "new": "2026-11-28"},
        {"path": "protocolSection.conditionsModule.conditions[]", "new": "A new condition"},
        {"path": contact, "new": [{"name": "A Person"}]},
    ]
    assert line == {
        "nctId": number_of(RECORDS[0]),
        "kind": "changed",
        "title": title,
        "dataVersion": server.data_timestamp,
    }
    assert lines[number_of(RECORDS[1])]["kind"] == "gone"
    for output in outputs[1:]:
        rows = kg.query(
            "PREFIX ct: <https://w3id.org/trialkg/ontology#> PREFIX prov: <http://www.w3.org/ns/prov#>"
            " SELECT ?study ?old ?new { ?change a ct:Revision ; ct:changeOf ?study ; prov:generated ?record ;"
            ' ct:valueChange ?value . ?value ct:changedPath "protocolSection.statusModule.overallStatus" ;'
            " ct:oldValue ?old ; ct:newValue ?new }",
            output,
        ).rows
        assert [(row["old"], row["new"]) for row in rows] == [(old[0], "SUSPENDED")]
        assert kg.validate(output).conforms
        page = (DOCS / "sync.md").read_text("utf-8")
        query = page.split("```sparql\n")[1].split("```")[0].replace('"Germany"', "?country")
        assert [row["new"] for row in kg.query(query, [target, output]).rows] == ["SUSPENDED"]


def test_a_first_run_writes_every_study_as_new(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True, changes=tmp_path / "c.jsonl")
    assert [(line["nctId"], line["kind"]) for line in lines_of(tmp_path / "c.jsonl")] == [
        (number, "new") for number in sorted(server.records)
    ]


def test_the_changes_of_an_empty_run_are_an_empty_file(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True)
    run(target, server, changes=tmp_path / "c.jsonl")
    assert (tmp_path / "c.jsonl").read_bytes() == b""
    for name in ("c.parquet", str(target)):
        with pytest.raises(UsageError):
            run(target, server, changes=tmp_path / name)


# -- killed runs ------------------------------------------------------------------------------------------------


def command(target: Path, server: ApiServer, changes: Path) -> list[str]:
    return [*KG, "sync", str(target), "--api", server.url, "--rate", "0", "--changes", str(changes)]


@pytest.mark.parametrize("kind", ["store", "folder"])
@pytest.mark.parametrize("seed", range(2 * MANY))
def test_killed_runs_lose_nothing(seed: int, kind: str, server: ApiServer, tmp_path: Path) -> None:
    chance = random.Random(seed)
    target = tmp_path / ("s.kgstore" if kind == "store" else "records")
    editor = Editor(server, seed)
    kg.sync(target, all=True, api=server.url, rate=0)
    expected = editor.round(rederive=True)
    server.page_limit, server.delay = 5, 0.02
    server.requests.clear()
    kills = 0
    for _ in range(3):
        process = subprocess.Popen([*command(target, server, tmp_path / "c.jsonl"), "--full"], stderr=subprocess.PIPE)
        while not fetches_records(server) and process.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.3)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    done = subprocess.run(command(target, server, tmp_path / "c.jsonl"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if kills < 3:
        return  # a run was complete before it was killed
    assert expected.summary() in done.stderr
    lines = lines_of(tmp_path / "c.jsonl")
    kinds = {kind: sorted(line["nctId"] for line in lines if line["kind"] == kind) for kind in expected.studies}
    assert kinds == expected.studies
    assert len(lines) == sum(map(len, kinds.values()))
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".json") == ["c.jsonl", target.name]
    if kind == "store":
        assert statements(target) == fresh(server, tmp_path / "fresh")
    else:
        stored = {path.stem: orjson.loads(path.read_bytes()) for path in target.glob("NCT*.json")}
        assert {n: without_holder(record) for n, record in stored.items()} == {
            n: without_holder(server.records[n]) for n in server.records
        }


def fetches_records(server: ApiServer) -> bool:
    return any(request.path == "/studies" and "fields" not in request.params for request in server.requests)


def test_a_second_run_at_the_same_time_is_refused(server: ApiServer, target: Path, tmp_path: Path) -> None:
    run(target, server, all=True)
    server.delay = 0.5
    first = subprocess.Popen(command(target, server, tmp_path / "c.jsonl"), stderr=subprocess.PIPE)
    while not target.with_name("s.kgstore.sync").exists():
        time.sleep(0.01)
    time.sleep(0.1)
    second = subprocess.run(command(target, server, tmp_path / "d.jsonl"), capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "is in use by another process" in second.stderr
    first.communicate()
    assert first.returncode == 0


def test_the_state_of_a_folder_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / ".kg-sync.json").write_text("{")
    with pytest.raises(UsageError, match=r"\.kg-sync\.json is damaged; remove it"):
        folder_state(tmp_path)
    state = registry_state.RegistryState("http://localhost/api", {"everything": True})
    write_folder_state(tmp_path, state)
    assert FolderTarget(str(tmp_path), contacts=True).state() == state
