"""Standard output: bytes as they are for files and pipes, text without control characters for terminals."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from kg.errors import OutputError, printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class TerminalWriter(io.RawIOBase):
    """Stream that writes UTF-8 text to a terminal with control characters escaped, and refuses other data.

    The escapes are those of Turtle, N-Triples and JSON (:func:`kg.errors.printable`).
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        content = bytes(data)
        try:
            text = self._decoder.decode(content)
        except UnicodeDecodeError as error:
            raise OutputError(
                "The output is not text, so it is not written to a terminal; name a file with -o, or use a pipe."
            ) from error
        self._file.write(printable(text).encode())
        return len(content)


@contextmanager
def standard_output() -> Iterator[IO[bytes]]:
    """Open standard output for bytes, and flush it at the end; on a terminal, it is a :class:`TerminalWriter`."""
    file = cast("IO[bytes]", sys.stdout.buffer)
    yield cast("IO[bytes]", TerminalWriter(file)) if sys.stdout.isatty() else file
    file.flush()
