"""Parses RDF files of any format, compressed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox

from kg.errors import SourceError
from kg.rdf import parquet
from kg.rdf.compress import PARQUET, Chunks
from kg.rdf.formats import format_of
from kg.records.decompress import CHUNK, decompressed

FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "nquads": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "parquet": ox.RdfFormat.N_QUADS,
}


def quads(name: str, progress: Callable[[int], None] | None = None) -> Iterator[ox.Quad]:
    """The statements of a file, by its name's format; raises :class:`~kg.errors.SourceError` where it breaks off.

    ``progress`` is called with the bytes of the file read since its last call.
    """
    chosen = FORMATS[format_of(name).name]
    with _readable(name), Path(name).open("rb") as file:
        if format_of(name).compression == PARQUET:
            chunks = parquet.read(file)
        else:
            chunks = decompressed(counted(iter(partial(file.read, CHUNK), b""), progress))
        yield from ox.parse(BufferedReader(cast("Any", Chunks(chunks)), CHUNK), format=chosen)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Raises :class:`~kg.errors.SourceError` for a file that cannot be read to its end."""
    try:
        yield
    except (SyntaxError, ValueError, OSError) as error:
        raise SourceError(f"is no good {format_of(name).name} ({error})", file=name) from error
    except SourceError as error:
        raise SourceError(error.problem, file=name) from error


def shared_quads(name: str) -> Iterator[ox.Quad]:
    """The statements of the shared graph in a file of N-Quads; no other line is parsed."""
    with _readable(name), Path(name).open("rb") as file:
        chunks = decompressed(iter(partial(file.read, CHUNK), b""))
        lines = (line for line in BufferedReader(cast("Any", Chunks(chunks)), CHUNK) if line.endswith(_SHARED_END))
        yield from ox.parse(b"".join(lines), format=ox.RdfFormat.N_QUADS)


_SHARED_END = b"/graph/shared> .\n"


def counted(chunks: Iterator[bytes], progress: Callable[[int], None] | None) -> Iterator[bytes]:
    """Chunks as they are, their sizes told as they are taken."""
    for chunk in chunks:
        if progress is not None:
            progress(len(chunk))
        yield chunk
