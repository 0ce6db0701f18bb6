"""The picture of the ontology: its classes, and the properties that lead from one to another."""

from __future__ import annotations

import re

from kg.draw.facts import local
from kg.draw.picture import Detail, Node, Picture
from kg.mapping.plan import Entity, Plan, Role, shipped_plan
from kg.ontology.vocabulary import CT

MOST = 400
"""Characters of a definition."""


def schema(plan: Plan | None = None) -> Picture:
    """The classes with their fields as details, and the code lists that they use."""
    plan = plan or shipped_plan()
    picture = Picture("The ontology", "Classes, the properties between them, and code lists")
    for entity in plan.entities.values():
        picture.add(_class(entity))
    for entity in plan.entities.values():
        for known in entity.fields:
            target = known.target.iri if known.target else str(known.shape.node)
            if known.role is Role.CODE:
                picture.add(Node(target, "Code list", _words(local(target)), 1.0))
            if target in picture.nodes and known.role in (Role.CODE, Role.NODE, Role.REFERENCE):
                picture.link(entity.shape.iri, target, known.shape.name, back=f"← {known.shape.name}")
    degrees = picture.degrees()
    for id_, node in picture.nodes.items():
        node.size = float(max(degrees[id_], 1))
    picture.centre = CT + "Study"
    return picture


def _words(name: str) -> str:
    """A name in camel case as words.

    >>> _words("SecondaryIdType")
    'secondary id type'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _class(entity: Entity) -> Node:
    details = [Detail("definition", entity.shape.definition[:MOST])] if entity.shape.definition else []
    details += [
        Detail("property", f"{known.shape.name}: {known.shape.description}"[:MOST])
        for known in entity.fields
        if known.role not in (Role.NODE, Role.REFERENCE) and known.shape.name
    ]
    return Node(entity.shape.iri, "Class", entity.shape.label or local(entity.shape.iri), 1.0, "", details)
