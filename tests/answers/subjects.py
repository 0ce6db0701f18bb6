"""Answers about conditions, interventions and who may take part."""

from __future__ import annotations

from collections import defaultdict

from tests.answers.trial import MESH, Rows, Trial, code, mesh_names, years

PHASES = {"EARLY_PHASE1": 0, "PHASE1": 1, "PHASE2": 2, "PHASE3": 3, "PHASE4": 4}


def studies_by_ancestor(trials: list[Trial]) -> Rows:
    return sorted([trial.iri, trial.title, len(trial.conditions)] for trial in trials if trial.under("D009369"))


def studies_under(trials: list[Trial]) -> Rows:
    return sorted([trial.iri, trial.title, code(trial.status)] for trial in trials if trial.under("D009422"))


def _phases(trials: list[Trial]) -> list[tuple[int, Trial]]:
    """The trials that have a phase, with the furthest."""
    found = [(max((PHASES[phase] for phase in trial.phases if phase in PHASES), default=-1), trial) for trial in trials]
    return [(phase, trial) for phase, trial in found if phase >= 0 and trial.interventional]


def maximum_phase(trials: list[Trial]) -> Rows:
    names = mesh_names(trials)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for phase, trial in _phases(trials):
        for drug in trial.drugs:
            found[drug].append(phase)
    rows = [[MESH + drug, names[drug], max(phases), len(phases)] for drug, phases in found.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[1], row[0]))


def maximum_phase_by_disease(trials: list[Trial]) -> Rows:
    names = mesh_names(trials)
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for phase, trial in _phases(trials):
        for drug in trial.drugs:
            for disease in trial.conditions:
                found[drug, disease].append(phase)
    rows = [
        [MESH + drug, names[drug], MESH + disease, names[disease], max(phases), len(phases)]
        for (drug, disease), phases in found.items()
    ]
    return sorted(rows, key=lambda row: (-row[4], -row[5], row[1], row[3], row[0], row[2]))


def maximum_phase_by_class(trials: list[Trial]) -> Rows:
    names = mesh_names(trials)
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for phase, trial in _phases(trials):
        for class_ in ("D009369", "D007154", "D000091642", "D009422"):
            for drug in trial.drugs if trial.under(class_) else ():
                found[class_, drug].append(phase)
    rows = [
        [MESH + class_, MESH + drug, names[drug], max(phases), len(phases)] for (class_, drug), phases in found.items()
    ]
    return sorted(rows, key=lambda row: (row[0], -row[3], -row[4], row[2], row[1]))


def repurposed(trials: list[Trial]) -> Rows:
    names = mesh_names(trials)
    dated = [trial for trial in trials if trial.interventional and trial.year]
    rows = []
    for drug in {drug for trial in dated for drug in trial.drugs}:
        tried = [trial for trial in dated if drug in trial.drugs]
        first = [trial.year or 0 for trial in tried if trial.under("D001249")]
        later = [
            trial.year or 0 for trial in tried if trial.under("D003876") and first and (trial.year or 0) > min(first)
        ]
        if later:
            rows.append([MESH + drug, names[drug], min(first), len(first), min(later), len(later)])
    return sorted(rows, key=lambda row: (-row[5], -row[3], row[1], row[0]))


def shared_interventions(trials: list[Trial]) -> Rows:
    names = mesh_names(trials)
    rows = []
    for drug in {drug for trial in trials for drug in trial.drugs}:
        tried = [trial for trial in trials if drug in trial.drugs]
        one = {trial.nct for trial in tried if trial.under("D001249")}
        other = {trial.nct for trial in tried if trial.under("D005512")}
        if one and other:
            rows.append([MESH + drug, names[drug], len(one), len(other), len(one & other)])
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[1], row[0]))


def drug_outside(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        if trial.interventional and trial.with_drug("D008687") and not trial.under("D003920"):
            rows += [[trial.iri, trial.title, code(phase)] for phase in trial.phases or [None]]
    return sorted(rows, key=lambda row: (row[0], row[2] or ""))


def related(trials: list[Trial]) -> Rows:
    start = next(trial for trial in trials if trial.nct == "NCT00346398")
    rows = []
    for trial in trials:
        conditions = len(set(trial.conditions) & set(start.conditions))
        interventions = len(set(trial.drugs) & set(start.drugs))
        if trial is not start and conditions + interventions:
            rows.append([trial.iri, trial.title, conditions, interventions, 3 * conditions + 2 * interventions])
    return sorted(rows, key=lambda row: (-row[4], row[0]))


def ages(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        lowest, highest = (years(trial.one(f"eligibilityModule.{end}Age")) for end in ("minimum", "maximum"))
        if trial.interventional and (lowest or 0) <= 65 and (highest is None or highest >= 80):
            rows.append([trial.iri, trial.title, lowest, highest])
    return sorted(rows, key=lambda row: row[0])


def eligible(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        lowest, highest = (years(trial.one(f"eligibilityModule.{end}Age")) for end in ("minimum", "maximum"))
        sex = trial.one("eligibilityModule.sex")
        fits = (lowest or 0) <= 35 and (highest is None or highest >= 35) and sex in (None, "ALL", "FEMALE")
        if fits and trial.status in ("RECRUITING", "NOT_YET_RECRUITING"):
            rows.append([trial.iri, trial.title, code(trial.status), lowest, highest, code(sex)])
    return sorted(rows, key=lambda row: row[0])


def healthy_volunteers(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        who = trial.one("eligibilityModule") or {}
        if who.get("healthyVolunteers") is True and trial.status in ("RECRUITING", "NOT_YET_RECRUITING"):
            ends = [who.get("minimumAge"), who.get("maximumAge")]
            rows.append([trial.iri, trial.title, code(trial.status), *ends, code(who.get("sex"))])
    return sorted(rows, key=lambda row: row[0])


def expanded_access(trials: list[Trial]) -> Rows:
    pointing: defaultdict[str, list[str]] = defaultdict(list)
    for trial in trials:
        pointing[trial.one("statusModule.expandedAccessInfo.nctId") or ""].append(trial.iri)
    rows = []
    for trial in trials:
        if trial.type == "EXPANDED_ACCESS":
            for each in trial.interventions:
                for other in pointing.get(trial.nct, [None]):
                    rows.append([trial.iri, trial.title, code(trial.status), each["name"], other])
    return sorted(rows, key=lambda row: (row[0], row[3], row[4] or ""))
