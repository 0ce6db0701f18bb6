"""Reference interpreter: walks the plan over any record and reports every invalid field.

The emitter (:mod:`kg.export.native`) exports nearly all records. Of a record that it accepts, both give the same bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

from kg.errors import ABSENT, FieldError, Repaired
from kg.export.names import Names, NodesByName, Targets, link_names, linked, nodes_by_name, resolve, texts
from kg.export.shared_resources import description
from kg.export.terms import Converters, listed, plain_text
from kg.mapping.datatypes import Literal
from kg.mapping.derived import Link
from kg.mapping.json_tree import at
from kg.mapping.plan import OF_STUDY, POSITION, Entity, Field, Key, Plan, Role
from kg.ontology.vocabulary import PART, RDF, XSD
from kg.rdf.syntax import Block, Style, quoted
from kg.records.limits import check_errors, check_statements
from kg.records.sanitize import LONGEST

Place = tuple[Any, str | int]
"""A container, and the key or the index of a value in it."""


class Interpreter:
    """Interprets a plan in one style; ``contacts`` keeps contact data."""

    def __init__(self, plan: Plan, style: Style, *, contacts: bool = False) -> None:
        self.plan = plan
        self.style = style
        self.contacts = contacts
        self.converters = Converters(plan, style)
        self.names = Names(plan)
        self.predicate = cache(style.predicate)
        self.opening, self.close = style.opening(PART)
        a = self.predicate(RDF + "type")
        self.types = {
            entity.local: [a + b" , ".join(map(style.iri, entity.types))] if entity.types else []
            for entity in plan.entities.values()
        }
        self.second_readers = {
            plan.target(field).local for _, _, field in plan.walk() if field.role is Role.NODE and not field.keys
        }
        """The kinds of node that are read from the same object as their owner, which checks its keys."""

    def study(self, record: dict[str, Any], number: str, token: bytes) -> Interpretation:
        """Interpret a record; the blocks are the study, its parts in order, and its record."""
        stem = self.opening + number.encode()
        result = Interpretation(record, self._targets(record, stem))
        _Node(self, self.plan.study, result, token, stem).write(record, 0)
        result.blocks += result.last
        return result

    def resource(self, entity: Entity, x: Any) -> tuple[Block | None, Interpretation]:
        """Interpret the JSON of a shared resource; the result has no block if the resource has no key."""
        result = Interpretation(x if isinstance(x, dict) else {})
        is_valid = type(x) is (str if entity.is_text else dict) and x
        return _Node(self, entity, result).resource(x) if is_valid else None, result

    def _targets(self, record: dict[str, Any], stem: bytes) -> dict[str, Targets]:
        """Return the possible targets of each link, by name."""
        targets: dict[str, Targets] = {}
        for _, field, link in self.plan.links():
            by_name = targets.setdefault(field.local, {})
            for path, name in link.targets.items():
                source = self.plan.study_field(path)
                entity, nodes = self.plan.target(source), at(record, source.keys)
                for i, node in enumerate(nodes if isinstance(nodes, list) else (), 1):
                    token = self._target(entity, source, node, stem, i)
                    for own in link_names(node, texts(entity, name), fold=link.fold) if token else ():
                        by_name.setdefault(own, set()).add(token)
        return targets

    def _target(self, entity: Entity, source: Field, node: Any, stem: bytes, position: int) -> bytes:
        """Return the token of a possible target of a link, or nothing."""
        if type(node) is not dict or not node:
            return b""
        if entity.is_part:
            return stem + f"-{source.local}-{position}".encode() + self.close
        key = at(node, (entity.template.keys if entity.template else None) or ())
        return (self.converters.node(entity)(key) if type(key) is str else None) or b""


@dataclasses.dataclass(slots=True)
class Interpretation:
    """The blocks that a record becomes, and its errors."""

    record: dict[str, Any]
    targets: dict[str, Targets] = dataclasses.field(default_factory=dict)
    """Link -> its possible targets."""
    blocks: list[Block] = dataclasses.field(default_factory=list)
    last: list[Block] = dataclasses.field(default_factory=list)
    """Blocks that follow all others."""
    more: int = 0
    """Number of triples that are written as further objects of a predicate (grouped styles only)."""
    shared: dict[bytes, None] = dataclasses.field(default_factory=dict)
    """The descriptions of the shared resources that the record refers to."""
    listed: dict[str, object] = dataclasses.field(default_factory=dict)
    """Property -> the shared resources that are its values, as the record lists them."""
    errors: list[FieldError] = dataclasses.field(default_factory=list)
    withheld: int = 0
    """The number of contact values left out."""
    lossy: bool = False
    """Whether parts of the record may be missing in the graph."""
    statements: int = 0
    """The number of statements written so far, without those of unfinished nodes."""
    resolved: int = 0
    """The number of nodes found by name so far."""
    refused: list[object] = dataclasses.field(default_factory=list)
    """The objects and lists that are not in the graph, or only in part."""
    _paths: dict[int, str] | None = None

    def _add(self, place: Place, value: object, expected: str, kind: type[FieldError] = FieldError) -> None:
        container, key = place
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if key else ""
        if self._paths is None:
            self._paths = paths(self.record)
        path = (self._paths.get(id(container), "") + step).removeprefix(".")
        check_errors(len(self.errors) + 1)
        self.errors.append(kind("does not match its shape", path=path, value=value, expected=expected))

    def invalid(self, place: Place, value: object, expected: str) -> None:
        """Report an invalid value, except for an empty list or object, which has no content."""
        self.lossy = True
        if value not in ([], {}):
            self._add(place, value, expected)

    def as_text(self, place: Place, value: object, expected: str) -> list[bytes]:
        """Report an invalid value; return the token of its plain text, if it is a scalar."""
        self.invalid(place, value, expected)
        text = plain_text(value)
        return [] if text is None else [quoted(text)]

    def repaired(self, place: Place, value: object, expected: str) -> None:
        """Report a value that was repaired."""
        self._add(place, value, expected, Repaired)

    def count(self, statements: int) -> None:
        """Count the statements of a node; raise :class:`~kg.errors.RecordError` if there are too many."""
        self.statements += statements
        check_statements(self.statements)

    def matched(self, tokens: list[bytes]) -> list[bytes]:
        """Count and return nodes that were found by name, of which a short list may have many."""
        self.resolved += len(tokens)
        check_statements(self.resolved)
        return tokens

    def missing(self, place: Place, expected: str) -> None:
        """Report a required value that is missing."""
        self._add(place, ABSENT, expected)

    def refuse(self, x: object, key: str, expected: str) -> None:
        """Report an object that has no node because the key for its IRI is missing."""
        self.lossy = True
        self.refused.append(x)
        value = x.get(key, ABSENT) if isinstance(x, dict) else x
        self._add((x, key if isinstance(x, dict) else ""), value, expected)

    def repeated(self, values: list[object]) -> None:
        """Note a list with equal values, which a graph keeps only once."""
        self.lossy = True
        self.refused.append(values)


def paths(record: object) -> dict[int, str]:
    """Return the JSON path of every container in a record, by its identity.

    >>> inner = {"city": 12}
    >>> paths({"sites": [{}, inner]})[id(inner)]
    'sites[1]'
    """
    result: dict[int, str] = {}
    waiting: list[tuple[str, object]] = [("", record)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | list):
            result[id(value)] = path.removeprefix(".")
        if isinstance(value, dict):
            waiting += [(f"{path}.{key}", below) for key, below in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[{i}]", below) for i, below in enumerate(value)]
    return result


@dataclasses.dataclass(slots=True)
class _Node:
    """A node that is being written from an object ``x`` of the JSON; tokens of its parts begin with ``stem``."""

    run: Interpreter
    entity: Entity
    result: Interpretation
    study: bytes = b""
    """The token of the study."""
    stem: bytes = b""
    names: dict[str, NodesByName] = dataclasses.field(default_factory=dict)
    """Kind of node -> the nodes to which this one and its parts may refer."""
    pairs: list[bytes] = dataclasses.field(default_factory=list)

    def write(self, x: Any, position: int, token: bytes = b"") -> None:
        """Write a study, or a part of one at its position in a list, 0 if it is in no list."""
        self.result.blocks.append((token or self.study, self.pairs))
        self.pairs += self.run.types[self.entity.local]
        if token:
            self.pairs.append(self.run.predicate(OF_STUDY) + self.study)
        if position:
            number = self.run.style.literal(Literal(str(position), XSD + "integer"))
            self.pairs.append(self.run.predicate(POSITION) + number)
        self._read(self.entity.root, x)
        self.result.count(len(self.pairs))

    def resource(self, x: Any) -> Block | None:
        """Return the block of a node with its own IRI; ``None`` if its JSON has no key."""
        keys = (self.entity.template.keys if self.entity.template else None) or ()
        key = at(x, keys)
        token = self.run.converters.node(self.entity)(key) if type(key) is str else None
        if token is None:
            self.result.refuse(x, keys[-1] if keys else "", f"the key of {self.entity.shape.label}")
            return None
        self.pairs += self.run.types[self.entity.local]
        self._read(self.entity.root, x)
        return token, [*dict.fromkeys(self.pairs)]

    def _read(self, key: Key, x: Any) -> None:
        """Write the fields of a key whose value is ``x``, then those of the keys below it."""
        for field in key.fields:
            self._field(field, x, key.name, x)
        if key.below:
            if self.entity.local not in self.run.second_readers and not key.below.keys() >= x.keys():
                self.result.lossy = True
            self._index_names(key, x)
            for below in key.below.values():
                self._below(below, x)

    def _index_names(self, key: Key, x: dict[str, Any]) -> None:
        for below in key.below.values():
            for field in below.fields:
                entity = self.run.plan.target(field) if field.role is Role.NODE and field.many else None
                if entity is not None and entity.known_by:
                    form = f"-{field.local}-%d".encode() + self.run.close
                    nodes = nodes_by_name(x.get(below.name), self.run.names.namers[entity.local], self.stem, form)
                    self.names = {**self.names, entity.local: nodes}

    def _below(self, key: Key, x: dict[str, Any]) -> None:
        value = x.get(key.name, ABSENT)
        if value is ABSENT:
            for field in key.fields:
                if field.shape.required and not key.below:
                    self.result.missing((x, key.name), self.run.converters.expected(field))
        elif not key.below:
            shown = [field for field in key.fields if self.run.contacts or not field.is_contact_data]
            if key.fields and not shown:
                self.result.withheld += 1
            for field in shown:
                self._field(field, x, key.name, value)
        elif type(value) is dict and value:
            self._read(key, value)
        else:
            self.result.invalid((x, key.name), value, "an object")

    def _field(self, field: Field, x: Any, name: str, value: Any) -> None:
        predicate = self.run.predicate(field.shape.path)
        if field.many and type(value) is list and value:
            tokens = [self._tokens(field, x, (value, i), element) for i, element in enumerate(value)]
            self._list(field, predicate, value, [*chain.from_iterable(tokens)])
        elif field.many:
            self.pairs += [predicate + token for token in self._refused(field, (x, name), value, is_list=True)]
        elif field.link is not None:
            self._grouped(predicate, linked(self.result.targets[field.local], self._link_names(field.link, value)))
        else:
            self.pairs += [predicate + token for token in self._tokens(field, x, (x, name), value)]

    def _tokens(self, field: Field, x: Any, place: Place, value: Any) -> list[bytes]:
        """Return the tokens of a value; for an invalid value, those of its repaired form or its text."""
        position = place[1] + 1 if isinstance(place[1], int) else 0
        tokens = self._converted(field, x, value, position)
        return self._refused(field, place, value) if tokens is None else tokens

    def _refused(self, field: Field, place: Place, value: Any, *, is_list: bool = False) -> list[bytes]:
        """Report an invalid value and keep it as text, unless it should be a node; derived fields have no reports."""
        expected = self.run.converters.expected(field, is_list=is_list)
        if token := self.run.converters.repaired(field, value):
            self.result.repaired(place, value, expected)
            return [token]
        if field.role is Role.NODE:
            self.result.invalid(place, value, expected)
        elif not field.is_derived:
            return self.result.as_text(place, value, expected)
        return []

    def _converted(self, field: Field, x: Any, value: Any, position: int) -> list[bytes] | None:
        """Return the tokens of a value, ``None`` for an invalid one."""
        if field.role is Role.NODE:
            return self._node(field, value, position)
        if field.role is Role.REFERENCE:
            nodes = self.names.get(self.run.plan.target(field).local, {})
            back = self.run.names.back(field) if field.many else None
            return self.result.matched(resolve(nodes, value, x, back)) or None
        token = self.run.converters.scalar(field)(value)
        return None if token is None else [token]

    def _node(self, field: Field, x: Any, position: int) -> list[bytes] | None:
        entity = self.run.plan.target(field)
        if type(x) is not (str if entity.is_text else dict) or not x:
            return None
        node = _Node(self.run, entity, self.result, self.study, self.stem, self.names)
        if not entity.is_part:
            return self._resource(field, node, x)
        after = entity.template.after if entity.template else f"-{field.local}-{position or 1}"
        node.stem = self.stem + after.encode()
        token = node.stem + self.run.close
        node.write(x, position, token)
        return [token]

    def _resource(self, field: Field, node: _Node, x: Any) -> list[bytes]:
        """Return the token of a shared resource, or of the record, which is read from the same object as the study."""
        block = node.resource(x)
        if block is None:
            return []
        if not field.keys:
            self.result.last.append(block)
            return [block[0]]
        self.result.shared[description(*block)] = None
        if not field.many and not node.entity.is_text:
            self.result.listed[field.local] = listed(node.entity, x)
        return [block[0]]

    def _link_names(self, link: Link, x: Any) -> Iterator[str]:
        for name in link.names:
            yield from link_names(x, texts(self.entity, name), fold=link.fold)

    def _list(self, field: Field, predicate: bytes, values: list[Any], tokens: list[bytes]) -> None:
        """Write the distinct tokens of a list; record the list itself if it cannot be restored from them."""
        tokens = [*dict.fromkeys(tokens)]
        if field.role is Role.NODE:
            entity = self.run.plan.target(field)
            if not entity.is_part and not entity.is_text:
                self.result.listed[field.local] = [listed(entity, value) for value in values]
        elif not field.is_derived:
            different = {*map(str, values)} if field.role is Role.REFERENCE else tokens
            if len(different) != len(values):
                self.result.repeated(values)
        self._grouped(predicate, tokens, in_rows=field.role in (Role.CODE, Role.NODE, Role.REFERENCE))

    def _grouped(self, predicate: bytes, tokens: list[bytes], *, in_rows: bool = True) -> None:
        """Write the objects of a predicate, as one list in a grouped style."""
        if self.run.style.repeats:
            self.pairs += [predicate + token for token in tokens]
        elif tokens:
            step = 3 if in_rows else 1
            rows = [b", ".join(tokens[i : i + step]) for i in range(0, len(tokens), step)]
            if len(max(rows, key=len)) > LONGEST:
                rows = tokens
            self.pairs.append(predicate + b",\n        ".join(rows))
            self.result.more += len(tokens) - 1
            self.result.count(len(tokens) - 1)
