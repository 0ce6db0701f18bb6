"""RDF documents about a server, in the syntaxes of :data:`kg.serve.media.GRAPHS`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyoxigraph as ox

from kg.export.partitions import PREFIXES as DATASET_PREFIXES
from kg.ontology.vocabulary import CT, ENTAILMENT, SCHEMA, SD, SH

SYNTAXES = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
}
PREFIXES = {"ct": CT, "ent": ENTAILMENT, "schema": SCHEMA, "sd": SD, "sh": SH, **DATASET_PREFIXES}


def serialize(triples: Iterable[ox.Triple], name: str, prefixes: Mapping[str, str] | None = None) -> bytes:
    """Return triples in a syntax, given by its name.

    >>> subject = ox.NamedNode("http://example.org/a")
    >>> serialize([ox.Triple(subject, subject, ox.Literal(1))], "turtle", {"": "http://example.org/"}).decode()
    '@prefix : <http://example.org/> .\\n:a :a 1 .\\n'
    """
    items = [*triples]
    declared = PREFIXES if prefixes is None else prefixes
    return ox.serialize(items, format=SYNTAXES[name], prefixes=_used(items, declared)) or b""


def _used(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Return the prefixes that occur in statements."""
    iris = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    return {name: namespace for name, namespace in prefixes.items() if any(iri.startswith(namespace) for iri in iris)}
