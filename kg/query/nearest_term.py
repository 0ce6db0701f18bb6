"""The term of the ontology that a name may be meant for: a slip of the pen, a field of the API, a word of a label."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from kg.mapping.plan import Field, shipped_plan
from kg.ontology.model import shipped
from kg.ontology.vocabulary import CODE, CT, RDF

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_HEAD = re.compile(r"(?:An?|The) (\w+)")


class Property(NamedTuple):
    """A property as the records and the ontology call it."""

    iri: str
    of_study: bool
    path: tuple[str, ...]
    """The keys of its JSON field."""
    keys: frozenset[str]
    """What the field may be called: its key, that of the object it is in, and both; without capitals."""
    names: tuple[str, ...]
    """Its name, its label, and the end of its path."""
    head: str
    """The noun with which its definition begins."""


@cache
def terms() -> dict[str, str]:
    """The terms of the ontology and the codes, with their labels."""
    ontology = shipped()
    labels: dict[str, str] = {}
    for iri, shape in ontology.shapes.items():
        labels[iri] = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", local(iri)).lower() if "#" in iri else ""
        for field in shape.properties:
            labels.setdefault(field.path, field.name if field.path.startswith(CT) else local(field.path))
    for scheme in ontology.schemes.values():
        labels |= {concept.iri: concept.label for concept in scheme.values()}
    return labels


def local(iri: str) -> str:
    """The last part of an IRI."""
    return re.split(r"[#/]", iri)[-1]


def plain(iri: str) -> str:
    """The last part of a name without what is often written otherwise: capitals, underscores, hyphens.

    >>> plain("https://w3id.org/trialkg/code/NOT_YET_RECRUITING")
    'notyetrecruiting'
    """
    return re.sub(r"[_-]", "", local(iri)).lower()


def words(name: str) -> frozenset[str]:
    """The words of a name or a text, in the singular.

    >>> sorted(words("conditionMESH_ancestors"))
    ['ancestor', 'condition', 'mesh']
    """
    return frozenset(_singular(word.lower()) for word in _WORDS.findall(name))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _is_ours(field: Field) -> bool:
    """Whether a field is a property that users look for, and no term of others that follows from it."""
    return field.shape.path.startswith(CT) or not field.is_derived


@cache
def properties() -> list[Property]:
    """The properties of the plan."""
    plan = shipped_plan()
    found = ((path, entity, field) for path, entity, field in plan.walk() if path and _is_ours(field))
    walk = ((path.replace("[]", "").split("."), entity, field) for path, entity, field in found)
    return [
        _property(path, field, entity.shape.iri == plan.study.shape.iri)
        for path, entity, field in walk
        if field.shape.path != RDF + "type"
    ]


def _property(path: list[str], field: Field, of_study: bool) -> Property:
    own = list(field.keys) or path[-1:]
    head = _HEAD.match(field.shape.description)
    return Property(
        field.shape.path,
        of_study,
        tuple(path),
        frozenset(map(plain, (own[-1], own[0], "".join(own[-2:])))),
        (local(field.shape.path), field.shape.name, " ".join(path[-2:])),
        _singular(head[1].lower()) if head else "",
    )


def near(iri: str) -> str | None:
    """The term of the ontology that a name may be meant for.

    >>> [local(near(CT + name)) for name in ("phaze", "Phase2", "enrollment", "briefTitle", "site")]
    ['phase', 'PHASE2', 'enrollmentCount', 'label', 'location']
    """
    if iri in terms():
        return None
    alike = [term for term in terms() if term.startswith(CODE) == iri.startswith(CODE)]
    own, other = _by_plain_name(alike), _by_plain_name(term for term in terms() if term not in alike)
    name = plain(iri)
    if name in own:
        return own[name]
    is_property = iri.startswith(CT) and local(iri)[:1].islower()
    if name in other and not is_property:
        return other[name]
    if (is_property or (iri.startswith(CT) and len(words(local(iri))) > 1)) and (meant := _meant(local(iri))):
        return meant
    return _nearest(name, own) or _nearest(name, other) if iri.startswith((CT, CODE)) else None


def _meant(name: str) -> str | None:
    """The property that the API calls so, or whose name, label, path or definition has these words."""
    of_study = [property_ for property_ in properties() if property_.of_study]
    others = [property_ for property_ in properties() if not property_.of_study]
    return (
        _of_key(name, of_study)
        or _of_words(name, of_study, 1)
        or _of_definition(name, of_study)
        or _of_key(name, others)
        or _of_words(name, others, 1)
        or _of_words(name, properties(), 2)
    )


def _of_key(name: str, candidates: list[Property]) -> str | None:
    """The property of the JSON field with a name that is nearest to the top, where there is one."""
    fitting = [property_ for property_ in candidates if plain(name) in property_.keys]
    top = min((len(property_.path) for property_ in fitting), default=0)
    meant = {property_.iri for property_ in fitting if len(property_.path) == top}
    return meant.pop() if len(meant) == 1 else None


def _of_words(name: str, candidates: list[Property], most: int) -> str | None:
    """The property that is called by all the words of a name and the fewest others, at ``most`` so many.

    Of several it is one that ends in the words, and whose own name is short.
    """
    wanted = words(name)
    ranks = [
        (len(words(called) - wanted), not words(called[_last(called) :]) & wanted, len(words(property_.names[0])), i)
        for i, property_ in enumerate(candidates)
        for called in property_.names
        if wanted and called and wanted <= words(called)
    ]
    extra, _, _, i = min(ranks, default=(most + 1, False, 0, 0))
    return candidates[i].iri if extra <= most else None


def _last(called: str) -> int:
    """Where the last word of a name begins."""
    return max((match.start() for match in _WORDS.finditer(called)), default=0)


def _of_definition(name: str, candidates: list[Property]) -> str | None:
    """The property whose definition begins with a word: a location is *a site* of the study."""
    wanted = words(name)
    return next((property_.iri for property_ in candidates if {property_.head} == wanted), None)


def _by_plain_name(terms: Iterable[str]) -> dict[str, str]:
    return {plain(term): term for term in reversed([*terms])}


def _nearest(name: str, terms: dict[str, str]) -> str | None:
    """The term whose name is close to another, or the only one that begins as it does."""
    close = difflib.get_close_matches(name, terms, n=1, cutoff=0.75)
    begun = [other for other in terms if _begins(name, other)]
    return terms[close[0]] if close else terms[begun[0]] if len(begun) == 1 else None


def _begins(name: str, other: str) -> bool:
    return len(name) > 3 and (other.startswith(name) or (name.startswith(other) and len(other) > 3))
