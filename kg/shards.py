"""Shards: tasks on their way to the processes that do them, and their outputs on the way back.

Forked processes share memory for them, which is written to the output as it stands; so that costs no copy more than one
process would make. Where no memory is shared, and for what is larger than its place there, a shard is a file.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

SIZE = 8 << 20
"""Bytes of a place in memory; a task has 512 KiB of input, and few make more than ten times that of it."""
_CHUNK = 1 << 20

Bytes = bytes | memoryview


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
        self._memory = memoryview(mmap.mmap(-1, shared * SIZE)) if shared else None

    def put(self, place: int, *parts: list[bytes]) -> list[Shard]:
        """Fills a place, and gives the shard of each part."""
        ends = [0]
        for part in parts:
            ends.append(ends[-1] + sum(map(len, part)))
        is_file = self._memory is None or ends[-1] > SIZE
        self._fill(place, (piece for part in parts for piece in part), is_file)
        return [Shard(place, begin, end, is_file) for begin, end in pairwise(ends)]

    def _fill(self, place: int, pieces: Iterable[bytes], is_file: bool) -> None:
        if self._memory is None or is_file:
            descriptor = os.open(self._path(place), os.O_WRONLY | os.O_CREAT, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 -- not cut to nothing first: its room is used again
                file.writelines(pieces)
            return
        at = place * SIZE
        for piece in pieces:
            self._memory[at : at + len(piece)] = piece
            at += len(piece)

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

    def _path(self, place: int) -> Path:
        return self._folder / str(place)
