"""The ontology as one document: classes, properties and codes in OWL 2, in several serializations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

import pyoxigraph as ox

from kg.errors import OntologyError, UsageError
from kg.ontology.files import folder
from kg.rdf.formats import compression_of

TURTLE_FILE, XML_FILE = "trialkg.ttl", "trialkg.owl"
FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "owl": ox.RdfFormat.RDF_XML,
    "rdf": ox.RdfFormat.RDF_XML,
    "nt": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
}
"""The formats by file extension."""


def document_format(name: str, requested: str | None = None) -> str:
    """Return the requested format, or the one that the extension of a file name names; ``ttl`` for standard output.

    >>> document_format("trialkg.owl"), document_format("-"), document_format("x", "nt")
    ('owl', 'ttl', 'nt')

    Raises :class:`~kg.errors.UsageError` if there is none.
    """
    extension = requested or (
        "ttl" if name == "-" else PurePath(name.removesuffix(compression_of(name))).suffix[1:].lower()
    )
    if extension not in FORMATS:
        raise UsageError(f"The format of {name} is unknown; end it in .{', .'.join(FORMATS)}, or pass --format.")
    return extension


def document(name: str) -> bytes:
    """Return the ontology in one of :data:`FORMATS`; the same bytes on every call."""
    format_ = FORMATS[name]
    file = XML_FILE if format_ == ox.RdfFormat.RDF_XML else TURTLE_FILE
    try:
        content = (folder("ontology") / file).read_bytes()
    except OSError as error:
        raise OntologyError(f"The ontology cannot be read: {error}.") from error
    return content if format_ in (ox.RdfFormat.TURTLE, ox.RdfFormat.RDF_XML) else convert(content, format_)


def convert(turtle: bytes, format_: ox.RdfFormat) -> bytes:
    """Convert a Turtle document; statements are sorted, and blank nodes are numbered in the order of the document.

    >>> print(convert(b"@prefix a: <http://a/> . a:s a:q a:o ; a:p [ a:r a:o ] .", ox.RdfFormat.N_TRIPLES).decode())
    <http://a/s> <http://a/p> _:b1 .
    <http://a/s> <http://a/q> <http://a/o> .
    _:b1 <http://a/r> <http://a/o> .
    <BLANKLINE>
    """
    parser = ox.parse(turtle, format=ox.RdfFormat.TURTLE)
    triples = sorted(_numbered(parser), key=_order)
    return (ox.serialize(triples, format=format_, prefixes=parser.prefixes) or b"").rstrip() + b"\n"


def _numbered(quads: Iterable[ox.Quad]) -> Iterable[ox.Triple]:
    """Yield the triples of quads; blank nodes are named ``b1``, ``b2`` ... in the order of their first occurrence."""
    names: dict[object, ox.BlankNode] = {}
    for quad in quads:
        for term in (quad.subject, quad.object):
            if isinstance(term, ox.BlankNode):
                names.setdefault(term, ox.BlankNode(f"b{len(names) + 1}"))
        yield ox.Triple(names.get(quad.subject, quad.subject), quad.predicate, names.get(quad.object, quad.object))


def _order(triple: ox.Triple) -> tuple[bool, int, str, bool, str, str]:
    """Sort by subject with blank nodes last, and the type of a subject first."""
    subject, predicate = str(triple.subject).strip("<>"), triple.predicate.value
    is_blank = isinstance(triple.subject, ox.BlankNode)
    return is_blank, len(subject) * is_blank, subject, not predicate.endswith("#type"), predicate, str(triple.object)
