"""The view of the ontology: its classes, and the properties between them."""

from __future__ import annotations

import re

from kg.draw.details import local_name
from kg.draw.picture import Detail, Node, Picture
from kg.mapping.plan import Entity, Plan, Role, shipped_plan
from kg.ontology.vocabulary import CT

MAX_LENGTH = 400
"""Maximum length of a definition."""


def ontology_picture(plan: Plan | None = None) -> Picture:
    """Return the classes with their fields as details, and the code lists that they use."""
    plan = plan or shipped_plan()
    picture = Picture("The ontology", "Classes, the properties between them, and code lists")
    for entity in plan.entities.values():
        picture.add(_class_node(entity))
    for entity in plan.entities.values():
        for field in entity.fields:
            target = field.target.iri if field.target else str(field.shape.node)
            if field.role is Role.CODE:
                picture.add(Node(target, "Code list", _split_camel_case(local_name(target)), 1.0))
            if target in picture.nodes and field.role in (Role.CODE, Role.NODE, Role.REFERENCE):
                picture.link(entity.shape.iri, target, field.shape.name, back=f"← {field.shape.name}")
    degrees = picture.degrees()
    for id_, node in picture.nodes.items():
        node.size = float(max(degrees[id_], 1))
    picture.centre = CT + "Study"
    return picture


def _split_camel_case(name: str) -> str:
    """Return a name in camel case as words.

    >>> _split_camel_case("SecondaryIdType")
    'secondary id type'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _class_node(entity: Entity) -> Node:
    details = [Detail("definition", entity.shape.definition[:MAX_LENGTH])] if entity.shape.definition else []
    details += [
        Detail("property", f"{field.shape.name}: {field.shape.description}"[:MAX_LENGTH])
        for field in entity.fields
        if field.role not in (Role.NODE, Role.REFERENCE) and field.shape.name
    ]
    return Node(entity.shape.iri, "Class", entity.shape.label or local_name(entity.shape.iri), 1.0, "", details)
