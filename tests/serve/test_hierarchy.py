"""With a MeSH graph in the store, terms stand for all narrower ones, and entry terms find studies."""

from __future__ import annotations

import numpy as np
import pyoxigraph as ox
import pytest

from kg.export.report import Report
from kg.mesh.build import build as build_mesh
from kg.ontology.vocabulary import MESH
from kg.serve.catalogue import Catalogue, read_catalogue
from kg.serve.names import Names
from kg.serve.nodes import Nodes
from kg.serve.pages.facets import facet_views
from kg.serve.pages.term import term_view
from kg.serve.selection import Selection
from kg.serve.selection_query import selection_query
from kg.serve.suggestions import Suggester
from kg.store.embedded import build
from tests.conftest import DATA, SEED, STUDIES

TABLE = (
    "D000690\tAmyotrophic Lateral Sclerosis\tGehrig's Disease|ALS - Amyotrophic Lateral Sclerosis\tC10.574.562.250\n"
)
OWN = "D099999\tA heading above all\t\tZ99\nD009422\tNervous System Diseases\t\tZ99.900\n"
"""A tree that no record knows."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    folder = tmp_path_factory.mktemp("hierarchy")
    (folder / "terms.tsv").write_text(TABLE + OWN, "utf-8")
    build_mesh(
        [str(DATA / "mesh" / "desc.xml"), str(folder / "terms.tsv")], str(folder / "mesh.nq"), reject=lambda _: None
    )
    build([*STUDIES, SEED, folder / "mesh.nq"], folder / "s.kgstore", report=Report())
    return ox.Store.read_only(str(folder / "s.kgstore"))


@pytest.fixture(scope="module")
def tree(loaded: ox.Store) -> Catalogue:
    return read_catalogue(loaded)


def ids(catalogue: Catalogue, *parameters: tuple[str, str]) -> list[str]:
    return [catalogue.ids[i] for i in np.flatnonzero(catalogue.select(Selection.parse(parameters)).mask)]


def queried(store: ox.Store, catalogue: Catalogue, *parameters: tuple[str, str]) -> list[str]:
    text = selection_query(Selection.parse(parameters), catalogue)
    return [row["study"].value.rpartition("/")[2] for row in store.query(text, use_default_graph_as_union=True)]


def test_a_term_stands_for_the_narrower_ones_of_the_graph(loaded: ox.Store, tree: Catalogue) -> None:
    found = ids(tree, ("condition", "D099999"))
    assert set(ids(tree, ("condition", "D009422"))) <= set(found) != set()
    for parameters in (
        [("condition", "D099999")],
        [("condition", "D009422"), ("condition", "-")],
        [("condition", "-")],
    ):
        assert queried(loaded, tree, *parameters) == ids(tree, *parameters) != []


def test_without_a_graph_the_records_decide(catalogue: Catalogue) -> None:
    assert ids(catalogue, ("condition", "D099999")) == []


def test_entry_terms_find_studies(loaded: ox.Store, tree: Catalogue, catalogue: Catalogue) -> None:
    for search in ("Gehrig's disease", "als", "gehrig*"):
        found = ids(tree, ("q", search))
        assert "NCT02059759" not in ids(catalogue, ("q", "gehrig"))
        assert queried(loaded, tree, ("q", search)) == found != []


def test_entry_terms_are_suggested_with_their_heading(loaded: ox.Store, tree: Catalogue) -> None:
    first = Suggester(tree, Names(loaded)).suggest("gehrig")[0]
    assert (first.group, first.key, first.label) == ("condition", "D000690", "Amyotrophic Lateral Sclerosis")
    assert first.by == "Gehrig's Disease"
    assert first.count == len(ids(tree, ("condition", "D000690")))


def test_the_tree_of_the_page_follows_the_graph(tree: Catalogue) -> None:
    selection = Selection.parse([("condition", "D000690")])
    view = next(v for v in facet_views(tree.select(selection), selection) if v.facet.key == "condition")
    depths = {option.key: option.depth for option in view.options}
    assert depths["D000690"] > 1
    column = tree.columns["condition"]
    for option in view.options:
        if option.key in column.index:
            assert option.count == len(ids(tree, ("condition", option.key)))


def test_the_page_of_a_term_has_its_entry_terms_and_neighbours(loaded: ox.Store, tree: Catalogue) -> None:
    nodes = Nodes(loaded)
    term = term_view(tree, nodes[MESH + "D000690"])
    assert "Gehrig's Disease" in term.other_names
    above = term_view(tree, nodes[MESH + "D099999"])
    assert [bar.label for bar in above.narrower] == ["Nervous System Diseases"]
    below = term_view(tree, nodes[MESH + "D009422"])
    assert [bar.label for bar in below.broader] == ["A heading above all"]
    assert above.roles[0].total == below.roles[0].total == above.narrower[0].count
    assert above.roles[0].direct == 0
