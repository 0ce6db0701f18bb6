"""Cards did not link an intervention to the arms that only it names, and showed tags and character references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kg.draw.graph import open_graph
from kg.draw.picture import Picture
from kg.draw.plain_text import plain_text
from kg.draw.study_view import study_picture
from tests.conftest import DATA

NUMBER = "NCT02059759"
PART = f"https://w3id.org/trialkg/part/{NUMBER}"


def drawn(tmp_path: Path, **protocol: Any) -> Picture:
    """Return the picture of a small record with additional modules."""
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": NUMBER, "briefTitle": "Small"},
            "statusModule": {"overallStatus": "COMPLETED"},
            **protocol,
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": "2026-01-01"}},
    }
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), "utf-8")
    return study_picture(open_graph([str(path)], lambda _: None), NUMBER)


ARMS = [{"label": name, "type": "EXPERIMENTAL"} for name in ("one", "two", "three")]
ONE_WAY = {
    "arms": {
        "armGroups": [
            ARMS[0] | {"interventionNames": ["Drug: A"]},
            ARMS[1] | {"interventionNames": ["Drug: A"]},
            ARMS[2],
        ],
        "interventions": [{"type": "DRUG", "name": "A"}],
    },
    "interventions": {
        "armGroups": ARMS,
        "interventions": [{"type": "DRUG", "name": "A", "armGroupLabels": ["one", "two"]}],
    },
    "either": {
        "armGroups": [ARMS[0] | {"interventionNames": ["Drug: A"]}, *ARMS[1:]],
        "interventions": [{"type": "DRUG", "name": "A", "armGroupLabels": ["two"]}],
    },
}


@pytest.mark.parametrize("naming", ONE_WAY)
def test_arms_and_interventions_are_linked_in_either_direction(tmp_path: Path, naming: str) -> None:
    picture = drawn(tmp_path, armsInterventionsModule=ONE_WAY[naming])
    links = {(edge.source, edge.target) for edge in picture.edges if edge.target == f"{PART}-intervention-1"}
    assert links == {(f"{PART}-arm-{i}", f"{PART}-intervention-1") for i in (1, 2)}


def test_an_intervention_without_a_name_is_linked_to_the_arms_that_it_names(tmp_path: Path) -> None:
    unnamed = {"armGroups": ARMS, "interventions": [{"type": "OTHER", "armGroupLabels": ["one", "two", "three"]}]}
    picture = drawn(tmp_path, armsInterventionsModule=unnamed)
    assert sum(edge.target == f"{PART}-intervention-1" for edge in picture.edges) == 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>Inclusion:</p><ul><li>age</li><li>sex</li></ul>", "Inclusion:\n* age\n* sex"),
        ("https:&#x2F;&#x2F;clinicaltrials.bayer.com&#x2F;study", "https://clinicaltrials.bayer.com/study"),
        ("Behcet&#39;s Disease &amp; &quot;others&quot;", 'Behcet\'s Disease & "others"'),
        ("Children&Amp;#39;s Hospital", "Children's Hospital"),
        ("AUC\\<sub\\>0-28d\\</sub\\> \\>= 3", "AUC0-28d >= 3"),
        ("rate \\&#8805; 100", "rate ≥ 100"),
        ("eGFR &lt; 90 mL&#x2F;min", "eGFR < 90 mL/min"),
        ("p<0.05, q>1; a <b and c> d; Llc <<Mart>>; AT&T; \\d", "p<0.05, q>1; a <b and c> d; Llc <<Mart>>; AT&T; \\d"),
        ("<a href='javascript:alert(1)'>here</a><br/>there", "here\nthere"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("&unknown; &#xffffff;", "&unknown; \ufffd"),
    ],
)
def test_a_text_is_shown_without_markup(text: str, shown: str) -> None:
    assert plain_text(text) == shown


def test_cards_and_their_details_show_no_markup(tmp_path: Path) -> None:
    text = "<p>Pain&#x2F;discomfort</p><ul><li>mild</li></ul>"
    picture = drawn(
        tmp_path,
        armsInterventionsModule={"interventions": [{"type": "DRUG", "name": "A&#x2F;B", "description": text}]},
        outcomesModule={
            "primaryOutcomes": [{"measure": "<b>Score</b>", "timeFrame": "&gt; 1 day", "description": text}]
        },
        conditionsModule={"conditions": ["Behcet&#39;s Disease"]},
        eligibilityModule={"eligibilityCriteria": text},
        referencesModule={"seeAlsoLinks": [{"label": "A&amp;B", "url": "https:&#x2F;&#x2F;example.org"}]},
    )
    nodes = picture.nodes.values()
    texts = [node.label for node in nodes] + [detail.text for node in nodes for detail in node.details]
    texts += [line.text for node in nodes if node.card for line in node.card.lines]
    assert not [text for text in texts if any(mark in text for mark in ("<p>", "</", "&#", "&amp;", "&gt;"))]
    assert {"A/B", "Score", "Behcet's Disease", "Pain/discomfort\n* mild", "> 1 day"} <= set(texts)


def test_the_page_of_a_study_is_the_same_for_records_rdf_and_a_store(tmp_path: Path) -> None:
    import kg
    from kg.draw.render import DrawRequest, draw
    from kg.export.report import Report
    from kg.store.embedded import build

    record, rdf, store = tmp_path / "results.json", tmp_path / "results.nq", tmp_path / "results.kgstore"
    record.write_bytes(_with_results())
    kg.export([record], rdf)
    build([record], store, report=Report())
    pages = []
    for source in (record, rdf, store):
        draw([str(source)], str(tmp_path / "page.html"), DrawRequest(), reject=lambda _: None)
        pages.append((tmp_path / "page.html").read_bytes())
    assert pages[0] == pages[1] == pages[2]


def _with_results() -> bytes:
    """Return a record whose results have properties of the study itself."""
    for path in sorted((DATA / "studies").glob("*.json")):
        record = json.loads(path.read_bytes())
        if "preAssignmentDetails" in record.get("resultsSection", {}).get("participantFlowModule", {}):
            return path.read_bytes()
    raise AssertionError("no record of the tests has results with pre-assignment details")
