"""The emitter: the plan compiled, for one style, into Python functions, one for each entity.

A function takes the JSON object of a node and appends the predicate-object tokens that follow from it; it
calls the functions of the nodes below. The source is plain to read: ``print(program.source)``.
Names in it: ``x`` the object, ``s`` its token, ``l`` its token without the close, ``n`` its position,
``o`` its predicate-object tokens, ``blocks`` those of the study's parts, ``shared`` those of the resources it
shares with others, ``names`` by which its parts refer to each other, ``c`` the context that takes complaints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from kg.context import ABSENT, Context
from kg.convert import Converters
from kg.ontology import CT, RDF, XSD
from kg.plan import Entity, Field, Key, Plan, Role
from kg.style import Block, Shared, Style
from kg.tokens import Counted, remembering
from kg.values import Literal

POSITION = CT + "position"

_REMEMBERED = {XSD + "decimal": "float", XSD + "integer": "int"}
"""Datatype -> the JSON type whose tokens are remembered; texts for all others."""

_SIGNATURE = {True: "(x, s, l, n, blocks, shared, names, c)", False: "(x, shared, c)"}


class Unfit(Exception):  # noqa: N818 -- it is no error: the record is exported with care
    """What raises this is not as the shapes say."""


Resource = tuple[bytes, Shared, object, bool]
"""A shared resource: its token, its block, how it is listed, and whether that is the key in its IRI."""


class Careful:
    """A compiled plan.

    :attr:`source` is the Python source; :meth:`study` runs it on one record.
    """

    def __init__(self, plan: Plan, style: Style, *, contacts: bool = False) -> None:
        self._style = style
        self._contacts = contacts
        self._convert = Converters(plan, style)
        self._constants: list[str] = []
        self._second_readers = {
            known.target.iri
            for entity in plan.entities.values()
            for known in entity.fields
            if known.target is not None and not known.keys
        }
        functions = [line for entity in plan.entities.values() for line in self._function(entity)]
        self.source = "\n".join([*self._constants, "", *functions])
        scope: dict[str, Any] = {
            "dumps": orjson.dumps,
            "ABSENT": ABSENT,
            "Counted": Counted,
            **self._convert.functions,
        }
        self._scope = scope
        exec(compile(self.source, "<plan>", "exec"), scope)  # noqa: S102 -- the source is made here, from the ontology
        for entity in plan.entities.values():
            if not entity.is_part and all(len(known.keys) < 2 and known.target is None for known in entity.fields):
                scope[entity.local] = remembering(scope[entity.local])
        self._study: Callable[..., None] = scope[plan.study.local]

    def study(self, record: dict[str, Any], number: str, token: bytes, context: Context) -> list[Block]:
        """The blocks of a record: the study, its parts in order, and last what it shares with others."""
        blocks: list[Block] = []
        shared: dict[bytes, list[bytes]] = {}
        part, _ = self._style.opening("https://w3id.org/trialkg/part/")
        self._study(record, token, part + number.encode(), 0, blocks, shared, {}, context)
        blocks += [(subject, list(dict.fromkeys(pairs))) for subject, pairs in shared.items()]
        return blocks

    def resource(self, entity: Entity, x: Any) -> Resource:
        """A shared resource from its JSON; raises :class:`Unfit` where something is to be said of it."""
        context = Context({})
        shared: dict[bytes, list[bytes]] = {}
        token = self._scope[entity.local](x, shared, context)
        if token is None or context.odd or context.errors:
            raise Unfit
        first, *others = shared[token]
        block = self._style.shared(token, [first, *(self._style.lead + pair for pair in others)])
        if entity.is_text:
            return token, block, x, True
        listed, usual = (self._convert.functions[name] for name in self._convert.listed(entity))
        key = listed(x)
        return token, block, key, usual(key) == key

    def _function(self, entity: Entity) -> Iterator[str]:
        part = entity.is_part or entity.local == "Study"
        yield f"def {entity.local}{_SIGNATURE[part]}:"
        types = b" , ".join(map(self._style.iri, entity.types))
        first = f"[{self._style.predicate(RDF + 'type') + types!r}]" if entity.types else "[]"
        if part:
            yield f"    o = {first}"
            yield "    blocks.append((s, o))"
            position = self._style.predicate(POSITION) + self._style.literal(Literal("0", XSD + "integer"))
            yield f"    if n: o.append({self._numbered(position.replace(b'0', b'%d', 1))}[n])"
        else:
            yield from self._shared_head(entity, first)
        yield "    a = o.append"
        self._checks_keys = entity.shape.iri not in self._second_readers
        yield from self._key(entity.root, "x", 1)
        if not part:
            yield "    return s"
        yield ""

    def _shared_head(self, entity: Entity, first: str) -> Iterator[str]:
        keys = entity.template.keys if entity.template else None
        key = "x" if keys is None else f"x.get({keys[0]!r})" if len(keys) == 1 else f"c.at(x, {keys!r})"
        name = self._convert.node(entity)
        yield f"    k = {key}"
        yield f"    s = {name}[k] if type(k) is str else None"
        yield "    if s is None:"
        yield f"        return c.refuse(x, {(keys or ('',))[-1]!r}, 'the key of {entity.shape.label}')"
        yield "    o = shared.get(s)"
        yield f"    if o is None: shared[s] = o = {first}"

    def _key(self, key: Key, x: str, depth: int) -> Iterator[str]:
        """The fields of a key whose value is in the variable ``x``, then the keys below it."""
        pad = "    " * depth
        yield from (pad + line for known in key.fields for line in self._field(known, x, key))
        if not key.below:
            return
        if self._checks_keys:
            yield f"{pad}if not {self._known_keys(key)}.issuperset({x}): c.odd = True"
        yield from (pad + line for line in self._names(key, x))
        for below in key.below.values():
            yield from self._get(below, x, depth)

    def _known_keys(self, key: Key) -> str:
        """The name of the constant set of the keys below a key."""
        name = f"K{len(self._constants)}"
        self._constants.append(f"{name} = frozenset({sorted(key.below)!r})")
        return name

    def _get(self, key: Key, x: str, depth: int) -> Iterator[str]:
        pad = "    " * depth
        if key.below:
            y = f"x{depth}"
            yield f"{pad}{y} = {x}.get({key.name!r}, ABSENT)"
            yield f"{pad}if type({y}) is dict and {y}:"
            yield from self._key(key, y, depth + 1)
            yield f"{pad}elif {y} is not ABSENT: c.bad({x}, {key.name!r}, {y}, 'an object')"
            return
        if not key.fields:
            return
        shown = [known for known in key.fields if self._contacts or not known.is_contact_data]
        if not shown:
            yield f"{pad}if {key.name!r} in {x}: c.withheld += 1"
            return
        yield f"{pad}v = {x}.get({key.name!r}, ABSENT)"
        for known in shown:
            yield from (pad + line for line in self._field(known, "v", key, x))

    def _field(self, known: Field, v: str, key: Key, x: str = "x") -> list[str]:
        write = {
            Role.TEXT: self._scalar,
            Role.VALUE: self._scalar,
            Role.CODE: self._scalar,
            Role.IRI: self._scalar,
            Role.DERIVED: self._derived,
            Role.NODE: self._node,
            Role.REFERENCE: self._reference,
        }[known.role]
        return list(write(known, v, x, key.name))

    def _token(self, known: Field, v: str) -> str:
        """An expression for the token of a value, ``None`` where the value is refused."""
        if known.role is Role.TEXT:
            return f"dumps({v})" + (f" + b'@{known.shape.language}'" if known.shape.language else "")
        name = self._convert.scalar(known)
        kind = _REMEMBERED.get(known.shape.datatype or "", "str") if known.role is Role.VALUE else "str"
        return f"({name}[{v}] if type({v}) is {kind} else {name}.other({v}))"

    def _test(self, known: Field, v: str) -> tuple[str, str]:
        """A condition under which a value is good, and the expression of its token there."""
        if known.role is Role.TEXT:
            return f"type({v}) is str", self._token(known, v)
        return f"(t := {self._token(known, v)}) is not None", "t"

    def _scalar(self, known: Field, v: str, x: str, name: str) -> Iterator[str]:
        p = self._style.predicate(known.shape.path)
        expected = self._convert.expected(known)
        if known.many:
            good, token = self._test(known, "e")
            yield f"if type({v}) is list and {v}:"
            yield "    ts = []"
            yield f"    for i, e in enumerate({v}):"
            yield f"        if {good}: ts.append({token})"
            yield f"        else: c.text(ts.append, b'', {v}, i, e, {expected!r})"
            yield from ("    " + line for line in self._many(p, known))
            yield f"elif {v} is not ABSENT: c.text(a, {p!r}, {x}, {name!r}, {v}, {'a list of ' + expected!r})"
            return
        good, token = self._test(known, v)
        if known.role is Role.TEXT:
            yield f"if {good}: a({p!r} + {token})"
            yield f"elif {v} is not ABSENT: c.text(a, {p!r}, {x}, {name!r}, {v}, {expected!r})"
        else:
            yield f"if {v} is not ABSENT:"
            yield f"    if {good}: a({p!r} + {token})"
            yield f"    else: c.text(a, {p!r}, {x}, {name!r}, {v}, {expected!r})"
        if known.shape.required:
            yield f"else: c.missing({x}, {name!r}, {expected!r})"

    def _derived(self, known: Field, v: str, x: str, name: str) -> Iterator[str]:  # noqa: ARG002 -- one signature for all roles
        p = self._style.predicate(known.shape.path)
        if known.many:
            yield f"if type({v}) is list:"
            yield f"    ts = [t for e in {v} if (t := {self._token(known, 'e')}) is not None]"
            yield from ("    " + line for line in self._many(p, known))
            return
        yield f"if {v} is not ABSENT and (t := {self._token(known, v)}) is not None: a({p!r} + t)"

    def _node(self, known: Field, v: str, x: str, name: str) -> Iterator[str]:
        assert known.target is not None
        p = self._style.predicate(known.shape.path)
        entity = self._convert.plan.entities[known.target.iri]
        scalar = entity.template is not None and entity.template.keys is None
        good = "type({0}) is str and {0}" if scalar else "type({0}) is dict and {0}"
        expected = "text" if scalar else "an object"
        if not known.many:
            yield f"if {good.format(v)}:"
            yield from ("    " + line for line in self._call(known, entity, v, "1", "0"))
            yield f"    if t is not None: a({p!r} + t)"
            yield f"elif {v} is not ABSENT: c.bad({x}, {name!r}, {v}, {expected!r})"
            return
        yield f"if type({v}) is list and {v}:"
        yield "    ts = []"
        yield f"    for i, e in enumerate({v}, 1):"
        yield f"        if {good.format('e')}:"
        yield from ("            " + line for line in self._call(known, entity, "e", "i", "i"))
        yield "            if t is not None: ts.append(t)"
        yield f"        else: c.bad({v}, i - 1, e, {expected!r})"
        yield from ("    " + line for line in self._many(p, known))
        if not entity.is_part and not scalar:
            yield f"    c.order({known.local!r}, {v}, {', '.join(self._convert.listed(entity))})"
        yield f"elif {v} is not ABSENT: c.bad({x}, {name!r}, {v}, 'a list')"

    def _call(self, known: Field, entity: Entity, v: str, i: str, n: str) -> Iterator[str]:
        """Makes the node of ``v``, whose token is then in ``t``."""
        if not entity.is_part:
            yield f"t = {entity.local}({v}, shared, c)"
            return
        _, close = self._style.opening("https://w3id.org/trialkg/part/")
        if entity.template is not None:
            yield f"m = l + {entity.template.after.encode()!r}"
        elif i == "1":
            yield f"m = l + {f'-{known.local}-1'.encode()!r}"
        else:
            yield f"m = l + {self._numbered(f'-{known.local}-%d'.encode())}[{i}]"
        yield f"t = m + {close!r}" if close else "t = m"
        yield f"{entity.local}({v}, t, m, {n}, blocks, shared, names, c)"

    def _numbered(self, form: bytes) -> str:
        """The name of the constant that gives a form with a number in it."""
        constant = f"= Counted({form!r})"
        for line in self._constants:
            if line.endswith(constant):
                return line.split()[0]
        name = f"N{len(self._constants)}"
        self._constants.append(f"{name} {constant}")
        return name

    def _names(self, key: Key, x: str) -> Iterator[str]:
        """Gathers the names of the nodes right below a key, before anything there refers to them."""
        _, close = self._style.opening("https://w3id.org/trialkg/part/")
        for below in key.below.values():
            for known in below.fields:
                entity = self._convert.plan.entities.get(known.target.iri) if known.target else None
                if known.role is Role.NODE and known.many and entity and entity.known_by:
                    namer = self._convert.namer(entity)
                    start = f"-{known.local}-%d".encode() + close
                    yield (
                        f"names = names | {{{entity.local!r}: c.named({x}.get({below.name!r}), {namer}, l, {start!r})}}"
                    )

    def _reference(self, known: Field, v: str, x: str, name: str) -> Iterator[str]:
        assert known.target is not None
        p = self._style.predicate(known.shape.path)
        target = self._convert.plan.entities[known.target.iri]
        expected = f"the name of some {known.target.label} of this study"
        if not known.many:
            yield f"r = names[{target.local!r}].get({v}, ()) if {target.local!r} in names and type({v}) is str else ()"
            yield f"if len(r) == 1: a({p!r} + r[0][0])"
            yield f"elif r: o += [{p!r} + t for t, _ in r]"
            yield f"elif {v} is not ABSENT: c.text(a, {p!r}, {x}, {name!r}, {v}, {expected!r})"
            return
        yield f"if type({v}) is list and {v}:"
        yield "    ts = []"
        yield f"    for i, e in enumerate({v}):"
        yield f"        r = c.referred(names.get({target.local!r}), e, {x}, {self._convert.back(known, target)})"
        yield "        if r: ts += r"
        yield f"        else: c.text(ts.append, b'', {v}, i, e, {expected!r})"
        yield from ("    " + line for line in self._many(p, known))
        yield f"elif {v} is not ABSENT: c.text(a, {p!r}, {x}, {name!r}, {v}, {'a list of text'!r})"

    def _many(self, p: bytes, known: Field) -> Iterator[str]:
        """Writes the tokens in ``ts``, each once; parts have tokens of their own."""
        parts = known.target is not None and self._convert.plan.entities[known.target.iri].is_part
        if known.role is not Role.NODE or not parts:
            yield "ts = dict.fromkeys(ts)"
        if known.role is Role.REFERENCE:
            yield "if len({*map(str, v)}) != len(v): c.repeated(v)"
        elif known.role not in (Role.NODE, Role.DERIVED):
            yield "if len(ts) != len(v): c.repeated(v)"
        if self._style.repeats:
            yield f"o += [{p!r} + t for t in ts]"
            return
        names = known.role in (Role.CODE, Role.NODE, Role.REFERENCE)
        joined = "c.rows([*ts])" if names else "b',\\n        '.join(ts)"
        yield f"if ts: a({p!r} + {joined}); c.more += len(ts) - 1"
