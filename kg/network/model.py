"""The model of a property graph: what becomes of statements.

A resource is a node with its class, its label and its properties; a statement between two resources is an edge with
the local name of its predicate. A code is a property with the code as text, and so is an address without statements.
What keeps the way back (``ct:asListed``, ``ct:unmapped``) is left out, and so is the link from each part to its study
(``ct:ofStudy``), which the edges to the part give already.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import pyoxigraph as ox

from kg.mapping.plan import shipped_plan
from kg.network.groups import Groups, Statement
from kg.ontology.vocabulary import BASE, RDF, RDFS, XSD

Value = str | int | float | bool

STUDIES = "https://clinicaltrials.gov/study/"
PUBLICATIONS = "https://pubmed.ncbi.nlm.nih.gov/"
_CODE = BASE + "code/"
_LEFT_OUT = frozenset(("asListed", "unmapped", "ofStudy"))
_INTEGERS = {XSD + name for name in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger")}
_FLOATS = {XSD + name for name in ("decimal", "double", "float")}
RESERVED = frozenset(
    (
        *("id", "label", "type", "iri"),  # ours, igraph's and Neo4j's
        *("source", "target", "key", "weight", "kind", "edgelabel", "edgeid"),  # of edges
        *("x", "y", "z", "xpos", "ypos", "size", "r", "g", "b", "color", "d3", "d7"),  # Gephi's, in GraphML
        *("pid", "for", "start", "end", "viz", "parents", "slices", "spells", "timeset"),  # those of GEXF
        *("self", "node_for_adding"),  # networkx gives attributes as keywords
    )
)
"""Names of attributes, in lower case, that some format or reader takes for something else."""
_NO_XML = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
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
        """Its class, ``Resource`` where it has none."""
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


@cache
def attribute(name: str) -> str:
    """The local name of a property as the name of an attribute that every reader takes.

    Letters, digits and underscores are kept (GML has no others); a name that some reader takes for something else
    (:data:`RESERVED`, in any case) gets an underscore.

    >>> attribute("pValue"), attribute("family-name"), attribute("2nd"), attribute("Label"), attribute("größe")
    ('pValue', 'family_name', 'p2nd', 'Label_', 'gr_f6_dfe')
    """
    plain = re.sub(r"\W", "_", re.sub(r"[^\x00-\x7f]", lambda sign: f"_{ord(sign[0]):x}", name))
    plain = plain if plain[:1].isalpha() else f"p{plain}"
    return f"{plain}_" if plain.lower() in RESERVED else plain


@cache
def _rank(iri: str) -> tuple[int, str]:
    """The place of a class: those of the plan first, in their order there, so that a study is a ``Study``."""
    classes = list(shipped_plan().entities)
    return (classes.index(iri) if iri in classes else len(classes)), iri


def described(statements: Iterable[Statement], elsewhere: Collection[str] = ()) -> tuple[dict[str, Node], list[Edge]]:
    """The nodes and edges of statements, both in the order of their names; a statement counts once.

    ``elsewhere`` has the IRIs of resources that other statements describe, which are the ends of edges too.
    """
    terms = dict(map(_parts, statements))
    ordered = sorted(terms)
    nodes = {subject: Node(subject) for subject, _, _ in ordered}
    edges: list[Edge] = []
    for subject, predicate, written in ordered:
        term = terms[subject, predicate, written]
        node, name = nodes[subject], local(predicate)
        if name in _LEFT_OUT:
            continue
        if predicate == RDF + "type":
            node.types.append(term.value)
        elif isinstance(term, ox.NamedNode) and _is_node(term.value, nodes, elsewhere):
            edges.append(Edge(subject, name, term.value))
        elif predicate == RDFS + "label":
            node.label = node.label or clean(term.value)
        else:
            node.values.setdefault(attribute(name), []).append(value(term))
    for node in nodes.values():
        node.types = [local(iri) for iri in sorted(node.types, key=_rank)]
    return nodes, edges


def _is_node(iri: str, nodes: Collection[str], elsewhere: Collection[str]) -> bool:
    return not iri.startswith(_CODE) and (iri in nodes or iri in elsewhere or bool(stub_type(iri)))


def _parts(statement: Statement) -> tuple[tuple[str, str, str], ox.NamedNode | ox.Literal]:
    term = statement.object
    if not isinstance(term, ox.NamedNode | ox.Literal):
        term = ox.Literal(str(term))
    return (statement.subject.value, statement.predicate.value, str(term)), term  # type: ignore[union-attr]  # named


def clean(text: str) -> str:
    """A text without the characters that XML 1.0 cannot hold; the replacement character takes their place.

    >>> clean("a\x01b")
    'a\ufffdb'
    """
    return _NO_XML.sub("\ufffd", text)


def value(term: ox.NamedNode | ox.Literal) -> Value:
    """A literal as a number, a truth value or text; of a code its name, of another resource its IRI.

    An integer beyond 64 bits and a number that is not finite are text.

    >>> value(ox.Literal("36", datatype=ox.NamedNode(XSD + "integer"))), value(ox.Literal("2015-09"))
    (36, '2015-09')
    """
    if isinstance(term, ox.NamedNode):
        return local(term.value) if term.value.startswith(_CODE) else term.value
    datatype = term.datatype.value
    try:
        if datatype in _INTEGERS and -(1 << 63) <= int(term.value) < 1 << 63:
            return int(term.value)
        if datatype in _FLOATS and math.isfinite(float(term.value)):
            return float(term.value)
    except ValueError:
        return clean(term.value)
    if datatype == XSD + "boolean":
        return term.value in ("true", "1")
    return clean(term.value)


def stream(groups: Groups) -> Iterator[tuple[Node, list[Edge]]]:
    """Each node with the edges that go out from it: study by study, then what studies share.

    Studies and publications that are only named come at the end, so that every edge has both its nodes.
    """
    seen: set[str] = set()
    named: set[str] = set()
    for group in groups:
        nodes, edges = described(group.statements, groups.shared)
        outward: dict[str, list[Edge]] = {}
        for edge in edges:
            outward.setdefault(edge.source, []).append(edge)
        seen.update(filter(stub_type, nodes))
        named.update(target for edge in edges if stub_type(target := edge.target))
        for id_, node in nodes.items():
            yield node, outward.get(id_, [])
    for id_ in sorted(named - seen):
        yield Node(id_, [stub_type(id_)], local(id_)), []
