"""What is put into a room is the same bytes, whatever its size."""

from __future__ import annotations

import json
import mmap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.export.exporter import Exporter
from kg.export.output_buffer import OutputBuffer
from kg.export.tasks import Settings, Worker
from kg.records.chunks import ChunkData
from tests.conftest import STUDIES


def records(seed: dict[str, Any]) -> list[bytes]:
    """Real records, and others whose output is not all made by the emitter."""
    new = seed | {"newSection": {"key": "value"}}
    none = {"protocolSection": {"identificationModule": {}}}
    text = json.dumps(seed).replace('"2024', '"4202')
    return [*(path.read_bytes() for path in STUDIES), orjson.dumps(new), orjson.dumps(none), text.encode()]


def test_the_output_stands_in_the_room_that_is_given(seed: dict[str, Any]) -> None:
    exporter = Exporter(grouped=True)
    for piece in records(seed):
        usual = exporter.try_json(piece)
        memory = bytearray(b"#" * (1 << 20))
        found = exporter.try_json(piece, memoryview(memory))
        assert (found is None) == (usual is None)
        if usual and found:
            size = found.buffered
            assert bytes(memory[:size]) + found.data == usual.data
            assert set(memory[size + 1 :]) <= {ord("#")} or not size
            assert found.triples == usual.triples


@pytest.mark.parametrize("short", [0, 1, 10_000_000])
def test_what_does_not_fit_into_the_room_is_given_as_bytes(seed: dict[str, Any], short: int) -> None:
    exporter, piece = Exporter(), orjson.dumps(seed)
    usual = exporter.try_json(piece)
    assert usual is not None
    memory = bytearray(max(0, len(usual.data) - short))
    found = exporter.try_json(piece, memoryview(memory))
    assert found is not None
    assert (found.buffered, found.data) == ((len(usual.data), b"") if short == 0 else (0, usual.data))
    assert bytes(memory) == usual.data if short == 0 else not any(memory)


def test_a_room_that_cannot_be_written_to_is_none(seed: dict[str, Any]) -> None:
    assert Exporter().try_json(orjson.dumps(seed), memoryview(b"#" * (1 << 20))) is None


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("packing", ["", ".gz"])
@pytest.mark.parametrize("name", ["turtle", "nquads", "jsonld"])
def test_the_size_of_a_room_changes_nothing(
    seed: dict[str, Any], name: str, packing: str, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = [ChunkData("a.json", 0, len(piece), piece) for piece in records(seed)]
    results = []
    for size in (0, 1, 1000, 100_000, 200_001, 10 << 20):
        room, worker = OutputBuffer(memoryview(bytearray(size))), Worker(Settings(name, packing))
        monkeypatch.setattr(
            "kg.export.output_buffer.SIZE", size or 1
        )  # of the room in which it stands until it is packed
        outcomes = worker(task, room, first=first)
        data = b"".join(room.pieces())
        assert len(data) == len(room)
        assert room.overflows == (len(data) > size)
        told = [
            (each.entries.rows.tobytes(), [str(error) for _, error in each.problems], each.read) for each in outcomes
        ]
        results.append((data, told))
    assert results[0][0]
    assert all(each == results[0] for each in results)


@pytest.mark.parametrize(("name", "packing"), [("ntriples", ".gz"), ("nquads", ".parquet")])
def test_threads_may_share_a_worker(name: str, packing: str) -> None:
    """As those of a process of Dask do."""
    worker = Worker(Settings(name, packing))
    pieces = [path.read_bytes() for path in STUDIES]
    tasks = [[ChunkData("a.json", 0, len(piece), piece) for piece in pieces[i:] + pieces[:i]] for i in range(8)]

    def done(task: list[ChunkData]) -> bytes:
        room = OutputBuffer()
        worker(task, room, first=True)
        return b"".join(room.pieces())

    wanted = [done(task) for task in tasks]
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(done, tasks)] == wanted


def test_a_room_is_used_again() -> None:
    room = OutputBuffer(memoryview(bytearray(5)))
    for text in (b"abcdefg", b"", b"hi"):
        room.clear()
        room.put(text)
        assert (b"".join(room.pieces()), bytes(room.joined()), len(room)) == (text, text, len(text))
        assert room.overflows == (len(text) > 5)
        assert (room.free(1) is None) == room.overflows


@pytest.mark.parametrize("grouped", [False, True])
def test_what_no_shape_reads_goes_where_the_study_stands(seed: dict[str, Any], grouped: bool) -> None:
    """In the room, where that has as much room, and else beside it."""
    record = orjson.dumps({**seed, "unread": {"a": ["b"]}})
    exporter = Exporter(grouped=grouped, graphs=True)
    expected = exporter(orjson.loads(record)).data
    assert b"unmapped" in expected
    for spare in (-len(expected), -1, 0, 1, 1000):
        room = memoryview(bytearray(len(expected) + spare))
        exported = exporter.try_json(record, room)
        assert exported is not None
        assert (bytes(room[: exported.buffered]) or exported.data) == expected
        assert bool(exported.buffered) == (spare >= 0)


def test_a_room_gives_its_pages_back() -> None:
    room, size = OutputBuffer(), 16 << 20
    room.put(b"x" * size)
    taken = resident()
    room.give_back()
    assert (len(room), room.pieces()) == (0, [])
    assert taken is None or (taken - (resident() or 0)) > size // 2
    room.put(b"abc")
    assert bytes(room.joined()) == b"abc"
    given = OutputBuffer(memoryview(bytearray(4)))  # of memory of others the pages stay
    given.put(b"ab")
    given.give_back()
    assert len(given) == 0


def resident() -> int | None:
    """The bytes of this process that are in memory, where Linux tells."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * mmap.PAGESIZE if told.exists() else None
