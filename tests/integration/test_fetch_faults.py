"""``kg fetch`` against a server that fails in every way: the result is complete, or there is none and one sentence.

The waits between repeated requests are left out; what a server asks for in ``Retry-After`` is checked by itself.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg.cli import main
from tests.conftest import STUDIES
from tests.integration.api_server import KINDS, PASSING, ApiServer, Fault, Records, copies, serve

RECORDS = [orjson.dumps(orjson.loads(path.read_bytes())) for path in STUDIES]
PAGE = 5
PAGES = -(-len(RECORDS) // PAGE)
"""Requests for pages of a run without faults; there is one for the version before them, and one after them."""
EVERYTHING = ["--term", "ALL"]
ALWAYS = 1_000_000
SILENT = ("stall", "stall at once", "drip")
RESTARTING = ("move", "dead token", "no token", "study left out", "no studies", "same page")
"""Kinds after which the listing is read again from its start."""


class Run(NamedTuple):
    """What a command says, and its exit status."""

    status: int
    errors: str
    output: str


def fetched(server: ApiServer, output: Path, *arguments: str) -> Run:
    """Run ``kg fetch`` in this process, without waiting between requests."""
    options = ["--api", server.url, "--rate", "0", "--timeout", "2", "-o", str(output)]
    result = CliRunner().invoke(main, ["fetch", *(arguments or EVERYTHING), *options], catch_exceptions=False)
    return Run(result.exit_code, result.stderr, result.stdout)


def sentences(run: Run) -> list[str]:
    return [line for line in run.errors.splitlines() if line.startswith("kg: ")]


def lines(path: Path) -> dict[str, Any]:
    """The records of a file of JSON Lines, by NCT number."""
    records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    found = {record["protocolSection"]["identificationModule"]["nctId"]: record for record in records}
    assert len(found) == len(records), "a study is there twice"
    return found


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between repeated requests, which are not waited for; what else takes time is left out too."""
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=waited.append))
    monkeypatch.setattr("kg.registry.api.SILENCE", 0.5)
    monkeypatch.setattr("ssl.create_default_context", cache(ssl.create_default_context))
    monkeypatch.setattr("os.fsync", lambda _: None)
    return waited


