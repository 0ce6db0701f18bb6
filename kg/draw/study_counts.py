"""The number of studies that a node represents, with a description of the number; the same on every page."""

from __future__ import annotations

from kg.draw.graph import QueryableGraph
from kg.draw.picture import Node
from kg.ontology.vocabulary import CT, MESH

ORGANIZATIONS = ("Organization", "Industry", "Government", "Network", "Other organization")


def count_studies(graph: QueryableGraph, node: Node, *, broad: bool = False) -> tuple[int, str]:
    """Return the number of studies of a term, an organization or a publication in the whole graph, and a description.

    With ``broad``, the studies of narrower terms count too; the description gives both numbers in any case. Nodes of
    other kinds get 0 and an empty description.
    """
    if node.id.startswith(MESH):
        return _term(graph, node.id, broad)
    if node.kind in ORGANIZATIONS:
        return _organization(graph, node.id)
    return _publication(graph, node.id) if node.kind == "Publication" else (0, "")


def studies(number: int) -> str:
    """Return a number of studies in words.

    >>> studies(1), studies(1200)
    ('1 study', '1,200 studies')
    """
    return f"{number:,} {'study' if number == 1 else 'studies'}"


def _subjects(graph: QueryableGraph, iri: str, *names: str) -> set[str]:
    return {study for name in names for study in graph.subjects(CT + name, iri)}


def _term(graph: QueryableGraph, iri: str, broad: bool) -> tuple[int, str]:
    conditions, interventions = _subjects(graph, iri, "conditionMesh"), _subjects(graph, iri, "interventionMesh")
    own = conditions | interventions
    whole = own | _subjects(graph, iri, "conditionMeshAncestor", "interventionMeshAncestor")
    number = len(whole if broad else own) or len(whole)
    if not own:
        return number, f"{studies(len(whole))} with a narrower term" if whole else ""
    roles = {"condition": len(conditions), "intervention": len(interventions)}
    if all(roles.values()):
        role = " (" + ", ".join(f"{part:,} as {name}" for name, part in roles.items()) + ")"
    else:
        role = " as condition" if conditions else " as intervention"
    wider = f", {len(whole):,} with it or a narrower term" if whole > own else ""
    return number, f"{studies(len(own))} with this term{role}{wider}"


def _organization(graph: QueryableGraph, iri: str) -> tuple[int, str]:
    led, supported = _subjects(graph, iri, "leadSponsor"), _subjects(graph, iri, "collaborator")
    parts = {"lead sponsor": len(led), "collaborator": len(supported)}
    texts = [f"{studies(number)} as {role}" for role, number in parts.items() if number]
    return len(led | supported), ", ".join(texts)


def _publication(graph: QueryableGraph, iri: str) -> tuple[int, str]:
    references = graph.subjects(CT + "pubmed", iri)
    number = len({study for reference in references for study in graph.subjects(CT + "reference", reference)})
    return number, f"cited by {studies(number)}" if number else ""
