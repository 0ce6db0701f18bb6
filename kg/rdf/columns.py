"""Lines of N-Quads as columns, each coded by a dictionary: laid out as pages of Parquet have them.

A compiled extension does it (``native/columns.c``), or Python where that was not built: the same bytes, later.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from kg.ontology.vocabulary import RDF, XSD

COLUMNS = ("subject", "predicate", "object", "datatype", "language", "graph")
PLAIN, TAGGED = XSD + "string", RDF + "langString"

_OBJECT = rb'<[^>]*>|"(?:[^"\\]++|\\.)*+"(?:@[^ "]+|\^\^<[^>"]+>)?'
_LINE = re.compile(rb"<([^>]*)> <([^>]*)> (%s) <([^>]*)> \.\n" % _OBJECT)


class Column(NamedTuple):
    """A column: for each row that has a text its place among the different ones, in runs; a bit for each row, whether
    it has one; how many have none; the different texts, each behind its length; how many these are, the least and the
    greatest of them.

    Runs stand behind the bits of a place, in the encoding ``RLE_DICTIONARY``, and texts in ``PLAIN``
    (https://parquet.apache.org/docs/file-format/data-pages/encodings/).
    """

    runs: bytes
    known: bytes
    nothing: int
    texts: bytes
    different: int
    least: bytes
    greatest: bytes


def coded(lines: bytes | memoryview) -> tuple[Column, ...]:
    """The columns of lines as the export writes them, in the order of :data:`COLUMNS`.

    Raises :class:`ValueError` for what cannot be cut like these.

    >>> [subject, *_, language, graph] = coded(b'<e:s> <e:p> "a"@en <e:g> .\\n<e:s> <e:p> <e:o> <e:g> .\\n')
    >>> subject.runs, subject.texts
    (b'\\x01\\x03\\x00', b'\\x03\\x00\\x00\\x00e:s')
    >>> language.known, language.nothing, language.greatest
    (b'\\x01', 1, b'en')
    """
    try:
        from kg._emitter import columns
    except ImportError:
        made = None
    else:
        made = columns(lines)
    return tuple(Column(*each) for each in made) if made is not None else carefully(bytes(lines))


def carefully(lines: bytes) -> tuple[Column, ...]:
    """The same as :func:`coded`, in Python."""
    made = [_Coding() for _ in COLUMNS]
    terms: dict[bytes, tuple[bytes, bytes | None, bytes | None]] = {}
    for line in lines.splitlines(keepends=True):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError("no line of N-Quads")
        subject, predicate, token, graph = found.groups()
        term = terms.get(token) or terms.setdefault(token, _term(token))
        for each, text in zip(made, (subject, predicate, *term, graph), strict=True):
            each.add(text)
    return tuple(each.column() for each in made)


def _term(token: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """The text, the datatype and the language of an object."""
    if token.startswith(b"<"):
        return token[1:-1], None, None
    end = token.rindex(b'"') + 1
    text = orjson.loads(token[:end]).encode() if b"\\" in token[:end] else token[1 : end - 1]
    if token[end : end + 1] == b"@":
        return text, TAGGED.encode(), token[end + 1 :]
    return text, token[end + 3 : -1] or PLAIN.encode(), None


class _Coding:
    """A column that is made, row by row."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._indices: list[int] = []
        self._known = bytearray()
        self._rows = 0

    def add(self, text: bytes | None) -> None:
        if self._rows % 8 == 0:
            self._known.append(0)
        if text is not None:
            self._indices.append(self._places.setdefault(text, len(self._places)))
            self._known[-1] |= 1 << self._rows % 8
        self._rows += 1

    def column(self) -> Column:
        texts = [len(text).to_bytes(4, "little") + text for text in self._places]
        bounds = (min(self._places, default=b""), max(self._places, default=b""))
        nothing = self._rows - len(self._indices)
        return Column(self._runs(), bytes(self._known), nothing, b"".join(texts), len(texts), *bounds)

    def _runs(self) -> bytes:
        width = max(1, (len(self._places) - 1).bit_length())
        runs, at, end = [bytes([width])], 0, len(self._indices)
        while at < end:
            if same := self._repeated(at):
                runs += [varint(same << 1), self._indices[at].to_bytes((width + 7) // 8, "little")]
                at += same
                continue
            begin = at
            while at < end and not self._repeated(at):
                at += 8
            runs.append(varint((at - begin) // 8 << 1 | 1))
            for i in range(begin, at, 8):
                packed = sum(index << width * k for k, index in enumerate(self._indices[i : i + 8]))
                runs.append(packed.to_bytes(width, "little"))
        return b"".join(runs)

    def _repeated(self, at: int) -> int:
        """How many numbers from a place on are the same, where these are eight or more."""
        same = self._indices[at]
        if self._indices[at : at + 8] != [same] * 8:
            return 0
        end = at + 8
        while end < len(self._indices) and self._indices[end] == same:
            end += 1
        return end - at


def varint(number: int) -> bytes:
    """A number in as many bytes as it takes, seven bits each, the least first.

    >>> varint(300)
    b'\\xac\\x02'
    """
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])
