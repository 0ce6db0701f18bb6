"""Pictures read all named graphs as one: the graph of a statement, or having it in several graphs, does not matter."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.draw import VIEWS
from kg.draw.graph import QueryableGraph
from kg.draw.render import DrawRequest, render
from tests.conftest import DATA, SEED

STUDIES = [DATA / "studies", SEED]
NUMBER = "NCT02059759"
OWN = ("https://clinicaltrials.gov/study/", "https://w3id.org/trialkg/part/", "https://w3id.org/trialkg/record/")
SHARED, ONTOLOGY = (ox.NamedNode(f"https://w3id.org/trialkg/graph/{name}") for name in ("shared", "ontology"))
REQUESTS = [
    *(DrawRequest(view=view) for view in VIEWS),
    DrawRequest(study=NUMBER),
    DrawRequest(around="D000690", depth=2),
    DrawRequest(summary=True),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    path = tmp_path_factory.mktemp("graphs") / "studies.nq"
    kg.export(STUDIES, path)
    store = ox.Store()
    store.bulk_load(path=str(path), format=ox.RdfFormat.N_QUADS)
    return store


@pytest.fixture(scope="module")
def graphs(exported: ox.Store) -> dict[str, QueryableGraph]:
    """Return the same statements in one graph, in one per study and a shared one, and in two graphs."""
    one, shared, twice = ox.Store(), ox.Store(), ox.Store()
    for quad in exported:
        own = str(getattr(quad.subject, "value", "")).startswith(OWN)
        one.add(ox.Quad(quad.subject, quad.predicate, quad.object))
        shared.add(ox.Quad(quad.subject, quad.predicate, quad.object, quad.graph_name if own else SHARED))
        twice.add(quad)
        twice.add(ox.Quad(quad.subject, quad.predicate, quad.object))
    for path in sorted((Path(__file__).parents[2] / "ontology").glob("*.ttl")):
        shared.bulk_load(path=str(path), format=ox.RdfFormat.TURTLE, to_graph=ONTOLOGY)
    return {
        "one": QueryableGraph(one),
        "shared": QueryableGraph(shared),
        "twice": QueryableGraph(twice),
        "own": QueryableGraph(exported),
    }


@pytest.mark.parametrize("wanted", REQUESTS, ids=str)
def test_the_graphs_of_statements_do_not_matter(graphs: dict[str, QueryableGraph], wanted: DrawRequest) -> None:
    pages = {name: render(graph, wanted, "", [".html"], "picture")[0][0] for name, graph in graphs.items()}
    assert {name for name, page in pages.items() if page != pages["one"]} == set()


def test_a_study_keeps_its_kind_with_other_classes() -> None:
    from kg.draw.query_view import query_picture

    study, ct = "https://clinicaltrials.gov/study/NCT02059759", "https://w3id.org/trialkg/ontology#"
    store = ox.Store()
    for name in (f"{ct}InterventionalStudy", "https://schema.org/MedicalTrial", f"{ct}Study"):
        kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
        store.add(ox.Quad(ox.NamedNode(study), kind, ox.NamedNode(name), SHARED))
    store.add(ox.Quad(ox.NamedNode(study), ox.NamedNode(f"{ct}leadSponsor"), ox.NamedNode("urn:x"), SHARED))
    for query in (
        f"CONSTRUCT WHERE {{ ?s <{ct}leadSponsor> ?o ; a ?c }}",
        f"SELECT ?s ?o {{ ?s <{ct}leadSponsor> ?o }}",
    ):
        assert query_picture(QueryableGraph(store), query, "").nodes[study].kind == "Study"
