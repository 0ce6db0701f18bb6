"""The formats of an export: the bytes before, between and after the studies, and the encoding of a study.

The emitter writes N-Triples, N-Quads, Turtle and TriG. JSON-LD and RDF/XML are encoded from its N-Triples, Parquet
from its N-Quads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import NamedTuple

import pyoxigraph as ox

from kg.errors import UsageError
from kg.rdf.compress import PARQUET

Encoder = Callable[[bytes], bytes]


class Frame(NamedTuple):
    """The bytes around the studies of an export, and the encoder of a study unless the emitter writes the format."""

    head: bytes
    between: bytes
    tail: bytes
    encoder: Encoder | None = None

    def encode(self, data: bytes) -> bytes:
        """Return the bytes of a study in the format."""
        return data if self.encoder is None else self.encoder(data)


class Format(NamedTuple):
    """A serialization of RDF; ``grouped`` and ``graphs`` are the options of the exporter for it."""

    name: str
    extension: str
    media_type: str
    grouped: bool
    graphs: bool
    frame: Callable[[Mapping[str, str]], Frame]
    compression: str = ""
    """Compression that is part of the format (:mod:`kg.rdf.compress`)."""
    longest: int = 0
    """Length of the longest text that strict parsers accept, in bytes as written; 0 for that of lines of text."""


def _lines(_: Mapping[str, str]) -> Frame:
    return Frame(b"", b"", b"")


def _grouped(prefixes: Mapping[str, str]) -> Frame:
    lines = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in prefixes.items())
    return Frame(lines.encode() + b"\n", b"\n", b"")


def _json_ld(prefixes: Mapping[str, str]) -> Frame:
    from kg.rdf.jsonld import frame

    return Frame(*frame(prefixes))


def _columns(_: Mapping[str, str]) -> Frame:
    from kg.rdf import parquet

    parquet.check()
    return Frame(b"", b"", b"")


_ROOT_END = b"</rdf:RDF>"


def _rdf_xml(prefixes: Mapping[str, str]) -> Frame:
    named = dict(prefixes)

    def document(triples: Iterable[ox.Triple]) -> bytes:
        data = ox.serialize(triples, format=ox.RdfFormat.RDF_XML, prefixes=named)
        return (data or b"").rstrip()

    head = document([]).removesuffix(_ROOT_END).rstrip() + b"\n"
    opening = head.rstrip()

    def encode(data: bytes) -> bytes:
        triples = (quad.triple for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES))
        return document(triples).removeprefix(opening).removesuffix(_ROOT_END).strip(b"\n") + b"\n"

    return Frame(head, b"", _ROOT_END + b"\n", encode)


FORMATS = {
    item.name: item
    for item in (
        Format("turtle", ".ttl", "text/turtle", True, False, _grouped),
        Format("ntriples", ".nt", "application/n-triples", False, False, _lines),
        Format("nquads", ".nq", "application/n-quads", False, True, _lines),
        Format("trig", ".trig", "application/trig", True, True, _grouped),
        Format("parquet", PARQUET, "application/vnd.apache.parquet", False, True, _columns, PARQUET),
        Format("jsonld", ".jsonld", "application/ld+json", False, False, _json_ld, longest=(8 << 20) - (1 << 16)),
        Format("rdfxml", ".rdf", "application/rdf+xml", False, False, _rdf_xml),
    )
}

NAMES = {name: item.name for item in FORMATS.values() for name in (item.name, item.extension[1:], item.extension)}
"""The names that a format can be requested by (its name and its extension) -> its name."""
COMPRESSIONS = (".gz", ".zst")


def compression_of(name: str) -> str:
    """Return the compression of a file name: ``.gz``, ``.zst`` or an empty string.

    >>> compression_of("a.nt.zst"), compression_of("a.nt")
    ('.zst', '')
    """
    suffix = PurePath(name).suffix
    return suffix if suffix in COMPRESSIONS else ""


def format_of(name: str, requested: str | None = None) -> Format:
    """Return the requested format, or that of a file name; Turtle for standard output.

    >>> format_of("studies.nq.gz").name, format_of("-").name, format_of("-", "nt").name
    ('nquads', 'turtle', 'ntriples')

    Raises :class:`~kg.errors.UsageError` if neither determines a format, and for compressed Parquet.
    """
    if requested and requested.lower() not in NAMES:
        raise UsageError(f"Unknown format {requested}; the formats are {', '.join(FORMATS)}, or their extensions.")
    requested = "turtle" if name == "-" and not requested else requested
    result = FORMATS[NAMES[requested.lower()]] if requested else _by_extension(name)
    if result.compression and compression_of(name):
        raise UsageError(f"Parquet has its own compression; end the name {name} in {result.extension}.")
    return result


def _by_extension(name: str) -> Format:
    plain = name.removesuffix(compression_of(name))
    for item in FORMATS.values():
        if plain.endswith(item.extension):
            return item
    endings = ", ".join(item.extension for item in FORMATS.values())
    raise UsageError(f"The format of {name} is unknown; use one of the extensions {endings}, or the option --format.")
