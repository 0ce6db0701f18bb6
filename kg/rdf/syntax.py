"""RDF syntax of terms and blocks: line by line (N-Triples, N-Quads) or grouped (Turtle, TriG).

A block is one resource: its token, and its predicate-object tokens. JSON has the string escapes of N-Triples and
Turtle, so the JSON encoder writes the literals (https://www.w3.org/TR/n-triples/#grammar-production-ECHAR).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

import orjson

from kg.mapping.datatypes import Literal
from kg.ontology.model import Ontology
from kg.ontology.vocabulary import BASE, RDF, XSD

Block = tuple[bytes, list[bytes]]

NAMESPACES = (
    *("ct", "study", "record", "part", "graph", "org", "country", "branch", "code", "mesh", "meshv"),
    *("registry", "cito", "dcterms", "foaf", "gsp", "prov", "rdf", "rdfs", "schema", "sf", "skos", "wgs", "xsd"),
)
"""The prefixes of exported graphs, which the ontology declares."""

_LOCAL = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-F]{2})(?:[A-Za-z0-9_-]|%[0-9A-F]{2})*|")
_BARE = {
    XSD + "integer": re.compile(r"[+-]?[0-9]+"),
    XSD + "decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    XSD + "boolean": re.compile("true|false"),
}


def quoted(text: str, suffix: bytes = b"") -> bytes:
    r"""Return the token of a text, with the language or datatype that follows it.

    The bytes that orjson returns keep a block of 4 KiB, so they are copied.

    >>> quoted('a "b"', b"@en")
    b'"a \\"b\\""@en'
    """
    return b"".join((orjson.dumps(text), suffix))


class Style:
    """N-Triples and N-Quads: full IRIs, one statement per line.

    ``prefixes`` are the prefixes that may be used, with their namespaces.
    """

    repeats = True
    """Whether the subject and predicate are repeated for each object."""

    lead = b""
    """The bytes before a predicate that is not the first of its block."""

    def __init__(self, base: str = BASE, prefixes: Mapping[str, str] | None = None) -> None:
        self.base = base
        self.prefixes = prefixes or {}
        self._datatypes: dict[str, bytes] = {}

    def rebased(self, iri: str) -> str:
        return self.base + iri.removeprefix(BASE) if iri.startswith(BASE) else iri

    def opening(self, namespace: str) -> tuple[bytes, bytes]:
        """Return the bytes before and after a local name in a namespace."""
        return b"<" + self.rebased(namespace).encode(), b">"

    def iri(self, iri: str) -> bytes:
        return b"<" + iri.encode() + b">"

    def expanded(self, token: bytes) -> str:
        """Return the IRI of a token."""
        return token[1:-1].decode()

    def predicate(self, iri: str) -> bytes:
        return self.iri(iri) + b" "

    def literal(self, literal: Literal) -> bytes:
        return quoted(literal.lexical, self.datatype(literal.datatype))

    def datatype(self, iri: str) -> bytes:
        """Return the suffix of a literal."""
        suffix = self._datatypes.get(iri)
        if suffix is None:
            suffix = self._datatypes[iri] = b"" if iri == XSD + "string" else b"^^" + self.iri(iri)
        return suffix

    def study(self, blocks: Iterable[Block], graph: bytes) -> bytes:
        """Return the blocks of a study; ``graph`` is the token of its graph, or empty in formats without graphs."""
        end = b" " + graph + b" .\n" if graph else b" .\n"
        return b"".join([s + b" " + (end + s + b" ").join(pairs) + end for s, pairs in blocks])

    def more(self, subject: bytes, pairs: list[bytes], graph: bytes) -> bytes:
        """Return further statements about a resource, to be inserted at the end of its block."""
        return self.study([(subject, pairs)], graph)


class Grouped(Style):
    """Turtle and TriG: prefixed names, and a block per resource, separated by blank lines."""

    repeats = False
    lead = b" ;\n    "

    @cached_property
    def _names(self) -> dict[str, str]:
        """The first prefix of each namespace, which ends in a slash or a hash, as local names contain neither."""
        return {namespace: prefix for prefix, namespace in reversed([*self.prefixes.items()])}

    def opening(self, namespace: str) -> tuple[bytes, bytes]:
        namespace = self.rebased(namespace)
        for prefix, declared in self.prefixes.items():
            if namespace.startswith(declared) and _LOCAL.fullmatch(namespace, len(declared)):
                return f"{prefix}:{namespace[len(declared) :]}".encode(), b""
        return b"<" + namespace.encode(), b">"

    def iri(self, iri: str) -> bytes:
        end = max(iri.rfind("/"), iri.rfind("#")) + 1
        prefix = self._names.get(iri[:end])
        if prefix is not None and _LOCAL.fullmatch(iri, end):
            return f"{prefix}:{iri[end:]}".encode()
        return super().iri(iri)

    def expanded(self, token: bytes) -> str:
        if token.startswith(b"<"):
            return super().expanded(token)
        prefix, _, local = token.decode().partition(":")
        return self.prefixes[prefix] + local

    def predicate(self, iri: str) -> bytes:
        return b"a " if iri == RDF + "type" else super().predicate(iri)

    def literal(self, literal: Literal) -> bytes:
        bare = _BARE.get(literal.datatype)
        if bare and bare.fullmatch(literal.lexical):
            return literal.lexical.encode()
        return super().literal(literal)

    def study(self, blocks: Iterable[Block], graph: bytes) -> bytes:
        text = b"\n".join([s + b" " + b" ;\n    ".join(pairs) + b" .\n" for s, pairs in blocks])
        return graph + b" {\n" + text + b"}\n" if graph else text

    def more(self, subject: bytes, pairs: list[bytes], graph: bytes) -> bytes:  # noqa: ARG002 -- one signature for all styles
        return b"".join([self.lead + pair for pair in pairs])


def prefixes(ontology: Ontology, base: str = BASE) -> dict[str, str]:
    """Return the prefixes of an exported graph and their namespaces, moved to another base if given."""
    style, declared = Style(base), ontology.prefixes
    fixed = ("ct", "code", "registry")
    return {name: declared[name] if name in fixed else style.rebased(declared[name]) for name in NAMESPACES}
