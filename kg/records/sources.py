"""Inputs as named streams of bytes: files, folders, archives, URLs and standard input.

The kind of a file follows from its first bytes, never from its name. Streams are sorted by name, so the order of the
arguments, of a directory listing or of an archive does not matter.
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
from kg.errors import SourceError, UsageError, public_url
from kg.records import urls
from kg.records.archive import ALL, TAR_HEAD, is_tar, tar_members
from kg.records.byte_ranges import ByteRange, FileId, file_id, whole_range
from kg.records.decompress import CHUNK, ChunkReader, decompressed, is_plain, is_zip, members
from kg.records.objects import AnyInput, ObjectInput, flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


UNFINISHED = ".fetch"
"""The end of the names of folders with the pages of interrupted runs of ``kg fetch``, which are no input."""
_NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
_URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\")]+")


class Source(NamedTuple):
    """One stream of bytes under its name in messages; read it before requesting the next one."""

    name: str
    chunks: Iterator[bytes]
    byte_range: ByteRange | None = None
    """Where these bytes are on this machine: for files that are not compressed, and for small members of a local zip
    archive."""
    progress: Progress | None = None
    counted: bool = False
    """Whether progress is already reported where compressed bytes are read."""

    def open(self) -> Iterator[bytes]:
        """Yield its bytes, decompressed, about 1 MiB at a time.

        Raises :class:`SourceError` where the stream cannot be read any further; the bytes before are valid.
        """
        try:
            for chunk in self.chunks:
                if not self.counted:
                    self.report(len(chunk))
                yield chunk
        except Exception as error:  # codecs and remote stores raise exceptions of any class
            raise read_failure(self.name, error) from error.__cause__

    def report(self, size: int) -> None:
        """Report progress by a number of bytes."""
        if self.progress and size > 0:
            self.progress(size)


def sources(
    inputs: Iterable[AnyInput], reject: Reject, progress: Progress | None = None, exclude: Iterable[str] = ()
) -> Iterator[Source]:
    """Yield every stream of the inputs: names in their order, then objects (:mod:`kg.records.objects`) as given.

    ``reject`` is called with a :class:`SourceError` for each that cannot be opened, ``progress`` with the number of
    bytes read since its last call. The files ``exclude`` are skipped, such as an earlier output in an input folder.

    Raises :class:`UsageError`, before anything is read, for an input that does not exist.
    """
    items = flatten(inputs)
    objects = [item for item in items if isinstance(item, ObjectInput)]
    names = _checked_names(item for item in items if isinstance(item, str))
    excluded = [Path(name).stat() for name in exclude if os.path.isfile(name)]  # noqa: PTH113 -- accepts any name
    named = _all_streams(names, reject, progress, set(map(file_id, excluded)))
    return chain(named, _object_streams(objects, reject, progress))


def total_size(inputs: Iterable[str]) -> int | None:
    """Return the total size of the input files in bytes, or None if it is not known in advance."""
    names = _checked_names(inputs)
    if any(name == "-" or urls.is_url(name) for name in names):
        return None
    paths = (path for name in names for path in _files(name, lambda _: None))
    files = {file_id(status): status for status in map(os.stat, paths)}
    is_known = all(stat.S_ISREG(status.st_mode) for status in files.values())
    return sum(status.st_size for status in files.values()) if is_known else None


def files(inputs: Iterable[str | os.PathLike[str]], reject: Reject) -> Iterator[tuple[str, str]]:
    """Yield every file of the inputs once, in the order of :func:`sources`: its name in messages, and its path or URL.

    The URL of a folder is expanded too. Raises :class:`UsageError` for an input that does not exist.
    """
    seen: set[str] = set()
    for name in _checked_names(inputs):
        for path in urls.files(name) if urls.is_url(name) else _files(name, reject):
            is_url = urls.is_url(path)
            place = path if is_url else os.path.realpath(path)
            if place not in seen:
                seen.add(place)
                yield (public_url(path) if is_url else one_line(path)), place


def opened(place: str) -> AbstractContextManager[IO[bytes]]:
    """Open a local file or a URL for reading."""
    return urls.opened(place) if urls.is_url(place) else _open_file(place)


def size_of(place: str) -> int | None:
    """Return the size of a local file or a URL, or None if it is not known."""
    return urls.size(place) if urls.is_url(place) else Path(place).stat().st_size


def streams(name: str, place: str, reject: Reject, span: slice = ALL) -> Iterator[Source]:
    """Yield the streams of one file; of an archive, those of a slice of its members."""
    return _streams(name, partial(opened, place), reject, None, span)


def one_line(text: str) -> str:
    """Escape everything that is not printable, so that the text fits on one line of a message.

    >>> one_line("a\\n\\x1b[31m\\udcff.json")
    'a\\\\n\\\\x1b[31m\\\\udcff.json'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def read_failure(name: str, error: Exception) -> SourceError:
    """Return the error to report for a stream that cannot be read any further."""
    if isinstance(error, SourceError):
        return SourceError(error.problem, file=name)
    reason = "not found" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or str(error)
    text = one_line(_URL_IN_TEXT.sub(lambda _: name, reason or type(error).__name__))
    return SourceError(f"cannot be read to its end ({text})", file=name)


# -- names ------------------------------------------------------------------------------------------------------


def _checked_names(inputs: Iterable[str | os.PathLike[str]]) -> list[str]:
    names = sorted({_local_path(os.fspath(name)) for name in inputs}, key=lambda name: (name == "-", name))
    for name in names:
        _check(name)
    return names


def _local_path(name: str) -> str:
    if not name.startswith("file://"):
        return name
    from urllib.request import url2pathname

    return url2pathname(urlsplit(name).path)


