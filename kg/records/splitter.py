"""Splitting a stream of JSON where studies start, without a parser.

The keys at the top of a study occur nowhere else in it, and inside a string their quotes would be escaped. So a brace
followed by one of them is the start of a study, in any layout.
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
from kg.records.surroundings import last_study_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_RECORD = 64 << 20
"""Largest size of a record in bytes; larger ones are skipped without being held in memory."""
SIZE = 1 << 20
"""Minimum size of a piece, and with it of a task, in bytes."""
UNSPLIT = 8 << 20
"""Bytes without the start of a study after which another place to split is searched."""
HEAD = 4 << 10
"""Bytes kept of a record that is too large, and read to detect the kind of a stream."""

START = re.compile(rb'\{\s{0,256}"(?:%s)"\s{0,256}:' % "|".join(sorted(SECTIONS)).encode())
_OVERLAP = 600
_WINDOW = 1 << 16
_LINE = re.compile(rb"\n\s*(?=\{)")
SEPARATORS = re.compile(
    r'(?:[\s,\[\]}\ufeff]++|\{\s*(?="(?:studies|nextPageToken|totalCount)"\s*:)|"studies"\s*:\s*(?=\[)'
    r'|"nextPageToken"\s*:\s*(?:"[^"\n]*+"|null)|"totalCount"\s*:\s*\d++)++'
)
"""Everything around the studies of a list, several lists, or pages of the API."""
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KEYS = [f'"{section}"'.encode() for section in sorted(SECTIONS)]
_BETWEEN = b" \t\r\n,["
_TRAILING = b" \t\r\n,]"
_SEPARATOR = re.compile(rb"[ \t\r\n,\]]*+")
_CLOSING = " \t\r\n,]}"
_OPENING = " \t\r\n,[]{}\ufeff"
_SHORT = 16
"""Bytes at the end of a piece that are searched first for the separators after the study."""
DECODER = json.JSONDecoder()


def utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return a stream of text as UTF-8 without a byte order mark; it may raise :class:`UnicodeDecodeError`."""
    head, stream = peek(chunks, 4)
    codec = next((codec for mark, codec in _ENCODINGS if head.startswith(mark)), None)
    if codec == "utf-8":
        next(stream)
        return chain([head[len(codecs.BOM_UTF8) :]], stream)
    return _recoded(stream, codec) if codec else stream


