"""Tokens of SPARQL queries: prefixes, IRIs and the form of a query, without a parser.

The terminals are those of https://www.w3.org/TR/sparql11-query/#sparqlGrammar.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from kg.errors import UsageError

STRING = "|".join(
    (
        r"""\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"""",
        r"""'''(?:[^'\\]|\\.|'(?!''))*'''""",
        r'''"(?:[^"\\\n]|\\.)*"''',
        r"""'(?:[^'\\\n]|\\.)*'""",
    )
)
"""Regular expression for a string of SPARQL in any quotation marks."""
_TOKENS = re.compile(
    rf"""(?P<comment>\#[^\n]*)
    |(?P<iri><[^<>"{{}}|^`\\\x00-\x20]*>)
    |(?P<string>{STRING})
    |(?P<variable>[?$]\w+)
    |(?P<prefixed>(?:[A-Za-z][\w.-]*)?:(?:(?:[\w:%.-]|\\[-_~.!$&'()*+,;=/?\#@%])*(?:[\w:%-]|\\[-_~.!$&'()*+,;=/?\#@%]))?)
    |(?P<word>[A-Za-z_]\w*)""",
    re.VERBOSE | re.DOTALL,
)
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD"}
_QUERIES = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}


def decode_query(data: bytes, name: str) -> str:
    r"""Decode a query file: UTF-8, or UTF-16 with a byte order mark; the mark is removed.

    >>> decode_query(b"\xef\xbb\xbfASK {}", "a.rq"), decode_query("ASK {}".encode("utf-16"), "a.rq")
    ('ASK {}', 'ASK {}')

    Raises :class:`~kg.errors.UsageError` for other encodings, with the name of the file.
    """
    encoding = "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "UTF-8"
    try:
        return data.decode("utf-16" if encoding == "UTF-16" else "utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"byte 0x{error.object[error.start]:02X} at position {error.start}"
        raise UsageError(f"{name} cannot be read: {place} is not {encoding}; save the query as UTF-8.") from error


class Token(NamedTuple):
    """A token of a query: ``kind`` is comment, iri, string, variable, prefixed or word."""

    kind: str
    text: str
    at: int


def tokens(query: str) -> Iterator[Token]:
    """Yield the tokens of a query, without punctuation and numbers.

    >>> [token.text for token in tokens('SELECT ?s { ?s ct:phase "SERVICE" } # SERVICE')]
    ['SELECT', '?s', '?s', 'ct:phase', '"SERVICE"', '# SERVICE']
    """
    for match in _TOKENS.finditer(query):
        assert match.lastgroup is not None
        yield Token(match.lastgroup, match[0], match.start())


def form(query: str) -> str:
    """Return the form of a query (SELECT, ASK, CONSTRUCT, DESCRIBE), the first keyword of an update, or nothing.

    >>> form("PREFIX a: <b> # SELECT\\nCONSTRUCT { }"), form("DROP ALL"), form("")
    ('CONSTRUCT', 'DROP', '')
    """
    words = (token.text.upper() for token in tokens(query) if token.kind == "word")
    return next((word for word in words if word in _QUERIES | _UPDATES), "")


def is_update(query: str) -> bool:
    """Return whether a query is an update."""
    return form(query) in _UPDATES


def uses_service(query: str) -> bool:
    """Return whether a query calls another server (SERVICE); true in case of doubt.

    Engines accept the keyword even without spaces around it.

    >>> uses_service("SELECT * { SERVICE <http://a/> { } }"), uses_service("SELECT * { ?service ?p 'SERVICE' }")
    (True, False)
    >>> uses_service("SELECT * { ?s ?p trueSERVICEex: { } }"), uses_service("SELECT * { ?s ex:service ?o }")
    (True, False)
    """
    return any(_is_service(token) for token in tokens(query))


def _is_service(token: Token) -> bool:
    text = token.text.upper()
    if token.kind == "iri":  # a comparison may look like an IRI: ?a<1)SERVICE?x#>
        return re.search(r"SERVICE(SILENT)?[?$#:]", text) is not None
    return token.kind in ("word", "prefixed") and "SERVICE" in text.partition(":")[0]


def has_from_clause(query: str) -> bool:
    """Return whether a query names the graphs of its dataset.

    >>> has_from_clause("SELECT * FROM <http://a/> { ?s ?p ?o }"), has_from_clause("SELECT * { ?from a:from 'FROM' }")
    (True, False)
    """
    return any(token.kind == "word" and token.text.upper() == "FROM" for token in tokens(query))


def prefixes(query: str) -> dict[str, str]:
    """Return the prefixes that a query declares, with their namespaces."""
    sequence = list(tokens(query))
    return {
        name.text.removesuffix(":"): iri.text[1:-1]
        for keyword, name, iri in zip(sequence, sequence[1:], sequence[2:], strict=False)
        if keyword.text.upper() == "PREFIX" and name.kind == "prefixed" and iri.kind == "iri"
    }


def iris(query: str) -> list[str]:
    """Return the distinct IRIs of a query, without namespaces, datatypes and functions.

    >>> iris('PREFIX a: <b:> SELECT * { ?s a:p "1"^^a:int FILTER(a:int(?s) = 1) }')
    ['b:p']
    """
    return [*dict.fromkeys(iri for _, iri in _resources(query))]


def class_iris(query: str) -> set[str]:
    """Return the IRIs of a query that follow the keyword ``a``.

    >>> class_iris('PREFIX a: <b:> SELECT * { ?s a a:C ; a:p a:o }')
    {'b:C'}
    """
    sequence = list(tokens(query))
    places = {name.at for keyword, name in pairwise(sequence) if keyword.text == "a"}
    return {iri for at, iri in _resources(query) if at in places}


def _resources(query: str) -> Iterator[tuple[int, str]]:
    """The positions and IRIs of the resources of a query."""
    declared = prefixes(query)
    namespaces = set(declared.values())
    for token in tokens(query):
        end = token.at + len(token.text)
        if query[token.at - 2 : token.at] == "^^" or query[end : end + 1] == "(":
            continue
        if token.kind == "iri" and token.text[1:-1] not in namespaces:
            yield token.at, token.text[1:-1]
        elif token.kind == "prefixed" and not token.text.endswith(":"):
            prefix, _, local = token.text.partition(":")
            if prefix in declared:
                yield token.at, declared[prefix] + local
