"""Inputs from public bug reports that were rejected, called broken JSON, or exported as if complete.

Studies inside other JSON, pages of longer results, values boxed by R, Python literals, compressed files and archives,
wrong encodings, and files that hold no studies at all.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pprint
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kg.cli import main
from kg.errors import Incomplete, InputError, Skipped, UsageError
from kg.export.report import Report
from kg.export.run import export
from kg.records import splitter
from kg.records.boxed import unboxed
from kg.records.reader import read, split
from tests.conftest import STUDIES

TITLE = "A title that is long enough to be wrapped by pprint over several lines, of eighty columns each, as it's said"


def study(number: int, **more: Any) -> dict[str, Any]:
    identification = {"nctId": f"NCT{number:08}", "briefTitle": f"{TITLE} {number}"}
    return {"protocolSection": {"identificationModule": identification}, "hasResults": False, **more}


TWO = [study(1), study(2)]
INDEXED = [{"index": i, **each} for i, each in enumerate(TWO)]
WITH_ID = [{"_id": {"$oid": "7"}, **each} for each in TWO]
WRAPPERS: dict[str, Any] = {
    "page with an own key": {"apiVersion": "2.0.4", "studies": TWO},
    "page with an own key, last": {"studies": TWO, "meta": {"took": [1, {"a": {}}]}, "ok": True},
    "table of pandas": {"schema": {"fields": [{"name": "index"}], "primaryKey": ["index"]}, "data": INDEXED},
    "columns and rows": {"columns": ["protocolSection", "x"], "rows": TWO, "numbers": [1, 2.5, None]},
    "search engine": {
        "took": 5,
        "timed_out": False,
        "_shards": {"total": 1},
        "hits": {"total": {"value": 2}, "hits": [{"_index": "a", "_id": "7", "_source": each} for each in TWO]},
    },
    "search engine, own keys": {"hits": {"hits": [{"_id": "7", "_source": each} for each in WITH_ID]}},
    "dictionary by number": {each["protocolSection"]["identificationModule"]["nctId"]: each for each in TWO},
    "dictionary by number, own keys": {f"NCT0000000{i + 1}": each for i, each in enumerate(WITH_ID)},
    "dictionary of lists": {"cancer": [TWO[0]], "none": [], "diabetes": {"studies": [TWO[1]]}},
    "JSON-RPC": {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": json.dumps(TWO)}]}},
    "tool output": {"content": [{"text": "2 studies:\n```json\n" + json.dumps({"studies": TWO}, indent=2) + "\n```"}]},
    "tool output in Python": {"output": f"[page]\n{TWO!r}"},
    "list of responses": [{"status": 200, "body": TWO[0]}, {"status": 200, "body": json.dumps(TWO[1])}],
    "nested lists": [[[TWO[0]], [[TWO[1]]]]],
}
FORMS: dict[str, Callable[[Any], str]] = {
    "compact": lambda value: json.dumps(value, separators=(",", ":")),
    "spaced": json.dumps,
    "indented": lambda value: json.dumps(value, indent=2),
    "CRLF": lambda value: json.dumps(value, indent=1).replace("\n", "\r\n"),
}


def run(data: bytes | str, size: int = 1 << 20, name: str = "a.json") -> tuple[list[dict[str, Any]], list[InputError]]:
    lost: list[InputError] = []
    raw = data.encode() if isinstance(data, str) else data
    chunks = (raw[at : at + size] for at in range(0, len(raw), size))
    return [record.data for record in split(chunks, name, lost.append)], lost


def plain(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sections of records, without keys that are not theirs."""
    return [{key: value for key, value in record.items() if key not in ("index", "_id")} for record in records]


# -- studies inside other JSON ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("size", [1, 37, 1 << 20])
def test_studies_are_found_in_other_json(monkeypatch: pytest.MonkeyPatch, wrapper: str, form: str, size: int) -> None:
    monkeypatch.setattr(splitter, "SIZE", size)
    records, lost = run(FORMS[form](WRAPPERS[wrapper]), size)
    assert plain(records) == TWO
    assert [type(error) for error in lost] in ([], [Skipped])


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_lines_of_other_json(wrapper: str) -> None:
    records, lost = run("\n".join([json.dumps(WRAPPERS[wrapper])] * 3))
    assert plain(records) == TWO * 3
    assert [type(error) for error in lost] in ([], [Skipped])


def test_long_texts_take_linear_time() -> None:
    many = json.dumps([study(i, derivedSection={"x": "y" * 9000}) for i in range(1500)])
    assert len(run(json.dumps({"text": many}))[0]) == 1500
    assert run(json.dumps({"text": many})[:-3])[0] == []


