"""What is said of a node in the graph, as a reader wants it: named fields, codes by their labels, links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import pyoxigraph as ox

from kg.draw.graph import RESULTS, Graph, text_of
from kg.draw.picture import Detail, web
from kg.mapping.plan import LISTED, Role, shipped_plan
from kg.ontology.model import shipped
from kg.ontology.vocabulary import CT, MESH, RDF, RDFS, SKOS

SHORT, LONG = 300, 6000
"""Characters of a text in a picture of many nodes, and in one of a single study."""
LISTED_STUDIES = 40
"""Studies of a node that are listed."""
FEW = 12
"""Values of one property that are listed."""
STUDY = "https://clinicaltrials.gov/study/"
_HALVES = {CT + name for name in ("inclusionCriteria", "exclusionCriteria")}
_BOUNDS = {
    CT + f"{name}Date{end}" for name in ("start", "primaryCompletion", "completion") for end in ("Earliest", "Latest")
}
_HIDDEN = {RDF + "type", RDFS + "label", LISTED, CT + "position", CT + "ofStudy"} | _HALVES | _BOUNDS
"""Properties that say nothing more than what is shown anyway."""
_NAMES = {SKOS + "altLabel": "also written"}


@cache
def _fields() -> dict[str, tuple[int, str]]:
    """Property -> its place in the ontology and its name."""
    names: dict[str, tuple[int, str]] = {}
    for i, (_, _, known) in enumerate(shipped_plan().walk()):
        if known.role is not Role.REFERENCE or known.shape.path not in names:
            names.setdefault(known.shape.path, (i, known.shape.name))
    return names


@cache
def _of_results() -> frozenset[str]:
    """Properties of a study that come from sections which pictures leave out."""
    plan = shipped_plan()
    sections: dict[str, set[str]] = {}
    for path, entity, field in plan.walk():
        if entity is plan.study:
            sections.setdefault(field.shape.path, set()).add(path.split(".")[0])
    return frozenset(name for name, used in sections.items() if used <= set(RESULTS))


@cache
def _codes() -> dict[str, str]:
    return {concept.iri: concept.label for scheme in shipped().schemes.values() for concept in scheme.values()}


def code(iri: str) -> str:
    """The label of a code of the API, or nothing.

    >>> code("https://w3id.org/trialkg/code/PHASE2")
    'Phase 2'
    """
    return _codes().get(iri, "")


def local(iri: str) -> str:
    """The last part of an IRI.

    >>> local("https://w3id.org/trialkg/ontology#startDate"), local("urn:isbn:1")
    ('startDate', 'urn:isbn:1')
    """
    return re.split(r"[/#]", iri.rstrip("/#"))[-1] or iri


def heading(property_: str) -> str:
    """The name of a property: that of the ontology, or the last part of its IRI."""
    return _fields()[property_][1] if property_ in _fields() else _NAMES.get(property_, local(property_))


def address(iri: str) -> str:
    """Where a browser learns of a thing: the registry, MeSH, PubMed, or nowhere."""
    if iri.startswith(MESH):
        return f"https://meshb.nlm.nih.gov/record/ui?ui={iri.removeprefix(MESH)}"
    if iri.startswith(("https://clinicaltrials.gov/", "https://pubmed.ncbi.nlm.nih.gov/")):
        return iri
    return "" if iri.startswith("https://w3id.org/trialkg/") else web(iri)


def facts(graph: Graph, iri: str, most: int = SHORT) -> list[Detail]:
    """The facts of a thing in the order of the ontology; texts have at most so many characters."""
    found: dict[str, list[Detail]] = {}
    for property_, value in sorted(graph.about(iri), key=lambda pair: (pair[0], str(pair[1]))):
        if property_ not in _HIDDEN | _of_results() and (detail := _detail(graph, property_, value, most)):
            found.setdefault(property_, []).append(detail)
    order = sorted(found, key=lambda each: (_fields().get(each, (len(_fields()), ""))[0], each))
    known = [Detail("MeSH identifier", iri.removeprefix(MESH), address(iri))] if iri.startswith(MESH) else []
    return known + [detail for property_ in order for detail in _few(found[property_])]


def _few(details: list[Detail]) -> list[Detail]:
    more = len(details) - FEW
    rest = [Detail(details[0].heading, f"and {more:,} more")] if more > 0 else []
    return details[:FEW] + rest


def _detail(graph: Graph, property_: str, value: Any, most: int) -> Detail | None:
    name = heading(property_)
    if isinstance(value, ox.Literal):
        return Detail(name, shortened(text_of(value), most))
    if not isinstance(value, ox.NamedNode):
        return None
    said = code(value.value) or graph.label(value.value)
    link = address(value.value)
    return Detail(name, shortened(said or value.value, most), link) if said or link else None


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters.

    >>> shortened("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def one(graph: Graph, iri: str, name: str) -> str:
    """The value of a property of ours as text, codes by their labels; of several the first, or nothing."""
    return next(iter(several(graph, iri, name)), "")


def several(graph: Graph, iri: str, name: str) -> list[str]:
    """The values of a property of ours as texts, codes by their labels."""
    return [code(value.value) or text_of(value) for value in graph.values(iri, name if ":" in name else CT + name)]


def study_details(ids: Iterable[str]) -> list[Detail]:
    """A link to each of some studies, given by their numbers."""
    found = sorted(set(ids))
    rest = [Detail("study", f"and {len(found) - LISTED_STUDIES:,} more")] if len(found) > LISTED_STUDIES else []
    return [Detail("study", id_, STUDY + id_) for id_ in found[:LISTED_STUDIES]] + rest
