"""What may be wrong with a query: where its syntax breaks, and which of its names the data do not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology import CT, shipped
from kg.sparql import Word, form, iris, prefixes, words

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_EXPECTED = re.compile(r"""\['.*?'\]|\[_\]|"(?:[^"\\]|\\.)*"|[^,"\[\s](?:[^,"\[]*[^,"\[\s])?""")
_CODE = "https://w3id.org/trialkg/code/"


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
    near = difflib.get_close_matches(prefix.lower(), known, n=1)
    return f"the prefix {prefix}: is not declared" + (f"; did you mean {near[0]}:?" if near else "")


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


def missing(query: str, store: ox.Store) -> Iterator[str]:
    """A sentence for each name or code of a query that the data do not have, with one that it may be meant for."""
    for iri in iris(query):
        if not _occurs(ox.NamedNode(iri), store):
            near = _near(iri) or _other_spelling(iri, store)
            meant = f"; did you mean {_short(near, query)}?" if near else "."
            yield f"{_short(iri, query)} does not occur in the data{meant}"
    for text in _texts(query):
        code = _code(text)
        if code and next(store.quads_for_pattern(None, None, ox.Literal(text)), None) is None:
            yield f'"{text}" does not occur in the data as a text; did you mean {_short(code, query)}?'


def _texts(query: str) -> list[str]:
    """The texts of one line in a query, each once."""
    found = (word.text for word in words(query) if word.kind == "string" and word.text[:3] not in ('"""', "'''"))
    return [*dict.fromkeys(text[1:-1] for text in found)]


def _code(text: str) -> str | None:
    """The code that a text is the name or the label of."""
    meant = re.sub(r"[\W_]", "", text).lower()
    codes = ((iri, {_plain(iri), re.sub(r"[\W_]", "", label).lower()}) for iri, label in _known().items())
    return next((iri for iri, own in codes if iri.startswith(_CODE) and meant in own), None)


def names(query: str, store: ox.Store) -> Iterator[tuple[str, str, int]]:
    """The names of a query, what each means, and how many statements of the data have it."""
    for iri in iris(query):
        node = ox.NamedNode(iri)
        places = ((node, None, None), (None, node, None), (None, None, node))
        count = sum(1 for place in places for _ in store.quads_for_pattern(*place))
        near = None if count else _near(iri) or _other_spelling(iri, store)
        meaning = meaning_of(iri, store) or ("" if count else "not known")
        yield _short(iri, query), meaning + (f"; did you mean {_short(near, query)}?" if near else ""), count


def meaning_of(iri: str, store: ox.Store) -> str:
    """What a name means: its label in the ontology, or in the data.

    >>> meaning_of("https://w3id.org/trialkg/ontology#phase", ox.Store())
    'phase'
    """
    if iri in _known():
        return _known()[iri]
    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    found = (quad.object for quad in store.quads_for_pattern(ox.NamedNode(iri), label, None))
    return min((term.value for term in found if isinstance(term, ox.Literal)), default="")


@cache
def _known() -> dict[str, str]:
    """The terms of the ontology and the codes, with their labels."""
    ontology = shipped()
    found: dict[str, str] = {}
    for iri, shape in ontology.shapes.items():
        found[iri] = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _local(iri)).lower() if "#" in iri else ""
        for known in shape.properties:
            found.setdefault(known.path, known.name if known.path.startswith(CT) else _local(known.path))
    for scheme in ontology.schemes.values():
        found |= {concept.iri: concept.label for concept in scheme.values()}
    return found


def _local(iri: str) -> str:
    return re.split(r"[#/]", iri)[-1]


def _plain(iri: str) -> str:
    """The last part of a name without what is often written otherwise: capitals, underscores, hyphens.

    >>> _plain("https://w3id.org/trialkg/code/NOT_YET_RECRUITING")
    'notyetrecruiting'
    """
    return re.sub(r"[_-]", "", _local(iri)).lower()


def _near(iri: str) -> str | None:
    """The term of the ontology that a name may be meant for."""
    if iri in _known():
        return None
    alike = [term for term in _known() if term.startswith(_CODE) == iri.startswith(_CODE)]
    own, other = _by_plain_name(alike), _by_plain_name(term for term in _known() if term not in alike)
    name = _plain(iri)
    if name in own:
        return own[name]
    is_property = iri.startswith(CT) and _local(iri)[:1].islower()
    if name in other and not is_property:
        return other[name]
    return _nearest(name, own) or _nearest(name, other) if iri.startswith((CT, _CODE)) else None


def _by_plain_name(terms: Iterable[str]) -> dict[str, str]:
    return {_plain(term): term for term in reversed([*terms])}


def _nearest(name: str, terms: dict[str, str]) -> str | None:
    """The term whose name is close to another, or the only one that begins as it does."""
    close = difflib.get_close_matches(name, terms, n=1, cutoff=0.75)
    begun = [other for other in terms if _begins(name, other)]
    return terms[close[0]] if close else terms[begun[0]] if len(begun) == 1 else None


def _begins(name: str, other: str) -> bool:
    return len(name) > 3 and (other.startswith(name) or (name.startswith(other) and len(other) > 3))


def _occurs(node: ox.NamedNode, store: ox.Store) -> bool:
    places = (
        store.quads_for_pattern(node, None, None),
        store.quads_for_pattern(None, node, None),
        store.quads_for_pattern(None, None, node),
    )
    return any(next(iter(found), None) is not None for found in places)


def _other_spelling(iri: str, store: ox.Store) -> str | None:
    """How the data write a name: MeSH with its own zeros and no year, in capitals, with the other scheme."""
    return next((other for other in _spellings(iri) if _occurs(ox.NamedNode(other), store)), None)


def _spellings(iri: str) -> list[str]:
    """How else a name may be written.

    >>> _spellings("https://id.nlm.nih.gov/mesh/d000690")[0]
    'http://id.nlm.nih.gov/mesh/D000690'
    """
    start, local = iri[: -len(_local(iri)) or None], _local(iri)
    starts = dict.fromkeys([start, start.replace("https://", "http://"), start.replace("http://", "https://")])
    starts |= dict.fromkeys(each.replace("://www.", "://") for each in list(starts))
    starts |= dict.fromkeys(re.sub(r"(/mesh)/\d{4}/$", r"\1/", each) for each in list(starts))
    number = re.fullmatch(r"([A-Za-z]+)0*(\d+)", local)
    locals_ = [local, local.upper()]
    if number:
        locals_ += [f"{number[1].upper()}{number[2]:0>{width}}" for width in (8, 6)]
    return [a + b for a in reversed(starts) for b in reversed(locals_) if a + b != iri]


def _short(iri: str, query: str) -> str:
    known = {"ct": CT, "code": _CODE} | prefixes(query)
    for prefix, namespace in sorted(known.items(), key=lambda pair: -len(pair[1])):
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return f"<{iri}>"
