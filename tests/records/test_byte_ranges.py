"""Small files and members of archives that are read from their byte ranges give the same studies and problems."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from kg.errors import InputError
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.run import export
from kg.export.stream import exports
from kg.records.byte_ranges import RangeReader
from kg.records.chunks import Chunk, WholeFile, read_chunks
from tests.conftest import DATA

SHIPPED = sorted((DATA / "studies").glob("*.json"))[:3]


def study(number: int) -> bytes:
    """Return the JSON of a small study."""
    return b'{"protocolSection": {"identificationModule": {"nctId": "NCT%08d", "briefTitle": "A \xc3\xa9"}}}' % number


ODD = {
    "a.json": study(1),
    "array.json": b"[" + study(2) + b",\n" + study(3) + b"]\n",
    "bom.json": b"\xef\xbb\xbf" + study(4),
    "broken.json": study(5)[:60] + b"\n" + study(6),
    "bytes.json": study(7).replace(b"\xc3", b"\xff"),
    "closed.json": study(8) + b"]\n",
    "empty.json": b"",
    "empty_list.json": b"[]",
    "field.json": study(9).replace(b'"A \xc3\xa9"', b"[1]"),
    "gap.json": b" \n" + study(10),
    "garbage.json": study(11) + b"xyz",
    "gz.json": gzip.compress(study(12)),
    "legacy.json": b'{"FullStudiesResponse": {"FullStudies": []}}',
    "lines.jsonl": study(13) + b"\n" + study(14) + b"\n",
    "nested.json": study(15)[:-1] + b', "more": [{"protocolSection": {}}]}',
    "no_study.json": b'{"a": 1}',
    "page.json": b'{"studies": [' + study(16) + b'], "nextPageToken": "x"}',
    "python.txt": b"{'protocolSection': {'identificationModule': {'nctId': 'NCT00000017', 'briefTitle': None}}}",
    "text.txt": b"no JSON at all",
    "twice.json": study(18) + study(19),
    "unclosed.json": b"[" + study(20) + b",\n",
    "utf16.json": study(21).decode().encode("utf-16"),
    "without_number.json": study(22).replace(b"NCT00000022", b"N/A"),
}


def folder(tmp_path: Path) -> Path:
    """Create a folder of files of all kinds."""
    path = tmp_path / "odd"
    path.mkdir()
    for name, data in ODD.items():
        (path / name).write_bytes(data)
    return path


def archive(tmp_path: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Create a zip archive of the same files."""
    path = tmp_path / f"odd{method}.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in ODD.items():
            file.writestr(name, data)
    return path


