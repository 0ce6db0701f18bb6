"""The words of a SPARQL query, as far as they can be told apart without a parser of it.

The terminals are those of https://www.w3.org/TR/sparql11-query/#sparqlGrammar.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

STRING = "|".join(
    (
        r"""\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"""",
        r"""'''(?:[^'\\]|\\.|'(?!''))*'''""",
        r'''"(?:[^"\\\n]|\\.)*"''',
        r"""'(?:[^'\\\n]|\\.)*'""",
    )
)
"""A string of SPARQL in quotation marks of any kind, as a regular expression."""
_WORDS = re.compile(
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


def decoded(data: bytes) -> str:
    r"""The text of a query file: UTF-8, or UTF-16 where a byte order mark says so; the mark is no part of it.

    >>> decoded(b"\xef\xbb\xbfASK {}"), decoded("ASK {}".encode("utf-16"))
    ('ASK {}', 'ASK {}')

    Raises :class:`UnicodeDecodeError` for other bytes.
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")


class Word(NamedTuple):
    """A piece of a query: ``kind`` is comment, iri, string, variable, prefixed or word."""

    kind: str
    text: str
    at: int


def words(query: str) -> Iterator[Word]:
    """The pieces of a query that are more than signs and numbers.

    >>> [word.text for word in words('SELECT ?s { ?s ct:phase "SERVICE" } # SERVICE')]
    ['SELECT', '?s', '?s', 'ct:phase', '"SERVICE"', '# SERVICE']
    """
    for match in _WORDS.finditer(query):
        assert match.lastgroup is not None
        yield Word(match.lastgroup, match[0], match.start())


def form(query: str) -> str:
    """What a query is: SELECT, ASK, CONSTRUCT, DESCRIBE, or the first word of an update; nothing where it is neither.

    >>> form("PREFIX a: <b> # SELECT\\nCONSTRUCT { }"), form("DROP ALL"), form("")
    ('CONSTRUCT', 'DROP', '')
    """
    found = (word.text.upper() for word in words(query) if word.kind == "word")
    return next((text for text in found if text in _QUERIES | _UPDATES), "")


def is_update(query: str) -> bool:
    """Whether a text would change data."""
    return form(query) in _UPDATES


def calls_service(query: str) -> bool:
    """Whether a query asks another server on its own; where it cannot be told for certain, it does.

    Engines take the keyword even where it is joined to its neighbours.

    >>> calls_service("SELECT * { SERVICE <http://a/> { } }"), calls_service("SELECT * { ?service ?p 'SERVICE' }")
    (True, False)
    >>> calls_service("SELECT * { ?s ?p trueSERVICEex: { } }"), calls_service("SELECT * { ?s ex:service ?o }")
    (True, False)
    """
    return any(_calls(word) for word in words(query))


def _calls(word: Word) -> bool:
    text = word.text.upper()
    if word.kind == "iri":  # a comparison may look like one: ?a<1)SERVICE?x#>
        return re.search(r"SERVICE(SILENT)?[?$#:]", text) is not None
    return word.kind in ("word", "prefixed") and "SERVICE" in text.partition(":")[0]


def names_graphs(query: str) -> bool:
    """Whether a query says itself which graphs it asks.

    >>> names_graphs("SELECT * FROM <http://a/> { ?s ?p 'FROM' }"), names_graphs("SELECT * { ?from a:from 'FROM' }")
    (True, False)
    """
    return any(word.kind == "word" and word.text.upper() == "FROM" for word in words(query))


def prefixes(query: str) -> dict[str, str]:
    """The prefixes that a query declares, and their namespaces."""
    found = list(words(query))
    return {
        name.text.removesuffix(":"): iri.text[1:-1]
        for word, name, iri in zip(found, found[1:], found[2:], strict=False)
        if word.text.upper() == "PREFIX" and name.kind == "prefixed" and iri.kind == "iri"
    }


def iris(query: str) -> list[str]:
    """The resources that a query names, as IRIs, each once: no prefixes, datatypes and functions.

    >>> iris('PREFIX a: <b:> SELECT * { ?s a:p "1"^^a:int FILTER(a:int(?s) = 1) }')
    ['b:p']
    """
    declared = prefixes(query)
    namespaces = set(declared.values())
    resources: dict[str, None] = {}
    for word in words(query):
        end = word.at + len(word.text)
        if query[word.at - 2 : word.at] == "^^" or query[end : end + 1] == "(":
            continue
        if word.kind == "iri" and word.text[1:-1] not in namespaces:
            resources[word.text[1:-1]] = None
        elif word.kind == "prefixed" and not word.text.endswith(":"):
            prefix, _, local = word.text.partition(":")
            if prefix in declared:
                resources[declared[prefix] + local] = None
    return list(resources)
