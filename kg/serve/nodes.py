"""Nodes of a graph, read from a store when they are needed.

A pattern scan costs about 5 microseconds per statement, most of it for the strings, so a page reads the nodes that it
shows and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pyoxigraph as ox

from kg.draw.plain_text import plain_text
from kg.errors import printable
from kg.ontology.model import Concept, Term, shipped
from kg.ontology.vocabulary import CT, RDF, RDFS

LABEL, TYPE = RDFS + "label", RDF + "type"
TRUE = ("true", "1")
_POSITION = re.compile(r"-(\d{1,9})\Z", re.ASCII)
"""The end of the IRI of a part that comes from a list."""


@cache
def concepts() -> dict[str, Concept]:
    """Return the codes of the API by their IRI."""
    return {concept.iri: concept for scheme in shipped().schemes.values() for concept in scheme.values()}


def code_label(iri: str) -> str:
    """Return the label of a code of the API, or an empty string."""
    return concepts()[iri].label if iri in concepts() else ""


def shown_text(text: str) -> str:
    """Return a text without markup; control characters, such as those that turn the direction, are shown as escapes.

    >>> shown_text("a &lt; b\u202e")
    'a < b\\\\u202E'
    """
    return printable(plain_text(text))


def term_text(term: Term) -> str:
    """Return a literal without markup, a code as its label, and any other term as its IRI."""
    if isinstance(term, ox.Literal):
        return shown_text(term.value)
    return code_label(term.value) or term.value if isinstance(term, ox.NamedNode) else str(term)


def _position(iri: str) -> tuple[int, str]:
    match = _POSITION.search(iri)
    return (int(match[1]) if match else 0, iri)


class Node:
    """The statements about one resource; ``name`` of a property is a local name of the ontology or an IRI."""

    __slots__ = ("_nodes", "_properties", "iri")

    def __init__(self, nodes: Nodes, iri: str) -> None:
        self._nodes = nodes
        self.iri = iri
        self._properties: dict[str, list[Term]] | None = None

    @property
    def properties(self) -> dict[str, list[Term]]:
        """Terms by the IRI of their property, in the order of the store, which is read when they are needed first."""
        if self._properties is None:
            self._properties = self._nodes.read(self.iri)
        return self._properties

    def __bool__(self) -> bool:
        return bool(self.properties)

    def terms(self, name: str) -> list[Term]:
        return self.properties.get(name if ":" in name else CT + name, [])

    def raw(self, name: str) -> str:
        """Return the first value as it is in the graph, or an empty string."""
        terms = self.terms(name)
        return getattr(terms[0], "value", "") if terms else ""

    def text(self, name: str) -> str:
        """Return the first value as text, codes by their labels, or an empty string."""
        terms = self.terms(name)
        return term_text(terms[0]) if terms else ""

    def texts(self, name: str) -> list[str]:
        """Return all values as texts, sorted: the store has no order of values."""
        return sorted(map(term_text, self.terms(name)))

    def code(self, name: str) -> str:
        """Return the first value, a code, as its API value, such as ``PHASE2``."""
        return self.raw(name).rpartition("/")[2]

    def codes(self, name: str) -> list[str]:
        """Return the values, which are codes, as API values in the order of their code list."""
        order = list(concepts())
        iris = [term.value for term in self.terms(name) if isinstance(term, ox.NamedNode)]
        return [iri.rpartition("/")[2] for iri in sorted(iris, key=lambda i: (order.index(i) if i in order else -1, i))]

    def flag(self, name: str) -> bool | None:
        """Return a truth value, ``None`` where there is none."""
        value = self.raw(name)
        return value in TRUE if value else None

    def number(self, name: str) -> int | None:
        """Return a whole number, ``None`` where there is none."""
        value = self.raw(name)
        return int(value) if value.removeprefix("-").isdecimal() else None

    def iris(self, name: str) -> list[str]:
        """Return the IRIs among the values, sorted."""
        return sorted(term.value for term in self.terms(name) if isinstance(term, ox.NamedNode))

    def nodes(self, name: str) -> list[Node]:
        """Return the resources that a property refers to, sorted by label."""
        return sorted((self._nodes[iri] for iri in self.iris(name)), key=lambda node: (node.label.casefold(), node.iri))

    def parts(self, name: str) -> list[Node]:
        """Return the parts that a property refers to, in the order of the record, which is in their IRIs."""
        iris = self.iris(name)
        if all(_POSITION.search(iri) for iri in iris):
            return [self._nodes[iri] for iri in sorted(iris, key=_position)]
        return sorted((self._nodes[iri] for iri in iris), key=lambda node: (node.number("position") or 0, node.iri))

    @property
    def label(self) -> str:
        """The label, preferably in English, or an empty string."""
        terms = self.terms(LABEL)
        english = [term for term in terms if isinstance(term, ox.Literal) and term.language in (None, "en")]
        return min(map(term_text, english or terms), default="")


class Nodes:
    """The nodes of a store, over all its graphs."""

    def __init__(self, store: ox.Store) -> None:
        self.store = store
        self._nodes: dict[str, Node] = {}

    def __getitem__(self, iri: str) -> Node:
        """Return a node; one without statements is false."""
        node = self._nodes.get(iri)
        if node is None:
            node = self._nodes[iri] = Node(self, iri)
        return node

    def read(self, iri: str) -> dict[str, list[Term]]:
        """Return the distinct terms of each property of a node."""
        properties: dict[str, list[Term]] = {}
        try:
            subject = ox.NamedNode(iri)
        except ValueError:  # it comes from a URL
            return properties
        for quad in self.store.quads_for_pattern(subject, None, None, None):
            terms = properties.setdefault(quad.predicate.value, [])
            if len(terms) > 1 or quad.object not in terms:
                terms.append(quad.object)
        return {name: terms if len(terms) < 3 else list(dict.fromkeys(terms)) for name, terms in properties.items()}

    def objects(self, iri: str, name: str) -> list[str]:
        """Return the distinct values of one property of a node as IRIs or texts, sorted, without reading the node."""
        predicate = ox.NamedNode(name if ":" in name else CT + name)
        quads = self.store.quads_for_pattern(ox.NamedNode(iri), predicate, None, None)
        return sorted({quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode | ox.Literal)})

    def subjects(self, name: str, iri: str) -> Iterator[str]:
        """Yield the IRIs of the distinct resources that refer to a node with a property."""
        return self.with_value(name, ox.NamedNode(iri))

    def with_value(self, name: str, value: ox.NamedNode | ox.Literal) -> Iterator[str]:
        """Yield the IRIs of the distinct resources that have a value of a property."""
        seen: set[str] = set()
        predicate = ox.NamedNode(name if ":" in name else CT + name)
        for quad in self.store.quads_for_pattern(None, predicate, value, None):
            if isinstance(quad.subject, ox.NamedNode) and quad.subject.value not in seen:
                seen.add(quad.subject.value)
                yield quad.subject.value
