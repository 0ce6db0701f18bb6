"""Faults in what records become: versions, contact data on the fast path, addresses with HTML escapes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.errors import Repaired
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.run import export
from kg.mapping.free_text import exclusion_criteria, inclusion_criteria
from kg.ontology.vocabulary import CT
from kg.restore.records import Restorer


def study(**modules: Any) -> dict[str, Any]:
    """A record with some modules of its protocol section."""
    return {"protocolSection": {"identificationModule": {"nctId": "NCT05937334", "briefTitle": "A trial"}, **modules}}


def objects(data: bytes, name: str) -> list[str]:
    """The IRIs and texts that a property of the ontology has in some N-Triples."""
    quads = ox.parse(data, format=ox.RdfFormat.N_TRIPLES)
    return [getattr(quad.object, "value", "") for quad in quads if quad.predicate.value == CT + name]


@pytest.mark.parametrize(
    "documents",
    [
        [{"email": {}}, {"size": 326461}],
        [{"email": {}}, {}, {"size": 326461}, {"x": 1}],
        [{"email": "a"}, {"size": 326461, "email": [1, {}]}, {"x": {"email": 7}}],
        [{"size": 1}, {"x": {}}],
    ],
)
def test_an_unknown_contact_key_in_a_list_is_exported_alike_on_both_paths(documents: list[Any]) -> None:
    record = study() | {"documentSection": {"largeDocumentModule": {"largeDocs": documents}}}
    for exporter in (Exporter(), Exporter(grouped=True)):
        fast, reference = exporter.try_json(orjson.dumps(record)), exporter(record)
        assert fast is not None
        assert (fast.data, fast.triples, fast.unmapped) == (reference.data, reference.triples, reference.unmapped)


def test_of_two_records_posted_on_one_day_the_one_submitted_later_wins(tmp_path: Path) -> None:
    def version(title: str, submitted: str, holder: str) -> dict[str, Any]:
        dates = {"lastUpdateSubmitDate": submitted, "lastUpdatePostDateStruct": {"date": "2025-03-02"}}
        record = study(statusModule=dates) | {"derivedSection": {"miscInfoModule": {"versionHolder": holder}}}
        record["protocolSection"]["identificationModule"]["briefTitle"] = title
        return record

    records = [version("new", "2025-03-01", "2025-04-01"), version("old", "2025-02-27", "2025-05-01")]
    for i, order in enumerate(itertools.permutations(records)):
        (tmp_path / f"{i}.jsonl").write_text("\n".join(map(json.dumps, order)))
        export([tmp_path / f"{i}.jsonl"], tmp_path / "x.nt")
        assert b'"new"' in (tmp_path / "x.nt").read_bytes()
        assert b'"old"' not in (tmp_path / "x.nt").read_bytes()


LINK = "https:&#x2F;&#x2F;example.org&#x2F;study?a=1&amp;b=2"


def test_an_address_with_html_escapes_is_repaired_and_the_record_is_restored() -> None:
    record = study(referencesModule={"seeAlsoLinks": [{"label": "x"}, {"url": LINK}]})
    exporter = Exporter()
    fast, reference = exporter.try_json(orjson.dumps(record)), exporter(record)
    assert fast is not None
    for exported in (fast, reference):
        assert objects(exported.data, "url") == ["https://example.org/study?a=1&b=2"]
        assert [(type(error), error.path, error.value) for error in exported.errors] == [
            (Repaired, "protocolSection.referencesModule.seeAlsoLinks[1].url", LINK)
        ]
        assert list(Restorer(ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES))) == [record]
    assert fast.data == reference.data


def test_repaired_addresses_are_counted_and_are_no_problem(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(study(referencesModule={"seeAlsoLinks": [{"url": LINK}]})))
    report = Report()
    export([tmp_path / "a.json"], tmp_path / "x.nt", strict=True, report=Report())
    export([tmp_path / "a.json"], tmp_path / "x.nt", report=report)
    assert (report.repaired, report.fields, report.problems) == (1, 0, [])
    assert "1 URL repaired" in report.summary()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Inclusion Criteria:\n\n* Adults\n\nExclusion Criteria:\n\n* Smokers", ("* Adults", "* Smokers")),
        ("**Key Inclusion Criteria**\n1. A\nKey exclusion:\n2. B", ("1. A", "2. B")),
        (
            "INCLUSION CRITERIA:\n* The inclusion of others\nEXCLUSION CRITERIA:\n* B",
            ("* The inclusion of others", "* B"),
        ),
        ("Exclusion Criteria:\n* B\nInclusion Criteria:\n* A", None),
        ("Inclusion Criteria: adults\n\nExclusion Criteria:\n* B", None),
        ("Inclusion Criteria:\n* A\nExclusion Criteria:\n* B\nInclusion criteria for controls:\n* C", None),
        ("Inclusion Criteria:\n* A\nExclusion criteria of part 1:\n* B\nExclusion Criteria:\n* C", None),
        ("Inclusion Criteria:\n\nExclusion Criteria:\n* B", None),
        ("Inclusion Criteria:\n* A", None),
        ("", None),
    ],
)
def test_criteria_are_divided_only_where_their_headings_are_clear(text: str, parts: tuple[str, str] | None) -> None:
    assert (inclusion_criteria(text), exclusion_criteria(text)) == (parts or (None, None))


def outcome_study(*titles: str) -> dict[str, Any]:
    """A record that plans two primary outcomes and reports those of some titles."""
    planned = [{"measure": "Pain", "timeFrame": "1 week"}, {"measure": "Sleep", "timeFrame": "1 week"}]
    reported = [{"type": "PRIMARY", "title": title, "timeFrame": "1 week"} for title in titles]
    record = study(outcomesModule={"primaryOutcomes": planned, "secondaryOutcomes": planned[:1] * 2})
    return record | {"resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": reported}}}


def test_a_posted_outcome_is_linked_to_the_one_planned_outcome_that_equals_it() -> None:
    record = outcome_study("Pain", "pain", "Other")
    record["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"] += [
        {"type": "SECONDARY", "title": "Pain", "timeFrame": "1 week"},  # two planned outcomes equal it
        {"type": "PRIMARY", "title": "Sleep"},
        {"type": "POST_HOC", "title": "Sleep", "timeFrame": "1 week"},
    ]
    exporter = Exporter()
    fast, reference = exporter.try_json(orjson.dumps(record)), exporter(record)
    assert fast is not None
    part = "https://w3id.org/trialkg/part/NCT05937334-primaryOutcome-1"
    assert objects(fast.data, "reports") == objects(reference.data, "reports") == [part]


def test_an_intervention_is_linked_to_the_terms_that_equal_its_names_apart_from_case() -> None:
    arms = {
        "interventions": [{"name": "ASPIRIN", "otherNames": ["aspirin", "Acetylsalicylic acid", 7]}, {"name": "Rest"}]
    }
    terms = [{"id": "D001241", "term": "Aspirin"}, {"id": "D000002", "term": "rest"}, {"id": "D000003", "term": "Rest"}]
    record = study(armsInterventionsModule=arms) | {"derivedSection": {"interventionBrowseModule": {"meshes": terms}}}
    assert objects(Exporter()(record).data, "mesh") == ["http://id.nlm.nih.gov/mesh/D001241"]
    del arms["interventions"][0]["otherNames"][2]
    exporter = Exporter(grouped=True)
    fast = exporter.try_json(orjson.dumps(record))
    assert fast is not None
    assert fast.data == exporter(record).data
    assert b"ct:mesh mesh:D001241" in fast.data
