"""Styles: how terms and blocks are spelled, line by line (N-Triples, N-Quads) or grouped (Turtle, TriG).

A block is one resource: its token, and its predicate-object tokens. The string escapes of JSON are those of
N-Triples and Turtle, so the JSON encoder writes the literals (https://www.w3.org/TR/n-triples/#grammar-production-ECHAR).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import orjson

from kg.context import Context
from kg.ontology import BASE, RDF, XSD, Ontology
from kg.values import Literal

PLACE, MARK = b"\0", b"\1"
"""What stands in tokens that are made once for what begins a line, and for what ends a line or names what is above;
no text has them, since JSON escapes them."""
Block = tuple[bytes, list[bytes]]
Shared = tuple[bytes, int]
"""A block of a shared resource as it is written behind others, and the number of its triples."""

NAMESPACES = (
    *("ct", "study", "record", "part", "org", "country", "branch", "code", "mesh", "meshv"),
    *("dcterms", "foaf", "gsp", "prov", "rdf", "rdfs", "sf", "skos", "wgs", "xsd"),
)
"""The prefixes of an exported graph, as the ontology declares them."""

_LOCAL = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-F]{2})(?:[A-Za-z0-9_-]|%[0-9A-F]{2})*|")
_BARE = {
    XSD + "integer": re.compile(r"[+-]?[0-9]+"),
    XSD + "decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    XSD + "boolean": re.compile("true|false"),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The pieces of the output of a study: those of each block, and the blocks that it shares with others.

    ``subject`` begins a line about the study; ``context`` counts the triples that are not to be seen from the pieces.
    """

    blocks: list[list[bytes]]
    shared: dict[bytes, Shared]
    subject: bytes
    context: Context


@dataclass(frozen=True)
class Style:
    """N-Triples and N-Quads: spells terms in full, one statement a line."""

    base: str = BASE
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Prefix -> namespace, of those that may be used."""
    _datatypes: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    repeats = True
    """Whether each object stands in a statement of its own, or all of a predicate stand together."""

    lead = b""
    """What stands before a predicate that is not the first of its block."""

    def end(self, graph: bytes) -> bytes:
        """What stands between two statements, or two blocks."""
        return b" " + graph + b" .\n" if graph else b" .\n"

    def shared(self, token: bytes, pairs: list[bytes]) -> Shared:
        """The block of a shared resource; all pairs but the first have what leads them."""
        return b"".join([MARK + token + b" " + pair for pair in pairs]), len(pairs)

    def listed(self, predicate: bytes, tokens: list[bytes]) -> bytes:
        """A predicate and a list of its objects, within the block of a resource."""
        return PLACE.join([predicate + token for token in tokens])

    def say(self, draft: Draft, pair: bytes) -> None:
        """Adds a predicate and its object to the block of the study."""
        draft.blocks[0].append(self.lead + pair)

    def finished(self, draft: Draft, graph: bytes) -> tuple[bytes, int]:
        """The output of a study, and the number of its triples."""
        end = self.end(graph)
        first, *others = draft.blocks
        pieces = [first[0] + draft.subject.join(first[1:])]
        for block in others:
            subject, block[0] = block[0], b""
            pieces.append(subject.join(block))
        pieces += [block.replace(MARK, end) for block, _ in draft.shared.values()]
        pieces.append(end)
        data = b"".join(pieces)
        return data, data.count(b"\n")

    def rebased(self, iri: str) -> str:
        return self.base + iri.removeprefix(BASE) if iri.startswith(BASE) else iri

    def opening(self, namespace: str) -> tuple[bytes, bytes]:
        """What stands before and after a local name that is safe in this namespace."""
        return b"<" + self.rebased(namespace).encode(), b">"

    def iri(self, iri: str) -> bytes:
        return b"<" + iri.encode() + b">"

    def predicate(self, iri: str) -> bytes:
        return self.iri(iri) + b" "

    def literal(self, literal: Literal) -> bytes:
        return orjson.dumps(literal.lexical) + self.datatype(literal.datatype)

    def datatype(self, iri: str) -> bytes:
        """What stands behind the text of a literal."""
        suffix = self._datatypes.get(iri)
        if suffix is None:
            suffix = self._datatypes[iri] = b"" if iri == XSD + "string" else b"^^" + self.iri(iri)
        return suffix

    def study(self, blocks: Iterable[Block], graph: bytes) -> bytes:
        """The blocks of one study; ``graph`` is the token of its graph, or empty where formats have none."""
        end = b" " + graph + b" .\n" if graph else b" .\n"
        return b"".join([s + b" " + (end + s + b" ").join(pairs) + end for s, pairs in blocks])


@dataclass(frozen=True)
class Grouped(Style):
    """Turtle and TriG: prefixed names, one block a resource, blank lines between."""

    repeats = False
    lead = b" ;\n    "

    @cached_property
    def _names(self) -> dict[str, str]:
        """Namespace -> its first prefix; a local name has no slash and no hash, so these end a namespace."""
        return {namespace: prefix for prefix, namespace in reversed([*self.prefixes.items()])}

    def end(self, graph: bytes) -> bytes:  # noqa: ARG002 -- one signature for all styles
        return b" .\n\n"

    def shared(self, token: bytes, pairs: list[bytes]) -> Shared:
        return self.end(b"") + token + b" " + b"".join(pairs), len(pairs)

    def listed(self, predicate: bytes, tokens: list[bytes]) -> bytes:
        return self.lead + predicate + Context.rows(tokens)

    def finished(self, draft: Draft, graph: bytes) -> tuple[bytes, int]:
        pieces = [*chain.from_iterable(draft.blocks)]
        triples = len(pieces) + draft.context.more - 1
        for block, count in draft.shared.values():
            pieces.append(block)
            triples += count
        pieces.append(b" .\n")
        data = b"".join(pieces)
        return (graph + b" {\n" + data + b"}\n" if graph else data), triples

    def opening(self, namespace: str) -> tuple[bytes, bytes]:
        namespace = self.rebased(namespace)
        for prefix, known in self.prefixes.items():
            if namespace.startswith(known) and _LOCAL.fullmatch(namespace, len(known)):
                return f"{prefix}:{namespace[len(known) :]}".encode(), b""
        return b"<" + namespace.encode(), b">"

    def iri(self, iri: str) -> bytes:
        end = max(iri.rfind("/"), iri.rfind("#")) + 1
        prefix = self._names.get(iri[:end])
        if prefix is not None and _LOCAL.fullmatch(iri, end):
            return f"{prefix}:{iri[end:]}".encode()
        return super().iri(iri)

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


def prefixes(ontology: Ontology, base: str = BASE) -> dict[str, str]:
    """The prefixes of an exported graph and their namespaces, below another base where one is given."""
    style, known = Style(base), ontology.prefixes
    return {name: known[name] if name in ("ct", "code") else style.rebased(known[name]) for name in NAMESPACES}
