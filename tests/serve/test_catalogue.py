"""The catalogue agrees with the JSON of the records, value by value, and with the SPARQL that it shows."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

import numpy as np
import pyoxigraph as ox
import pytest

from kg.serve.catalogue import Catalogue
from kg.serve.facets import FACETS, NONE, Town
from kg.serve.listing import SORTINGS, entry, ordered
from kg.serve.selection import Selection
from kg.serve.selection_query import selection_query
from tests.answers.trial import Trial, at, country, country_name, organization, years


def ids(catalogue: Catalogue, *parameters: tuple[str, str]) -> set[str]:
    """The studies of a selection."""
    mask = catalogue.select(Selection.parse(parameters)).mask
    return {catalogue.ids[i] for i in np.flatnonzero(mask)}


def queried(store: ox.Store, catalogue: Catalogue, *parameters: tuple[str, str]) -> list[str]:
    """The studies of the query that the page shows, in order."""
    text = selection_query(Selection.parse(parameters), catalogue)
    return [row["study"].value.rpartition("/")[2] for row in store.query(text, use_default_graph_as_union=True)]


def each(value: str | None) -> list[str]:
    return [] if value is None else [value]


def town(site: dict[str, str]) -> str:
    return f"{country(site['country']).alpha_2 if site.get('country') else ''}:{site['city']}"


def local(iri: str) -> str:
    return unquote(iri.rpartition("/")[2])


VALUES: dict[str, Callable[[Trial], Iterable[str]]] = {
    "status": lambda trial: each(trial.status),
    "phase": lambda trial: trial.phases,
    "type": lambda trial: each(trial.type),
    "condition": lambda trial: {*trial.conditions, *trial.condition_ancestors},
    "intervention": lambda trial: {*trial.drugs, *trial.drug_ancestors},
    "kind": lambda trial: (item["type"] for item in trial.many("armsInterventionsModule.interventions")),
    "class": lambda trial: each(trial.one("sponsorCollaboratorsModule.leadSponsor.class")),
    "sponsor": lambda trial: [local(organization(trial.lead))],
    "country": lambda trial: (country(site["country"]).alpha_2 for site in trial.locations if site.get("country")),
    "city": lambda trial: (town(site) for site in trial.locations if site.get("city")),
    "sex": lambda trial: each(trial.one("eligibilityModule.sex")),
    "group": lambda trial: trial.many("eligibilityModule.stdAges"),
    "results": lambda trial: [str(trial.record["hasResults"]).lower()],
    "publication": lambda trial: (item["type"] for item in trial.many("referencesModule.references") if "type" in item),
}
"""Facet -> the keys of the values of a record."""


def test_every_facet_is_compared() -> None:
    assert {*VALUES} == {facet.key for facet in FACETS}


@pytest.mark.parametrize("key", VALUES)
def test_counts_of_a_facet_are_those_of_the_records(key: str, catalogue: Catalogue, trials: list[Trial]) -> None:
    studies: dict[str, set[str]] = {}
    for trial in trials:
        for value in set(VALUES[key](trial)) or {NONE}:
            studies.setdefault(value, set()).add(trial.nct)
    matches = catalogue.select(Selection())
    counts = dict(zip(catalogue.columns[key].keys, matches.counts(key).tolist(), strict=True))
    assert counts == {value: len(found) for value, found in studies.items() if value != NONE}
    assert matches.missing(key) == len(studies.get(NONE, ()))
    for value, found in studies.items():
        assert ids(catalogue, (key, value)) == found, value


def test_a_list_has_one_of_the_values_of_each_facet(catalogue: Catalogue, trials: list[Trial]) -> None:
    expected = {
        trial.nct
        for trial in trials
        if {"PHASE2", "PHASE3"} & {*trial.phases} and trial.under("D009422", "D009369") and trial.status == "COMPLETED"
    }
    parameters = [("phase", "PHASE2"), ("phase", "PHASE3"), ("status", "COMPLETED")]
    assert ids(catalogue, *parameters, ("condition", "D009422"), ("condition", "D009369")) == expected != set()


@pytest.mark.parametrize("key", ["phase", "status", "country", "condition"])
def test_counts_are_those_after_choosing_a_value(key: str, catalogue: Catalogue) -> None:
    """A count beside a value is the length of the list with that value instead of the chosen ones of the facet."""
    selection = Selection.parse([("sex", "ALL"), ("start_from", "2008"), (key, catalogue.columns[key].keys[0])])
    matches = catalogue.select(selection)
    for value, count in zip(catalogue.columns[key].keys, matches.counts(key), strict=True):
        assert catalogue.select(selection.only(key, value)).total == count
    assert catalogue.select(selection.only(key, NONE)).total == matches.missing(key)


def test_ranges_and_ages_are_those_of_the_records(catalogue: Catalogue, trials: list[Trial]) -> None:
    def limits(trial: Trial) -> tuple[float, float]:
        low, high = (years(trial.one(f"eligibilityModule.{name}Age")) for name in ("minimum", "maximum"))
        return 0 if low is None else low, 200 if high is None else high

    assert ids(catalogue, ("start_from", "2010"), ("start_to", "2015")) == {
        trial.nct for trial in trials if trial.year is not None and 2010 <= trial.year <= 2015
    }
    assert ids(catalogue, ("enrolment_to", "50")) == {
        trial.nct for trial in trials if trial.enrollment is not None and trial.enrollment <= 50
    }
    for age in ("0.5", "17", "18", "75", "80"):
        expected = {trial.nct for trial in trials if limits(trial)[0] <= float(age) <= limits(trial)[1]}
        assert ids(catalogue, ("age", age)) == expected


def test_numbers_of_a_measure_leave_its_own_range_out(catalogue: Catalogue, trials: list[Trial]) -> None:
    numbers = catalogue.select(Selection.parse([("start_from", "2015")])).numbers("start")
    assert sorted(numbers.tolist()) == sorted(trial.year for trial in trials if trial.year is not None)


def texts(trial: Trial) -> list[str]:
    """The texts of a record that a search looks at."""
    names = [trial.title, trial.one("identificationModule.officialTitle"), trial.one("identificationModule.acronym")]
    names += [trial.nct, *trial.many("identificationModule.nctIdAliases"), trial.lead, *trial.collaborators]
    names += [*trial.many("conditionsModule.conditions"), *trial.many("conditionsModule.keywords")]
    for item in trial.many("armsInterventionsModule.interventions"):
        names += [item.get("name"), *item.get("otherNames", [])]
    for site in trial.locations:
        names += [site.get("city"), site.get("state"), site.get("country") and country_name(site["country"])]
    for module in ("condition", "intervention"):
        for which in ("meshes", "ancestors"):
            names += [term["term"] for term in at(trial.record, f"derivedSection.{module}BrowseModule.{which}") or []]
    return [name for name in names if name]


@pytest.mark.parametrize("search", ["Sclerosis", "neuro*", "phase 1", "boston", "aldesleukin", "NCT02059759", "zz"])
def test_a_search_finds_the_records_with_all_words(search: str, catalogue: Catalogue, trials: list[Trial]) -> None:
    def has(trial: Trial, word: str) -> bool:
        end = "" if word.endswith("*") else r"(?![^\W_])"
        pattern = rf"(?<![^\W_]){re.escape(word.removesuffix('*'))}{end}"
        return any(re.search(pattern, text, re.IGNORECASE) for text in texts(trial))

    expected = {trial.nct for trial in trials if all(has(trial, word) for word in search.split())}
    assert ids(catalogue, ("q", search)) == expected
    assert bool(expected) == (search != "zz")


def test_a_search_ignores_case_and_accents(catalogue: Catalogue) -> None:
    found = ids(catalogue, ("q", "MONTRÉAL"))
    assert found == ids(catalogue, ("q", "montreal")) != set()


SELECTIONS = [
    [],
    [("q", "sclerosis")],
    [("q", "montreal")],
    [("q", "neuro*"), ("phase", "PHASE2")],
    [("q", "zz")],
    [("status", "COMPLETED"), ("status", "TERMINATED"), ("phase", "-")],
    [("phase", "PHASE1"), ("phase", "PHASE2"), ("phase", "-"), ("results", "true")],
    [("condition", "D009422"), ("condition", "D009369"), ("country", "US"), ("publication", "RESULT")],
    [("condition", "-"), ("kind", "DRUG"), ("kind", "DEVICE")],
    [("country", "-")],
    [("city", "US:Boston"), ("city", "FR:Paris")],
    [("city", "-"), ("city", "US:Boston")],
    [("start_from", "2010"), ("start_to", "2015"), ("enrolment_from", "10"), ("age", "0.5")],
    [("age", "35"), ("sex", "FEMALE"), ("sex", "ALL"), ("group", "CHILD")],
    [("sponsor", "nobody"), ("status", "COMPLETED")],
    [("class", "INDUSTRY"), ("intervention", "-"), ("type", "INTERVENTIONAL")],
]


@pytest.mark.parametrize("parameters", SELECTIONS, ids=lambda parameters: Selection.parse(parameters).url() or "all")
def test_the_query_of_a_selection_gives_its_list(
    parameters: list[tuple[str, str]], store: ox.Store, catalogue: Catalogue
) -> None:
    assert queried(store, catalogue, *parameters) == sorted(ids(catalogue, *parameters))


def test_queries_of_random_selections_give_their_lists(store: ox.Store, catalogue: Catalogue) -> None:
    draw = random.Random(25)
    total = 0
    for _ in range(120):
        parameters = random_selection(draw, catalogue)
        expected = sorted(ids(catalogue, *parameters))
        total += len(expected)
        assert queried(store, catalogue, *parameters) == expected, parameters
    assert total > 300


def random_selection(draw: random.Random, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Parameters with values of one study, so that few lists are empty."""
    study = draw.randrange(len(catalogue))
    parameters = []
    for key in draw.sample([*catalogue.columns], draw.choice([1, 2, 3])):
        column = catalogue.columns[key]
        values = [column.keys[value] for value in column.of(study)] or [NONE]
        parameters += [(key, value) for value in draw.sample(values, min(len(values), 2))]
        parameters += [(key, draw.choice([NONE, *column.keys]))] if draw.random() < 0.2 else []
    if draw.random() < 0.3:
        word = draw.choice([*catalogue.index.vocabulary])
        parameters.append(("q", word if draw.random() < 0.5 else f"{word[:3]}*"))
    return parameters


