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


def study_triples(store: ox.Store, iris: Iterable[str]) -> Iterator[ox.Triple]:
    """Yield statements about studies, and the labels of the terms and organizations that they refer to."""
    labelled: set[ox.NamedNode] = set()
    for iri in iris:
        for predicate in _PREDICATES:
            for triple in _triples(store, ox.NamedNode(iri), predicate):
                yield triple
                if predicate in _LABELLED and isinstance(triple.object, ox.NamedNode):
                    labelled.add(triple.object)
    for resource in sorted(labelled, key=str):
        yield from _triples(store, resource, _LABEL)


def _triples(store: ox.Store, subject: ox.NamedNode, predicate: ox.NamedNode) -> list[ox.Triple]:
    """Return the statements of all graphs, without repetition, in a fixed order."""
    return sorted({quad.triple for quad in store.quads_for_pattern(subject, predicate, None, None)}, key=str)
