"""Frames of the pipes between the server and its workers.

A request is the lengths of a JSON header and of the text of a query, followed by both. An answer is a sequence of
frames, each a letter for its kind, the length of its content, and the content: data, then the end or an error.
"""

from __future__ import annotations

import struct
from typing import IO, Any, NamedTuple

import orjson

REQUEST = struct.Struct(">II")
FRAME = struct.Struct(">cI")
DATA, END, ERROR = b"D", b"E", b"X"
"""Kinds of frames; the content of the last two is JSON."""
CHUNK = 1 << 16
"""Bytes of a frame of data, at most."""


class Task(NamedTuple):
    """A query for a worker; the names of formats are those of :mod:`kg.serve.media`, ``None`` if none is acceptable.

    ``default`` and ``named`` are the IRIs of the graphs of the dataset, or ``None`` for that of the query.
    """

    text: str
    results: str | None = "json"
    graph: str | None = "ntriples"
    default: list[str] | None = None
    named: list[str] | None = None
    base: str | None = None
    """The IRI that relative IRIs of the query are resolved with."""
    hints: bool = False
    """Whether to return hints why the answer is empty instead of the answer, as a JSON list of sentences."""

    def encode(self) -> bytes:
        """Return the bytes of the request."""
        header, text = orjson.dumps(self[1:]), self.text.encode("utf-8", "surrogatepass")
        return REQUEST.pack(len(header), len(text)) + header + text


def read_task(stream: IO[bytes]) -> Task | None:
    """Read a request; ``None`` at the end of the stream."""
    head = stream.read(REQUEST.size)
    if len(head) < REQUEST.size:
        return None
    header, text = REQUEST.unpack(head)
    fields = orjson.loads(stream.read(header))
    return Task(stream.read(text).decode("utf-8", "surrogatepass"), *fields)


def write_frame(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    """Write a frame of an answer."""
    stream.write(FRAME.pack(kind, len(content)))
    stream.write(content)


def write_json(stream: IO[bytes], kind: bytes, value: Any) -> None:
    """Write the last frame of an answer."""
    write_frame(stream, kind, orjson.dumps(value))
    stream.flush()
