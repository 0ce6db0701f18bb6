"""A study with 20 arms showed only its title card, and one with 661 sites opened as a thread of cards."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from kg.draw.graph import open_graph
from kg.draw.picture import Node, Picture
from kg.draw.render import DrawRequest, draw
from kg.draw.scene import folded_ids, picture_scene
from kg.draw.study_view import study_picture
from tests.browser import Browser

NUMBER = "NCT02059759"
STUDY = f"https://clinicaltrials.gov/study/{NUMBER}"
PART = f"https://w3id.org/trialkg/part/{NUMBER}"


def record(tmp_path: Path, **protocol: Any) -> str:
    """Write a small record with additional modules; return its path."""
    content = {
        "protocolSection": {
            "identificationModule": {"nctId": NUMBER, "briefTitle": "Small"},
            "statusModule": {"overallStatus": "COMPLETED"},
            **protocol,
        },
    }
    path = tmp_path / "record.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def drawn(path: str) -> Picture:
    return study_picture(open_graph([path], lambda _: None), NUMBER)


def arms(number: int, drugs: int) -> dict[str, Any]:
    """Return a module in which arm i is given drug i, counted from the last drug."""
    names = [f"Drug {i}" for i in range(drugs)]
    return {
        "armGroups": [
            {"label": f"Arm {i}", "type": "EXPERIMENTAL", "interventionNames": [f"Drug: {names[-1 - i % drugs]}"]}
            for i in range(number)
        ],
        "interventions": [{"type": "DRUG", "name": name} for name in names],
    }


def sites() -> dict[str, Any]:
    """Return 30 sites in 2 states of one country, 3 in another country and one without any."""
    places = [("Alabama" if i < 20 else "Texas", "United States") for i in range(30)]
    places += [("", "France")] * 3
    locations = [
        {"facility": f"Hospital {i}", "city": f"Town {i % 7}", "country": country} | ({"state": state} if state else {})
        for i, (state, country) in enumerate(places)
    ]
    return {"locations": [*locations, {"facility": "Somewhere"}]}


def inside(picture: Picture, id_: str) -> list[Node]:
    return [node for node in picture.nodes.values() if node.inside == id_]


def size_of_scene(picture: Picture) -> tuple[float, float]:
    return picture_scene(picture).frame[2:]


def test_many_arms_are_in_one_card_and_the_picture_fits_a_screen(tmp_path: Path) -> None:
    picture = drawn(record(tmp_path, armsInterventionsModule=arms(20, 20)))
    assert [node.label for node in inside(picture, f"{STUDY}#arm")] == [f"Arm {i}" for i in range(20)]
    assert len(inside(picture, f"{STUDY}#intervention")) == 20
    assert folded_ids(picture) == {f"{PART}-{name}-{i}" for name in ("arm", "intervention") for i in range(1, 21)}
    width, height = size_of_scene(picture)
    assert width < 2000
    assert height < 1000
    arm = picture.nodes[f"{PART}-arm-1"]
    assert arm.card is not None
    assert [line.text for line in arm.card.lines][1:] == ["Arm 0", "Drug 19"], "an arm says what is given"
    links = {(edge.source, edge.target) for edge in picture.edges if edge.label == "intervention"}
    assert {(f"{PART}-arm-{i}", f"{PART}-intervention-{21 - i}") for i in range(1, 21)} <= links


def test_few_drugs_of_many_arms_stay_visible(tmp_path: Path) -> None:
    picture = drawn(record(tmp_path, armsInterventionsModule=arms(20, 2)))
    assert not folded_ids(picture) & {f"{PART}-intervention-1", f"{PART}-intervention-2"}
    drawn_links = {(edge.source, edge.target) for edge in picture.edges if edge.weight}
    assert {(f"{STUDY}#arm", f"{PART}-intervention-{i}") for i in (1, 2)} <= drawn_links


def test_drugs_are_in_the_order_of_their_arms(tmp_path: Path) -> None:
    picture = drawn(record(tmp_path, armsInterventionsModule=arms(8, 8)))
    assert not folded_ids(picture)
    heights = [[picture.nodes[f"{PART}-{name}-{i}"].y for i in range(1, 9)] for name in ("arm", "intervention")]
    assert heights[0] == sorted(heights[0])
    assert heights[1] == sorted(heights[1], reverse=True), "the first arm is given the last drug"


def test_a_mesh_term_is_below_the_drug_with_its_name(tmp_path: Path) -> None:
    module = {
        "interventions": [
            {"type": "DRUG", "name": "Placebo"},
            {"type": "DRUG", "name": "Proleukin 1 MIU", "otherNames": ["interleukin-2"]},
        ]
    }
    path = Path(record(tmp_path, armsInterventionsModule=module))
    content = json.loads(path.read_text("utf-8"))
    meshes = [{"id": "D007376", "term": "Interleukin-2"}, {"id": "D000001", "term": "Calcimycin"}]
    content["derivedSection"] = {"interventionBrowseModule": {"meshes": meshes}}
    path.write_text(json.dumps(content), "utf-8")
    picture = drawn(str(path))
    term, drug = picture.nodes["http://id.nlm.nih.gov/mesh/D007376"], picture.nodes[f"{PART}-intervention-2"]
    assert term.card is not None
    assert drug.card is not None
    assert 0 < (term.y - term.card.height / 2) - (drug.y + drug.card.height / 2) < 10
    links = {(edge.source, edge.target): edge.label for edge in picture.edges}
    assert links[drug.id, term.id] == "MeSH term with its name"
    assert (STUDY, "http://id.nlm.nih.gov/mesh/D000001") in links, "a term of another name belongs to the study"


def test_sites_are_grouped_by_country_and_state(tmp_path: Path) -> None:
    picture = drawn(record(tmp_path, contactsLocationsModule=sites()))
    countries = inside(picture, f"{STUDY}#location")
    assert [node.label for node in countries] == ["United States", "France", "No country given"]
    assert [node.label for node in inside(picture, countries[0].id)] == ["Alabama", "Texas"]
    assert [len(inside(picture, state.id)) for state in inside(picture, countries[0].id)] == [20, 10]
    assert [len(inside(picture, country.id)) for country in countries[1:]] == [3, 1]
    totals = [detail.text for detail in picture.nodes[f"{STUDY}#location"].details]
    assert totals == ["United States: 30", "France: 3", "No country given: 1"]
    assert f"{PART}-location-1" in folded_ids(picture)


@pytest.mark.parametrize("protocol", [{"armsInterventionsModule": arms(12, 12)}, {"contactsLocationsModule": sites()}])
def test_cards_do_not_overlap(tmp_path: Path, protocol: Any) -> None:
    picture = drawn(record(tmp_path, **protocol))
    groups = itertools.groupby(sorted(picture.nodes.values(), key=lambda node: node.inside), lambda node: node.inside)
    for _, group in groups:
        for a, b in itertools.combinations(group, 2):
            assert a.card is not None
            assert b.card is not None
            apart = (
                abs(a.x - b.x) - (a.card.width + b.card.width) / 2,
                abs(a.y - b.y) - (a.card.height + b.card.height) / 2,
            )
            assert max(apart) >= 0, (a.label, b.label)


def test_an_open_card_is_readable_and_one_country_is_open_at_a_time(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "study.html"
    draw([record(tmp_path, contactsLocationsModule=sites())], str(page), DrawRequest(), reject=lambda _: None)

    script = """
    const parts = new URLSearchParams(location.hash.slice(1));
    parts.set('node', arguments[0]);
    location.hash = '#' + parts;
    """
    browser.open(page)
    for id_ in ("#location", "#location-1", "#location-1-1", "#location-2"):
        browser.run(script, STUDY + id_)
        title = "return document.querySelector('#details h2')?.textContent === arguments[0]"
        wanted = {"#location": "34 sites", "#location-1": "United States", "#location-1-1": "Alabama"}.get(
            id_, "France"
        )
        browser.wait(title, wanted)
        browser.driver.find_element("css selector", '#details [data-act="fold"]').click()
        shown = set(browser.run("return picture.shown()"))
        first = {"#location-2": f"{PART}-location-31", "#location-1-1": f"{PART}-location-1"}.get(
            id_, STUDY + id_ + "-1"
        )
        assert first in shown
        x, y = browser.run("return picture.screen(arguments[0])", first)
        assert 0 < x < 1440, id_
        assert 0 < y < 900, id_
        assert browser.run("return picture.zoom()") >= 0.6
    assert f"{PART}-location-1" not in shown, "the United States are closed"
    assert f"{STUDY}#location-1" in shown
