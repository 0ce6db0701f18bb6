"""Inputs as named streams of bytes: files, folders, archives, addresses and standard input.

What a file is, its first bytes say, never its name. The order is that of the names, so that neither the order
of the arguments nor that of a listing or an archive changes anything.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from kg._types import Progress, Reject
from kg.errors import SourceError, UsageError
from kg.records.archive import ALL
from kg.records.byte_ranges import ByteRange, FileId, file_id, whole_range
from kg.records.decompress import CHUNK, is_plain, is_zip, members, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\")]+")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "http": "https", "https": "https"}


class Source(NamedTuple):
    """One stream of bytes under the name that messages give it; read it before asking for the next one."""

    name: str
    chunks: Iterator[bytes]
    byte_range: ByteRange | None = None
    """Where on this machine these bytes are, where they can be read there: all that stand in a file as they are, and
    small ones in a zip archive."""
    progress: Progress | None = None
    """What is told of the bytes that are read."""
    counted: bool = False
    """Whether that is told already as they are read here."""

    def open(self) -> Iterator[bytes]:
        """Its bytes, decompressed, about 1 MiB at a time.

        Raises :class:`SourceError` where it cannot be read on; what came before is good.
        """
        try:
            for chunk in self.chunks:
                if not self.counted:
                    self.tell(len(chunk))
                yield chunk
        except Exception as error:  # codecs and remote stores raise whatever they like
            raise failure(self.name, error) from error.__cause__

    def tell(self, size: int) -> None:
        """Tells of so many bytes more that are read."""
        if self.progress and size > 0:
            self.progress(size)


def sources(
    inputs: Iterable[str | os.PathLike[str]],
    reject: Reject,
    progress: Progress | None = None,
    besides: Iterable[str] = (),
) -> Iterator[Source]:
    """Every stream in the inputs; ``reject`` is told of those that cannot be opened, ``progress`` of bytes read.

    The files ``besides`` are no inputs, though they stand in a folder that is one: an output of before.

    Raises :class:`UsageError`, before anything is read, where an input does not exist.
    """
    names = _names(inputs)
    for name in names:
        _check(name)
    written = [Path(name).stat() for name in besides if os.path.isfile(name)]  # noqa: PTH113 -- takes any name
    return _every(names, reject, progress, set(map(file_id, written)))


def total_size(inputs: Iterable[str | os.PathLike[str]]) -> int | None:
    """The bytes that reading the inputs takes, or None where that is not cheaply known."""
    names = _names(inputs)
    for name in names:
        _check(name)
    if any(name == "-" or _URL.match(name) for name in names):
        return None
    found = {file_id(one): one for name in names for one in map(os.stat, _files(name, lambda _: None))}
    return sum(one.st_size for one in found.values()) if all(map(_regular, found.values())) else None


def files(inputs: Iterable[str | os.PathLike[str]], reject: Reject) -> Iterator[tuple[str, str]]:
    """Every file in the inputs once, in the order of :func:`sources`: its name in messages, and its path or address.

    A folder may have an address too. Raises :class:`UsageError` where an input does not exist.
    """
    names = _names(inputs)
    for name in names:
        _check(name)
    seen: set[str] = set()
    for name in names:
        for path in _listed(name) if _URL.match(name) else _files(name, reject):
            place = path if _URL.match(path) else os.path.realpath(path)
            if place not in seen:
                seen.add(place)
                yield (_shown_url(path) if _URL.match(path) else printed(path)), place


def opened(place: str) -> AbstractContextManager[IO[bytes]]:
    """A file of this machine or at an address, to be read."""
    return _remote(place) if _URL.match(place) else _local_file(place)


def size_of(place: str) -> int | None:
    """The bytes of a file, or None where that cannot be told."""
    if not _URL.match(place):
        return Path(place).stat().st_size
    system, path = filesystem(place)
    return cast("int | None", system.info(path).get("size"))


def streams(name: str, place: str, reject: Reject, span: slice = ALL) -> Iterator[Source]:
    """The streams of one file; of an archive the members in a span of their order."""
    return _opened(name, partial(opened, place), reject, None, span)


def _listed(url: str) -> list[str]:
    """The files below an address where that is a folder, else the address."""
    system, path = filesystem(url)
    if not system.isdir(path):
        return [url]
    found = [each for each in system.find(path) if not re.search(r"/\.", each.removeprefix(path))]
    return sorted(system.unstrip_protocol(each) for each in found)


def printed(text: str) -> str:
    """A text as one line of a message: what is not printable is escaped.

    >>> printed("a\\n\\x1b[31m\\udcff.json")
    'a\\\\n\\\\x1b[31m\\\\udcff.json'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


# -- names ------------------------------------------------------------------------------------------------------


def _names(inputs: Iterable[str | os.PathLike[str]]) -> list[str]:
    return sorted({_local(os.fspath(each)) for each in inputs}, key=lambda name: (name == "-", name))


def _local(name: str) -> str:
    if not name.startswith("file://"):
        return name
    from urllib.request import url2pathname

    return url2pathname(urlsplit(name).path)


def _check(name: str) -> None:
    if name == "-":
        return
    if not name:
        raise UsageError("An input is empty, where a file, a folder, an address or - has to stand.")
    if _URL.match(name):
        filesystem(name)
        return
    try:
        Path(name).stat()
    except (OSError, ValueError) as error:
        raise UsageError(f"{printed(name)}: {getattr(error, 'strerror', None) or error}.") from error


