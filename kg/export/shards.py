"""Shards: tasks on their way to the processes that do them, and their outputs on the way back.

Forked processes share memory for them, which is written to the output as it stands; so that costs no copy more than one
process would make. Where no memory is shared, and for what is larger than its place there, a shard is a file.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from kg._types import Bytes
from kg.export.output_buffer import OutputBuffer

SIZE = 12 << 20
"""Bytes of the memory that a task has, of 1 MiB of input; few make more than twelve times that of it."""
_CHUNK = 1 << 20


class Shard(NamedTuple):
    """Bytes at a place, from ``begin`` to ``end``, and whether it is a file."""

    place: int
    begin: int
    end: int
    is_file: bool


class Shards:
    """So many places for shards in memory that processes will share which are forked, or else files in a folder."""

    def __init__(self, folder: Path, shared: int) -> None:
        self._folder = folder
        self._shared = mmap.mmap(-1, shared * SIZE) if shared else None
        self._memory = memoryview(self._shared) if self._shared else None
        self._own = OutputBuffer()

    def room(self, place: int) -> OutputBuffer:
        """The room at a place, as long as its shards are not wanted any more."""
        if self._memory is not None:
            return OutputBuffer(self._memory[place * SIZE : (place + 1) * SIZE])
        self._own.clear()
        return self._own

    def put(self, place: int, room: OutputBuffer, data: bytes) -> tuple[Shard, Shard]:
        """The shards of what stands in the room at a place, and of some data that is put behind it."""
        size = len(room)
        room.put(data)
        is_file = self._memory is None or room.overflows
        if is_file:
            descriptor = os.open(self._path(place), os.O_WRONLY | os.O_CREAT, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 -- not cut to nothing first: its room is used again
                file.writelines(room.pieces())
        return Shard(place, 0, size, is_file), Shard(place, size, len(room), is_file)

    def pieces(self, shard: Shard) -> Iterator[Bytes]:
        """The bytes of a shard, which its place holds until it is filled again."""
        begin, end = shard.begin, shard.end
        if self._memory is not None and not shard.is_file:
            yield self._memory[shard.place * SIZE + begin : shard.place * SIZE + end]
            return
        with self._path(shard.place).open("rb", buffering=0) as file:
            file.seek(begin)
            while begin < end and (chunk := file.read(min(_CHUNK, end - begin))):
                begin += len(chunk)
                yield chunk

    def close(self) -> None:
        """Lets the memory go, as far as this process has it, unless something still reads it."""
        if self._memory is not None and self._shared is not None:
            with suppress(BufferError):
                self._memory.release()
                self._shared.close()

    def _path(self, place: int) -> Path:
        return self._folder / str(place)
