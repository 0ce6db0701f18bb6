"""Compiler from the plan to programs: the operations of the emitter (``native/plan.h``) on the JSON of a record.

Each type of JSON object has a list of known keys. A program runs on objects of one type, and its operations refer to a
key by its slot, the position in that list. ``kg plan --source`` prints the programs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

import orjson

from kg.export.names import SEPARATOR, Names, Text, texts
from kg.export.terms import Converter, Converters
from kg.mapping.datatypes import SAMPLES, Form, Literal
from kg.mapping.derived import FORMS, KEYS, Link, Pick
from kg.mapping.plan import LISTED, OF_STUDY, POSITION, Entity, Field, Key, Plan, Role
from kg.ontology.model import SLOT
from kg.ontology.vocabulary import PART, RDF, RECORD, STUDY, XSD
from kg.rdf.syntax import Style
from kg.records.contacts import MASK


class Shape(IntEnum):
    """The JSON at a key; of a whole object only the position in the text is kept."""

    SCALAR, OBJECT, SCALARS, OBJECTS, WHOLE_OBJECT, WHOLE_OBJECTS, ANYTHING = range(7)


class Code(IntEnum):
    """The kind of an operation."""

    BELOW, WITHHOLD, TEXT, VALUE, DERIVE, TEXTS, VALUES, DERIVE_EACH = range(8)
    REFER, REFER_EACH, NAMES, PART, PARTS, SHARE, SHARE_EACH, RESOURCE, GATHER, LINK = range(8, 18)


Pattern = tuple[tuple[bytes, int, int], ...]
"""A name in pieces: the text before a value, the slot of its key, and the reader that gives its label."""
LIST = -2
"""In place of a reader: every text of the list in the slot is a name."""
Spelling = tuple[Form, bytes, bytes]
"""A form of value, and the bytes before and after the value in its token."""


class Op(NamedTuple):
    """An operation on the value in a slot, or on the object itself; numbers are -1 where they do not apply."""

    code: Code
    slot: int = -1
    field: int = -1
    """The number of the field, for errors."""
    reader: int = -1
    """The reader that gives the token of a value, or the kind of a shared resource."""
    group: int = -1
    """The nodes in which a name is looked up."""
    back: int = -1
    """The slot by which these nodes refer back."""
    required: bool = False
    rows: bool = False
    """Whether objects are written three to a line."""
    key: bytes = b""
    lead: bytes = b""
    """The predicate, and the bytes before the value."""
    tail: bytes = b""
    after: bytes = b""
    """The text that follows the name of the owner in the name of a part, before its number."""
    types: bytes = b""
    listed: bytes = b""
    rank: int = 0
    below: int = -1
    """The program for the value."""
    pattern: Pattern = ()
    path: tuple[int, ...] = ()
    fold: bool = False
    """Whether names are compared without regard to the case of ASCII letters."""
    patterns: tuple[Pattern, ...] = ()
    """The names by which a node is linked."""


class Type(NamedTuple):
    """A type of JSON object: its number, and its keys with the shape and the type of their values."""

    number: int
    keys: dict[str, tuple[Shape, Type | None]]

    def slot(self, name: str) -> int:
        """Return the position of a key."""
        return [*self.keys].index(name)

    def path(self, keys: Iterable[str]) -> tuple[int, ...]:
        """Return the slots of the keys on a path."""
        slots, type_ = [], self
        for name in keys:
            slots.append(type_.slot(name))
            type_ = type_.keys[name][1] or type_
        return tuple(slots)


def spelling(reader: Converter, form: Form) -> Spelling | None:
    """Derive from a sample how a reader spells values of a form; ``None`` if the reader rejects the sample."""
    value, excerpt = SAMPLES[form]
    before, match, after = (reader(value) or b"").rpartition(excerpt)
    return (form, before, after) if match else None


def forms_within(template: str | None, pattern: str | None) -> tuple[Form, ...]:
    """Return the forms of the values that fit an IRI template: words, or digits if its pattern is of digits."""
    if template is None:
        return ()
    if pattern is None:
        return (Form.WORD,)
    return (Form.DIGITS,) if pattern.replace("[.]", ".") == f"^{template}$".replace("{.}", "[0-9]+") else ()


def within(text: str) -> bytes:
    """Return a text with the escapes of a JSON string, without quotes."""
    return orjson.dumps(text)[1:-1]


class Programs:
    """The programs of a plan in one style; the first program exports a study, and the first type is that of a record.

    Operations refer to :attr:`fields`, :attr:`readers` and :attr:`kinds` (of shared resource) by position;
    :attr:`spellings` has those of each reader.
    """

    def __init__(self, plan: Plan, style: Style, converters: Converters, names: Names, *, contacts: bool, graphs: bool):
        self.fields: list[Field] = []
        self.readers: list[Converter] = []
        self.spellings: list[tuple[Spelling, ...]] = []
        self.kinds: list[Entity] = []
        self.programs: list[tuple[Op, ...]] = []
        self._plan = plan
        self._style = style
        self._converters = converters
        self._names = names
        self._contacts = contacts
        self._types: dict[int, Type] = {}
        self._numbers: dict[Hashable, int] = {}
        """The numbers of programs and readers."""
        self._groups: dict[str, int] = {}
        lists = {field.local for _, _, field in plan.walk() if field.role is Role.NODE}
        self._ranks = {name: rank for rank, name in enumerate(sorted(lists))}
        self._study = self._type(plan.study.root)
        self._program(plan.study.root, self._study)
        self.words = self._words(graphs=graphs)

    @property
    def types(self) -> tuple[tuple[tuple[bytes, Shape, int], ...], ...]:
        """The types by number: the name, the shape and the number of the type of each key."""
        return tuple(
            tuple((name.encode(), shape, below.number if below else 0) for name, (shape, below) in type_.keys.items())
            for type_ in sorted(self._types.values(), key=lambda type_: type_.number)
        )

    def path(self, keys: Iterable[str]) -> tuple[int, ...]:
        """Return the slots of the keys on a path from the top of a record."""
        return self._study.path(keys)

    def listing(self) -> str:
        """Return the programs as text: the operations on each object, in order."""
        names = {number: name for name, number in self._groups.items()}
        return "\n".join(self._listing(0, "", names, set())) + "\n"

    def _listing(self, number: int, indent: str, names: dict[int, str], seen: set[int]) -> Iterator[str]:
        seen.add(number)
        for op in self.programs[number]:
            words = [op.key.decode() or ".", op.code.name.lower(), op.lead.decode().strip(), op.after.decode()]
            words += [f"among {names[op.group]}"] if op.group >= 0 else []
            words += ["required"] * op.required
            again = op.below in seen and op.code is not Code.BELOW
            yield indent + "  ".join(filter(None, words)) + f"  as program {op.below}" * again
            if op.below >= 0 and not again:
                yield from self._listing(op.below, indent + "    ", names, seen)

    def _words(self, *, graphs: bool) -> tuple[bytes, ...]:
        style = self._style
        number = style.literal(Literal("0", XSD + "integer")).partition(b"0")
        graph = style.opening(RECORD) if graphs else (b"", b"")
        position, end = style.predicate(POSITION) + number[0], number[2]
        study, json = self._types_of(self._plan.study), style.datatype(RDF + "JSON")
        mask = b"" if self._contacts else MASK.encode()
        fixed = (study, style.predicate(LISTED), json, style.predicate(OF_STUDY), mask)
        return (*style.opening(PART), position, end, style.lead, *style.opening(STUDY), *graph, *fixed)

    def _types_of(self, entity: Entity) -> bytes:
        types = b" , ".join(map(self._style.iri, entity.types))
        return self._style.predicate(RDF + "type") + types if types else b""

    # Types

    def _type(self, root: Key) -> Type:
        if id(root) not in self._types:
            type_ = self._types[id(root)] = Type(len(self._types), {})
            for name, key in root.below.items():
                type_.keys[name] = self._shape(key)
        return self._types[id(root)]

    def _shape(self, key: Key) -> tuple[Shape, Type | None]:
        """Return the shape of the JSON at a key, and the type of its objects."""
        if key.below:
            return Shape.OBJECT, self._type(key)
        if not self._shown(key):
            return Shape.ANYTHING, None
        many = key.fields[0].many
        targets = [self._plan.target(field) for field in key.fields if field.role is Role.NODE]
        if not targets or targets[0].is_text:
            return (Shape.SCALARS if many else Shape.SCALAR), None
        if targets[0].is_part:
            return (Shape.OBJECTS if many else Shape.OBJECT), self._type(targets[0].root)
        return (Shape.WHOLE_OBJECTS if many else Shape.WHOLE_OBJECT), None

    def _shown(self, key: Key) -> list[Field]:
        return [field for field in key.fields if self._contacts or not field.is_contact_data]

    # Programs

    def _program(self, key: Key, type_: Type) -> int:
        """Return the number of the program for the objects at a key, which are of a type."""
        program = "program", id(key), type_.number
        if program not in self._numbers:
            number = self._numbers[program] = len(self.programs)
            self.programs.append(())
            self.programs[number] = tuple(self._ops(key, type_))
        return self._numbers[program]

    def _ops(self, key: Key, type_: Type) -> Iterator[Op]:
        if key is self._plan.study.root:
            yield from self._index_targets(type_)
        for field in key.fields:
            yield self._op(field, key.name, -1, type_)
        for below in key.below.values():
            for field in below.fields:
                if field.role is Role.NODE and field.many and self._plan.target(field).known_by:
                    yield self._index_names(field, type_.slot(below.name), type_.keys[below.name][1])
        for name, below in key.below.items():
            slot, inner = type_.slot(name), type_.keys[name][1]
            if below.below and inner:
                yield Op(Code.BELOW, slot, key=name.encode(), below=self._program(below, inner))
                continue
            shown = self._shown(below)
            if below.fields and not shown:
                yield Op(Code.WITHHOLD, slot, key=name.encode())
            yield from (self._op(field, name, slot, type_) for field in shown)

    def _op(self, field: Field, name: str, slot: int, type_: Type) -> Op:
        """Return the operation of a field on the value at a key, or on the object itself."""
        lead, key = self._style.predicate(field.shape.path), name.encode() if slot >= 0 else b""
        op = Op(Code.TEXT, slot, len(self.fields), key=key, lead=lead, required=field.shape.required)
        self.fields.append(field)
        if field.role is Role.NODE:
            return self._node(op, field, type_)
        if field.role is Role.LINK:
            return self._link(op, field, type_)
        if field.role is Role.REFERENCE:
            return self._reference(op, field, type_)
        if field.role is Role.TEXT:
            tail = b"@" + field.shape.language.encode() if field.shape.language else b""
            return op._replace(code=Code.TEXTS if field.many else Code.TEXT, tail=tail)
        if field.role is Role.DERIVED and isinstance(field.derive, Pick):
            return self._pick(op, field, field.derive, type_)
        op = op._replace(reader=self._field_reader(field))
        if field.role is Role.DERIVED:
            return op._replace(code=Code.DERIVE_EACH if field.many else Code.DERIVE)
        return op._replace(code=Code.VALUES if field.many else Code.VALUE, rows=field.role is Role.CODE)

    def _pick(self, op: Op, field: Field, pick: Pick, type_: Type) -> Op:
        """Return the operation that derives values from the objects of a list with a certain text at a key."""
        inner = type_.keys[op.key.decode()][1]
        assert inner is not None
        gate = ((b'"' + within(pick.text) + b'"', inner.slot(pick.gate), -1),)
        op = op._replace(code=Code.DERIVE_EACH, pattern=gate, path=inner.path((pick.key,)))
        return op._replace(reader=self._field_reader(field._replace(derive=pick.of)))

    # Readers

    def _reader(self, key: Hashable, convert: Callable[[], Converter], forms: Iterable[Form] = ()) -> int:
        """Return the number of the reader with a key; a new one accepts all values of some forms."""
        if key not in self._numbers:
            self._numbers[key] = len(self.readers)
            reader = convert()
            self.readers.append(reader)
            self.spellings.append(tuple(filter(None, (spelling(reader, form) for form in forms))))
        return self._numbers[key]

    def _field_reader(self, field: Field) -> int:
        """Return the reader of a field's values, which fields with the same conversion share."""
        shape = field.shape
        key: Hashable
        forms: Iterable[Form] = ()
        if field.role is Role.IRI:
            key, forms = (field.role, shape.template, shape.pattern), forms_within(shape.template, shape.pattern)
        elif field.role is Role.CODE:
            key = field.role, shape.node, shape.known_by
        elif field.role is Role.DERIVED and field.derive:
            key, forms = (field.derive, shape.is_iri, shape.language, shape.datatype), FORMS.get(field.derive, ())
            return self._reader(key, lambda: self._converters.derived(field), forms)
        else:
            key, forms = field.kind and field.kind.parse, field.kind.forms if field.kind else ()
        return self._reader(key, lambda: self._converters.scalar(field), forms)

    def _node(self, op: Op, field: Field, type_: Type) -> Op:
        entity = self._plan.target(field)
        inner = type_.keys[op.key.decode()][1] if op.slot >= 0 else type_
        if entity.is_part:
            assert inner is not None
            after = entity.template.after if entity.template else f"-{field.local}-" + "1" * (not field.many)
            op = op._replace(after=after.encode(), types=self._types_of(entity))
            code = Code.PARTS if field.many else Code.PART
            return op._replace(code=code, below=self._program(entity.root, inner))
        assert entity.template is not None
        if op.slot < 0:
            forms = () if entity.shape.iri in KEYS else (Form.WORD,)
            reader = self._reader(entity.local, lambda: self._converters.node(entity), forms)
            op = op._replace(code=Code.RESOURCE, reader=reader, types=self._types_of(entity))
            return op._replace(path=type_.path(entity.template.keys or ()), below=self._program(entity.root, type_))
        listed = b"" if entity.is_text else field.local.encode()
        op = op._replace(reader=self._kind(entity), listed=listed, rank=self._ranks[field.local])
        return op._replace(code=Code.SHARE_EACH if field.many else Code.SHARE)

    def _kind(self, entity: Entity) -> int:
        """Return the number of a kind of shared resource."""
        if entity not in self.kinds:
            self.kinds.append(entity)
        return self.kinds.index(entity)

    # Names

    def _group(self, local: str) -> int:
        """Return the number of the nodes of a kind, or of the possible targets of a link."""
        return self._groups.setdefault(local, len(self._groups))

    def _index_names(self, field: Field, slot: int, type_: Type | None) -> Op:
        """Return the operation that indexes the nodes of a list by name; it runs before references are written."""
        entity = self._plan.target(field)
        assert type_ is not None
        op = Op(Code.NAMES, slot, group=self._group(entity.local), key=field.keys[-1].encode())
        return op._replace(after=f"-{field.local}-".encode(), pattern=self._name_pattern(entity, type_))

    def _reference(self, op: Op, field: Field, type_: Type) -> Op:
        entity = self._plan.target(field)
        op = op._replace(code=Code.REFER_EACH if field.many else Code.REFER, group=self._group(entity.local))
        owner, back = self._names.owner(field), self._names.back(field)
        if not field.many or owner is None or back is None:
            return op
        return op._replace(back=self._type(entity.root).slot(back[0]), pattern=self._name_pattern(owner, type_))

    def _index_targets(self, type_: Type) -> Iterator[Op]:
        """Yield the operations that index the possible targets of links; they run before anything is written."""
        for _, field, link in self._plan.links():
            for path, name in link.targets.items():
                yield self._index_target(field, self._plan.study_field(path), link, name, type_)

    def _index_target(self, field: Field, source: Field, link: Link, name: tuple[str, ...], type_: Type) -> Op:
        entity, key = self._plan.target(source), source.keys[-1].encode()
        op = Op(Code.GATHER, group=self._group(field.local), key=key, fold=link.fold, path=type_.path(source.keys))
        if not entity.is_part:
            return op._replace(reader=self._kind(entity))
        pattern = self._link_pattern(texts(entity, name), self._type(entity.root))
        return op._replace(after=f"-{source.local}-".encode(), pattern=pattern)

    def _link(self, op: Op, field: Field, type_: Type) -> Op:
        assert field.link is not None
        owner = next(entity for entity, other, _ in self._plan.links() if other is field)
        patterns = tuple(self._link_pattern(texts(owner, name), type_) for name in field.link.names)
        return op._replace(code=Code.LINK, group=self._group(field.local), fold=field.link.fold, patterns=patterns)

    @staticmethod
    def _link_pattern(name: tuple[Text, ...], type_: Type) -> Pattern:
        if len(name) == 1 and name[0].many:
            return ((b"", type_.slot(name[0].key), LIST),)
        pieces, before = [], ""
        for i, text in enumerate(name):
            before += (SEPARATOR if i else "") + text.constant
            if text.key:
                pieces.append((within(before), type_.slot(text.key), -1))
                before = ""
        return (*pieces, (within(before), -1, -1))

    def _name_pattern(self, entity: Entity, type_: Type) -> Pattern:
        pieces, at = [], 0
        text = entity.known_by or ""
        for match in SLOT.finditer(text):
            coded = (field for field in entity.fields if field.keys == (match[1],) and field.codes is not None)
            labels = next((self._labels(field) for field in coded), -1)
            pieces.append((within(text[at : match.start()]), type_.slot(match[1]), labels))
            at = match.end()
        return (*pieces, (within(text[at:]), -1, -1))

    def _labels(self, field: Field) -> int:
        labels = {code: concept.label for code, concept in (field.codes or {}).items()}
        return self._reader(("labels", field.shape.node), lambda: lambda value: within(labels.get(value) or value))
