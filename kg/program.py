"""The emitter: the plan compiled, for one style, into Python functions, one for each kind of part that has parts.

It takes well-formed records only: whatever is not as the shapes say raises :class:`~kg.careful.Unfit`, and the record
is exported with care instead (:mod:`kg.careful`). So the source is short and plain to read: ``kg plan --source``.

The output is gathered in pieces that are joined at the end. Names in the source, where a ``1`` marks what is within:

- ``x`` the object of a node, ``m`` its token without the close, ``s`` what begins a line about it, ``o`` its pieces,
- ``v`` the value of a field, ``e`` an element of a list, ``U`` no value, ``c`` the context that counts,
- ``blocks`` the pieces of the study and of its parts, ``shared`` the resources that it shares with others,
- ``g_`` nodes by their names, ``h_`` the same behind a predicate, ``n_`` numbered tokens, ``t_`` values with their
  tokens, ``r_`` shared resources, ``l_`` labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kg.context import Context
from kg.convert import Converters
from kg.layout import Layout
from kg.ontology import RDF, XSD
from kg.plan import PART, POSITION, Entity, Field, Key, Plan, Role
from kg.scope import Scope
from kg.structs import attribute
from kg.style import MARK, PLACE, Draft, Style
from kg.tables import Listed, Numbered, Resources
from kg.templates import SLOT
from kg.values import Literal

LONGEST_LIST = 5000
"""Parts in a list that is written here; longer ones are written with care, and nothing is kept of them."""
ALONE = "_"
"""Marks the variables of a resource that is written beside the study."""
Lines = Iterator[str]


def indented(lines: Iterable[str]) -> Lines:
    """Lines of source, one step further in."""
    return ("    " + line for line in lines)


class Program:
    """A compiled plan.

    :attr:`source` is the Python source; :meth:`study` runs it on one record.
    """

    def __init__(self, plan: Plan, style: Style, *, contacts: bool = False) -> None:
        self._layout = Layout(plan)
        self._style = style
        self._contacts = contacts
        self._convert = Converters(plan, style)
        self._opening, self._close = style.opening(PART)
        self._scope = Scope(self._convert, style)
        functions = [self._function(entity) for entity in plan.entities.values() if self._layout.has_function(entity)]
        functions += [self._shared_resource(plan.entities[iri]) for iri in self._layout.resources]
        self.source = "\n\n".join("\n".join(lines) for lines in functions) + "\n"
        exec(compile(self.source, "<plan>", "exec"), self._scope.names)  # noqa: S102 -- the source is made here, from the ontology
        for made in [*self._scope.names.values()]:
            if isinstance(made, Resources):
                made.write = self._scope.names[made.name]
        self._study = self._scope.names[plan.study.local]
        self._study_types = self._types(plan.study)

    def study(self, x: Any, number: str, token: bytes, end: bytes, context: Context) -> Draft:
        """What a decoded record says: the study, its parts in order, and what it shares with others.

        ``end`` is what stands between lines, or blocks. Raises :class:`~kg.careful.Unfit` or :class:`KeyError` for a
        record that is not well-formed.
        """
        context.end = end
        s = end + token + b" "
        draft = Draft([[token + b" ", self._study_types]], {}, s, context)
        m, o = self._opening + number.encode(), draft.blocks[0]
        self._study(x, m, s, o, draft.blocks, draft.shared, context)
        return draft

    def _types(self, entity: Entity) -> bytes:
        return self._style.predicate(RDF + "type") + b" , ".join(map(self._style.iri, entity.types))

    def _function(self, entity: Entity) -> Lines:
        names = "".join(f", {name}" for name in sorted(self._layout.needs(entity)))
        yield f"def {entity.local}(x, m, s, o, blocks, shared, c{names}):"
        yield from (f"    g_{name} = {{}}; h_{name} = {{}}" for name in self._layout.provided(entity))
        yield from indented(self._key(entity.root, "x", ""))

    def _say(self, d: str, *pieces: str) -> str:
        """The statement that adds a predicate and its objects to what is said."""
        return "; ".join(f"o{d}.append({piece})" for piece in pieces)

    def _key(self, key: Key, x: str, d: str) -> Lines:
        """The fields of a key whose value is in the variable ``x``, then the keys below it; ``d`` marks variables."""
        for known in key.fields:
            yield from self._whole(known, key, x, d)
        yield from self._names(key, x)
        for below in key.below.values():
            yield from self._below(below, x, d)

    def _below(self, key: Key, x: str, d: str) -> Lines:
        get = f"{x}.{attribute(key.name)}"
        inner = f"x{d}{key.name}"
        if key.below:
            checked = not any(known.shape.required for below in key.below.values() for known in below.fields)
            yield f"if ({inner} := {get}) is not U:"
            if checked:
                yield f"    z{key.name} = len(o{d})"
            yield from indented(self._key(key, inner, d))
            if checked:
                yield f"    if len(o{d}) == z{key.name} and {inner} == type({inner})(): raise Unfit"
        elif key.fields:
            shown = [known for known in key.fields if self._contacts or not known.is_contact_data]
            if not shown:
                yield f"if {get} is not U: c.withheld += 1"
                return
            needed = any(known.shape.required for known in key.fields)
            lines = [line for known in shown for line in self._field(known, d)]
            if needed:
                yield f"v = {get}"
                yield from lines
            else:
                yield f"if (v := {get}) is not U:"
                yield from indented(lines)

    def _whole(self, known: Field, key: Key, x: str, d: str) -> Lines:
        """A field that reads an object as a whole."""
        if known.role is Role.DERIVED:
            values = ", ".join(f"{x}.{attribute(name)}" for name in key.below)
            yield f"if t := {self._scope.table(known, tuple(key.below))}[{values}]: {self._say(d, 't')}"
        elif self._layout.target(known).is_part:
            yield from self._part(known, x, d, key)
        else:
            yield from self._resource_of_all(known, x, d)

    def _field(self, known: Field, d: str) -> Lines:
        """A field whose value is in the variable ``v``."""
        if known.role is Role.NODE:
            if self._layout.target(known).is_part:
                yield from (self._parts_of_list if known.many else self._part)(known, "v", d)
            else:
                yield from (self._resources if known.many else self._resource)(known, d)
        elif known.many:
            yield from self._list(known, d)
        elif known.role is Role.DERIVED:
            yield f"if t := {self._scope.table(known)}[v]: {self._say(d, 't')}"
        else:
            yield self._say(d, *self._one(known))

    def _one(self, known: Field) -> list[str]:
        """The pieces of the predicate and the token of a single value ``v``."""
        if known.role is Role.TEXT:
            language = known.shape.language
            return [
                f"{self._scope.predicate(known)!r} + dumps(v)"
                + (f" + {b'@' + language.encode()!r}" if language else "")
            ]
        if known.role is Role.REFERENCE:
            return [f"{self._layout.reference(known)}[v]"]
        table = self._scope.table(known)
        if known.role is Role.IRI:
            return [f"{table}.of(v)"]  # the same one hardly comes again
        mixed = known.kind is not None and float in known.kind.types
        return [f"{table}[v] if type(v) is float else {table}.of(v)" if mixed else f"{table}[v]"]

    def _list(self, known: Field, d: str) -> Lines:
        """Plain values, codes or references."""
        if known.role is Role.DERIVED:
            yield f"ts = [*dict.fromkeys(t for e in v if (t := {self._scope.table(known)}[e]))]"
        else:
            yield "if not v or len({*v}) != len(v): raise Unfit"
            yield f"ts = {self._each(known)}"
        yield from self._several(known, d)

    def _each(self, known: Field) -> str:
        """An expression for the tokens of a list ``v``."""
        if known.role is Role.TEXT:
            return "[*map(dumps, v)]"
        if known.role is not Role.REFERENCE:
            return f"[{self._scope.table(known)}[e] for e in v]"
        table, back = self._layout.reference(known), self._layout.back(known)
        if back is None:
            return f"[{table}[e] for e in v]"
        owner, field = back
        return f"[t for n in v for t in named({table}[n], {attribute(field.keys[0])!r}, {self._name(owner)})]"

    def _several(self, known: Field, d: str) -> Lines:
        """The tokens in ``ts`` as objects of one predicate."""
        p = self._scope.predicate(known)
        names = known.role in (Role.CODE, Role.NODE, Role.REFERENCE)
        if self._style.repeats:
            yield f"o{d} += [{p!r} + t for t in ts]"
        elif names:
            yield self._say(d, f"{p!r} + (rows(ts) if len(ts) > 1 else ts[0])") + "; c.more += len(ts) - 1"
        else:
            yield self._say(d, f"{p!r} + b',\\n        '.join(ts)") + "; c.more += len(ts) - 1"

    # Parts

    def _part(self, known: Field, x: str, d: str, key: Key | None = None) -> Lines:
        entity, inner = self._layout.target(known), d + "1"
        after = (entity.template.after if entity.template else f"-{known.local}-1").encode()
        if x == "v":
            x = f"e{d}"
            yield f"{x} = v"
        yield f"t = m{d} + {after + self._close!r}; s{inner} = c.end + t + b' '"
        yield self._say(d, f"{self._scope.predicate(known)!r} + t")
        yield f"o{inner} = [s{inner}, {self._types(entity)!r}]; blocks.append(o{inner})"
        if self._layout.has_function(entity):
            yield self._call(entity, x, f"m{d} + {after!r}", inner)
        elif key is None:
            yield from self._key(entity.root, x, inner)
        else:
            for each in entity.root.fields:
                yield from self._whole(each, key, x, inner)
        yield f"if len(o{inner}) == 2: raise Unfit"
        if not self._style.repeats:
            yield "c.more -= 1"

    def _parts_of_list(self, known: Field, v: str, d: str) -> Lines:
        entity, inner, e = self._layout.target(known), d + "1", f"e{d}"
        name, types = f"-{known.local}-%d".encode(), self._types(entity)
        form = self._style.predicate(known.shape.path) + b"|" + MARK + name + self._close
        listed = self._scope.form(Listed, f"{known.local}_list", form)
        yield f"k = len({v}); w{d} = c.end + m{d}"
        yield f"if not 0 < k <= {LONGEST_LIST}: raise Unfit"
        number = self._style.literal(Literal("0", XSD + "integer")).replace(b"0", b"%d", 1)
        position = self._style.lead + self._style.predicate(POSITION) + number
        place = f".replace({PLACE!r}, s{d})" if self._style.repeats else ""
        yield f"o{d}.append({listed}[k].replace({MARK!r}, m{d}){place}); c.more += k - 1"
        if self._style.repeats:
            subject = self._scope.form(Numbered, known.local, name + self._close + b" ")
            forms = {"h": self._scope.form(Numbered, "position", position), "n": subject}
            head = [f"(s{inner} := w{d} + n)", repr(types), "h"]
        else:
            forms = {"h": self._scope.form(Numbered, known.local, name + b" " + types + position)}
            head = [f"w{d}", "h"]
        if self._layout.has_function(entity):
            forms["m1"] = self._scope.form(Numbered, known.local, name)
        elif not self._style.repeats:
            yield f"o{inner} = []; blocks.append(o{inner})"
        yield from (f"if k > len({form}): {form}.reach(k)" for form in forms.values())
        yield f"for {e}, {', '.join(forms)} in zip({v}, {', '.join(forms.values())}):"
        yield from indented(self._element(entity, e, d, head))

    def _element(self, entity: Entity, e: str, d: str, head: list[str]) -> Lines:
        inner = d + "1"
        if self._layout.has_function(entity):
            yield f"o{inner} = [{', '.join(head)}]; blocks.append(o{inner})"
            yield self._call(entity, e, f"m{d} + m1", inner)
            yield f"if len(o{inner}) == {len(head)}: raise Unfit"
            return
        checked = not any(known.shape.required for known in entity.fields)
        size: object = "z"
        if self._style.repeats:
            yield f"o{inner} = [{', '.join(head)}]; blocks.append(o{inner})"
            size = len(head)
        else:
            yield f"o{inner} += ({', '.join(head)})"
            if checked:
                yield f"z = len(o{inner})"
        yield from self._key(entity.root, e, inner)
        if checked:
            yield f"if len(o{inner}) == {size}: raise Unfit"

    def _call(self, entity: Entity, x: str, m: str, d: str) -> str:
        names = "".join(f", {name}" for name in sorted(self._layout.needs(entity)))
        s = f"s{d}" if self._style.repeats else "b''"
        return f"{entity.local}({x}, {m}, {s}, o{d}, blocks, shared, c{names})"

    def _names(self, key: Key, x: str) -> Lines:
        """Gathers the names of the nodes right below a key, before anything there refers to them."""
        for below in key.below.values():
            for known in below.fields:
                if known.role is not Role.NODE or not known.many or not self._layout.target(known).known_by:
                    continue
                target = self._layout.target(known)
                form = self._scope.form(Numbered, known.local, f"-{known.local}-%d".encode() + self._close)
                yield f"if (v := {x}.{attribute(below.name)}) is not U:"
                yield f"    if len(v) > len({form}): {form}.reach(len(v))"
                if self._layout.is_mutual(target):
                    yield f"    for e, n in zip(v, {form}):"
                    yield f"        g_{target.local}.setdefault({self._name(target)}, []).append((m + n, e))"
                    continue
                yield f"    g_{target.local} = {{{self._name(target)}: m + n for e, n in zip(v, {form})}}"
                yield f"    if len(g_{target.local}) != len(v): raise Unfit"
                for p in sorted({self._scope.predicate(each) for each in self._layout.single_references(target)}):
                    yield f"    h_{target.local} = {{k: {p!r} + t for k, t in g_{target.local}.items()}}"

    def _name(self, entity: Entity) -> str:
        """An expression for the name of a node ``e``."""
        pattern = entity.known_by or ""
        slots = SLOT.findall(pattern)
        values = []
        for slot in slots:
            known = next(known for known in entity.fields if known.keys == (slot,))
            value = f"e.{attribute(slot)}"
            if known.codes is not None:
                labels = {code: concept.label for code, concept in known.codes.items()}
                value = f"{self._scope.named(f'l_{known.local}', labels)}[{value}]"
            values.append(value)
        if pattern == "{" + slots[0] + "}":
            return values[0]
        return f"{SLOT.sub('%s', pattern)!r} % ({', '.join(values)},)"

    # Resources that are shared

    def _resource(self, known: Field, d: str) -> Lines:
        yield from self._share(self._layout.target(known), "v")
        yield self._say(d, f"{self._scope.predicate(known)!r} + t")

    def _resources(self, known: Field, d: str) -> Lines:
        entity = self._layout.target(known)
        yield "if not v: raise Unfit"
        yield "ts = {}; ks = []"
        yield "for e in v:"
        yield from indented(self._share(entity, "e"))
        yield "    ts[t] = None; ks.append(k)"
        yield "ts = [*ts]"
        yield from self._several(known, d)
        if not entity.is_text:
            yield f"if len(ks) > 1 or not usual: c.listed[{known.local!r}] = ks"

    def _share(self, entity: Entity, v: str) -> Lines:
        key = "" if entity.is_text else attribute((entity.template.keys or ("",))[-1]) if entity.template else ""
        made = Resources(entity.local, key, self._style, self._convert.node(entity), *self._convert.listed(entity))
        table = self._scope.named(f"r_{entity.local}", made)
        yield f"t, r, k, usual = {table}[{v}]"
        yield "if shared.setdefault(t, r) is not r and shared[t] != r: raise Unfit"

    def _shared_resource(self, entity: Entity) -> Lines:
        """The function that gives what is said of a resource which others share."""
        yield f"def {entity.local}(x):"
        yield f"    o{ALONE} = [{self._types(entity) if entity.types else b''!r}]"
        if entity.is_text:
            yield "    v = x"
            for known in entity.root.fields:
                yield from indented(self._field(known, ALONE))
        else:
            yield from indented(self._key(entity.root, "x", ALONE))
        yield f"    return o{ALONE}"

    def _resource_of_all(self, known: Field, x: str, d: str) -> Lines:
        """A resource that is read from the same object as what leads to it."""
        entity, d1 = self._layout.target(known), ALONE
        assert entity.template is not None
        token = self._scope.named(f"k_{entity.local}", self._convert.node(entity))
        yield f"t = r = {token}({'.'.join([x, *map(attribute, entity.template.keys or ())])})"
        yield self._say(d, f"{self._scope.predicate(known)!r} + t")
        yield f"o{d1} = [{self._types(entity)!r}]"
        yield from self._key(entity.root, x, d1)
        yield f"shared[r] = style.shared(r, o{d1})"
