"""The formats of an export: what stands before, between and after the studies, and how one study is encoded.

N-Triples, N-Quads, Turtle and TriG come from the emitter; JSON-LD and RDF/XML are made from its N-Triples, the columns
of Parquet from its N-Quads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import NamedTuple

import pyoxigraph as ox

from kg.errors import UsageError
from kg.rdf.compress import PARQUET

Encoder = Callable[[bytes], bytes]


class Frame(NamedTuple):
    """The bytes around the studies of an export, and the encoder of one study that is not written as it is exported."""

    head: bytes
    between: bytes
    tail: bytes
    encoder: Encoder | None = None

    def encode(self, data: bytes) -> bytes:
        """The bytes of one study as they are written."""
        return data if self.encoder is None else self.encoder(data)


class Format(NamedTuple):
    """A serialisation of RDF; ``grouped`` and ``graphs`` say which bytes of the exporter it takes."""

    name: str
    extension: str
    media_type: str
    grouped: bool
    graphs: bool
    frame: Callable[[Mapping[str, str]], Frame]
    compression: str = ""
    """How its bytes are packed always, by :mod:`kg.rdf.compress`."""


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

    def document(triples: list[ox.Triple]) -> bytes:
        written = ox.serialize(triples, format=ox.RdfFormat.RDF_XML, prefixes=named)
        return (written or b"").rstrip()

    head = document([]).removesuffix(_ROOT_END).rstrip() + b"\n"
    opening = head.rstrip()

    def encode(data: bytes) -> bytes:
        triples = [quad.triple for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES)]
        return document(triples).removeprefix(opening).removesuffix(_ROOT_END).strip(b"\n") + b"\n"

    return Frame(head, b"", _ROOT_END + b"\n", encode)


FORMATS = {
    known.name: known
    for known in (
        Format("turtle", ".ttl", "text/turtle", True, False, _grouped),
        Format("ntriples", ".nt", "application/n-triples", False, False, _lines),
        Format("nquads", ".nq", "application/n-quads", False, True, _lines),
        Format("trig", ".trig", "application/trig", True, True, _grouped),
        Format("parquet", PARQUET, "application/vnd.apache.parquet", False, True, _columns, PARQUET),
        Format("jsonld", ".jsonld", "application/ld+json", False, False, _json_ld),
        Format("rdfxml", ".rdf", "application/rdf+xml", False, False, _rdf_xml),
    )
}

COMPRESSIONS = (".gz", ".zst")


def compression_of(name: str) -> str:
    """The compression that a file name asks for: ``.gz``, ``.zst`` or nothing.

    >>> compression_of("a.nt.zst"), compression_of("a.nt")
    ('.zst', '')
    """
    suffix = PurePath(name).suffix
    return suffix if suffix in COMPRESSIONS else ""


def format_of(name: str, asked: str | None = None) -> Format:
    """The format that is asked for, or else the one that a file name tells; Turtle for standard output.

    >>> format_of("studies.nq.gz").name, format_of("-").name
    ('nquads', 'turtle')

    Raises :class:`~kg.errors.UsageError` where neither tells, and for Parquet in something packed.
    """
    chosen = FORMATS[asked or "turtle"] if asked or name == "-" else _named(name)
    if chosen.compression and compression_of(name):
        raise UsageError(f"Parquet is compressed within; end the name {name} in {chosen.extension}.")
    return chosen


def _named(name: str) -> Format:
    plain = name.removesuffix(compression_of(name))
    for known in FORMATS.values():
        if plain.endswith(known.extension):
            return known
    endings = ", ".join(known.extension for known in FORMATS.values())
    raise UsageError(f"The name {name} tells no format; end it in one of {endings}, or give the option --format.")
