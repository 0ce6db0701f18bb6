"""Names of files that are not UTF-8, or that the locale cannot encode: written as named, or refused in a sentence.

A manifest (after its data was replaced) and a page had a traceback, and a store with a name outside ASCII was
not found under ``LC_ALL=C``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SEED

NOT_UTF8, NOT_ASCII = b"n\xffm\xe9", "näme€😀".encode()
LOCALES = {
    "C": {"LC_ALL": "C"},
    "ASCII": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "UTF-8": {"LC_ALL": "C.UTF-8"},
}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")


def run(folder: Path, locale: str, *arguments: bytes, code: int = 0) -> str:
    command = [os.fsencode(sys.executable), b"-m", b"kg", *arguments]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONUTF8"))
    }
    done = subprocess.run(command, cwd=folder, env=environment | LOCALES[locale], capture_output=True, check=False)
    message = done.stderr.decode("utf-8", "replace")
    assert done.returncode == code, message
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", [NOT_UTF8, NOT_ASCII])
def test_files_are_written_as_they_are_named(tmp_path: Path, locale: str, name: bytes) -> None:
    seed = os.fsencode(SEED)
    report = [b"--manifest", b"--describe", b"--report", name + b".jsonl"]
    run(tmp_path, locale, b"export", seed, b"-o", name + b".nt", *report)
    run(tmp_path, locale, b"draw", seed, b"-o", name + b".html")
    run(tmp_path, locale, b"network", name + b".nt", b"-o", name + b".graphml")
    run(tmp_path, locale, b"query", b"arms", b"-d", name + b".nt", b"-o", name + b".csv")
    run(tmp_path, locale, b"load", seed, b"--preset", b"qlever", b"-o", name)
    ends = (".nt", ".nt.manifest.json", ".nt.void.ttl", ".jsonl", ".html", ".graphml", ".csv", "")
    assert {os.fsencode(path.name) for path in tmp_path.iterdir()} == {name + end.encode() for end in ends}
    manifest = json.loads((tmp_path / os.fsdecode(name + b".nt.manifest.json")).read_text("utf-8"))
    assert manifest["file"] == name.decode("utf-8", "replace") + ".nt"
    for end in (".nt.void.ttl", ".html"):
        assert name.decode("utf-8", "replace") in (tmp_path / os.fsdecode(name + end.encode())).read_text("utf-8")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_store_has_a_name_in_any_locale(tmp_path: Path, locale: str) -> None:
    name = NOT_ASCII + b".kgstore"
    run(tmp_path, locale, b"store", b"build", os.fsencode(SEED), b"-o", name)
    run(tmp_path, locale, b"store", b"info", name)
    run(tmp_path, locale, b"store", b"update", name, os.fsencode(SEED))
    run(tmp_path, locale, b"query", b"arms", b"-d", name)
    run(tmp_path, locale, b"validate", name)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_store_whose_name_is_not_utf8_is_refused_in_a_sentence(tmp_path: Path, locale: str) -> None:
    message = run(tmp_path, locale, b"store", b"build", os.fsencode(SEED), b"-o", NOT_UTF8, code=2)
    assert message == "kg: n\\uDCFFm\\uDCE9 is not UTF-8, as the name of a store has to be; choose another name.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", [NOT_UTF8, NOT_ASCII])
def test_messages_name_what_is_missing(tmp_path: Path, locale: str, name: bytes) -> None:
    seed = os.fsencode(SEED)
    assert run(tmp_path, locale, b"export", name, b"-o", b"x.nt", code=2).count("\n") == 1
    assert run(tmp_path, locale, b"export", seed, b"-o", name + b"/x.nt", code=1).count("\n") == 1
    assert run(tmp_path, locale, b"query", name + b".rq", b"-d", seed, code=2).count("\n") == 1
