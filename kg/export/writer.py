"""Writing an export: beside its place, then moved into it, so that a name never stands for half a file."""

from __future__ import annotations

import contextlib
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.export.study_index import StudyIndex
from kg.rdf.atomic import STANDARD_OUTPUT, is_stream, output_errors, replacing
from kg.rdf.compress import PARQUET, compress, compressing, decompressing
from kg.rdf.formats import Frame, compression_of

if TYPE_CHECKING:
    from kg.rdf.parquet import StatementWriter

_COPY = 1 << 20
_STEP, _AHEAD = 16 << 20, 64 << 20
"""Bytes of an output after which the system is asked to bring them to the disk, and behind which to drop them."""


class _Drain:
    """Has what is written to a file brought to the disk meanwhile, so that its end need not wait for all of it.

    Linux begins to write the pages of a range that it is told are not needed, and does not wait; told once more, when
    they are written, it drops them (https://man7.org/linux/man-pages/man2/posix_fadvise.2.html). So a long output does
    not drive all else out of memory, and takes the same few pages again and again, which is several times quicker than
    fresh ones where the machine is virtual. What is ``read_again`` at the end is not dropped.

    Pages are kept in folios, and one that lies across the end of a range stays: so ranges to drop overlap.
    """

    def __init__(self, file: IO[bytes], *, read_again: bool) -> None:
        self._file = file
        self._drops = not read_again
        self._at = self._dropped = 0
        self._works = sys.platform == "linux"

    def __call__(self) -> None:
        end = self._file.tell()
        if not self._works or end - self._at < _STEP:
            return
        self._file.flush()
        self._give_up(self._at, end)
        if self._drops and self._at > _AHEAD:
            self._give_up(max(0, self._dropped - _STEP), end - _AHEAD)
            self._dropped = end - _AHEAD
        self._at = end

    def _give_up(self, begin: int, end: int) -> None:
        with contextlib.suppress(OSError):  # it is advice
            os.posix_fadvise(self._file.fileno(), begin, end - begin, os.POSIX_FADV_DONTNEED)


class Writer:
    """Writes studies within a frame, drops those that newer ones beat, and sorts where that is asked for."""

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
        """The triples that follow the studies."""

    @property
    def compression(self) -> str:
        """How what is added has to be packed already; Parquet is written here."""
        return "" if self._spooled or self._compression == PARQUET else self._compression

    @property
    def place(self) -> Path | None:
        """The file that is to be written; ``None`` where it is none."""
        return None if is_stream(self._name) else Path(os.path.realpath(self._name))

    def add(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Writes studies in pieces, packed, as they are given."""
        with output_errors(self._name):
            if self._rows is not None:
                lines = [*pieces]
                self._rows.add(lines[0] if len(lines) == 1 else b"".join(lines))
            else:
                self._file.writelines(pieces)
            self._drain()

    @contextlib.contextmanager
    def open(self, frame: Frame, end: Callable[[], Iterable[tuple[bytes, int]]] = tuple) -> Iterator[Writer]:
        """The context in which studies are added; the output is written atomically when it ends.

        ``end`` gives what follows the studies, in pieces as they are written, each with its number of triples.
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
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with replacing(self._name) as file:
                yield file
                self._hash(file)

    def _rewrite(self, file: IO[bytes]) -> None:
        """Copies the studies that stand over what was written."""
        import shutil
        from tempfile import TemporaryFile

        file.flush()
        with TemporaryFile(dir=Path(self._name).parent) as kept:
            self._copy(file, self._compression, kept)
            kept.seek(0)
            file.seek(0)
            file.truncate()
            shutil.copyfileobj(kept, file, _COPY)

    def _copy(self, source: IO[bytes], compression: str, file: IO[bytes]) -> None:
        with decompressing(source, compression) as plain, compressing(file, self._compression) as stream:
            stream.write(self._frame.head)
            for i, piece in enumerate(self._pieces(plain)):
                stream.write(self._frame.between + piece if i else piece)
            for piece in self._end_pieces(final=True):
                stream.write(piece)
            stream.write(self._frame.tail)

    def _end_pieces(self, *, final: bool = False) -> Iterator[bytes]:
        """What follows the studies, unless these are copied once more."""
        if not final and (self._spooled or self.index.superseded):
            return
        is_empty = len(self.index) == len(self.index.superseded)
        for piece, triples in self._end():
            self.end_triples += triples
            yield piece if is_empty else self._frame.between + piece
            is_empty = False

    def _pieces(self, plain: IO[bytes]) -> Iterator[bytes]:
        """The studies that stand, in the order in which they are to stand."""
        lengths, gap = self.index.lengths, len(self._frame.between)
        if self._in_order:
            starts = _starts(lengths, len(self._frame.head), gap)
            for place in self.index.by_number():
                plain.seek(starts[place])
                yield plain.read(lengths[place])
            return
        plain.read(len(self._frame.head))
        for place, length in enumerate(lengths):
            piece = plain.read(length + (gap if place else 0))
            if place not in self.index.superseded:
                yield piece[gap:] if place else piece


def _starts(lengths: Iterable[int], head: int, gap: int) -> array[int]:
    starts, at = array("Q"), head
    for length in lengths:
        starts.append(at)
        at += length + gap
    return starts
