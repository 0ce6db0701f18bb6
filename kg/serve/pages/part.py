"""Any resource: its properties by their names in the ontology, with those of the parts inside it."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from kg.draw.details import local_name, property_name
from kg.mapping.plan import LISTED, UNMAPPED
from kg.ontology.model import shipped
from kg.ontology.vocabulary import CT, RDF, RDFS
from kg.serve.links import Link
from kg.serve.nodes import Node, Nodes, code_label, term_text

HIDDEN = {RDF + "type", RDFS + "label", LISTED, UNMAPPED, CT + "position", CT + "ofStudy"}


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a property: a text, or a resource."""

    text: str
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a resource with its values."""

    name: str
    iri: str
    values: list[Value]


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
    properties = [
        Property(property_name(name), name, _values(nodes, node, name))
        for name in sorted(node.properties, key=_order)
        if name not in HIDDEN
    ]
    classes = [Link(class_label(name), name) for name in node.iris(RDF + "type")]
    link = Link(nodes[study].label or study, study) if study else None
    return Resource(iri, node.label or local_name(iri), classes, link, [p for p in properties if p.values])


def _order(name: str) -> tuple[int, str]:
    order = [shape.path for node in shipped().shapes.values() for shape in node.properties]
    return (order.index(name) if name in order else len(order), name)


def class_label(iri: str) -> str:
    """Return the label of a class of the ontology, or the last part of its IRI."""
    shape = shipped().shapes.get(iri)
    return shape.label if shape else local_name(iri)


def _values(nodes: Nodes, node: Node, name: str) -> list[Value]:
    literals = [Value(term_text(term)) for term in node.terms(name) if isinstance(term, ox.Literal)]
    links = [_resource(nodes, part.iri) for part in node.parts(name)]
    return sorted(literals, key=lambda value: value.text) + links


def _resource(nodes: Nodes, iri: str) -> Value:
    text = code_label(iri) or nodes[iri].label or local_name(iri)
    return Value(text, Link(text, iri))
