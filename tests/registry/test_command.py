"""The command ``kg fetch``: messages, exit statuses, options, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import STUDIES
from tests.integration.api_server import ApiServer, serve
from tests.terminal import shown

NUMBERS = sorted(path.stem for path in STUDIES)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    server = ApiServer(path.read_bytes() for path in STUDIES)
    with serve(server):
        yield server


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "kg", *map(str, arguments)]


def run(server: ApiServer, *arguments: object, rate: int = 0, cwd: Path | None = None) -> tuple[int, str, str]:
    words = command("fetch", *arguments, "--api", server.url, "--rate", rate)
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def test_a_disease_becomes_a_store_that_answers_queries(server: ApiServer, tmp_path: Path) -> None:
    status, _, said = run(server, "--condition", "diabetes", "-o", tmp_path / "x.kgstore")
    assert (status, said.splitlines()[-1].split(",")[0].split()[0]) == (0, "Studies:")
    counted = json.loads(run(server, "--condition", "diabetes", "--dry-run")[1].split()[1])
    query = "SELECT (COUNT(?s) AS ?n) { ?s a ct:Study }"
    done = subprocess.run(
        command("query", query, "-d", tmp_path / "x.kgstore", "--format", "csv"), capture_output=True, text=True
    )
    assert done.stdout.split() == ["n", str(counted)]
    assert counted > 0
    done = subprocess.run(command("store", "info", tmp_path / "x.kgstore"), capture_output=True, text=True)
    assert f"data        {server.data_timestamp} (UTC), from {server.url}\n" in done.stdout
    assert "selection   --condition diabetes\n" in done.stdout


def test_a_number_is_enough(server: ApiServer, tmp_path: Path) -> None:
    status, _, said = run(server, NUMBERS[0], "-o", tmp_path / "x.ttl")
    assert status == 0
    first, second = said.splitlines()
    assert first.startswith(f"Studies: 1 fetched, data version {server.data_timestamp}, ")
    assert second.startswith("Studies: 1 read, 1 exported, 0 rejected, ")
    assert f"study:{NUMBERS[0]} a ct:Study" in (tmp_path / "x.ttl").read_text("utf-8")


def test_a_pipe_gets_json_lines(server: ApiServer) -> None:
    status, output, _ = run(server, NUMBERS[0], "--id", NUMBERS[1])
    assert status == 0
    records = [json.loads(line) for line in output.splitlines()]
    assert [each["protocolSection"]["identificationModule"]["nctId"] for each in records] == NUMBERS[:2]


def test_a_dry_run_prints_the_count_and_the_url(server: ApiServer) -> None:
    status, output, said = run(server, "--phase", "phase2", "--filter", "AREA[StartDate]2010", "--dry-run")
    assert (status, said) == (0, "")
    lines = output.splitlines()
    assert lines[0].startswith("studies  ")
    assert lines[1] == (
        f"url      {server.url}/studies?filter.advanced=%28AREA%5BStartDate%5D2010%29+AND+%28AREA%5BPhase%5DPHASE2%29"
    )
    assert run(server, "--all", "--dry-run")[1].split()[1] == str(len(NUMBERS))


def test_a_missing_number_is_a_loss(server: ApiServer, tmp_path: Path) -> None:
    status, _, said = run(server, NUMBERS[0], "NCT99999998", "-o", tmp_path / "x.jsonl")
    assert status == 1
    assert "404 Not Found: NCT number NCT99999998 not found." in said
    assert (tmp_path / "x.jsonl").exists()
    status, _, said = run(server, "NCT99999998", "-o", tmp_path / "y.jsonl")
    assert status == 1
    assert [line.split(": ")[-1] for line in said.splitlines()] == [
        "NCT number NCT99999998 not found.",
        "no study matches, so nothing was written.",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "No studies are selected; give NCT numbers"),
        (("NCT1",), '"NCT1" is not an NCT number'),
        (("--phase", "9"), '"9" is not a phase of the registry; expected one of'),
        (("--all", "-o", "x.csv"), "The kind of x.csv is unknown; expected .jsonl"),
        (("--all", "-o", "x.jsonl", "--contacts"), "Records are kept as they come, with contact data"),
        (("--all", "-o", "x.nt", "--without-contacts"), "Graphs and stores have contact data only with --contacts"),
        (("--all", "-o", "x.kgstore", "--describe"), "--describe needs an output in a format of kg export"),
        (
            ("--all", "-o", "x.jsonl", "--without", "results"),
            "Records are kept as they come, with all sections; --without",
        ),
        (("--all", "-o", "x.jsonl", "--jobs", "2"), "--jobs is for graphs and stores"),
        (("--all", "--api", "ftp://x", "-o", "x.jsonl"), "ftp://x is not the URL of a server"),
    ],
)
def test_wrong_use_is_a_sentence(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = subprocess.run(command("fetch", *arguments), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"kg: {message}")
    assert done.stderr.endswith(".\n")
    assert done.stderr.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_progress_is_shown_on_a_terminal_only(server: ApiServer, tmp_path: Path) -> None:
    words = ["fetch", "--all", "--limit", 10, "--api", server.url, "--rate", 0, "-o"]
    text = shown(command(*words, tmp_path / "x.nt"), errors=True, TERM="xterm")
    assert "10 of 10" in text
    assert "Converting" in text
    assert f"Studies: 10 of {len(NUMBERS)} fetched" in text
    assert "10 of 10" not in run(server, *NUMBERS, "--limit", 10, "-o", tmp_path / "y.nt")[2]


def test_texts_of_the_server_have_no_effect_on_a_terminal(server: ApiServer, tmp_path: Path) -> None:
    server.data_timestamp = "2026\x1b[31m"
    _, _, said = run(server, NUMBERS[0], "-o", tmp_path / "x.jsonl")
    assert "\x1b" not in said
    assert "data version 2026\\u001B[31m" in said


def stopped(server: ApiServer, output: Path, number: int) -> subprocess.Popen[str]:
    """A fetch that gets a signal after its second page."""
    words = command("fetch", *NUMBERS, "--limit", 30, "--api", server.url, "--rate", 5, "-o", output)
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not [*output.parent.glob(f"{output.name}.fetch/page-*")]:
        time.sleep(0.01)
    os.kill(process.pid, number)
    process.wait()
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_goes_on(server: ApiServer, tmp_path: Path, number: int) -> None:
    server.page_limit = 10
    output = tmp_path / "x.jsonl"
    process = stopped(server, output, number)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[signal.Signals(number)]
    assert process.stderr is not None
    said = process.stderr.read()
    assert not output.exists()
    folder = f"{output}.fetch"
    if number == signal.SIGINT:
        assert f"What was fetched is in {folder}; the same command goes on from there." in said
    status, _, _ = run(server, *NUMBERS, "--limit", 30, "-o", output, rate=5)
    assert status == 0
    assert len(output.read_text("utf-8").splitlines()) == 30
    tokens = [request.params.get("pageToken") for request in server.requests if request.path == "/studies"]
    assert len(tokens) - len(set(tokens)) <= 1  # the page that was under way
    assert not Path(folder).exists()
