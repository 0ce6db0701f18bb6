"""Output to a terminal: text, without the control characters that data may contain."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING

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
