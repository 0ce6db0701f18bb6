"""A study and its publications: CiTO in the direction of the citation, no property that says something else."""

from __future__ import annotations

from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from kg.ontology.files import folder
from kg.ontology.vocabulary import CT, RDFS
from kg.restore.records import Restorer
from tests.export.test_exporter import change

CITO = "http://purl.org/spar/cito/"
PUBMED = "https://pubmed.ncbi.nlm.nih.gov/"
STUDY = "https://clinicaltrials.gov/study/NCT02059759"
PATH = "protocolSection.referencesModule.references"
REFERENCES: list[dict[str, Any]] = [
    {"pmid": "11111111", "type": "BACKGROUND", "citation": 'Smith: "A" background\n of it'},
    {"pmid": "22222222", "type": "RESULT", "citation": "Smith: results"},
    {"type": "DERIVED", "citation": "By others", "pmid": "33333333"},
    {"pmid": "11111111", "type": "BACKGROUND", "citation": "once more"},
    {"type": "RESULT", "citation": "not in PubMed"},
    {"pmid": "44444444", "citation": "of no type"},
    {"pmid": "PMC55", "type": "RESULT", "citation": "no PubMed identifier"},
    {"pmid": "66666666", "type": "SOMETHING", "citation": "of an unknown type"},
]
EXPECTED = {
    (CITO + "obtainsBackgroundFrom", PUBMED + "11111111/"),
    (CITO + "isDocumentedBy", PUBMED + "22222222/"),
    (CITO + "isCitedBy", PUBMED + "33333333/"),
}


def cited(data: bytes, syntax: ox.RdfFormat = ox.RdfFormat.N_TRIPLES) -> set[tuple[str, str]]:
    return {
        (quad.predicate.value, str(quad.object.value))
        for quad in ox.parse(data, format=syntax)
        if quad.predicate.value.startswith(CITO) and quad.subject == ox.NamedNode(STUDY)
    }


def test_a_study_is_linked_to_its_publications(seed: dict[str, Any]) -> None:
    record = change(seed, PATH, REFERENCES)
    assert cited(Exporter()(record).data) == EXPECTED
    record.pop("pageHeader", None)
    assert list(Restorer(ox.parse(Exporter()(record).data, format=ox.RdfFormat.N_TRIPLES))) == [record]


@pytest.mark.skipif(native() is None, reason="the emitter is not built")
@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize(
    "elements", [REFERENCES, [{}, *REFERENCES], [{"pmid": 7, "type": "RESULT"}], [{"type": "RESULT"}]]
)
def test_the_emitter_and_the_interpreter_agree_on_it(
    seed: dict[str, Any], elements: list[dict[str, Any]], *, grouped: bool
) -> None:
    record, exporter = change(seed, PATH, elements), Exporter(grouped=grouped)
    fast = exporter.try_json(orjson.dumps(record))
    assert fast is not None
    assert fast.data == exporter(record).data


def test_properties_have_no_superproperty_of_another_meaning() -> None:
    """The object of ``ct:reference`` is a citation; a collaborator of a study contributes to no creative work."""
    store = ox.Store()
    store.load(path=str(folder("ontology") / "trialkg.ttl"), format=ox.RdfFormat.TURTLE)
    above = ox.NamedNode(RDFS + "subPropertyOf")
    for name in ("reference", "collaborator"):
        assert list(store.quads_for_pattern(ox.NamedNode(CT + name), above, None)) == []
