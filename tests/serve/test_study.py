"""The overview of a study agrees with its record."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import Any

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.draw.plain_text import plain_text
from kg.ontology.vocabulary import STUDY
from kg.serve.nodes import Nodes, concepts
from kg.serve.pages.outcomes import time_order
from kg.serve.pages.results import results_of
from kg.serve.pages.study import study_view
from kg.serve.study_queries import PAGES, study_queries
from tests.answers.trial import Trial, at
from tests.serve.tables import tables

Record = dict[str, Any]


def text(page: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def t(value: object) -> str:
    return plain_text(str(value or ""))


def parts(trial: Trial, path: str) -> list[Record]:
    found: list[Record] = trial.many(path)
    return found


@pytest.fixture(scope="module")
def views(store: ox.Store, trials: list[Trial]) -> list[tuple[Trial, Any]]:
    return [(trial, study_view(Nodes(store), STUDY + trial.nct)) for trial in trials]


def test_heads(views: list[tuple[Trial, Any]]) -> None:
    labels = {concept.notation: concept.label for concept in concepts().values()}
    for trial, view in views:
        head = view.head
        assert head.title == t(trial.one("identificationModule.briefTitle"))
        assert head.acronym == t(trial.one("identificationModule.acronym"))
        assert head.status.value == (trial.status or "")
        assert head.why_stopped == t(trial.one("statusModule.whyStopped"))
        assert sorted(code.value for code in head.phases) == sorted(set(trial.phases))
        assert all(code.label == labels[code.value] for code in head.phases)
        assert head.has_results is bool(trial.record["hasResults"])


def test_arms_by_interventions(views: list[tuple[Trial, Any]]) -> None:
    """An arm gets an intervention if either of them names the other."""
    for trial, view in views:
        arms, interventions = (
            parts(trial, f"armsInterventionsModule.{name}") for name in ("armGroups", "interventions")
        )
        assert [arm.label for arm in view.arms.arms] == [t(arm["label"]) for arm in arms]
        assert [arm.type.value for arm in view.arms.arms] == [arm.get("type", "") for arm in arms]
        names = Counter(f"{item['type']}: {item.get('name')}" for item in interventions)
        for arm, shown in zip(arms, view.arms.arms, strict=True):
            for item, gets in zip(interventions, shown.gets, strict=True):
                kind = item["type"].replace("_", " ").title().replace("_", " ")
                named = {name.casefold() for name in arm.get("interventionNames", [])}
                unique = names[f"{item['type']}: {item.get('name')}"] == 1
                forward = f"{kind}: {item.get('name')}".casefold() in named and unique
                backward = arm["label"] in item.get("armGroupLabels", [])
                assert gets is (forward or backward) or not unique, (trial.nct, arm["label"], item.get("name"))


def test_outcomes(views: list[tuple[Trial, Any]]) -> None:
    for trial, view in views:
        for rank in ("primary", "secondary", "other"):
            expected = [
                (t(item["measure"]), t(item.get("timeFrame")), item.get("description", ""))
                for item in parts(trial, f"outcomesModule.{rank}Outcomes")
            ]
            assert [(o.measure, o.time_frame, o.description) for o in view.outcomes.of(rank)] == expected
        if view.outcomes.rows:
            cells = [o for row in view.outcomes.rows for cell in [*row.cells, row.others] for o in cell]
            assert sorted(o.iri for o in cells) == sorted(o.iri for o in view.outcomes.all)


def test_the_seed_has_a_grid_of_its_measures_by_time_frames(client: TestClient) -> None:
    page = client.get("/study/NCT02059759").text
    grid = next(table for table in tables(page) if table.label == "Measures by time frames")
    rows = {row[0]: row[1:] for row in grid.rows[1:]}
    assert len(rows) == 1 + 16 + 10
    assert grid.rows[0][1:6] == ["Baseline", "Baseline (day 0 to day -15)", "Day 1", "Day 2", "Day 3"]
    assert page.count('class="dot secondary" href=') == 83
    assert page.count('class="dot primary" href=') == 1


def test_columns_are_in_the_order_of_time() -> None:
    frames = ["Week 13", "Day 8", "Baseline", "Month 6", "2 years", "Day 64", "12 hours", "week 2"]
    in_order = ["Baseline", "12 hours", "Day 8", "week 2", "Day 64", "Week 13", "Month 6", "2 years"]
    assert sorted(frames, key=lambda frame: time_order(frame) or (0, 0)) == in_order


def test_eligibility(views: list[tuple[Trial, Any]]) -> None:
    for trial, view in views:
        eligibility = view.eligibility
        criteria = trial.one("eligibilityModule.eligibilityCriteria") or ""
        assert eligibility.criteria == criteria
        assert eligibility.healthy_volunteers == trial.one("eligibilityModule.healthyVolunteers")
        assert eligibility.sex.value == (trial.one("eligibilityModule.sex") or "")
        for side in (eligibility.inclusion, eligibility.exclusion):
            assert side in criteria


def words_of(criteria: str) -> list[str]:
    return re.findall(r"\w+", t(criteria))


def test_no_word_of_the_criteria_is_lost(client: TestClient, trials: list[Trial]) -> None:
    for trial in trials:
        criteria = trial.one("eligibilityModule.eligibilityCriteria") or ""
        page = client.get(f"/study/{trial.nct}").text
        section = page[page.index('<section id="eligibility">') : page.index('<section id="sites">')]
        values = re.findall(r'<li value="(\d+)">', section)
        shown = Counter([*words_of(text(section)), *values])
        headings = {
            "Inclusion",
            "Exclusion",
            "Criteria",
            "inclusion",
            "exclusion",
            "criteria",
            "INCLUSION",
            "EXCLUSION",
            "CRITERIA",
            "Key",
        }
        missing = Counter(words_of(criteria)) - shown
        assert set(missing) <= headings, trial.nct


def test_sites(views: list[tuple[Trial, Any]]) -> None:
    for trial, view in views:
        expected = [
            (
                t(site.get("facility")),
                t(site.get("city")),
                t(site.get("state")),
                t(site.get("zip")),
                site.get("status", ""),
            )
            for site in trial.locations
        ]
        assert [(s.facility, s.city, s.state, s.zip, s.status.value) for s in view.sites.all] == expected
        assert sum(country.count for country in view.sites.countries) == len(expected)
        rows = [site for c in view.sites.countries for group in c.states.values() for site in group]
        assert len(rows) == len(expected)
        places = [site.place for site in view.sites.all]
        assert places == [
            (site["geoPoint"]["lon"], site["geoPoint"]["lat"]) if "geoPoint" in site else None
            for site in trial.locations
        ]


def test_publications(views: list[tuple[Trial, Any]]) -> None:
    for trial, view in views:
        references = parts(trial, "referencesModule.references")
        expected = sorted((item.get("type", ""), t(item.get("citation"))) for item in references)
        assert sorted((item.type.value, item.citation) for item in view.publications) == expected
        ranks = [item.type.value for item in view.publications]
        assert ranks == sorted(ranks, key=["RESULT", "DERIVED", "BACKGROUND", ""].index)


def test_dates(views: list[tuple[Trial, Any]]) -> None:
    paths = {
        "Start": "startDateStruct",
        "Primary completion": "primaryCompletionDateStruct",
        "Completion": "completionDateStruct",
    }
    for trial, view in views:
        for name, path in paths.items():
            moment = view.timeline.get(name)
            assert (moment.value if moment else None) == trial.one(f"statusModule.{path}.date")
            assert (moment is not None and moment.is_estimated) is (
                trial.one(f"statusModule.{path}.type") == "ESTIMATED"
            )


def test_the_queries_of_the_pages_give_what_the_pages_show(store: ox.Store, trials: list[Trial]) -> None:
    """Each query has one row for each value of its table."""
    for trial in trials:
        number = trial.nct
        study = Nodes(store)[STUDY + number]
        view, results = study_view(Nodes(store), STUDY + number), results_of(study, is_complete=True)
        counted: dict[str, int] = {}
        for page in PAGES:
            for title, query in study_queries(number, page):
                counted[title] = sum(1 for _ in _select(store, query))
        assert counted["Outcomes"] == len(view.outcomes.all)
        assert counted["Sites"] == len(view.sites.all)
        assert counted["Publications"] == len(view.publications)
        assert counted["Arms and interventions"] == sum(
            max(sum(arm.gets) + len(arm.others), 1) for arm in view.arms.arms
        )
        flow = [
            c for p in results.flow.periods for row in [*p.milestones, *p.reasons] for cell in row.cells for c in cell
        ]
        assert counted["Participant flow"] == len(flow)
        values = [v for m in results.baseline.measures for row in m.rows for cell in row.cells for v in cell]
        assert counted["Baseline characteristics"] == len(values)
        values = [v for m in results.measures for row in m.rows for cell in row.cells for v in cell]
        assert counted["Outcome measures"] == len(values)
        assert counted["Statistical analyses"] == sum(len(m.analyses) for m in results.measures)
        events = at(trial.record, "resultsSection.adverseEventsModule") or {}
        stats = [
            s for kind in ("seriousEvents", "otherEvents") for e in events.get(kind, []) for s in e.get("stats", [])
        ]
        assert counted["Adverse events, serious ones first"] == len(stats)


def _select(store: ox.Store, query: str) -> Any:
    from kg.query.engine import PREFIXES

    return store.query(query, prefixes=PREFIXES, use_default_graph_as_union=True)


def test_adverse_events_are_sorted_with_serious_ones_first(client: TestClient) -> None:
    path = "/study/NCT00829985/adverse-events"
    for sort in ("record", "term", "system", "EG000"):
        table = next(table for table in tables(client.get(f"{path}?sort={sort}").text) if table.place == "events")
        rows = table.rows[1:]
        assert rows[0] == ["Serious"]
        middle = rows.index(["Other"])
        for group in (rows[1:middle], rows[middle + 1 :]):
            if sort == "term":
                assert [row[0].casefold() for row in group] == sorted(row[0].casefold() for row in group)
            if sort == "system":
                assert [row[1].casefold() for row in group] == sorted(row[1].casefold() for row in group)
            if sort == "EG000":
                shares = [float((re.search(r"([\d.]+)%", row[2]) or ["", "0"])[1]) for row in group]
                assert shares == sorted(shares, reverse=True)


def test_unknown_sorts_and_pages_of_events_are_the_first(client: TestClient) -> None:
    path = "/study/NCT00829985/adverse-events"
    first = client.get(path).text
    for query in ("sort=x", "page=0", "page=999", "page=-1", "page=x", "sort=EG999"):
        assert tables(client.get(f"{path}?{query}").text) == tables(first)


def test_the_picture_is_a_page_that_makes_no_requests(client: TestClient) -> None:
    response = client.get("/study/NCT02059759/picture")
    assert response.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert "default-src 'none'" in unescape(response.text)
    assert client.get("/study/NCT02059759/picture.svg").text.startswith("<svg")
