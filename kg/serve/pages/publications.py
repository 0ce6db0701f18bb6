"""The publications of a study."""

from __future__ import annotations

from dataclasses import dataclass

from kg.draw.citations import short_citation
from kg.ontology.vocabulary import DCTERMS
from kg.serve.links import Code
from kg.serve.nodes import Node

CITATION = DCTERMS + "bibliographicCitation"
ORDER = ("RESULT", "DERIVED", "BACKGROUND")


@dataclass(frozen=True, slots=True)
class Publication:
    """A reference of a study."""

    iri: str
    type: Code
    citation: str
    short: str
    pubmed: str
    doi: str
    retractions: list[str]


def publications_of(study: Node) -> list[Publication]:
    """Return the publications of a study: those of its results first, then in the order of the record."""
    publications = [_publication(node) for node in study.parts("reference")]
    rank = {value: i for i, value in enumerate(ORDER)}
    return sorted(publications, key=lambda item: rank.get(item.type.value, len(rank)))


def _publication(node: Node) -> Publication:
    citation = node.text(CITATION)
    return Publication(
        node.iri,
        Code.of(node, "referenceType"),
        citation,
        short_citation(citation) if citation else "Publication",
        node.raw("pubmed"),
        node.raw("doi"),
        [part.text(CITATION) or part.raw("pubmed") for part in node.parts("retraction")],
    )
