"""Converters from JSON values to the tokens of one style."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyoxigraph as ox

from kg.mapping import derived
from kg.mapping.datatypes import Literal
from kg.mapping.plan import Entity, Field, Plan, Role
from kg.ontology.vocabulary import XSD
from kg.rdf.syntax import Style, quoted

Converter = Callable[[Any], bytes | None]
"""From a JSON value to its token, ``None`` for an invalid value."""

_HTML_ESCAPE = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos);", re.IGNORECASE)
MAX_KEY = 1 << 14
"""Length in bytes of the longest key in the IRI of a shared resource, which is the subject of statements."""
_WEB = re.compile(r"(?:https?|ftp)://.+", re.IGNORECASE | re.DOTALL)


def is_iri(text: str) -> bool:
    """Return whether a text is an absolute IRI (RFC 3987) of the web.

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


def unescaped(url: str) -> str:
    """Return a URL without HTML escapes; what only looks like one is kept, such as the parameter ``&copy=1``.

    >>> unescaped("https:&#x2F;&#x2F;a.org/?b=1&amp;copy=2&copy=3")
    'https://a.org/?b=1&copy=2&copy=3'
    """
    return _HTML_ESCAPE.sub(lambda match: html.unescape(match[0]), url)


def plain_text(value: object) -> str | None:
    """Return a scalar as text, ``None`` for objects, lists and null.

    >>> plain_text("12 persons"), plain_text(True), plain_text(1.5), plain_text(float("inf")), plain_text([1])
    ('12 persons', 'true', '1.5', 'Infinity', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value) if isinstance(value, int | float) else None


def listed(entity: Entity, x: Any) -> Any:
    """Return the keys of a shared resource that its shape reads, for ``ct:asListed``."""
    return {key: x[key] for key in entity.root.below if key in x} if isinstance(x, dict) else None


class Converters:
    """The converters of the fields and the nodes of a plan."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self._plan = plan
        self._style = style
        self._fields: dict[int, Converter] = {}
        self._nodes: dict[str, Converter] = {}

    def scalar(self, field: Field) -> Converter:
        """Return the converter of the values of a field of the plan."""
        if id(field) not in self._fields:
            self._fields[id(field)] = self._scalar(field)
        return self._fields[id(field)]

    def node(self, entity: Entity) -> Converter:
        """Return the converter from the key of a shared resource to its token."""
        if entity.local not in self._nodes:
            self._nodes[entity.local] = self._node(entity)
        return self._nodes[entity.local]

    def expected(self, field: Field, *, is_list: bool = False) -> str:
        """Describe the valid values of a field in words, or the list of them."""
        if is_list:
            lists = {Role.NODE: "a list", Role.REFERENCE: "a list of text"}
            return lists.get(field.role) or f"a list of {self.expected(field)}"
        if field.role is Role.NODE:
            return "text" if self._plan.target(field).is_text else "an object"
        if field.role is Role.REFERENCE:
            return f"the name of some {self._plan.target(field).shape.label} of this study"
        if field.kind is not None:
            return field.kind.expected
        if field.codes is not None:
            return "one of " + ", ".join(field.codes)
        return f"an IRI like {field.shape.template}" if field.shape.template else "the IRI of a web page"

    def repaired(self, field: Field, value: Any) -> bytes | None:
        """Return the token of a URL that is valid without HTML escapes, as in ``https:&#x2F;&#x2F;example.org``."""
        if field.role is not Role.IRI or field.shape.template or type(value) is not str or "&" not in value:
            return None
        repaired = unescaped(value)
        return None if repaired == value else self.scalar(field)(repaired)

    def _scalar(self, field: Field) -> Converter:
        converters = {
            Role.TEXT: self._text,
            Role.VALUE: self._value,
            Role.CODE: self._code,
            Role.IRI: self._iri,
            Role.DERIVED: self.derived,
        }
        return converters[field.role](field)

    def _text(self, field: Field) -> Converter:
        language = b"@" + field.shape.language.encode() if field.shape.language else b""
        return lambda value: quoted(value, language) if type(value) is str else None

    def _value(self, field: Field) -> Converter:
        assert field.kind is not None
        parse = field.kind.parse

        def convert(value: Any) -> bytes | None:
            literal = parse(value)
            return None if literal is None else self._style.literal(literal)

        return convert

    def _code(self, field: Field) -> Converter:
        tokens = {notation: self._style.iri(concept.iri) for notation, concept in (field.codes or {}).items()}
        return lambda value: tokens.get(value) if type(value) is str else None

    def derived(self, field: Field) -> Converter:
        """Return the converter of a derived field, even of one that is not in the plan."""
        derive, token = field.derive, self._token_of(field)
        assert derive is not None

        def convert(value: Any) -> bytes | None:
            text = derive(value)
            return None if text is None else token(text)

        return convert

    def _token_of(self, field: Field) -> Callable[[str], bytes]:
        """Return the function from the text of a derived value to its token."""
        shape = field.shape
        if shape.is_iri:
            return lru_cache(64)(self._style.iri)
        if shape.language or shape.datatype in (None, XSD + "string"):
            suffix = f"@{shape.language}".encode() if shape.language else b""
            return lambda text: quoted(text, suffix)
        datatype = str(shape.datatype)
        return lambda text: self._style.literal(Literal(text, datatype))

    def _iri(self, field: Field) -> Converter:
        before, _, after = (field.shape.template or "{.}").partition("{.}")
        pattern = re.compile(field.shape.pattern) if field.shape.pattern else None
        before = self._style.rebased(before)

        def convert(value: Any) -> bytes | None:
            if type(value) is not str:
                return None
            iri = before + value + after
            if not field.shape.template and "&" in value and unescaped(value) != value and is_iri(unescaped(value)):
                return None  # a link that leads elsewhere
            if not is_iri(iri) or (pattern and not pattern.search(iri)):
                return None
            return self._style.iri(iri)

        return convert

    def _node(self, entity: Entity) -> Converter:
        assert entity.template is not None
        key = derived.KEYS.get(entity.shape.iri, derived.plain_key)
        opening, close = self._style.opening(entity.template.before)

        def convert(value: Any) -> bytes | None:
            name = key(value)
            return None if name is None or len(name) > MAX_KEY else opening + name.encode() + close

        return convert
