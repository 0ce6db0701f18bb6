"""On a phone the cards of a study were too small to read, and the buttons in three rows; criteria were one block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.draw.render import DrawRequest, draw
from tests.browser import Browser
from tests.conftest import SEED

NUMBER = "NCT02059759"
STUDY = f"https://clinicaltrials.gov/study/{NUMBER}"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Browser]:
    """A browser of 390 by 844 pixels."""
    window = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
    yield browser
    window |= {"width": 1440, "height": 900, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)


def test_the_cards_of_a_study_are_readable_on_a_phone(phone: Browser, tmp_path: Path) -> None:
    page = tmp_path / "study.html"
    draw([str(SEED)], str(page), DrawRequest(), reject=lambda _: None)
    phone.open(page)
    assert phone.run("return picture.zoom()") >= 0.7
    boxes = phone.run("return picture.boxes()")
    assert len(boxes) > 15
    assert all(left >= 0 and right <= 390 for left, _, right, _ in boxes.values()), "no card is cut at a side"
    ordered = list(boxes.values())
    for i, a in enumerate(ordered):
        for b in ordered[:i]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]
    tools = phone.run("return document.getElementById('tools').getBoundingClientRect().bottom")
    assert tools < 160
    assert tools <= boxes[STUDY][1] < 300, "the study is the first card below the buttons"
    rows = {
        round(button.location["y"])
        for button in phone.driver.find_elements("css selector", ".buttons > button, .menu > button")
        if button.is_displayed()
    }
    assert len(rows) == 1
    assert phone.run("return document.documentElement.scrollWidth") <= 390
    assert phone.quiet()[0] == []


def test_an_open_card_is_followed_by_what_is_inside_on_a_phone(phone: Browser, tmp_path: Path) -> None:
    page = tmp_path / "study.html"
    draw([str(SEED)], str(page), DrawRequest(), reject=lambda _: None)
    group = f"{STUDY}#secondaryOutcome"
    phone.open(page, "#turn=" + group.replace("#", "%23"))
    boxes = phone.run("return picture.boxes()")
    inside = [box for id_, box in boxes.items() if "secondaryOutcome-" in id_]
    assert len(inside) == 16
    assert min(box[1] for box in inside) >= boxes[group][3]


def test_criteria_are_lists(browser: Browser, tmp_path: Path) -> None:
    criteria = "Inclusion Criteria:\n\n* Adults\n  * of any sex\n* ALS\n\nExclusion Criteria:\n\n1. Fever\n2. Age < 18"
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": NUMBER, "briefTitle": "Small"},
            "eligibilityModule": {"eligibilityCriteria": criteria},
        }
    }
    path, page = tmp_path / "record.json", tmp_path / "study.html"
    path.write_text(json.dumps(record), "utf-8")
    draw([str(path)], str(page), DrawRequest(), reject=lambda _: None)
    browser.open(page, f"#node={STUDY}")
    texts = """return [...document.querySelectorAll('#details .formatted ' + arguments[0])]
        .map((element) => element.firstChild.textContent)"""
    assert browser.run(texts, "p.lead") == ["Inclusion Criteria:", "Exclusion Criteria:"]
    assert browser.run(texts, "> ul > li") == ["Adults", "ALS"]
    assert browser.run(texts, "> ul > li > ul > li") == ["of any sex"]
    assert browser.run(texts, "> ol > li") == ["Fever", "Age < 18"]
