"""The query library: two engines return the answer that plain Python computes from the JSON of the records."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib

import kg
from kg.export.report import Report
from kg.query.engine import evaluate, prepare
from kg.query.library import LibraryQuery, library_queries, library_query
from kg.store.dataset import open_dataset
from tests.answers import ANSWERS, answer, comparable
from tests.answers.__main__ import RECORDS
from tests.conftest import GOLDEN
from tools.docs.catalogue import QUERY, examples

ALL = library_queries()
SH = "http://www.w3.org/ns/shacl#"
MESHV = "http://id.nlm.nih.gov/mesh/vocab#"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")


def named(query: LibraryQuery) -> str:
    return query.name


@pytest.fixture(scope="module")
def store() -> Iterator[ox.Store]:
    with open_dataset(RECORDS, Report()) as dataset:
        yield dataset


@pytest.fixture(scope="module")
def graph(store: ox.Store) -> rdflib.Graph:
    lines = {f"{quad.subject} {quad.predicate} {quad.object} .\n" for quad in store}
    return rdflib.Graph().parse(data="".join(lines), format="nt")


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return [record.data for record in kg.read(*RECORDS)]


def golden(name: str) -> list[list[str]]:
    with (GOLDEN / "queries" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return comparable(csv.reader(file))


def run(store: ox.Store, text: str) -> list[list[str]]:
    """The answer of Oxigraph, with the names of the columns as the first row."""
    found = store.query(text, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    rows = (["" if value is None else value.value for value in row] for row in found)  # type: ignore[union-attr]
    return comparable([[variable.value for variable in found.variables], *rows])


def with_default(query: LibraryQuery, name: str, terms: str) -> str:
    line = re.compile(rf"VALUES \?{name} {{ [^}}\n]* }}")
    text, count = line.subn(lambda _: f"VALUES ?{name} {{ {terms} }}", query.text)
    assert count == 1
    return text


def test_every_query_has_a_function_over_the_json() -> None:
    assert len(ALL) >= 45
    assert set(ANSWERS) == {query.name for query in ALL}
    assert {path.stem for path in (GOLDEN / "queries").iterdir()} == set(ANSWERS)


@pytest.mark.parametrize("query", ALL, ids=named)
def test_the_answer_matches_the_json(
    store: ox.Store, graph: rdflib.Graph, records: list[dict[str, Any]], query: LibraryQuery
) -> None:
    header, *expected = golden(query.name)
    assert expected
    assert comparable(answer(query.name, records)) == expected, "run python -m tests.answers"
    assert run(store, query.text) == [header, *expected]
    theirs = graph.query(query.text)
    found = [["" if term is None else str(term) for term in row] for row in theirs]  # type: ignore[union-attr]
    assert comparable([map(str, theirs.vars or []), *found]) == [header, *expected]


@pytest.mark.parametrize("query", ALL, ids=named)
def test_a_query_has_a_complete_header(query: LibraryQuery) -> None:
    assert query.summary
    assert not query.summary.endswith(".")
    assert query.description.endswith(".")
    assert query.tags
    assert all(query.description for query in query.parameters)
    assert "GRAPH" not in query.sparql
    assert max(map(len, query.text.splitlines())) <= 120


ANY = [
    (query, parameter.name) for query in ALL for parameter in query.parameters if parameter.type in ("iri", "string")
]


@pytest.mark.parametrize(("query", "name"), ANY, ids=lambda value: getattr(value, "name", value))
def test_an_additional_value_without_matches_changes_nothing(store: ox.Store, query: LibraryQuery, name: str) -> None:
    """Several values match any of them, without additional rows; countries are one group."""
    parameter = next(parameter for parameter in query.parameters if parameter.name == name)
    other = "<https://example.org/nothing>" if parameter.type == "iri" else '"nothing of the kind"'
    found = run(store, with_default(query, name, f"{parameter.default} {other}"))
    assert found == (golden(query.name) if name != "country" else [golden(query.name)[0]])


def test_parameters_change_the_answer(store: ox.Store) -> None:
    assert len(evaluate(store, prepare("phase_status", {"phase": ["PHASE1", "PHASE2"]})).rows) > 3
    assert evaluate(store, prepare("stopped", {"status": "WITHDRAWN"})).rows[0]["enrollment"] == 0
    assert not evaluate(store, prepare("overdue_results", {"today": "1999-12-31"})).rows
    near = evaluate(store, prepare("recruiting_near", {"latitude": "32.7", "longitude": "-117.2", "kilometres": "200"}))
    assert near.rows


HIERARCHY = [query for query in ALL if "hierarchy" in query.tags and query.name != "studies_by_ancestor"]
BRANCHING = [
    (query, parameter.name)
    for query in HIERARCHY
    for parameter in query.parameters
    if parameter.type == "iri" and parameter.default.startswith("mesh:")
]
ASTHMA, VARDENAFIL = "D001249", "D000069058"
MIDDLE, TOP = "D900000", "D900001"


@contextmanager
def mesh_graph(store: ox.Store, *edges: tuple[str, str]) -> Iterator[None]:
    """A temporary MeSH graph in the store: edges from terms to broader terms, and labels of the broader terms."""
    graph, mesh = ox.NamedNode("https://w3id.org/trialkg/mesh"), "http://id.nlm.nih.gov/mesh/"
    added = []
    for below, above in edges:
        broader = ox.NamedNode(mesh + above)
        added.append(ox.Quad(ox.NamedNode(mesh + below), ox.NamedNode(MESHV + "broaderDescriptor"), broader, graph))
        added.append(ox.Quad(broader, LABEL, ox.Literal(f"~ {above}", language="en"), graph))
    store.extend(added)
    try:
        yield
    finally:
        for quad in added:
            store.remove(quad)


@pytest.mark.parametrize("query", HIERARCHY, ids=named)
def test_mesh_edges_that_the_records_have_too_change_nothing(store: ox.Store, query: LibraryQuery) -> None:
    """Both ancestors of asthma are in the records as well."""
    edges = [(ASTHMA, "D001982"), ("D001982", "D012140"), (ASTHMA, "D012130"), ("D012130", "D006969")]
    edges += [("D012130", "D012140"), ("D006969", "D006967"), ("D006967", "D007154")]
    with mesh_graph(store, *edges):
        assert run(store, query.text) == golden(query.name)


@pytest.mark.parametrize(("query", "name"), BRANCHING, ids=lambda value: getattr(value, "name", value))
def test_ancestors_that_only_mesh_has_are_followed(store: ox.Store, query: LibraryQuery, name: str) -> None:
    """A term that is in no record, two steps above asthma or a drug, matches what its narrower term matches."""
    term = VARDENAFIL if name.startswith("drug") else ASTHMA
    above = with_default(query, name, f"mesh:{TOP}")
    expected = without_class(run(store, with_default(query, name, f"mesh:{term}")))
    assert len(expected) > 1
    with mesh_graph(store, (term, MIDDLE), (MIDDLE, TOP)):
        assert without_class(run(store, above)) == expected


def without_class(rows: list[list[str]]) -> list[list[str]]:
    """Rows without the column of the class."""
    return [[cell for name, cell in zip(rows[0], row, strict=True) if name != "class"] for row in rows]


PLACES = [(48.85, 2.35), (-33.87, 151.2), (64.14, -21.9), (0.0, 179.9), (89.9, 0.0), (33.66946, -117.82311)]


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_distances_match_the_haversine_formula(store: ox.Store, latitude: float, longitude: float) -> None:
    """Distances of sites within 5,000 km are exact to 0.002 % and rounding to 100 m."""
    text = with_default(library_query("recruiting_near"), "latitude", str(latitude))
    for old, new in [("{ 139.77 }", f"{{ {longitude} }}"), ("{ 250.0 }", "{ 5000.0 }")]:
        assert old in text
        text = text.replace(old, new)
    text = text.replace("?kilometresAway\nWHERE", "?kilometresAway ?lat ?long\nWHERE")
    text = text.replace(
        "  OPTIONAL { ?site ct:city", "  ?site wgs:lat ?lat ; wgs:long ?long .\n  OPTIONAL { ?site ct:city"
    )
    for row in run(store, text)[1:]:
        exact = haversine(latitude, longitude, float(row[5]), float(row[6]))
        assert abs(float(row[4]) - exact) <= 0.05 + exact * 0.00002


def haversine(lat: float, long: float, other_lat: float, other_long: float) -> float:
    a, b, c, d = map(math.radians, (lat, long, other_lat, other_long))
    return (
        2
        * 6371.0088
        * math.asin(math.sqrt(math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2))
    )


def test_the_examples_in_turtle_are_the_queries() -> None:
    quads = list(ox.parse(examples(), format=ox.RdfFormat.TURTLE))
    assert not any(isinstance(term, ox.BlankNode) for quad in quads for term in (quad.subject, quad.object))
    texts = {quad.subject.value: quad.object.value for quad in quads if quad.predicate.value == SH + "select"}
    assert texts == {QUERY + query.name: query.sparql for query in ALL}
    declared = {quad.object.value for quad in quads if quad.predicate.value == SH + "namespace"}
    assert {iri for text in texts.values() for iri in re.findall(r"PREFIX \w+: <(.+)>", text)} == declared


@pytest.mark.parametrize("query", [query for query in ALL if query.lists_studies], ids=named)
def test_a_query_about_studies_can_be_limited_to_some(query: LibraryQuery, store: ox.Store) -> None:
    head, *rows = run(store, query.text)
    place = head.index("study")
    studies = sorted({row[place] for row in rows})
    for chosen in (studies[:1], studies[:2], ["https://clinicaltrials.gov/study/NCT99999998"]):
        ids = [study.rpartition("/")[2] for study in chosen]
        limited = run(store, prepare(query.name, {"study": ids}))
        assert limited == [head, *(row for row in rows if row[place] in chosen)]


def test_most_queries_are_about_studies() -> None:
    own = {query.name for query in ALL if "study" in (parameter.name for parameter in query.parameters)}
    limited = {query.name for query in ALL if query.lists_studies}
    assert own == {"design", "pico", "related"}
    assert len(limited) >= 30
    for query in ALL:
        if query.name not in own | limited:
            names = re.search(r"^SELECT(?: DISTINCT)?(.*)$", query.text, re.MULTILINE)
            assert names
            assert "?study " not in names[1].partition("(")[0] + " "


def test_a_query_without_studies_cannot_be_limited_to_some() -> None:
    with pytest.raises(kg.UsageError, match="no parameter study"):
        prepare("countries", {"study": "NCT02059759"})
