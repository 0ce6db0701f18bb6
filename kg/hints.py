"""What may be wrong with a query: where its syntax breaks, and which of its names the data do not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import cache

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology import CT, shipped
from kg.sparql import iris, prefixes

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_CODE = "https://w3id.org/trialkg/code/"


def syntax(query: str, error: Exception) -> UsageError:
    """The error of a query that cannot be read, with the line and a caret under the place."""
    found = _PLACE.match(str(error))
    if found is None:
        return UsageError(f"The query cannot be read: {' '.join(str(error).split())}.")
    line, column = int(found[1]), int(found[2])
    lines = query.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1].replace("\t", " ")
    problem = " ".join(found[3].split())
    return UsageError(f"The query breaks at line {line}, column {column}: {problem}.\n{shown}\n{' ' * (column - 1)}^")


def missing(query: str, store: ox.Store) -> Iterator[str]:
    """A sentence for each name of a query that the data do not have, with one that it may be meant for."""
    for iri in iris(query):
        if not _occurs(ox.NamedNode(iri), store):
            near = _near(iri) or _other_spelling(iri, store)
            meant = f"; did you mean {_short(near, query)}?" if near else "."
            yield f"{_short(iri, query)} does not occur in the data{meant}"


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
    ours = iri.startswith((CT, _CODE))
    alike = [term for term in _known() if term.startswith(_CODE) == iri.startswith(_CODE)]
    for terms in (alike, [term for term in _known() if term not in alike]):
        plain = {_plain(term): term for term in reversed(terms)}
        found = difflib.get_close_matches(_plain(iri), plain, n=1, cutoff=0.75 if ours else 1.0)
        if found:
            return plain[found[0]]
        if ours and len(begun := [term for name, term in plain.items() if _begins(_plain(iri), name)]) == 1:
            return begun[0]
    return None


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
    """How the data write a name: MeSH without zeros before it, in capitals, with the other scheme."""
    return next((other for other in _spellings(iri) if _occurs(ox.NamedNode(other), store)), None)


def _spellings(iri: str) -> list[str]:
    """How else a name may be written.

    >>> _spellings("https://id.nlm.nih.gov/mesh/d000690")[0]
    'http://id.nlm.nih.gov/mesh/D000690'
    """
    start, local = iri[: -len(_local(iri)) or None], _local(iri)
    starts = dict.fromkeys([start, start.replace("https://", "http://"), start.replace("http://", "https://")])
    starts |= dict.fromkeys(each.replace("://www.", "://") for each in list(starts))
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