def server_of(seed: int = 0) -> ApiServer:
    return ApiServer(RECORDS, page_limit=PAGE, seed=seed)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The result of a run without faults."""
    output = tmp_path_factory.mktemp("undisturbed") / "out.jsonl"
    server = server_of()
    with serve(server):
        run = fetched(server, output)
    assert (run.status, sentences(run), server.count()) == (0, [], PAGES)
    assert output.read_bytes().splitlines() == RECORDS
    return output.read_bytes()


# -- single faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 2, 4, PAGES + 1, PAGES + 2])
@pytest.mark.parametrize("kind", [*PASSING, *RESTARTING])
def test_one_fault_changes_nothing(kind: str, at: int, undisturbed: bytes, tmp_path: Path) -> None:
    server = server_of()
    fault = server.inject(kind, at=at)
    with serve(server):
        run = fetched(server, tmp_path / "out.jsonl")
    assert (run.status, sentences(run), fault.hits) == (0, [], 1)
    expected = undisturbed if kind != "move" else None
    assert expected is None or (tmp_path / "out.jsonl").read_bytes() == expected
    assert lines(tmp_path / "out.jsonl") == dict(server.records)


@pytest.mark.parametrize("at", [1, 3])
@pytest.mark.parametrize("kind", SILENT)
def test_a_server_that_falls_silent_or_drips_is_asked_again(
    kind: str, at: int, undisturbed: bytes, tmp_path: Path
) -> None:
    server = server_of()
    server.inject(kind, at=at, seconds=0.2 if kind == "drip" else 60)
    started = time.monotonic()
    with serve(server):
        run = fetched(server, tmp_path / "out.jsonl")
    assert time.monotonic() - started < 10
    assert (run.status, sentences(run)) == (0, [])
    assert (tmp_path / "out.jsonl").read_bytes() == undisturbed


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("call", "change", "vanish first", *SILENT)])
def test_a_fault_that_stays_is_told_in_one_sentence_and_the_next_run_completes(
    kind: str, undisturbed: bytes, tmp_path: Path
) -> None:
    server, output = server_of(), tmp_path / "out.jsonl"
    server.inject(kind, at=4, times=ALWAYS)
    with serve(server):
        run = fetched(server, output)
        assert (run.status, len(sentences(run)), output.exists()) == (1, 1, False), run.errors
        server.faults.clear()
        number = server.count()
        again = fetched(server, output)
    assert (again.status, sentences(again)) == (0, [])
    assert lines(output) == dict(server.records)
    if kind in PASSING:
        assert output.read_bytes() == undisturbed
        assert server.count() - number == PAGES - 2, "the pages that came are not asked for again"


def test_pages_of_an_earlier_version_are_not_mixed_with_those_of_a_later_one(tmp_path: Path) -> None:
    server, output = server_of(), tmp_path / "out.jsonl"
    server.inject("500", at=5, times=ALWAYS)
    with serve(server):
        assert fetched(server, output).status == 1
        server.faults.clear()
        server.remove(STUDIES[0].stem, STUDIES[-1].stem)
        server.move()
        assert fetched(server, output).status == 0
    assert lines(output) == dict(server.records)


@pytest.mark.parametrize("kind", ["vanish", "vanish first"])
@pytest.mark.parametrize("at", range(1, PAGES + 3))
def test_a_study_that_vanishes_between_pages_takes_no_other_with_it(kind: str, at: int, tmp_path: Path) -> None:
    server = server_of()
    server.inject(kind, at=at)
    with serve(server):
        run = fetched(server, tmp_path / "out.jsonl")
    before, found = dict(Records(RECORDS)), lines(tmp_path / "out.jsonl")
    assert (run.status, len(server.records)) == (0, len(before) - 1)
    assert server.records.items() <= found.items() <= before.items()


@pytest.mark.parametrize("at", range(1, PAGES + 3))
def test_a_study_that_changes_between_pages_is_there_in_one_of_its_states(at: int, tmp_path: Path) -> None:
    server = server_of()
    server.inject("change", at=at)
    with serve(server):
        assert fetched(server, tmp_path / "out.jsonl").status == 0
    before, after, found = dict(Records(RECORDS)), dict(server.records), lines(tmp_path / "out.jsonl")
    assert found.keys() == after.keys()
    assert all(found[number] in (before[number], after[number]) for number in found)


def test_the_time_that_a_server_asks_for_is_waited(waits: list[float], tmp_path: Path) -> None:
    server = server_of()
    server.inject("429", at=2, retry_after=7)
    server.inject("503", at=4, retry_after=9)
    server.inject("429", at=7)
    with serve(server):
        assert fetched(server, tmp_path / "out.jsonl").status == 0
    assert waits[:2] == [7, 9]
    assert 0 < waits[2] < 5


def test_a_server_that_asks_to_wait_for_long_is_not_waited_for(waits: list[float], tmp_path: Path) -> None:
    server = server_of()
    server.inject("429", at=2, retry_after=3600)
    with serve(server):
        run = fetched(server, tmp_path / "out.jsonl")
    assert (run.status, waits) == (1, [])
    assert "3,600 seconds" in run.errors


def test_requests_keep_their_distance(tmp_path: Path) -> None:
    server = server_of()
    with serve(server):
        options = ["--api", server.url, "--rate", "20", "-o", str(tmp_path / "out.jsonl")]
        assert CliRunner().invoke(main, ["fetch", *EVERYTHING, *options]).exit_code == 0
    times = [request.time for request in server.requests]
    assert times[-1] - times[0] > 0.05 * (len(times) - 1) * 0.95


# -- random faults ----------------------------------------------------------------------------------------------


HARMLESS = ("403", "call", "vanish", "vanish first", "change", *SILENT)
"""Kinds that are not drawn: final ones, those with more than one right result, and slow ones."""


def test_100_runs_with_random_faults_lose_nothing(tmp_path: Path) -> None:
    kinds = tuple(kind for kind in KINDS if kind not in HARMLESS)
    ends, hit = Counter[str](), Counter[str]()
    for seed in range(100):
        server, output = server_of(seed), tmp_path / f"{seed}.jsonl"
        server.inject(Fault(kinds, probability=0.05 + seed % 5 * 0.1))
        with serve(server):
            run = fetched(server, output)
            ends[end_of(run, server, output)] += 1
            server.faults.clear()
            if run.status:
                assert fetched(server, output).status == 0
                assert lines(output) == dict(server.records), seed
        hit.update(request.fault for request in server.requests)
    assert ends["lost"] == 0
    assert ends["complete"] >= 50, ends
    assert ends["one sentence"] >= 5, ends
    assert hit.keys() - {""} == {*kinds}, "each kind occurred"


def end_of(run: Run, server: ApiServer, output: Path) -> str:
    if run.status == 0:
        return "complete" if not sentences(run) and lines(output) == dict(server.records) else "lost"
    is_told = run.status == 1 and len(sentences(run)) == 1 and not output.exists()
    return "one sentence" if is_told else "lost"


# -- the whole registry -----------------------------------------------------------------------------------------


def test_a_bulk_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    server = server_of()
    for share in (0.3, 0.5):
        server.inject("cut", path="/studies/download", share=share, at=1 if share == 0.3 else 2)
    with serve(server):
        assert fetched(server, tmp_path / "out.jsonl", "--all").status == 0
    downloads = [request for request in server.requests if request.path == "/studies/download"]
    assert len(downloads) == 3
    assert [request.status for request in downloads] == [200, 206, 206]
    assert lines(tmp_path / "out.jsonl") == dict(server.records)


@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize("is_chunked", [True, False])
@pytest.mark.parametrize("kind", ["cut", "cut chunked", "short", "reset", "html", "empty", "500", "429", "move"])
def test_a_fault_of_a_bulk_download_changes_nothing(
    kind: str, is_chunked: bool, has_ranges: bool, tmp_path: Path
) -> None:
    server = server_of()
    server.zip_is_chunked, server.has_ranges = is_chunked, has_ranges
    server.inject(kind, path="/studies/download")
    with serve(server):
        run = fetched(server, tmp_path / "out.jsonl", "--all")
    assert (run.status, sentences(run)) == (0, []), run.errors
    assert lines(tmp_path / "out.jsonl") == dict(server.records)


def test_an_archive_that_is_cut_on_the_server_is_told_in_one_sentence(tmp_path: Path) -> None:
    server, output = server_of(), tmp_path / "out.jsonl"
    server.zip_share = 0.6
    with serve(server):
        run = fetched(server, output, "--all")
        assert (run.status, len(sentences(run)), output.exists()) == (1, 1, False)
        server.zip_share = 1.0
        assert fetched(server, output, "--all").status == 0
    assert lines(output) == dict(server.records)


def test_an_archive_with_fewer_studies_than_the_registry_is_told_in_one_sentence(tmp_path: Path) -> None:
    server, output = server_of(), tmp_path / "out.jsonl"
    first = STUDIES[0].stem
    server.inject("call", path="/studies/download", times=ALWAYS, action=lambda api: api.remove(first))
    server.inject("call", path="/stats/size", times=ALWAYS, action=lambda api: api.set(*RECORDS))
    with serve(server):
        run = fetched(server, output, "--all")
    assert (run.status, len(sentences(run)), output.exists()) == (1, 1, False)


# -- killed -----------------------------------------------------------------------------------------------------


class Commands:
    """Runs ``kg`` in processes that have its modules already, so that they are killed in their work and not before."""

    PROGRAM = """
