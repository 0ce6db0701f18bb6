"""The term of the ontology nearest to an unknown name: a typo, a field of the API, a label or a synonym."""

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
_FILLERS = frozenset(("study", "trial", "module", "section"))
"""Words that say nothing more: the properties are those of studies, the fields those of modules."""


class Property(NamedTuple):
    """A property with its names in the records and in the ontology."""

    iri: str
    of_study: bool
    path: tuple[str, ...]
    """The keys of the path of its JSON field."""
    keys: frozenset[str]
    """Names of the field: its key, the key of its object, and both joined; in lower case."""
    names: tuple[str, ...]
    """Its name, its label, the end of its path, and its other labels."""
    head: str
    """The noun at the beginning of its definition."""


@cache
def ontology_terms() -> dict[str, str]:
    """Return the terms of the ontology and the codes with their labels."""
    ontology = shipped()
    labels: dict[str, str] = {}
    for iri, shape in ontology.shapes.items():
        labels[iri] = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", local_name(iri)).lower() if "#" in iri else ""
        for field in shape.properties:
            labels.setdefault(field.path, field.name if field.path.startswith(CT) else local_name(field.path))
    for scheme in ontology.schemes.values():
        labels |= {concept.iri: concept.label for concept in scheme.values()}
    return labels


def local_name(iri: str) -> str:
    """Return the last part of an IRI."""
    return re.split(r"[#/]", iri)[-1]


def plain_name(iri: str) -> str:
    """Return the last part of an IRI in lower case, without spaces, underscores and hyphens.

    >>> plain_name("https://w3id.org/trialkg/code/NOT_YET_RECRUITING")
    'notyetrecruiting'
    """
    return re.sub(r"[ _-]", "", local_name(iri)).lower()


def words(name: str) -> frozenset[str]:
    """Return the words of a name or a text in the singular.

    >>> sorted(words("conditionMESH_ancestors"))
    ['ancestor', 'condition', 'mesh']
    """
    return frozenset(_singular(word.lower()) for word in _WORDS.findall(name))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _is_searchable(field: Field) -> bool:
    """Return whether a field is a property of the ontology, or one of another vocabulary that is not derived."""
    return field.shape.path.startswith(CT) or not field.is_derived


@cache
def properties() -> list[Property]:
    """Return the properties of the plan."""
    plan = shipped_plan()
    fields = ((path, entity, field) for path, entity, field in plan.walk() if path and _is_searchable(field))
    walk = ((path.replace("[]", "").split("."), entity, field) for path, entity, field in fields)
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
        frozenset(map(plain_name, (own[-1], own[0], "".join(own[-2:])))),
        (
            local_name(field.shape.path),
            field.shape.name,
            " ".join(path[-2:]),
            path[-1],
            *shipped().other_names.get(field.shape.path, ()),
        ),
        _singular(head[1].lower()) if head else "",
    )


def nearest_term(iri: str, *, is_class: bool = False) -> str | None:
    """Return the term of the ontology nearest to an IRI, or ``None``; ``is_class`` if a query uses it as a class.

    >>> [local_name(nearest_term(CT + name)) for name in ("phaze", "Phase2", "enrollment", "briefTitle", "site")]
    ['phase', 'PHASE2', 'enrollmentCount', 'label', 'location']
    >>> local_name(nearest_term(CT + "site", is_class=True))
    'Location'
    """
    if iri in ontology_terms():
        return None
    alike = [term for term in ontology_terms() if term.startswith(CODE) == iri.startswith(CODE)]
    own, other = _by_plain_name(alike), _by_plain_name(term for term in ontology_terms() if term not in alike)
    name, local = plain_name(iri), local_name(iri)
    is_property = iri.startswith(CT) and local[:1].islower() and not is_class
    for spelling in (name, _singular(name)):
        if spelling in own and not (is_property and _is_class(own[spelling])):
            return own[spelling]
    if is_class and (match := _class(local)):
        return match
    if name in other and not is_property:
        return other[name]
    if (is_property or (iri.startswith(CT) and len(words(local)) > 1)) and (match := _matching_property(local)):
        return match
    return own.get(name) or _nearest(name, own) or _nearest(name, other) if iri.startswith((CT, CODE)) else None


