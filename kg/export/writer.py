"""Atomic output of an export: without superseded studies, and optionally sorted and with its SHA-256."""

from __future__ import annotations

import contextlib
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.export.study_index import StudyIndex
from kg.rdf.atomic import STANDARD_OUTPUT, is_stream, output_errors, replacing, standard_output
from kg.rdf.compress import PARQUET, compress, compressing, decompressing
from kg.rdf.formats import Frame, compression_of

if TYPE_CHECKING:
    from kg.rdf.parquet import StatementWriter

_COPY = 1 << 20
_STEP, _AHEAD = 16 << 20, 64 << 20
"""Bytes after which writeback is started, and bytes that written pages lag behind the output when they are dropped."""


class _Drain:
    """Starts writeback while an output is being written, and drops written pages from the page cache.

    Linux starts writeback of a range at the first ``POSIX_FADV_DONTNEED`` and drops its pages at the second
    (https://man7.org/linux/man-pages/man2/posix_fadvise.2.html). The final ``fsync`` is then short, the page cache is
    not filled, and pages are reused: with two processes the system time of a 3 GB output is less than half. Files that
    are ``read_again`` at the end stay in the cache. Ranges overlap, since a folio across the end of a range is kept.
    """

    def __init__(self, file: IO[bytes], *, read_again: bool) -> None:
        self._file = file
        self._drops = not read_again
        self._at = self._dropped = 0
        self._is_supported = sys.platform == "linux"

    def __call__(self) -> None:
        end = self._file.tell()
        if not self._is_supported or end - self._at < _STEP:
            return
        self._file.flush()
        self._advise(self._at, end)
        if self._drops and self._at > _AHEAD:
            self._advise(max(0, self._dropped - _STEP), end - _AHEAD)
            self._dropped = end - _AHEAD
        self._at = end

    def _advise(self, begin: int, end: int) -> None:
        with contextlib.suppress(OSError):  # only a hint
            os.posix_fadvise(self._file.fileno(), begin, end - begin, os.POSIX_FADV_DONTNEED)


class Writer:
    """Writes studies within the frame of a format, without superseded ones, and in order of NCT number if requested."""

    def __init__(self, name: str, *, compression: str = "", in_order: bool = False, hashed: bool = False) -> None:
        self._name = name
        self._in_order = in_order
        self._compression = compression or compression_of(name)
        self._hashed = hashed
        self._spooled = in_order or is_stream(name)
        self._folder = None if is_stream(name) else Path(name).parent
        self._rows: StatementWriter | None = None
        self.index = StudyIndex()
        self.sha256 = ""
        self.end_triples = 0
        """The number of triples after the studies."""

    @property
    def compression(self) -> str:
        """The compression that added pieces must already have; Parquet is encoded here."""
        return "" if self._spooled or self._compression == PARQUET else self._compression

    @property
    def target(self) -> Path | None:
        """The file to write; ``None`` for a stream."""
        return None if is_stream(self._name) else Path(os.path.realpath(self._name))

    def add(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Write pieces of studies, compressed as :attr:`compression` says."""
        with output_errors(self._name):
            if self._rows is not None:
                lines = [*pieces]
                self._rows.add(lines[0] if len(lines) == 1 else b"".join(lines))
            else:
                self._file.writelines(pieces)
            self._drain()

    @contextlib.contextmanager
    def open(self, frame: Frame, end: Callable[[], Iterable[tuple[bytes, int]]] = tuple) -> Iterator[Writer]:
        """Return a context in which studies are added; the output appears when it exits without an error.

        ``end`` yields the output after the studies, in pieces with their numbers of triples.
        """
        self._frame, self._end = frame, end
        if self._spooled:
            from tempfile import TemporaryFile

            with output_errors(self._name), TemporaryFile(dir=self._folder) as spool:
                with self._framed(spool):
                    yield self
                with self._final() as file:
                    self._copy(spool, "", file)
            return
        with replacing(self._name) as file:
            with self._framed(file):
                yield self
            if self.index.superseded:
                self._rewrite(file)
            self._hash(file)

    def _hash(self, file: IO[bytes]) -> None:
        if self._hashed:
            file.seek(0)
            import hashlib

            digest = hashlib.sha256()
            while chunk := file.read(_COPY):
                digest.update(chunk)
            self.sha256 = digest.hexdigest()

    @contextlib.contextmanager
    def _framed(self, file: Any) -> Iterator[None]:
        with output_errors(self._name):
            self._file = file
            self._drain = _Drain(file, read_again=self._hashed or self._spooled)
            if self._compression == PARQUET and not self._spooled:
                with compressing(file, PARQUET) as self._rows:
                    yield
                    for piece in self._end_pieces():
                        self._rows.add(piece)
                return
            file.write(compress(self._frame.head, self.compression))
            yield
            for piece in self._end_pieces():
                file.write(compress(piece, self.compression))
            file.write(compress(self._frame.tail, self.compression))

    @contextlib.contextmanager
    def _final(self) -> Iterator[IO[bytes]]:
        if self._name == STANDARD_OUTPUT:
            with standard_output() as file:
                yield file
        else:
            with replacing(self._name) as file:
                yield file
                self._hash(file)

    def _rewrite(self, file: IO[bytes]) -> None:
        """Replace the contents of a file by its studies that are not superseded."""
        import shutil
        from tempfile import TemporaryFile

        file.flush()
        with TemporaryFile(dir=Path(self._name).parent) as copy:
            self._copy(file, self._compression, copy)
            copy.seek(0)
            file.seek(0)
            file.truncate()
            shutil.copyfileobj(copy, file, _COPY)

    def _copy(self, source: IO[bytes], compression: str, file: IO[bytes]) -> None:
        with decompressing(source, compression) as plain, compressing(file, self._compression) as stream:
            stream.write(self._frame.head)
            for i, piece in enumerate(self._pieces(plain)):
                stream.write(self._frame.between + piece if i else piece)
            for piece in self._end_pieces(final=True):
                stream.write(piece)
            stream.write(self._frame.tail)

    def _end_pieces(self, *, final: bool = False) -> Iterator[bytes]:
        """Yield the output after the studies, unless the studies will still be copied to another file."""
        if not final and (self._spooled or self.index.superseded):
            return
        is_empty = len(self.index) == len(self.index.superseded)
        for piece, triples in self._end():
            self.end_triples += triples
            yield piece if is_empty else self._frame.between + piece
            is_empty = False

    def _pieces(self, plain: IO[bytes]) -> Iterator[bytes]:
        """Yield the studies that are not superseded, in the order of the output."""
        lengths, gap = self.index.lengths, len(self._frame.between)
        if self._in_order:
            starts = _starts(lengths, len(self._frame.head), gap)
            for i in self.index.by_number():
                plain.seek(starts[i])
                yield plain.read(lengths[i])
            return
        plain.read(len(self._frame.head))
        for i, length in enumerate(lengths):
            piece = plain.read(length + (gap if i else 0))
            if i not in self.index.superseded:
                yield piece[gap:] if i else piece


def _starts(lengths: Iterable[int], head: int, gap: int) -> array[int]:
    starts, start = array("Q"), head
    for length in lengths:
        starts.append(start)
        start += length + gap
    return starts
