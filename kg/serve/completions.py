"""Completions for the editor: the classes, properties and codes of the ontology, with their labels and definitions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson

from kg.ontology.model import shipped
from kg.ontology.vocabulary import CODE, RDF, RDFS, SKOS
from kg.query.engine import PREFIXES

_COMMON = {
    RDF + "type": ("type", "The class of a resource; the keyword a is short for it."),
    RDFS + "label": ("label", "The name or title of a resource."),
    SKOS + "prefLabel": ("preferred label", "The label of a code."),
    SKOS + "altLabel": ("other label", "Another spelling of a name."),
}


@cache
def completions() -> bytes:
    """Return the completions as JSON: prefixes, and terms with their kind, label and definition."""
    prefixes = {"wgs": shipped().prefixes["wgs"], **shipped().prefixes, **PREFIXES}
    terms = [item for item in _terms(prefixes) if item["label"]]
    return orjson.dumps({"prefixes": prefixes, "known": [*PREFIXES], "terms": terms})


def _terms(prefixes: dict[str, str]) -> Iterator[dict[str, Any]]:
    properties: dict[str, tuple[str, str]] = dict(_COMMON)
    for iri, shape in shipped().shapes.items():
        if shape.is_class:
            yield _term(prefixes, iri, "class", shape.label, shape.definition)
        for field in shape.properties:
            properties.setdefault(field.path, (field.name, field.description))
    for iri, (name, description) in properties.items():
        yield _term(prefixes, iri, "property", name, description)
    codes = {concept.iri: concept for scheme in shipped().schemes.values() for concept in scheme.values()}
    for iri, concept in codes.items():
        if iri.startswith(CODE):
            yield _term(prefixes, iri, "code", concept.label, concept.definition)


def _term(prefixes: dict[str, str], iri: str, kind: str, name: str, definition: str) -> dict[str, Any]:
    return {"label": prefixed(prefixes, iri), "kind": kind, "name": name, "info": definition}


def prefixed(prefixes: dict[str, str], iri: str) -> str:
    """Return the prefixed name of an IRI, or an empty string if no prefix fits."""
    fitting = [(len(namespace), name) for name, namespace in prefixes.items() if iri.startswith(namespace)]
    if not fitting:
        return ""
    length, name = max(fitting)
    return f"{name}:{iri[length:]}"
