"""The counts of the pages of terms, organizations and places agree with the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.ontology.vocabulary import COUNTRY, MESH
from kg.query.engine import query_text
from kg.serve.catalogue import Catalogue
from kg.serve.nodes import Nodes, concepts
from kg.serve.pages.organization import organization_view, overdue_query
from kg.serve.pages.place import country_view, folded, town_view
from kg.serve.pages.profile import Bar, Profile
from kg.serve.pages.term import term_view
from kg.serve.selection import Selection
from tests.answers.trial import Trial, country, organization

LABELS = {concept.notation: concept.label for concept in concepts().values()}


def counted(bars: Iterable[Bar]) -> dict[str, int]:
    return {bar.label: bar.count for bar in bars}


def check(profile: Profile, trials: list[Trial], catalogue: Catalogue) -> None:
    """Compare a profile with the studies that it is about."""
    assert profile.total == len(trials)
    assert profile.participants == sum(trial.enrollment or 0 for trial in trials)
    assert profile.with_results == sum(trial.record["hasResults"] for trial in trials)
    assert profile.recruiting == sum(trial.status == "RECRUITING" for trial in trials)
    statuses = Counter(LABELS[trial.status] if trial.status else "not stated" for trial in trials)
    assert counted(profile.statuses) == dict(statuses)
    phases = Counter(LABELS[phase] for trial in trials for phase in trial.phases)
    without = sum(not trial.phases for trial in trials)
    assert counted(profile.phases) == dict(phases) | ({"not stated": without} if without else {})
    years = Counter(str(trial.year) for trial in trials if trial.year)
    assert {label: count for label, count in counted(profile.years).items() if count} == dict(years)
    for bar in [*profile.statuses, *profile.phases, *profile.years]:
        if bar.query:
            assert catalogue.select(Selection.parse(_pairs(bar.query))).total == bar.count
    if profile.query:
        assert catalogue.select(Selection.parse(_pairs(profile.query))).total == profile.total


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query)


def test_terms(store: ox.Store, catalogue: Catalogue, trials: list[Trial]) -> None:
    nodes = Nodes(store)
    terms = sorted({id_ for trial in trials for id_ in (*trial.conditions, *trial.drugs, *trial.condition_ancestors)})
    kinds: dict[str, tuple[Callable[[Trial], Any], Callable[[Trial], Any]]] = {
        "condition": (lambda trial: trial.conditions, lambda trial: trial.condition_ancestors),
        "intervention": (lambda trial: trial.drugs, lambda trial: trial.drug_ancestors),
    }
    for term in terms:
        for kind, (own, wider) in kinds.items():
            direct = [trial for trial in trials if term in own(trial)]
            total = [trial for trial in trials if term in own(trial) or term in wider(trial)]
            view = term_view(catalogue, nodes[MESH + term], kind)
            role = next((role for role in view.roles if role.facet == kind), None)
            assert (role.direct, role.total) == (len(direct), len(total)) if role else total == []
            if total and view.profile:
                assert view.role == kind
                check(view.profile, total, catalogue)


def test_organizations(store: ox.Store, catalogue: Catalogue, trials: list[Trial]) -> None:
    nodes = Nodes(store)
    for iri in sorted({organization(name) for trial in trials for name in (trial.lead, *trial.collaborators)}):
        led = [trial for trial in trials if organization(trial.lead) == iri]
        supported = [trial for trial in trials if iri in map(organization, trial.collaborators)]
        view = organization_view(catalogue, nodes, nodes[iri])
        assert (view.led, view.supported) == (len(led), len(supported))
        check(view.profile, led or supported, catalogue)
        partners = Counter(
            other
            for trial in {trial.nct: trial for trial in (*led, *supported)}.values()
            for other in {organization(name) for name in (trial.lead, *trial.collaborators)} - {iri}
        )
        shown = {bar.iri: bar.count for bar in view.partners}
        assert shown.items() <= partners.items()
        assert len(shown) == min(len(partners), 12)
        started = [trial for trial in led or supported if trial.start]
        assert len(view.runs) == len(started)


def test_overdue_results_are_those_of_the_library(store: ox.Store, trials: list[Trial]) -> None:
    """The query for a sponsor gives the rows of the query of the library that the sponsor leads."""
    day = "2045-12-31"
    rows = {row["study"].value for row in _select(store, query_text("overdue_results", {"today": day}))}
    found = []
    for iri in sorted({organization(trial.lead) for trial in trials}):
        expected = {trial.iri for trial in trials if organization(trial.lead) == iri} & rows
        assert {row["study"].value for row in _select(store, overdue_query(iri, day))} == expected
        found += expected
    assert set(found) == rows != set()


def _select(store: ox.Store, query: str) -> Any:
    from kg.query.engine import PREFIXES

    return store.query(query, prefixes=PREFIXES, use_default_graph_as_union=True)


def codes(trial: Trial) -> set[str]:
    return {country(site["country"]).alpha_2 for site in trial.locations if site.get("country")}


def test_countries_and_their_towns(store: ox.Store, catalogue: Catalogue, trials: list[Trial]) -> None:
    nodes = Nodes(store)
    for code in sorted({code for trial in trials for code in codes(trial)}):
        view = country_view(catalogue, nodes[COUNTRY + code])
        check(view.profile, [trial for trial in trials if code in codes(trial)], catalogue)
        towns = Counter(
            city
            for trial in trials
            for city in {
                site["city"]
                for site in trial.locations
                if site.get("city") and site.get("country") and country(site["country"]).alpha_2 == code
            }
        )
        assert view.town_count == len(towns)
        assert {town.name: town.count for town in view.towns}.items() <= towns.items()
        on_map = {spot.name: spot.count for spot in view.spots}
        assert on_map.items() <= towns.items()
        for city, count in towns.items():
            town = town_view(catalogue, nodes, f"{code}:{city}")
            assert town is not None
            assert town.profile.total == count
            sites = [
                site
                for trial in trials
                for site in trial.locations
                if site.get("city") == city and site.get("country") and country(site["country"]).alpha_2 == code
            ]
            assert sum(len(item.sites) for item in town.facilities) == len(sites)
            names = {folded(site.get("facility") or "Site without a name") for site in sites}
            assert len(town.facilities) == len(names)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/mesh/D000690", ["Amyotrophic Lateral Sclerosis", "As a condition", "Broader"]),
        ("/mesh/D000690?as=intervention", ["As a condition"]),
        ("/mesh/D009422", ["Nervous System Diseases", "Narrower"]),
        ("/organization/Bayer", ["Leads", "Overdue results", "Studies over time"]),
        ("/country/FR", ["France", "Montpellier", "Towns with sites"]),
        ("/town/FR:Montpellier", ["Montpellier", "CHRU de Montpellier - Hôpital Gui de Chauliac"]),
        ("/code/PHASE2", ["Phase 2", "Uses"]),
    ],
)
def test_pages_show_their_parts(client: TestClient, path: str, words: list[str]) -> None:
    page = client.get(path).text
    assert [word for word in words if word not in page] == []
