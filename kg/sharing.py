"""Resources that studies share, described from their JSON alone: quicker than with care, and the same."""

from __future__ import annotations

from typing import Any, NamedTuple

from kg.convert import Converter, Converters
from kg.ontology import RDF
from kg.plan import Entity, Field, Role
from kg.style import Block, Style

_PLAIN = {Role.TEXT, Role.VALUE, Role.CODE, Role.IRI, Role.DERIVED}


class _Said(NamedTuple):
    """What is said for a field: of the value at a key, or of the resource's own value where that is empty."""

    key: str
    lead: bytes
    token: Converter
    required: bool
    derived: bool


def _is_plain(known: Field) -> bool:
    return known.role in _PLAIN and not known.many and len(known.keys) < 2 and not known.is_contact_data


class Resources:
    """The resources of a kind.

    >>> from kg.plan import shipped_plan
    >>> plan, style = shipped_plan(), Style()
    >>> mesh = next(entity for entity in plan.entities.values() if entity.local == "MeshTerm")
    >>> resources = Resources(mesh, style, Converters(plan, style))
    >>> token, pairs = resources({"id": "D000690", "term": "Amyotrophic Lateral Sclerosis"})
    >>> token, len(pairs), resources({"id": "D000690"}), resources({"id": "D000690", "term": "x", "colour": "red"})
    (b'<http://id.nlm.nih.gov/mesh/D000690>', 2, None, None)
    """

    def __init__(self, entity: Entity, style: Style, convert: Converters) -> None:
        template, keys = entity.template, entity.root.below
        assert template is not None
        self._known = None if entity.is_text else keys.keys()
        self._key = ".".join(template.keys or ())
        self._token = convert.node(entity)
        types = b" , ".join(map(style.iri, entity.types))
        self._types = [style.predicate(RDF + "type") + types] if types else []
        fields = [*entity.root.fields, *(known for key in keys.values() for known in key.fields)]
        self._is_plain = all(map(_is_plain, fields)) and "." not in self._key
        self._said = [
            _Said(
                ".".join(known.keys),
                style.predicate(known.shape.path),
                convert.scalar(known),
                known.shape.required,
                known.role is Role.DERIVED,
            )
            for known in fields
            if self._is_plain
        ]

    def __call__(self, x: Any) -> Block | None:
        """The block of a resource, ``None`` for whatever there may be more to say of."""
        if not self._is_plain or not x or (type(x) is not str if self._known is None else not self._holds(x)):
            return None
        pairs = [*self._types]
        for key, lead, convert, required, derived in self._said:
            if key and key not in x:
                if required:
                    return None
                continue
            token = convert(x[key] if key else x)
            if token is not None:
                pairs.append(lead + token)
            elif not derived:
                return None
        name = x.get(self._key) if self._key else x
        token = self._token(name) if type(name) is str else None
        return None if token is None else (token, [*dict.fromkeys(pairs)])

    def _holds(self, x: Any) -> bool:
        """Whether it is an object of known keys."""
        return type(x) is dict and self._known is not None and x.keys() <= self._known
