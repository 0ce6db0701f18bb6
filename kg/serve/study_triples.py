"""The main statements about studies, for downloads of lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from kg.ontology.vocabulary import CT, DCTERMS, RDF, RDFS

PROPERTIES = (
    *(RDF + "type", RDFS + "label", DCTERMS + "identifier"),
    *(CT + name for name in ("acronym", "overallStatus", "phase", "studyType", "condition", "conditionMesh")),
    *(CT + name for name in ("interventionMesh", "leadSponsor", "collaborator", "startDate", "startYear")),
    *(CT + name for name in ("completionDate", "enrollmentCount", "sex", "standardAge", "hasResults")),
    *(CT + name for name in ("minimumAgeYears", "maximumAgeYears", "lastUpdatePostDate")),
)
"""The properties of studies in a download."""
_PREDICATES = tuple(map(ox.NamedNode, PROPERTIES))
_LABEL = ox.NamedNode(RDFS + "label")
_LABELLED = {ox.NamedNode(CT + name) for name in ("conditionMesh", "interventionMesh", "leadSponsor", "collaborator")}


def study_triples(store: ox.Store, iris: Iterable[str], labelled: set[ox.NamedNode]) -> Iterator[ox.Triple]:
    """Yield statements about studies; the terms and organizations that they refer to are added to ``labelled``."""
    for iri in iris:
        for predicate in _PREDICATES:
            for triple in _triples(store, ox.NamedNode(iri), predicate):
                yield triple
                if predicate in _LABELLED and isinstance(triple.object, ox.NamedNode):
                    labelled.add(triple.object)


def labels_of(store: ox.Store, resources: Iterable[ox.NamedNode]) -> Iterator[ox.Triple]:
    """Yield the labels of resources, sorted by IRI."""
    for resource in sorted(resources, key=str):
        yield from _triples(store, resource, _LABEL)


def _triples(store: ox.Store, subject: ox.NamedNode, predicate: ox.NamedNode) -> list[ox.Triple]:
    """Return the statements of all graphs, without repetition, in a fixed order."""
    return sorted({quad.triple for quad in store.quads_for_pattern(subject, predicate, None, None)}, key=str)
