"""The list over data that no export of ours would give: no studies, broken values, repeated labels, hostile texts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.serve.app import create_app
from kg.serve.catalogue import read_catalogue
from kg.serve.selection import Selection
from kg.serve.selection_query import selection_query
from kg.serve.state import Server

HEAD = """@prefix ct: <https://w3id.org/trialkg/ontology#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix code: <https://w3id.org/trialkg/code/> . @prefix wgs: <http://www.w3.org/2003/01/geo/wgs84_pos#> .
@prefix mesh: <http://id.nlm.nih.gov/mesh/> . @prefix meshv: <http://id.nlm.nih.gov/mesh/vocab#> . """
ODD = (
    HEAD
    + r"""
<https://clinicaltrials.gov/study/NCT1> a ct:Study ; rdfs:label "A", "B <script>alert(1)</script>\"'&" ;
  ct:minimumAgeYears "old" ; ct:maximumAgeYears "NaN" ; ct:enrollmentCount "many", 5, 7 ; ct:startYear "2010-01" ;
  ct:phase "free text", code:PHASE1, <http://example.org/codes/PHASE1> ; ct:overallStatus <javascript:alert(1)> ;
  ct:leadSponsor <http://example.org/a/x>, <http://example.org/b/x> ; ct:conditionMesh mesh:D1, mesh:D2 ;
  ct:hasResults "maybe" ; ct:location [ ct:city "</title><script>alert(2)</script>" ; wgs:lat "x" ; wgs:long 5 ],
  [ ct:city "\u202eParis: X" ; ct:country <http://example.org/?c=F:R> ; wgs:lat 91.0 ; wgs:long 2.0 ] .
<http://example.org/other#NCT1> a ct:Study ; ct:startDateEarliest "yesterday" .
mesh:D1 rdfs:label "one", "two" ; meshv:broaderDescriptor mesh:D2 . mesh:D2 meshv:broaderDescriptor mesh:D1 .
"""
)


def client_of(folder: Path, turtle: str) -> tuple[TestClient, ox.Store]:
    store = ox.Store(str(folder / "store"))
    store.load(turtle.encode(), format=ox.RdfFormat.TURTLE)
    store.flush()
    del store
    read = ox.Store.read_only(str(folder / "store"))
    return TestClient(create_app(Server(folder / "store", read)), base_url="http://127.0.0.1:8000"), read


PATHS = (
    *("/studies", "/studies?view=map", "/studies?view=charts", "/studies?view=network", "/", "/studies.csv"),
    *("/studies?view=network&network=sponsors", "/studies.json", "/studies.ttl", "/values/sponsor", "/values/city"),
    *("/suggest?q=paris", "/studies?q=blank", "/studies?condition=D2&condition=-&age=5", "/studies?sort=title"),
)


@pytest.mark.parametrize("turtle", [HEAD, ODD], ids=["nothing", "odd"])
def test_every_page_is_shown(turtle: str, tmp_path: Path) -> None:
    client, _ = client_of(tmp_path, turtle)
    for path in PATHS:
        response = client.get(path)
        assert response.status_code == 200, (path, response.text)
        if response.headers["content-type"].startswith("text/html"):
            assert "<script>alert" not in response.text
            assert 'href="javascript' not in response.text


def test_lists_of_odd_data_are_those_of_their_queries(tmp_path: Path) -> None:
    _, store = client_of(tmp_path, ODD)
    catalogue = read_catalogue(store)
    for facet in catalogue.columns:
        for key in (*catalogue.columns[facet].keys, "-"):
            selection = Selection.parse([(facet, key)])
            expected = sorted(catalogue.iris[i] for i in catalogue.select(selection).mask.nonzero()[0])
            rows = store.query(selection_query(selection, catalogue), use_default_graph_as_union=True)
            assert sorted({row["study"].value for row in rows}) == expected, urlencode([(facet, key)])
