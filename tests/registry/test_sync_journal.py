"""The journal of a sync: what a run that goes on knows of those before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import UsageError
from kg.registry.changes import CHANGED, GONE, NEW, Change
from kg.registry.differences import ValueChange
from kg.registry.sync_journal import FILE, SyncJournal, open_sync_journal

REQUEST = {"selection": {"condition": "ALS"}}
ONE = Change("NCT00000001", CHANGED, "One", "v1", (ValueChange("a[]", old=1), ValueChange("b", new=None)))
TWO = Change("NCT00000002", NEW, "Two", "v1")


def journal_of(folder: Path) -> SyncJournal:
    return SyncJournal(folder, REQUEST)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    journal = journal_of(tmp_path)
    journal.start(is_first=False, is_full=True)
    journal.add(ONE, "one")
    journal.add_compared("v1", ["NCT00000001"])
    journal.add(TWO, "two")
    return tmp_path


def test_a_run_that_goes_on_has_the_lines_of_both(folder: Path) -> None:
    journal = journal_of(folder)
    journal.start(is_first=False, is_full=False)
    assert (journal.is_full, journal.is_first, journal.is_empty) == (True, False, False)
    assert journal.compared("v1") == {"NCT00000001"}
    assert journal.compared("v2") == set()
    journal.add(Change("NCT00000002", GONE, "Two", "v2"), "")
    assert journal.kinds == {"NCT00000001": [CHANGED], "NCT00000002": [NEW, GONE]}
    assert [*journal_of(folder).changes()] == [ONE, TWO, Change("NCT00000002", GONE, "Two", "v2")]


def test_a_line_whose_change_was_not_made_is_dropped(folder: Path) -> None:
    journal = journal_of(folder)
    journal.add(Change("NCT00000001", GONE, "One", "v2"), "")
    journal.add(Change("NCT00000001", NEW, "One", "v3"), "new")
    journal.drop_undone({"NCT00000001": "one", "NCT00000002": "two"}.get)  # type: ignore[arg-type]
    for each in (journal, journal_of(folder)):
        assert each.kinds == {"NCT00000001": [CHANGED], "NCT00000002": [NEW]}
        assert each.compared("v1") == {"NCT00000001"}
    journal.drop_undone(lambda _: "")
    assert [*journal_of(folder).changes()] == []


@pytest.mark.parametrize("size", range(1, 60, 7))
def test_a_line_that_was_cut_is_left_out(size: int, folder: Path) -> None:
    content = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(content[:-size])
    journal = journal_of(folder)
    assert journal.kinds == {"NCT00000001": [CHANGED]}
    journal.add(TWO, "two")
    assert (folder / FILE).read_bytes() == content


def test_a_first_run_has_no_lines_of_a_copy_that_was_removed(folder: Path) -> None:
    journal = journal_of(folder)
    journal.start(is_first=True, is_full=True)
    for each in (journal, journal_of(folder)):
        assert (each.is_first, each.kinds, each.compared("v1")) == (True, {}, set())


@pytest.mark.parametrize("line", [b"{}\n", b"\0\0\0\n", b'{"format":2}\n', b'{"nctId":1}\n'])
def test_a_damaged_journal_is_named(line: bytes, folder: Path) -> None:
    content = (folder / FILE).read_bytes()
    for damaged in (line + content, content + line):
        (folder / FILE).write_bytes(damaged)
        with pytest.raises(UsageError, match=r"is damaged or of another version of kg sync; remove it\.$"):
            journal_of(folder)


def test_a_journal_of_another_selection_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="is of an interrupted run with another selection"):
        SyncJournal(folder, {"selection": {}})


def test_a_journal_with_nothing_to_go_on_from_is_removed(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for is_first in (False, True):
        with open_sync_journal(str(copy), REQUEST, copy.exists) as journal:
            journal.start(is_first=is_first, is_full=False)
        assert [*tmp_path.iterdir()] == []
