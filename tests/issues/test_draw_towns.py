"""The map merged towns of the same name by averaging their coordinates, and left out towns with coordinates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kg.draw.graph import QueryableGraph, open_graph
from kg.draw.render import DrawRequest, draw
from kg.draw.sites_view import sites
from kg.draw.towns import Place, Site, group_by_town, kilometres

REAL = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
US, CA, IT, TW = (f"https://w3id.org/trialkg/country/{code}" for code in ("US", "CA", "IT", "TW"))
ALBANY, ALBANY_GEORGIA = (-73.75623, 42.65258), (-84.15574, 31.57851)
MILAN, UMBRIA = (9.18951, 45.46427), (12.59836, 42.78235)
KANSAS, MISSOURI = (-94.62746, 39.11417), (-94.57857, 39.09973)
TAIPEI = (121.52639, 25.05306)


def grouped(*sites: tuple[str, str, str, Place | None]) -> list[tuple[str, str, str, Place | None, int]]:
    groups = group_by_town(
        Site(f"NCT{i:08}", city, state, country, place) for i, (city, state, country, place) in enumerate(sites)
    )
    return [(town.city, town.state, town.country, town.place, len(town.sites)) for town in groups]


def test_towns_of_one_name_in_two_states_are_two() -> None:
    albany = ("Albany", "New York", US, ALBANY)
    georgia = ("Albany", "Georgia", US, ALBANY_GEORGIA)
    assert grouped(albany, georgia, albany) == [
        ("Albany", "New York", US, ALBANY, 2),
        ("Albany", "Georgia", US, ALBANY_GEORGIA, 1),
    ]


def test_neighbouring_towns_in_two_states_are_two() -> None:
    rows = grouped(("Kansas City", "Kansas", US, KANSAS), ("Kansas City", "Missouri", US, MISSOURI))
    assert {row[1] for row in rows} == {"Kansas", "Missouri"}


def test_a_place_is_a_recorded_one_and_never_an_average() -> None:
    rows = [("Malvern", "Victoria", US, place) for place in [(151.3, -32.0), (145.0, -37.8), (145.0, -37.8), None]]
    assert grouped(*rows) == [("Malvern", "Victoria", US, (145.0, -37.8), 4)]


@pytest.mark.parametrize("places", [[(2.0, 1.0), (1.0, 2.0)], [(1.0, 2.0), (2.0, 1.0)]])
def test_the_choice_among_equally_frequent_places_does_not_depend_on_the_order(places: list[Place]) -> None:
    assert grouped(*(("Zerifin", "", US, place) for place in places))[0][3] == (1.0, 2.0)


def test_one_record_with_coordinates_is_enough() -> None:
    assert grouped(("Taipei", "", TW, None), ("Taipei", "", TW, TAIPEI), ("Taipei", "", TW, None)) == [
        ("Taipei", "", TW, TAIPEI, 3)
    ]


def test_a_record_without_a_state_belongs_to_the_town_near_its_coordinates() -> None:
    rows = grouped(
        ("Albany", "New York", US, ALBANY),
        ("Albany", "Georgia", US, ALBANY_GEORGIA),
        ("Albany", "", US, ALBANY_GEORGIA),
    )
    assert [row[1] for row in rows] == ["Georgia", "New York"]


def test_a_record_without_a_state_belongs_to_the_only_town_of_its_name() -> None:
    lost = ("Milan", "", IT, UMBRIA)
    assert grouped(("Milan", "Lombardy", IT, MILAN), lost, lost, ("Milan", "", IT, None)) == [
        ("Milan", "Lombardy", IT, MILAN, 4)
    ]


def test_an_ambiguous_record_without_a_state_is_a_town_of_its_own() -> None:
    rows = grouped(
        ("Albany", "New York", US, ALBANY), ("Albany", "Georgia", US, ALBANY_GEORGIA), ("Albany", "", US, None)
    )
    assert [row[1:4] for row in rows if not row[1]] == [("", US, None)]


def test_a_record_without_a_country_belongs_to_the_only_town_that_fits() -> None:
    london = ("London", "Ontario", CA, (-81.23304, 42.98339))
    albany = ("Albany", "New York", US, ALBANY)
    georgia = ("Albany", "Georgia", US, ALBANY_GEORGIA)
    rows = grouped(london, albany, georgia, ("London", "", "", None), ("Albany", "Georgia", "", None))
    assert {(row[0], row[1]): row[4] for row in rows} == {
        ("London", "Ontario"): 2,
        ("Albany", "Georgia"): 2,
        ("Albany", "New York"): 1,
    }
    assert grouped(("London", "", "", None)) == [("London", "", "", None, 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("São Paulo", "SP"), ("Sao Paulo", "São Paulo")),
        (("St. Louis", "Missouri"), ("Saint Louis", "Missouri")),
        (("Rome", "Lazio"), ("Roma", "Latium")),
    ],
)
def test_spellings_of_a_town_are_one_town(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert [row[4] for row in grouped((*one, US, MILAN), (*other, US, MILAN), (*other, US, MILAN))] == [3]


@pytest.fixture(scope="module")
def real() -> QueryableGraph:
    if not REAL.exists():
        pytest.skip(f"{REAL.name} of real records is not there")
    return open_graph([str(REAL)], lambda _: None)


def test_every_real_town_has_recorded_coordinates(real: QueryableGraph) -> None:
    from kg.draw.graph import query_text

    rows = list(real.select(query_text("sites")))
    places: dict[tuple[str, str], set[Place]] = {}
    for row in rows:
        if "latitude" in row:
            key = (row["city"], row.get("country", ""))
            places.setdefault(key, set()).add((float(row["longitude"]), float(row["latitude"])))
    recorded = set().union(*places.values())
    picture = sites(real)
    shown = [node for node in picture.nodes.values() if node.kind == "Town"]
    assert len(shown) > 3000
    assert all(node.place in recorded for node in shown if node.place)
    label = {node.label: node.place for node in shown}
    for name, state in (
        ("Albany", "New York"),
        ("Albany", "Georgia"),
        ("Rochester", "Minnesota"),
        ("Columbus", "Ohio"),
    ):
        assert kilometres(label[f"{name}, {state}"] or (0, 0), ALBANY) < 2000
    assert label["Albany, New York"] == ALBANY
    assert label["Milan"] == MILAN
    assert sum(node.place is None for node in shown) < 254
    assert {"Taipei", "Haifa", "Moscow"} <= {node.label.split(",")[0] for node in shown if node.place}


def test_the_map_shows_all_towns_and_countries(tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL.name} of real records is not there")
    page = tmp_path / "sites.html"
    drawn = draw([str(REAL)], str(page), DrawRequest(view="sites"), reject=lambda _: None)
    assert not any("Left out" in note for note in drawn.notes)
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert match
    data = json.loads(match[1])
    kinds = [kind["name"] for kind in data["kinds"]]
    counts = {name: sum(node["k"] == i for node in data["nodes"]) for i, name in enumerate(kinds)}
    assert counts["Country"] == 92
    assert counts["Town"] > 3000
    assert drawn.size < 2_500_000
    few = draw([str(REAL)], str(page), DrawRequest(view="sites", limit=100), reject=lambda _: None)
    assert few.nodes <= 100
