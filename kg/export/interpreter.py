"""The interpreter way: the plan walked along a record, whatever is in it, with every complaint.

The emitter (:mod:`kg.export.native`) takes nearly all. Both say the same of a record that both take.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any

from kg.export.context import ABSENT, Context, Named
from kg.export.shared_resources import description
from kg.export.terms import Converters
from kg.mapping.datatypes import Literal
from kg.mapping.derived import Link
from kg.mapping.json_tree import at
from kg.mapping.links import Targets, linked, names, texts
from kg.mapping.plan import OF_STUDY, PART, POSITION, Entity, Field, Key, Plan, Role
from kg.ontology.vocabulary import RDF, XSD
from kg.rdf.syntax import Block, Style

Where = tuple[Any, str | int]
"""A container and the key or the index of a value in it."""


class Interpreter:
    """Walks a plan, for one style."""

    def __init__(self, plan: Plan, style: Style, *, contacts: bool = False) -> None:
        self.plan = plan
        self.style = style
        self.contacts = contacts
        self.convert = Converters(plan, style)
        self.predicate = cache(style.predicate)
        self.opening, self.close = style.opening(PART)
        a = self.predicate(RDF + "type")
        self.types = {
            entity.local: [a + b" , ".join(map(style.iri, entity.types))] if entity.types else []
            for entity in plan.entities.values()
        }
        self.second_readers = {
            plan.target(known).local for _, _, known in plan.walk() if known.role is Role.NODE and not known.keys
        }
        """The kinds of node that are read from the same object as what leads to them, which checks its keys."""
        self._named: dict[int, list[tuple[str, Field, Entity]]] = {}

    def study(self, record: dict[str, Any], number: str, token: bytes, context: Context) -> _Node:
        """The node of a study: its blocks are the study, its parts in order, and its record."""
        stem = self.opening + number.encode()
        context.targets = self._targets(record, stem)
        study = _Node(self, self.plan.study, context, token, stem)
        study.write(record, 0)
        return study

    def resource(self, entity: Entity, x: Any, context: Context) -> Block | None:
        """The block of a resource that studies share, of its JSON alone; ``None`` where it has no key."""
        if type(x) is not (str if entity.is_text else dict) or not x:
            return None
        return _Node(self, entity, context).resource(x)

    def _targets(self, record: dict[str, Any], stem: bytes) -> dict[str, Targets]:
        """The nodes that the links of a record lead to, by link and name."""
        targets: dict[str, Targets] = {}
        for _, linking, link in self.plan.links():
            here = targets.setdefault(linking.local, {})
            for path, name in link.targets.items():
                source = self.plan.study_field(path)
                entity, nodes = self.plan.target(source), at(record, source.keys)
                for i, node in enumerate(nodes if isinstance(nodes, list) else (), 1):
                    token = self._target(entity, source, node, stem, i)
                    for own in names(node, texts(entity, name), fold=link.fold) if token else ():
                        here.setdefault(own, set()).add(token)
        return targets

    def _target(self, entity: Entity, source: Field, node: Any, stem: bytes, position: int) -> bytes:
        """The token of a node that a link may lead to, or nothing."""
        if type(node) is not dict or not node:
            return b""
        if entity.is_part:
            return stem + f"-{source.local}-{position}".encode() + self.close
        key = at(node, (entity.template.keys if entity.template else None) or ())
        return (self.convert.node(entity)(key) if type(key) is str else None) or b""

    def named(self, key: Key) -> list[tuple[str, Field, Entity]]:
        """The fields below a key whose nodes are referred to by name, with the names of their keys."""
        if id(key) not in self._named:
            nodes = [(below, known) for below in key.below.values() for known in below.fields]
            nodes = [(below, known) for below, known in nodes if known.role is Role.NODE and known.many]
            targets = [(below.name, known, self.plan.target(known)) for below, known in nodes]
            self._named[id(key)] = [each for each in targets if each[2].known_by]
        return self._named[id(key)]


@dataclass(slots=True)
class _Node:
    """A node that is written, of a ``value`` at the key ``name`` of an object ``x``; ``where`` is a place in a
    container."""

    interpreter: Interpreter
    entity: Entity
    context: Context
    study: bytes = b""
    """The token of the study."""
    stem: bytes = b""
    """What the tokens of its parts begin with."""
    blocks: list[Block] = field(default_factory=list)
    last: list[Block] = field(default_factory=list)
    """Blocks that are written after all others."""
    described: dict[bytes, None] = field(default_factory=dict)
    """The descriptions of the shared resources that it and its parts refer to."""
    names: dict[str, Named] = field(default_factory=dict)
    """The nodes that it and its parts may refer to, by kind and name."""
    pairs: list[bytes] = field(default_factory=list)

    def write(self, x: Any, position: int, token: bytes = b"") -> None:
        """Writes a study, or a part of one at its position in a list, 0 for one that is not in a list."""
        self.blocks.append((token or self.study, self.pairs))
        self.pairs += self.interpreter.types[self.entity.local]
        if token:
            self.pairs.append(self.interpreter.predicate(OF_STUDY) + self.study)
        if position:
            number = self.interpreter.style.literal(Literal(str(position), XSD + "integer"))
            self.pairs.append(self.interpreter.predicate(POSITION) + number)
        self._key(self.entity.root, x)

    def resource(self, x: Any) -> Block | None:
        """Writes a resource with an IRI of its own; ``None`` where its JSON has no key."""
        keys = (self.entity.template.keys if self.entity.template else None) or ()
        key = at(x, keys)
        token = self.interpreter.convert.node(self.entity)(key) if type(key) is str else None
        if token is None:
            self.context.refuse(x, keys[-1] if keys else "", f"the key of {self.entity.shape.label}")
            return None
        self.pairs += self.interpreter.types[self.entity.local]
        self._key(self.entity.root, x)
        return token, [*dict.fromkeys(self.pairs)]

    def _key(self, key: Key, x: Any) -> None:
        """The fields of a key whose value is ``x``, then the keys below it."""
        for known in key.fields:
            self._field(known, x, key.name, x)
        if key.below:
            if self.entity.local not in self.interpreter.second_readers and not key.below.keys() >= x.keys():
                self.context.odd = True
            for name, known, entity in self.interpreter.named(key):
                namer, form = (
                    self.interpreter.convert.namer(entity),
                    f"-{known.local}-%d".encode() + self.interpreter.close,
                )
                self.names = {**self.names, entity.local: Context.named(x.get(name), namer, self.stem, form)}
            for below in key.below.values():
                self._below(below, x)

    def _below(self, key: Key, x: dict[str, Any]) -> None:
        value = x.get(key.name, ABSENT)
        if value is ABSENT:
            for known in key.fields:
                if known.shape.required and not key.below:
                    self.context.missing(x, key.name, self.interpreter.convert.expected(known))
        elif not key.below:
            shown = [known for known in key.fields if self.interpreter.contacts or not known.is_contact_data]
            if key.fields and not shown:
                self.context.withheld += 1
            for known in shown:
                self._field(known, x, key.name, value)
        elif type(value) is dict and value:
            self._key(key, value)
        else:
            self.context.bad(x, key.name, value, "an object")

    def _field(self, known: Field, x: Any, name: str, value: Any) -> None:
        predicate = self.interpreter.predicate(known.shape.path)
        if known.many and type(value) is list and value:
            found = [self._tokens(known, x, (value, i), each) for i, each in enumerate(value)]
            self._list(known, predicate, value, [*chain.from_iterable(found)])
        elif known.many:
            self.pairs += [predicate + token for token in self._refused(known, (x, name), value, is_list=True)]
        elif known.link is not None:
            self._grouped(predicate, linked(self.context.targets[known.local], self._own_names(known.link, value)))
        else:
            self.pairs += [predicate + token for token in self._tokens(known, x, (x, name), value)]

    def _tokens(self, known: Field, x: Any, where: Where, value: Any) -> list[bytes]:
        """The tokens that a value becomes, or what is kept of one that is refused."""
        position = where[1] + 1 if isinstance(where[1], int) else 0
        found = self._converted(known, x, value, position)
        return self._refused(known, where, value) if found is None else found

    def _refused(self, known: Field, where: Where, value: Any, *, is_list: bool = False) -> list[bytes]:
        """Complains of a value; what is no node is kept as text, and of what is derived nothing is said."""
        expected = self.interpreter.convert.expected(known, is_list=is_list)
        if token := self.interpreter.convert.repaired(known, value):
            self.context.repaired(*where, value, expected)
            return [token]
        if known.role is Role.NODE:
            self.context.bad(*where, value, expected)
        elif not known.is_derived:
            return self.context.text(*where, value, expected)
        return []

    def _converted(self, known: Field, x: Any, value: Any, position: int) -> list[bytes] | None:
        """The tokens that a value becomes, ``None`` where it is none of the field's."""
        if known.role is Role.NODE:
            return self._node(known, value, position)
        if known.role is Role.REFERENCE:
            entity = self.interpreter.plan.target(known)
            back = self.interpreter.convert.back(known) if known.many else None
            return Context.referred(self.names.get(entity.local), value, x, back) or None
        token = self.interpreter.convert.scalar(known)(value)
        return None if token is None else [token]

    def _node(self, known: Field, x: Any, position: int) -> list[bytes] | None:
        entity = self.interpreter.plan.target(known)
        if type(x) is not (str if entity.is_text else dict) or not x:
            return None
        node = _Node(
            self.interpreter, entity, self.context, self.study, self.stem, self.blocks, self.last, self.described
        )
        node.names = self.names
        if not entity.is_part:
            return self._resource(known, node, x)
        after = entity.template.after if entity.template else f"-{known.local}-{position or 1}"
        node.stem = self.stem + after.encode()
        token = node.stem + self.interpreter.close
        node.write(x, position, token)
        return [token]

    def _resource(self, known: Field, node: _Node, x: Any) -> list[bytes]:
        """The token of a shared resource, or of the record, which is read from the same object as the study."""
        block = node.resource(x)
        if block is None:
            return []
        if not known.keys:
            self.last.append(block)
            return [block[0]]
        self.described[description(*block)] = None
        if not known.many and not node.entity.is_text:
            self.context.listed[known.local] = Converters.listed(node.entity, x)
        return [block[0]]

    def _own_names(self, link: Link, x: Any) -> Iterator[str]:
        for name in link.names:
            yield from names(x, texts(self.entity, name), fold=link.fold)

    def _list(self, known: Field, predicate: bytes, values: list[Any], found: list[bytes]) -> None:
        """Writes the tokens of a list, each once, and notes what of the list they do not tell."""
        tokens, context = [*dict.fromkeys(found)], self.context
        if known.role is Role.NODE:
            entity = self.interpreter.plan.target(known)
            if not entity.is_part and not entity.is_text:
                context.listed[known.local] = [Converters.listed(entity, value) for value in values]
        elif not known.is_derived:
            told = {*map(str, values)} if known.role is Role.REFERENCE else tokens
            if len(told) != len(values):
                context.repeated(values)
        self._grouped(predicate, tokens, in_rows=known.role in (Role.CODE, Role.NODE, Role.REFERENCE))

    def _grouped(self, predicate: bytes, tokens: list[bytes], *, in_rows: bool = True) -> None:
        """Writes the objects of a predicate, in a grouped style as one list."""
        if self.interpreter.style.repeats:
            self.pairs += [predicate + token for token in tokens]
        elif tokens:
            self.pairs.append(predicate + (Context.rows(tokens) if in_rows else b",\n        ".join(tokens)))
            self.context.more += len(tokens) - 1
