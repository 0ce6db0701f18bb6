"""What stands beside an output until that is whole: made under a name of its own, and gone when its run is.

A run that is killed can take nothing away; the next one to the same place does, and a lock tells what is in use.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from kg.errors import OutputError, UsageError
from kg.rdf.compress import compressing
from kg.rdf.formats import compression_of

STANDARD_OUTPUT = "-"

WIDTH = 60
"""Characters of the name of an output in the names beside it."""
_LOCK = "lock"
_TRIES = 100


@contextmanager
def temporary_file(target: Path) -> Iterator[IO[bytes]]:
    """A new file, to be read and written, in the folder of ``target``."""
    remove_leftovers(target)
    path = _name(target)
    try:  # from before it is there: an interrupt may come at any moment
        with _locked(path) as file:
            yield file
    finally:
        with suppress(OSError):  # it has its place, or cannot be reached
            path.unlink()


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """A new folder in the folder of ``target``, for files."""
    folder = _name(target)
    try:
        with _locked_folder(folder) as lock:
            _lock(lock)
            yield folder
    finally:
        with suppress(OSError):
            _remove(folder)


def _remove(folder: Path) -> None:
    """Removes a folder; the lock goes last, as without one it has to be empty."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
    (folder / _LOCK).unlink(missing_ok=True)
    folder.rmdir()


def remove_leftovers(target: Path) -> None:
    """Takes away what runs left beside ``target`` that were killed."""
    for path in target.parent.glob(f".{_escaped(target.name[:WIDTH])}.*.part"):
        with suppress(OSError):
            if path.is_dir() and not (path / _LOCK).exists():
                path.rmdir()  # where a run is about to lock it, that makes it anew
                continue
            with (path / _LOCK if path.is_dir() else path).open("r+b") as file:
                if not _lock(file):
                    continue
            if path.is_dir():
                _remove(path)
            else:
                path.unlink()


def _name(target: Path) -> Path:
    return target.with_name(f".{target.name[:WIDTH]}.{os.urandom(8).hex()}.part")


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "[*?" else c for c in name)


def _locked(path: Path) -> IO[bytes]:
    for _ in range(_TRIES):
        file = path.open("x+b")
        _lock(file)
        if path.exists():  # nobody took it for something left behind before it was locked
            return file
        file.close()
    raise _taken_away()


def _locked_folder(folder: Path) -> IO[bytes]:
    for _ in range(_TRIES):
        folder.mkdir(0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            return (folder / _LOCK).open("xb")
    raise _taken_away()


def _taken_away() -> OSError:
    return OSError(errno.EAGAIN, "what stands beside it is taken away again and again")


def _lock(file: IO[bytes]) -> bool:
    """Locks a file until it is closed; whether that could be had, as it can where nothing locks files."""
    try:
        import fcntl
    except ImportError:
        return os.name != "nt"
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Turns the operating system's complaints about an output into one sentence."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{name} cannot be written: {error.strerror or error}.") from error


def is_stream(name: str) -> bool:
    """Whether what is written there cannot be read again: standard output, a device, a pipe."""
    if name == STANDARD_OUTPUT:
        return True
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_outputs(inputs: Iterable[str], outputs: Iterable[str | None]) -> None:
    """Raises :class:`~kg.errors.UsageError` where an output would take the place of an input or of another output."""
    taken = {os.path.realpath(name) for name in inputs if name != STANDARD_OUTPUT}
    for name in outputs:
        if name is None or (is_stream(name) and name != STANDARD_OUTPUT):
            continue
        place = name if name == STANDARD_OUTPUT else os.path.realpath(name)
        if place in taken:
            raise UsageError(f"{name} is an input too, or another output; name another place.")
        taken.add(place)


@contextmanager
def replacing(name: str) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of ``name`` when all went well, and is gone when not.

    A link is followed, and a device or a pipe is written to as it stands. Raises
    :class:`~kg.errors.OutputError` where the place cannot be written.
    """
    if is_stream(name):
        with output_errors(name), Path(name).open("wb") as stream:
            yield stream
        return
    if not Path(name).name:
        raise OutputError(f'"{name}" names no file.')
    target = Path(os.path.realpath(name))
    with output_errors(name), temporary_file(target) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).replace(target)


@contextmanager
def writing(name: str, compression: str = "") -> Iterator[Any]:
    """A file as :func:`replacing` makes it, or standard output; packed as is asked for, or else as its name says."""
    if name == STANDARD_OUTPUT:
        with compressing(sys.stdout.buffer, compression) as stream:
            yield stream
        sys.stdout.buffer.flush()
        return
    with replacing(name) as file, compressing(file, compression or compression_of(name)) as stream:
        yield stream
