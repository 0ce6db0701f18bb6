"""Shared resources and links in records that are odd: equal in every format, by both ways, and in every build."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.export.descriptions import Describer
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.ontology.vocabulary import CT
from kg.rdf.formats import FORMATS
from kg.store import layout
from kg.store.dataset import open_store
from kg.store.embedded import build
from kg.store.shared_graph import StoreGraphs
from native.fuzz.targets import assert_same
from tests.store.test_embedded import written


def with_modules(record: dict[str, Any], **modules: Any) -> dict[str, Any]:
    changed = copy.deepcopy(record)
    changed["protocolSection"].update(modules)
    return changed


def triples(record: dict[str, Any]) -> list[ox.Triple]:
    exported = Exporter()(record)
    return [quad.triple for quad in ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES)]


@pytest.mark.parametrize("country", [12, True])
def test_a_country_that_is_no_text_describes_nothing(seed: dict[str, Any], tmp_path: Path, country: object) -> None:
    """Its text is kept, without a link to a country."""
    record = with_modules(seed, contactsLocationsModule={"locations": [{"country": country}, {"country": "France"}]})
    record["derivedSection"]["miscInfoModule"] = {"removedCountries": ["Japan", country]}
    shared, describer = Exporter()(record).shared, Describer()
    values = [(t.predicate.value, t.object.value) for t in triples(record) if t.predicate.value in describer.predicates]
    assert set(describer.of(values)) == set(shared)
    build([written([record], tmp_path / "one.jsonl")], tmp_path / "store", report=Report())
    with open_store(tmp_path / "store") as store:
        ((_, quads),) = layout.by_study(store)
        assert set(StoreGraphs(store).of(quads)) == set(shared)


def test_ties_between_a_code_and_a_text_have_one_winner_in_every_format(seed: dict[str, Any]) -> None:
    sponsors = {"leadSponsor": {"name": "A", "class": "NOBODY"}, "collaborators": [{"name": "A", "class": "OTHER"}]}
    record, turtle = with_modules(seed, sponsorCollaboratorsModule=sponsors), Exporter(grouped=True)
    lines = Exporter().with_shared(Exporter()(record))
    blocks = FORMATS["turtle"].frame(turtle.prefixes).head + turtle.with_shared(turtle(record))
    found = set(ox.parse(blocks, format=ox.RdfFormat.TURTLE))
    assert found == set(ox.parse(lines, format=ox.RdfFormat.N_TRIPLES))


@pytest.mark.parametrize("intervention", [{"name": ""}, {"name": "a", "otherNames": ["", "b"]}])
def test_empty_names_are_not_linked(seed: dict[str, Any], intervention: dict[str, Any]) -> None:
    record = with_modules(seed, armsInterventionsModule={"interventions": [{"type": "DRUG", **intervention}]})
    record["derivedSection"]["interventionBrowseModule"] = {"meshes": [{"id": "D000001", "term": ""}]}
    assert not [triple for triple in triples(record) if triple.predicate.value == CT + "mesh"]
    if found := Exporter().try_json(orjson.dumps(record)):
        assert_same(found, Exporter()(record))


@pytest.mark.parametrize("value", [[], {}, [1], {"a": 1}])
def test_what_is_no_day_of_the_registry_is_complained_of_alike(seed: dict[str, Any], value: object) -> None:
    record = copy.deepcopy(seed)
    record["derivedSection"]["miscInfoModule"] = {"versionHolder": value}
    exporter = Exporter()
    assert_same(exporter.from_json(orjson.dumps(record)), exporter(record))


def test_links_to_many_terms_of_one_name_take_no_quadratic_time(seed: dict[str, Any]) -> None:
    record = with_modules(seed, armsInterventionsModule={"interventions": [{"type": "DRUG", "name": "a"}] * 20_000})
    meshes = [{"id": "D000001", "term": "A"}] * 20_000
    record["derivedSection"]["interventionBrowseModule"] = {"meshes": meshes}
    start = time.process_time()
    assert len([t for t in triples(record) if t.predicate.value == CT + "mesh"]) == 20_000
    assert time.process_time() - start < 10


def test_lines_of_a_title_are_not_taken_for_a_time_frame(seed: dict[str, Any]) -> None:
    planned, posted = {"measure": "a", "timeFrame": "b\nc"}, {"type": "PRIMARY", "title": "a\nb", "timeFrame": "c"}
    record = with_modules(seed, outcomesModule={"primaryOutcomes": [planned]})
    record["resultsSection"] = {"outcomeMeasuresModule": {"outcomeMeasures": [posted]}}
    assert not [triple for triple in triples(record) if triple.predicate.value == CT + "reports"]
    if found := Exporter().try_json(orjson.dumps(record)):
        assert_same(found, Exporter()(record))
