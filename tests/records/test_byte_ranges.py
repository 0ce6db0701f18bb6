"""Small files and members of archives are read where they are wanted: with the same studies and the same complaints."""

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
    """The JSON of a small study."""
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
    """A folder of files of all kinds."""
    made = tmp_path / "odd"
    made.mkdir()
    for name, data in ODD.items():
        (made / name).write_bytes(data)
    return made


def archive(tmp_path: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The same in a zip archive."""
    made = tmp_path / f"odd{method}.zip"
    with zipfile.ZipFile(made, "w", method) as file:
        for name, data in ODD.items():
            file.writestr(name, data)
    return made


def streamed(tmp_path: Path) -> Path:
    """A zip archive that was written to where nobody could go back, so that sizes stand behind the members."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    pipe, made = Pipe(), tmp_path / "streamed.zip"
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in ODD.items():
            file.writestr(name, data)
    made.write_bytes(pipe.getvalue())
    return made


def damaged(change: Callable[[bytearray, zipfile.ZipInfo], None]) -> Callable[[Path], Path]:
    """An archive of which something is changed where a member stands."""

    def make(tmp_path: Path) -> Path:
        made = archive(tmp_path)
        with zipfile.ZipFile(made) as file:
            info = file.getinfo("twice.json")
        data = bytearray(made.read_bytes())
        change(data, info)
        made.write_bytes(data)
        return made

    return make


def of_directory(data: bytearray, info: zipfile.ZipInfo) -> int:
    """Where the directory of the archive speaks of a member."""
    return data.rindex(b"PK\x01\x02", 0, data.rindex(info.filename.encode()))


def wrong_name(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset + 30] ^= 1


def wrong_mark(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset] ^= 1


def wrong_bytes(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[info.header_offset + 30 + len(info.filename) + info.compress_size - 4] ^= 8


def wrong_sum(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[of_directory(data, info) + 16] ^= 1


def wrong_size(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[of_directory(data, info) + 24] += 1


def smaller(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[of_directory(data, info) + 24] -= 1


def encrypted(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[of_directory(data, info) + 8] |= 1


def wrong_offset(data: bytearray, info: zipfile.ZipInfo) -> None:
    data[of_directory(data, info) + 45] = 0x7F


def other_flag(data: bytearray, info: zipfile.ZipInfo) -> None:
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
            wrong_mark,
            wrong_bytes,
            wrong_sum,
            wrong_size,
            smaller,
            encrypted,
            wrong_offset,
            other_flag,
        )
    },
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", INPUTS)
def test_what_is_read_where_it_is_wanted_says_the_same(name: str, jobs: int, tmp_path: Path) -> None:
    """As what is read one after another, by what reads every kind of archive."""
    given = INPUTS[name](tmp_path)
    told: list[InputError] = []
    one_by_one = b"".join(exported.data for _, exported in exports([given], Exporter(), told.append))
    also: list[InputError] = []
    export([given], tmp_path / "x.nt", jobs=jobs, report=Report(on_problem=also.append))
    assert (tmp_path / "x.nt").read_bytes() == one_by_one
    assert [str(error) for error in also] == [str(error) for error in told]
    assert one_by_one.count(b"> <http://purl.org/dc/terms/identifier> ") > 12


def test_most_are_read_where_they_are_wanted(tmp_path: Path) -> None:
    alone = {"a.json", "array.json", "page.json", "broken.json", "python.txt", "without_number.json"}
    other = {"bom.json", "empty.json", "gap.json", "gz.json", "text.txt", "utf16.json"}
    for given in (folder(tmp_path), archive(tmp_path), archive(tmp_path, zipfile.ZIP_STORED), streamed(tmp_path)):
        found = {re.split("[!/]", item.file)[-1] for item in read_chunks([given], print) if isinstance(item, WholeFile)}
        assert alone <= found
        assert not found & other
    found = [type(item) for item in read_chunks([archive(tmp_path, zipfile.ZIP_BZIP2)], print)]
    assert WholeFile not in found
    assert Chunk in found


def test_a_large_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_bytes(ODD["a.json"])
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("b.json", ODD["array.json"])
    monkeypatch.setattr("kg.records.chunks.SMALL", 10)
    monkeypatch.setattr("kg.records.decompress.SMALL", 10)
    assert WholeFile not in {type(item) for item in read_chunks([tmp_path], print)}


def test_progress_is_told_of_what_is_read_elsewhere(tmp_path: Path) -> None:
    for given in (folder(tmp_path), archive(tmp_path)):
        told: list[int] = []
        list(read_chunks([given], print, told.append))
        if given.is_dir():
            assert sum(told) == sum(each.stat().st_size for each in given.iterdir())
        else:
            with zipfile.ZipFile(given) as file:
                assert sum(told) > sum(info.compress_size for info in file.infolist())


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9])


def replaced(path: Path) -> None:
    other = path.parent.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (truncated, "was truncated while it was read"),
        (replaced, "cannot be read to its end (the file was replaced while it was read)"),
        (Path.unlink, "cannot be read to its end (not found)"),
    ],
)
def test_a_small_file_that_changes_is_lost_alone(tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    (tmp_path / "in").mkdir()
    for i, each in enumerate(SHIPPED):
        (tmp_path / "in" / f"{i}.json").write_bytes(each.read_bytes())
    calls = 0

    def progress(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # it was looked at, and is not read yet
            change(tmp_path / "in" / "1.json")

    told: list[InputError] = []
    report = Report(on_problem=told.append)
    export([tmp_path / "in"], tmp_path / "x.nt", progress=progress, report=report)
    assert [str(error) for error in told if error.kind == "file"] == [f"{tmp_path / 'in' / '1.json'}: {said}."]
    assert report.totals.studies == 2


def test_standard_input_that_is_a_file_is_read_from_where_it_stands(tmp_path: Path) -> None:
    """It has a file, and no path that leads there."""
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


def test_a_file_that_does_not_tell_its_size_is_read_to_its_end(tmp_path: Path) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("/proc is a thing of Linux")
    with subprocess.Popen([ODD["a.json"], "60"], executable="/bin/sleep") as process:
        report = Report()
        export([f"/proc/{process.pid}/cmdline"], tmp_path / "x.nt", report=report)
        process.kill()
    assert report.totals.studies == 1


def test_a_name_with_a_backslash_in_its_message_costs_no_run(tmp_path: Path) -> None:
    made = tmp_path / "a.zip"
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a\x1b.json", ODD["a.json"])
        file.writestr("b.json", ODD["array.json"])
    data = bytearray(made.read_bytes())
    data[data.index(b"NCT00000001")] ^= 1
    made.write_bytes(data)
    told: list[InputError] = []
    report = Report(on_problem=told.append)
    export([made], tmp_path / "x.nt", report=report)
    assert report.totals.studies == 2
    assert str(told[0]) == f"{made}!a\\x1b.json: cannot be read to its end (Bad CRC-32 for file 'a\\x1b.json')."


def test_a_file_that_goes_while_others_are_read_is_told_of(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(ODD["a.json"])
    told: list[InputError] = []
    chunks = read_chunks([tmp_path], told.append)
    next(chunks)
    (tmp_path / "b.json").unlink()
    assert list(chunks) == []
    assert [str(error) for error in told] == [f"{tmp_path / 'b.json'}: cannot be read to its end (not found)."]


def test_the_file_of_the_last_place_stays_open(tmp_path: Path) -> None:
    (found,) = [
        item.byte_range for item in read_chunks([_written(tmp_path, "a.json")], print) if isinstance(item, WholeFile)
    ]
    (other,) = [
        item.byte_range
        for item in read_chunks([_written(tmp_path, "array.json")], print)
        if isinstance(item, WholeFile)
    ]
    with RangeReader() as places:
        assert orjson.loads(places.read(found)) == orjson.loads(ODD["a.json"])
        first = places.file(found)
        assert places.file(found._replace(at=3)) is first
        assert places.read(other) == ODD["array.json"]
        assert first.closed
    assert places.read(found) == ODD["a.json"]
    places.close()


def _written(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(ODD[name])
    return folder / name
