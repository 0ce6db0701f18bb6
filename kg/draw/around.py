"""What is around something: a study, a MeSH term, an organization or a publication, some steps far."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from kg.draw import LIMIT
from kg.draw.facts import STUDY
from kg.draw.graph import Graph, Row, text_of
from kg.draw.picture import Picture
from kg.draw.views import ends, sized_by_studies
from kg.errors import UsageError
from kg.ontology.vocabulary import CT, DCTERMS, MESH

OFFERED = 5
CITED = "cited publication"
PUBMED, CITATION = CT + "pubmed", DCTERMS + "bibliographicCitation"
LINKS = {
    "conditionMesh": ("Condition", "condition"),
    "interventionMesh": ("Intervention", "intervention"),
    "leadSponsor": ("Organization", "lead sponsor"),
    "collaborator": ("Organization", "collaborator"),
}
"""Properties of a study that are followed: the kind of what they lead to, and what the link is called."""


def around(graph: Graph, text: str, depth: int, limit: int = LIMIT) -> Picture:
    """The picture of what is within so many links of something; on its way it passes studies, terms, organizations and
    publications, but no countries and codes, which everything is near to.

    Raises :class:`~kg.errors.UsageError` where nothing in the graph is called so.
    """
    middle = found(graph, text)
    picture = Picture("", f"What is within {depth} link{'s' if depth > 1 else ''}")
    picture.centre = middle
    border, seen, edges = [middle], {middle}, set()
    for step in range(depth):
        reached: dict[str, None] = {}
        for i, id_ in enumerate(border):
            if len(picture.nodes) > 4 * limit:
                picture.notes.append(
                    f"{len(border) - i:,} nodes of step {step + 1} were not followed: there are too many."
                )
                break
            for row in links(graph, id_):
                if (key := (row["source"], row["target"], row["label"])) not in edges:
                    edges.add(key)
                    ends(picture, row)
                reached |= dict.fromkeys((row["source"], row["target"]))
        border = [id_ for id_ in reached if id_ not in seen]
        seen.update(border)
    if middle not in picture.nodes:
        raise UsageError(f"{text} is in the input, and linked to nothing that a picture shows.")
    sized_by_studies(picture)
    picture.title = f"Around {picture.nodes[middle].label}"
    return picture


def found(graph: Graph, text: str) -> str:
    """The IRI of what a text names: an NCT number, a MeSH identifier, an IRI, a label, or a part of a label."""
    wanted = text.strip()
    if re.fullmatch(r"NCT\d{8}", wanted, re.IGNORECASE):
        return _known(graph, STUDY + wanted.upper(), text)
    if re.fullmatch(r"[DC]\d{6,9}", wanted):
        return _known(graph, MESH + wanted, text)
    if "://" in wanted:
        return _known(graph, wanted, text)
    rows = list(graph.named("find"))
    same = [row["node"] for row in rows if row["label"].casefold() == wanted.casefold()]
    alike = [row for row in rows if wanted and wanted.casefold() in row["label"].casefold()]
    if same or len(alike) == 1:
        return (same or [alike[0]["node"]])[0]
    if alike:
        names = ", ".join(f'"{row["label"]}"' for row in alike[:OFFERED])
        raise UsageError(f'"{text}" is in {len(alike):,} labels, and is none itself; name one, such as {names}.')
    raise UsageError(f'Nothing in the input is called "{text}": no condition, intervention or organization.')


def _known(graph: Graph, iri: str, text: str) -> str:
    if not any(True for _ in graph.about(iri)) and not any(True for _ in links(graph, iri)):
        raise UsageError(f"{text} is not in the input.")
    return iri


def links(graph: Graph, iri: str) -> Iterator[Row]:
    """What a study, a term, an organization or a publication is linked to; asked without SPARQL, for speed."""
    for property_, (kind, label) in LINKS.items():
        for study, target in _pairs(graph, iri, CT + property_):
            yield _row(graph, study, target, kind, label, graph.label(target))
    for reference in [value.value for value in graph.values(iri, CT + "reference")] + graph.subjects(PUBMED, iri):
        for study, paper in itertools.product(graph.subjects(CT + "reference", reference), _papers(graph, reference)):
            citation = graph.values(reference, CITATION)
            yield _row(graph, study, paper, "Publication", CITED, text_of(citation[0]) if citation else paper)


def _pairs(graph: Graph, iri: str, property_: str) -> Iterator[tuple[str, str]]:
    yield from ((iri, value.value) for value in graph.values(iri, property_))
    yield from ((study, iri) for study in graph.subjects(property_, iri))


def _papers(graph: Graph, reference: str) -> list[str]:
    return [value.value for value in graph.values(reference, PUBMED)]


def _row(graph: Graph, study: str, target: str, kind: str, label: str, name: str) -> Row:
    title, number = graph.label(study), study.removeprefix(STUDY)
    row = {"source": study, "sourceLabel": title, "sourceKind": "Study", "studies": number}
    row |= {"target": target, "targetLabel": name, "targetKind": kind, "label": label}
    return row | {"back": f"as {label}" if label != CITED else "cites it"}
