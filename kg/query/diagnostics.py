"""Diagnostics of queries: the place of a syntax error, and unknown terms and values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.vocabulary import CODE, CT, RDFS, XSD
from kg.query.lexer import Token, class_iris, form, iris, prefixes, tokens
from kg.query.literal_mismatch import find_mismatches
from kg.query.nearest_term import local_name, nearest_term, ontology_terms, plain_name

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_EXPECTED = re.compile(r"""\['.*?'\]|\[_\]|"(?:[^"\\]|\\.)*"|[^,"\[\s](?:[^,"\[]*[^,"\[\s])?""")

_GRAPH_WORDS = ("GRAPH", "FROM")
_NO_STUDY_GRAPHS = (
    "Studies have no graphs of their own here: leave out GRAPH and FROM, and use ct:ofStudy for one study."
)
_ONTOLOGY = "/graph/ontology"
"""The end of the name of the ontology graph, which begins with the base of the data."""


def syntax_error(query: str, error: Exception, predeclared: Mapping[str, str]) -> UsageError:
    """Return the error message for a syntax error, with the line and a caret under the place.

    ``predeclared`` has the prefixes that a query does not have to declare.
    """
    match = _PLACE.match(str(error))
    if match is None:
        return UsageError(f"The query cannot be read: {' '.join(str(error).split())}.")
    line, column = int(match[1]), int(match[2])
    problem = _problem(match[3]) if form(query) else "expected SELECT, ASK, CONSTRUCT or DESCRIBE"
    lines = query.split("\n")
    prefix = query[: sum(len(text) + 1 for text in lines[: line - 1]) + column]
    for token in _undeclared(prefix, predeclared):
        line, column = query.count("\n", 0, token.at) + 1, token.at - query.rfind("\n", 0, token.at)
        problem = _not_declared(token.text.partition(":")[0], predeclared)
        break
    excerpt = lines[line - 1].rstrip("\r").replace("\t", " ")
    end = "" if problem.endswith("?") else "."
    return UsageError(f"Syntax error at line {line}, column {column}: {problem}{end}\n{excerpt}\n{' ' * (column - 1)}^")


def _undeclared(query: str, predeclared: Mapping[str, str]) -> Iterator[Token]:
    """Return the prefixed names of a query whose prefix is not declared."""
    declared = {*prefixes(query), *predeclared}
    return (
        token for token in tokens(query) if token.kind == "prefixed" and token.text.partition(":")[0] not in declared
    )


def _not_declared(prefix: str, predeclared: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(prefix.lower(), predeclared, n=1)
    return f"the prefix {prefix}: is not declared" + (f"; did you mean {close[0]}:?" if close else "")


def _problem(message: str) -> str:
    """Return the problem in a message of the parser, without the character ranges that it lists.

    >>> _problem("expected one of \\",\\", \\".\\", ['0' ..= '9' | 'a'], [_]")
    'expected one of ",", "."'
    >>> _problem("expected [_]")
    'expected something else'
    """
    expected: list[str] = _EXPECTED.findall(" ".join(message.split()).removeprefix("expected ").removeprefix("one of "))
    sentences = [text for text in expected if re.match(r"\w+ ", text)]
    if sentences:
        return sentences[0].replace("The ", "the ", 1)
    signs = [text for text in expected if not text.startswith("[")] or ["something else"]
    return f"expected {'one of ' if len(signs) > 1 else ''}{', '.join(signs)}"


def find_problems(query: str, store: ox.Store, predeclared: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a sentence per term or value of a query that does not occur in the data, with the nearest that does.

    ``predeclared`` has the prefixes that a query does not have to declare.
    """
    short, classes = _Shortener(query, predeclared or {}), class_iris(query)
    if any(token.text.upper() in _GRAPH_WORDS for token in tokens(query) if token.kind == "word"):
        yield _NO_STUDY_GRAPHS
    for iri in _resources(query):
        if not _occurs(ox.NamedNode(iri), store):
            match = nearest_term(iri, is_class=iri in classes) or _other_spelling(iri, store)
            end = f"; did you mean {short(match)}?" if match else "."
            yield f"{short(iri)} does not occur in the data{end}"
    yield from dict.fromkeys(_literals(query, store, short))


def _resources(query: str) -> list[str]:
    """Return the IRIs of a query that can occur in statements; datatypes, used in filters, cannot."""
    return [iri for iri in iris(query) if not iri.startswith(XSD)]


def _literals(query: str, store: ox.Store, short: Callable[[str], str]) -> Iterator[str]:
    """Yield a sentence per literal without matches; a text may be the label of a code."""
    misses = [*find_mismatches(query, store, short, _code)]
    respelled = {mismatch.text for mismatch in misses if mismatch.is_respelled}
    codes = {text: code for text in _texts(query) if text not in respelled and (code := _code(text))}
    for text, code in codes.items():
        if next(store.quads_for_pattern(None, None, ox.Literal(text)), None) is None:
            yield f'"{text}" does not occur in the data as a text; did you mean {short(code)}?'
    yield from (mismatch.sentence for mismatch in misses if mismatch.text not in codes)


def _texts(query: str) -> list[str]:
    """Return the distinct strings of a query, except those in triple quotation marks."""
    strings = (token.text for token in tokens(query) if token.kind == "string")
    return [*dict.fromkeys(text[1:-1] for text in strings if text[:3] not in ('"""', "'''"))]


def _code(text: str) -> str | None:
    """Return the code with a name or label."""
    name = re.sub(r"[\W_]", "", text).lower()
    codes = ((iri, {plain_name(iri), re.sub(r"[\W_]", "", label).lower()}) for iri, label in ontology_terms().items())
    return next((iri for iri, names in codes if iri.startswith(CODE) and name in names), None)


def count_terms(
    query: str, store: ox.Store, predeclared: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str, int]]:
    """Yield the terms of a query with their meaning and the number of statements of the data that have them."""
    short, classes = _Shortener(query, predeclared or {}), class_iris(query)
    for iri in _resources(query):
        count = sum(1 for _ in _statements(ox.NamedNode(iri), store))
        match = None if count else nearest_term(iri, is_class=iri in classes) or _other_spelling(iri, store)
        label = meaning(iri, store) or ("" if count else "unknown")
        yield short(iri), label + (f"; did you mean {short(match)}?" if match else ""), count


