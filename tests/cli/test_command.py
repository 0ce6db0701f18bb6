"""The command-line interface."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kg
from tests.conftest import DATA, GOLDEN, SEED

GOOD = '{"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A study"}}}'


def run(*arguments: object, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "kg", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, env=os.environ | environment)


def test_standard_output_has_only_turtle() -> None:
    result = run("export", SEED, "-o", "-")
    assert result.returncode == 0
    assert result.stdout == (GOLDEN / "NCT02059759.ttl").read_bytes()
    assert result.stderr.startswith(b"Studies: 1 read, 1 exported")


def test_standard_input_and_a_format_by_name() -> None:
    result = run("export", "-", "-o", "-", "-f", "ntriples", stdin=SEED.read_bytes())
    assert result.stdout == (GOLDEN / "NCT02059759.nt").read_bytes()


def test_a_lost_record_is_reported(tmp_path: Path) -> None:
    bad = tmp_path / "some.jsonl"
    bad.write_text(GOOD + '\n{"protocolSection": {"identificationModule": \n' + GOOD.replace("00001", "00002"))
    report = tmp_path / "problems.jsonl"
    result = run("export", bad, "-o", tmp_path / "out.nt", "--report", report)
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert b"some.jsonl, record 2" in result.stderr
    assert b"3 read" in result.stderr or b"2 read" in result.stderr
    problems = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(problem["kind"], problem["record"]) for problem in problems] == [("record", 2)]
    text = (tmp_path / "out.nt").read_text()
    assert "NCT00000001" in text
    assert "NCT00000002" in text


def test_a_bad_field_is_reported_with_all_its_parts(tmp_path: Path) -> None:
    record = json.loads(GOOD)
    record["protocolSection"]["statusModule"] = {"startDateStruct": {"date": "x" * 500}}
    (tmp_path / "a.json").write_text(json.dumps(record))
    result = run("export", tmp_path / "a.json", "-o", tmp_path / "a.ttl", "--report", "-")
    assert result.returncode == 0
    (problem,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert problem["file"].endswith("a.json")
    assert (problem["kind"], problem["record"], problem["nctId"]) == ("field", 1, "NCT00000001")
    assert problem["path"] == "protocolSection.statusModule.startDateStruct.date"
    assert problem["value"] == '"' + "x" * 80 + '…"'
    assert problem["expected"] == "a date (YYYY-MM-DD, YYYY-MM or YYYY)"


def test_strict_stops_at_the_first_problem_and_writes_nothing(tmp_path: Path) -> None:
    record = json.loads(GOOD)
    record["hasResults"] = "perhaps"
    (tmp_path / "a.json").write_text(json.dumps(record))
    result = run("export", tmp_path / "a.json", "-o", tmp_path / "a.ttl", "--strict")
    assert result.returncode == 1
    assert result.stderr.decode().strip() == (
        f'kg: {tmp_path}/a.json, record 1, NCT00000001, hasResults: found "perhaps", expected true or false.'
    )
    assert not (tmp_path / "a.ttl").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["export"],
        ["export", SEED, "-o", "out.txt"],
        ["export", "no-such-file.json", "-o", "-"],
        ["export", SEED, "-o", "-", "-f", "word"],
        ["export", SEED, "-o", "-", "--base", "no iri"],
        ["export", SEED, "-o", "-", "--report", "-"],
        ["export", SEED, "-o", "-", "--manifest"],
        ["nonsense"],
    ],
    ids=lambda arguments: " ".join(map(str, arguments[-3:])),
)
def test_usage_errors(arguments: list[object]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"Traceback" not in result.stderr
    assert result.stderr.strip()


def test_a_misspelled_command_has_a_suggestion() -> None:
    result = run("exprt", SEED, "-o", "-")
    assert result.returncode == 2
    assert "Did you mean 'export'?" in result.stderr.decode()


def test_inputs_are_not_overwritten(tmp_path: Path) -> None:
    record = tmp_path / "a.json"
    record.write_text(GOOD)
    assert run("export", record, "-o", tmp_path / "a.nt").returncode == 0
    graph = (tmp_path / "a.nt").read_bytes()
    assert run("export", record, "-o", tmp_path / "b.nt", "--report", f"{tmp_path}/./a.json").returncode == 2
    assert run("restore", tmp_path / "a.nt", "-o", tmp_path / "a.nt").returncode == 2
    assert run("restore", tmp_path / "a.nt", "-o", "-", "--base", "no iri").returncode == 2
    assert record.read_text() == GOOD
    assert (tmp_path / "a.nt").read_bytes() == graph


def test_the_same_command_twice_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(GOOD)
    out, report = tmp_path / "out.nt", tmp_path / "problems.jsonl"
    for _ in range(2):
        result = run("export", tmp_path, "-o", out, "--report", report, "--describe", "--manifest")
        assert result.returncode == 0, result.stderr


def test_outputs_do_not_replace_inputs_in_a_folder(tmp_path: Path) -> None:
    shutil.copy(SEED, tmp_path / "page.txt")
    (tmp_path / "b.json").write_text(GOOD)
    for name in ("page.txt", "b.json"):
        before = (tmp_path / name).read_bytes()
        assert run("export", tmp_path, "-o", tmp_path / name, "-f", "ntriples").returncode == 2
        assert (tmp_path / name).read_bytes() == before
    assert run("coverage", SEED, "--json", SEED).returncode == 2
    assert (
        run(
            "export", SEED, "-o", tmp_path / "x.ttl", "--manifest", "--report", tmp_path / "x.ttl.manifest.json"
        ).returncode
        == 2
    )


@pytest.mark.parametrize("name", ["", "a.json/x.ttl", "x" * 245 + ".ttl"])
def test_unusual_output_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "a.json").write_text(GOOD)
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    result = run("export", "a.json", "-o", name, "-f", "turtle")
    assert b"Traceback" not in result.stderr
    assert result.returncode == (0 if name.startswith("x") else result.returncode or 9) != 9


@pytest.mark.parametrize("base", ["https://e.org/%20(x)!$;,=@/", "https://e.org/a", "https://é.org/ü/"])
def test_base_iris(tmp_path: Path, base: str) -> None:
    assert run("export", SEED, "-o", tmp_path / "a.ttl", "--base", base, "--describe").returncode == 0
    assert run("export", SEED, "-o", tmp_path / "b.nt", "--base", base + "#").returncode == 2


def test_many_field_warnings_take_linear_time(tmp_path: Path) -> None:
    record = json.loads(GOOD)
    record["protocolSection"]["contactsLocationsModule"] = {"locations": [{"country": "", "geoPoint": 1}] * 20_000}
    (tmp_path / "a.json").write_text(json.dumps(record))
    command = [sys.executable, "-m", "kg", "export", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.nt")]
    result = subprocess.run(command, capture_output=True, check=True, timeout=120)
    assert b"field warning" in result.stderr


def test_messages_have_no_contact_data(tmp_path: Path) -> None:
    record = json.loads(GOOD)
    contact = {"name": {"email": "office@example.org"}, "phone": "000\x00000", "email": ["office@example.org"]}
    record["protocolSection"]["contactsLocationsModule"] = {"centralContacts": [contact]}
    (tmp_path / "a.json").write_text(json.dumps(record))
    result = run("export", tmp_path / "a.json", "-o", tmp_path / "a.nt", "--report", "-")
    assert b"office@" not in result.stdout + result.stderr + (tmp_path / "a.nt").read_bytes()
    assert b"000" not in result.stdout.replace(b"NCT00000001", b"") + result.stderr.replace(b"NCT00000001", b"")


def test_the_version() -> None:
    assert run("--version").stdout.split() == [b"kg,", b"version", kg.__version__.encode()]


def test_a_closed_pipe() -> None:
    command = f"{sys.executable} -m kg export {DATA / 'studies'} -o - | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert b"Traceback" not in result.stderr
    assert b"Exception" not in result.stderr


@pytest.mark.skipif(shutil.which("kill") is None, reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_files(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "kg", "export", "-", "-o", str(tmp_path / "out.ttl")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(GOOD.encode() + b"\n")
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        process.wait(20)
        messages = process.stderr.read() if process.stderr else b""
    assert process.returncode not in (0, None)
    assert b"Traceback" not in messages
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("serdi") is None and not os.environ.get("KG_CI"), reason="serdi is not installed")
@pytest.mark.parametrize(
    ("name", "syntax"), [("a.ttl", "turtle"), ("a.nt", "ntriples"), ("a.nq", "nquads"), ("a.trig", "trig")]
)
def test_serdi_reads_all_statements(tmp_path: Path, name: str, syntax: str) -> None:
    result = run("export", DATA / "studies", DATA / "made", "-o", tmp_path / name, "--manifest")
    assert result.returncode == 0
    command = ["serdi", "-i", syntax, "-o", "nquads", str(tmp_path / name)]
    read = subprocess.run(command, capture_output=True, check=True)
    assert read.stderr == b""
    manifest = json.loads((tmp_path / (name + ".manifest.json")).read_text())
    assert len(read.stdout.splitlines()) == manifest["triples"]