def _is_class(iri: str) -> bool:
    """Return whether a term is a class of the ontology, by its name."""
    return iri.startswith(CT) and local_name(iri)[:1].isupper()


def _class(name: str) -> str | None:
    """Return the class with a name as a label."""
    others = shipped().other_names.items()
    return next((iri for iri, names in others if _is_class(iri) and words(name) in map(words, names)), None)


def _matching_property(name: str) -> str | None:
    """Return the property with a JSON path or a name, if need be without words that say nothing more."""
    if "." in name:
        return _of_path(name.split("."))
    brief = "".join(word.title() for word in _WORDS.findall(name) if _singular(word.lower()) not in _FILLERS)
    if name.endswith(("Module", "Section")):
        return (_of_name(brief) if name.endswith("Module") else None) or _of_path([name])
    return _of_name(name) or (_of_name(brief) if brief else None)


def _of_name(name: str) -> str | None:
    """Return the property of a field of the API with a name, or with its words in a name, label, path or definition."""
    of_study = [property_ for property_ in properties() if property_.of_study]
    others = [property_ for property_ in properties() if not property_.of_study]
    return (
        _of_synonym(name)
        or _of_key(name, of_study)
        or _of_words(name, of_study, 1)
        or _of_definition(name, of_study)
        or _of_key(name, others)
        or _of_words(name, others, 1)
        or _of_words(name, properties(), 2)
    )


def _of_synonym(name: str) -> str | None:
    """Return the property with a name as its label, or as one of its other labels."""
    wanted = words(name)
    ranked = sorted(properties(), key=lambda property_: not property_.of_study)
    labelled = ((property_.iri, (property_.names[1], *property_.names[4:])) for property_ in ranked)
    return next((iri for iri, labels in labelled if iri.startswith(CT) and wanted in map(words, labels)), None)


def _of_path(keys: list[str]) -> str | None:
    """Return the property of the JSON path with some keys in a row, and the fewest after them.

    >>> local_name(_of_path(["statusModule", "startDateStruct"]))
    'startDate'
    """
    wanted = [key.lower() for key in keys]
    ends = {
        property_.iri: len(property_.path) - at - len(wanted)
        for property_ in reversed(properties())
        for at in range(len(property_.path))
        if [key.lower() for key in property_.path[at : at + len(wanted)]] == wanted
    }
    return min(reversed(ends), key=ends.__getitem__, default=None)


def _of_key(name: str, candidates: list[Property]) -> str | None:
    """Return the property of the JSON field with a name that is nearest to the root, if only one is."""
    matches = [property_ for property_ in candidates if plain_name(name) in property_.keys]
    depth = min((len(property_.path) for property_ in matches), default=0)
    nearest = {property_.iri for property_ in matches if len(property_.path) == depth}
    return nearest.pop() if len(nearest) == 1 else None


def _of_words(name: str, candidates: list[Property], most: int) -> str | None:
    """Return the property whose name has all words of a name and the fewest others, at most ``most``.

    Among several, names that end in the words and short names are preferred.
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
    """Return the position of the last word of a name."""
    return max((match.start() for match in _WORDS.finditer(called)), default=0)


def _of_definition(name: str, candidates: list[Property]) -> str | None:
    """Return the property whose definition begins with a noun: a location is *a site* of the study."""
    wanted = words(name)
    return next((property_.iri for property_ in candidates if {property_.head} == wanted), None)


def _by_plain_name(terms: Iterable[str]) -> dict[str, str]:
    return {plain_name(term): term for term in reversed([*terms])}


def _nearest(name: str, terms: dict[str, str]) -> str | None:
    """Return the term with a similar name, or the only one that begins with the name or is its beginning."""
    close = difflib.get_close_matches(name, terms, n=1, cutoff=0.75)
    extensions = [other for other in terms if _begins(name, other)]
    return terms[close[0]] if close else terms[extensions[0]] if len(extensions) == 1 else None


def _begins(name: str, other: str) -> bool:
    return len(name) > 3 and (other.startswith(name) or (name.startswith(other) and len(other) > 3))
