"""Answers about how trials are designed, and what they measure and found."""

from __future__ import annotations

from typing import Any

from tests.answers.trial import Rows, Trial, at, code, placed

SHOWN = ("NCT02059759", "NCT02304991")
COMPARATORS = {"PLACEBO_COMPARATOR", "ACTIVE_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION"}


def combination_arms(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        for place, arm in trial.arms if trial.interventional else ():
            drugs = [
                each
                for each in trial.given(arm)
                if each["type"] in ("DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT")
                and not any(word in each["name"].lower() for word in ("placebo", "sham"))
            ]
            if len(drugs) >= 2:
                rows.append([trial.iri, place, arm["label"], code(arm.get("type")), len(drugs)])
    return sorted(rows, key=lambda row: row[:2])


def arms(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, place, arm["label"], code(arm.get("type")), each["name"]]
        for trial in trials
        for place, arm in trial.arms
        for each in trial.given(arm)
    ]
    return sorted(rows, key=lambda row: (row[0], row[1], row[4]))


def design(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        if trial.nct in SHOWN:
            info = trial.one("designModule.designInfo") or {}
            masking = info.get("maskingInfo", {})
            how = [code(info.get("allocation")), code(info.get("interventionModel")), code(masking.get("masking"))]
            for who in sorted(set(masking.get("whoMasked", []))) or [None]:
                rows.append([trial.iri, trial.title, *how, code(who), code(info.get("primaryPurpose"))])
    return sorted(rows, key=lambda row: (row[0], row[5] or ""))


def _pico(trial: Trial) -> list[tuple[str, str]]:
    who = trial.one("eligibilityModule")
    found = [("1 population: condition", each) for each in trial.many("conditionsModule.conditions")]
    labels = {
        "minimumAge": "2 population: minimum age",
        "maximumAge": "3 population: maximum age",
        "sex": "4 population: sex",
    }
    found += [(label, who[key]) for key, label in labels.items() if key in who]
    for _, arm in trial.arms:
        if arm.get("type") == "EXPERIMENTAL":
            found += [("5 intervention", each["name"]) for each in trial.given(arm)]
        if arm.get("type") in COMPARATORS:
            found += [("6 comparator", each["name"]) for each in trial.given(arm)]
    return found + [("7 primary outcome", each["measure"]) for each in trial.many("outcomesModule.primaryOutcomes")]


def pico(trials: list[Trial]) -> Rows:
    return sorted([trial.iri, *row] for trial in trials if trial.nct in SHOWN for row in set(_pico(trial)))


def placebo_double_blind(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        info = trial.one("designModule.designInfo") or {}
        masking = at(info, "maskingInfo.masking")
        if (
            trial.under("D007154")
            and trial.interventional
            and info.get("allocation") == "RANDOMIZED"
            and masking in ("DOUBLE", "TRIPLE", "QUADRUPLE")
            and any(arm.get("type") == "PLACEBO_COMPARATOR" for _, arm in trial.arms)
        ):
            rows.append([trial.iri, trial.title, code(masking), trial.enrollment])
    return sorted(rows, key=lambda row: row[0])


def _primary(trial: Trial) -> list[tuple[int, dict[str, Any]]]:
    return placed(trial.many("outcomesModule.primaryOutcomes"))


def outcomes(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, place, each["measure"], each.get("timeFrame")]
        for trial in trials
        for place, each in _primary(trial)
    ]
    return sorted(rows, key=lambda row: row[:2])


def outcomes_of_disease(trials: list[Trial]) -> Rows:
    return outcomes([trial for trial in trials if trial.under("D006967") and "PHASE3" in trial.phases])


def endpoint(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, trial.title, place, each["measure"], each.get("timeFrame")]
        for trial in trials
        for place, each in _primary(trial)
        if any(words in each["measure"].lower() for words in ("hba1c", "international index of erectile function"))
    ]
    return sorted(rows, key=lambda row: (row[0], row[2]))


def serious_events(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        groups = {each["id"]: each["title"] for each in at(trial.results, "adverseEventsModule.eventGroups") or []}
        for place, event in placed(at(trial.results, "adverseEventsModule.seriousEvents")):
            for stat in event.get("stats", []):
                if (affected := stat.get("numAffected", 0)) >= 1:
                    id_ = stat["groupId"]
                    what = [event["term"], event.get("organSystem"), affected, stat.get("numAtRisk")]
                    rows.append(((trial.iri, id_, place), [trial.iri, id_, groups[id_], *what]))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def event_groups(trials: list[Trial]) -> Rows:
    keys = ("id", "title", "deathsNumAffected", "deathsNumAtRisk", "seriousNumAffected", "seriousNumAtRisk")
    rows = [
        [trial.iri, *(each.get(key) for key in keys)]
        for trial in trials
        for each in at(trial.results, "adverseEventsModule.eventGroups") or []
    ]
    return sorted(rows, key=lambda row: row[:2])


def dropouts(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        flow = trial.results.get("participantFlowModule", {})
        groups = {each["id"]: (place, each["title"]) for place, each in placed(flow.get("groups"))}
        for number, period in placed(flow.get("periods")):
            for drop_number, drop in placed(period.get("dropWithdraws")):
                for reason in drop.get("reasons", []):
                    if "numSubjects" in reason:
                        place, group = groups[reason["groupId"]]
                        row = [trial.iri, period["title"], drop["type"], group, reason["numSubjects"]]
                        rows.append(((trial.iri, number, drop_number, place), row))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def _values(measure: dict[str, Any]) -> list[tuple[tuple[int, int, int], list[Any], str]]:
    """Places, then row, category, group and value, then the id of the group."""
    groups = {each["id"]: (place, each["title"]) for place, each in placed(measure.get("groups"))}
    found = []
    for row_number, row in placed(measure.get("classes")):
        for number, category in placed(row.get("categories")):
            for value in category.get("measurements", []):
                place, group = groups[value["groupId"]]
                if "value" in value:
                    cells = [row.get("title"), category.get("title"), group, value["value"]]
                    found.append(((row_number, number, place), cells, value["groupId"]))
    return found


def primary_results(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        for number, measure in placed(at(trial.results, "outcomeMeasuresModule.outcomeMeasures")):
            if measure["type"] != "PRIMARY":
                continue
            analyses = [(n, each) for n, each in placed(measure.get("analyses")) if "pValue" in each]
            for places, cells, group in _values(measure):
                mine = [(n, each) for n, each in analyses if group in each.get("groupIds", [])]
                for n, each in mine or [(0, {})]:
                    how = [measure.get("unitOfMeasure"), each.get("statisticalMethod"), each.get("pValue")]
                    rows.append(((trial.iri, number, *places, n), [trial.iri, measure["title"], *cells, *how]))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]