import json, os, signal, sys, time
import kg.cli.fetch, kg.registry.fetch, httpx, tenacity, zstandard, pyoxigraph
from kg.cli import main

os.fsync = lambda _: None  # a process that is killed loses nothing that it wrote

def run(arguments):
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    try:
        main(arguments)
    except SystemExit as end:
        os._exit(end.code or 0)

for line in sys.stdin:
    arguments, seconds = json.loads(line)
    end = time.monotonic() + seconds
    if not (child := os.fork()):
        run(arguments)
    while not (status := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < end:
        time.sleep(0.0005)
    if not status[0]:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status[1]), flush=True)
"""

    def __init__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen([sys.executable, "-c", self.PROGRAM], text=True, bufsize=1, **pipes)

    def run(self, arguments: list[str], seconds: float = 60) -> int | None:
        """Run a command, and kill it after some seconds; return its status, or None if it was killed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([arguments, seconds]) + "\n")
        status = int(self._process.stdout.readline())
        return None if status == -signal.SIGKILL else status

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    started = Commands()
    yield started
    started.close()


KILLS = {"out.jsonl": 30, "out.jsonl.gz": 7, "out": 6, "out.nt": 4, "out.kgstore": 3}
"""How often runs to an output are killed."""


@pytest.mark.parametrize("name", KILLS)
def test_a_run_that_is_killed_at_random_moments_goes_on(name: str, tmp_path: Path, commands: Commands) -> None:
    draw, left = random.Random(name), KILLS[name]
    server = ApiServer(copies(RECORDS, 40 if name.endswith("store") else 120), page_limit=PAGE, delay=0.003)
    with serve(server):
        whole = tmp_path / name
        assert commands.run(arguments_of(server, whole)) == 0
        started = time.monotonic()
        assert commands.run(arguments_of(server, tmp_path / f"again-{name}")) == 0
        seconds = time.monotonic() - started
        while left:
            output = tmp_path / str(left) / name
            output.parent.mkdir()
            left -= killed_until_whole(server, output, commands, draw, seconds, min(left, 5))
            assert content(output) == content(whole)
            assert manifest(output) == manifest(whole)
            assert not output.with_name(f"{name}.fetch").exists()
            shutil.rmtree(output.parent)


