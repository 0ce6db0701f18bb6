"""Files of zip archives, whatever the order and the form of their directories."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.records.archive import Contents, is_wanted

NAMES = [f"{number:03}.json" for number in range(20)]
OTHERS = ["a/", "a/.hidden", "__MACOSX/001.json", "a/é.json", "a/\x1b.json"]


def zipped(names: list[str], change: Callable[[zipfile.ZipInfo], None] = lambda _: None, comment: bytes = b"") -> bytes:
    """Create an archive of small files."""
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


def reversed_directory() -> bytes:
    """Create an archive whose directory is in another order than its files."""
    data = zipped(NAMES)
    begin = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entries = [b"PK\x01\x02" + entry for entry in data[begin:end].split(b"PK\x01\x02")[1:]]
    return data[:begin] + b"".join(reversed(entries)) + data[end:]


def same_offset() -> bytes:
    """Create an archive whose last file has the offset of the first."""
    data = bytearray(zipped(NAMES))
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 42, 0)
    return bytes(data)


def into_the_directory() -> bytes:
    """Create an archive whose last file extends into the directory."""
    data = bytearray(zipped(NAMES))
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 20, 99)
    return bytes(data)


def more(info: zipfile.ZipInfo) -> None:
    """Add the extra fields of Info-ZIP and a comment."""
    info.extra = struct.pack("<HHBI", 0x5455, 5, 1, 0) + struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, 0, 4, 0)
    info.comment = b"comment"


ARCHIVES = {
    "in order": zipped(NAMES),
    "with others": zipped(sorted(NAMES + OTHERS)),
    "shuffled": zipped(shuffled()),
    "directory in another order": reversed_directory(),
    "with more": zipped(NAMES, more),
    "the same name": zipped(["a", "b", "b", "c"]),
    "one": zipped(["a"]),
}
ODD = {
    "comment": zipped(NAMES, comment=b"comment"),
    "before it": b"something else" + zipped(NAMES),
    "the same offset": same_offset(),
    "extends into the directory": into_the_directory(),
    "two sizes": zipped(NAMES, lambda info: setattr(info, "extra", 2 * struct.pack("<HHQ", 1, 8, 9))),
    "name in Unicode": zipped(NAMES, lambda info: setattr(info, "extra", struct.pack("<HHBI", 0x7075, 5, 1, 0))),
    "name that ends early": zipped(["a-b", "b"]).replace(b"a-b", b"a\0b"),
}


@pytest.mark.parametrize("data", [*ARCHIVES.values(), *ODD.values()], ids=[*ARCHIVES, *ODD])
def test_files_are_sorted_by_name(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        expected = sorted(info.filename for info in archive.infolist() if is_wanted(info.filename))
    contents = Contents(io.BytesIO(data))
    assert [info.filename for info in contents.files()] == expected
    assert [info.filename for info in contents.files(slice(2, 9))] == expected[2:9]
    assert len(contents) == len(expected)
    assert contents.compressed_size == sum(info.compress_size for info in contents.files())


@pytest.mark.parametrize("name", ARCHIVES)
def test_files_are_read(name: str) -> None:
    contents = Contents(io.BytesIO(ARCHIVES[name]))
    for info in contents.files():
        assert contents.archive.read(info) == info.filename.encode() * 9


def test_a_large_archive(tmp_path: Path) -> None:
    """Files after a gap of 5 GiB, and more of them than 16 bits can number."""
    with (tmp_path / "a.zip").open("wb") as file:
        file.seek(5 << 30)
        with zipfile.ZipFile(file, "w") as archive:
            for number in range(1 << 16):
                archive.writestr(f"{number:05}", b"last" if number == (1 << 16) - 1 else b"")
    with (tmp_path / "a.zip").open("rb") as file:
        contents = Contents(file)
        assert len(contents) == 1 << 16
        (info,) = contents.files(slice((1 << 16) - 1, None))
        assert contents.archive.read(info) == b"last"
        assert info.header_offset > 5 << 30
