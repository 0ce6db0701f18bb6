"""The careful way: the plan walked along a record that is not as its shapes say, with every complaint.

The compiled plan (:mod:`kg.program`) takes the others, and has shared resources written here when they first come.
Both say the same of a record that both take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from kg.context import ABSENT, Context, Named
from kg.convert import Converters
from kg.ontology import RDF, XSD
from kg.plan import PART, POSITION, Entity, Field, Key, Plan, Role
from kg.style import Block, Shared, Style
from kg.values import Literal


class Unfit(Exception):  # noqa: N818 -- it is no error: the record is exported with care
    """What raises this is not as the shapes say."""


Resource = tuple[bytes, Shared, object, bool]
"""A shared resource: its token, its block, how it is listed, and whether that is the key in its IRI."""


class Careful:
    """Walks a plan, for one style."""

    def __init__(self, plan: Plan, style: Style, *, contacts: bool = False) -> None:
        self.plan = plan
        self.style = style
        self.contacts = contacts
        self.convert = Converters(plan, style)
        self.second_readers = {
            known.target.iri
            for entity in plan.entities.values()
            for known in entity.fields
            if known.target is not None and not known.keys
        }
        """The shapes of nodes that are read from the same object as what leads to them, which checks its keys."""
        self._stem, _ = style.opening(PART)

    def study(self, record: dict[str, Any], number: str, token: bytes, context: Context) -> list[Block]:
        """The blocks of a record: the study, its parts in order, and last what it shares with others."""
        walk = _Walk(self, context, [], {})
        walk.part(_Node(self.plan.study, token, self._stem + number.encode(), [], {}), record, 0)
        return walk.blocks + [(subject, list(dict.fromkeys(pairs))) for subject, pairs in walk.shared.items()]

    def resource(self, entity: Entity, x: Any) -> Resource:
        """A shared resource from its JSON; raises :class:`Unfit` where something is to be said of it."""
        walk = _Walk(self, Context({}), [], {})
        token = walk.resource(entity, x)
        if token is None or walk.context.odd or walk.context.errors:
            raise Unfit
        first, *others = walk.shared[token]
        block = self.style.shared(token, [first, *(self.style.lead + pair for pair in others)])
        if entity.is_text:
            return token, block, x, True
        listed, usual = self.convert.listed(entity)
        key = listed(x)
        return token, block, key, usual(key) == key


@dataclass(slots=True)
class _Node:
    """A node that is written: its token, what the tokens of its parts begin with, its predicate-object tokens, and
    the nodes that it and its parts may refer to, by kind and name."""

    entity: Entity
    token: bytes
    stem: bytes
    pairs: list[bytes]
    names: dict[str, Named]


@dataclass(slots=True)
class _Walk:
    """The walk along one record; of a ``value`` at the key ``name`` of the object ``x``."""

    careful: Careful
    context: Context
    blocks: list[Block]
    shared: dict[bytes, list[bytes]]

    def part(self, node: _Node, x: dict[str, Any], position: int) -> None:
        """Writes a study, or a part of one at its place in a list, 0 for one that stands alone."""
        self.blocks.append((node.token, node.pairs))
        node.pairs += self._types(node.entity)
        if position:
            number = self.careful.style.literal(Literal(str(position), XSD + "integer"))
            node.pairs.append(self.careful.style.predicate(POSITION) + number)
        self._key(node, node.entity.root, x)

    def resource(self, entity: Entity, x: Any) -> bytes | None:
        """Writes a shared resource and gives its token, or ``None`` where its JSON has no key to name it by."""
        keys = (entity.template.keys if entity.template else None) or ()
        key = Context.at(x, keys)
        token = self.careful.convert.node(entity)(key) if type(key) is str else None
        if token is None:
            self.context.refuse(x, keys[-1] if keys else "", f"the key of {entity.shape.label}")
            return None
        node = _Node(entity, token, b"", self._types(entity), {})
        self._key(node, entity.root, x)
        said = self.shared.setdefault(token, node.pairs)
        if said != node.pairs:
            self.context.disagree(x)
            self.shared[token] = said + node.pairs
        return token

    def _types(self, entity: Entity) -> list[bytes]:
        style = self.careful.style
        types = b" , ".join(map(style.iri, entity.types))
        return [style.predicate(RDF + "type") + types] if types else []

    def _key(self, node: _Node, key: Key, x: Any) -> None:
        """The fields of a key whose value is ``x``, then the keys below it."""
        for known in key.fields:
            self._field(node, known, x, key.name, x)
        if not key.below:
            return
        if node.entity.shape.iri not in self.careful.second_readers and not key.below.keys() >= x.keys():
            self.context.odd = True
        self._gather_names(node, key, x)
        for below in key.below.values():
            self._below(node, below, x)

    def _below(self, node: _Node, key: Key, x: dict[str, Any]) -> None:
        value = x.get(key.name, ABSENT)
        if key.below:
            if type(value) is dict and value:
                self._key(node, key, value)
            elif value is not ABSENT:
                self.context.bad(x, key.name, value, "an object")
            return
        shown = [known for known in key.fields if self.careful.contacts or not known.is_contact_data]
        if key.fields and not shown and value is not ABSENT:
            self.context.withheld += 1
        for known in shown:
            self._field(node, known, x, key.name, value)

    def _gather_names(self, node: _Node, key: Key, x: dict[str, Any]) -> None:
        """Gathers the names of the nodes right below a key, before anything there refers to them."""
        _, close = self.careful.style.opening(PART)
        for below in key.below.values():
            for known in below.fields:
                entity = self.careful.plan.entities.get(known.target.iri) if known.target else None
                if known.role is Role.NODE and known.many and entity and entity.known_by:
                    form = f"-{known.local}-%d".encode() + close
                    named = Context.named(x.get(below.name), self.careful.convert.namer(entity), node.stem, form)
                    node.names = {**node.names, entity.local: named}

    def _field(self, node: _Node, known: Field, x: dict[str, Any], name: str, value: Any) -> None:
        predicate = self.careful.style.predicate(known.shape.path)
        add, expected = node.pairs.append, self.careful.convert.expected(known)
        if value is ABSENT:
            if known.shape.required:
                self.context.missing(x, name, expected)
        elif not known.many:
            tokens = self._tokens(node, known, x, value, 0)
            if tokens is None:
                self._refuse(known, add, predicate, x, name, value, expected)
            else:
                node.pairs += [predicate + token for token in tokens]
        elif type(value) is list and value:
            found: list[bytes] = []
            for i, each in enumerate(value):
                tokens = self._tokens(node, known, x, each, i + 1)
                if tokens is None:
                    self._refuse(known, found.append, b"", value, i, each, expected)
                else:
                    found += tokens
            self._list(node, known, predicate, value, found)
        else:
            listed = {Role.NODE: "a list", Role.REFERENCE: "a list of text"}.get(known.role, f"a list of {expected}")
            self._refuse(known, add, predicate, x, name, value, listed)

    def _refuse(self, known: Field, add: Callable[[bytes], Any], predicate: bytes, *found: Any) -> None:
        """Complains of a value; one that is no node is kept as text, and of nothing derived nothing is said."""
        if known.role is Role.NODE:
            self.context.bad(*found)
        elif known.role is not Role.DERIVED:
            self.context.text(add, predicate, *found)

    def _tokens(self, node: _Node, known: Field, x: dict[str, Any], value: Any, position: int) -> list[bytes] | None:
        """The tokens that a value becomes, ``None`` where it is none of the field's."""
        if known.role is Role.TEXT:
            language = f"@{known.shape.language}" if known.shape.language else ""
            return [orjson.dumps(value) + language.encode()] if type(value) is str else None
        if known.role is Role.REFERENCE:
            entity = self._target(known)
            back = self.careful.convert.back(known, entity) if known.many else None
            return Context.referred(node.names.get(entity.local), value, x, back) or None
        if known.role is not Role.NODE:
            token = self.careful.convert.scalar(known)(value)
        elif type(value) is not (str if self._target(known).is_text else dict) or not value:
            return None
        elif not self._target(known).is_part:
            token = self.resource(self._target(known), value)
            return [] if token is None else [token]
        else:
            token = self._part_of(node, known, value, position)
        return None if token is None else [token]

    def _part_of(self, node: _Node, known: Field, x: Any, position: int) -> bytes:
        """Writes a part of a node and gives its token."""
        entity = self._target(known)
        _, close = self.careful.style.opening(PART)
        after = entity.template.after if entity.template else f"-{known.local}-{position or 1}"
        stem = node.stem + after.encode()
        self.part(replace(node, entity=entity, token=stem + close, stem=stem, pairs=[]), x, position)
        return stem + close

    def _target(self, known: Field) -> Entity:
        assert known.target is not None
        return self.careful.plan.entities[known.target.iri]

    def _list(self, node: _Node, known: Field, predicate: bytes, values: list[Any], found: list[bytes]) -> None:
        """Writes the tokens of a list, each once, and notes what of the list they do not tell."""
        tokens, context = [*dict.fromkeys(found)], self.context
        if known.role is Role.REFERENCE:
            if len({*map(str, values)}) != len(values):
                context.repeated(values)
        elif known.role not in (Role.NODE, Role.DERIVED) and len(tokens) != len(values):
            context.repeated(values)
        if self.careful.style.repeats:
            node.pairs += [predicate + token for token in tokens]
        elif tokens:
            names = known.role in (Role.CODE, Role.NODE, Role.REFERENCE)
            node.pairs.append(predicate + (Context.rows(tokens) if names else b",\n        ".join(tokens)))
            context.more += len(tokens) - 1
        if known.role is Role.NODE and not self._target(known).is_part and not self._target(known).is_text:
            context.order(known.local, values, *self.careful.convert.listed(self._target(known)))
