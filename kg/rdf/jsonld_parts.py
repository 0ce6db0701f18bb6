"""Parts of JSON-LD documents, since the parser holds a document in memory.

Exports have the context and the start of the list of nodes in the first two lines, and one node in each other line
(:func:`kg.rdf.jsonld.frame`). A part has these two lines and some of the nodes, so it is a document of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, BytesIO, RawIOBase
from typing import IO, cast

SIZE = 2 << 20
"""Bytes of the nodes of a part, unless the last one is longer."""
_CONTEXT, _GRAPH, _NODE, _TAIL = b'{"@context":{', b'"@graph":[\n', b'{"@id":', b"]}\n"


def parts(file: BufferedReader) -> Iterator[IO[bytes]]:
    """Yield the parts of a document with the layout of exports, or else the document itself.

    >>> text = b'{"@context":{},\\n"@graph":[\\n{"@id":"a:b"},\\n{"@id":"a:c"}\\n]}\\n'
    >>> [part.read() for part in parts(BufferedReader(BytesIO(text)))] == [text]
    True
    """
    first = file.readline(SIZE)
    second = file.readline(SIZE) if first.startswith(_CONTEXT) and first.endswith(b"},\n") else b""
    if second != _GRAPH:
        yield BufferedReader(_Joined(first + second, file))
        return
    nodes, size = list[bytes](), 0
    for line in file:
        if size >= SIZE and line.startswith(_NODE) and nodes[-1].endswith(b"},\n"):
            yield BytesIO(b"".join([first, second, *nodes[:-1], nodes[-1][:-2], b"\n", _TAIL]))
            nodes, size = [], 0
        nodes.append(line)
        size += len(line)
    yield BytesIO(b"".join([first, second, *nodes]))


class _Joined(RawIOBase):
    """Bytes that were read from a file, and the rest of it."""

    def __init__(self, start: bytes, rest: BufferedReader) -> None:
        self._start, self._rest = BytesIO(start), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(cast("bytearray", buffer))
        data = self._start.read(len(target)) or self._rest.read(len(target))
        target[: len(data)] = data
        return len(data)