def meaning(iri: str, store: ox.Store) -> str:
    """Return the label of a term in the ontology, or in the data.

    >>> meaning("https://w3id.org/trialkg/ontology#phase", ox.Store())
    'phase'
    """
    if iri in ontology_terms():
        return ontology_terms()[iri]
    labels = (quad.object for quad in store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDFS + "label"), None))
    return min((term.value for term in labels if isinstance(term, ox.Literal)), default="")


def _occurs(node: ox.NamedNode, store: ox.Store) -> bool:
    return next(_statements(node, store), None) is not None


def _statements(node: ox.NamedNode, store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the statements of the data with a resource in any position, except those of the ontology graph."""
    for place in ((node, None, None), (None, node, None), (None, None, node)):
        for quad in store.quads_for_pattern(*place):
            if not (isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value.endswith(_ONTOLOGY)):
                yield quad


def _other_spelling(iri: str, store: ox.Store) -> str | None:
    """Return the spelling of an IRI that occurs in the data, such as a MeSH id in capitals or another scheme."""
    return next((other for other in _spellings(iri) if _occurs(ox.NamedNode(other), store)), None)


def _spellings(iri: str) -> list[str]:
    """Return other spellings of an IRI.

    >>> _spellings("https://id.nlm.nih.gov/mesh/d000690")[0]
    'http://id.nlm.nih.gov/mesh/D000690'
    """
    name = local_name(iri)
    start = iri[: -len(name) or None]
    starts = dict.fromkeys([start, start.replace("https://", "http://"), start.replace("http://", "https://")])
    starts |= dict.fromkeys(text.replace("://www.", "://") for text in list(starts))
    starts |= dict.fromkeys(re.sub(r"(/mesh)/\d{4}/$", r"\1/", text) for text in list(starts))
    number = re.fullmatch(r"([A-Za-z]+)0*(\d+)", name)
    names_ = [name, name.upper()]
    if number:
        names_ += [f"{number[1].upper()}{number[2]:0>{width}}" for width in (8, 6)]
    return [a + b for a in reversed(starts) for b in reversed(names_) if a + b != iri]


class _Shortener:
    """Shortens IRIs by the prefixes of a query and the predeclared ones."""

    def __init__(self, query: str, predeclared: Mapping[str, str]) -> None:
        namespaces = {"ct": CT, "code": CODE} | dict(predeclared) | prefixes(query)
        self._namespaces = sorted(namespaces.items(), key=lambda pair: -len(pair[1]))

    def __call__(self, iri: str) -> str:
        for prefix, namespace in self._namespaces:
            if iri.startswith(namespace):
                return f"{prefix}:{iri.removeprefix(namespace)}"
        return f"<{iri}>"
