"""``kg store update`` did not remove studies that are gone, and did not say which studies changed.

A new day of the registry data alone (``versionHolder``, new in every download) replaced every study.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.errors import KGError, UsageError
from kg.export.report import Report
from kg.store import dataset, layout
from kg.store.dataset import open_store
from kg.store.embedded import Changes, build, update
from tests.conftest import STUDIES

KG = [sys.executable, "-m", "kg"]


def record(position: int) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(STUDIES[position].read_bytes())
    return loaded


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return path


def edited(position: int, day: str = "2099-01-01") -> dict[str, Any]:
    changed = record(position)
    changed["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"] = {"date": day, "type": "ACTUAL"}
    return changed


@pytest.fixture
def store(tmp_path: Path) -> Path:
    build(STUDIES[:4], tmp_path / "s.kgstore", report=Report())
    return tmp_path / "s.kgstore"


def studies(store: Path) -> list[str]:
    with open_store(store) as opened:
        return layout.studies(opened)


def test_each_change_is_counted_with_its_study(store: Path, tmp_path: Path) -> None:
    inputs = written(tmp_path / "new.jsonl", edited(0), record(1), edited(2, "1999-01-01"), record(5))
    changes = update(store, [inputs], report=Report())
    assert changes == Changes(added=1, replaced=1, unchanged=1, older=1, missing=1)
    assert changes.studies == {
        "replaced": [STUDIES[0].stem],
        "unchanged": [STUDIES[1].stem],
        "older": [STUDIES[2].stem],
        "added": [STUDIES[5].stem],
        "missing": [STUDIES[3].stem],
    }


def test_prune_removes_the_studies_that_are_gone(store: Path, tmp_path: Path) -> None:
    assert update(store, STUDIES[1:3], report=Report(), prune=True) == Changes(unchanged=2, removed=2)
    assert studies(store) == [path.stem for path in STUDIES[1:3]]
    build(STUDIES[1:3], tmp_path / "expected", report=Report())
    with open_store(store) as pruned, open_store(tmp_path / "expected") as expected:
        assert set(pruned) == set(expected)


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "is empty"), ('{"protocolSection": {}}', "identificationModule.nctId"), ("{", "broken")],
)
def test_prune_removes_nothing_if_the_input_is_incomplete(
    store: Path, tmp_path: Path, content: str, problem: str
) -> None:
    (tmp_path / "broken.json").write_text(content)
    with pytest.raises(KGError, match=problem) as caught:
        update(store, [tmp_path / "broken.json", *([STUDIES[0]] if content else [])], report=Report(), prune=True)
    assert not content or "So --prune removed no studies" in str(caught.value)
    assert studies(store) == [path.stem for path in STUDIES[:4]]


def test_prune_removes_nothing_after_one_page_of_a_longer_result(store: Path, tmp_path: Path) -> None:
    page = {"studies": [record(0)], "nextPageToken": "x", "totalCount": 4}
    (tmp_path / "page.json").write_text(json.dumps(page))
    with pytest.raises(UsageError, match="So --prune removed no studies"):
        update(store, [tmp_path / "page.json"], report=Report(), prune=True)
    assert len(studies(store)) == 4


def test_a_new_day_of_the_registry_data_is_no_change(store: Path, tmp_path: Path) -> None:
    newer = record(0)
    newer["derivedSection"]["miscInfoModule"]["versionHolder"] = "2099-01-01"
    changes = update(store, [written(tmp_path / "newer.json", newer)], report=Report())
    assert changes == Changes(unchanged=1, missing=3)
    newer["protocolSection"]["identificationModule"]["briefTitle"] = "Another title"
    assert update(store, [written(tmp_path / "newer.json", newer)], report=Report()).replaced == 1


def test_the_command_names_few_studies_and_reports_all(store: Path, tmp_path: Path) -> None:
    inputs = written(tmp_path / "new.jsonl", edited(0), record(1), record(5))
    command = [*KG, "store", "update", str(store), str(inputs), "--prune", "--report", str(tmp_path / "report.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"Added: {STUDIES[5].stem}.",
        f"Replaced: {STUDIES[0].stem}.",
        f"Removed: {STUDIES[2].stem}, {STUDIES[3].stem}.",
        "Studies: 1 added, 1 replaced, 1 unchanged, 2 removed.",
    ]
    rows = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert {(row["kind"], row["nctId"]) for row in rows} == {
        ("replaced", STUDIES[0].stem),
        ("unchanged", STUDIES[1].stem),
        ("added", STUDIES[5].stem),
        ("removed", STUDIES[2].stem),
        ("removed", STUDIES[3].stem),
    }


def test_a_store_is_opened_again_if_its_files_are_replaced_meanwhile(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_really, failures = ox.Store.read_only, ["gone", "gone"]

    class Engine:
        @staticmethod
        def read_only(path: str) -> ox.Store:
            if failures:
                failures.pop()
                raise OSError(f"IO error: No such file or directory: While open a file for random read: {path}/7.sst")
            return open_really(path)

    monkeypatch.setattr(ox, "Store", Engine)
    assert len(dataset.read_only_store(str(store))) > 0
    assert failures == []
