"""External merge sort: distinct lines in order, for input larger than memory."""

from __future__ import annotations

import heapq
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO

RUN_SIZE = 1 << 27
"""Bytes that are sorted together in memory."""


class SortedLines:
    """Distinct lines on disk, compressed. Use it as a context manager; iteration yields the lines in order.

    >>> with SortedLines([b"b\\n", b"a\\n", b"b\\n"], run_size=2) as lines:
    ...     list(lines)
    [b'a\\n', b'b\\n']
    """

    def __init__(self, lines: Iterable[bytes], *, run_size: int = RUN_SIZE) -> None:
        self._files = ExitStack()
        with ExitStack() as cleanup:
            cleanup.callback(self._files.close)
            self._runs = [self._write(sorted(run)) for run in _split(lines, run_size)]
            cleanup.pop_all()

    def __enter__(self) -> SortedLines:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def __iter__(self) -> Iterator[bytes]:
        last = b""
        for line in heapq.merge(*map(_read, self._runs)):
            if line != last:
                yield line
            last = line

    def _write(self, lines: Iterable[bytes]) -> IO[bytes]:
        import zstandard

        file: IO[bytes] = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- closed by the stack
        with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as stream:
            stream.write(b"".join(lines))
        return file


def _split(lines: Iterable[bytes], size: int) -> Iterator[set[bytes]]:
    run: set[bytes] = set()
    total = 0
    for line in lines:
        run.add(line)
        total += len(line)
        if total > size:
            yield run
            run, total = set(), 0
    if run:
        yield run


def _read(file: IO[bytes]) -> Iterator[bytes]:
    import zstandard

    file.seek(0)
    with zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as stream:
        yield from io.BufferedReader(stream, 1 << 20)
