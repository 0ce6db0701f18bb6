"""The views of a whole graph: conditions and interventions, sponsors, sites, MeSH terms, and publications."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from kg.draw import mesh_tree
from kg.draw.citations import short_citation
from kg.draw.details import node_details, page_url
from kg.draw.graph import QueryableGraph, Row, query_header, query_text
from kg.draw.picture import Detail, Edge, Node, Picture, web_url
from kg.draw.sites_view import sites
from kg.draw.study_counts import ORGANIZATIONS, count_studies
from kg.ontology.vocabulary import CLINICAL_TRIALS

View = Callable[[QueryableGraph], Picture]


def add_edge(picture: Picture, row: Row) -> None:
    """Add the edge of a row and the nodes at its ends."""
    studies = sorted(set(row.get("studies", "").split()))
    for end in ("source", "target"):
        iri = row[end]
        name = row.get(f"{end}Label") or iri
        label = short_citation(name) if row.get(f"{end}Kind") == "Publication" else name
        node = picture.add(Node(iri, row.get(f"{end}Kind", "Thing"), label, 0.0, page_url(iri)))
        if label != name:
            node.details = node.details or [Detail("citation", name, node.link)]
    weight = float(row.get("weight", 1))
    edge = Edge(row["source"], row["target"], row.get("label", ""), weight, studies, back=row.get("back", ""))
    picture.edges.append(edge)


def _network(graph: QueryableGraph, name: str) -> Picture:
    text = query_text(name)
    picture = Picture(query_header(text)["summary"], query_header(text)["description"])
    for row in sorted(graph.select(text), key=lambda row: (row["source"], row["target"])):
        add_edge(picture, row)
    size_by_studies(picture)
    return picture


def size_by_studies(picture: Picture) -> None:
    """Set the size of each node to the number of distinct studies of its edges."""
    studies: dict[str, set[str]] = {id_: set() for id_ in picture.nodes}
    for edge in picture.edges:
        studies[edge.source].update(edge.studies)
        studies[edge.target].update(edge.studies)
    for id_, node in picture.nodes.items():
        node.size = float(max(len(studies[id_]), 1))


def add_details(graph: QueryableGraph, picture: Picture, *, sized: bool, broad: bool) -> None:
    """Add the details of each node and its number of studies, which with ``sized`` becomes its size.

    ``broad`` is as in :func:`~kg.draw.study_counts.count_studies`.
    """
    for node in picture.nodes.values():
        number, text = count_studies(graph, node, broad=broad)
        node.count = node.count or text
        if sized and number:
            node.size = float(number)
        if "://" in node.id:
            node.details += node_details(graph, node.id)
        if node.kind in ORGANIZATIONS:
            link = web_url(f"{CLINICAL_TRIALS}search?spons={quote(node.label, safe='')}")
            node.details.append(Detail("registry", "studies of this organization", link))


def conditions_interventions(graph: QueryableGraph) -> Picture:
    """Return the MeSH terms of conditions and interventions that occur in the same studies."""
    picture = _network(graph, "conditions-interventions")
    _note_coverage(graph, picture, "have MeSH terms for both a condition and an intervention")
    return picture


def sponsors(graph: QueryableGraph) -> Picture:
    """Return the organizations that have studies together."""
    picture = _network(graph, "sponsors")
    _note_coverage(graph, picture, "have a collaborator in addition to their lead sponsor")
    return picture


def references(graph: QueryableGraph) -> Picture:
    """Return the studies and the publications that they cite."""
    picture = _network(graph, "references")
    _note_coverage(graph, picture, "cite a publication of PubMed")
    return picture


def _note_coverage(graph: QueryableGraph, picture: Picture, predicate: str) -> None:
    total = int(next(graph.select_named("count"))["studies"])
    covered = len({study for edge in picture.edges for study in edge.studies})
    picture.notes.append(f"{covered:,} of {total:,} studies {predicate}.")


def mesh_terms(graph: QueryableGraph) -> Picture:
    """Return the MeSH terms of the studies as a tree."""
    text = query_text("mesh")
    picture = Picture(query_header(text)["summary"], query_header(text)["description"])
    rows = sorted(graph.select(text), key=lambda row: (row["kind"].startswith("Broader"), row["kind"], row["term"]))
    for row in rows:
        node = picture.add(Node(row["term"], row["kind"], row["label"], 0.0, page_url(row["term"])))
        node.size += int(row["studies"])
    for broader, narrower in mesh_tree.links(graph, picture.nodes):
        picture.link(broader, narrower, mesh_tree.NARROWER, back=mesh_tree.BROADER)
    _remove_isolated(graph, picture)
    return picture


def _remove_isolated(graph: QueryableGraph, picture: Picture) -> None:
    """Remove terms without a broader or narrower term in the picture, and note why."""
    linked = set(picture.degrees())
    isolated = [id_ for id_ in picture.nodes if id_ not in linked]
    placed = sum(bool(mesh_tree.parents(graph, id_)) for id_ in isolated)
    for id_ in isolated:
        del picture.nodes[id_]
    notes = {
        "in no tree of MeSH, such as supplementary concepts": len(isolated) - placed,
        "in a tree of MeSH and have no broader or narrower term in the records": placed,
    }
    for reason, number in notes.items():
        if number:
            terms = f"{number:,} term{'s' if number > 1 else ''}"
            picture.notes.append(f"Left out as they are {reason}: {terms}.")


VIEWS: dict[str, View] = {
    "conditions-interventions": conditions_interventions,
    "sponsors": sponsors,
    "sites": sites,
    "mesh": mesh_terms,
    "references": references,
}
"""The views of a graph by name."""
