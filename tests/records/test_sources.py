"""Files, folders, archives, URLs and standard input, and the limits of decompression."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import struct
import sys
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from kg.errors import InputError, SourceError, UsageError
from kg.records import decompress
from kg.records.reader import Record, read
from kg.records.sources import one_line, sources, total_size
from tests.loopback import Reply, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def study(number: int) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}"}}, "hasResults": False}


def data(*numbers: int) -> bytes:
    return json.dumps([study(number) for number in numbers]).encode()


def run(*inputs: str | os.PathLike[str], progress: Any = None) -> tuple[list[Record], list[InputError]]:
    lost: list[InputError] = []
    return list(read(inputs, lost.append, progress)), lost


def numbers(records: list[Record]) -> list[int]:
    return [int(each.data["protocolSection"]["identificationModule"]["nctId"][3:]) for each in records]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def lines(count: int) -> bytes:
    noise = random.Random(1)
    return b"".join(
        json.dumps({**study(n), "derivedSection": noise.randbytes(40).hex()}).encode() + b"\n" for n in range(count)
    )


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "gz, members": lambda raw: gzip.compress(raw[:20]) + gzip.compress(b"") + gzip.compress(raw[20:]),
    "gz, padded": lambda raw: gzip.compress(raw) + bytes(3000),
    "gz, padded between": lambda raw: gzip.compress(raw[:9]) + bytes(2000) + gzip.compress(raw[9:]),
    "zst": zstd,
    "zst, frames": lambda raw: zstd(raw[:20]) + zstd(b"") + zstd(raw[20:]),
    "zst, skippable frame": lambda raw: struct.pack("<II", 0x184D2A50, 4) + b"note" + zstd(raw),
    "gz in zst": lambda raw: zstd(gzip.compress(raw)),
}


@pytest.mark.parametrize("form", COMPRESSED)
@pytest.mark.parametrize("name", ["a", "a.json", "a.gz", "a.zip"])
def test_files_are_detected_by_content_and_not_by_name(tmp_path: Path, form: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(COMPRESSED[form](data(1, 2, 3)))
    records, lost = run(path)
    assert lost == []
    assert numbers(records) == [1, 2, 3]
    assert {record.file for record in records} == {str(path)}


@pytest.mark.parametrize("form", COMPRESSED)
def test_members_of_a_zip_archive_may_be_compressed(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(zipped({"b/2.json": COMPRESSED[form](data(2, 3)), "b/1.json": data(1)}))
    records, lost = run(path)
    assert lost == []
    assert [(record.file, record.number) for record in records] == [
        (f"{path}!b/1.json", 1),
        (f"{path}!b/2.json", 1),
        (f"{path}!b/2.json", 2),
    ]
    assert numbers(records) == [1, 2, 3]


@pytest.mark.parametrize("form", COMPRESSED)
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, kind: str) -> None:
    for content in (COMPRESSED[form](data(1, 2)), zipped({"1.json": COMPRESSED[form](data(1, 2))})):
        with stream(content, kind, tmp_path) as handle:
            monkeypatch.setattr(sys, "stdin", handle)
            records, lost = run("-")
            assert (numbers(records), lost) == ([1, 2], [])
            assert not handle.buffer.closed
            assert records[0].file in ("-", "-!1.json")


def stream(content: bytes, kind: str, folder: Path) -> io.TextIOWrapper:
    if kind == "file":
        (folder / "in").write_bytes(content)
        return io.TextIOWrapper((folder / "in").open("rb"))
    end, begin = os.pipe()
    os.write(begin, content)
    os.close(begin)
    return io.TextIOWrapper(os.fdopen(end, "rb"))


def test_inputs_are_sorted_by_name_with_standard_input_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(["!.json", "a.json", "b.json"], 1):
        (tmp_path / name).write_bytes(data(number))
    for inputs in (["-", "b.json", "a.json", "!.json"], ["a.json", "!.json", "-", "b.json", "-", "./a.json"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data(4))))
        assert numbers(run(*inputs)[0]) == [1, 2, 3, 4]


def test_the_size_of_a_zip_archive_from_a_pipe_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompress, "MAX_SPOOL", 10)
    with stream(zipped({"a": data(1)}), "pipe", tmp_path) as handle:
        monkeypatch.setattr(sys, "stdin", handle)
        records, lost = run("-")
    assert records == []
    assert "name a local file of it" in str(lost[0])


def test_a_folder_is_read_in_the_order_of_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(["in/b.json", "in/a/z.json", "in/.hidden.json", "in/.git/a.json", "in/c"], 1):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(data(number))
    (tmp_path / "in/a/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/a/again.json").symlink_to(tmp_path / "in/b.json")
    (tmp_path / "in/d").symlink_to(tmp_path / "in/a")
    records, lost = run("in")
    assert lost == []
    assert [record.file for record in records] == ["in/a/again.json", "in/a/z.json", "in/c"]
    assert [record.file for record in run(tmp_path / "in", "in/a/z.json", "in/c")[0]] == [
        str(tmp_path / "in" / name) for name in ("a/again.json", "a/z.json", "c")
    ]


def test_files_without_studies_in_a_folder_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in/empty").mkdir(parents=True)
    for name, content in {"README.txt": b"Read: me", "a.csv": b"a,b\n1,2", "b.pdf": b"%PDF-\0\xff{}", "c": b""}.items():
        (tmp_path / "in" / name).write_bytes(content)
    (tmp_path / "in/gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "in/pipe")
    (tmp_path / "in/z.json").write_bytes(data(1))
    records, lost = run("in")
    assert numbers(records) == [1]
    assert all(isinstance(error, SourceError) for error in lost)
    named = ["in/README.txt", "in/a.csv", "in/b.pdf", "in/c", "in/gone", "in/pipe"]
    assert sorted(str(error.file) for error in lost) == named
    assert str(run("in/empty")[1][0]) == "in/empty: is a folder without files to read."


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(gzip.compress(data(1))))
    writer.start()
    assert numbers(run(tmp_path / "pipe")[0]) == [1]
    writer.join()


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_records_before_the_truncation_of_a_stream_are_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(lines(20_000))
    (tmp_path / "a").write_bytes(packed[: len(packed) * 9 // 10])
    records, lost = run(tmp_path / "a")
    assert 10_000 < len(records) < 20_000
    assert numbers(records) == list(range(len(records)))
    assert [type(error) for error in lost] == [SourceError]
    assert str(lost[0]).startswith(str(tmp_path / "a"))


@pytest.mark.parametrize("at", [-8, -4, -30_000])
def test_damaged_gzip_is_reported(tmp_path: Path, at: int) -> None:
    packed = bytearray(gzip.compress(lines(20_000)))
    packed[at] ^= 0xFF
    (tmp_path / "a").write_bytes(packed)
    records, lost = run(tmp_path / "a")
    assert len(records) < 20_000
    assert any(isinstance(error, SourceError) for error in lost)


def test_bytes_after_a_compressed_stream_are_reported(tmp_path: Path) -> None:
    for pack in (gzip.compress, zstd):
        (tmp_path / "a").write_bytes(pack(data(1)) + b"and more")
        assert len(run(tmp_path / "a")[1]) == 1


@pytest.mark.parametrize("content", [bytes(100 << 20), b" " * (100 << 20)], ids=["NUL", "space"])
@pytest.mark.parametrize("form", ["gz", "zst", "zip", "gz in zip", "zst in gz"])
def test_decompression_bombs_are_rejected(tmp_path: Path, form: str, content: bytes) -> None:
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gz": gzip.compress,
        "zst": lambda raw: zstd(raw * 4),
        "zip": lambda raw: zipped({"in.json": raw, "z.json": data(1)}),
        "gz in zip": lambda raw: zipped({"in.json": gzip.compress(raw), "z.json": data(1)}),
        "zst in gz": lambda raw: gzip.compress(zstd(raw * 4)),
    }
    (tmp_path / "bomb").write_bytes(pack[form](content))
    records, lost = run(tmp_path / "bomb")
    assert numbers(records) == ([1] if "zip" in form else [])
    assert [type(error) for error in lost] == [SourceError]
    assert "expands to more than" in str(lost[0])


def test_repeated_studies_are_not_taken_for_a_bomb(tmp_path: Path) -> None:
    big = {"derivedSection": {"text": "".join(map(chr, range(0x100, 0x1000)))}}
    content = b"".join(json.dumps({**study(n), **big}).encode() + b"\n" for n in range(2000))
    assert len(content) > decompress.MIN_CHECKED * 2
    for name, pack in {"gz": gzip.compress, "zst": zstd, "zip": lambda raw: zipped({"a": raw})}.items():
        (tmp_path / name).write_bytes(pack(content))
        records, lost = run(tmp_path / name)
        assert (len(records), lost) == (2000, [])


def test_nested_archives_are_rejected(tmp_path: Path) -> None:
    inner = zipped({"a.json": data(1)})
    (tmp_path / "a").write_bytes(zipped({"inner.zip": inner, "z.json": data(2)}))
    (tmp_path / "b").write_bytes(gzip.compress(inner))
    (tmp_path / "c").write_bytes(gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(data(3)))))))
    records, lost = run(tmp_path)
    assert numbers(records) == [2]
    assert [str(error.file).removeprefix(str(tmp_path)) for error in lost] == ["/a!inner.zip", "/b", "/c"]
    assert "zip archive inside another" in str(lost[0])


def test_names_of_members(tmp_path: Path) -> None:
    names = ["../up.json", "/root.json", "a\x1b[31m.json", "é.json"]
    skipped = ["__MACOSX/._a.json", ".DS_Store", "x/.DS_Store", "folder/", "x/.git/a"]
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({name: data(1) if name[-1] != "/" else b"" for name in names + skipped}))
    records, lost = run(path)
    assert lost == []
    shown = ["../up.json", "/root.json", "a\\x1b[31m.json", "é.json"]
    assert [record.file for record in records] == [f"{path}!{name}" for name in shown]
    assert list(tmp_path.iterdir()) == [path]


def test_the_order_of_members_does_not_matter(tmp_path: Path) -> None:
    members = {f"{number}.json": data(number) for number in (3, 1, 2)}
    (tmp_path / "a").write_bytes(zipped(members))
    (tmp_path / "b").write_bytes(zipped(dict(reversed(members.items()))))
    assert numbers(run(tmp_path / "a")[0]) == numbers(run(tmp_path / "b")[0]) == [1, 2, 3]


def directory(content: bytes, offset: int, value: bytes) -> bytes:
    """Return the archive with some bytes of its first directory entry replaced."""
    at = content.index(b"PK\x01\x02") + offset
    return content[:at] + value + content[at + len(value) :]


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: directory(raw, 16, b"\0\0\0\1"),  # checksum
        lambda raw: directory(raw, 24, struct.pack("<I", 12)),  # size, too small
        lambda raw: directory(raw, 24, struct.pack("<I", 1 << 20)),  # size, too large
        lambda raw: directory(raw, 8, b"\1"),  # encrypted
        lambda raw: directory(raw, 10, b"\x63"),  # an unknown method
        lambda raw: directory(raw, 20, struct.pack("<I", 20)),  # compressed size, too small
        lambda raw: directory(raw, 42, struct.pack("<I", 5)),  # offset
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_an_inconsistent_member_costs_no_other(tmp_path: Path, harm: Callable[[bytes], bytes], method: int) -> None:
    (tmp_path / "a.zip").write_bytes(harm(zipped({"1.json": data(1), "2.json": data(2)}, method)))
    records, lost = run(tmp_path / "a.zip")
    assert 2 in numbers(records)
    assert any(isinstance(error, SourceError) and str(error.file).endswith("a.zip!1.json") for error in lost)


def test_unreadable_archives_are_reported(tmp_path: Path) -> None:
    content = zipped({"1.json": data(1)})
    overlap = directory(content, 20, struct.pack("<I", 1 << 20))
    for number, bad in enumerate([content[:-10], content[:10], zipped({}), zipped({".a": b""}), overlap]):
        (tmp_path / str(number)).write_bytes(bad)
    records, lost = run(tmp_path)
    assert records == []
    assert [str(error.file) for error in lost] == [str(tmp_path / str(number)) for number in range(5)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root can read everything")
def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data(1))
    (tmp_path / "a.json").chmod(0)
    assert "ermission" in str(run(tmp_path / "a.json")[1][0])


def test_progress_and_total(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data(1))
    (tmp_path / "b.gz").write_bytes(gzip.compress(lines(1000)))
    reported: list[int] = []
    run(tmp_path, progress=reported.append)
    assert sum(reported) == total_size([tmp_path]) == total_size([tmp_path, tmp_path / "a.json"])
    assert total_size([tmp_path, "-"]) is None
    assert total_size(["memory://a"]) is None
    with pytest.raises(UsageError):
        total_size([tmp_path / "nothing"])


@pytest.mark.parametrize("bad", ["nothing.json", "a\0b", "x" * 5000, "foo://bar", ""])
def test_an_invalid_input_is_rejected_before_anything_is_read(bad: str) -> None:
    with pytest.raises(UsageError) as caught:
        sources([bad], lambda _: None)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("url", "extra"), [("s3://b/k", "s3"), ("gs://b/k", "gs")])
def test_the_message_about_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, url: str, extra: str
) -> None:
    import fsspec.core

    def missing(*_: object) -> None:
        raise ImportError("Install it")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(UsageError, match=rf"pip install '\.\[{extra}\]'"):
        sources([url], lambda _: None)


def test_urls_of_a_memory_filesystem() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/in/a.json.gz", gzip.compress(data(1)))
    memory.pipe("/in/b.zip", zipped({"2.json": data(2)}))
    records, lost = run("memory://in/b.zip", "memory://in/a.json.gz", "memory://in/c.json")
    assert [record.file for record in records] == ["memory://in/a.json.gz", "memory://in/b.zip!2.json"]
    assert [str(error) for error in lost] == ["memory://in/c.json: cannot be read to its end (not found)."]


def test_file_urls_are_local_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data(1))
    assert [record.file for record in run(f"file://{tmp_path}/a.json", tmp_path)[0]] == [str(tmp_path / "a.json")]


@pytest.fixture
def server() -> Iterator[str]:
    files = {"/a.json": data(1), "/b.zip": zipped({"2.json": data(2)}), "/c.zst": zstd(lines(50_000))}
    routes = {path: Reply(content) for path, content in files.items()} | {"/closed": Reply(status=403)}
    with serving(routes) as running:
        yield running.url


def test_http_urls(server: str) -> None:
    records, lost = run(f"{server}/a.json?token=secret", f"{server}/b.zip", f"{server}/c.zst")
    assert lost == []
    assert len(records) == 50_002
    assert [record.file for record in records[:2]] == [f"{server}/a.json", f"{server}/b.zip!2.json"]


@pytest.mark.parametrize("name", ["gone", "closed"])
def test_http_errors_are_reported_without_secrets(server: str, name: str) -> None:
    records, lost = run(f"{server}/{name}?token=secret")
    assert records == []
    assert [error.file for error in lost] == [f"{server}/{name}"]
    assert "secret" not in str(lost[0])


def test_a_source_may_be_abandoned_before_its_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(lines(1000)))
    (tmp_path / "b").write_bytes(zipped({"1": lines(1000)}))
    for source in sources([tmp_path], pytest.fail):
        assert next(source.open())
    for each in ("a", "b"):
        next(read([tmp_path / each], pytest.fail))


def test_one_line() -> None:
    assert one_line("é\u202e\x00") == "é\\u202e\\x00"
