"""The plan: the shapes of the ontology, arranged along the JSON of a record.

The export, the report of unmapped values, the JSON-LD context and the documentation are based on it.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from kg.errors import OntologyError
from kg.mapping import derived
from kg.mapping.datatypes import KINDS, Kind
from kg.mapping.derived import Link
from kg.ontology.model import Concept, NodeShape, Ontology, PropertyShape, Template, codes_by_value, shipped
from kg.ontology.vocabulary import CT, RDF, XSD

ROOT = CT + "Study"
UNMAPPED = CT + "unmapped"
LISTED = CT + "asListed"
POSITION = CT + "position"
OF_STUDY = CT + "ofStudy"
LEFT_OUT = CT + "leftOut"
UNMAPPED_SECTION = "unmapped"
CONTACT_DATA = CT + "ContactData"

_PATH = re.compile(r"(?:\.|[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?:\[\])?)")


class Role(enum.Enum):
    """The kind of term that the values at a path become."""

    TEXT = "text"
    VALUE = "value"
    CODE = "code"
    IRI = "iri"
    NODE = "node"
    REFERENCE = "reference"
    DERIVED = "derived"
    LINK = "link"


class Field(NamedTuple):
    """A property shape with its JSON path, and how its values are converted."""

    shape: PropertyShape
    role: Role
    keys: tuple[str, ...]
    many: bool
    kind: Kind | None = None
    codes: dict[str, Concept] | None = None
    target: NodeShape | None = None
    derive: Callable[[Any], str | None] | None = None
    link: Link | None = None

    @property
    def local(self) -> str:
        """The local name of the property, which is part of the IRIs of the parts that it leads to."""
        return re.split(r"[#/]", self.shape.path)[-1]

    @property
    def is_derived(self) -> bool:
        """Whether its values are derived from other fields."""
        return self.role in (Role.DERIVED, Role.LINK)

    @property
    def is_contact_data(self) -> bool:
        return self.shape.group == CONTACT_DATA


@dataclasses.dataclass(slots=True)
class Key:
    """A JSON key of a node: the fields that read it, and the keys below it."""

    name: str
    fields: list[Field] = dataclasses.field(default_factory=list)
    below: dict[str, Key] = dataclasses.field(default_factory=dict)
    in_iri: bool = False
    """Whether its value is in the IRI of the node, and so in the graph even if no field reads it."""

    def at(self, keys: tuple[str, ...]) -> Key:
        """Return the key at a path below; create it if it does not exist."""
        key = self
        for name in keys:
            key = key.below.setdefault(name, Key(name))
        return key

    def graft(self, other: Key) -> None:
        """Add the keys of another entity that reads the same JSON."""
        for name, below in other.below.items():
            self.at((name,)).graft(below)


class Entity(NamedTuple):
    """A node shape with its classes, and its fields along the JSON."""

    shape: NodeShape
    types: tuple[str, ...]
    template: Template | None
    fields: tuple[Field, ...]
    root: Key
    known_by: str | None = None
    """The name template by which fields of other entities refer to its nodes."""

    @property
    def local(self) -> str:
        return self.shape.iri.removeprefix(CT)

    @property
    def is_part(self) -> bool:
        """Whether its nodes are parts of a study, whose IRIs contain their position."""
        return self.template is None or self.template.keys == ("^",)

    @property
    def is_text(self) -> bool:
        """Whether its nodes are text in the JSON instead of objects."""
        return self.template is not None and self.template.keys is None


class Plan(NamedTuple):
    """The entities by the IRI of their shape."""

    ontology: Ontology
    entities: dict[str, Entity]
    without: tuple[str, ...] = ()
    """The names of the sections that are left out (:mod:`kg.mapping.sections`)."""
    left_out: tuple[tuple[str, ...], ...] = ()
    """Their paths of keys in a record."""

    @property
    def study(self) -> Entity:
        return self.entities[ROOT]

    def target(self, field: Field) -> Entity:
        """Return the entity that a field leads to."""
        assert field.target is not None
        return self.entities[field.target.iri]

    def links(self) -> Iterator[tuple[Entity, Field, Link]]:
        """Yield the fields that link nodes by their texts, with their entities."""
        for entity in self.entities.values():
            yield from ((entity, field, field.link) for field in entity.fields if field.link is not None)

    def study_field(self, path: str) -> Field:
        """Return the field of studies for a property, by IRI."""
        return next(field for field in self.study.fields if field.shape.path == path)

    def walk(self, entity: Entity | None = None, prefix: str = "") -> Iterator[tuple[str, Entity, Field]]:
        """Yield every field with its path from the root of a record (``a.b[].c``), in the order of the shapes."""
        entity = entity or self.study
        for field in entity.fields:
            step = ".".join(field.keys) + ("[]" if field.many else "")
            path = ".".join(part for part in (prefix, step) if part)
            yield path, entity, field
            if field.role is Role.NODE:
                yield from self.walk(self.target(field), path)


def _split(path: str) -> tuple[tuple[str, ...], bool]:
    if not _PATH.fullmatch(path):
        raise OntologyError(f'ct:json "{path}" is not a path: expected keys joined by dots, and [] after a list.')
    many = path.endswith("[]")
    return (() if path == "." else tuple(path.removesuffix("[]").split("."))), many


def _fields(ontology: Ontology, owner: NodeShape, shape: PropertyShape, json: str) -> list[Field]:
    keys, many = _split(json)
    values = derived.VALUES.get((owner.iri, shape.path)) or derived.VALUES.get(shape.path)
    if values is not None:
        functions = values if isinstance(values, tuple) else (values,)
        bound = (_on_nodes(ontology, owner, function, json) for function in functions)
        return [Field(shape, Role.DERIVED, keys, many, derive=function) for function in bound]
    return [_field(ontology, owner, shape, keys, many)]


def _on_nodes(ontology: Ontology, owner: NodeShape, function: derived.Derive, json: str) -> derived.Derive:
    """Bind a :class:`Pick` to the shape of the nodes at its path; return any other function unchanged."""
    if not isinstance(function, derived.Pick):
        return function
    node = next(other.of_class for other in owner.properties if other.json == json and other.of_class)
    return function.on(ontology.shapes[node])


def _field(ontology: Ontology, owner: NodeShape, shape: PropertyShape, keys: tuple[str, ...], many: bool) -> Field:
    if link := derived.LINKS.get((owner.iri, shape.path)):
        linked = ontology.shapes[shape.of_class or shape.node or ""]
        return Field(shape, Role.LINK, keys, many, target=linked, link=link)
    if shape.node in ontology.schemes:
        return Field(shape, Role.CODE, keys, many, codes=codes_by_value(ontology.schemes[shape.node], shape))
    target = ontology.shapes.get(shape.of_class or shape.node or "")
    if target is not None and target.iri not in KINDS:
        return Field(shape, Role.REFERENCE if shape.known_by else Role.NODE, keys, many, target=target)
    if shape.is_iri:
        return Field(shape, Role.IRI, keys, many)
    kind = KINDS.get(shape.node or shape.datatype or "") or (KINDS[XSD + "string"] if shape.language else None)
    if kind is None:
        raise OntologyError(f"The shape of {owner.iri} for {shape.path} has no supported kind of value.")
    return Field(shape, Role.TEXT if kind.expected == "text" else Role.VALUE, keys, many, kind=kind)


def lay_out(fields: tuple[Field, ...], template: Template | None) -> Key:
    """Return the keys of a node, with the fields that read them."""
    root = Key("")
    for field in fields:
        root.at(field.keys).fields.append(field)
    if template and template.keys and template.keys != ("^",):
        root.at(template.keys).in_iri = True
    return root


def _entity(ontology: Ontology, shape: NodeShape) -> Entity:
    mapped = [(prop, prop.json) for prop in shape.properties if prop.json is not None]
    fields = tuple(field for prop, json in mapped for field in _fields(ontology, shape, prop, json))
    constants = tuple(prop.value for prop in shape.properties if prop.path == RDF + "type" and prop.value)
    types = (shape.iri, *constants) if shape.is_class else constants
    template = Template.of(shape.template) if shape.template else None
    return Entity(shape, types, template, fields, lay_out(fields, template))


def _names(ontology: Ontology) -> dict[str, str]:
    """Return the name templates by which fields refer to nodes, by node shape."""
    names: dict[str, str] = {}
    for shape in ontology.shapes.values():
        for prop in shape.properties:
            if prop.known_by and prop.of_class and names.setdefault(prop.of_class, prop.known_by) != prop.known_by:
                raise OntologyError(f"{prop.of_class} has two names: {names[prop.of_class]} and {prop.known_by}.")
    return names


def build_plan(ontology: Ontology) -> Plan:
    """Build the plan of an ontology; raise :class:`~kg.errors.OntologyError` for inconsistent shapes."""
    pending, entities = [ROOT], dict[str, Entity]()
    names = _names(ontology)
    while pending:
        iri = pending.pop()
        if iri in entities:
            continue
        if iri not in ontology.shapes:
            raise OntologyError(f"A shape refers to {iri}, which is not a shape.")
        entities[iri] = entity = _entity(ontology, ontology.shapes[iri])
        pending += [field.target.iri for field in entity.fields if field.target is not None]
    for entity in entities.values():
        graft(entity, entities)
    return Plan(ontology, {iri: entity._replace(known_by=names.get(iri)) for iri, entity in entities.items()})


def graft(entity: Entity, entities: dict[str, Entity]) -> None:
    """Add the keys of the entities that are read from the same JSON as an entity."""
    for field in entity.fields:
        if field.role is Role.NODE and field.target is not None and not field.keys:
            entity.root.graft(entities[field.target.iri].root)


@cache
def shipped_plan() -> Plan:
    """Return the plan of the shipped ontology.

    >>> [path for path, entity, field in shipped_plan().walk() if field.local == "startYear"]
    ['protocolSection.statusModule.startDateStruct.date']
    """
    return build_plan(shipped())
