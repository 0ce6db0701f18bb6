"""The extended prefix map: ``curies`` takes it and compresses every IRI that an export makes."""

from __future__ import annotations

import json
import re
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.mapping.plan import Role, shipped_plan
from kg.ontology.files import folder
from kg.ontology.model import shipped
from kg.rdf.syntax import prefixes
from tools.docs.prefix_map import BIOREGISTRY, REGISTRIES, prefix_map

PATH = folder("ontology") / "prefixes.json"
COPIED = {
    field.shape.path for _, _, field in shipped_plan().walk() if field.role is Role.IRI and field.shape.template is None
}
"""Properties whose values are addresses as a record gives them."""


def records() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(PATH.read_text("utf-8"))
    return found


def iris(record: dict[str, Any]) -> set[str]:
    """The IRIs of an export, without the addresses that a record gives."""
    return {
        term.value
        for quad in ox.parse(Exporter(graphs=True)(record).data, format=ox.RdfFormat.N_QUADS)
        if quad.predicate.value not in COPIED
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name)
        if isinstance(term, ox.NamedNode)
    }


def test_the_file_is_what_the_ontology_gives() -> None:
    assert PATH.read_text("utf-8") == prefix_map(shipped()), "run python -m tools.docs"


def test_every_prefix_and_every_iri_stands_once() -> None:
    names = [name for record in records() for name in (record["prefix"], *record["prefix_synonyms"])]
    uris = [uri for record in records() for uri in (record["uri_prefix"], *record["uri_prefix_synonyms"])]
    assert len({name.lower() for record in records() for name in [record["prefix"]]}) == len(records())
    assert len(set(names)) == len(names)
    assert len(set(uris)) == len(uris)


def test_the_prefixes_of_an_export_are_in_it() -> None:
    known = {
        name: record["uri_prefix"] for record in records() for name in (record["prefix"], *record["prefix_synonyms"])
    }
    assert prefixes(shipped()).items() <= known.items()
    assert BIOREGISTRY.keys() <= shipped().prefixes.keys()
    assert {f"https://w3id.org/trialkg/registry/{name}" for name in REGISTRIES} <= {
        registry.iri for registry in shipped().registries
    }


def test_curies_compresses_every_iri_of_an_export(
    seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]]
) -> None:
    curies = pytest.importorskip("curies")
    converter = curies.load_extended_prefix_map(records())
    found = set().union(*map(iris, (seed, made, *studies)))
    assert len(found) > 1000
    assert [iri for iri in sorted(found) if converter.compress(iri) is None] == []
    assert [iri for iri in sorted(found) if converter.expand(converter.compress(iri)) != iri] == []


@pytest.mark.parametrize(
    ("iri", "curie"),
    [
        ("https://clinicaltrials.gov/study/NCT02059759", "clinicaltrials:NCT02059759"),
        ("https://www.clinicaltrials.gov/study/NCT02059759", "clinicaltrials:NCT02059759"),
        ("http://id.nlm.nih.gov/mesh/D000690", "mesh:D000690"),
        ("http://id.nlm.nih.gov/mesh/vocab#Descriptor", "meshv:Descriptor"),
        ("https://doi.org/10.1016/j.websem.2012.08.001", "doi:10.1016/j.websem.2012.08.001"),
        ("https://www.isrctn.com/ISRCTN12345678", "isrctn:ISRCTN12345678"),
        ("https://euclinicaltrials.eu/app/#/view/2023-508083-30-00", "ctis:2023-508083-30-00"),
        (
            "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:2014-001327-71",
            "euclinicaltrials:2014-001327-71",
        ),
        ("https://trialsearch.who.int/Trial2.aspx?TrialID=ChiCTR2100048636", "ictrp:ChiCTR2100048636"),
        ("https://w3id.org/trialkg/part/NCT02059759-arm-1", "part:NCT02059759-arm-1"),
        ("https://w3id.org/trialkg/ontology#Study", "ct:Study"),
        ("https://bioregistry.io/isrctn:ISRCTN12345678", "isrctn:ISRCTN12345678"),
    ],
)
def test_iris_have_the_prefixes_of_the_bioregistry(iri: str, curie: str) -> None:
    curies = pytest.importorskip("curies")
    assert curies.load_extended_prefix_map(records()).compress(iri) == curie


def test_the_recipe_of_the_documentation_is_right() -> None:
    curies = pytest.importorskip("curies")
    text = (folder("ontology").parent / "docs" / "model.md").read_text("utf-8")
    code = re.findall(r"```py\n(.*?)```", text, re.DOTALL)[0]
    converter = curies.load_extended_prefix_map(str(PATH))
    lines = re.findall(r"converter\.(\w+)\(\"(.*?)\"\)  # (.*)", code)
    assert len(lines) == 3
    for method, argument, expected in lines:
        assert getattr(converter, method)(argument) == expected
