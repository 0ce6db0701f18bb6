"""Converters: the functions that turn JSON values into tokens of one style."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson
import pyoxigraph as ox

from kg.export.context import Namer
from kg.mapping import derived
from kg.mapping.datatypes import Literal
from kg.mapping.links import names, texts
from kg.mapping.plan import Entity, Field, Plan, Role
from kg.ontology.iri_template import SLOT
from kg.ontology.vocabulary import XSD
from kg.rdf.syntax import Style

Converter = Callable[[Any], bytes | None]
"""From a JSON value to its token, ``None`` where the value is refused."""

_WEB = re.compile(r"(?:https?|ftp)://.+", re.IGNORECASE | re.DOTALL)


def is_iri(text: str) -> bool:
    """Whether a text is an absolute IRI (RFC 3987) of the web.

    >>> is_iri("https://example.org/a?b=c"), is_iri("https://example.org/a b"), is_iri("www.example.org")
    (True, False, False)
    """
    if not _WEB.match(text):
        return False
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


class Converters:
    """Makes the functions for the fields and the nodes of a plan, each once."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self.plan = plan
        self._style = style
        self._made: dict[tuple[str, int], Any] = {}

    def _once(self, make: Callable[[Any], Any], of: Field | Entity) -> Any:
        key = make.__name__, id(of)
        if key not in self._made:
            self._made[key] = make(of)
        return self._made[key]

    def scalar(self, known: Field) -> Converter:
        """The converter of a field's values."""
        made: Converter = self._once(self._scalar, known)
        return made

    def node(self, entity: Entity) -> Converter:
        """The converter from the key of a shared resource to its token."""
        made: Converter = self._once(self._node, entity)
        return made

    def namer(self, entity: Entity) -> Namer:
        """The function from the JSON of a node to the name by which others refer to it."""
        made: Namer = self._once(self._namer, entity)
        return made

    @staticmethod
    def listed(entity: Entity, x: Any) -> Any:
        """A shared resource as the record lists it: the keys of the JSON that its shape reads."""
        return {key: x[key] for key in entity.root.below if key in x} if isinstance(x, dict) else None

    def link_name(self, entity: Entity) -> Callable[[Any], str]:
        """The function from the JSON of a shared resource to the name by which links find it, or nothing."""
        made: Callable[[Any], str] = self._once(self._link_name, entity)
        return made

    def _link_name(self, entity: Entity) -> Callable[[Any], str]:
        targets = (
            (texts(entity, name), link.fold)
            for _, _, link in self.plan.links()
            for path, name in link.targets.items()
            if self.plan.target(self.plan.study_field(path)) is entity
        )
        name, fold = next(targets, ((), False))
        return lambda x: next(names(x, name, fold=fold), "") if name and isinstance(x, dict) else ""

    def back(self, known: Field) -> tuple[str, Namer] | None:
        """How the nodes that a field refers to refer back to those that hold it: at which key, by which name."""
        made: tuple[str, Namer] | None = self._once(self._back, known)
        return made

    def expected(self, known: Field, *, is_list: bool = False) -> str:
        """What a field takes, in words: each of its values, or the list of them."""
        if is_list:
            listed = {Role.NODE: "a list", Role.REFERENCE: "a list of text"}
            return listed.get(known.role) or f"a list of {self.expected(known)}"
        if known.role is Role.NODE:
            return "text" if self.plan.target(known).is_text else "an object"
        if known.role is Role.REFERENCE:
            return f"the name of some {self.plan.target(known).shape.label} of this study"
        if known.kind is not None:
            return known.kind.expected
        if known.codes is not None:
            return "one of " + ", ".join(known.codes)
        return f"an IRI like {known.shape.template}" if known.shape.template else "the IRI of a web page"

    def _scalar(self, known: Field) -> Converter:
        make = {
            Role.TEXT: self._text,
            Role.VALUE: self._value,
            Role.CODE: self._code,
            Role.IRI: self._iri,
            Role.DERIVED: self.derived,
        }
        return make[known.role](known)

    def _text(self, known: Field) -> Converter:
        language = b"@" + known.shape.language.encode() if known.shape.language else b""
        return lambda value: orjson.dumps(value) + language if type(value) is str else None

    def _value(self, known: Field) -> Converter:
        assert known.kind is not None
        parse = known.kind.parse

        def convert(value: Any) -> bytes | None:
            literal = parse(value)
            return None if literal is None else self._style.literal(literal)

        return convert

    def _code(self, known: Field) -> Converter:
        tokens = {notation: self._style.iri(concept.iri) for notation, concept in (known.codes or {}).items()}
        return lambda value: tokens.get(value) if type(value) is str else None

    def derived(self, known: Field) -> Converter:
        """The converter of the function of a derived field."""
        derive_value, token = known.derive, self._token_of(known)
        assert derive_value is not None

        def convert(value: Any) -> bytes | None:
            text = derive_value(value)
            return None if text is None else token(text)

        return convert

    def _token_of(self, field: Field) -> Callable[[str], bytes]:
        """The function from the text of a derived value to its token."""
        shape = field.shape
        if shape.is_iri:
            return lru_cache(64)(self._style.iri)
        if shape.language or shape.datatype in (None, XSD + "string"):
            suffix = f"@{shape.language}".encode() if shape.language else b""
            return lambda text: orjson.dumps(text) + suffix
        datatype = str(shape.datatype)
        return lambda text: self._style.literal(Literal(text, datatype))

    def _iri(self, known: Field) -> Converter:
        before, _, after = (known.shape.template or "{.}").partition("{.}")
        pattern = re.compile(known.shape.pattern) if known.shape.pattern else None
        before = self._style.rebased(before)

        def convert(value: Any) -> bytes | None:
            if type(value) is not str:
                return None
            iri = before + value + after
            if not is_iri(iri) or (pattern and not pattern.search(iri)):
                return None
            return self._style.iri(iri)

        return convert

    def repaired(self, field: Field, value: Any) -> bytes | None:
        """The token of an address that is an IRI without its HTML escapes, as in ``https:&#x2F;&#x2F;example.org``."""
        if field.role is not Role.IRI or field.shape.template or type(value) is not str or "&" not in value:
            return None
        return self.scalar(field)(html.unescape(value))

    def _node(self, entity: Entity) -> Converter:
        template = entity.template
        assert template is not None
        key = derived.KEYS.get(entity.shape.iri, derived.plain_key)
        opening, close = self._style.opening(template.before)

        def convert(value: Any) -> bytes | None:
            name = key(value)
            return None if name is None else opening + name.encode() + close

        return convert

    def owner(self, known: Field) -> Entity | None:
        """The kind of node that holds a reference, where its nodes have names."""
        named = (each for each in self.plan.entities.values() if each.known_by)
        return next((owner for owner in named if any(known is each for each in owner.fields)), None)

    def _back(self, known: Field) -> tuple[str, Namer] | None:
        owner = self.owner(known)
        for other in self.plan.target(known).fields if owner else ():
            if owner and other.role is Role.REFERENCE and other.target is owner.shape:
                return ".".join(other.keys), self.namer(owner)
        return None

    def _namer(self, entity: Entity) -> Namer:
        pattern = entity.known_by or ""
        labels = {
            known.keys[0]: {code: concept.label for code, concept in known.codes.items()}
            for known in entity.fields
            if known.codes is not None and len(known.keys) == 1
        }
        slots = SLOT.findall(pattern)
        form = SLOT.sub("%s", pattern)

        def name(node: dict[str, Any]) -> str | None:
            values = {slot: node.get(slot) for slot in slots}
            if not all(type(value) is str for value in values.values()):
                return None
            return form % tuple(labels.get(slot, {}).get(str(value), value) for slot, value in values.items())

        return name
