"""The view of the neighbourhood of a study, a MeSH term, an organization or a publication."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from kg.draw import DEFAULT_LIMIT
from kg.draw.graph import QueryableGraph, Row, term_text
from kg.draw.picture import Picture
from kg.draw.views import add_edge, size_by_studies
from kg.errors import UsageError
from kg.ontology.vocabulary import CT, DCTERMS, MESH, STUDY

MAX_SUGGESTIONS = 5
CITED = "cited publication"
PUBMED, CITATION = CT + "pubmed", DCTERMS + "bibliographicCitation"
LINKS = {
    "conditionMesh": ("Condition", "condition"),
    "interventionMesh": ("Intervention", "intervention"),
    "leadSponsor": ("Organization", "lead sponsor"),
    "collaborator": ("Organization", "collaborator"),
}
"""Properties of a study that are followed: the kind of their values, and the label of the link."""


def neighbourhood(graph: QueryableGraph, text: str, depth: int, limit: int = DEFAULT_LIMIT) -> Picture:
    """Return the picture of the nodes within ``depth`` links of the node that ``text`` names.

    Links lead through studies, terms, organizations and publications, but not through countries and codes, which are
    near everything.

    Raises :class:`~kg.errors.UsageError` if the text names no node of the graph.
    """
    centre = find_node(graph, text)
    picture = Picture("", f"Everything within {depth} link{'s' if depth > 1 else ''}")
    picture.centre = centre
    border, seen, edges = [centre], {centre}, set()
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
                    add_edge(picture, row)
                reached |= dict.fromkeys((row["source"], row["target"]))
        border = [id_ for id_ in reached if id_ not in seen]
        seen.update(border)
    if centre not in picture.nodes:
        raise UsageError(f"{text} is in the input, but it has no links that a picture shows.")
    size_by_studies(picture)
    picture.title = f"Around {picture.nodes[centre].label}"
    return picture


def find_node(graph: QueryableGraph, text: str) -> str:
    """Return the IRI for an NCT number, a MeSH identifier, an IRI, a label, or a part of a label."""
    name = text.strip()
    if re.fullmatch(r"NCT\d{8}", name, re.IGNORECASE):
        return _check_node(graph, STUDY + name.upper(), text)
    if re.fullmatch(r"[DC]\d{6,9}", name):
        return _check_node(graph, MESH + name, text)
    if "://" in name:
        return _check_node(graph, name, text)
    rows = list(graph.select_named("find"))
    exact = [row["node"] for row in rows if row["label"].casefold() == name.casefold()]
    partial = [row for row in rows if name and name.casefold() in row["label"].casefold()]
    if exact or len(partial) == 1:
        return (exact or [partial[0]["node"]])[0]
    if partial:
        names = ", ".join(f'"{row["label"]}"' for row in partial[:MAX_SUGGESTIONS])
        raise UsageError(f'"{text}" is part of {len(partial):,} labels; choose one, such as {names}.')
    raise UsageError(f'Nothing in the input is called "{text}": no condition, intervention or organization.')


def _check_node(graph: QueryableGraph, iri: str, text: str) -> str:
    if not any(True for _ in graph.properties(iri)) and not any(True for _ in links(graph, iri)):
        raise UsageError(f"{text} is not in the input.")
    return iri


def links(graph: QueryableGraph, iri: str) -> Iterator[Row]:
    """Yield the links of a study, a term, an organization or a publication; without SPARQL, for speed."""
    for name, (kind, label) in LINKS.items():
        for study, target in _pairs(graph, iri, CT + name):
            yield _row(graph, study, target, kind, label, graph.label(target))
    for reference in [value.value for value in graph.values(iri, CT + "reference")] + graph.subjects(PUBMED, iri):
        papers = [value.value for value in graph.values(reference, PUBMED)]
        for study, paper in itertools.product(graph.subjects(CT + "reference", reference), papers):
            citation = graph.values(reference, CITATION)
            yield _row(graph, study, paper, "Publication", CITED, term_text(citation[0]) if citation else paper)


def _pairs(graph: QueryableGraph, iri: str, property_: str) -> Iterator[tuple[str, str]]:
    yield from ((iri, value.value) for value in graph.values(iri, property_))
    yield from ((study, iri) for study in graph.subjects(property_, iri))


def _row(graph: QueryableGraph, study: str, target: str, kind: str, label: str, name: str) -> Row:
    title, number = graph.label(study), study.removeprefix(STUDY)
    row = {"source": study, "sourceLabel": title, "sourceKind": "Study", "studies": number}
    row |= {"target": target, "targetLabel": name, "targetKind": kind, "label": label}
    return row | {"back": f"as {label}" if label != CITED else "cites it"}
