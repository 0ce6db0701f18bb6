"""The plan: the shapes of the ontology, laid out along the JSON of a record.

The export, the report of what no shape reads, the JSON-LD context and the documentation all walk this.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
CONTACT_DATA = CT + "ContactData"

_PATH = re.compile(r"(?:\.|[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?:\[\])?)")


class Role(enum.Enum):
    """What becomes of the values at a path."""

    TEXT = "text"
    VALUE = "value"
    CODE = "code"
    IRI = "iri"
    NODE = "node"
    REFERENCE = "reference"
    DERIVED = "derived"
    LINK = "link"


class Field(NamedTuple):
    """A property shape with its path split, and what is done with its values."""

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
        """The local name of the property, which names the parts that it leads to."""
        return re.split(r"[#/]", self.shape.path)[-1]

    @property
    def is_derived(self) -> bool:
        """Whether its values follow from those of other fields."""
        return self.role in (Role.DERIVED, Role.LINK)

    @property
    def is_contact_data(self) -> bool:
        return self.shape.group == CONTACT_DATA


@dataclass(slots=True)
class Key:
    """A key of the JSON under a node: the fields that read it, and the keys below it."""

    name: str
    fields: list[Field] = field(default_factory=list)
    below: dict[str, Key] = field(default_factory=dict)
    in_iri: bool = False
    """Whether its value is the key in the IRI of the node, and so in the graph whatever reads it."""

    def at(self, keys: tuple[str, ...]) -> Key:
        """The key at a path below, which is made where it is not there."""
        place = self
        for name in keys:
            place = place.below.setdefault(name, Key(name))
        return place

    def graft(self, other: Key) -> None:
        """Makes the keys of another entity that reads the same JSON known here."""
        for name, below in other.below.items():
            self.at((name,)).graft(below)


class Entity(NamedTuple):
    """A node shape, its classes and its fields along the JSON."""

    shape: NodeShape
    types: tuple[str, ...]
    template: Template | None
    fields: tuple[Field, ...]
    root: Key
    known_by: str | None = None
    """The name by which fields of other entities refer to its nodes."""

    @property
    def local(self) -> str:
        return self.shape.iri.removeprefix(CT)

    @property
    def is_part(self) -> bool:
        """Whether its nodes are parts of a study, named by their position."""
        return self.template is None or self.template.keys == ("^",)

    @property
    def is_text(self) -> bool:
        """Whether its nodes are plain text in the JSON, and no objects."""
        return self.template is not None and self.template.keys is None


class Plan(NamedTuple):
    """All entities, by the IRI of their shape."""

    ontology: Ontology
    entities: dict[str, Entity]

    @property
    def study(self) -> Entity:
        return self.entities[ROOT]

    def target(self, known: Field) -> Entity:
        """The kind of node that a field leads to."""
        assert known.target is not None
        return self.entities[known.target.iri]

    def links(self) -> Iterator[tuple[Entity, Field, Link]]:
        """The fields that link nodes by their texts, with the kinds of node that have them."""
        for entity in self.entities.values():
            yield from ((entity, known, known.link) for known in entity.fields if known.link is not None)

    def study_field(self, path: str) -> Field:
        """The field of studies for a property, by IRI."""
        return next(known for known in self.study.fields if known.shape.path == path)

    def walk(self, entity: Entity | None = None, prefix: str = "") -> Iterator[tuple[str, Entity, Field]]:
        """Every field with its path from the top of a record, ``a.b[].c``, in the order of the shapes."""
        entity = entity or self.study
        for known in entity.fields:
            step = ".".join(known.keys) + ("[]" if known.many else "")
            path = ".".join(part for part in (prefix, step) if part)
            yield path, entity, known
            if known.role is Role.NODE:
                yield from self.walk(self.target(known), path)


def _split(path: str) -> tuple[tuple[str, ...], bool]:
    if not _PATH.fullmatch(path):
        raise OntologyError(f'ct:json "{path}" is no path, expected keys joined by dots and [] at the end of a list.')
    many = path.endswith("[]")
    return (() if path == "." else tuple(path.removesuffix("[]").split("."))), many


def _fields(ontology: Ontology, owner: NodeShape, shape: PropertyShape, json: str) -> list[Field]:
    keys, many = _split(json)
    values = derived.VALUES.get((owner.iri, shape.path)) or derived.VALUES.get(shape.path)
    if values is not None:
        functions = values if isinstance(values, tuple) else (values,)
        made = (_on_nodes(ontology, owner, function, json) for function in functions)
        return [Field(shape, Role.DERIVED, keys, many, derive=function) for function in made]
    return [_field(ontology, owner, shape, keys, many)]


def _on_nodes(ontology: Ontology, owner: NodeShape, function: derived.Derive, json: str) -> derived.Derive:
    """A function of a field; one that reads the JSON of nodes, for the shape of the nodes at the same path."""
    if not isinstance(function, derived.Pick):
        return function
    node = next(each.of_class for each in owner.properties if each.json == json and each.of_class)
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
        raise OntologyError(f"{owner.iri} has a shape for {shape.path} of no kind that is known.")
    return Field(shape, Role.TEXT if kind.expected == "text" else Role.VALUE, keys, many, kind=kind)


def _lay_out(fields: tuple[Field, ...], template: Template | None) -> Key:
    root = Key("")
    for known in fields:
        root.at(known.keys).fields.append(known)
    if template and template.keys and template.keys != ("^",):
        root.at(template.keys).in_iri = True
    return root


def _entity(ontology: Ontology, shape: NodeShape) -> Entity:
    mapped = [(known, known.json) for known in shape.properties if known.json is not None]
    fields = tuple(field for known, json in mapped for field in _fields(ontology, shape, known, json))
    constants = tuple(known.value for known in shape.properties if known.path == RDF + "type" and known.value)
    types = (shape.iri, *constants) if shape.is_class else constants
    template = Template.of(shape.template) if shape.template else None
    return Entity(shape, types, template, fields, _lay_out(fields, template))


def _names(ontology: Ontology) -> dict[str, str]:
    """Node shape -> the name by which fields refer to its nodes."""
    names: dict[str, str] = {}
    for shape in ontology.shapes.values():
        for known in shape.properties:
            if known.known_by and known.of_class and names.setdefault(known.of_class, known.known_by) != known.known_by:
                raise OntologyError(f"{known.of_class} has two names: {names[known.of_class]} and {known.known_by}.")
    return names


def build_plan(ontology: Ontology) -> Plan:
    """The plan of an ontology; raises :class:`~kg.errors.OntologyError` where its shapes make none."""
    wanted, entities = [ROOT], dict[str, Entity]()
    names = _names(ontology)
    while wanted:
        iri = wanted.pop()
        if iri in entities:
            continue
        if iri not in ontology.shapes:
            raise OntologyError(f"{iri} is named by a shape and is none.")
        entities[iri] = entity = _entity(ontology, ontology.shapes[iri])
        wanted += [known.target.iri for known in entity.fields if known.target is not None]
    for entity in entities.values():
        for known in entity.fields:
            if known.role is Role.NODE and known.target is not None and not known.keys:
                entity.root.graft(entities[known.target.iri].root)
    return Plan(ontology, {iri: entity._replace(known_by=names.get(iri)) for iri, entity in entities.items()})


@cache
def shipped_plan() -> Plan:
    """The plan of the ontology that travels with the package.

    >>> [path for path, entity, field in shipped_plan().walk() if field.local == "startYear"]
    ['protocolSection.statusModule.startDateStruct.date']
    """
    return build_plan(shipped())
