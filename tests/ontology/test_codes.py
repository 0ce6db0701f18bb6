"""``ontology/codes.ttl`` has exactly the enumerations of the registry's API."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Store

HERE = Path(__file__).parents[1]
CODES = HERE.parent / "ontology" / "codes.ttl"
CODE = "https://w3id.org/trialkg/code/"
SCHEME = "https://w3id.org/trialkg/scheme/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SH = "http://www.w3.org/ns/shacl#"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
NOT_RECORD_DATA = {"FieldStatsType"}


def load_enums() -> dict[str, list[str]]:
    enums: dict[str, list[str]] = json.loads((HERE / "data" / "enums.json").read_text(encoding="utf-8"))
    return {name: values for name, values in enums.items() if name not in NOT_RECORD_DATA}


def load_store() -> Store:
    store = Store()
    store.load(path=CODES, format=RdfFormat.TURTLE)
    return store


ENUMS = load_enums()
VALUES = sorted({value for values in ENUMS.values() for value in values})
STORE = load_store()


def skos(name: str) -> NamedNode:
    return NamedNode(SKOS + name)


def instances(of: NamedNode) -> set[str]:
    return {
        quad.subject.value for quad in STORE.quads_for_pattern(None, TYPE, of) if isinstance(quad.subject, NamedNode)
    }


def objects(subject: NamedNode, predicate: NamedNode) -> list[object]:
    return [quad.object for quad in STORE.quads_for_pattern(subject, predicate, None)]


def is_sentence(text: object) -> bool:
    return isinstance(text, Literal) and text.language == "en" and text.value[0].isupper() and text.value.endswith(".")


def test_there_is_a_scheme_for_each_enumeration() -> None:
    assert instances(skos("ConceptScheme")) == {SCHEME + name for name in ENUMS}


def test_there_is_a_concept_for_each_value() -> None:
    assert instances(skos("Concept")) == {CODE + value for value in VALUES}


@pytest.mark.parametrize("value", VALUES)
def test_a_concept_is_in_exactly_the_schemes_that_have_its_value(value: str) -> None:
    expected = {NamedNode(SCHEME + name) for name, values in ENUMS.items() if value in values}
    assert set(objects(NamedNode(CODE + value), skos("inScheme"))) == expected


@pytest.mark.parametrize("value", VALUES)
def test_a_concept_has_its_code_one_label_and_a_definition(value: str) -> None:
    concept = NamedNode(CODE + value)
    assert objects(concept, skos("notation")) == [Literal(value)]
    (label,) = objects(concept, skos("prefLabel"))
    assert isinstance(label, Literal)
    assert label.language == "en"
    assert objects(concept, LABEL) == [label]
    (definition,) = objects(concept, skos("definition"))
    assert is_sentence(definition)


@pytest.mark.parametrize("predicate", ["prefLabel", "definition"])
def test_no_two_concepts_share_a_text(predicate: str) -> None:
    owners = defaultdict(set)
    for value in VALUES:
        for text in objects(NamedNode(CODE + value), skos(predicate)):
            owners[text].add(value)
    assert {text: values for text, values in owners.items() if len(values) > 1} == {}


def test_an_alternative_label_is_never_a_preferred_one() -> None:
    labels = {quad.object for quad in STORE.quads_for_pattern(None, skos("prefLabel"), None)}
    assert labels.isdisjoint({quad.object for quad in STORE.quads_for_pattern(None, skos("altLabel"), None)})


@pytest.mark.parametrize("name", ENUMS)
def test_a_scheme_is_the_shape_of_its_concepts(name: str) -> None:
    scheme = NamedNode(SCHEME + name)
    shape = f"""
        PREFIX sh: <{SH}>
        ASK {{ {scheme} a sh:NodeShape ; sh:property [ sh:path <{SKOS}inScheme> ; sh:hasValue {scheme} ] }}"""
    assert STORE.query(shape)
    assert len(objects(scheme, NamedNode(SH + "property"))) == 1
    (label,) = objects(scheme, LABEL)
    assert isinstance(label, Literal)
    assert label.language == "en"
    (definition,) = objects(scheme, skos("definition"))
    assert is_sentence(definition)


def test_intervention_types_are_labelled_as_the_records_name_them() -> None:
    """``interventionNames`` of an arm are "Dietary Supplement: NAME": the label, a colon, the name."""
    labels = {
        value: [text.value for text in objects(NamedNode(CODE + value), skos("prefLabel")) if isinstance(text, Literal)]
        for value in ENUMS["InterventionType"]
    }
    assert labels == {value: [value.replace("_", " ").title()] for value in ENUMS["InterventionType"]}
