"""Lines of N-Quads as columns, each coded by a dictionary: laid out as tables of Arrow have them.

A compiled extension does it (``kg/native/columns.c``), or Python where that was not built: the same bytes, later.
"""

from __future__ import annotations

import re
from array import array
from typing import NamedTuple

import orjson

from kg.ontology import RDF, XSD

COLUMNS = ("subject", "predicate", "object", "datatype", "language", "graph")
PLAIN, TAGGED = XSD + "string", RDF + "langString"

_OBJECT = rb'<[^>]*>|"(?:[^"\\]++|\\.)*+"(?:@[^ "]+|\^\^<[^>"]+>)?'
_LINE = re.compile(rb"<([^>]*)> <([^>]*)> (%s) <([^>]*)> \.\n" % _OBJECT)


class Column(NamedTuple):
    """A column: for each row the place of its text among the different ones, as an ``int32``; a bit for each row,
    whether it has one at all; where each of the texts ends behind the one before, as ``int32`` behind a 0; the texts.

    Bits begin at the least of a byte, and numbers are those of the machine
    (https://arrow.apache.org/docs/format/Columnar.html).
    """

    indices: bytes | memoryview
    known: bytes | memoryview
    ends: bytes | memoryview
    texts: bytes | memoryview


def coded(lines: bytes | memoryview) -> tuple[Column, ...]:
    """The columns of lines as the export writes them, in the order of :data:`COLUMNS`.

    Raises :class:`ValueError` for what cannot be cut like these.

    >>> [subject, *_, language, graph] = coded(b'<e:s> <e:p> "a"@en <e:g> .\\n<e:s> <e:p> <e:o> <e:g> .\\n')
    >>> [*memoryview(subject.indices).cast("i")], subject.texts
    ([0, 0], b'e:s')
    >>> language.known, language.texts
    (b'\\x01', b'en')
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
        self._indices = array("i")
        self._known = bytearray()

    def add(self, text: bytes | None) -> None:
        row = len(self._indices)
        if row % 8 == 0:
            self._known.append(0)
        if text is None:
            self._indices.append(0)
        else:
            self._indices.append(self._places.setdefault(text, len(self._places)))
            self._known[row // 8] |= 1 << row % 8

    def column(self) -> Column:
        ends = array("i", [0])
        for text in self._places:
            ends.append(ends[-1] + len(text))
        return Column(self._indices.tobytes(), bytes(self._known), ends.tobytes(), b"".join(self._places))
