"""The model of a property graph: what becomes of statements.

A resource is a node with its class, its label and its properties; a statement between two resources is an edge with
the local name of its predicate. A code is a property with the code as text, and so is an address that nothing is said
of. What keeps the way back (``ct:asListed``, ``ct:unmapped``) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from kg.network.groups import Group
from kg.ontology import BASE, RDF, RDFS, XSD

Value = str | int | float | bool

STUDIES = "https://clinicaltrials.gov/study/"
PUBLICATIONS = "https://pubmed.ncbi.nlm.nih.gov/"
_CODE = BASE + "code/"
_LEFT_OUT = frozenset(("asListed", "unmapped"))
_INTEGERS = {XSD + name for name in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger")}
_FLOATS = {XSD + name for name in ("decimal", "double", "float")}
_STUBS = (
    ("Study", re.compile(re.escape(STUDIES) + r"NCT[0-9]{8}")),
    ("Publication", re.compile(re.escape(PUBLICATIONS) + "[0-9]+/")),
)


@dataclass(slots=True)
class Node:
    """A resource: its IRI, the local names of its classes, its label, its other values by the name of the property."""

    id: str
    types: list[str] = field(default_factory=list)
    label: str = ""
    values: dict[str, list[Value]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """Its class, ``Resource`` where none is told."""
        return self.types[0] if self.types else "Resource"


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A statement between two resources, by their IRIs and the local name of its predicate."""

    source: str
    predicate: str
    target: str


def local(iri: str) -> str:
    """The last part of an IRI.

    >>> local("https://w3id.org/trialkg/ontology#phase"), local("https://w3id.org/trialkg/code/PHASE2")
    ('phase', 'PHASE2')
    """
    return iri.rstrip("/").rpartition("#")[2].rpartition("/")[2]


def stub_type(iri: str) -> str:
    """The class of what is a node even where nothing is said of it: studies and publications.

    >>> stub_type("https://pubmed.ncbi.nlm.nih.gov/32651161/"), stub_type("https://pubmed.ncbi.nlm.nih.gov/")
    ('Publication', '')
    """
    return next((kind for kind, form in _STUBS if form.fullmatch(iri)), "")


def described(quads: Iterable[ox.Quad]) -> tuple[dict[str, Node], list[Edge]]:
    """The nodes and edges of some statements, both in the order of their names."""
    triples = sorted({_parts(quad) for quad in quads if isinstance(quad.subject, ox.NamedNode)}, key=lambda t: t[:3])
    nodes = {subject: Node(subject) for subject, *_ in triples}
    edges: list[Edge] = []
    for subject, predicate, _, term in triples:
        node, name = nodes[subject], local(predicate)
        if predicate == RDF + "type":
            node.types.append(local(term.value))
        elif isinstance(term, ox.NamedNode) and (term.value in nodes or stub_type(term.value)):
            edges.append(Edge(subject, name, term.value))
        elif predicate == RDFS + "label":
            node.label = node.label or term.value
        elif name not in _LEFT_OUT:
            node.values.setdefault(name, []).append(value(term))
    return nodes, edges


def _parts(quad: ox.Quad) -> tuple[str, str, str, ox.NamedNode | ox.Literal]:
    term = quad.object if isinstance(quad.object, ox.NamedNode | ox.Literal) else ox.Literal(str(quad.object))
    return quad.subject.value, quad.predicate.value, str(term), term  # type: ignore[union-attr]  # no triple terms


def value(term: ox.NamedNode | ox.Literal) -> Value:
    """A literal as a number, a truth value or text; of a code its name, of another resource its IRI.

    >>> value(ox.Literal("36", datatype=ox.NamedNode(XSD + "integer"))), value(ox.Literal("2015-09"))
    (36, '2015-09')
    """
    if isinstance(term, ox.NamedNode):
        return local(term.value) if term.value.startswith(_CODE) else term.value
    datatype = term.datatype.value
    try:
        if datatype in _INTEGERS and -(1 << 63) <= int(term.value) < 1 << 63:
            return int(term.value)
        if datatype in _FLOATS:
            return float(term.value)
    except ValueError:
        return term.value
    if datatype == XSD + "boolean":
        return term.value in ("true", "1")
    return term.value


def stream(groups: Iterable[Group]) -> Iterator[tuple[Node, list[Edge]]]:
    """Each node with the edges that go out from it, study by study.

    A node that studies share comes once, as the first of them describes it; what is named and nowhere described comes
    at the end, so that every edge has both its nodes. Only the IRIs of shared nodes are remembered.
    """
    seen: set[str] = set()
    named: set[str] = set()
    for group in groups:
        nodes, edges = described(group.quads)
        outward: dict[str, list[Edge]] = {}
        for edge in edges:
            outward.setdefault(edge.source, []).append(edge)
            if edge.target not in nodes:
                named.add(edge.target)
        for id_, node in nodes.items():
            if id_ not in seen:
                if not (group.study and is_part(id_)):
                    seen.add(id_)
                yield node, outward.get(id_, [])
    for id_ in sorted(named - seen):
        yield Node(id_, [stub_type(id_)], local(id_)), []


def is_part(iri: str) -> bool:
    """Whether an IRI is that of a part of a study, which no other study has.

    >>> is_part("https://w3id.org/trialkg/part/NCT02059759-arm-1"), is_part("http://id.nlm.nih.gov/mesh/D000690")
    (True, False)
    """
    return "/part/NCT" in iri
