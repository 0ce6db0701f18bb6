"""The contents of zip archives in parts: what zipfile says of the same archive, whatever is in its table."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from kg import contents as module
from kg.contents import contents, is_wanted

NAMES = [f"{number:03}.json" for number in range(20)]
OTHERS = ["a/", "a/.hidden", "__MACOSX/001.json", "a/é.json", "a/\x1b.json"]


def zipped(names: list[str], change: Callable[[zipfile.ZipInfo], None] = lambda _: None, comment: bytes = b"") -> bytes:
    """An archive with a little in each file."""
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(file, "w") as archive:  # of the same name
        archive.comment = comment
        for name in names:
            info = zipfile.ZipInfo(name)
            change(info)
            archive.writestr(info, name * 9, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def shuffled() -> list[str]:
    names = NAMES + OTHERS
    random.Random(1).shuffle(names)
    return names


def turned() -> bytes:
    """An archive whose table stands in another order than its files do."""
    data = zipped(NAMES)
    begin = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entries = [b"PK\x01\x02" + entry for entry in data[begin:end].split(b"PK\x01\x02")[1:]]
    return data[:begin] + b"".join(reversed(entries)) + data[end:]


def at_the_same_place() -> bytes:
    """An archive whose last file stands where its first does."""
    data = bytearray(zipped(NAMES))
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 42, 0)
    return bytes(data)


def into_the_table() -> bytes:
    """An archive whose last file goes on behind where its table begins."""
    data = bytearray(zipped(NAMES))
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 20, 99)
    return bytes(data)


def more(info: zipfile.ZipInfo) -> None:
    """What Info-ZIP says more of a file, and a comment."""
    info.extra = struct.pack("<HHBI", 0x5455, 5, 1, 0) + struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, 0, 4, 0)
    info.comment = b"said of it"


ARCHIVES = {
    "in order": zipped(NAMES),
    "with others": zipped(sorted(NAMES + OTHERS)),
    "shuffled": zipped(shuffled()),
    "table in another order": turned(),
    "with more": zipped(NAMES, more),
    "the same name": zipped(["a", "b", "b", "c"]),
    "one": zipped(["a"]),
}
ODD = {
    "comment": zipped(NAMES, comment=b"said of the archive"),
    "before it": b"something else" + zipped(NAMES),
    "the same place": at_the_same_place(),
    "reaches into the table": into_the_table(),
    "two sizes": zipped(NAMES, lambda info: setattr(info, "extra", 2 * struct.pack("<HHQ", 1, 8, 9))),
    "name in Unicode": zipped(NAMES, lambda info: setattr(info, "extra", struct.pack("<HHBI", 0x7075, 5, 1, 0))),
    "name that ends early": zipped(["a-b", "b"]).replace(b"a-b", b"a\0b"),
}


def said(info: zipfile.ZipInfo) -> list[Any]:
    """All that zipfile knows of a file."""
    return [getattr(info, name, None) for name in zipfile.ZipInfo.__slots__]


def whole(data: bytes) -> list[list[Any]]:
    """What zipfile says of the files that are wanted."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = sorted(archive.infolist(), key=lambda info: info.filename)
        return [said(info) for info in found if is_wanted(info.filename)]


def in_parts(data: bytes, span: slice = module.ALL) -> list[list[Any]]:
    return [said(info) for _, info in contents(io.BytesIO(data)).files(span)]


