"""Standard streams that are closed, or whose device is full such as ``/dev/full``: a sentence, no traceback."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO, cast

from kg.errors import OutputError

if TYPE_CHECKING:
    from kg._types import Bytes

_MODES = (os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)
"""A closed stream becomes the null device in the wrong mode, so that its use is an error; messages are dropped."""


def prepare_streams() -> None:
    """Open closed standard streams, and report the errors of standard output; errors of messages are ignored."""
    if os.name == "nt":
        return
    closed = [_open_if_closed(number, mode) for number, mode in enumerate(_MODES)]
    if closed[0]:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- a descriptor that stays open
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None or not stream.isatty():
            setattr(sys, name, _wrapped(stream, _Output(number, is_lost=number == 1)))


def _open_if_closed(number: int, mode: int) -> bool:
    """Open a descriptor if it is closed, since a file that got its number would receive what is printed."""
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, mode)  # gets the lowest number that is free
        os.set_inheritable(number, True)
        return True
    return False


def _wrapped(stream: TextIO | None, output: _Output) -> TextIO:
    encoding, errors = (stream.encoding, stream.errors) if stream else ("utf-8", "backslashreplace")
    buffered = io.BufferedWriter(cast("io.RawIOBase", output))
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=output.is_message)


class _Output(io.FileIO):
    """Standard output or standard error."""

    def __init__(self, number: int, *, is_lost: bool) -> None:
        super().__init__(number, "wb", closefd=False)
        self.is_message = not is_lost
        self._has_failed = False

    def write(self, data: Bytes, /) -> int:  # type: ignore[override]  # any buffer
        try:
            return len(data) if self._has_failed else super().write(data)
        except BrokenPipeError:
            if self.is_message:
                return self._failed(data)
            raise
        except OSError as error:
            if self.is_message:
                return self._failed(data)
            self._failed(data)  # what is still buffered is dropped at the end
            raise OutputError(f"Standard output cannot be written: {error.strerror}.") from error

    def _failed(self, data: Bytes) -> int:
        self._has_failed = True
        return len(data)
