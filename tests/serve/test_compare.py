"""The comparison of studies."""

from __future__ import annotations

import pyoxigraph as ox
from starlette.testclient import TestClient

from kg.ontology.vocabulary import STUDY
from kg.serve.nodes import Nodes
from kg.serve.pages.compare import Comparison, comparison, similarity, words_of
from tests.conftest import STUDIES
from tests.serve.tables import tables

NUMBERS = sorted(path.stem for path in STUDIES)


def compared(store: ox.Store, *numbers: str) -> Comparison:
    return comparison(Nodes(store), [STUDY + number for number in numbers])


def test_a_study_does_not_differ_from_itself(store: ox.Store) -> None:
    for number in NUMBERS:
        view = compared(store, number, number)
        assert [row.name for rows in view.facts.values() for row in rows if row.differs] == []
        assert all(row.studies == 2 for row in view.outcomes)
        assert all(
            item.is_shared for rows in view.facts.values() for row in rows for cell in row.cells for item in cell
        )


def test_differences_are_those_of_the_values(store: ox.Store) -> None:
    view = compared(store, "NCT02059759", *NUMBERS[:3])
    rows = [row for rows in view.facts.values() for row in rows]
    assert len(rows) > 15
    for row in rows:
        texts = [[item.link.text for item in cell] for cell in row.cells]
        assert len(texts) == 4
        assert row.differs is any(text != texts[0] for text in texts)
        common = set(texts[0]).intersection(*texts[1:])
        assert all(item.is_shared is (item.link.text in common) for cell in row.cells for item in cell)


def test_every_outcome_is_in_one_row(store: ox.Store) -> None:
    for numbers in zip(NUMBERS, NUMBERS[1:], NUMBERS[2:], strict=False):
        view = compared(store, *numbers)
        iris = [outcome.iri for row in view.outcomes for cell in row.cells for outcome in cell]
        graph = Nodes(store)
        names = ("primaryOutcome", "secondaryOutcome", "otherOutcome")
        expected = [iri for number in numbers for name in names for iri in graph[STUDY + number].iris(name)]
        assert sorted(iris) == sorted(expected)
        for row in view.outcomes:
            for cell, number in zip(row.cells, numbers, strict=True):
                assert all(number in outcome.iri for outcome in cell)
                assert len({outcome.measure for outcome in cell}) <= 1


def test_measures_with_the_same_words_are_aligned() -> None:
    one, two = words_of("Overall survival (OS)"), words_of("Overall Survival")
    assert similarity(one, two) >= 0.6
    assert similarity(words_of("Overall survival"), words_of("Progression-free survival")) < 0.6


def test_a_comparison_has_a_column_for_each_study(client: TestClient) -> None:
    page = client.get("/compare?study=NCT02059759&study=" + "&study=".join(NUMBERS[:4])).text
    table = next(table for table in tables(page) if table.label == "Comparison of studies")
    assert len(table.rows[0]) == 6
    assert {len(row) for row in table.rows} == {6, 1}


def test_too_many_unknown_and_repeated_studies_are_said(client: TestClient) -> None:
    query = "&".join(f"study={number}" for number in ["NCT00000000", NUMBERS[0], *NUMBERS[:6]])
    page = client.get(f"/compare?{query}").text
    assert "There is no study NCT00000000 in this graph." in page
    assert "At most 5 studies are compared; the others are left out." in page


def test_one_study_comes_with_related_ones(client: TestClient) -> None:
    page = client.get("/compare?study=NCT00346398").text
    assert "Studies with the same MeSH terms as NCT00346398" in page


def test_without_studies_there_is_a_form(client: TestClient) -> None:
    for path in ("/compare", "/compare?study=", "/compare?study=x%3Cscript%3E"):
        response = client.get(path)
        assert response.status_code == 200
        assert "Add two to 5 studies" in response.text


def test_only_differences_can_be_shown(client: TestClient) -> None:
    path = f"/compare?study={NUMBERS[0]}&study={NUMBERS[1]}"
    every, some = (len(tables(client.get(path + more).text)[0].rows) for more in ("", "&differences=only"))
    assert some < every


def test_a_comparison_is_json_too(client: TestClient) -> None:
    view = client.get(f"/compare.json?study={NUMBERS[0]}&study={NUMBERS[1]}").json()
    assert [head["number"] for head in view["studies"]] == NUMBERS[:2]
