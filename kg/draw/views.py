"""The pictures of a whole graph: who works with whom, what is given for what, where, and what is cited."""

from __future__ import annotations

from collections.abc import Callable

from kg.draw import mesh
from kg.draw.citations import short_citation
from kg.draw.counts import ORGANIZATIONS, count
from kg.draw.facts import address, facts
from kg.draw.graph import Graph, Row, header, query_text
from kg.draw.picture import Detail, Edge, Node, Picture, web
from kg.draw.sites import sites

View = Callable[[Graph], Picture]


def ends(picture: Picture, row: Row) -> None:
    """Puts the two nodes and the edge of a row into a picture."""
    studies = sorted(set(row.get("studies", "").split()))
    for end in ("source", "target"):
        iri = row[end]
        given = row.get(f"{end}Label") or iri
        label = short_citation(given) if row.get(f"{end}Kind") == "Publication" else given
        node = picture.add(Node(iri, row.get(f"{end}Kind", "Thing"), label, 0.0, address(iri)))
        if label != given:
            node.details = node.details or [Detail("citation", given, node.link)]
    weight = float(row.get("weight", 1))
    edge = Edge(row["source"], row["target"], row.get("label", ""), weight, studies, back=row.get("back", ""))
    picture.edges.append(edge)


def _network(graph: Graph, name: str) -> Picture:
    text = query_text(name)
    picture = Picture(header(text)["summary"], header(text)["description"])
    for row in sorted(graph.rows(text), key=lambda row: (row["source"], row["target"])):
        ends(picture, row)
    sized_by_studies(picture)
    return picture


def sized_by_studies(picture: Picture) -> None:
    """Makes each node as large as the number of studies that its edges stand for."""
    studies: dict[str, set[str]] = {id_: set() for id_ in picture.nodes}
    for edge in picture.edges:
        studies[edge.source].update(edge.studies)
        studies[edge.target].update(edge.studies)
    for id_, node in picture.nodes.items():
        node.size = float(max(len(studies[id_]), 1))


def described(graph: Graph, picture: Picture, *, sized: bool, broad: bool) -> None:
    """Adds to each node what the graph says of it, and how many studies it stands for, which ``sized`` makes its size;
    ``broad`` as in :func:`~kg.draw.counts.count`."""
    for node in picture.nodes.values():
        number, text = count(graph, node, broad=broad)
        node.count = node.count or text
        if sized and number:
            node.size = float(number)
        if "://" in node.id:
            node.details += facts(graph, node.id)
        if node.kind in ORGANIZATIONS:
            link = web(f"https://clinicaltrials.gov/search?spons={_quoted(node.label)}")
            node.details.append(Detail("registry", "studies of this organization", link))


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def conditions_interventions(graph: Graph) -> Picture:
    """MeSH terms of conditions and of interventions of the same studies."""
    picture = _network(graph, "conditions-interventions")
    _says_how_many(graph, picture, "have MeSH terms for both a condition and an intervention")
    return picture


def sponsors(graph: Graph) -> Picture:
    """Organizations that have studies together."""
    picture = _network(graph, "sponsors")
    _says_how_many(graph, picture, "have a collaborator beside their lead sponsor")
    return picture


def references(graph: Graph) -> Picture:
    """Studies and the publications that they cite."""
    picture = _network(graph, "references")
    _says_how_many(graph, picture, "cite a publication of PubMed")
    return picture


def _says_how_many(graph: Graph, picture: Picture, what: str) -> None:
    total = int(next(graph.named("count"))["studies"])
    some = len({study for edge in picture.edges for study in edge.studies})
    picture.notes.append(f"{some:,} of {total:,} studies {what}.")


def mesh_terms(graph: Graph) -> Picture:
    """The MeSH terms of the studies as a tree."""
    text = query_text("mesh")
    picture = Picture(header(text)["summary"], header(text)["description"])
    rows = sorted(graph.rows(text), key=lambda row: (row["kind"].startswith("Broader"), row["kind"], row["term"]))
    for row in rows:
        node = picture.add(Node(row["term"], row["kind"], row["label"], 0.0, address(row["term"])))
        node.size += int(row["studies"])
    for broader, narrower in mesh.links(graph, picture.nodes):
        picture.link(broader, narrower, mesh.NARROWER, back=mesh.BROADER)
    _without_loose(graph, picture)
    return picture


def _without_loose(graph: Graph, picture: Picture) -> None:
    """Leaves out terms that nothing in the picture is above or below, and says why."""
    linked = set(picture.degrees())
    loose = [id_ for id_ in picture.nodes if id_ not in linked]
    placed = sum(bool(mesh.parents(graph, id_)) for id_ in loose)
    for id_ in loose:
        del picture.nodes[id_]
    notes = {
        "in no tree of MeSH, such as supplementary concepts": len(loose) - placed,
        "in a tree of MeSH and have no broader or narrower term in the records": placed,
    }
    for why, number in notes.items():
        if number:
            terms = f"{number:,} term{'s' if number > 1 else ''}"
            picture.notes.append(f"Left out as they are {why}: {terms}.")


VIEWS: dict[str, View] = {
    "conditions-interventions": conditions_interventions,
    "sponsors": sponsors,
    "sites": sites,
    "mesh": mesh_terms,
    "references": references,
}
"""The views of a graph by name."""