def test_a_town_may_have_a_colon_in_its_name() -> None:
    assert Town.parse("US:St. Louis: North") == Town("St. Louis: North", "US")


@pytest.mark.parametrize("name", SORTINGS)
@pytest.mark.parametrize("parameters", [[], [("q", "study of"), ("enrolment_to", "500")], [("phase", "PHASE2")]])
def test_a_list_is_sorted_as_by_its_query(
    name: str, parameters: list[tuple[str, str]], store: ox.Store, catalogue: Catalogue
) -> None:
    selection, sorting = Selection.parse(parameters), SORTINGS[name]
    studies = [catalogue.iris[i] for i in ordered(catalogue.select(selection), selection, sorting)]
    text = selection_query(selection, catalogue, sorting.order(catalogue, selection))
    assert [row["study"].value for row in store.query(text, use_default_graph_as_union=True)] == studies != []


def test_an_entry_has_the_values_of_the_record(catalogue: Catalogue, trials: list[Trial]) -> None:
    for trial in trials:
        study = entry(catalogue, catalogue.positions[trial.iri])
        assert (study.id, study.title, study.enrolment) == (trial.nct, trial.title, trial.enrollment)
        assert study.status[0] == trial.status
        assert study.start == (trial.start or "")
        assert [*study.conditions] == sorted(set(trial.many("conditionsModule.conditions")))
        assert [*study.interventions] == sorted({item["name"] for item in trial.interventions})
        assert study.sponsor[1] == trial.lead
        assert study.has_results == trial.record["hasResults"]
        assert study.updated == trial.one("statusModule.lastUpdatePostDateStruct.date")
        assert len(study.phases) == len(trial.phases)