def _check(name: str) -> None:
    if name == "-":
        return
    if not name:
        raise UsageError("The name of an input is empty; name a file, a folder, a URL, or - for standard input.")
    if urls.is_url(name):
        urls.check(name)
        return
    try:
        Path(name).stat()
    except (OSError, ValueError) as error:
        if _NUMBER.fullmatch(name):
            how = f"kg fetch {name.upper()} -o {name.upper()}.jsonl"
            raise UsageError(f"{name} is the number of a study, not a file; get its record with {how}.") from error
        raise UsageError(f"{one_line(name)}: {getattr(error, 'strerror', None) or error}.") from error
    if (Path(name) / "CURRENT").is_file():
        shown = one_line(name)
        raise UsageError(f"{shown} is a store, not study records; kg restore {shown} -o FILE.jsonl rebuilds them.")


def _files(name: str, reject: Reject) -> list[str]:
    """Return the files in a folder and its subfolders, each folder once, or the file itself."""
    root = str(Path(name))
    if not Path(root).is_dir():
        return [root]
    paths, seen = [], {os.path.realpath(root)}
    for folder, folders, names in os.walk(root, followlinks=True, onerror=lambda e: reject(_unlisted(e))):
        visible = sorted(name for name in folders if not name.startswith(".") and not name.endswith(UNFINISHED))
        real = {name: os.path.realpath(os.path.join(folder, name)) for name in visible}  # noqa: PTH118 -- many paths
        unseen = {path: name for name, path in reversed(real.items()) if path not in seen}
        folders[:] = sorted(unseen.values())
        seen.update(unseen)
        prefix = folder[2:] if root == os.curdir else folder  # "a" is reported as "a", not as "./a"
        paths += [os.path.join(prefix, name) for name in names if not name.startswith(".")]  # noqa: PTH118 -- many paths
    paths.sort(key=lambda path: path.replace(os.sep, "/"))
    return [path for path in paths if _is_file(path, reject)]


def _unlisted(error: OSError) -> SourceError:
    return SourceError(f"cannot be listed ({error.strerror})", file=one_line(str(error.filename)))


def _is_file(path: str, reject: Reject) -> bool:
    if os.path.isfile(path):  # noqa: PTH113 -- many paths
        return True
    reject(SourceError("is not a readable file (a broken link or a device)", file=one_line(path)))
    return False


# -- streams ----------------------------------------------------------------------------------------------------


def _all_streams(names: list[str], reject: Reject, progress: Progress | None, seen: set[FileId]) -> Iterator[Source]:
    for name in names:
        if name == "-":
            yield from _streams("-", lambda: nullcontext(sys.stdin.buffer), reject, progress, is_local=False)
        elif urls.is_url(name):
            yield from _streams(public_url(name), partial(urls.opened, name), reject, progress)
        else:
            yield from _local_streams(name, seen, reject, progress)


def _local_streams(name: str, seen: set[FileId], reject: Reject, progress: Progress | None) -> Iterator[Source]:
    paths = _files(name, reject)
    if not paths:
        reject(SourceError("is a folder without files to read", file=one_line(name)))
    for path in paths:
        try:
            file = file_id(os.stat(path))  # noqa: PTH116 -- many paths
        except OSError as error:
            reject(read_failure(one_line(path), error))
            continue
        if file not in seen:
            seen.add(file)
            yield from _streams(one_line(path), partial(_open_file, path), reject, progress)


def _object_streams(objects: list[ObjectInput], reject: Reject, progress: Progress | None) -> Iterator[Source]:
    for item in objects:
        yield from _streams(one_line(item.name), item.open, reject, progress, is_local=False)


def _open_file(path: str) -> IO[bytes]:
    return open(path, "rb")  # noqa: PTH123 -- many paths


def _streams(
    name: str,
    open_input: Callable[[], AbstractContextManager[IO[bytes]]],
    reject: Reject,
    progress: Progress | None,
    span: slice = ALL,
    *,
    is_local: bool = True,
) -> Iterator[Source]:
    """Open a file and yield its streams, with their byte ranges if it may be a local file."""
    try:
        with open_input() as handle:
            head = handle.read(4)
            byte_range = whole_range(handle) if is_local else None
            if is_plain(head):
                yield Source(name, chain([head], iter(partial(handle.read, CHUNK), b"")), byte_range, progress)
                return
            raw = cast("IO[bytes]", _CountedFile(handle, progress, head)) if progress else handle
            if is_zip(head):
                for member in members(raw, head, span, byte_range):
                    full_name = f"{name}!{one_line(member.name)}"
                    yield Source(full_name, member.chunks, member.byte_range, progress, counted=True)
            else:
                stream = _lazily(chain([head], iter(partial(raw.read, CHUNK), b"")))
                head, chunks = _peek(stream, TAR_HEAD)
                if is_tar(head):
                    for member_name, content in tar_members(cast("IO[bytes]", ChunkReader(chunks))):
                        full_name = f"{name}!{one_line(member_name)}"
                        yield Source(full_name, _lazily(content), progress=progress, counted=True)
                else:
                    yield Source(name, chunks, progress=progress, counted=True)
    except Exception as error:  # codecs and remote stores raise exceptions of any class
        reject(read_failure(name, error))


def _peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes of a stream, and the complete stream; it raises what ended the first bytes."""
    head, failure = b"", None
    try:
        while len(head) < size and (chunk := next(chunks, None)) is not None:
            head += chunk
    except Exception as error:
        failure = error
    return head, chain([head], chunks if failure is None else _raised(failure))


def _raised(error: Exception) -> Iterator[bytes]:
    yield b""
    raise error


def _lazily(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from decompressed(chunks)


class _CountedFile:
    """A file that reports how many bytes are read from it."""

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
