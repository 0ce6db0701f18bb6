"""Answers about what is studied, where and by whom."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from tests.answers.trial import (
    ACTIVE,
    BRANCH,
    MESH,
    Rows,
    Trial,
    at,
    classes,
    code,
    country_iri,
    country_name,
    mesh_names,
    organization,
    placed,
)


def phase_status(trials: list[Trial]) -> Rows:
    counts = Counter(code(trial.status) for trial in trials if "PHASE3" in trial.phases and trial.status)
    return sorted(map(list, counts.items()), key=lambda row: (-row[1], row[0]))


def phases_by_year(trials: list[Trial]) -> Rows:
    counts = Counter(
        (trial.year, code(phase)) for trial in trials for phase in trial.phases if (trial.year or 0) >= 2000
    )
    return sorted([year, phase, count] for (year, phase), count in counts.items())


def intervention_types_by_year(trials: list[Trial]) -> Rows:
    counts: Counter[tuple[int, str | None]] = Counter()
    for trial in trials:
        kinds = {each["type"] for each in trial.many("armsInterventionsModule.interventions") if "type" in each}
        counts.update((trial.year, code(kind)) for kind in kinds if trial.year and trial.year >= 2000)
    return sorted([year, kind, count] for (year, kind), count in counts.items())


def _ranked_terms(trials: list[Trial], which: str) -> Rows:
    names = mesh_names(trials)
    counts = Counter(term for trial in trials for term in getattr(trial, which))
    rows = [[MESH + term, names[term], count] for term, count in counts.items()]
    return sorted(rows, key=lambda row: (-row[2], row[1], row[0]))


def conditions(trials: list[Trial]) -> Rows:
    return _ranked_terms(trials, "conditions")


def interventions(trials: list[Trial]) -> Rows:
    return _ranked_terms(trials, "drugs")


def intervention_names(trials: list[Trial]) -> Rows:
    counts: Counter[str] = Counter()
    for trial in trials:
        counts.update({each["name"].lower() for each in trial.interventions if each.get("type") == "DRUG"})
    rows = [[code("DRUG"), name, count] for name, count in counts.items()]
    return sorted(rows, key=lambda row: (-row[2], row[1]))


def condition_branches(trials: list[Trial]) -> Rows:
    found: defaultdict[str, set[str]] = defaultdict(set)
    names: defaultdict[str, set[str]] = defaultdict(set)
    for trial in trials:
        for each in at(trial.record, "derivedSection.conditionBrowseModule.browseBranches") or []:
            names[each["abbrev"]].add(each["name"])
            if trial.status in ACTIVE and each["abbrev"] != "All":
                found[each["abbrev"]].add(trial.nct)
    rows = [[f"{BRANCH}condition-{key}", min(names[key]), len(studies)] for key, studies in found.items()]
    return sorted(rows, key=lambda row: (-row[2], row[1], row[0]))


def newest(trials: list[Trial]) -> Rows:
    chosen = sorted((trial for trial in trials if trial.under("D007154") and trial.start), key=lambda trial: trial.nct)
    chosen.sort(key=lambda trial: trial.start or "", reverse=True)
    return [[trial.iri, trial.title, trial.start, code(trial.status)] for trial in chosen]


def enrollment_trend(trials: list[Trial]) -> Rows:
    counts: defaultdict[int, list[int]] = defaultdict(list)
    for trial in trials:
        if trial.under("D007154") and trial.interventional and trial.year and trial.enrollment is not None:
            counts[trial.year].append(trial.enrollment)
    return [
        [year, len(found), sum(found), math.floor(sum(found) / len(found) + 0.5)]
        for year, found in sorted(counts.items())
    ]


def _distance(lat: float, long: float, other_lat: float, other_long: float) -> float:
    """Kilometres along a great circle, by the haversine."""
    a, b, c, d = map(math.radians, (lat, long, other_lat, other_long))
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def recruiting_near(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        for place, site in placed(trial.locations):
            point = site.get("geoPoint")
            if point is None or site.get("status", trial.status) != "RECRUITING":
                continue
            distance = _distance(35.68, 139.77, point["lat"], point["lon"])
            if distance <= 250:
                key = (math.floor(distance * 10 + 0.5) / 10, trial.iri, f"{trial.nct}-location-{place}")
                rows.append((key, [trial.iri, trial.title, site.get("facility"), site.get("city"), key[0]]))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def in_all_countries(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        there = {site.get("country") for site in trial.locations}
        if trial.with_drug("D004791") and {"United Kingdom", "Spain", "France"} <= there:
            rows += [[trial.iri, trial.title, code(phase)] for phase in trial.phases or [None]]
    return sorted(rows, key=lambda row: (row[0], row[2] or ""))


def many_sites(trials: list[Trial]) -> Rows:
    rows = [
        [
            trial.iri,
            trial.title,
            len(trial.locations),
            len({country_iri(site["country"]) for site in trial.locations if "country" in site}),
        ]
        for trial in trials
        if len(trial.locations) > 20
    ]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def countries(trials: list[Trial]) -> Rows:
    studies: defaultdict[str, set[str]] = defaultdict(set)
    sites: Counter[str] = Counter()
    names = {}
    for trial in trials:
        for site in trial.locations:
            if "country" in site:
                key = country_iri(site["country"])
                names[key] = country_name(site["country"])
                studies[key].add(trial.nct)
                sites[key] += 1
    rows = [[key, names[key], len(found), sites[key]] for key, found in studies.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[0]))


def cities(trials: list[Trial]) -> Rows:
    studies: defaultdict[tuple[str, str | None, str], set[str]] = defaultdict(set)
    sites: Counter[tuple[str, str | None, str]] = Counter()
    for trial in trials:
        for site in trial.locations:
            if "city" in site and "country" in site:
                key = (site["city"], site.get("state"), country_iri(site["country"]))
                studies[key].add(trial.nct)
                sites[key] += 1
    rows = [[*key, len(found), sites[key]] for key, found in studies.items()]
    return sorted(rows, key=lambda row: (-row[3], -row[4], row[2], row[1] or "", row[0]))


def facilities(trials: list[Trial]) -> Rows:
    studies: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for trial in trials:
        for site in trial.locations:
            if {"facility", "city", "country"} <= set(site):
                studies[site["facility"], site["city"], country_iri(site["country"])].add(trial.nct)
    rows = [[*key, len(found)] for key, found in studies.items()]
    return sorted(rows, key=lambda row: (-row[3], row[2], row[1], row[0]))


def sponsors(trials: list[Trial]) -> Rows:
    leads, supports = Counter(trial.lead for trial in trials), Counter[str]()
    for trial in trials:
        supports.update(set(trial.collaborators))
    industry = [name for name, kinds in classes(trials).items() if "INDUSTRY" in kinds]
    rows = [[organization(name), name, leads[name], supports[name]] for name in industry]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[1]))


def sponsors_of_disease(trials: list[Trial]) -> Rows:
    chosen = [trial for trial in trials if trial.under("D007154")]
    studies = Counter(trial.lead for trial in chosen)
    active = Counter(trial.lead for trial in chosen if trial.status in ACTIVE)
    rows = [[organization(name), name, count, active[name]] for name, count in studies.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[1]))


def industry_public(trials: list[Trial]) -> Rows:
    known = classes(trials)
    groups: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.under("D007154"):
            kinds = set().union(*(known[name] for name in [trial.lead, *trial.collaborators]))
            sides = ["industry"] * ("INDUSTRY" in kinds) + ["public"] * bool(kinds & {"NIH", "FED", "OTHER_GOV"})
            groups[" and ".join(sides) or "neither"].append(trial)
    rows = [
        [
            name,
            len(found),
            sum(trial.status == "COMPLETED" for trial in found),
            sum(trial.record["hasResults"] for trial in found),
        ]
        for name, found in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def sponsor_drugs(trials: list[Trial]) -> Rows:
    drugs: defaultdict[str, set[str]] = defaultdict(set)
    studies: defaultdict[str, set[str]] = defaultdict(set)
    for trial in trials:
        kinds = {each.get("type") for each in trial.many("armsInterventionsModule.interventions")}
        tried = set(trial.drugs) - {"D010919"}
        if trial.interventional and (trial.year or 0) >= 2010 and kinds & {"DRUG", "BIOLOGICAL"} and tried:
            drugs[trial.lead] |= tried
            studies[trial.lead].add(trial.nct)
    rows = [[organization(name), name, len(found), len(studies[name])] for name, found in drugs.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[1]))


def results_by_sponsor_class(trials: list[Trial]) -> Rows:
    known = classes(trials)
    posted: defaultdict[str, list[bool]] = defaultdict(list)
    for trial in trials:
        if trial.interventional and trial.status == "COMPLETED":
            for kind in known[trial.lead]:
                posted[kind].append(bool(trial.record["hasResults"]))
    rows = [
        [code(kind), len(found), sum(found), math.floor(sum(found) * 1000 / len(found) + 0.5) / 10]
        for kind, found in posted.items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def ipd_sharing(trials: list[Trial]) -> Rows:
    known = classes(trials)
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for trial in trials:
        plan = trial.one("ipdSharingStatementModule.ipdSharing")
        counts.update((code(kind), code(plan)) for kind in known[trial.lead] if plan)
    return sorted([kind, plan, count] for (kind, plan), count in counts.items())
