"""Measures of dispersion are codes, of a baseline characteristic as of an outcome, and come back as they were."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.errors import OntologyError
from kg.export.exporter import Exporter
from kg.mapping.plan import build_plan
from kg.ontology.model import shipped
from kg.ontology.vocabulary import CT
from kg.restore.records import Restorer

CODE = "https://w3id.org/trialkg/code/"
SCHEME = "https://w3id.org/trialkg/scheme/MeasureDispersionType"


def with_dispersion(made: dict[str, Any], baseline: str, outcome: str) -> dict[str, Any]:
    record = copy.deepcopy(made)
    results = record["resultsSection"]
    results["baselineCharacteristicsModule"]["measures"][0]["dispersionType"] = baseline
    results["outcomeMeasuresModule"]["outcomeMeasures"][0]["dispersionType"] = outcome
    return record


def objects(data: bytes, part: str) -> list[Any]:
    return [
        quad.object
        for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES)
        if quad.predicate.value == CT + "dispersionType" and f"-{part}-1" in quad.subject.value
        if "analysis" not in quad.subject.value
    ]


@pytest.mark.parametrize("notation", shipped().schemes[SCHEME])
def test_an_outcome_has_the_code_of_its_label(made: dict[str, Any], notation: str) -> None:
    record = with_dispersion(made, notation, shipped().schemes[SCHEME][notation].label)
    exporter = Exporter(contacts=True)
    exported = exporter(record)
    assert exported.errors == Exporter(contacts=True)(made).errors
    assert objects(exported.data, "baselineMeasure") == [ox.NamedNode(CODE + notation)]
    assert objects(exported.data, "outcomeMeasure") == [ox.NamedNode(CODE + notation)]
    fast = exporter.try_json(orjson.dumps(record))
    assert fast is None or fast.data == exported.data
    assert list(Restorer(ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES))) == [record]


@pytest.mark.parametrize("words", ["96% Confidence Interval", "STANDARD_DEVIATION", ""])
def test_other_words_are_reported_and_kept_as_text(made: dict[str, Any], words: str) -> None:
    record = with_dispersion(made, "NA", words)
    exported = Exporter(contacts=True)(record)
    assert [error.path for error in exported.errors][-1:] == [
        "resultsSection.outcomeMeasuresModule.outcomeMeasures[0].dispersionType"
    ]
    assert objects(exported.data, "outcomeMeasure") == [ox.Literal(words)]
    assert list(Restorer(ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES))) == [record]


def test_a_scheme_that_is_referred_to_by_label_has_each_label_once() -> None:
    ontology = shipped()
    codes = ontology.schemes[SCHEME]
    twice = {notation: concept._replace(label="the same") for notation, concept in codes.items()}
    with pytest.raises(OntologyError, match="cannot refer to the codes"):
        build_plan(ontology._replace(schemes={**ontology.schemes, SCHEME: twice}))
