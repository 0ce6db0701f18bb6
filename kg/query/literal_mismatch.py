"""Literals of a query that occur in the data with another language tag, datatype or spelling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

import pyoxigraph as ox

from kg.ontology.vocabulary import RDFS, SKOS, XSD
from kg.query.literals import Call, Use, function_calls, literal_uses

MOST = 20_000
"""Values of a property that are examined."""
IRI, NUMBER = "IRI", "number"
_TEXT = XSD + "string"
_NUMBERS = frozenset(XSD + name for name in ("integer", "decimal", "double", "float", "int", "long"))
_LABELS = (RDFS + "label", SKOS + "prefLabel", SKOS + "altLabel")
_KINDS = ("@en", _TEXT, *(XSD + name for name in ("integer", "decimal", "boolean", "date", "gYearMonth", "gYear")))
"""Kinds of the literals of records, tried too for properties with more values than are examined."""
_NUMBER = re.compile(r"[+-]?(\d+|\d*\.\d+)")
_DAY = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T.*)?")
Short = Callable[[str], str]
"""A function that shortens an IRI by a prefix."""
Code = Callable[[str], str | None]


class Mismatch(NamedTuple):
    """A literal or a function call without matches, and a message; ``is_respelled`` if that has the right literal."""

    text: str
    sentence: str
    is_respelled: bool = False


def find_mismatches(query: str, store: ox.Store, short: Short, code: Code) -> Iterator[Mismatch]:
    """Yield the literals of a query that match a value only with another language tag, datatype or case.

    ``code`` returns the code with a label.
    """
    data = _Data(store, short, code)
    yield from filter(None, map(data.mismatch, literal_uses(query)))
    yield from filter(None, map(data.of_call, function_calls(query)))


def literal_kind(term: object) -> str:
    """Return the language tag or the datatype of a literal, or ``IRI`` for other terms.

    >>> literal_kind(ox.Literal("a", language="en")), literal_kind(ox.NamedNode("http://a/"))
    ('@en', 'IRI')
    """
    if not isinstance(term, ox.Literal):
        return IRI
    return f"@{term.language}" if term.language else term.datatype.value


def format_literal(term: ox.Literal, short: Short = str) -> str:
    """Format a literal for a query.

    >>> format_literal(ox.Literal(3)), format_literal(ox.Literal("a", language="en"))
    ('3', '"a"@en')
    """
    kind = literal_kind(term)
    if kind in (XSD + "integer", XSD + "boolean"):
        return term.value
    if kind == XSD + "decimal":
        return term.value if "." in term.value else f"{term.value}.0"
    text = str(ox.Literal(term.value))
    return text if kind == _TEXT else text + kind if term.language else f"{text}^^{short(kind)}"


def convert_literal(text: str, kind: str) -> ox.Literal | None:
    """Convert a text to a literal of a kind, if it is valid; a partial date becomes its first day.

    >>> convert_literal("2020-05", XSD + "date"), convert_literal("many", XSD + "integer")
    (<Literal value=2020-05-01 datatype=<NamedNode value=http://www.w3.org/2001/XMLSchema#date>>, None)
    """
    if kind.startswith("@"):
        return ox.Literal(text, language=kind[1:])
    value = _value(text.strip(), kind.removeprefix(XSD))
    return None if value is None or kind == IRI else ox.Literal(value, datatype=ox.NamedNode(kind))


def _value(text: str, kind: str) -> str | None:
    if kind in ("integer", "decimal", "double", "float"):
        return text if _NUMBER.fullmatch(text) and not (kind == "integer" and "." in text) else None
    if kind in ("date", "gYearMonth", "gYear"):
        day = _DAY.fullmatch(text)
        parts = [day[1], day[2] or "01", day[3] or "01"] if day else []
        return "-".join(parts[: {"gYear": 1, "gYearMonth": 2, "date": 3}[kind]]) or None
    if kind == "boolean":
        return text.lower() if text.lower() in ("true", "false") else None
    return text if kind == "string" else None


class _Data:
    """The values of properties in a store."""

    def __init__(self, store: ox.Store, short: Short, code: Code) -> None:
        self.store = store
        self.short = short
        self.code = code
        self.values = cache(self._values)

    def _values(self, property_: str) -> list[ox.Literal | ox.NamedNode]:
        quads = self.store.quads_for_pattern(None, ox.NamedNode(property_), None)
        terms = (quad.object for quad in islice(quads, MOST))
        return [term for term in terms if isinstance(term, ox.Literal | ox.NamedNode)]

    def kinds(self, properties: Iterable[str]) -> list[str]:
        """Return the kinds of the values of properties, the most frequent first."""
        counts = Counter(literal_kind(term) for name in properties for term in self.values(name))
        return [kind for kind, _ in counts.most_common()]

    def has(self, term: ox.Literal | ox.NamedNode, properties: tuple[str, ...]) -> bool:
        """Return whether a term is a value of one of some properties, or of any."""
        nodes = [*map(ox.NamedNode, properties)] if properties else [None]
        return any(next(self.store.quads_for_pattern(None, node, term), None) is not None for node in nodes)

    def mismatch(self, use: Use) -> Mismatch | None:
        """Return the mismatch of a literal, if any."""
        kinds = self.kinds(use.properties)
        if use.properties and not kinds:
            return None
        names = " or ".join(map(self.short, use.properties))
        if self.has(use.term, use.properties):
            return self.ambiguous(use, kinds, names or "the data")
        if respelled := self.respelled(use, kinds):
            problem = f"matches no {names}{self.reason(use, respelled)}" if names else "does not occur in the data"
            return Mismatch(
                use.term.value, f"{use.text} {problem}; write {format_literal(respelled, self.short)}.", True
            )
        if labelled := self.labelled(use, kinds):
            problem = f"matches no {names}, which has values of type IRI" if names else "does not occur in the data"
            return Mismatch(use.term.value, f"{use.text} {problem}; write {labelled}.", True)
        return self.of_another_kind(use, kinds, names)

    def ambiguous(self, use: Use, kinds: list[str], names: str) -> Mismatch | None:
        """Return a mismatch if the data have the literal with another tag or datatype too."""
        own = literal_kind(use.term)
        others = (literal for literal in self.candidates(use, kinds) if literal_kind(literal) != own)
        other = next((literal for literal in others if self.has(literal, use.properties)), None)
        if other is None or use.relation == "<":
            return None
        return Mismatch(
            use.term.value,
            f"{use.text} is not {format_literal(other, self.short)}, which is a value of {names} too.",
            True,
        )

    def respelled(self, use: Use, kinds: list[str]) -> ox.Literal | None:
        """Return the literal in the spelling of the data: with another tag, datatype or case."""
        if use.relation == "<" or (use.relation == "=" and _family(literal_kind(use.term)) == NUMBER):
            return None
        for literal in self.candidates(use, kinds):
            if literal != use.term and self.has(literal, use.properties):
                return literal
        return None

    def reason(self, use: Use, respelled: ox.Literal) -> str:
        """Return in which language tag or datatype the values have the text of a literal, if in another."""
        kind = literal_kind(respelled)
        if kind == literal_kind(use.term):
            return ""
        if kind.startswith("@"):
            return f", which has it with the language tag {kind}"
        return f", which has it {'without a language tag' if use.term.language else f'as {self.short(kind)}'}"

    def candidates(self, use: Use, kinds: list[str]) -> Iterator[ox.Literal]:
        text, tagged = use.term.value, bool(use.term.language)
        for kind in sorted(dict.fromkeys((*kinds, *_KINDS)), key=lambda kind: tagged and not kind.startswith("@")):
            if kind != IRI and _value(text.strip(), kind.removeprefix(XSD)) in (text.strip(), None):
                yield from filter(None, [convert_literal(text, kind)])
        wanted = " ".join(text.split()).casefold()
        for name in use.properties:
            for term in self.values(name):
                if isinstance(term, ox.Literal) and " ".join(term.value.split()).casefold() == wanted:
                    yield term
        for other in (text.capitalize(), text.title(), text.upper()):
            yield from (ox.Literal(other, language="en"), ox.Literal(other))

    def labelled(self, use: Use, kinds: list[str]) -> str | None:
        """Return the resource with the literal as its label, if the values of a property are resources."""
        if IRI not in kinds or use.relation == "<":
            return None
        for literal in self.candidates(use._replace(properties=()), ["@en", _TEXT]):
            for named in islice(self.store.quads_for_pattern(None, None, literal), MOST):
                subject = named.subject if named.predicate.value in _LABELS else None
                if isinstance(subject, ox.NamedNode) and self.has(subject, use.properties):
                    return self.short(subject.value)
        code = self.code(use.term.value)
        return self.short(code) if code else None

    def of_another_kind(self, use: Use, kinds: list[str], names: str) -> Mismatch | None:
        """Return a mismatch if no value has the kind of the literal."""
        if not kinds or _family(literal_kind(use.term)) in map(_family, kinds):
            return None
        types = " or ".join(map(self.type, kinds))
        literal = next(filter(None, (convert_literal(use.term.value, kind) for kind in kinds)), None)
        advice = f"; write {format_literal(literal, self.short)}" if literal is not None else ""
        return Mismatch(use.term.value, f"{use.text} matches no {names}, which has values of type {types}{advice}.")

    def type(self, kind: str) -> str:
        return kind if kind == IRI else f"rdf:langString ({kind})" if kind.startswith("@") else self.short(kind)

    def of_call(self, call: Call) -> Mismatch | None:
        """Return a mismatch if a string function is called on a variable without strings."""
        kinds = self.kinds(call.properties) or ([IRI] if call.is_subject else [])
        if not kinds or any(kind == _TEXT or kind.startswith("@") for kind in kinds):
            return None
        types = " or ".join(map(self.type, kinds))
        problem = f"{call.function} expects a string, and {call.variable} is of type {types}"
        return Mismatch("", f"{problem}; write STR({call.variable}).")


def _family(kind: str) -> str:
    """Return the group of kinds whose values can be compared with each other."""
    return NUMBER if kind in _NUMBERS else kind
