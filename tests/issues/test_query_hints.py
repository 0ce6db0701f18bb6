"""What an empty result is explained by: tags and datatypes of literals, names of the API, aggregates over nothing."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

import kg
from kg.export.report import Report
from kg.store.dataset import open_dataset
from tests.conftest import SEED, STUDIES
from tests.query.test_engine import kg_query

ALS = "Amyotrophic Lateral Sclerosis"
CNS = "Central Nervous System Diseases"
RESPELLED = {
    # a language tag
    f'?m rdfs:label "{CNS}"@de': f'"{CNS}"@en',
    f'?m rdfs:label "{CNS}"': f'"{CNS}"@en',
    f"?m rdfs:label '{CNS}'": f'"{CNS}"@en',
    '?m rdfs:label "central nervous system diseases"': f'"{CNS}"@en',
    f'?m rdfs:label ?l FILTER(?l = "{CNS}")': f'"{CNS}"@en',
    f'?m rdfs:label ?l FILTER("{CNS}" = ?l)': f'"{CNS}"@en',
    f'?m rdfs:label ?l FILTER(?l IN ("x", "{CNS}"))': f'"{CNS}"@en',
    f'VALUES ?l {{ "{CNS}" }} ?m rdfs:label ?l': f'"{CNS}"@en',
    f'VALUES (?p ?l) {{ (ct:arm "{CNS}") }} ?m rdfs:label ?l': f'"{CNS}"@en',
    f'BIND("{CNS}" AS ?l) ?m rdfs:label ?l': f'"{CNS}"@en',
    f'?s ct:conditionMesh/rdfs:label "{CNS}"': f'"{CNS}"@en',
    f'?m ?p "{CNS}"': f'"{CNS}"@en',
    # numbers, truth values and dates as texts, and one kind of number for another
    '?s ct:enrollmentCount "36"': "36",
    '?s ct:enrollmentCount ?n FILTER(?n = "36")': "36",
    '?s ct:enrollmentCount ?n FILTER(?n > "30")': "30",
    '?s ct:enrollmentCount "36"^^xsd:string': "36",
    "?s ct:minimumAgeYears 18": "18.0",
    '?s ct:minimumAgeYears "18"': "18.0",
    '?s ct:hasResults "false"': "false",
    '?s ct:startDate "2015-09"': '"2015-09"^^xsd:gYearMonth',
    '?s ct:startDate "2015-09-01"^^xsd:date': '"2015-09"^^xsd:gYearMonth',
    '?s ct:startDate ?d FILTER(?d >= "2015-01-01"^^xsd:date)': '"2015-01"^^xsd:gYearMonth',
    '?s ct:studyFirstSubmitDate "2014-02-10"': '"2014-02-10"^^xsd:date',
    '?s ct:studyFirstSubmitDate ?d FILTER(?d > "2014")': '"2014-01-01"^^xsd:date',
    '?s ct:studyFirstSubmitDate ?d FILTER("2014-01" < ?d)': '"2014-01-01"^^xsd:date',
    '?s ct:studyFirstSubmitDate ?d FILTER(?d > "2014-01-01T00:00:00"^^xsd:dateTime)': '"2014-01-01"^^xsd:date',
    "?s dcterms:identifier 2059759": '"2059759"',
    # resources by their labels
    f'?s ct:conditionMesh "{ALS}"': "mesh:D000690",
    '?s ct:location/ct:country "France"': "country:FR",
    '?s ct:phase "Phase 2"': "code:PHASE2",
    '?s ct:phase ?p FILTER(?p = "PHASE2")': "code:PHASE2",
    # functions of texts
    '?s ct:startDate ?d FILTER(STRSTARTS(?d, "2015"))': "STR(?d)",
    '?s a ct:Study FILTER(CONTAINS(?s, "NCT"))': "STR(?s)",
    '?s ct:conditionMesh ?m FILTER(regex(?m, "D0"))': "STR(?m)",
}  # fmt: skip
SILENT = [
    '?s ct:conditionMesh/rdfs:label ?l FILTER(STR(?l) = "x")',
    '?s rdfs:label ?l FILTER(CONTAINS(?l, "nothing of the kind"))',
    '?s rdfs:label ?l FILTER(LANG(?l) = "de")',
    "?s ct:enrollmentCount 37",
    "?s ct:enrollmentCount ?n FILTER(?n > 100000.5)",
    '?s ct:studyFirstSubmitDate ?d FILTER(?d > "2099-01-01"^^xsd:date)',
    '?s rdfs:label "no such title"',
    '?s ct:officialTitle ?t FILTER(?t > "zzz")',
    '?s ct:studyFirstSubmitDate ?d FILTER(?d = "2099-01-01"^^xsd:date && xsd:integer(?d) > 3)',
]
NAMES = {
    "ct:enrollment": "ct:enrollmentCount",
    "ct:status": "ct:overallStatus",
    "ct:site": "ct:location",
    "ct:sites": "ct:location",
    "ct:briefTitle": "rdfs:label",
    "ct:title": "rdfs:label",
    "ct:nctId": "dcterms:identifier",
    "ct:conditions": "ct:condition",
    "ct:armGroups": "ct:arm",
    "ct:startDateStruct": "ct:startDate",
    "ct:EnrollmentCount": "ct:enrollmentCount",
    "ct:LocationFacility": "rdfs:label",
    "ct:sponsor": "ct:leadSponsor",
    "ct:phases": "ct:phase",
    "ct:publication": "ct:reference",
    "ct:locationCountry": "ct:country",
}


@pytest.fixture(scope="module")
def store() -> ox.Store:
    with open_dataset([SEED], Report()) as made:
        return made


def hints(pattern: str, store: ox.Store) -> list[str]:
    return [*kg.query(f"SELECT ?s {{ {pattern} }}", store).hints]


@pytest.mark.parametrize("pattern", RESPELLED)
def test_a_literal_that_misses_is_shown_as_the_data_have_it(store: ox.Store, pattern: str) -> None:
    sentences = hints(pattern, store)
    assert [sentence for sentence in sentences if sentence.endswith(f"; write {RESPELLED[pattern]}.")], sentences
    assert all(sentence.count("\n") == 0 for sentence in sentences)


@pytest.mark.parametrize("pattern", SILENT)
def test_nothing_is_said_of_literals_that_are_right(store: ox.Store, pattern: str) -> None:
    assert hints(pattern, store) == []


def test_the_language_tag_or_the_datatype_is_named(store: ox.Store) -> None:
    assert (
        f'"{CNS}" matches no rdfs:label, which has it with the language tag @en;'
        in hints(f'?m rdfs:label "{CNS}"', store)[0]
    )
    assert "which has it as xsd:boolean;" in hints('?s ct:hasResults "false"', store)[0]
    assert "which has values of type IRI;" in hints('?s ct:phase "Phase 2"', store)[0]
    assert "which has it without a language tag;" in hints('?s dcterms:identifier "NCT02059759"@en', store)[0]


def test_what_the_respelling_finds_is_there(store: ox.Store) -> None:
    for pattern, spelled in RESPELLED.items():
        if spelled.startswith('"Central') and "FILTER" not in pattern and "rdfs:label ?l" not in pattern:
            assert kg.query(f"SELECT ?m {{ ?m rdfs:label {spelled} }}", store)


def test_a_literal_that_occurs_elsewhere_is_told_from_the_tagged_one() -> None:
    """An intervention may have the name of a disease, which does not help in a query for the disease."""
    with open_dataset([SEED], Report()) as store:
        thing, label = ox.NamedNode("http://a/thing"), ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
        store.add(ox.Quad(thing, label, ox.Literal(CNS)))
        sentences = hints(f'?s ct:conditionMesh/rdfs:label "{CNS}"', store)
    text = f'"{CNS}"'
    assert sentences == [f"{text} is not {text}@en, which is a value of rdfs:label too."]


@pytest.mark.parametrize("name", NAMES)
def test_a_property_is_found_by_the_name_that_the_api_has(name: str) -> None:
    with open_dataset(STUDIES[:3], Report()) as store:
        assert hints(f"?s {name} ?o", store) == [f"{name} does not occur in the data; did you mean {NAMES[name]}?"]


AGGREGATES = [
    "SELECT (COUNT(*) AS ?n) { ?s ct:phaze ?p }",
    "SELECT (COUNT(*) AS ?n) (AVG(?p) AS ?a) { ?s ct:phaze ?p }",
    "SELECT (MIN(?p) AS ?m) (GROUP_CONCAT(?p) AS ?g) (SAMPLE(?p) AS ?a) { ?s ct:phaze ?p }",
    "SELECT ('studies' AS ?what) (SUM(?p) AS ?n) { ?s ct:phaze ?p }",
    "SELECT ?s (COUNT(?p) AS ?n) { ?s a ct:Study OPTIONAL { ?s ct:phaze ?p } } GROUP BY ?s",
    "SELECT ?s ?p { ?s a ct:Study OPTIONAL { ?s ct:phaze ?p } }",
    "SELECT (MAX(?n) AS ?m) { { SELECT (COUNT(*) AS ?n) { ?s ct:phaze ?p } } }",
]


@pytest.mark.parametrize("text", AGGREGATES)
def test_an_aggregate_over_nothing_has_its_hint(store: ox.Store, text: str) -> None:
    assert kg.query(text, store).hints == ["ct:phaze does not occur in the data; did you mean ct:phase?"]


def test_an_answer_without_gaps_has_no_hint(store: ox.Store) -> None:
    text = "SELECT ?s (COUNT(?p) AS ?n) (false AS ?f) { ?s ct:phase ?p OPTIONAL { ?s ct:phaze ?q } } GROUP BY ?s"
    assert kg.query(text, store).hints == ()


def test_the_command_says_it_on_standard_error() -> None:
    output, message = kg_query('SELECT (COUNT(*) AS ?n) { ?s ct:enrollmentCount "36" }', "-d", str(SEED), "-f", "csv")
    assert output.split() == ["n", "0"]
    assert message == 'kg: "36" matches no ct:enrollmentCount, which has it as xsd:integer; write 36.\n'


def test_datatypes_and_functions_are_no_names_of_the_data(store: ox.Store) -> None:
    text = 'SELECT * { ?s ct:enrollmentCount ?n FILTER(?n > "99999"^^xsd:integer && xsd:decimal(?n) > 1) }'
    assert kg.query(text, store).hints == []
    text = "SELECT * { ?s ct:enrollmentCount ?n FILTER(DATATYPE(?n) = xsd:date) }"
    assert kg.query(text, store).hints == []


@pytest.mark.parametrize("text", ["(" * 5000, "VALUES ?x {", 'FILTER("a" =', '?s ?p "', ", " * 5000, "^^" * 2000])
def test_any_text_is_read_in_time_without_an_error(text: str) -> None:
    from kg.query.literals import function_calls, literal_uses

    literal_uses("SELECT * { " + text)
    function_calls(text)


def test_what_only_the_vocabulary_has_does_not_occur_in_the_data(store: ox.Store) -> None:
    """A property is described in the graph of the ontology, whether or not a study has it."""
    name, label = "https://w3id.org/trialkg/ontology#whyStopped", "http://www.w3.org/2000/01/rdf-schema#label"
    graph = ox.NamedNode("https://w3id.org/trialkg/graph/ontology")
    quad = ox.Quad(ox.NamedNode(name), ox.NamedNode(label), ox.Literal("why stopped"), graph)
    store.add(quad)
    try:
        assert hints("?s ct:whyStopped ?o", store) == ["ct:whyStopped does not occur in the data."]
    finally:
        store.remove(quad)
