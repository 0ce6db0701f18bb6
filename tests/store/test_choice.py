"""Stores without some sections of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import export, store
from kg.cli import main
from kg.errors import UsageError
from kg.ontology.vocabulary import RECORD
from kg.rdf.parse import quads
from kg.store import layout
from kg.store.dataset import open_store
from kg.store.info import store_info

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


@pytest.mark.parametrize("name", ["a.nq", "a.kgstore"])
def test_sections_are_left_out_of_records_only(tmp_path: Path, name: str) -> None:
    source = str(tmp_path / name)
    if name == "a.nq":
        export(FEW[0], source)
    else:
        store.build(FEW[0], source)
    problem = (
        r"The studies in the inputs were exported with all sections, and --without is for study records only; leave"
    )
    with pytest.raises(UsageError, match=problem):
        store.build(source, tmp_path / "b.kgstore", without=["results"])
    assert not (tmp_path / "b.kgstore").exists()


def emptied_by_removal(folder: Path) -> None:
    assert store.remove(folder, [Path(name).stem for name in FEW[:3]]) == []


def emptied_by_an_update(folder: Path) -> None:
    """Prune all but one study, and remove that one with the command."""
    assert store.update(folder, FEW[0], prune=True).summary().startswith("Studies: 0 added, 0 replaced, 1 unchanged")
    run = CliRunner().invoke(main, ["store", "remove", str(folder), Path(FEW[0]).stem])
    assert run.exit_code == 0, run.output


@pytest.mark.parametrize("empty", [emptied_by_removal, emptied_by_an_update])
def test_a_store_without_studies_keeps_the_choice(tmp_path: Path, empty: Callable[[Path], None]) -> None:
    one, other = tmp_path / "a.kgstore", tmp_path / "b.kgstore"
    store.build(FEW[:3], one, without=["results", "locations"])
    empty(one)
    with open_store(one) as opened:
        info = store_info(opened)
    assert (info.studies, info.without) == (0, ("locations", "results"))
    assert store.update(one, FEW).added == len(FEW)
    store.build(FEW, other, without=["results", "locations"])
    assert contents(one) == contents(other)
    export(FEW, tmp_path / "c.nq", without=["results", "locations"])
    assert in_studies(leaving(one)) == in_studies(quads(str(tmp_path / "c.nq")))


def leaving(folder: Path) -> set[ox.Quad]:
    with open_store(folder) as opened:
        return set(layout.leaving(opened))


def in_studies(statements: Iterable[ox.Quad]) -> set[ox.Quad]:
    """Return the statements in graphs of studies, with literals in the form that a store gives them."""
    graphs = ox.Store()
    graphs.extend(quad for quad in statements if RECORD in str(quad.graph_name))
    return set(graphs)
