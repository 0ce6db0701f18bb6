"""Parsing of RDF files in any format, compressed or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

import pyoxigraph as ox

from kg.errors import SourceError
from kg.rdf import parquet
from kg.rdf.compress import PARQUET
from kg.rdf.formats import format_of
from kg.rdf.jsonld_parts import parts
from kg.records.decompress import CHUNK, ChunkReader, decompressed
from kg.records.objects import ObjectInput

FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "nquads": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "parquet": ox.RdfFormat.N_QUADS,
}


def quads(source: str | ObjectInput, progress: Callable[[int], None] | None = None) -> Iterator[ox.Quad]:
    """Yield the statements of a file in the format of its name; raise :class:`~kg.errors.SourceError` if it is invalid.

    ``progress`` is called with the number of bytes read since its last call.
    """
    name = str(source)
    rdf_format = format_of(name)
    with _readable(name), _opened(source) if isinstance(source, str) else source.open() as file:
        if rdf_format.compression == PARQUET:
            chunks = parquet.read(file)
        else:
            chunks = decompressed(counted(iter(partial(file.read, CHUNK), b""), progress))
        reader = BufferedReader(cast("Any", ChunkReader(chunks)), CHUNK)
        for document in parts(reader) if rdf_format.name == "jsonld" else (reader,):
            yield from ox.parse(document, format=FORMATS[rdf_format.name])


def _opened(name: str) -> AbstractContextManager[IO[bytes]]:
    if "://" not in name:
        return Path(name).open("rb")
    from kg.records.urls import opened

    return opened(name)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Raise :class:`~kg.errors.SourceError` for a file that cannot be read completely."""
    try:
        yield
    except (SyntaxError, ValueError, OSError) as error:
        raise SourceError(f"is not valid {format_of(name).name} ({error})", file=name) from error
    except MemoryError as error:
        raise SourceError(f"has a literal or a line that is too long to be read ({error})", file=name) from error
    except SourceError as error:
        raise SourceError(error.problem, file=name) from error


def shared_quads(name: str) -> Iterator[ox.Quad]:
    """Yield the statements of the shared graph in a file of N-Quads; other lines are not parsed."""
    return _of_lines(name, ox.RdfFormat.N_QUADS, lambda line: line.endswith(_SHARED_END))


def loose_quads(name: str) -> Iterator[ox.Quad]:
    """Yield the statements in a file of N-Triples that are not about a study; few of the other lines are parsed."""
    return _of_lines(name, ox.RdfFormat.N_TRIPLES, lambda line: not _STUDY_LINE.match(line))


def _of_lines(name: str, rdf_format: ox.RdfFormat, accept: Callable[[bytes], object]) -> Iterator[ox.Quad]:
    with _readable(name), Path(name).open("rb") as file:
        chunks = decompressed(iter(partial(file.read, CHUNK), b""))
        lines = (line for line in BufferedReader(cast("Any", ChunkReader(chunks)), CHUNK) if accept(line))
        yield from ox.parse(b"".join(lines), format=rdf_format)


_SHARED_END = b"/graph/shared> .\n"
_STUDY_LINE = re.compile(rb"<[^>]*/(?:study|part|record|studies)/NCT[0-9]{8}[^0-9]")


def counted(chunks: Iterator[bytes], progress: Callable[[int], None] | None) -> Iterator[bytes]:
    """Yield chunks unchanged, and report their sizes."""
    for chunk in chunks:
        if progress is not None:
            progress(len(chunk))
        yield chunk
