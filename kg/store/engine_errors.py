"""Translates errors of the storage engine (Oxigraph and its RocksDB) into sentences.

The engine raises ``OSError`` without a number, or ``RuntimeError``, with the text of a status of RocksDB
(https://github.com/facebook/rocksdb/blob/main/util/status.cc). A panic of the engine is a ``BaseException``.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from kg.errors import OutputError, SourceError

_STATUS = re.compile(r"(IO error|Corruption|Invalid argument|Not implemented|Busy|Aborted|Oxigraph needs|.*RocksDB)\b")
_UNWRITABLE = {code: os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)}
_UNREADABLE = {code: os.strerror(code) for code in (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO)}
_WIDTH = 160
"""Characters of the engine's own text in a message."""


def is_engine_error(error: BaseException) -> bool:
    """Return whether the engine raised an error."""
    if type(error).__name__ == "PanicException":
        return True
    number = getattr(error, "errno", None)
    return isinstance(error, OSError | RuntimeError) and number is None and bool(_STATUS.match(str(error)))


def is_corruption(error: BaseException) -> bool:
    """Return whether an error says that the files of a store are damaged."""
    return is_engine_error(error) and "orruption" in str(error)


def problem(error: BaseException, name: str) -> str:
    """Return the problem of a store, without its name."""
    text = " ".join(str(error).split())
    for message in _UNWRITABLE.values():
        if message in text:
            return f"cannot be written: {message}"
    for message in _UNREADABLE.values():
        if message in text:
            return f"cannot be opened: {message}"
    if "file descriptors" in text:
        return "needs more open files than are allowed here; allow more with ulimit -n 512"
    if os.strerror(errno.EAGAIN) in text or "lock hold by current process" in text:
        return "is in use by another process"
    reason = text.replace(name.rstrip("/") + "/", "").rstrip(". ")
    return f"is damaged or is not a store ({reason[:_WIDTH]}); build it again with kg store build"


def _is_of_output(error: BaseException) -> bool:
    return any(message in str(error) for message in _UNWRITABLE.values())


@contextmanager
def engine_errors(name: str, *, read_only: bool = False) -> Iterator[None]:
    """Raise :class:`~kg.errors.OutputError` for errors of the engine.

    With ``read_only``, it is a :class:`~kg.errors.SourceError`, and errors of writing are passed on: they belong to
    another store.
    """
    try:
        yield
    except BaseException as error:
        if not is_engine_error(error) or (read_only and _is_of_output(error)):
            raise
        if read_only:
            raise SourceError(problem(error, name), file=name) from error
        raise OutputError(f"{name} {problem(error, name)}.") from error
