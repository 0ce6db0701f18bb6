"""A stream of JSON text, cut where studies start, without a parser.

The keys at the top of a study occur nowhere else in it, and inside a text their quotes would be escaped: so a brace
and one of them are where a study starts, whatever the file is laid out like.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import orjson

from kg.records.decompress import peek
from kg.records.saved_page import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_RECORD = 64 << 20
"""Bytes of one record; a larger one is passed over without being held."""
SIZE = 1 << 20
"""Bytes from which on a piece is full, and with it the task of a process."""
UNCUT = 8 << 20
"""Bytes without the start of a study after which another place to cut is looked for."""
HEAD = 4 << 10

START = re.compile(rb'\{\s{0,256}"(?:%s)"\s{0,256}:' % "|".join(sorted(SECTIONS)).encode())
_OVERLAP = 600
_WINDOW = 1 << 16
_LINE = re.compile(rb"\n\s*(?=\{)")
GARNISH = re.compile(
    r'(?:[\s,\[\]}\ufeff]++|\{\s*(?="(?:studies|nextPageToken|totalCount)"\s*:)|"studies"\s*:\s*(?=\[)'
    r'|"nextPageToken"\s*:\s*(?:"[^"\n]*+"|null)|"totalCount"\s*:\s*\d++)++'
)
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TAIL = b" \t\r\n,]"
_GAP = re.compile(rb"[ \t\r\n,\]]*+")
_SHORT = 16
"""Bytes at the end of a piece that are looked at first."""
DECODER = json.JSONDecoder()


def utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A stream of text as UTF-8 without a byte order mark. Raises :class:`UnicodeDecodeError` for half a character."""
    head, whole = peek(chunks, 4)
    codec = next((codec for mark, codec in _ENCODINGS if head.startswith(mark)), None)
    if codec == "utf-8":
        next(whole)
        return chain([head[len(codecs.BOM_UTF8) :]], whole)
    return _recoded(whole, codec) if codec else whole