def arguments_of(server: ApiServer, output: Path) -> list[str]:
    return ["fetch", *EVERYTHING, "--api", server.url, "--rate", "0", "-o", str(output)]


def killed_until_whole(
    server: ApiServer, output: Path, commands: Commands, draw: random.Random, seconds: float, most: int
) -> int:
    """Kill a run at random moments and finish it; return how often it was killed."""
    server.requests.clear()
    kills = 0
    rest = output.with_name(f"{output.name}.fetch")
    while kills < most and not output.exists():
        if commands.run(arguments_of(server, output), draw.uniform(0, seconds)) is not None:
            break
        kills += 1
    if not output.exists() or rest.exists():  # a run may be killed when its output is there already
        assert commands.run(arguments_of(server, output)) == 0
    assert not rest.exists()
    asked = Counter(request.params.get("pageToken") for request in server.requests if request.path == "/studies")
    assert len(asked) == -(-len(server.records) // PAGE) + 1
    assert asked.total() - len(asked) <= kills, "only the page that was under way is asked for again"
    return kills


def manifest(path: Path) -> Any:
    """The manifest of an output, without its times."""
    file = path.with_name(f"{path.name}.manifest.json")
    if path.name.endswith(".kgstore"):
        return None
    text = re.sub(r'"(started|finished)": *"[^"]*",?', "", file.read_text("utf-8"))
    return json.loads(re.sub(r",(\s*})", r"\1", text))


def content(path: Path) -> Any:
    """The content of an output, by which two are compared."""
    if path.name.endswith(".kgstore"):
        return {str(quad) for quad in ox.Store.read_only(str(path)) if "/graph/registry>" not in str(quad.graph_name)}
    if path.is_dir():
        return {each.name: each.read_bytes() for each in path.iterdir()}
    return path.read_bytes()
