"""What a store has from the registry, which does not disturb what the other commands say of the store."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.export.report import Report
from kg.ontology.files import PACKAGE, folder
from kg.ontology.vocabulary import REGISTRY_GRAPH
from kg.store import registry_state
from kg.store.dataset import open_store
from kg.store.embedded import build, update
from kg.store.info import store_info
from kg.store.registry_state import RegistryState
from tests.conftest import SEED, STUDIES

STATE = RegistryState(
    "https://clinicaltrials.gov/api/v2",
    {"condition": 'a "b"\n{c} é', "status": ["RECRUITING"], "everything": False},
    "2026-11-27T09:00:05",
    "2.0.5",
    contacts=True,
    compared="2026-11-28T10:12:03Z",
    updated="2026-11-29T10:12:03Z",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "s.kgstore"
    build(STUDIES, folder, report=Report())
    return folder


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synced") / "s.kgstore"
    build(STUDIES, folder, report=Report())
    with open_store(folder, read_only=False) as store:
        registry_state.write(store, STATE)
        store.flush()
    return folder


def state_of(folder: Path) -> RegistryState | None:
    with open_store(folder) as store:
        return registry_state.read(store)


@pytest.mark.parametrize("state", [STATE, RegistryState("http://localhost:1/", {}, "odd"), replace(STATE, compared="")])
def test_a_state_is_read_as_it_was_written(state: RegistryState) -> None:
    store = ox.Store()
    assert registry_state.read(store) is None
    registry_state.write(store, STATE)
    registry_state.write(store, state)
    assert registry_state.read(store) == state
    assert {quad.graph_name for quad in store} == {ox.NamedNode(REGISTRY_GRAPH)}
    registry_state.forget_comparison(store)
    assert registry_state.read(store) == replace(state, compared="")


def test_info_shows_the_state_and_counts_what_it_counted_without(built: Path, synced: Path) -> None:
    with open_store(built) as one, open_store(synced) as other:
        assert store_info(other) == replace(store_info(one), registry=STATE)
    shown = subprocess.run(
        [sys.executable, "-m", "kg", "store", "info", str(synced)], capture_output=True, text=True, check=True
    ).stdout
    assert "data        2026-11-27T09:00:05 (UTC), from https://clinicaltrials.gov/api/v2\n" in shown
    assert "compared    2026-11-28T10:12:03Z\n" in shown


COMMANDS = {
    "validate": "validate STORE",
    "restore": "restore STORE -o OUT",
    "network": "network STORE --view all -f kgx -o OUT",
    "load": "load STORE --preset qlever -o OUT",
    "draw": "draw STORE --summary -o OUT.html",
    "sites": "draw STORE --view sites -o OUT.svg",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_have_the_same_output(name: str, built: Path, synced: Path, tmp_path: Path) -> None:
    outputs = []
    for store in (built, synced):
        (tmp_path / store.parent.name).mkdir()
        places = {"STORE": str(store), "OUT": str(tmp_path / store.parent.name / "out")}
        words = COMMANDS[name].replace("STORE", places["STORE"]).replace("OUT", places["OUT"]).split()
        done = subprocess.run([sys.executable, "-m", "kg", *words], capture_output=True, text=True, check=False)
        files = [path for path in sorted((tmp_path / store.parent.name).rglob("*")) if path.is_file()]
        text = re.sub(r"[\d.]+ s[.]$", "", done.stdout + done.stderr, flags=re.MULTILINE)
        outputs.append((text.replace(store.parent.name, ""), [path.read_bytes() for path in files]))
    assert outputs[0] == outputs[1]


def test_shipped_queries_have_the_same_answers(built: Path, synced: Path) -> None:
    queries = [*folder("queries").glob("*.rq"), *(PACKAGE / "draw" / "queries").glob("*.rq")]
    assert len(queries) > 60
    with open_store(built) as one, open_store(synced) as other:
        for path in queries:
            text = path.read_text("utf-8")
            assert answers(one, text) == answers(other, text), path.name


def answers(store: ox.Store, text: str) -> list[str]:
    answer = store.query(text, use_default_graph_as_union=True)
    return sorted(map(str, answer)) if isinstance(answer, ox.QuerySolutions | ox.QueryTriples) else [str(answer)]


def test_an_update_makes_a_full_comparison_due(tmp_path: Path) -> None:
    build(STUDIES, tmp_path / "s", report=Report())
    with open_store(tmp_path / "s", read_only=False) as store:
        registry_state.write(store, STATE)
        store.flush()
    del store
    update(tmp_path / "s", STUDIES[:3], report=Report())
    assert state_of(tmp_path / "s") == STATE
    update(tmp_path / "s", [SEED], report=Report())
    assert state_of(tmp_path / "s") == replace(STATE, compared="")


def test_a_copy_of_a_store_has_its_state_unless_others_contribute_studies(synced: Path, tmp_path: Path) -> None:
    (tmp_path / "x.nt").write_text("<https://example.org/a> <https://example.org/b> <https://example.org/c> .\n")
    build([synced], tmp_path / "copy", report=Report())
    assert state_of(tmp_path / "copy") == STATE
    build([synced, tmp_path / "x.nt"], tmp_path / "more", report=Report())
    assert state_of(tmp_path / "more") == replace(STATE, compared="")
    build([synced, SEED], tmp_path / "records", report=Report())
    assert state_of(tmp_path / "records") is None
    build([synced, tmp_path / "more"], tmp_path / "two", report=Report())
    assert state_of(tmp_path / "two") is None
