"""Lines in order and each once, however many: sorted piece by piece on disk, and merged as they are read."""

from __future__ import annotations

import heapq
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO

PIECE = 1 << 27
"""Bytes that are sorted at once."""


class Distinct:
    """Lines on disk, compressed. Use it as a context; iterated, it gives the lines in order, each once.

    >>> with Distinct([b"b\\n", b"a\\n", b"b\\n"], piece=2) as found:
    ...     list(found)
    [b'a\\n', b'b\\n']
    """

    def __init__(self, lines: Iterable[bytes], *, piece: int = PIECE) -> None:
        self._files = ExitStack()
        self._pieces: list[IO[bytes]] = []
        with ExitStack() as undo:
            undo.callback(self._files.close)
            for part in _parts(lines, piece):
                self._pieces.append(self._written(sorted(part)))
            undo.pop_all()

    def __enter__(self) -> Distinct:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def __iter__(self) -> Iterator[bytes]:
        last = b""
        for line in heapq.merge(*map(_lines, self._pieces)):
            if line != last:
                yield line
            last = line

    def _written(self, lines: Iterable[bytes]) -> IO[bytes]:
        import zstandard

        file: IO[bytes] = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- it is closed with the others
        with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as stream:
            stream.write(b"".join(lines))
        return file


def _parts(lines: Iterable[bytes], size: int) -> Iterator[set[bytes]]:
    part: set[bytes] = set()
    held = 0
    for line in lines:
        part.add(line)
        held += len(line)
        if held > size:
            yield part
            part, held = set(), 0
    if part:
        yield part


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    import zstandard

    file.seek(0)
    with zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as stream:
        yield from io.BufferedReader(stream, 1 << 20)
