"""Literals of a SPARQL query, and the properties whose values they are matched or compared with.

A query is read token by token, not parsed: the result helps to explain an empty answer, and takes linear time for any
text. Variables of subqueries are not distinguished from those outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyoxigraph as ox

from kg.query.lexer import STRING, prefixes

MOST, LONGEST = 50, 500
"""Limits: literals of a query, and objects of a list."""
COMPARISONS = ("=", "!=", "<", ">", "<=", ">=")
TEXT_FUNCTIONS = ("CONTAINS", "STRSTARTS", "STRENDS", "REGEX", "STRBEFORE", "STRAFTER", "REPLACE", "LCASE", "UCASE")
"""Functions whose first argument is a string."""
_PREFIXED = r"(?:[A-Za-z][\w.-]*)?:(?:[\w:%.-]*[\w:%-])?"
_IRI = r"<[^<>\"{}|^`\\\x00-\x20]*>"
_TOKENS = re.compile(
    rf"""(?P<comment>\#[^\n]*)
    |(?P<literal>(?:{STRING})(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*|\^\^(?:{_IRI}|{_PREFIXED}))?
        |[+-]?(?:\d*\.\d+|\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>{_IRI}|_:[\w.-]+|{_PREFIXED})
    |(?P<variable>[?$]\w+)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||[<>!]=|\S)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"


class Use(NamedTuple):
    """A literal of a query: its text, its term, and the properties whose values it is matched with.

    ``relation`` is ``same`` if a value has to be the same term, ``=`` if a filter tests for equality, and ``<`` for
    other comparisons.
    """

    text: str
    term: ox.Literal
    properties: tuple[str, ...]
    relation: str = "same"


class Call(NamedTuple):
    """A call of a string function on a variable, with the properties whose values the variable has."""

    function: str
    variable: str
    properties: tuple[str, ...]
    is_subject: bool


class _Token(NamedTuple):
    kind: str
    text: str
    inside: str
    """The innermost open bracket."""


def literal_uses(query: str) -> list[Use]:
    """Return the literals that a query matches or compares with values.

    >>> uses = literal_uses('SELECT * { ?s <p:a> "x"@en, ?n FILTER(?n > 3) }')
    >>> [(use.text, use.properties, use.relation) for use in uses]
    [('"x"@en', ('p:a',), 'same'), ('3', ('p:a',), '<')]
    """
    return list(_Reader(query).uses())


def function_calls(query: str) -> list[Call]:
    """Return the calls of string functions on variables.

    >>> function_calls('SELECT * { ?s <p:a> ?d FILTER(STRSTARTS(?d, "2020")) }')
    [Call(function='STRSTARTS', variable='?d', properties=('p:a',), is_subject=False)]
    """
    return list(_Reader(query).calls())


def _tokens(query: str) -> Iterator[_Token]:
    open_: list[str] = []
    for match in _TOKENS.finditer(query):
        kind, text = match.lastgroup or "", match[0]
        if kind == "comment":
            continue
        if kind == "word" and text in ("true", "false"):
            kind = "literal"
        if text in _CLOSING and open_:
            open_.pop()
        yield _Token(kind, text, open_[-1] if open_ else "")
        if text in _OPENING:
            open_.append(text)


@dataclass
class _Reader:
    query: str
    tokens: list[_Token] = field(init=False)
    namespaces: Mapping[str, str] = field(init=False)
    properties: dict[str, list[str]] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tokens = [*_tokens(self.query)]
        self.namespaces = prefixes(self.query)
        for at, token in enumerate(self.tokens):
            if token.kind == "variable" and token.inside in ("{", "["):
                if property_ := self.property_at(at):
                    self.properties.setdefault(token.text, []).append(property_)
                elif self.text(at - 1) in ("{", ".", "}", ")") and self.is_verb(at + 1):
                    self.subjects.add(token.text)

    def uses(self) -> Iterator[Use]:
        """Yield the literals in triple patterns, VALUES, BIND and comparisons."""
        rows = dict(self.values())
        for at in [at for at, token in enumerate(self.tokens) if token.kind == "literal"][:MOST]:
            text = self.tokens[at].text
            term = _term(text, self.namespaces)
            if term is None:
                continue
            if self.is_object(at) and at not in rows:
                property_ = self.property_at(at)
                yield Use(text, term, (property_,) if property_ else ())
            elif variable := rows.get(at) or self.bound(at):
                yield Use(text, term, self.properties_of(variable))
            elif variable := self.compared(at):
                yield Use(text, term, self.properties_of(variable), "=" if self.is_equality(at) else "<")

    def calls(self) -> Iterator[Call]:
        """Yield the calls of string functions on variables."""
        for at, token in enumerate(self.tokens):
            function, name = token.text.upper(), self.text(at + 2)
            opens = function in TEXT_FUNCTIONS and self.text(at + 1) == "("
            if opens and self.kind(at + 2) == "variable" and self.text(at + 3) in (",", ")"):
                yield Call(function, name, self.properties_of(name), name in self.subjects)

    def properties_of(self, variable: str) -> tuple[str, ...]:
        """Return the properties whose values a variable has."""
        return tuple(dict.fromkeys(self.properties.get(variable, ())))

    def text(self, at: int) -> str:
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def kind(self, at: int) -> str:
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else ""

    def is_verb(self, at: int) -> bool:
        return self.kind(at) == "name" or self.text(at) in ("a", "^", "!", "(")

    def verb(self, at: int) -> int:
        """Return the position of the token before the list of objects with the token at a position."""
        first = max(at - 2 * LONGEST, 0)
        while at > first and self.text(at - 1) == ",":
            at -= 2
        return at - 1

    def is_object(self, at: int) -> bool:
        verb = self.verb(at)
        ends = self.kind(verb) in ("name", "variable") or self.text(verb) in (")", "*", "+", "?", "a")
        return self.tokens[at].inside in ("{", "[") and ends

    def property_at(self, at: int) -> str | None:
        """Return the property that has a token as its object: the last one of a path."""
        verb = self.verb(at)
        if self.kind(verb) != "name" or self.text(verb - 1) in ("^", "^^"):
            return None
        return _full(self.text(verb), self.namespaces)

    def values(self) -> Iterator[tuple[int, str]]:
        """Yield the positions of the literals of VALUES with their variables."""
        for at, token in enumerate(self.tokens):
            if token.text.upper() == "VALUES" and token.kind == "word":
                yield from self.block(at + 1)

    def block(self, at: int) -> Iterator[tuple[int, str]]:
        names = []
        while at < len(self.tokens) and self.text(at) != "{":
            names += [self.text(at)] if self.kind(at) == "variable" else []
            at += 1
        column = 0
        for place in range(at + 1, len(self.tokens)):
            kind, text = self.kind(place), self.text(place)
            if text == "}" or not names:
                return
            if text == "(":
                column = 0
            elif text != ")":
                if kind == "literal":
                    yield place, names[column % len(names)]
                column += 1

    def bound(self, at: int) -> str:
        """Return the variable of ``BIND("..." AS ?v)``."""
        binds = self.text(at - 1) == "(" and self.text(at - 2).upper() == "BIND" and self.text(at + 1).upper() == "AS"
        return self.text(at + 2) if binds else ""

    def compared(self, at: int) -> str:
        """Return the variable that a literal is compared with."""
        if self.text(at - 1) in COMPARISONS and self.kind(at - 2) == "variable":
            return self.text(at - 2)
        if self.text(at + 1) in COMPARISONS and self.kind(at + 2) == "variable":
            return self.text(at + 2)
        return self.listed(at)

    def is_equality(self, at: int) -> bool:
        return "=" in (self.text(at - 1), self.text(at + 1)) or bool(self.listed(at))

    def listed(self, at: int) -> str:
        """Return the variable of an ``IN`` or ``NOT IN`` with a literal."""
        first = self.verb(at)
        if self.text(first) == "(" and self.text(first - 1).upper() == "IN":
            first -= 2 if self.text(first - 2).upper() != "NOT" else 3
            return self.text(first) if self.kind(first) == "variable" else ""
        return ""


def _full(name: str, namespaces: Mapping[str, str]) -> str | None:
    if name.startswith("<"):
        return name[1:-1]
    prefix, _, local = name.partition(":")
    return namespaces[prefix] + local if prefix in namespaces else None


def _term(text: str, namespaces: Mapping[str, str]) -> ox.Literal | None:
    """Return the term of a literal; SPARQL and Turtle share its grammar.

    >>> _term("'a'@en", {})
    <Literal value=a language=en>
    """
    _, sign, name = text.rpartition("^^")
    declared = _declared(name.partition(":")[0], namespaces) if sign else ""
    try:
        term = next(iter(ox.parse(f"{declared}<a:a> <a:a> {text} .", format=ox.RdfFormat.TURTLE))).object
    except (SyntaxError, StopIteration):
        return None
    return term if isinstance(term, ox.Literal) else None


def _declared(prefix: str, namespaces: Mapping[str, str]) -> str:
    return f"@prefix {prefix}: <{namespaces[prefix]}> . " if prefix in namespaces else ""
