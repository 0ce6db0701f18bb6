"""Over-deep unknown JSON in a record ended commands with a traceback of orjson or a RecursionError."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kg.restore.run import restore
from tests.conftest import DATA

KG = [sys.executable, "-m", "kg"]
COMMANDS = {
    "export": "export INPUT -o OUT.nt -j 1",
    "export to JSON-LD": "export INPUT -o OUT.jsonld -j 1",
    "coverage": "coverage INPUT",
    "query": "query ASK{} -d INPUT",
    "network": "network INPUT -o OUT.graphml",
    "draw": "draw INPUT -o OUT.html",
    "store build": "store build INPUT -o OUT.kgstore",
    "mesh check": f"mesh check INPUT --mesh {DATA}/mesh/desc.xml",
}
HEAD = '"identificationModule":{"nctId":"NCT00000001","briefTitle":"x"'


def deep(kind: str, levels: int) -> str:
    value = "[" * levels + "]" * levels if kind == "lists" else '{"a":' * levels + "1" + "}" * levels
    if kind == "in a module":
        return f'{{"protocolSection":{{{HEAD},"unknown":{value}}}}}}}'
    return f'{{"protocolSection":{{{HEAD}}}}},"unknown":{value}}}'


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["lists", "objects", "in a module"])
@pytest.mark.parametrize("levels", [300, 990, 1100, 100_000])
def test_a_record_that_is_nested_too_deeply_is_one_sentence(
    tmp_path: Path, command: str, kind: str, levels: int
) -> None:
    (tmp_path / "deep.json").write_text(deep(kind, levels))
    arguments = COMMANDS[command].replace("INPUT", "deep.json").replace("OUT", "out").split()
    done = subprocess.run([*KG, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert "ecursion" not in done.stderr
    if command == "mesh check":
        return
    assert done.returncode == (2 if command == "draw" else 1)
    assert "nested too deeply" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["deep.json"]


@pytest.mark.parametrize("kind", ["lists", "objects", "in a module"])
def test_a_deep_record_is_restored(tmp_path: Path, kind: str) -> None:
    text = deep(kind, 200)
    (tmp_path / "deep.json").write_text(text)
    subprocess.run([*KG, "export", "deep.json", "-o", "deep.nq"], check=True, capture_output=True, cwd=tmp_path)
    restore([str(tmp_path / "deep.nq")], str(tmp_path / "again.jsonl"))
    assert json.loads((tmp_path / "again.jsonl").read_text()) == json.loads(text)
