"""Atomic output: temporary files and folders next to an output, which replace it when complete.

A run that is killed leaves its temporary files behind. The next run for the same output removes them, except those
that another run has locked.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from kg.errors import OutputError, UsageError
from kg.rdf.compress import compressing
from kg.rdf.formats import compression_of

STANDARD_OUTPUT = "-"

WIDTH = 60
"""Characters of the output's name in the names of its temporary files."""
_LOCK = "lock"
_TRIES = 100
_PAUSES = (0.01, 0.1, 0.5, 0)
"""Seconds to wait before a folder is removed again."""


@contextmanager
def temporary_file(target: Path) -> Iterator[IO[bytes]]:
    """Open a new file for reading and writing in the folder of ``target``, and remove it at the end."""
    remove_leftovers(target)
    path = part_path(target)
    try:  # entered first, as an interrupt may come at any moment
        with _locked(path) as file:
            yield file
    finally:
        with suppress(OSError):  # it was moved, or cannot be accessed
            path.unlink()


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Create a new folder in the folder of ``target``, and remove it at the end."""
    remove_leftovers(target)
    folder = part_path(target)
    try:
        with _locked_folder(folder):
            yield folder
    finally:
        _remove_written(folder)


@contextmanager
def system_folder() -> Iterator[Path]:
    """Create a new folder in the folder of the system for temporary files, and remove it at the end."""
    from tempfile import gettempdir

    with temporary_folder(Path(gettempdir(), "kg-scratch")) as folder:
        yield folder


def _remove_written(folder: Path) -> None:
    """Remove a folder in which a thread of the engine may still create files after an error."""
    for pause in _PAUSES:
        with suppress(FileNotFoundError):
            try:
                _remove(folder)
            except FileNotFoundError:
                raise
            except OSError:
                time.sleep(pause)
                continue
        return


def _remove(folder: Path) -> None:
    """Remove a folder, its lock last: a folder without a lock counts as empty."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
    (folder / _LOCK).unlink(missing_ok=True)
    folder.rmdir()


def remove_leftovers(target: Path) -> list[Path]:
    """Remove the temporary files of killed runs for ``target``; return those of runs that are still going on."""
    pattern = f".{_escaped(target.name[:WIDTH])}.*.part"
    return [path for path in target.parent.glob(pattern) if _is_in_use(path)]


def _is_in_use(path: Path) -> bool:
    """Return whether a temporary file or folder is locked by another run; remove it if not."""
    with suppress(OSError):
        if path.is_dir() and not (path / _LOCK).exists():
            path.rmdir()  # a run that is about to lock it creates it again
            return False
        with (path / _LOCK if path.is_dir() else path).open("r+b") as file:
            if not lock(file):
                return True
        if path.is_dir():
            _remove(path)
        else:
            path.unlink()
    return False


def part_path(target: Path) -> Path:
    """Return a new name next to ``target``, which the next run for it removes if it is left."""
    return target.with_name(f".{target.name[:WIDTH]}.{os.urandom(8).hex()}.part")


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "[*?" else c for c in name)


def _locked(path: Path) -> IO[bytes]:
    for _ in range(_TRIES):
        file = path.open("x+b")
        lock(file)
        if path.exists():  # no other run removed it before it was locked
            return file
        file.close()
    raise _removed()


def _locked_folder(folder: Path) -> IO[bytes]:
    for _ in range(_TRIES):
        folder.mkdir(0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            file = (folder / _LOCK).open("a+b")
            if lock(file) and (folder / _LOCK).exists():  # no other run removed it before it was locked
                return file
            file.close()
    raise _removed()


def _removed() -> OSError:
    return OSError(errno.EAGAIN, "its temporary files are removed again and again")


def lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed; return whether it is locked, or cannot be locked on this system."""
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
def output_of(folder: Path, name: str) -> Iterator[None]:
    """Raise :class:`~kg.errors.OutputError` with the name of an output in place of paths in its temporary folder."""
    try:
        with output_errors(name):
            yield
    except OutputError as error:
        path = re.escape(str(folder)) + r"[^\s:]*"
        raise OutputError(re.sub(path, lambda _: name, str(error))) from error


@contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Raise :class:`~kg.errors.OutputError` for operating system errors of an output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        shown = "Standard output" if name == STANDARD_OUTPUT else name
        raise OutputError(f"{shown} cannot be written: {error.strerror or error}.") from error


def text_of_name(name: str) -> str:
    r"""Return a file name as text for a document; bytes that are not UTF-8 become U+FFFD.

    >>> text_of_name("a\udcff.nt")
    'a\ufffd.nt'
    """
    return os.fsencode(name).decode("utf-8", "replace")


def is_stream(name: str) -> bool:
    """Return whether an output cannot be read back: standard output, a device, a pipe."""
    if name == STANDARD_OUTPUT:
        return True
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_outputs(inputs: Iterable[str], outputs: Iterable[str | None]) -> None:
    """Raise :class:`~kg.errors.UsageError` if an output would replace an input or another output."""
    used = {os.path.realpath(name) for name in inputs if name != STANDARD_OUTPUT}
    for name in outputs:
        if name is None or (is_stream(name) and name != STANDARD_OUTPUT):
            continue
        path = name if name == STANDARD_OUTPUT else os.path.realpath(name)
        if path in used:
            raise UsageError(f"{name} is also an input or another output; choose another name.")
        used.add(path)


@contextmanager
def replacing(name: str) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces ``name`` on success and is removed on failure.

    Links are followed; devices and pipes are written directly. Raises :class:`~kg.errors.OutputError` if the output
    cannot be written.
    """
    if is_stream(name):
        with output_errors(name), Path(name).open("wb") as stream:
            yield stream
        return
    if not Path(name).name:
        raise OutputError(f'"{name}" is not the name of a file.')
    target = Path(os.path.realpath(name))
    with output_errors(name), temporary_file(target) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).replace(target)


@contextmanager
def replacing_folder(name: str) -> Iterator[Path]:
    """Create a temporary folder whose content replaces files and folders in the folder ``name`` on success.

    Files with other names are kept. Folders that are missing are created, and removed on failure. Raises
    :class:`~kg.errors.OutputError` if the output cannot be written.
    """
    target = Path(os.path.realpath(name))
    is_new = not target.exists()
    with output_errors(name), _created(target.parent), temporary_folder(target if is_new else target / "f") as folder:
        files = folder / "files"
        with output_of(folder, name):
            files.mkdir()
            yield files
            if is_new:
                files.rename(target)
                return
            for path in sorted(files.iterdir()):
                if path.is_dir() and (target / path.name).is_dir():
                    (target / path.name).rename(folder / path.name)  # removed at the end
                path.replace(target / path.name)


@contextmanager
def _created(folder: Path) -> Iterator[None]:
    """Create a folder with its parents; remove those that are empty on failure."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


@contextmanager
def standard_output() -> Iterator[IO[bytes]]:
    """Open standard output for bytes, and flush it at the end; on a terminal, control characters are escaped."""
    file: IO[bytes] = sys.stdout.buffer
    if sys.stdout.isatty():
        from kg.rdf.terminal import TerminalWriter

        yield cast("IO[bytes]", TerminalWriter(file))
    else:
        yield file
    file.flush()


@contextmanager
def writing(name: str, compression: str = "") -> Iterator[Any]:
    """Open an output like :func:`replacing`, or standard output; compressed as requested, or according to its name."""
    if name == STANDARD_OUTPUT:
        with standard_output() as output, compressing(output, compression) as stream:
            yield stream
        return
    with replacing(name) as file, compressing(file, compression or compression_of(name)) as stream:
        yield stream
