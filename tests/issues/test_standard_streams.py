"""A full device or a closed descriptor as standard output ended commands with a traceback, or without an error."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SEED

KG = f"{shlex.quote(sys.executable)} -m kg"
COMMANDS = {
    "help": "--help",
    "version": "--version",
    "help of a command": "store build --help",
    "fields": "fields",
    "plan": "plan",
    "plan --source": "plan --source",
    "export": f"export {SEED} -o - -f ntriples",
    "report": f"export {SEED} broken.json -o out.nt --report -",
    "coverage": f"coverage {SEED}",
    "coverage --json": f"coverage {SEED} --json -",
    "query": f"query arms -d {SEED}",
    "query --list": "query --list",
    "query --explain": f"query arms -d {SEED} --explain",
    "draw": f"draw {SEED} -o -",
    "network": f"network {SEED} -o - -f graphml",
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no /dev/full and no shell")


def run(command: str, streams: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = f"{KG} {COMMANDS.get(command, command)} {streams}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("streams", "reason"),
    [
        pytest.param("> /dev/full", "No space left on device", id="full"),
        pytest.param(">&-", "Bad file descriptor", id="closed"),
    ],
)
def test_output_that_is_lost_is_one_sentence(tmp_path: Path, command: str, streams: str, reason: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    done = run(command, streams, tmp_path)
    assert done.stderr == f"kg: Standard output cannot be written: {reason}.\n"
    assert done.returncode == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_pipe_ends_the_command_quietly(tmp_path: Path, command: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    done = run(command, "| true", tmp_path)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("streams", ["2> /dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&1 | true"])
def test_messages_that_cannot_be_shown_do_not_stop_a_run(tmp_path: Path, streams: str) -> None:
    done = run(f"export {SEED} -o out.nt", streams, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out.nt").read_bytes().count(b"kg: ") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out.nt"]


def test_closed_standard_input_is_an_unreadable_input(tmp_path: Path) -> None:
    done = run("export - -o out.nt", "<&-", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "kg: -: cannot be read to its end (Bad file descriptor) (nothing was written).\n"
