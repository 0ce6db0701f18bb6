"""Maps had no borders, clusters or totals, and opened on the whole world for one distant site."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from kg.draw.graph import open_graph
from kg.draw.render import DrawRequest, draw
from kg.draw.sites_view import sites
from kg.draw.study_view import study_picture
from kg.draw.world_map import country_labels, land_rings, project
from tests.browser import Browser

NUMBER = "NCT02059759"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a study with 60 sites in France, 5 of them in one town, one in Australia and two without coordinates."""
    locations: list[dict[str, Any]] = []
    for i in range(60):
        city, place = (f"Ville {i}", (44 + i % 8 * 0.6, 0.2 + i // 8 * 0.7)) if i >= 5 else ("Paris", (48.85, 2.35))
        locations.append({"city": city, "country": "France", "geoPoint": {"lat": place[0], "lon": place[1]}})
    locations.append({"city": "Perth", "country": "Australia", "geoPoint": {"lat": -31.95, "lon": 115.86}})
    locations += [{"city": "Lyon", "country": "France"}, {"city": "Nowhere", "country": "Atlantis"}]
    content = {
        "protocolSection": {
            "identificationModule": {"nctId": NUMBER, "briefTitle": "Sites"},
            "contactsLocationsModule": {"locations": locations},
        }
    }
    path = tmp_path_factory.mktemp("sites") / "record.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def test_the_land_has_borders() -> None:
    rings = [set(ring) for ring in land_rings()]
    shared = sum(bool(a & b) for a, b in itertools.combinations(rings, 2))
    assert len(rings) > 200
    assert shared > 200, "neighbouring countries share points of their border"


def test_the_totals_of_a_study_are_those_of_its_record(record: str) -> None:
    picture = study_picture(open_graph([record], lambda _: None), NUMBER)
    assert picture.totals == {"FR": ("France", 61), "AU": ("Australia", 1)}
    labels = country_labels(picture.totals)
    assert [text for _, _, text in labels] == ["France 61", "Australia 1"]
    x, y = project(2.5, 46.5)
    assert abs(labels[0][0] - x) < 10
    assert abs(labels[0][1] - y) < 10


def test_the_totals_of_all_sites_count_studies(record: str) -> None:
    picture = sites(open_graph([record], lambda _: None))
    assert {text for _, _, text in country_labels(picture.totals)} == {"France 1", "Australia 1"}
    assert any("counts studies" in note for note in picture.notes)


def test_a_map_shows_most_sites_in_clusters_that_open(browser: Browser, record: str, tmp_path: Path) -> None:
    page = tmp_path / "study.html"
    draw([record], str(page), DrawRequest(), reject=lambda _: None)
    browser.open(page, "#map=1")
    clusters = browser.run("return picture.clusters()")
    single = [id_ for id_ in browser.run("return picture.shown()") if not any(id_ in c[3] for c in clusters)]
    assert sum(len(c[3]) for c in clusters) + len(single) == 61
    x, _ = browser.run("return picture.screen(arguments[0])", f"https://w3id.org/trialkg/part/{NUMBER}-location-61")
    assert x > 1440, "the map shows France, without Perth"
    assert (
        "France 61" in [name for name, _ in browser.run("return picture.labels()")]
        or browser.run("return picture.zoom()") > 3
    )
    paris = {f"https://w3id.org/trialkg/part/{NUMBER}-location-{i}" for i in range(1, 6)}
    for _ in range(12):  # until the sites of one town remain
        cluster = next(c for c in browser.run("return picture.clusters()") if paris <= set(c[3]))
        browser.driver.execute_cdp_cmd(
            "Input.dispatchMouseEvent",
            {"type": "mousePressed", "x": cluster[0], "y": cluster[1], "button": "left", "clickCount": 1},
        )
        browser.driver.execute_cdp_cmd(
            "Input.dispatchMouseEvent",
            {"type": "mouseReleased", "x": cluster[0], "y": cluster[1], "button": "left", "clickCount": 1},
        )
        if browser.driver.find_element("id", "details").is_displayed():
            break
    assert browser.driver.find_element("css selector", "#details h2").text == "5 sites"
    assert len(browser.driver.find_elements("css selector", "#details .neighbours button")) == 5
    browser.driver.find_element("css selector", "#details .close").click()
    browser.driver.find_element("id", "fit").click()
    x, _ = browser.run("return picture.screen(arguments[0])", f"https://w3id.org/trialkg/part/{NUMBER}-location-61")
    assert 0 < x < 1440, "Fit shows all sites"
    assert browser.quiet()[0] == []
