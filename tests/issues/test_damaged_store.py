"""A store folder with rubbish in it ended every command with a traceback."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kg
from kg.errors import KGError
from kg.export.report import Report
from kg.restore.run import restore
from kg.store.embedded import build, remove, update
from kg.validation.run import validate
from tests.conftest import DATA, STUDIES

KG = [sys.executable, "-m", "kg"]


def each(pattern: str, change: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(store: Path) -> None:
        for path in store.glob(pattern):
            change(path)

    return damage


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in random.Random(1).sample(range(len(content)), min(40, len(content))):
        content[at] ^= 0xFF
    path.write_bytes(content)


def rubbish(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {
    "no CURRENT": each("CURRENT", Path.unlink),
    "rubbish in CURRENT": each("CURRENT", rubbish),
    "CURRENT is a folder": each("CURRENT", folder_instead),
    "no manifest": each("MANIFEST*", Path.unlink),
    "rubbish in the manifest": each("MANIFEST*", rubbish),
    "half a manifest": each("MANIFEST*", lambda path: path.write_bytes(path.read_bytes()[:300])),
    "no tables": each("*.sst", Path.unlink),
    "empty tables": each("*.sst", lambda path: path.write_bytes(b"")),
    "rubbish in the tables": each("*.sst", rubbish),
    "half tables": each("*.sst", lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])),
    "wrong bytes in the tables": each("*.sst", flip),
}


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intact") / "s.kgstore"
    build(STUDIES[:3], folder, report=Report())
    return folder


@pytest.fixture
def damaged(intact: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    store = tmp_path / "s.kgstore"
    shutil.copytree(intact, store)
    DAMAGES[request.param](store)
    return store


@pytest.mark.parametrize("damaged", DAMAGES, indirect=True)
def test_every_function_says_that_the_store_is_damaged(damaged: Path, tmp_path: Path) -> None:
    calls: dict[str, Callable[[], object]] = {
        "query": lambda: kg.query("SELECT * { ?s ?p ?o }", damaged),
        "update": lambda: update(damaged, STUDIES[:1], report=Report()),
        "remove": lambda: remove(damaged, [STUDIES[0].stem]),
        "build": lambda: build([damaged, STUDIES[0]], tmp_path / "new", report=Report()),
        "restore": lambda: restore([str(damaged)], str(tmp_path / "out.jsonl")),
    }
    for name, call in calls.items():
        with pytest.raises(KGError) as caught:
            call()
        message = str(caught.value)
        assert "is damaged or is not a store (" in message, name
        assert message.endswith("; build it again with kg store build."), name
        assert message.count("\n") == 0
    problems = [str(finding) for finding in validate([str(damaged)]).findings]
    assert any("is damaged or is not a store" in problem for problem in problems)
    assert [path.name for path in tmp_path.iterdir()] == [damaged.name]


@pytest.mark.parametrize("command", ["export", "coverage", "mesh check"])
def test_a_store_is_not_read_as_records(intact: Path, tmp_path: Path, command: str) -> None:
    options = {
        "export": ["-o", str(tmp_path / "out.nt")],
        "mesh check": ["--mesh", str(DATA / "mesh" / "desc.xml")],
    }
    arguments = [*command.split(), str(intact), *options.get(command, [])]
    done = subprocess.run([*KG, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"kg: {intact} is a store, not study records; kg restore {intact} -o FILE.jsonl rebuilds them.\n"
    )
    assert list(tmp_path.iterdir()) == []
