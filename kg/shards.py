"""Shards: the outputs of tasks on their way from the processes that make them to the one that writes them.

Forked processes share memory for them, which is written to the output as it stands; so that costs no copy more than one
process would make. Where no memory is shared, and for what is larger than its place there, a shard is a file.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SIZE = 8 << 20
"""Bytes of a place in memory; a task has 512 KiB of input, and few make more than ten times that of it."""
_CHUNK = 1 << 20

Bytes = bytes | memoryview


class Shard(NamedTuple):
    """The output of a task: its place, its size in bytes, and whether it is a file."""

    place: int
    size: int
    is_file: bool


class Shards:
    """So many places for shards, whose files stand in a folder; ``shared`` says that processes will be forked."""

    def __init__(self, folder: Path, count: int, *, shared: bool) -> None:
        self._folder = folder
        self._memory = memoryview(mmap.mmap(-1, count * SIZE)) if shared else None

    def put(self, place: int, pieces: list[bytes]) -> Shard:
        """Fills a place with the bytes of some pieces."""
        size = sum(map(len, pieces))
        if self._memory is None or size > SIZE:
            descriptor = os.open(self._path(place), os.O_WRONLY | os.O_CREAT, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 -- not cut to nothing first: its room is used again
                file.writelines(pieces)
            return Shard(place, size, True)
        at = place * SIZE
        for piece in pieces:
            self._memory[at : at + len(piece)] = piece
            at += len(piece)
        return Shard(place, size, False)

    def pieces(self, shard: Shard) -> Iterator[Bytes]:
        """The bytes of a shard, which its place holds until it is filled again."""
        if self._memory is not None and not shard.is_file:
            yield self._memory[shard.place * SIZE : shard.place * SIZE + shard.size]
            return
        left = shard.size
        with self._path(shard.place).open("rb", buffering=0) as file:
            while left and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def _path(self, place: int) -> Path:
        return self._folder / str(place)
