"""The property graph model: how statements become nodes, edges and attributes.

A resource is a node with its class, label and properties; a statement between two resources is an edge with the local
name of its predicate. Codes, and IRIs without statements of their own, are attributes. The properties used to restore
records (``ct:asListed``, ``ct:unmapped``) are left out, and so is the link from each part to its study
(``ct:ofStudy``), which duplicates the edges to the part.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import pyoxigraph as ox

from kg.mapping.plan import shipped_plan
from kg.network.groups import Statement, StatementGroups
from kg.ontology.vocabulary import CODE, PUBMED, RDF, RDFS, STUDY, XSD

Value = str | int | float | bool

_LEFT_OUT = frozenset(("asListed", "unmapped", "ofStudy"))
_INTEGERS = {XSD + name for name in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger")}
_FLOATS = {XSD + name for name in ("decimal", "double", "float")}
RESERVED = frozenset(
    (
        *("id", "label", "type", "iri"),  # this package, igraph and Neo4j
        *("source", "target", "key", "weight", "kind", "edgelabel", "edgeid"),  # attributes of edges
        *("x", "y", "z", "xpos", "ypos", "size", "r", "g", "b", "color", "d3", "d7"),  # Gephi, in GraphML
        *("pid", "for", "start", "end", "viz", "parents", "slices", "spells", "timeset"),  # GEXF
        *("self", "node_for_adding"),  # keyword arguments of networkx
    )
)
"""Attribute names, in lower case, that have another meaning for some format or reader."""
_NO_XML = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STUBS = (
    ("Study", re.compile(re.escape(STUDY) + r"NCT[0-9]{8}")),
    ("Publication", re.compile(re.escape(PUBMED) + "[0-9]+/")),
)


@dataclass(slots=True)
class Node:
    """A resource: its IRI, the local names of its classes, its label, and its other values by attribute name."""

    id: str
    types: list[str] = field(default_factory=list)
    label: str = ""
    values: dict[str, list[Value]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The first class, or ``Resource``."""
        return self.types[0] if self.types else "Resource"


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A statement between two resources: their IRIs and the local name of the predicate."""

    source: str
    predicate: str
    target: str


CORE = frozenset(("Study", "Intervention", "Organization", "Country", "Location"))
"""The classes of the plan that the view ``core`` has; the others are details of studies. MeSH terms, publications and
resources of other origin are no classes of the plan, and are in the core."""
Items = Callable[[], Iterable[tuple[Node, list[Edge]]]]
"""A function that returns a new iterator over the nodes with their outgoing edges."""


def local_name(iri: str) -> str:
    """Return the last part of an IRI.

    >>> local_name("https://w3id.org/trialkg/ontology#phase"), local_name("https://w3id.org/trialkg/code/PHASE2")
    ('phase', 'PHASE2')
    """
    return iri.rstrip("/").rpartition("#")[2].rpartition("/")[2]


def stub_type(iri: str) -> str:
    """Return the class of a study or publication, which is a node even without statements of its own, or "".

    >>> stub_type("https://pubmed.ncbi.nlm.nih.gov/32651161/"), stub_type("https://pubmed.ncbi.nlm.nih.gov/")
    ('Publication', '')
    """
    return next((kind for kind, pattern in _STUBS if pattern.fullmatch(iri)), "")


@cache
def attribute_name(name: str) -> str:
    """Return an attribute name that every reader accepts for the local name of a property.

    Only ASCII letters, digits and underscores are kept, as GML requires; a name in :data:`RESERVED` (in any case) gets
    an underscore.

    >>> [*map(attribute_name, ("pValue", "family-name", "2nd", "Label", "größe"))]
    ['pValue', 'family_name', 'p2nd', 'Label_', 'gr_f6_dfe']
    """
    safe = re.sub(r"\W", "_", re.sub(r"[^\x00-\x7f]", lambda match: f"_{ord(match[0]):x}", name))
    safe = safe if safe[:1].isalpha() else f"p{safe}"
    return f"{safe}_" if safe.lower() in RESERVED else safe


@cache
def _rank(iri: str) -> tuple[int, str]:
    """Return a sort key that puts the classes of the plan first, in its order, so that a study is a ``Study``."""
    classes = list(shipped_plan().entities)
    return (classes.index(iri) if iri in classes else len(classes)), iri


def build(statements: Iterable[Statement], others: Collection[str] = ()) -> tuple[dict[str, Node], list[Edge]]:
    """Return the nodes and edges of statements, sorted by name; duplicate statements count once.

    ``others`` has the IRIs of resources described elsewhere, which are nodes too.
    """
    terms = dict(map(_parts, statements))
    ordered = sorted(terms)
    nodes = {subject: Node(subject) for subject, _, _ in ordered}
    edges: list[Edge] = []
    for subject, predicate, written in ordered:
        term = terms[subject, predicate, written]
        node, name = nodes[subject], local_name(predicate)
        if name in _LEFT_OUT:
            continue
        if predicate == RDF + "type":
            node.types.append(term.value)
        elif isinstance(term, ox.NamedNode) and _is_node(term.value, nodes, others):
            edges.append(Edge(subject, name, term.value))
        elif predicate == RDFS + "label":
            node.label = node.label or xml_safe(term.value)
        else:
            node.values.setdefault(attribute_name(name), []).append(to_value(term))
    for node in nodes.values():
        node.types = [local_name(iri) for iri in sorted(node.types, key=_rank)]
    return nodes, edges


def _is_node(iri: str, nodes: Collection[str], others: Collection[str]) -> bool:
    return not iri.startswith(CODE) and (iri in nodes or iri in others or bool(stub_type(iri)))


def _parts(statement: Statement) -> tuple[tuple[str, str, str], ox.NamedNode | ox.Literal]:
    term = statement.object
    if not isinstance(term, ox.NamedNode | ox.Literal):
        term = ox.Literal(str(term))
    return (statement.subject.value, statement.predicate.value, str(term)), term  # type: ignore[union-attr]  # named


def xml_safe(text: str) -> str:
    """Replace the characters that XML 1.0 does not allow by U+FFFD.

    >>> xml_safe("a\x01b")
    'a\ufffdb'
    """
    return _NO_XML.sub("\ufffd", text)


def to_value(term: ox.NamedNode | ox.Literal) -> Value:
    """Return a literal as number, boolean or text, a code as its name, and another resource as its IRI.

    Integers beyond 64 bits and numbers that are not finite are text.

    >>> to_value(ox.Literal("36", datatype=ox.NamedNode(XSD + "integer"))), to_value(ox.Literal("2015-09"))
    (36, '2015-09')
    """
    if isinstance(term, ox.NamedNode):
        return local_name(term.value) if term.value.startswith(CODE) else term.value
    datatype = term.datatype.value
    try:
        if datatype in _INTEGERS and -(1 << 63) <= int(term.value) < 1 << 63:
            return int(term.value)
        if datatype in _FLOATS and math.isfinite(float(term.value)):
            return float(term.value)
    except ValueError:
        return xml_safe(term.value)
    if datatype == XSD + "boolean":
        return term.value in ("true", "1")
    return xml_safe(term.value)


def iter_nodes(groups: StatementGroups, *, core: bool = False) -> Iterator[tuple[Node, list[Edge]]]:
    """Yield each node with its outgoing edges: study by study, then the shared resources.

    With ``core``, nodes that are details of studies (:data:`CORE`) are left out, and their edges.

    Studies and publications that are only referred to come last, so that both ends of every edge are nodes.
    """
    described: set[str] = set()
    referenced: set[str] = set()
    for group in groups:
        nodes, edges = build(group.statements, groups.shared)
        if core:
            nodes, edges = _core(nodes, edges, groups)
        outward: dict[str, list[Edge]] = {}
        for edge in edges:
            outward.setdefault(edge.source, []).append(edge)
        described.update(filter(stub_type, nodes))
        referenced.update(target for edge in edges if stub_type(target := edge.target))
        for id_, node in nodes.items():
            yield node, outward.get(id_, [])
    for id_ in sorted(referenced - described):
        yield Node(id_, [stub_type(id_)], local_name(id_)), []


def _core(nodes: dict[str, Node], edges: list[Edge], groups: StatementGroups) -> tuple[dict[str, Node], list[Edge]]:
    """Return the nodes of the core among those of a group, and the edges between nodes of the core."""
    others = {edge.target for edge in edges} - nodes.keys()
    shared, _ = build(triple for id_ in others for triple in groups.shared.get(id_, ()))
    details = {id_ for some in (nodes, shared) for id_, node in some.items() if node.type in _details()}
    kept = {id_: node for id_, node in nodes.items() if id_ not in details}
    return kept, [edge for edge in edges if not details & {edge.source, edge.target}]


@cache
def _details() -> frozenset[str]:
    """Return the local names of the classes of the plan that are not in the core."""
    types = (iri for entity in shipped_plan().entities.values() for iri in entity.types)
    return frozenset(map(local_name, types)) - CORE
