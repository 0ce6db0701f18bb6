"""Converters: the functions that the compiled plan calls to turn JSON values into tokens of one style."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyoxigraph as ox

from kg import derive
from kg.context import Namer
from kg.ontology import XSD
from kg.plan import SLOT, Entity, Field, Plan, Role
from kg.style import Style
from kg.tokens import Tokens
from kg.values import Literal

_WEB = re.compile(r"(?:https?|ftp)://.+", re.IGNORECASE | re.DOTALL)


def _as_it_is(value: Any) -> Any:
    return value


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
    """Makes converters, gives each a name, and keeps them in :attr:`functions` for the compiled source."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self.plan = plan
        self.functions: dict[str, Any] = {}
        self._style = style

    def _keep(self, name: str, made: Callable[[], Any]) -> str:
        name = re.sub(r"\W", "_", name)
        if name not in self.functions:
            self.functions[name] = made()
        return name

    def scalar(self, known: Field) -> str:
        """The name of the converter of a field's values."""
        make = {Role.VALUE: self._value, Role.CODE: self._code, Role.IRI: self._iri, Role.DERIVED: self._derived}
        kind = (known.shape.node or known.shape.datatype or "").rpartition("#")[2].rpartition("/")[2]
        name = f"{known.role.value}_{kind if known.role in (Role.VALUE, Role.CODE) else known.local}"
        if known.role is Role.DERIVED:
            name += "_" + getattr(known.derive, "__name__", "")
        return self._keep(name, lambda: make[known.role](known))

    def node(self, entity: Entity) -> str:
        """The name of the converter from the key of a shared resource to its token."""
        return self._keep(f"token_{entity.local}", lambda: self._node(entity))

    def listed(self, entity: Entity) -> tuple[str, str]:
        """The names of two functions: how a node is listed, and the key in its IRI, which is how it usually is."""
        assert entity.template is not None
        key = (entity.template.keys or ("",))[-1]

        def by_key(node: dict[str, Any]) -> str | None:
            found = node.get(key)
            return found if isinstance(found, str) else None

        made = derive.LISTED.get(entity.shape.iri, by_key)
        usual = derive.KEYS.get(entity.shape.iri, _as_it_is) if entity.shape.iri in derive.LISTED else _as_it_is
        local = entity.local
        return self._keep(f"listed_{local}", lambda: made), self._keep(f"usual_{local}", lambda: usual)

    def namer(self, entity: Entity) -> str:
        """The name of the function from the JSON of a node to the name by which others refer to it."""
        return self._keep(f"name_{entity.local}", lambda: self._namer(entity))

    def back(self, known: Field, target: Entity) -> str:
        """An expression for how nodes of ``target`` refer back to the nodes that hold this field, or ``None``."""
        for owner in self.plan.entities.values():
            if known in owner.fields and owner.known_by:
                for other in target.fields:
                    if other.role is Role.REFERENCE and other.target is owner.shape:
                        return f"({'.'.join(other.keys)!r}, {self.namer(owner)})"
        return "None"

    @staticmethod
    def expected(known: Field) -> str:
        """What a field takes, in words."""
        if known.kind is not None:
            return known.kind.expected
        if known.codes is not None:
            return "one of " + ", ".join(known.codes)
        return f"an IRI like {known.shape.template}" if known.shape.template else "the IRI of a web page"

    def _value(self, known: Field) -> Tokens:
        assert known.kind is not None
        parse = known.kind.parse

        def convert(value: Any) -> bytes | None:
            literal = parse(value)
            return None if literal is None else self._style.literal(literal)

        return Tokens(convert)

    def _code(self, known: Field) -> Tokens:
        tokens = {notation: self._style.iri(concept.iri) for notation, concept in (known.codes or {}).items()}
        return Tokens(lambda value: tokens.get(value) if type(value) is str else None)

    def _derived(self, known: Field) -> Tokens:
        made = known.derive
        assert made is not None

        def convert(value: Any) -> bytes | None:
            text = made(value)
            if text is None:
                return None
            if known.shape.is_iri:
                return self._style.iri(text)
            if known.shape.language:
                return self._style.literal(Literal(text, XSD + "string")) + b"@" + known.shape.language.encode()
            return self._style.literal(Literal(text, known.shape.datatype or XSD + "string"))

        return Tokens(convert)

    def _iri(self, known: Field) -> Tokens:
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

        return Tokens(convert)

    def _node(self, entity: Entity) -> Tokens:
        template = entity.template
        assert template is not None
        key = derive.KEYS.get(entity.shape.iri, derive.plain_key)
        opening, close = self._style.opening(template.before)

        def convert(value: Any) -> bytes | None:
            name = key(value)
            return None if name is None else opening + name.encode() + close

        return Tokens(convert)

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
