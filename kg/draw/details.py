"""Details of a node: its properties in the graph by name, codes by their labels, and links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import pyoxigraph as ox

from kg.draw import RESULTS
from kg.draw.graph import QueryableGraph, term_text
from kg.draw.picture import Detail, web_url
from kg.mapping.plan import LISTED, Role, shipped_plan
from kg.ontology.model import shipped
from kg.ontology.vocabulary import BASE, CLINICAL_TRIALS, CT, MESH, PUBMED, RDF, RDFS, SKOS, STUDY

SHORT, LONG = 300, 20_000
"""Maximum length of a text in a picture of many nodes, and in one of a single study."""
MAX_STUDIES = 40
"""Maximum number of studies listed per node."""
MAX_VALUES = 12
"""Maximum number of values listed per property."""
_CRITERIA = {CT + name for name in ("inclusionCriteria", "exclusionCriteria")}
_DATE_BOUNDS = {
    CT + f"{name}Date{end}" for name in ("start", "primaryCompletion", "completion") for end in ("Earliest", "Latest")
}
_HIDDEN = {RDF + "type", RDFS + "label", LISTED, CT + "position", CT + "ofStudy"} | _CRITERIA | _DATE_BOUNDS
"""Properties that repeat what is shown elsewhere."""
_NAMES = {SKOS + "altLabel": "also written"}


@cache
def _properties() -> dict[str, tuple[int, str]]:
    """Return the position in the ontology and the name of each property."""
    properties: dict[str, tuple[int, str]] = {}
    for i, (_, _, field) in enumerate(shipped_plan().walk()):
        if field.role is not Role.REFERENCE or field.shape.path not in properties:
            properties.setdefault(field.shape.path, (i, field.shape.name))
    return properties


@cache
def _result_properties() -> frozenset[str]:
    """Return the properties of a study that only occur in sections that pictures leave out."""
    plan = shipped_plan()
    sections: dict[str, set[str]] = {}
    for path, entity, field in plan.walk():
        if entity is plan.study:
            sections.setdefault(field.shape.path, set()).add(path.split(".")[0])
    return frozenset(name for name, used in sections.items() if used <= set(RESULTS))


@cache
def _codes() -> dict[str, str]:
    return {concept.iri: concept.label for scheme in shipped().schemes.values() for concept in scheme.values()}


def code_label(iri: str) -> str:
    """Return the label of a code of the API, or an empty string.

    >>> code_label("https://w3id.org/trialkg/code/PHASE2")
    'Phase 2'
    """
    return _codes().get(iri, "")


def local_name(iri: str) -> str:
    """Return the last part of an IRI.

    >>> local_name("https://w3id.org/trialkg/ontology#startDate"), local_name("urn:isbn:1")
    ('startDate', 'urn:isbn:1')
    """
    return re.split(r"[/#]", iri.rstrip("/#"))[-1] or iri


def property_name(iri: str) -> str:
    """Return the name of a property: its name in the ontology, or the last part of its IRI."""
    return _properties()[iri][1] if iri in _properties() else _NAMES.get(iri, local_name(iri))


def page_url(iri: str) -> str:
    """Return the URL of the page about a node in the registry, MeSH or PubMed, or an empty string."""
    if iri.startswith(MESH):
        return f"https://meshb.nlm.nih.gov/record/ui?ui={iri.removeprefix(MESH)}"
    if iri.startswith((CLINICAL_TRIALS, PUBMED)):
        return iri
    return "" if iri.startswith(BASE) else web_url(iri)


def node_details(graph: QueryableGraph, iri: str, max_length: int = SHORT) -> list[Detail]:
    """Return the details of a node in the order of the ontology."""
    by_property: dict[str, list[Detail]] = {}
    for property_, value in sorted(graph.properties(iri), key=lambda pair: (pair[0], str(pair[1]))):
        if property_ not in _HIDDEN | _result_properties() and (detail := _detail(graph, property_, value, max_length)):
            by_property.setdefault(property_, []).append(detail)
    last = (len(_properties()), "")
    order = sorted(by_property, key=lambda name: (_properties().get(name, last)[0], name))
    identifier = [Detail("MeSH identifier", iri.removeprefix(MESH), page_url(iri))] if iri.startswith(MESH) else []
    return identifier + [detail for property_ in order for detail in _limit_values(by_property[property_])]


def _limit_values(details: list[Detail]) -> list[Detail]:
    more = len(details) - MAX_VALUES
    rest = [Detail(details[0].heading, f"and {more:,} more")] if more > 0 else []
    return details[:MAX_VALUES] + rest


def _detail(graph: QueryableGraph, property_: str, value: Any, max_length: int) -> Detail | None:
    name = property_name(property_)
    if isinstance(value, ox.Literal):
        return Detail(name, shorten(term_text(value), max_length))
    if not isinstance(value, ox.NamedNode):
        return None
    label = code_label(value.value) or graph.label(value.value)
    link = page_url(value.value)
    return Detail(name, shorten(label or value.value, max_length), link) if label or link else None


def shorten(text: str, max_length: int) -> str:
    """Return a text shortened to a maximum number of characters.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def value_text(graph: QueryableGraph, iri: str, name: str) -> str:
    """Return the first value of a property as text, codes by their labels, or an empty string."""
    return next(iter(value_texts(graph, iri, name)), "")


def value_texts(graph: QueryableGraph, iri: str, name: str) -> list[str]:
    """Return the values of a property as texts, codes by their labels; ``name`` is an IRI or a name in ``ct:``."""
    property_ = name if ":" in name else CT + name
    return [code_label(value.value) or term_text(value) for value in graph.values(iri, property_)]


def study_links(ids: Iterable[str]) -> list[Detail]:
    """Return links to studies by their NCT numbers."""
    numbers = sorted(set(ids))
    more = len(numbers) - MAX_STUDIES
    rest = [Detail("study", f"and {more:,} more")] if more > 0 else []
    return [Detail("study", number, STUDY + number) for number in numbers[:MAX_STUDIES]] + rest