def test_what_surrounds_studies_is_reported_once() -> None:
    _, lost = run(json.dumps(WRAPPERS["search engine"]))
    assert [str(error) for error in lost] == [
        'a.json: holds other JSON around its studies, which is not exported ("took", "timed_out", "_shards", "total", '
        '"_index").'
    ]


@pytest.mark.parametrize("wrapper", ["table of pandas", "search engine, own keys", "dictionary by number, own keys"])
def test_common_shapes_are_streamed(monkeypatch: pytest.MonkeyPatch, wrapper: str) -> None:
    """Where no study starts with a section, so that a text is not split at the starts of studies."""
    monkeypatch.setattr(splitter, "SIZE", 500)
    monkeypatch.setattr(splitter, "UNSPLIT", 4000)
    monkeypatch.setattr(splitter, "MAX_RECORD", 12_000)
    many = [{"_id": i, **study(i)} for i in range(200)]
    value: Any = {
        "table of pandas": {"schema": {"fields": [{"name": "a"}]}, "data": many},
        "search engine, own keys": {"took": 1, "hits": {"hits": [{"_id": "7", "_source": each} for each in many]}},
        "dictionary by number, own keys": {f"NCT{i:08}": each for i, each in enumerate(many)},
    }[wrapper]
    records, lost = run(json.dumps(value), 700)
    assert plain(records) == plain(many)
    assert [type(error) for error in lost] in ([], [Skipped])


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("wrapper", ["page with an own key", "search engine", "dictionary by number"])
def test_a_large_wrapper_is_exported_by_several_processes(tmp_path: Path, wrapper: str, jobs: int) -> None:
    many = [study(i, derivedSection={"x": "y" * 9000}) for i in range(700)]
    value: Any = {
        "page with an own key": {"apiVersion": "2", "studies": many, "end": [1]},
        "search engine": {"hits": {"hits": [{"_source": each, "_score": 1.5} for each in many]}},
        "dictionary by number": {f"NCT{i:08}": each for i, each in enumerate(many)},
    }[wrapper]
    (tmp_path / "a.json").write_text(json.dumps(value))
    report = export([tmp_path / "a.json"], tmp_path / "a.nt", jobs=jobs)
    assert (report.totals.studies, report.rejected) == (700, 0)


