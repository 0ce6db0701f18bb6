"""The plan as programs: what the emitter (``native``) does with the JSON of a record, operation by operation.

A type of object has its known keys, and a program works on the objects of one type; so an operation names a key by its
place among those of the type. ``kg plan --source`` prints the programs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator

from kg.export.operations import LIST, Code, Op, Pattern, Shape, Spelling, Type, forms_within, spelling, within
from kg.export.terms import Converter, Converters
from kg.mapping.datatypes import Literal
from kg.mapping.derived import FORMS, KEYS, Link, Pick
from kg.mapping.links import SEPARATOR, Text, texts
from kg.mapping.plan import LISTED, OF_STUDY, PART, POSITION, Entity, Field, Key, Plan, Role
from kg.mapping.verbatim import Form
from kg.ontology.iri_template import SLOT
from kg.ontology.vocabulary import RDF, XSD
from kg.rdf.syntax import Style

STUDY = "https://clinicaltrials.gov/study/"
RECORD = "https://w3id.org/trialkg/record/"


class Programs:
    """The programs of a plan in one style; the first is that of the study, and the first type that of a record.

    :attr:`fields` are the fields by the numbers of the operations, :attr:`readers` the functions from values to tokens,
    :attr:`spellings` of which values these need not be asked, :attr:`kinds` the kinds of resource that records share.
    """

    def __init__(self, plan: Plan, style: Style, convert: Converters, *, contacts: bool, graphs: bool) -> None:
        self.fields: list[Field] = []
        self.readers: list[Converter] = []
        self.spellings: list[tuple[Spelling, ...]] = []
        self.kinds: list[Entity] = []
        self.programs: list[tuple[Op, ...]] = []
        self._plan = plan
        self._style = style
        self._convert = convert
        self._contacts = contacts
        self._types: dict[int, Type] = {}
        self._made: dict[tuple[int, int], int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._groups: dict[str, int] = {}
        lists = {known.local for _, _, known in plan.walk() if known.role is Role.NODE}
        self._ranks = {name: rank for rank, name in enumerate(sorted(lists))}
        self._study = self._type(plan.study.root)
        self._program(plan.study.root, self._study)
        self.words = self._words(graphs=graphs)

    @property
    def types(self) -> tuple[tuple[tuple[bytes, Shape, int], ...], ...]:
        """The types by their numbers: name of each key, what stands there, and the number of its type."""
        made = sorted(self._types.values(), key=lambda each: each.number)
        return tuple(
            tuple((name.encode(), shape, below.number if below else 0) for name, (shape, below) in each.keys.items())
            for each in made
        )

    def path(self, keys: Iterable[str]) -> tuple[int, ...]:
        """The places of the keys on a path from the top of a record."""
        return self._path(self._study, keys)

    def listing(self) -> str:
        """The programs to be read: under each object what is done at its keys, in order."""
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
        fixed = (study, style.predicate(LISTED), json, style.predicate(OF_STUDY))
        return (*style.opening(PART), position, end, style.lead, *style.opening(STUDY), *graph, *fixed)

    def _types_of(self, entity: Entity) -> bytes:
        types = b" , ".join(map(self._style.iri, entity.types))
        return self._style.predicate(RDF + "type") + types if types else b""

    # Types

    def _type(self, root: Key) -> Type:
        if id(root) not in self._types:
            made = self._types[id(root)] = Type(len(self._types), {})
            for name, key in root.below.items():
                made.keys[name] = self._at(key)
        return self._types[id(root)]

    def _at(self, key: Key) -> tuple[Shape, Type | None]:
        """What stands at a key, and of which type it is."""
        if key.below:
            return Shape.OBJECT, self._type(key)
        if not self._shown(key):
            return Shape.ANYTHING, None
        many = key.fields[0].many
        targets = [self._plan.target(known) for known in key.fields if known.role is Role.NODE]
        if not targets or targets[0].is_text:
            return (Shape.SCALARS if many else Shape.SCALAR), None
        if targets[0].is_part:
            return (Shape.OBJECTS if many else Shape.OBJECT), self._type(targets[0].root)
        return (Shape.WHOLE_OBJECTS if many else Shape.WHOLE_OBJECT), None

    def _shown(self, key: Key) -> list[Field]:
        return [known for known in key.fields if self._contacts or not known.is_contact_data]

    @staticmethod
    def _path(place: Type | None, keys: Iterable[str]) -> tuple[int, ...]:
        found = []
        for name in keys:
            assert place is not None
            found.append(place.place(name))
            place = place.keys[name][1]
        return tuple(found)

    # Programs

    def _program(self, key: Key, place: Type) -> int:
        """The number of the program for what a key holds, where that is read as objects of a type."""
        known = id(key), place.number
        if known not in self._made:
            number = self._made[known] = len(self.programs)
            self.programs.append(())
            self.programs[number] = tuple(self._ops(key, place))
        return self._made[known]

    def _ops(self, key: Key, place: Type) -> Iterator[Op]:
        if key is self._plan.study.root:
            yield from self._gathers(place)
        for known in key.fields:
            yield self._op(known, key.name, -1, place)
        for below in key.below.values():
            for known in below.fields:
                if known.role is Role.NODE and known.many and self._plan.target(known).known_by:
                    yield self._names(known, place.place(below.name), place.keys[below.name][1])
        for name, below in key.below.items():
            slot, inner = place.place(name), place.keys[name][1]
            if below.below and inner:
                yield Op(Code.BELOW, slot, key=name.encode(), below=self._program(below, inner))
                continue
            shown = self._shown(below)
            if below.fields and not shown:
                yield Op(Code.WITHHOLD, slot, key=name.encode())
            yield from (self._op(known, name, slot, place) for known in shown)

    def _op(self, known: Field, name: str, slot: int, place: Type) -> Op:
        """What is done for a field with the value at a key, or with the object itself."""
        lead, key = self._style.predicate(known.shape.path), name.encode() if slot >= 0 else b""
        op = Op(Code.TEXT, slot, len(self.fields), key=key, lead=lead, required=known.shape.required)
        self.fields.append(known)
        if known.role is Role.NODE:
            return self._node(op, known, place)
        if known.role is Role.LINK:
            return self._link(op, known, place)
        if known.role is Role.REFERENCE:
            return self._reference(op, known, place)
        if known.role is Role.TEXT:
            tail = b"@" + known.shape.language.encode() if known.shape.language else b""
            return op._replace(code=Code.TEXTS if known.many else Code.TEXT, tail=tail)
        if known.role is Role.DERIVED and isinstance(known.derive, Pick):
            return self._pick(op, known, known.derive, place)
        op = op._replace(reader=self._field_reader(known))
        if known.role is Role.DERIVED:
            return op._replace(code=Code.DERIVE_EACH if known.many else Code.DERIVE)
        return op._replace(code=Code.VALUES if known.many else Code.VALUE, rows=known.role is Role.CODE)

    def _pick(self, op: Op, known: Field, pick: Pick, place: Type) -> Op:
        """What is derived of the objects in a list that have a text at a key."""
        inner = place.keys[op.key.decode()][1]
        assert inner is not None
        gate = ((b'"' + within(pick.text) + b'"', inner.place(pick.gate), -1),)
        op = op._replace(code=Code.DERIVE_EACH, pattern=gate, path=self._path(inner, (pick.key,)))
        return op._replace(reader=self._field_reader(known._replace(derive=pick.of)))

    # Readers

    def _reader(self, of: Hashable, make: Callable[[], Converter], forms: Iterable[Form] = ()) -> int:
        """The number of a reader, which is made once of what it is known by, and takes all values of some forms."""
        if of not in self._numbers:
            self._numbers[of] = len(self.readers)
            reader = make()
            self.readers.append(reader)
            self.spellings.append(tuple(filter(None, (spelling(reader, form) for form in forms))))
        return self._numbers[of]

    def _field_reader(self, known: Field) -> int:
        """The reader of a field's values; fields that make the same of a value share it."""
        shape = known.shape
        forms: Iterable[Form] = ()
        if known.role is Role.IRI:
            of: Hashable = known.role, shape.template, shape.pattern
            forms = forms_within(shape.template, shape.pattern)
        elif known.role is Role.CODE:
            of = known.role, shape.node, shape.known_by
        elif known.role is Role.DERIVED and known.derive:
            of, forms = (known.derive, shape.is_iri, shape.language, shape.datatype), FORMS.get(known.derive, ())
            return self._reader(of, lambda: self._convert.derived(known), forms)
        else:
            of, forms = known.kind and known.kind.parse, known.kind.forms if known.kind else ()
        return self._reader(of, lambda: self._convert.scalar(known), forms)

    def _node(self, op: Op, known: Field, place: Type) -> Op:
        entity = self._plan.target(known)
        inner = place.keys[op.key.decode()][1] if op.slot >= 0 else place
        if entity.is_part:
            assert inner is not None
            after = f"-{known.local}-" + "1" * (not known.many)
            after = entity.template.after if entity.template else after
            op = op._replace(after=after.encode(), types=self._types_of(entity))
            code = Code.PARTS if known.many else Code.PART
            return op._replace(code=code, below=self._program(entity.root, inner))
        assert entity.template is not None
        if op.slot < 0:
            forms = () if entity.shape.iri in KEYS else (Form.WORD,)
            reader = self._reader(entity.local, lambda: self._convert.node(entity), forms)
            op = op._replace(code=Code.RESOURCE, reader=reader, types=self._types_of(entity))
            keys = entity.template.keys or ()
            return op._replace(path=self._path(place, keys), below=self._program(entity.root, place))
        listed = b"" if entity.is_text else known.local.encode()
        op = op._replace(reader=self._kind(entity), listed=listed, rank=self._ranks[known.local])
        return op._replace(code=Code.SHARE_EACH if known.many else Code.SHARE)

    def _kind(self, entity: Entity) -> int:
        """The number of a kind of shared resource."""
        if entity not in self.kinds:
            self.kinds.append(entity)
        return self.kinds.index(entity)

    # Names

    def _group(self, entity: Entity) -> int:
        return self._groups.setdefault(entity.local, len(self._groups))

    def _names(self, known: Field, slot: int, place: Type | None) -> Op:
        """Gathers the nodes of a list by their names, before anything refers to them."""
        entity = self._plan.target(known)
        assert place is not None
        after = f"-{known.local}-".encode()
        op = Op(Code.NAMES, slot, group=self._group(entity), key=known.keys[-1].encode(), after=after)
        return op._replace(pattern=self._pattern(entity, place))

    def _reference(self, op: Op, known: Field, place: Type) -> Op:
        entity = self._plan.target(known)
        op = op._replace(code=Code.REFER_EACH if known.many else Code.REFER, group=self._group(entity))
        owner, back = self._convert.owner(known), self._convert.back(known)
        if not known.many or owner is None or back is None:
            return op
        there = self._type(entity.root).place(back[0])
        return op._replace(back=there, pattern=self._pattern(owner, place))

    def _gathers(self, place: Type) -> Iterator[Op]:
        """Gathers the nodes that links of the record lead to, before anything is written."""
        for _, field, link in self._plan.links():
            for path, name in link.targets.items():
                yield self._gather(field, self._plan.study_field(path), link, name, place)

    def _gather(self, field: Field, source: Field, link: Link, name: tuple[str, ...], place: Type) -> Op:
        entity, group = self._plan.target(source), self._groups.setdefault(field.local, len(self._groups))
        op = Op(Code.GATHER, group=group, key=source.keys[-1].encode(), fold=link.fold)
        op = op._replace(path=self._path(place, source.keys))
        if not entity.is_part:
            return op._replace(reader=self._kind(entity))
        inner = self._type(entity.root)
        return op._replace(after=f"-{source.local}-".encode(), pattern=self._name(texts(entity, name), inner))

    def _link(self, op: Op, field: Field, place: Type) -> Op:
        assert field.link is not None
        owner = next(entity for entity, other, _ in self._plan.links() if other is field)
        patterns = tuple(self._name(texts(owner, name), place) for name in field.link.names)
        group = self._groups.setdefault(field.local, len(self._groups))
        return op._replace(code=Code.LINK, group=group, fold=field.link.fold, patterns=patterns)

    @staticmethod
    def _name(name: tuple[Text, ...], place: Type) -> Pattern:
        """The name of a node that is linked by its texts, in pieces."""
        if len(name) == 1 and name[0].many:
            return ((b"", place.place(name[0].key), LIST),)
        pieces, before = [], ""
        for i, text in enumerate(name):
            before += (SEPARATOR if i else "") + text.constant
            if text.key:
                pieces.append((within(before), place.place(text.key), -1))
                before = ""
        return (*pieces, (within(before), -1, -1))

    def _pattern(self, entity: Entity, place: Type) -> Pattern:
        """The name of a node, in pieces."""
        pieces, at = [], 0
        text = entity.known_by or ""
        for match in SLOT.finditer(text):
            coded = (each for each in entity.fields if each.keys == (match[1],) and each.codes is not None)
            labels = next((self._labels(known) for known in coded), -1)
            pieces.append((within(text[at : match.start()]), place.place(match[1]), labels))
            at = match.end()
        return (*pieces, (within(text[at:]), -1, -1))

    def _labels(self, known: Field) -> int:
        labels = {code: concept.label for code, concept in (known.codes or {}).items()}
        return self._reader(("labels", known.shape.node), lambda: lambda value: within(labels.get(value) or value))