def _recoded(chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def decoded(data: bytes | bytearray) -> str:
    """The text of some bytes; those that are no UTF-8 stay as lone surrogates, which a later step reports."""
    return data.decode("utf-8", "surrogateescape")


def size(text: str) -> int:
    """The bytes that a text was decoded from."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def bare(piece: bytes) -> bytes:
    """A piece without what closes a list."""
    return piece[: _end(piece)]


def _end(piece: bytes) -> int:
    """Where what closes a list begins, for which the piece is not copied where that is short."""
    last = piece[-_SHORT:]
    kept = last.rstrip(_TAIL)
    return len(piece) - len(last) + len(kept) if kept else len(piece.rstrip(_TAIL))


def loaded(piece: bytes) -> Any:
    """The one JSON value that a piece holds beside what closes a list, or None where it is anything else."""
    try:
        return orjson.loads(bare(piece))
    except (ValueError, MemoryError):
        return None


def closed(piece: bytes) -> int:
    """How many lists are closed behind the value of a piece.

    >>> closed(b'{"a": []}, ]')
    1
    """
    return piece.count(b"]", _end(piece))


def behind(text: bytes, end: int) -> tuple[int, int]:
    """Where what separates a value from the next one ends, and how many lists it closes.

    >>> behind(b'{"a": []}]\\n, {"b": 1}', 9)
    (13, 1)
    """
    found = _GAP.match(text, end)
    at = found.end() if found else end
    return at, text.count(b"]", end, at)


def starts_at(text: bytes, at: int) -> bool:
    """Whether a study starts at a place."""
    return START.match(text, at) is not None


def next_start(text: bytes, at: int) -> int:
    """Where the next study starts behind a place, or the text ends."""
    found = START.search(text, at + 1)
    return found.start() if found else len(text)


class Piece(NamedTuple):
    """Studies and what separates them from the next, or what stands before the first; or the head of too much."""

    at: int
    data: bytes
    whole: bool = True

    def apart(self) -> Iterator[Piece]:
        """The same in pieces of at most one study each.

        >>> [(piece.at, piece.data) for piece in Piece(7, b'[{"hasResults": true}, {"hasResults": false}]').apart()]
        [(7, b'['), (8, b'{"hasResults": true}, '), (30, b'{"hasResults": false}]')]
        """
        if self.whole:
            for begin, end in pairwise([0, *(start for start in _starts(self.data) if start), len(self.data)]):
                yield Piece(self.at + begin, self.data[begin:end])
        else:
            yield self


@dataclass(slots=True)
class Cutter:
    """Cuts a stream where studies start, and holds no more of it than one record may have.

    A piece has at least ``size`` bytes, and the studies that start in these, but for the last one of the stream and
    those around a study that is large itself.
    """

    size: int = field(default_factory=lambda: SIZE)
    buffer: bytearray = field(default_factory=bytearray)
    at: int = 0
    scanned: int = 0
    dropping: bool = False
    patience: int = field(default_factory=lambda: UNCUT)

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The stream in pieces."""
        for chunk in chunks:
            self.buffer += chunk
            if len(self.buffer) <= self.size and not self.dropping:
                continue
            yield from self._cut()
            if len(self.buffer) > MAX_RECORD:
                yield from self._taken(0, HEAD, whole=False)
                self.dropping = True
                self._drop(len(self.buffer) - _OVERLAP)
            self.scanned = max(0, len(self.buffer) - _OVERLAP)
        yield from self._taken(0, len(self.buffer))

    def _cut(self) -> Iterator[Piece]:
        cuts = [*self._cuts()]
        if not cuts and len(self.buffer) > self.patience and not self.dropping:
            cuts = [max(_starts(self.buffer), default=0)]  # what a large study stands behind
            if not cuts[0]:
                cuts, self.patience = [_values_end(self.buffer)], sys.maxsize
        for begin, end in pairwise([0, *cuts]):
            yield from self._taken(begin, end)
            self.dropping = False
        if cuts and cuts[-1]:
            self._drop(cuts[-1])
            self.patience = UNCUT

    def _cuts(self) -> Iterator[int]:
        """The first start of a study behind each piece that is full, and all of them around a large study."""
        cut, size = (-1, 0) if self.dropping else (0, self.size)
        while (start := next(_behind(cut, self.buffer, max(self.scanned, cut + size)), None)) is not None:
            if start - cut > UNCUT:
                yield from (each for each in _behind(cut, self.buffer, cut) if each < start)
            yield start
            cut, size = start, self.size

    def _taken(self, begin: int, end: int, whole: bool = True) -> Iterator[Piece]:
        if begin < end and not self.dropping:
            kept = whole and end - begin <= MAX_RECORD
            with memoryview(self.buffer) as view:
                data = bytes(view[begin : end if kept else begin + HEAD])
            yield Piece(self.at + begin, data, kept)

    def _drop(self, size: int) -> None:
        self.buffer = self.buffer[size:]  # del would leave room before it, and growing then copies all
        self.at += size


def ranges(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """A file of this machine in ranges of bytes as of pieces, of which only what stands around their ends is read.

    They leave off at the end, or where a study is large, and pieces are to be cut. Raises :class:`OSError`.
    """
    begin = 0
    while (size := file.seek(0, io.SEEK_END) - begin) > SIZE:
        end = _start_in(file, begin + SIZE, begin + UNCUT)
        if not end:
            return
        yield begin, end
        begin = end
    if size > 0:
        yield begin, begin + size


def _start_in(file: IO[bytes], at: int, end: int) -> int:
    """Where the first study starts behind a place in a file, or nothing where none does before the end."""
    while at < end:
        file.seek(at - _OVERLAP)
        window = file.read(_WINDOW)
        for start in _starts(window, _OVERLAP):
            return at - _OVERLAP + start
        if len(window) < _WINDOW:
            return file.tell()
        at += _WINDOW - _OVERLAP
    return 0


def _behind(cut: int, buffer: bytearray, at: int) -> Iterator[int]:
    return (start for start in _starts(buffer, max(0, at)) if start > cut)


def _starts(buffer: bytes | bytearray, at: int = 0) -> Iterator[int]:
    """Where studies start behind a place."""
    return (match.start() for match in START.finditer(buffer, at))


def _values_end(buffer: bytearray) -> int:
    """Where the last whole line, or else the last whole value ends, where studies begin with keys of their own."""
    line = buffer.rfind(b"\n{")
    if line > 0 and _ends_value(buffer, line):
        return line
    text, at = decoded(buffer), 0
    while True:
        garnish = GARNISH.match(text, at)
        at = garnish.end() if garnish else at
        try:
            at = DECODER.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            return size(text[:at])


def _ends_value(piece: bytes | bytearray, at: int) -> bool:
    """Whether what stands before a raw line break cannot go on behind it with an object."""
    return bytes(piece[max(0, at - 64) : at]).rstrip()[-1:] not in (b",", b":", b"[", b"{", b"")


def whole_lines(piece: bytes) -> Iterator[tuple[int, bytes]]:
    """A piece cut at the line breaks that no value can hold, each with its place in it."""
    breaks = (match.end() for match in _LINE.finditer(piece) if _ends_value(piece, match.start()))
    yield from ((begin, piece[begin:end]) for begin, end in pairwise(chain([0], breaks, [len(piece)])))
