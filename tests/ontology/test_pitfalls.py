"""The ontology has none of the pitfalls in the OOPS! catalogue (https://oops.linkeddata.es/catalogue.jsp)."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pyoxigraph as ox
import pytest

from kg.mapping.plan import Role, shipped_plan
from kg.ontology.files import folder
from kg.ontology.model import shipped
from kg.ontology.vocabulary import CT

PREFIXES = """
PREFIX ct: <https://w3id.org/trialkg/ontology#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
OURS = f'FILTER(STRSTARTS(STR(?term), "{CT}"))'
PROPERTY = "?term a ?kind FILTER(?kind IN (owl:ObjectProperty, owl:DatatypeProperty))"

PITFALLS = {
    "P02/P05: an inverse of itself, or of a property of other ends": """
        ?term owl:inverseOf ?other . ?term rdfs:domain ?a ; rdfs:range ?b . ?other rdfs:domain ?c ; rdfs:range ?d
        FILTER(?term = ?other || ?a != ?d || ?b != ?c)""",
    "P04: a class that nothing connects": """
        ?term a owl:Class
        FILTER NOT EXISTS { ?term rdfs:subClassOf ?above }
        FILTER NOT EXISTS { ?below rdfs:subClassOf ?term }
        FILTER NOT EXISTS { ?property rdfs:range|rdfs:domain ?term }
        FILTER NOT EXISTS { ?individual a ?term }""",
    "P06: a cycle of classes": "?term rdfs:subClassOf+ ?term",
    "P06: a cycle of properties": "?term rdfs:subPropertyOf+ ?term",
    "P08: a class or property without a label or a definition in English": """
        ?term a ?kind FILTER(?kind IN (owl:Class, owl:ObjectProperty, owl:DatatypeProperty, owl:AnnotationProperty))
        FILTER(NOT EXISTS { ?term rdfs:label ?label FILTER(LANG(?label) = "en") }
            || NOT EXISTS { ?term skos:definition ?text FILTER(LANG(?text) = "en") })""",
    "P10: a class that is not disjoint with any other": """
        ?term a owl:Class
        FILTER NOT EXISTS { ?all owl:members/rdf:rest*/rdf:first ?term }
        FILTER NOT EXISTS { ?term rdfs:subClassOf+/^rdf:first/^rdf:rest*/^owl:members ?all }
        FILTER NOT EXISTS { ?below rdfs:subClassOf ?term . ?all owl:members/rdf:rest*/rdf:first ?below }""",
    "P22: a name that is not in the style of its kind": """
        { ?term a owl:Class FILTER(!REGEX(STR(?term), "#[A-Z][A-Za-z]*$")) }
        UNION { ?term a ?kind FILTER(?kind IN (owl:ObjectProperty, owl:DatatypeProperty))
                FILTER(!REGEX(STR(?term), "#[a-z][A-Za-z0-9]*$")) }""",
    "P24: a definition that only repeats the label": """
        ?term rdfs:label ?label ; skos:definition ?text FILTER(LCASE(STR(?text)) IN (LCASE(STR(?label)),
            CONCAT(LCASE(STR(?label)), ".")))""",
    "P34: a class that is used but not declared": """
        { ?x rdfs:subClassOf ?term } UNION { ?x rdfs:domain ?term } UNION { ?x rdfs:range ?term }
        FILTER(ISIRI(?term)) FILTER NOT EXISTS { ?term a owl:Class }""",
    "P35: a property that is used but not declared": """
        { ?x rdfs:subPropertyOf ?term } UNION { ?x owl:inverseOf ?term } UNION { ?x owl:onProperty ?term }
        FILTER NOT EXISTS { ?term a ?kind FILTER(?kind IN (owl:ObjectProperty, owl:DatatypeProperty)) }""",
    "a property of two kinds": "?term a owl:ObjectProperty , owl:DatatypeProperty",
    "a definition that is not a sentence": f"""
        ?term skos:definition ?text {OURS} FILTER(!REGEX(STR(?text), "^[A-Z].*[.]$"))""",
}


@pytest.fixture(scope="module")
def ontology() -> ox.Store:
    store = ox.Store()
    store.load(path=str(folder("ontology") / "trialkg.ttl"), format=ox.RdfFormat.TURTLE)
    return store


def described_in(name: str) -> set[str]:
    """The terms of one file."""
    statements = ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE)
    return {quad.subject.value for quad in statements if isinstance(quad.subject, ox.NamedNode)}


def found(store: ox.Store, pattern: str) -> list[str]:
    solutions = store.query(f"{PREFIXES} SELECT DISTINCT ?term {{ {pattern} {OURS} }} ORDER BY ?term")
    assert isinstance(solutions, ox.QuerySolutions)
    return [str(solution["term"].value).removeprefix(CT) for solution in solutions]


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_no_pitfall(ontology: ox.Store, pitfall: str) -> None:
    assert found(ontology, PITFALLS[pitfall]) == []