def _recoded(chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def decoded(data: bytes | bytearray) -> str:
    """Decode UTF-8; invalid bytes become lone surrogates, which a later step reports."""
    return data.decode("utf-8", "surrogateescape")


def size(text: str) -> int:
    """Return the number of bytes that a text was decoded from."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def bare(piece: bytes) -> bytes:
    """Return a piece without the separators and closing brackets after its value."""
    return piece[: _value_end(piece)]


def _value_end(piece: bytes) -> int:
    """Return where the separators at the end of a piece start; short ones are found without copying the piece."""
    last = piece[-_SHORT:]
    kept = last.rstrip(_TRAILING)
    return len(piece) - len(last) + len(kept) if kept else len(piece.rstrip(_TRAILING))


def loaded(piece: bytes) -> Any:
    """Parse the one JSON value of a piece; return None where the piece holds anything else."""
    try:
        return orjson.loads(bare(piece))
    except (ValueError, MemoryError):
        return None


def closed(piece: bytes) -> int:
    """Return the number of lists that are closed after the value of a piece.

    >>> closed(b'{"a": []}, ]')
    1
    """
    return piece.count(b"]", _value_end(piece))


def skip_separator(text: bytes, end: int) -> tuple[int, int]:
    """Return where the separator after a value ends, and how many lists it closes.

    >>> skip_separator(b'{"a": []}]\\n, {"b": 1}', 9)
    (13, 1)
    """
    match = _SEPARATOR.match(text, end)
    following = match.end() if match else end
    return following, text.count(b"]", end, following)


def starts_at(text: bytes, at: int) -> bool:
    """Return whether a study starts at a position."""
    return START.match(text, at) is not None


class Piece(NamedTuple):
    """Part of a stream: whole studies with the separators after them, or the text before the first study.

    It starts at byte ``at`` of the stream. ``whole`` is false for the first bytes of a record that is too large;
    ``truncated`` says that the stream ends after the piece because it could not be read any further.
    """

    at: int
    data: bytes
    whole: bool = True
    truncated: bool = False

    def study(self, begin: int) -> Piece:
        """Return the part of the piece from a position up to the next start of a study."""
        match = START.search(self.data, begin + 1) if self.whole else None
        end = match.start() if match else len(self.data)
        truncated = self.truncated and end == len(self.data)
        return Piece(self.at + begin, self.data[begin:end], self.whole, truncated)

    def studies(self, begin: int = 0) -> Iterator[Piece]:
        """Yield the piece in pieces of at most one study each.

        >>> [(piece.at, piece.data) for piece in Piece(7, b'[{"hasResults": true}, {"hasResults": false}]').studies()]
        [(7, b'['), (8, b'{"hasResults": true}, '), (30, b'{"hasResults": false}]')]
        """
        while begin < len(self.data):
            study = self.study(begin)
            yield study
            begin += len(study.data)


@dataclass(slots=True)
class Splitter:
    """Splits a stream where studies start, and holds no more of it than one record may have.

    A piece has at least ``size`` bytes and the studies that start in them, except for the last piece of the stream and
    those around a study that is large itself.
    """

    size: int = field(default_factory=lambda: SIZE)
    buffer: bytearray = field(default_factory=bytearray)
    at: int = 0
    scanned: int = 0
    dropping: bool = False
    patience: int = field(default_factory=lambda: UNSPLIT)

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """Yield the stream in pieces."""
        for chunk in chunks:
            self.buffer += chunk
            if len(self.buffer) <= self.size and not self.dropping:
                continue
            yield from self._split()
            if len(self.buffer) > MAX_RECORD:
                yield from self._piece(0, HEAD, whole=False)
                self.dropping = True
                self._drop(len(self.buffer) - _OVERLAP)
            self.scanned = max(0, len(self.buffer) - _OVERLAP)
        yield from self._piece(0, len(self.buffer))

    def _split(self) -> Iterator[Piece]:
        ends = [*self._ends()]
        if not ends and len(self.buffer) > self.patience and not self.dropping:
            ends = [max(_starts(self.buffer), default=0)]  # the start of a large study
            if not ends[0]:
                ends, self.patience = [_last_value_end(self.buffer)], sys.maxsize
        for begin, end in pairwise([0, *ends]):
            yield from self._piece(begin, end)
            self.dropping = False
        if ends and ends[-1]:
            self._drop(ends[-1])
            self.patience = UNSPLIT

    def _ends(self) -> Iterator[int]:
        """Yield the first start of a study after each full piece, and all starts around a large study."""
        begin, size = (-1, 0) if self.dropping else (0, self.size)
        while (start := next(self._starts_after(begin, max(self.scanned, begin + size)), None)) is not None:
            if start - begin > UNSPLIT:
                yield from (earlier for earlier in self._starts_after(begin, begin) if earlier < start)
            yield start
            begin, size = start, self.size

    def _starts_after(self, begin: int, at: int) -> Iterator[int]:
        return (start for start in _starts(self.buffer, max(0, at)) if start > begin)

    def _piece(self, begin: int, end: int, whole: bool = True) -> Iterator[Piece]:
        if begin < end and not self.dropping:
            whole = whole and end - begin <= MAX_RECORD
            with memoryview(self.buffer) as view:
                data = bytes(view[begin : end if whole else begin + HEAD])
            yield Piece(self.at + begin, data, whole)

    def _drop(self, size: int) -> None:
        self.buffer = self.buffer[size:]  # del would leave unused memory at its start, which growing then copies
        self.at += size


def ranges(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield a file in byte ranges that are pieces, reading only the bytes around their ends.

    Stops at the end of the file, or where a study is large and :class:`Splitter` has to go on. Raises :class:`OSError`.
    """
    begin = 0
    while (size := file.seek(0, io.SEEK_END) - begin) > SIZE:
        end = _find_start(file, begin + SIZE, begin + UNSPLIT)
        if not end:
            return
        yield begin, end
        begin = end
    if size > 0:
        yield begin, begin + size


def _find_start(file: IO[bytes], at: int, end: int) -> int:
    """Return where the first study after a position starts or the file ends; 0 if there is neither before ``end``."""
    while at < end:
        file.seek(at - _OVERLAP)
        window = file.read(_WINDOW)
        for start in _starts(window, _OVERLAP):
            return at - _OVERLAP + start
        if len(window) < _WINDOW:
            return file.tell()
        at += _WINDOW - _OVERLAP
    return 0


def _starts(buffer: bytes | bytearray, at: int = 0) -> Iterator[int]:
    """Return the positions from ``at`` on where studies start."""
    return (match.start() for match in START.finditer(buffer, at))


def _last_value_end(buffer: bytearray) -> int:
    """Return the end of the last whole line or value, for studies that start with other keys."""
    line = buffer.rfind(b"\n{")
    if line > 0 and _ends_value(buffer, line):
        return line
    if _is_one_study(buffer):
        return 0
    text, at = decoded(buffer), 0
    if text.lstrip(_CLOSING).startswith('"'):  # entries of an object
        return size(text[: last_study_end(text)])
    while True:
        separators = SEPARATORS.match(text, at)
        at = separators.end() if separators else at
        try:
            at = DECODER.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            return size(text[: at if text[:at].strip(_OPENING) else last_study_end(text)])


def _is_one_study(buffer: bytearray) -> bool:
    """Return whether a buffer starts with a study that goes on to its end: no key of the top of a study is repeated."""
    begin = len(buffer) - len(buffer.lstrip(_BETWEEN))
    return START.match(buffer, begin) is not None and all(buffer.count(key) < 2 for key in _KEYS)


def _ends_value(piece: bytes | bytearray, at: int) -> bool:
    """Return whether a value ends before a raw line break, so that an object after it is not part of that value."""
    return bytes(piece[max(0, at - 64) : at]).rstrip()[-1:] not in (b",", b":", b"[", b"{", b"")


def whole_lines(piece: bytes) -> Iterator[tuple[int, bytes]]:
    """Split a piece at the line breaks that cannot be inside a value; yield each line with its position."""
    breaks = (match.end() for match in _LINE.finditer(piece) if _ends_value(piece, match.start()))
    yield from ((begin, piece[begin:end]) for begin, end in pairwise(chain([0], breaks, [len(piece)])))
