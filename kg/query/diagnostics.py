"""What may be wrong with a query: where its syntax breaks, and which of its names the data do not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.vocabulary import CODE, CT, RDFS, XSD
from kg.query.lexer import Word, form, iris, prefixes, words
from kg.query.literal_mismatch import mismatches
from kg.query.nearest_term import local, near, plain, terms

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_EXPECTED = re.compile(r"""\['.*?'\]|\[_\]|"(?:[^"\\]|\\.)*"|[^,"\[\s](?:[^,"\[]*[^,"\[\s])?""")

_ONTOLOGY = "/graph/ontology"
"""How the name of the graph of the vocabulary ends, whatever the base of the data."""


def syntax(query: str, error: Exception, known: Mapping[str, str]) -> UsageError:
    """The error of a query that cannot be read, with the line and a caret under the place.

    ``known`` are the prefixes that it need not declare.
    """
    found = _PLACE.match(str(error))
    if found is None:
        return UsageError(f"The query cannot be read: {' '.join(str(error).split())}.")
    line, column = int(found[1]), int(found[2])
    problem = _problem(found[3]) if form(query) else "expected SELECT, ASK, CONSTRUCT or DESCRIBE"
    lines = query.split("\n")
    read = query[: sum(len(each) + 1 for each in lines[: line - 1]) + column]
    for word in _undeclared(read, known):
        line, column = query.count("\n", 0, word.at) + 1, word.at - query.rfind("\n", 0, word.at)
        problem = _not_declared(word.text.partition(":")[0], known)
        break
    shown = lines[line - 1].rstrip("\r").replace("\t", " ")
    end = "" if problem.endswith("?") else "."
    return UsageError(
        f"The query breaks at line {line}, column {column}: {problem}{end}\n{shown}\n{' ' * (column - 1)}^"
    )


def _undeclared(query: str, known: Mapping[str, str]) -> Iterator[Word]:
    """The words of a query whose prefix it does not declare."""
    own = prefixes(query)
    for word in words(query):
        if word.kind == "prefixed" and word.text.partition(":")[0] not in {*own, *known}:
            yield word


def _not_declared(prefix: str, known: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(prefix.lower(), known, n=1)
    return f"the prefix {prefix}: is not declared" + (f"; did you mean {close[0]}:?" if close else "")


def _problem(said: str) -> str:
    """What the parser says of a place, without the ranges of characters that it went through.

    >>> _problem("expected one of \\",\\", \\".\\", ['0' ..= '9' | 'a'], [_]")
    'expected one of ",", "."'
    >>> _problem("expected [_]")
    'expected something else'
    """
    found: list[str] = _EXPECTED.findall(" ".join(said.split()).removeprefix("expected ").removeprefix("one of "))
    sentences = [each for each in found if re.match(r"\w+ ", each)]
    if sentences:
        return sentences[0].replace("The ", "the ", 1)
    signs = [each for each in found if not each.startswith("[")] or ["something else"]
    return f"expected {'one of ' if len(signs) > 1 else ''}{', '.join(signs)}"


def missing(query: str, store: ox.Store, known: Mapping[str, str] | None = None) -> Iterator[str]:
    """A sentence for each name, code or literal of a query that the data do not have, with what it may be meant for.

    ``known`` are the prefixes that a query need not declare.
    """
    short = _Short(query, known or {})
    for iri in _resources(query):
        if not _occurs(ox.NamedNode(iri), store):
            meant = near(iri) or _other_spelling(iri, store)
            end = f"; did you mean {short(meant)}?" if meant else "."
            yield f"{short(iri)} does not occur in the data{end}"
    yield from dict.fromkeys(_literals(query, store, short))


def _resources(query: str) -> list[str]:
    """The IRIs of a query that data may have: a filter may compare with a datatype, which no statement has."""
    return [iri for iri in iris(query) if not iri.startswith(XSD)]


def _literals(query: str, store: ox.Store, short: Callable[[str], str]) -> Iterator[str]:
    """A sentence for each literal that finds nothing; a text may be meant for a code."""
    misses = [*mismatches(query, store, short, _code)]
    respelled = {mismatch.text for mismatch in misses if mismatch.is_respelled}
    codes = {text: code for text in _texts(query) if text not in respelled and (code := _code(text))}
    for text, code in codes.items():
        if next(store.quads_for_pattern(None, None, ox.Literal(text)), None) is None:
            yield f'"{text}" does not occur in the data as a text; did you mean {short(code)}?'
    yield from (mismatch.sentence for mismatch in misses if mismatch.text not in codes)


def _texts(query: str) -> list[str]:
    """The texts of one line in a query, each once."""
    found = (word.text for word in words(query) if word.kind == "string" and word.text[:3] not in ('"""', "'''"))
    return [*dict.fromkeys(text[1:-1] for text in found)]


def _code(text: str) -> str | None:
    """The code that a text is the name or the label of."""
    meant = re.sub(r"[\W_]", "", text).lower()
    codes = ((iri, {plain(iri), re.sub(r"[\W_]", "", label).lower()}) for iri, label in terms().items())
    return next((iri for iri, own in codes if iri.startswith(CODE) and meant in own), None)


def names(query: str, store: ox.Store, known: Mapping[str, str] | None = None) -> Iterator[tuple[str, str, int]]:
    """The names of a query, what each means, and how many statements of the data have it."""
    short = _Short(query, known or {})
    for iri in _resources(query):
        count = sum(1 for _ in _statements(ox.NamedNode(iri), store))
        meant = None if count else near(iri) or _other_spelling(iri, store)
        meaning = meaning_of(iri, store) or ("" if count else "not known")
        yield short(iri), meaning + (f"; did you mean {short(meant)}?" if meant else ""), count


def meaning_of(iri: str, store: ox.Store) -> str:
    """What a name means: its label in the ontology, or in the data.

    >>> meaning_of("https://w3id.org/trialkg/ontology#phase", ox.Store())
    'phase'
    """
    if iri in terms():
        return terms()[iri]
    label = ox.NamedNode(RDFS + "label")
    found = (quad.object for quad in store.quads_for_pattern(ox.NamedNode(iri), label, None))
    return min((term.value for term in found if isinstance(term, ox.Literal)), default="")


def _occurs(node: ox.NamedNode, store: ox.Store) -> bool:
    return next(_statements(node, store), None) is not None


def _statements(node: ox.NamedNode, store: ox.Store) -> Iterator[ox.Quad]:
    """The statements of the data that have a name; what the ontology says of its own terms is none of them."""
    for place in ((node, None, None), (None, node, None), (None, None, node)):
        for quad in store.quads_for_pattern(*place):
            if not (isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value.endswith(_ONTOLOGY)):
                yield quad


def _other_spelling(iri: str, store: ox.Store) -> str | None:
    """How the data write a name: MeSH with its own zeros and no year, in capitals, with the other scheme."""
    return next((other for other in _spellings(iri) if _occurs(ox.NamedNode(other), store)), None)


def _spellings(iri: str) -> list[str]:
    """How else a name may be written.

    >>> _spellings("https://id.nlm.nih.gov/mesh/d000690")[0]
    'http://id.nlm.nih.gov/mesh/D000690'
    """
    name = local(iri)
    start = iri[: -len(name) or None]
    starts = dict.fromkeys([start, start.replace("https://", "http://"), start.replace("http://", "https://")])
    starts |= dict.fromkeys(each.replace("://www.", "://") for each in list(starts))
    starts |= dict.fromkeys(re.sub(r"(/mesh)/\d{4}/$", r"\1/", each) for each in list(starts))
    number = re.fullmatch(r"([A-Za-z]+)0*(\d+)", name)
    names_ = [name, name.upper()]
    if number:
        names_ += [f"{number[1].upper()}{number[2]:0>{width}}" for width in (8, 6)]
    return [a + b for a in reversed(starts) for b in reversed(names_) if a + b != iri]


class _Short:
    """Shortens IRIs by the prefixes of a query, and by those that it need not declare."""

    def __init__(self, query: str, known: Mapping[str, str]) -> None:
        namespaces = {"ct": CT, "code": CODE} | dict(known) | prefixes(query)
        self._namespaces = sorted(namespaces.items(), key=lambda pair: -len(pair[1]))

    def __call__(self, iri: str) -> str:
        for prefix, namespace in self._namespaces:
            if iri.startswith(namespace):
                return f"{prefix}:{iri.removeprefix(namespace)}"
        return f"<{iri}>"
