"""The ontology and its codes as a named graph, without blank nodes and so without OWL axioms."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pyoxigraph as ox

from kg.mapping.datatypes import Literal
from kg.ontology.files import folder
from kg.ontology.model import Term
from kg.ontology.vocabulary import ONTOLOGY_GRAPH, RDF, XSD
from kg.rdf.syntax import Block, Style

FILE = "trialkg.ttl"


def quads(graph: str = ONTOLOGY_GRAPH) -> list[ox.Quad]:
    """Return the statements about classes, properties and codes, sorted.

    >>> phase = ox.NamedNode("https://w3id.org/trialkg/code/PHASE2")
    >>> label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    >>> [quad.object.value for quad in quads() if (quad.subject, quad.predicate) == (phase, label)]
    ['Phase 2']
    """
    name = ox.NamedNode(graph)
    parsed = ox.parse(path=str(folder("ontology") / FILE), format=ox.RdfFormat.TURTLE)
    statements = (
        ox.Quad(quad.subject, quad.predicate, quad.object, name)
        for quad in parsed
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode | ox.Literal)
    )
    return sorted(statements, key=_order)


def _order(quad: ox.Quad) -> tuple[str, bool, str, str]:
    """Sort by subject, with its classes first."""
    return str(quad.subject), quad.predicate.value != RDF + "type", quad.predicate.value, str(quad.object)


def encode_graph(style: Style, *, graphs: bool) -> tuple[bytes, int]:
    """Return the graph in a style and its number of triples; ``graphs`` writes the name of the graph too."""
    name = style.rebased(ONTOLOGY_GRAPH)
    statements = quads(name)
    by_subject = groupby(statements, key=lambda quad: quad.subject)
    blocks = [_block(style, subject, [*same]) for subject, same in by_subject]
    return style.study(blocks, style.iri(name) if graphs else b""), len(statements)


def _block(style: Style, subject: Any, statements: list[ox.Quad]) -> Block:
    pairs = [style.predicate(quad.predicate.value) + _token(style, quad.object) for quad in statements]
    return style.iri(subject.value), pairs


def _token(style: Style, term: Term) -> bytes:
    if isinstance(term, ox.NamedNode):
        return style.iri(term.value)
    assert isinstance(term, ox.Literal)
    if term.language:
        return style.literal(Literal(term.value, XSD + "string")) + b"@" + term.language.encode()
    return style.literal(Literal(term.value, term.datatype.value))
