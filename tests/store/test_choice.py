"""Stores without some sections of the model."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import export, store
from kg.cli import main
from kg.errors import UsageError
from kg.store.dataset import open_store

STUDIES = sorted(Path("tests/data/studies").glob("*.json"))
FEW = [str(path) for path in STUDIES[:6]]


def contents(folder: Path) -> set[ox.Quad]:
    with open_store(folder) as opened:
        return set(opened)


def test_an_update_leaves_out_the_same_sections(tmp_path: Path) -> None:
    one, other = tmp_path / "a.kgstore", tmp_path / "b.kgstore"
    store.build(FEW[:3], one, without=["results", "locations"])
    record = orjson.loads(Path(FEW[0]).read_bytes())
    record["protocolSection"]["identificationModule"]["briefTitle"] = "Another title"
    (tmp_path / "new.json").write_bytes(orjson.dumps(record))
    inputs = [str(tmp_path / "new.json"), *FEW[1:]]
    changes = store.update(one, inputs)
    assert changes.summary().startswith("Studies: 3 added, 1 replaced, 2 unchanged")
    store.build(inputs, other, without=["results", "locations"])
    assert contents(one) == contents(other)


def test_info_names_them(tmp_path: Path) -> None:
    folder = tmp_path / "a.kgstore"
    run = CliRunner().invoke(main, ["store", "build", FEW[0], "-o", str(folder), "--without", "results"])
    assert run.exit_code == 0, run.output
    assert "without     results\n" in CliRunner().invoke(main, ["store", "info", str(folder)]).output


def test_different_choices_are_refused(tmp_path: Path) -> None:
    export(FEW[0], tmp_path / "a.nq", without=["results"])
    with pytest.raises(
        UsageError, match=r"Some of the studies were exported without results and others were not; name"
    ):
        store.build([str(tmp_path / "a.nq"), FEW[1]], tmp_path / "a.kgstore")
    assert not (tmp_path / "a.kgstore").exists()
    assert store.build([str(tmp_path / "a.nq"), FEW[1]], tmp_path / "a.kgstore", without=["results"]).without == (
        "results",
    )