BROKEN = {
    "cut between": ('{"apiVersion": "2", "studies": [' + json.dumps(TWO[0]) + ",", 1),
    "cut in a study": (json.dumps({"x": 1, "data": [TWO[0], TWO[1]]})[:-30], 1),
    "no value": ('{"apiVersion": , "studies": [' + json.dumps(TWO[0]) + "]}", 1),
    "another element": (json.dumps({"x": 1, "data": [TWO[0], 5, TWO[1]]}), 2),
    "cut in a study with an own key": (json.dumps({"x": 1, "data": WITH_ID})[:-30], 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_still_reported(name: str) -> None:
    text, count = BROKEN[name]
    records, lost = run(text)
    assert len(records) == count
    assert any(not isinstance(error, Skipped | Incomplete) for error in lost)


def test_json_without_studies_is_not_called_broken() -> None:
    for value in ({"error": {"code": 400}}, [{"a": 1}, {"b": [2]}], {"a": {"b": []}}, {}, [1, 2], {"x": "y"}):
        records, lost = run(json.dumps(value))
        assert records == []
        assert len(lost) == 1
        assert "is JSON without a study record (an object with protocolSection); it starts with" in str(lost[0])


# -- pages ------------------------------------------------------------------------------------------------------


def page(studies: list[Any], token: str | None = None, total: int | None = None, **more: Any) -> str:
    value = {**more, "studies": studies, "nextPageToken": token, "totalCount": total}
    return json.dumps({key: value for key, value in value.items() if value is not None})


def incomplete(*paths: Path) -> list[str]:
    lost: list[InputError] = []
    list(read(paths, lost.append))
    assert all(isinstance(error, Incomplete | Skipped) for error in lost)
    return [str(error) for error in lost if isinstance(error, Incomplete)]


@pytest.mark.parametrize("extra", [{}, {"apiVersion": "2"}])
def test_a_page_of_a_longer_result_is_a_warning(tmp_path: Path, extra: dict[str, str]) -> None:
    path = tmp_path / "page.json"
    path.write_text(page(TWO, "NF0g5", 3454, **extra))
    (message,) = incomplete(path)
    assert "3,452 of 3,454 studies of its result are on other pages" in message
    assert "kg fetch" in message
    path.write_text(page(TWO, "NF0g5", **extra))
    assert "has a nextPageToken, so more studies may be on other pages" in incomplete(path)[0]
    path.write_text(repr(json.loads(page(TWO, "NF0g5", 3454))))
    assert "3,452 of 3,454" in incomplete(path)[0]
    for text in (page(TWO, None, 2), page(TWO, "a", 2), page(TWO), page([], None, 0), json.dumps(TWO)):
        path.write_text(text)
        assert incomplete(path) == []


def test_the_pages_of_a_folder_belong_together(tmp_path: Path) -> None:
    pages = [page([study(i)], f"t{i}" if i < 3 else None, 3 if i == 1 else None) for i in (1, 2, 3)]
    for i, text in enumerate(pages):
        (tmp_path / f"{i}.json").write_text(text)
    assert incomplete(tmp_path) == []
    (tmp_path / "all.jsonl").write_text("\n".join(pages))
    assert incomplete(tmp_path / "all.jsonl") == []
    (tmp_path / "all.jsonl").unlink()
    (tmp_path / "2.json").unlink()
    (message,) = incomplete(tmp_path)
    assert "1 of 3 studies" in message
    (tmp_path / "0.json").write_text(page([study(1)], "t1"))
    (message,) = incomplete(tmp_path)
    assert message.startswith(str(tmp_path / "1.json") + ": has a nextPageToken")


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_incomplete_page_is_in_the_report_and_refused_by_strict_runs(tmp_path: Path, jobs: int) -> None:
    path, output = tmp_path / "page.json", tmp_path / "out.nt"
    path.write_text(page([study(i, derivedSection={"x": "y" * 9000}) for i in range(400)], "token", 1000))
    report = Report()
    export([path], output, manifest=True, jobs=jobs, report=report)
    assert (report.totals.studies, report.incomplete, report.lossless) == (400, 1, True)
    assert "1 incomplete result" in report.summary()
    assert json.loads((tmp_path / "out.nt.manifest.json").read_text())["incomplete"] == 1
    output.unlink()
    with pytest.raises(Incomplete, match="600 of 1,000"):
        export([path], output, strict=True, jobs=jobs)
    assert not output.exists()


# -- values -----------------------------------------------------------------------------------------------------


def boxed(value: Any) -> Any:
    """Write a value as jsonlite does without auto_unbox."""
    if isinstance(value, dict):
        return {key: boxed(member) for key, member in value.items()}
    if isinstance(value, list):
        return [boxed(member) if isinstance(member, dict | list) else member for member in value]
    return [value]


def test_values_boxed_by_r_are_unboxed(studies: list[dict[str, Any]]) -> None:
    assert [unboxed(boxed(each)) for each in studies] == studies
    records, lost = run(json.dumps({"studies": boxed(studies[:2]), "nextPageToken": ["t"], "totalCount": [7]}))
    assert records == studies[:2]
    assert "5 of 7 studies" in str(lost[0])


def test_python_literals_of_pages(studies: list[dict[str, Any]]) -> None:
    value = {"studies": studies[:3], "nextPageToken": None}
    for text in (repr(value), pprint.pformat(value), pprint.pformat(value, indent=4, width=40), f"Page: 1\n{value!r}"):
        records, lost = run(text, name="a.txt")
        assert [{k: v for k, v in record.items() if k != "pageHeader"} for record in records] == studies[:3]
        assert lost == []


# -- compression and archives -----------------------------------------------------------------------------------

CONTENT = json.dumps(TWO).encode()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ARCHIVE = {"./README.md": b"# Studies\n", "a/1.json": CONTENT, "a/._x": b"hidden", "b.json.gz": gzip.compress(CONTENT)}
PACKED: dict[str, tuple[bytes, int]] = {
    "bz2": (bz2.compress(CONTENT), 2),
    "bz2, two streams": (bz2.compress(CONTENT) + bz2.compress(CONTENT), 4),
    "xz": (lzma.compress(CONTENT), 2),
    "xz, padded": (lzma.compress(CONTENT) + bytes(8) + lzma.compress(CONTENT), 4),
    "bz2 in gz": (gzip.compress(bz2.compress(CONTENT)), 2),
    "tar": (tarred(ARCHIVE), 4),
    "tar.gz": (gzip.compress(tarred(ARCHIVE)), 4),
    "tar.bz2": (bz2.compress(tarred(ARCHIVE)), 4),
    "tar.xz": (lzma.compress(tarred(ARCHIVE)), 4),
    "zip with others": (
        zipped({"README.md": b"# Data", "manifest.json": b'{"created": "x"}', "LICENSE": b"MIT", "a": CONTENT}),
        2,
    ),
    "zip of bz2": (zipped({"a.json.bz2": bz2.compress(CONTENT)}), 2),
}


@pytest.mark.parametrize("name", PACKED)
def test_compressed_files_and_archives(tmp_path: Path, name: str) -> None:
    content, count = PACKED[name]
    (tmp_path / "a").write_bytes(content)
    report = export([tmp_path / "a"], tmp_path / "a.nt", jobs=2, strict=True)
    assert (report.read, report.rejected) == (count, 0)
    assert report.skipped == (1 if "tar" in name else 3 if "others" in name else 0)


@pytest.mark.parametrize("name", ["bz2", "xz", "tar", "tar.gz", "tar.bz2"])
def test_a_truncated_file_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(PACKED[name][0][:-1100] if "tar" in name else PACKED[name][0][:-20])
    lost: list[InputError] = []
    list(read([tmp_path / "a"], lost.append))
    assert any(not isinstance(error, Skipped) for error in lost) == (name != "tar")  # only its end is missing


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_bombs_are_rejected(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "a").write_bytes(pack(bytes(80 << 20)))
    lost: list[InputError] = []
    assert list(read([tmp_path / "a"], lost.append)) == []
    assert len(lost) == 1


def test_failed_downloads_in_an_archive_are_errors(tmp_path: Path) -> None:
    files = {"NCT00000001.txt": b"nothing", "2.json": b"Too Many Requests", "3.json": b'{"error": "x"}', "4.json": b""}
    (tmp_path / "a.zip").write_bytes(zipped({**files, "a.json": CONTENT}))
    report = export([tmp_path / "a.zip"], tmp_path / "a.nt")
    assert (report.rejected, report.skipped, report.read) == (4, 0, 2)


# -- files without studies --------------------------------------------------------------------------------------

OTHERS = {
    "api-error.txt": ("`query.recrs` is unknown parameter\n", 'message and no study record ("`query.recrs` is unknown'),
    "busy.json": ("Too Many Requests", "repeat the download, or use kg fetch"),
    "challenge.html": (
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>",
        'is a web page that checks for bots or refuses access ("Just a moment...")',
    ),
    "site.html": ("<html><head><title>Search</title></head></html>", 'is a web page without a study record ("Search")'),
    "ctg-studies.csv": (
        "\ufeffNCT Number,Study Title,Study URL\r\nNCT00000001,A,https://clinicaltrials.gov/study/NCT00000001\r\n",
        "is a CSV download of the site, which lacks most fields; choose JSON",
    ),
    "aact.txt": ("nct_id|nlm_download_date_description|study_type\nNCT00000001|x|y\n", "pipe-separated table of AACT"),
    "conditions.txt": ("id|nct_id|name|downcase_name\n1|NCT00000001|A|a\n", "pipe-separated table of AACT"),
    "old.xml": ('<?xml version="1.0"?>\n<clinical_study rank="1"></clinical_study>', "is XML of the registry's former"),
    "old.json": ('{"FullStudiesResponse": {"APIVrs": "1.01.05"}}', "API that was shut down in June 2024"),
    "graph.xyz": ("@prefix ct: <https://w3id.org/trialkg/ontology#> .\n", "is RDF, not study records"),
    "lfs.json": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "run git lfs pull"),
    "a.pdf": ("%PDF-1.4\n{}", "is a PDF file"),
    "citations.ris": ("TY  - JOUR\nTI  - A\n", "is citations in the RIS format"),
    "empty.json": ("", "is empty"),
}


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_without_studies_is_named_in_one_sentence(tmp_path: Path, name: str) -> None:
    text, message = OTHERS[name]
    (tmp_path / name).write_text(text, "utf-8", newline="")
    result = command("export", tmp_path / name, "-o", tmp_path / "out.nt")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert message in line
    assert line.startswith(f"kg: {tmp_path / name}: is ")
    assert not (tmp_path / "out.nt").exists()


def test_a_byte_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    text = json.dumps([study(1), {**study(2), "derivedSection": {"a": "\xc9tude"}}], ensure_ascii=False)
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    lost: list[InputError] = []
    assert len(list(read([tmp_path / "a.json"], lost.append))) == 1
    assert [str(error) for error in lost] == [
        f"{tmp_path / 'a.json'}, record 2, NCT00000002: is not UTF-8 (byte 0xC9 at byte {text.index(chr(0xC9))}); "
        "convert the file, as with iconv -f latin1 -t utf-8."
    ]


def test_a_number_of_a_study_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"get its record with kg fetch NCT02059759 -o NCT02059759\.jsonl\."):
        read(["nct02059759"], lambda _: None)
    assert command("export", "NCT02059759", "-o", "x.nt").exit_code == 2
    Path("NCT02059759").write_bytes(STUDIES[0].read_bytes())
    assert len(list(read(["NCT02059759"], lambda _: None))) == 1
