"""Any resource: its properties by their names in the ontology, with those of the parts inside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pyoxigraph as ox

from kg.draw.details import local_name, property_name
from kg.mapping.plan import LISTED, UNMAPPED
from kg.ontology.model import shipped
from kg.ontology.vocabulary import CT, RDF, RDFS
from kg.serve.links import Link
from kg.serve.nodes import Node, Nodes, code_label, shown_text, term_text

HIDDEN = {RDF + "type", RDFS + "label", LISTED, UNMAPPED, CT + "position", CT + "ofStudy"}
MAX_DEPTH = 3
MAX_VALUES = 100
"""Values of a property that are shown."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a property: a text, or a resource; a part has its own properties."""

    text: str
    link: Link | None = None
    properties: list[Property] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a resource with its values, and the number of those that are left out."""

    name: str
    iri: str
    values: list[Value]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with its properties."""

    iri: str
    title: str
    classes: list[Link]
    study: Link | None
    properties: list[Property]


def resource_view(nodes: Nodes, iri: str) -> Resource:
    """Return a resource with its properties in the order of the ontology."""
    node = nodes[iri]
    study = node.raw("ofStudy")
    classes = [Link(class_label(name), name) for name in node.iris(RDF + "type")]
    link = Link(nodes[study].label or study, study) if study else None
    return Resource(iri, node.label or local_name(iri), classes, link, _properties(nodes, node, 0))


def _properties(nodes: Nodes, node: Node, depth: int) -> list[Property]:
    names = sorted(node.properties.keys() - HIDDEN, key=lambda name: (_order().get(name, len(_order())), name))
    properties = (_property(nodes, node, name, depth) for name in names)
    return [item for item in properties if item.values]


@cache
def _order() -> dict[str, int]:
    """Return the position of each property in the ontology."""
    paths = (shape.path for node in shipped().shapes.values() for shape in node.properties)
    return {path: i for i, path in enumerate(dict.fromkeys(paths))}


def class_label(iri: str) -> str:
    """Return the label of a class of the ontology, or the last part of its IRI."""
    shape = shipped().shapes.get(iri)
    return shape.label if shape else local_name(iri)


def _property(nodes: Nodes, node: Node, name: str, depth: int) -> Property:
    literals = [Value(term_text(term)) for term in node.terms(name) if isinstance(term, ox.Literal)]
    parts = node.parts(name) if any(iri.startswith(node.iri + "-") for iri in node.iris(name)) else []
    iris = [part.iri for part in parts] or node.iris(name)
    links = [_linked(nodes, node, iri, depth) for iri in iris[:MAX_VALUES]]
    more = max(len(iris) - MAX_VALUES, 0)
    return Property(property_name(name), name, sorted(literals, key=lambda value: value.text) + links, more)


def _linked(nodes: Nodes, node: Node, iri: str, depth: int) -> Value:
    """Return a resource as a value; the properties of parts of the node are shown with it."""
    text = code_label(iri) or shown_text(next(iter(nodes.objects(iri, RDFS + "label")), "")) or local_name(iri)
    is_inside = iri.startswith(node.iri + "-") and depth < MAX_DEPTH
    return Value(text, Link(text, iri), _properties(nodes, nodes[iri], depth + 1) if is_inside else [])