@pytest.fixture(params=[1, 3, 1 << 13], autouse=True)
def part(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many files at once."""
    monkeypatch.setattr(module, "PART", request.param)
    monkeypatch.setattr(module, "_CHUNK", 100)
    return cast("int", request.param)


@pytest.mark.parametrize("data", [*ARCHIVES.values(), *ODD.values()], ids=[*ARCHIVES, *ODD])
def test_parts_say_what_the_whole_says(data: bytes) -> None:
    assert in_parts(data) == whole(data)
    assert in_parts(data, slice(2, 9)) == whole(data)[2:9]
    found = contents(io.BytesIO(data))
    assert len(found) == len(whole(data))
    assert found.packed == sum(info.compress_size for _, info in found.files())


@pytest.mark.parametrize("name", ARCHIVES)
def test_files_are_read_from_the_archives_that_have_them(name: str, part: int) -> None:
    most = 0
    for archive, info in contents(io.BytesIO(ARCHIVES[name])).files():
        assert archive.read(info) == info.filename.encode() * 9
        most = max(most, len(archive.infolist()))
    assert most <= 2 * part, "more is in memory than the files of a part and what stands behind them"


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_left_to_zipfile(name: str) -> None:
    data = ODD[name]
    for archive, _ in contents(io.BytesIO(data)).files():
        assert len(archive.infolist()) == data.count(b"PK\x01\x02")


def test_a_part_is_bounded_by_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def said_much(info: zipfile.ZipInfo) -> None:
        info.comment = b"x" * 200

    monkeypatch.setattr(module, "PART", 1 << 13)
    monkeypatch.setattr(module, "_CHUNK", 1000)
    monkeypatch.setattr(module, "_STEP", 300)
    data = zipped(NAMES, said_much)
    assert in_parts(data) == whole(data)
    assert {len(archive.infolist()) for archive, _ in contents(io.BytesIO(data)).files()} == {4, 2}


def test_overlapping_files_are_refused_as_in_a_whole() -> None:
    """By the versions of Python that do so: what stands behind a file is known, if it is in no part with it."""
    data = bytearray(zipped(NAMES))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 20, 1 << 10)
    assert outcome(bytes(data), in_parts, read=True) == outcome(bytes(data), whole, read=True)


def outcome(data: bytes, how: Callable[[bytes], Any], *, read: bool = False) -> Any:
    """What comes of an archive: what is said of its files, and what they hold or why that cannot be read."""
    try:
        found = how(data)
        return found, [*_read(data, how)] if read else []
    except Exception as error:  # zipfile raises whatever it likes
        return type(error), str(error)


def _read(data: bytes, how: Callable[[bytes], Any]) -> Iterator[Any]:
    if how is whole:
        archive = zipfile.ZipFile(io.BytesIO(data))
        files = [(archive, i) for i in sorted(archive.infolist(), key=lambda i: i.filename) if is_wanted(i.filename)]
    else:
        files = [*contents(io.BytesIO(data)).files()]
    for archive, info in files:
        try:
            yield archive.read(info)
        except Exception as error:  # zipfile raises whatever it likes
            yield type(error)


def test_damaged_tables_say_what_they_say_to_zipfile(part: int) -> None:
    chance = random.Random(part)
    changed = 0
    for data in (ARCHIVES["with others"], ARCHIVES["with more"], ARCHIVES["table in another order"]):
        begin = data.index(b"PK\x01\x02")
        expected = outcome(data, whole, read=True)
        for _ in range(300):
            broken = bytearray(data)
            for _ in range(chance.choice([1, 1, 1, 2, 4])):
                broken[chance.randrange(begin, len(data))] = chance.choice(
                    [0, 1, 0x2F, 0x7F, 0xFF, chance.randrange(256)]
                )
            if chance.random() < 0.1:
                del broken[chance.randrange(begin, len(data)) :]
            found = outcome(bytes(broken), whole, read=True)
            assert outcome(bytes(broken), in_parts, read=True) == found
            changed += found != expected
    assert changed > 300


def test_a_large_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files more than 4 GiB behind its beginning, which is a hole, and more of them than 16 bits can tell."""
    monkeypatch.setattr(module, "PART", 1 << 13)
    monkeypatch.setattr(module, "_CHUNK", 1 << 20)
    with (tmp_path / "a.zip").open("wb") as file:
        file.seek(5 << 30)
        with zipfile.ZipFile(file, "w") as archive:
            for number in range(1 << 16):
                archive.writestr(f"{number:05}", b"last" if number == (1 << 16) - 1 else b"")
    with (tmp_path / "a.zip").open("rb") as file:
        found = contents(file)
        assert len(found) == 1 << 16
        most, last = 0, ""
        for archive, info in found.files():
            assert last < info.filename
            most, last = max(most, len(archive.infolist())), info.filename
        assert most <= (1 << 13) + 1
        (archive, info), *_ = found.files(slice((1 << 16) - 1, None))
        assert archive.read(info) == b"last"
        assert info.header_offset > 5 << 30
