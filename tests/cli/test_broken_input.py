"""All kinds of invalid input at once: nothing crashes, problems are reported, every valid study is exported."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyoxigraph as ox
import pytest

GOOD = '{{"protocolSection": {{"identificationModule": {{"nctId": "NCT{:08d}", "briefTitle": {}}}}}}}'


def good(number: int, title: str = '"A study"') -> str:
    return GOOD.format(number, title)


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def files() -> dict[str, tuple[bytes, set[int], bool]]:
    """Return, by file name: the content, the numbers of its valid studies, and whether anything in it is lost."""
    deep = "[" * 10_000 + "]" * 10_000
    compressed = gzip.compress("\n".join(good(i) for i in range(200, 400)).encode())
    bad_checksum = bytearray(gzip.compress(good(50).encode()))
    bad_checksum[-1] ^= 0xFF
    bomb = zipped({"bomb.json": good(60).encode() + b" " * 300_000_000})
    outside = zipped({"../../outside.json": good(61).encode(), "/absolute.json": good(62).encode()})
    wrong = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000070", "briefTitle": ["a", "list"]},
            "conditionsModule": {"conditions": "a text", "keywords": None},
            "statusModule": {"startDateStruct": {"date": 2015}, "overallStatus": {}},
            "designModule": [],
            "referencesModule": {"seeAlsoLinks": [{"url": 'http://a.org/b c"d', "label": "</script><b>"}]},
        }
    }
    return {
        "a-truncated.json": (good(1)[:-20].encode(), set(), True),
        "b-one-bad-line.jsonl": (f"{good(2)}\n{good(3)[:40]}\n{good(4)}\n".encode(), {2, 4}, True),
        "c-nan.json": (good(5, "NaN").encode(), {5}, False),
        "d-surrogate.json": (good(6, '"a\\ud800b"').encode(), {6}, False),
        "e-nul.json": (good(7, '"a\\u0000b"').encode(), {7}, False),
        "f-deep.jsonl": (f'{good(8)}\n{{"protocolSection": {deep}}}\n{good(9)}'.encode(), {8, 9}, True),
        "g-literal-bomb.txt": (b"Viewing\n{'protocolSection': " + b"{'a': [" * 5000 + b"9" * 9999, set(), True),
        "h-power.txt": (b"Viewing\n{'protocolSection': 9**9**9}", set(), True),
        "i-truncated.gz": (compressed[: len(compressed) // 2], set(), True),
        "j-bad-checksum.gz": (bytes(bad_checksum), set(), True),
        "k-bomb.zip": (bomb, set(), True),
        "l-outside.zip": (outside, {61, 62}, False),
        "m-wrong-types.json": (json.dumps(wrong).encode(), {70}, False),
        "n-no-number.json": (b'{"protocolSection": {}}', set(), True),
        "o-not-json.json": (b"\x00\xff\xfe nothing", set(), True),
        "p-not-a-study.json": (b'{"hello": "world"}', set(), True),
        "q-bad-utf8.json": (good(80, '"caf\xe9"').encode("latin-1"), set(), True),
        "r-good.json": (good(81, '"</script><script>alert(1)</script>"').encode(), {81}, False),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("broken")
    for name, (content, _, _) in files().items():
        (path / name).write_bytes(content)
    with (path / "s-huge.json").open("wb") as file:
        file.write(b'{"protocolSection": {"identificationModule": {"nctId": "NCT00000090", "briefTitle": "')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}}}\n' + good(91).encode())
    return path


def test_valid_studies_are_exported_despite_invalid_input(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "problems.jsonl"
    command = [
        sys.executable,
        "-m",
        "kg",
        "export",
        str(folder),
        "-o",
        str(tmp_path / "out.nt"),
        "--report",
        str(report),
    ]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    problems = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    lost = {
        Path(problem["file"].partition("!")[0]).name for problem in problems if problem["kind"] in ("file", "record")
    }
    assert lost == {name for name, (_, _, loses) in files().items() if loses} | {"s-huge.json"}
    assert {"c-nan.json", "d-surrogate.json", "e-nul.json", "m-wrong-types.json"} <= {
        Path(problem["file"]).name for problem in problems if problem["kind"] == "field"
    }
    triples = list(ox.parse(path=str(tmp_path / "out.nt"), format=ox.RdfFormat.N_TRIPLES))
    exported = {int(match[1]) for triple in triples if (match := re.search(r"study/NCT(\d+)>", str(triple.subject)))}
    expected = {number for _, numbers, _ in files().values() for number in numbers} | {91}
    assert exported - expected <= set(range(200, 400)), "complete studies of the truncated gzip file"
    assert expected <= exported
    assert not (folder.parent.parent / "outside.json").exists()


def test_memory_stays_bounded(folder: Path, tmp_path: Path) -> None:
    """A small process measures the peak, since a child inherits the peak of its parent."""
    command = [sys.executable, "-m", "kg", "export", str(folder), "-o", str(tmp_path / "out.nt")]
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    process = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    assert int(process.stdout) < 1024 * 1024  # KiB


def test_strict_stops_at_the_first_problem(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kg", "export", str(folder), "-o", str(tmp_path / "out.nt"), "--strict"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert len(process.stderr.strip().splitlines()) == 1
    assert "a-truncated.json, record 1" in process.stderr
    assert list(tmp_path.iterdir()) == []