def test_a_planted_pitfall_is_detected(ontology: ox.Store) -> None:
    planted = ox.Store()
    planted.extend(ontology)
    planted.update(
        PREFIXES
        + """INSERT DATA {
            ct:lonely a owl:Class ; rdfs:label "x"@en ; skos:definition "x."@en .
            ct:A a owl:Class ; rdfs:subClassOf ct:B . ct:B a owl:Class ; rdfs:subClassOf ct:A .
            ct:p a owl:ObjectProperty , owl:DatatypeProperty ; rdfs:subPropertyOf ct:q ; owl:inverseOf ct:p ;
                rdfs:domain ct:Nowhere ; rdfs:range ct:A .
            ct:q rdfs:subPropertyOf ct:p }"""
    )
    silent = [pitfall for pitfall, pattern in PITFALLS.items() if not found(planted, pattern)]
    assert silent == []


@pytest.mark.parametrize("kind", ["owl:Class", "owl:ObjectProperty, owl:DatatypeProperty"])
def test_no_two_terms_have_one_label(ontology: ox.Store, kind: str) -> None:
    query = f"SELECT DISTINCT ?term ?label {{ ?term a ?kind ; rdfs:label ?label FILTER(?kind IN ({kind})) {OURS} }}"
    solutions = ontology.query(PREFIXES + query)
    assert isinstance(solutions, ox.QuerySolutions)
    labels = Counter(str(solution["label"].value).lower() for solution in solutions)
    assert [label for label, count in labels.items() if count > 1] == []


def test_p11_a_property_without_a_domain_is_shared_by_classes(ontology: ox.Store) -> None:
    users: dict[str, set[str]] = {}
    for entity in shipped_plan().entities.values():
        for known in entity.fields:
            users.setdefault(known.shape.path.removeprefix(CT), set()).update(entity.types)
    without = found(ontology, f"{PROPERTY} FILTER NOT EXISTS {{ ?term rdfs:domain ?domain }}")
    assert [name for name in without if len(users.get(name, "above others")) < 2] == []


def test_p11_an_object_property_without_a_range_leads_out_of_the_ontology(ontology: ox.Store) -> None:
    without = found(ontology, "?term a owl:ObjectProperty FILTER NOT EXISTS { ?term rdfs:range ?range }")
    for _, _, known in shipped_plan().walk():
        if known.shape.path.removeprefix(CT) in without:
            outside = known.target is not None and not known.target.is_class  # a MeSH term, a GeoSPARQL point
            assert known.shape.is_iri or outside, known.shape.path


def test_p13_properties_of_swapped_ends_are_inverses(ontology: ox.Store) -> None:
    """Two properties with swapped domain and range are declared inverse."""
    query = """SELECT ?p ?q { ?p a owl:ObjectProperty ; rdfs:domain ?a ; rdfs:range ?b .
        ?q a owl:ObjectProperty ; rdfs:domain ?b ; rdfs:range ?a
        FILTER(?p != ?q) FILTER NOT EXISTS { ?p owl:inverseOf|^owl:inverseOf ?q } }"""
    solutions = ontology.query(PREFIXES + query)
    assert isinstance(solutions, ox.QuerySolutions)
    assert [(solution["p"].value, solution["q"].value) for solution in solutions] == []


def test_p41_the_licence_is_declared(ontology: ox.Store) -> None:
    assert ontology.query(PREFIXES + "ASK { ?ontology a owl:Ontology ; dcterms:license ?licence ; owl:versionInfo ?v }")


def test_nothing_is_unused(ontology: ox.Store) -> None:
    """Every class, property and code list is used by a shape, or is a superclass or superproperty of one that is."""
    plan, used = shipped_plan(), set[str]()
    for entity in plan.entities.values():
        used.update(entity.types)
        used.update(str(shape.path) for shape in entity.shape.properties)
        used.update(str(known.shape.node) for known in entity.fields if known.role is Role.CODE)
    above = found(ontology, "?below rdfs:subClassOf|rdfs:subPropertyOf ?term")
    kinds = found(ontology, "?term owl:equivalentClass ?by")
    terms = found(ontology, "?term a ?kind FILTER(?kind IN (owl:Class, owl:ObjectProperty, owl:DatatypeProperty))")
    known = {name.removeprefix(CT) for name in used} | {
        *above,
        *kinds,
        "Registry",
        "position",
        "ofStudy",
        "descriptionCount",
    }
    known |= {name.removeprefix(CT) for name in described_in("changes.ttl")}  # kg sync writes these
    assert sorted(set(terms) - known) == []
    assert sorted(set(shipped().schemes) - used) == []


def test_the_classes_of_parts_exclude_each_other(ontology: ox.Store) -> None:
    query = """SELECT ?all ?class { ?all a owl:AllDisjointClasses ; owl:members/rdf:rest*/rdf:first ?class }"""
    groups: dict[str, set[str]] = {}
    solutions = ontology.query(PREFIXES + query)
    assert isinstance(solutions, ox.QuerySolutions)
    for solution in solutions:
        groups.setdefault(str(solution["all"]), set()).add(str(solution["class"].value).removeprefix(CT))
    parts = found(ontology, "?term rdfs:subClassOf ct:Part FILTER NOT EXISTS { ?below rdfs:subClassOf ?term }")
    for one, other in combinations(parts, 2):
        assert any({one, other} <= group for group in groups.values()), f"{one} and {other} may be one thing"


def test_names_are_words_of_the_registry_or_of_this_ontology() -> None:
    """Properties are in camel case, without underscores, and never longer than 40 letters."""
    for _, _, known in shipped_plan().walk():
        assert re.fullmatch(r"[a-z][A-Za-z0-9]{1,39}", known.local), known.shape.path
