"""``kg serve`` as a command: its inputs, its start, its end, and what it prints."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kg.export.report import Report
from kg.store.embedded import build
from tests.conftest import DATA, SEED
from tests.serving import TOP, Served, serving, start

CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command") / "data.kgstore"
    build([str(SEED)], folder, report=Report())
    return folder


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg", "serve", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, cwd=TOP, check=False)


def studies(served: Served) -> int:
    rows = json.loads(served.query("SELECT (COUNT(*) AS ?n) { ?s a ct:Study }").body)["results"]["bindings"]
    return int(rows[0]["n"]["value"])


def exists(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_a_store_is_served_as_it_is_and_not_changed(store: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    with serving([str(store)], tmp_path / "log") as served:
        assert studies(served) == 1
        assert served.get("/health").body == b'{"status":"ok"}'
        assert served.errors == [f"Serving 1 study at {served.url}/ (stop with Ctrl+C)."]
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before


def test_records_and_rdf_become_a_temporary_store(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    (tmp_path / "more.ttl").write_text("<http://example.org/a> a <https://w3id.org/trialkg/ontology#Study> .")
    inputs = [str(DATA / "studies"), str(store), str(tmp_path / "more.ttl")]
    with serving(inputs, tmp_path / "log") as served:
        assert studies(served) == len(list((DATA / "studies").glob("*.json"))) + 2
        assert [*temporary.iterdir()]
    assert [*temporary.iterdir()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_its_processes(store: Path, tmp_path: Path, number: int) -> None:
    served = start([str(store)], tmp_path / "log")
    processes = served.processes()
    assert len(processes) >= 2
    assert served.stop(number) == 0
    assert not any(map(exists, processes))
    assert len(served.errors) == 1


def test_a_query_that_runs_when_the_server_stops_gets_a_sentence(store: Path, tmp_path: Path) -> None:
    served = start([str(store)], tmp_path / "log")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(served.query, CROSS)
        time.sleep(0.5)
        begun = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - begun < 15
    assert (running.result().status, running.result().text) == (503, "The server is stopping.\n")


def test_processes_end_with_a_server_that_is_killed(store: Path, tmp_path: Path) -> None:
    served = start([str(store)], tmp_path / "log")
    processes = served.processes()
    served.stop(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(map(exists, processes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(exists, processes))


def test_health_is_503_when_no_query_can_be_answered(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data.kgstore"
    shutil.copytree(store, copy)
    with serving([str(copy)], tmp_path / "log", "--workers", "1") as served:
        shutil.rmtree(copy)
        for process in served.processes()[1:]:
            os.kill(process, signal.SIGKILL)
        response = served.get("/health")
        assert response.status == 503
        assert json.loads(response.body)["status"] == "unavailable"


def test_a_store_that_changes_is_reported_once(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data.kgstore"
    shutil.copytree(store, copy)
    with serving([str(copy)], tmp_path / "log", "--workers", "1", "--timeout", "1") as served:
        update([str(DATA / "made" / "NCT99999999.json")], copy)
        for _ in range(3):
            assert served.query(CROSS).status == 503
        deadline = time.monotonic() + 10
        while len(served.errors) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [line for line in served.errors if "has changed; restart the server" in line] == served.errors[1:]
        assert len(served.errors) == 2


def update(inputs: list[str], folder: Path) -> None:
    command = [sys.executable, "-m", "kg", "store", "update", str(folder), *inputs]
    subprocess.run(command, check=True, capture_output=True, cwd=TOP, env={**os.environ, "PYTHONPATH": str(TOP)})


def test_options(store: Path, tmp_path: Path) -> None:
    options = ["--host", "localhost", "--timeout", "1", "--memory", "100M", "--workers", "1"]
    with serving([str(store)], tmp_path / "log", *options, "--public-url", "https://Trials.example.org/") as served:
        assert "Serving 1 study as https://trials.example.org/ at http://localhost:" in served.errors[0]
        assert "stopped after 1 s" in served.query(CROSS).text
        sort = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f"
        assert served.query(sort).status == 503
        assert b"https://trials.example.org/sparql" in served.get("/sparql").body


def test_nobody_has_to_read_the_log(store: Path) -> None:
    command = [sys.executable, "-m", "kg", "serve", str(store), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    assert process.stderr
    url = process.stderr.readline().split(" at ")[1].split("/ ")[0]
    process.stdout.close()
    served = Served(process, Path(os.devnull), url)
    assert [served.get("/health").status for _ in range(3)] == [200] * 3
    assert served.stop() == 0
    assert process.stderr.read() == ""


def test_a_port_in_use(store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(str(store), "--port", str(port))
    assert done.returncode == 2
    assert done.stderr == (
        f"kg: Port {port} of 127.0.0.1 cannot be used: Address already in use; choose another with --port.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--host", "192.0.2.1"], 2, "Port 8000 of 192.0.2.1 cannot be used: Cannot assign requested address"),
        (["--host", "no.such.host.invalid"], 2, "no.such.host.invalid is not an address of this machine."),
        (["--host", "a\x1bb"], 2, "is not an address of this machine."),
        (["--public-url", "example.org/a"], 2, "example.org/a is not the URL of a server"),
        (["--memory", "1M"], 2, "1M is not a size of at least 50M"),
        (["--port", "70000"], 2, "70000 is not in the range"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(store: Path, arguments: list[str], status: int, sentence: str) -> None:
    done = run(str(store), *arguments)
    assert done.returncode == status
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "status"), [("missing.ttl", None, 2), ("empty.json", "[]", 1), ("broken.ttl", "<", 1)]
)
def test_data_that_cannot_be_served(tmp_path: Path, name: str, content: str | None, status: int) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    done = run(str(tmp_path / name), "--port", "0")
    assert done.returncode == status
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_no_data() -> None:
    assert run().returncode == 2


def test_lost_records_are_reported_and_the_others_served(tmp_path: Path) -> None:
    (tmp_path / "studies.jsonl").write_text(SEED_LINE + '{"protocolSection": {}}\n')
    with serving([str(tmp_path / "studies.jsonl")], tmp_path / "log") as served:
        assert studies(served) == 1
        assert any("record 2" in line for line in served.errors)


SEED_LINE = json.dumps(json.loads((DATA / "made" / "NCT99999999.json").read_text())) + "\n"