def streamed(tmp_path: Path) -> Path:
    """Create a zip archive as written to a pipe, with the sizes after the members."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    pipe, path = Pipe(), tmp_path / "streamed.zip"
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in ODD.items():
            file.writestr(name, data)
    path.write_bytes(pipe.getvalue())
    return path


def damaged(change: Callable[[bytearray, zipfile.ZipInfo], None]) -> Callable[[Path], Path]:
    """Return a function that creates an archive with one inconsistent member."""

    def make(tmp_path: Path) -> Path:
        path = archive(tmp_path)
        with zipfile.ZipFile(path) as file:
            info = file.getinfo("twice.json")
        data = bytearray(path.read_bytes())
        change(data, info)
        path.write_bytes(data)
        return path

    return make


def directory_entry(data: bytearray, info: zipfile.ZipInfo) -> int:
    """Return the offset of a member in the directory of the archive."""
    return data.rindex(b"PK\x01\x02", 0, data.rindex(info.filename.encode()))


def wrong_name(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset + 30] ^= 1


def wrong_signature(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset] ^= 1


def wrong_bytes(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset + 30 + len(info.filename) + info.compress_size - 4] ^= 8


def wrong_checksum(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[directory_entry(data, info) + 16] ^= 1


def wrong_size(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[directory_entry(data, info) + 24] += 1


def smaller(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[directory_entry(data, info) + 24] -= 1


def encrypted(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[directory_entry(data, info) + 8] |= 1


def wrong_offset(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[directory_entry(data, info) + 45] = 0x7F


def data_descriptor_flag(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset + 7] ^= 8


INPUTS: dict[str, Callable[[Path], Path]] = {
    "folder": folder,
    "deflated": archive,
    "stored": lambda path: archive(path, zipfile.ZIP_STORED),
    "bzip2": lambda path: archive(path, zipfile.ZIP_BZIP2),
    "streamed": streamed,
    **{
        change.__name__: damaged(change)
        for change in (
            wrong_name,
            wrong_signature,
            wrong_bytes,
            wrong_checksum,
            wrong_size,
            smaller,
            encrypted,
            wrong_offset,
            data_descriptor_flag,
        )
    },
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", INPUTS)
def test_byte_ranges_give_the_same_exports_and_problems(name: str, jobs: int, tmp_path: Path) -> None:
    """As streams read one after another, with :mod:`zipfile`."""
    source = INPUTS[name](tmp_path)
    problems: list[InputError] = []
    expected = b"".join(exported.data for _, exported in exports([source], Exporter(), problems.append))
    found_problems: list[InputError] = []
    export([source], tmp_path / "x.nt", jobs=jobs, report=Report(on_problem=found_problems.append))
    assert (tmp_path / "x.nt").read_bytes() == expected
    assert [str(error) for error in found_problems] == [str(error) for error in problems]
    assert expected.count(b"> <http://purl.org/dc/terms/identifier> ") > 12


def test_most_files_are_byte_ranges(tmp_path: Path) -> None:
    alone = {"a.json", "array.json", "page.json", "broken.json", "python.txt", "without_number.json"}
    other = {"bom.json", "empty.json", "gap.json", "gz.json", "text.txt", "utf16.json"}
    for source in (folder(tmp_path), archive(tmp_path), archive(tmp_path, zipfile.ZIP_STORED), streamed(tmp_path)):
        found = {
            re.split("[!/]", item.file)[-1] for item in read_chunks([source], print) if isinstance(item, WholeFile)
        }
        assert alone <= found
        assert not found & other
    found = [type(item) for item in read_chunks([archive(tmp_path, zipfile.ZIP_BZIP2)], print)]
    assert WholeFile not in found
    assert Chunk in found


def test_a_large_file_is_not_read_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_bytes(ODD["a.json"])
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("b.json", ODD["array.json"])
    monkeypatch.setattr("kg.records.chunks.SMALL", 10)
    monkeypatch.setattr("kg.records.decompress.SMALL", 10)
    assert WholeFile not in {type(item) for item in read_chunks([tmp_path], print)}


def test_progress_includes_files_read_by_other_processes(tmp_path: Path) -> None:
    for source in (folder(tmp_path), archive(tmp_path)):
        sizes: list[int] = []
        list(read_chunks([source], print, sizes.append))
        if source.is_dir():
            assert sum(sizes) == sum(path.stat().st_size for path in source.iterdir())
        else:
            with zipfile.ZipFile(source) as file:
                assert sum(sizes) > sum(info.compress_size for info in file.infolist())


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9])


def replaced(path: Path) -> None:
    other = path.parent.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (truncated, "was truncated while it was read"),
        (replaced, "cannot be read to its end (the file was replaced while it was read)"),
        (Path.unlink, "cannot be read to its end (not found)"),
    ],
)
def test_a_file_that_changes_costs_no_other(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    (tmp_path / "in").mkdir()
    for i, each in enumerate(SHIPPED):
        (tmp_path / "in" / f"{i}.json").write_bytes(each.read_bytes())
    calls = 0

    def progress(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # after its first bytes, before the rest is read
            change(tmp_path / "in" / "1.json")

    problems: list[InputError] = []
    report = Report(on_problem=problems.append)
    export([tmp_path / "in"], tmp_path / "x.nt", progress=progress, report=report)
    assert [str(error) for error in problems if error.kind == "file"] == [f"{tmp_path / 'in' / '1.json'}: {message}."]
    assert report.totals.studies == 2


def test_standard_input_from_a_file_is_read_from_its_position(tmp_path: Path) -> None:
    """It is a regular file without a usable path."""
    for name, data in (("small.json", ODD["a.json"]), ("large.json", study(1) + b"\n" + b" " * (3 << 20) + study(2))):
        (tmp_path / name).write_bytes(data)
        with (tmp_path / name).open("rb") as file:
            command = [sys.executable, "-m", "kg", "export", "-", "-o", str(tmp_path / "x.nt")]
            subprocess.run(command, stdin=file, check=True, capture_output=True)
        assert (tmp_path / "x.nt").read_bytes().count(b"terms/identifier> ") == data.count(b"NCT")
    archive(tmp_path).rename(tmp_path / "a.zip")
    with (tmp_path / "a.zip").open("rb") as file:
        done = subprocess.run([*command[:-1], str(tmp_path / "x.nt")], stdin=file, capture_output=True, check=False)
    assert b"Studies: " in done.stderr
    assert (tmp_path / "x.nt").read_bytes().count(b"terms/identifier> ") > 12


def test_a_file_without_a_size_is_read_to_its_end(tmp_path: Path) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("/proc exists on Linux only")
    with subprocess.Popen([ODD["a.json"], "60"], executable="/bin/sleep") as process:
        report = Report()
        export([f"/proc/{process.pid}/cmdline"], tmp_path / "x.nt", report=report)
        process.kill()
    assert report.totals.studies == 1


def test_escaped_names_in_messages_do_not_fail(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a\x1b.json", ODD["a.json"])
        file.writestr("b.json", ODD["array.json"])
    data = bytearray(path.read_bytes())
    data[data.index(b"NCT00000001")] ^= 1
    path.write_bytes(data)
    problems: list[InputError] = []
    report = Report(on_problem=problems.append)
    export([path], tmp_path / "x.nt", report=report)
    assert report.totals.studies == 2
    assert str(problems[0]) == f"{path}!a\\x1b.json: cannot be read to its end (Bad CRC-32 for file 'a\\x1b.json')."


def test_a_file_deleted_during_the_run_is_reported(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(ODD["a.json"])
    problems: list[InputError] = []
    chunks = read_chunks([tmp_path], problems.append)
    next(chunks)
    (tmp_path / "b.json").unlink()
    assert list(chunks) == []
    assert [str(error) for error in problems] == [f"{tmp_path / 'b.json'}: cannot be read to its end (not found)."]


def test_the_file_of_the_last_range_stays_open(tmp_path: Path) -> None:
    (found,) = [
        item.byte_range for item in read_chunks([_written(tmp_path, "a.json")], print) if isinstance(item, WholeFile)
    ]
    (other,) = [
        item.byte_range
        for item in read_chunks([_written(tmp_path, "array.json")], print)
        if isinstance(item, WholeFile)
    ]
    with RangeReader() as ranges:
        assert orjson.loads(ranges.read(found)) == orjson.loads(ODD["a.json"])
        first = ranges.file(found)
        assert ranges.file(found._replace(at=3)) is first
        assert ranges.read(other) == ODD["array.json"]
        assert first.closed
    assert ranges.read(found) == ODD["a.json"]
    ranges.close()


def _written(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(ODD[name])
    return folder / name
