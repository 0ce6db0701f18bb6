"""Answers about the record: status, dates, identifiers, publications, data sharing, and what is missing."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

from tests.answers.trial import CT, Rows, Trial, at, code, months, placed

TODAY = "2025-12-31"
ENTRIES = {
    r"20\d{2}-[0-4]\d{5}-\d{2}": "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:",
    r"20\d{2}-5\d{5}-\d{2}-\d{2}": "https://euclinicaltrials.eu/ctis-public/view/",
    r"ISRCTN\d{8}": "https://www.isrctn.com/",
}


def stopped(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, trial.title, code(trial.status), trial.enrollment, trial.one("statusModule.whyStopped")]
        for trial in trials
        if trial.status in ("TERMINATED", "WITHDRAWN", "SUSPENDED")
    ]
    return sorted(rows, key=lambda row: (row[2], row[0]))


def _ought_to_report(trial: Trial) -> bool:
    oversight = trial.one("oversightModule") or {}
    early = {"EARLY_PHASE1", "PHASE1"} & set(trial.phases) and "PHASE2" not in trial.phases
    status = trial.one("statusModule")
    return (
        trial.interventional
        and bool(oversight.get("isFdaRegulatedDrug") or oversight.get("isFdaRegulatedDevice"))
        and not early
        and trial.status != "WITHDRAWN"
        and "dispFirstSubmitDate" not in status
        and not status.get("resultsWaived")
        and trial.record["hasResults"] is False
    )


def _day(date: str) -> int:
    """The day of a date, of a month its last one."""
    year, month, *day = map(int, date.split("-"))
    return day[0] if day else monthrange(year, month)[1]


def overdue_results(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        end = trial.primary_completion
        if end and _ought_to_report(trial):
            late = months(TODAY) - months(end) - 12 - (int(TODAY[8:]) < _day(end))
            if late >= 0:
                rows.append([trial.iri, trial.title, end, late])
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def stale_status(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        end = trial.primary_completion
        if (
            end
            and end < TODAY[: len(end)]
            and trial.status in ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION")
        ):
            kind = code(trial.one("statusModule.primaryCompletionDateStruct.type"))
            update = trial.one("statusModule.lastUpdatePostDateStruct.date")
            rows.append([trial.iri, trial.title, code(trial.status), end, kind, update])
    return sorted(rows, key=lambda row: (row[3], row[0]))


def completion_lag(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        end, sent = trial.primary_completion, trial.one("statusModule.resultsFirstSubmitDate")
        shown = trial.one("statusModule.resultsFirstPostDateStruct.date")
        if end and sent and shown:
            lags = [sent, months(sent) - months(end), shown, months(shown) - months(end)]
            rows.append([trial.iri, trial.title, end, *lags])
    return sorted(rows, key=lambda row: (-row[4], row[0]))


def date_precision(trials: list[Trial]) -> Rows:
    names = {4: "year", 7: "month", 10: "day"}
    counts = Counter(
        (names[len(trial.start)], code(trial.one("statusModule.startDateStruct.type")))
        for trial in trials
        if trial.start
    )
    return sorted(([*key, count] for key, count in counts.items()), key=lambda row: (row[0], row[1] or ""))


def missing_dates(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, trial.title, CT + key, code(trial.status), code(trial.type)]
        for trial in trials
        for key in ("startDate", "primaryCompletionDate", "completionDate")
        if not trial.one(f"statusModule.{key}Struct.date")
    ]
    return sorted(rows, key=lambda row: (row[0], row[2]))


def no_mesh(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, trial.title, condition]
        for trial in trials
        if not trial.conditions
        for condition in set(trial.many("conditionsModule.conditions")) or [None]
    ]
    return sorted(rows, key=lambda row: (row[0], row[2] or ""))


def no_site(trials: list[Trial]) -> Rows:
    rows = [
        [trial.iri, trial.title, code(trial.status), name]
        for trial in trials
        if not trial.locations
        for name in at(trial.record, "derivedSection.miscInfoModule.removedCountries") or [None]
    ]
    return sorted(rows, key=lambda row: (row[0], row[3] or ""))


def _secondary(trial: Trial) -> list[dict[str, Any]]:
    return [each for each in trial.many("identificationModule.secondaryIdInfos") if "id" in each]


def registry_ids(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        for each in _secondary(trial):
            for pattern, entry in ENTRIES.items():
                if re.fullmatch(pattern, each["id"].strip(), re.ASCII):
                    row = [trial.iri, trial.title, each["id"], entry + each["id"].strip()]
                    rows += [row] if row not in rows else []
    return sorted(rows, key=lambda row: (row[2], row[0], row[3]))


def shared_ids(trials: list[Trial]) -> Rows:
    bearers: defaultdict[str, dict[str, Trial]] = defaultdict(dict)
    kinds: defaultdict[tuple[str, str], set[str | None]] = defaultdict(set)
    for trial in trials:
        for each in _secondary(trial):
            bearers[each["id"]][trial.nct] = trial
            kinds[each["id"], trial.nct].add(each.get("type"))
    rows = [
        [id_, code(kind), one.iri, other.iri, one.title, other.title]
        for id_, found in bearers.items()
        for one, other in combinations([found[nct] for nct in sorted(found)], 2)
        for kind in kinds[id_, one.nct]
    ]
    return sorted(rows, key=lambda row: (row[0], row[2], row[3], row[1] or ""))


def publications(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        found = trial.many("referencesModule.references")
        kinds = Counter(each.get("type") for each in found)
        counts = [kinds[kind] for kind in ("RESULT", "DERIVED", "BACKGROUND")]
        pubmed = len({each["pmid"] for each in found if "pmid" in each})
        if found:
            rows.append([trial.iri, trial.title, len(found), *counts, pubmed])
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def shared_data(trials: list[Trial]) -> Rows:
    rows = []
    for trial in trials:
        plan = trial.one("ipdSharingStatementModule") or {}
        if plan.get("ipdSharing") == "YES":
            rows.append([trial.iri, trial.title, *(plan.get(key) for key in ("timeFrame", "accessCriteria", "url"))])
    return sorted(rows, key=lambda row: row[0])


def documents(trials: list[Trial]) -> Rows:
    keys = ("label", "date", "hasProtocol", "hasSap", "hasIcf", "filename")
    rows = [
        [trial.iri, place, *(each.get(key) for key in keys)]
        for trial in trials
        for place, each in placed(at(trial.record, "documentSection.largeDocumentModule.largeDocs"))
    ]
    return sorted(rows, key=lambda row: row[:2])
