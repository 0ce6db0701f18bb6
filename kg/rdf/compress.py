"""Compression with gzip or Zstandard, in frames that are compressed independently and concatenated.

Streams of N-Quads can be written as Parquet too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from kg._types import Bytes

PARQUET = ".parquet"

ZSTANDARD_LEVEL = 3
GZIP_LEVEL = 6


def compress(data: Bytes, compression: str) -> bytes:
    """Compress bytes to one frame (``.zst``) or one member (``.gz``), reproducibly; without compression, return them.

    >>> import gzip
    >>> gzip.decompress(compress(b"a", ".gz") + compress(b"b", ".gz"))
    b'ab'
    """
    if compression == ".gz":
        import gzip

        return gzip.compress(data, GZIP_LEVEL, mtime=0) if data else b""
    if compression == ".zst" and data:
        import zstandard

        return zstandard.ZstdCompressor(level=ZSTANDARD_LEVEL).compress(data)
    return bytes(data)


@contextmanager
def decompressing(file: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Open the decompressed content of a file, from its start."""
    file.seek(0)
    if compression == ".gz":
        import gzip

        with gzip.GzipFile(fileobj=file, mode="rb") as plain:
            yield cast("IO[bytes]", plain)
    elif compression == ".zst":
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(file, closefd=False, read_across_frames=True) as stream:
            yield cast("IO[bytes]", stream)
    elif compression == PARQUET:
        from kg.rdf import parquet
        from kg.records.decompress import ChunkReader

        yield cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", ChunkReader(parquet.read(file)))))
    else:
        yield file


@contextmanager
def compressing(file: Any, compression: str) -> Iterator[Any]:
    """Open a stream that writes to ``file`` as gzip, Zstandard or Parquet, or unchanged; the bytes are reproducible."""
    if compression == ".gz":
        import gzip

        with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=GZIP_LEVEL, mtime=0) as stream:
            yield stream
    elif compression == ".zst":
        import zstandard

        with zstandard.ZstdCompressor(level=ZSTANDARD_LEVEL).stream_writer(file, closefd=False) as stream:
            yield stream
    elif compression == PARQUET:
        from kg.rdf.parquet import StatementWriter

        with StatementWriter(file) as rows:
            yield rows
    else:
        yield file