def filesystem(url: str) -> tuple[Any, str]:
    """The filesystem of an address, or that of this machine, and the path there."""
    from fsspec.core import url_to_fs

    protocol = url.partition("://")[0]
    try:
        return cast("tuple[Any, str]", url_to_fs(url))
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        package = f"pip install 'trialkg[{extra}]'" if extra else str(error)
        raise UsageError(f"{_shown_url(url)}: {protocol}:// needs a package that is not here: {package}.") from error
    except ValueError as error:
        raise UsageError(f"{_shown_url(url)}: {protocol}:// is no protocol that can be read.") from error


def _shown_url(url: str) -> str:
    """An address without user, password and query, where secrets are."""
    return printed(re.sub(r"(?<=://)[^/@]*@", "", url).partition("?")[0])


def _files(name: str, reject: Reject) -> list[str]:
    root = str(Path(name))
    if not Path(root).is_dir():
        return [root]
    found, seen = [], {os.path.realpath(root)}
    for folder, folders, files in os.walk(root, followlinks=True, onerror=lambda e: reject(_unlisted(e))):
        shown = sorted(each for each in folders if not each.startswith("."))
        real = {each: os.path.realpath(os.path.join(folder, each)) for each in shown}  # noqa: PTH118 -- of many paths
        first = {path: each for each, path in reversed(real.items()) if path not in seen}
        folders[:] = sorted(first.values())
        seen.update(first)
        begin = folder[2:] if root == os.curdir else folder  # "a" is told as "a", not as "./a"
        found += [os.path.join(begin, each) for each in files if not each.startswith(".")]  # noqa: PTH118 -- of many paths
    found.sort(key=lambda path: path.replace(os.sep, "/"))
    return [path for path in found if _is_file(path, reject)]


def _unlisted(error: OSError) -> SourceError:
    return SourceError(f"cannot be listed ({error.strerror})", file=printed(str(error.filename)))


def _is_file(path: str, reject: Reject) -> bool:
    if os.path.isfile(path):  # noqa: PTH113 -- of many paths
        return True
    reject(SourceError("is no file that can be read (a broken link or a device)", file=printed(path)))
    return False


def _regular(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode)


# -- opening ----------------------------------------------------------------------------------------------------


def _every(names: list[str], reject: Reject, progress: Progress | None, seen: set[FileId]) -> Iterator[Source]:
    for name in names:
        if name == "-":
            yield from _opened("-", lambda: nullcontext(sys.stdin.buffer), reject, progress, here=False)
        elif _URL.match(name):
            yield from _opened(_shown_url(name), partial(_remote, name), reject, progress)
        else:
            yield from _under(name, seen, reject, progress)


def _under(name: str, seen: set[tuple[int, int]], reject: Reject, progress: Progress | None) -> Iterator[Source]:
    paths = _files(name, reject)
    if not paths:
        reject(SourceError("is a folder without a file to read", file=printed(name)))
    for path in paths:
        try:
            file = file_id(os.stat(path))  # noqa: PTH116 -- of many paths
        except OSError as error:
            reject(failure(printed(path), error))
            continue
        if file not in seen:
            seen.add(file)
            yield from _opened(printed(path), partial(_local_file, path), reject, progress)


def _local_file(path: str) -> IO[bytes]:
    return open(path, "rb")  # noqa: PTH123 -- of many paths


def _remote(url: str) -> AbstractContextManager[IO[bytes]]:
    system, path = filesystem(url)
    return cast("AbstractContextManager[IO[bytes]]", system.open(path, "rb"))


def _opened(
    name: str,
    opener: Callable[[], AbstractContextManager[IO[bytes]]],
    reject: Reject,
    progress: Progress | None,
    span: slice = ALL,
    *,
    here: bool = True,
) -> Iterator[Source]:
    """The streams of what an opener opens, and, where it may be a file of this machine, their places."""
    try:
        with opener() as handle:
            head = handle.read(4)
            place = whole_range(handle) if here else None
            if is_plain(head):
                yield Source(name, chain([head], iter(partial(handle.read, CHUNK), b"")), place, progress)
                return
            raw = cast("IO[bytes]", _Counted(handle, progress, head)) if progress else handle
            if is_zip(head):
                for member in members(raw, head, span, place):
                    yield Source(f"{name}!{printed(member.name)}", member.chunks, member.place, progress, counted=True)
            else:
                chunks = _lazily(chain([head], iter(partial(raw.read, CHUNK), b"")))
                yield Source(name, chunks, progress=progress, counted=True)
    except Exception as error:  # codecs and remote stores raise whatever they like
        reject(failure(name, error))


def _lazily(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from unpacked(chunks)


def failure(name: str, error: Exception) -> SourceError:
    """What is told of a stream that cannot be read on."""
    if isinstance(error, SourceError):
        return SourceError(error.problem, file=name)
    reason = "not found" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or str(error)
    said = printed(_ADDRESS.sub(lambda _: name, reason or type(error).__name__))
    return SourceError(f"cannot be read to its end ({said})", file=name)


class _Counted:
    """A file that tells how many bytes are read from it."""

    def __init__(self, file: IO[bytes], progress: Progress, head: bytes) -> None:
        self._file = file
        self._progress = progress
        progress(len(head))

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._progress(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
