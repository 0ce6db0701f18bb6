"""A study record as the answers read it: straight from its JSON, without the package under test."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pycountry

Rows = list[list[Any]]

STUDY = "https://clinicaltrials.gov/study/"
CODE = "https://w3id.org/trialkg/code/"
CT = "https://w3id.org/trialkg/ontology#"
MESH = "http://id.nlm.nih.gov/mesh/"
ORGANIZATION = "https://w3id.org/trialkg/organization/"
COUNTRY = "https://w3id.org/trialkg/country/"
BRANCH = "https://w3id.org/trialkg/branch/"

ACTIVE = {"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "ACTIVE_NOT_RECRUITING"}
SPELLINGS = {
    "Turkey (Türkiye)": "TR", "Turkey": "TR", "Russia": "RU", "Côte d’Ivoire": "CI",
    "Palestinian Territories, Occupied": "PS",
}  # fmt: skip
"""Countries that ISO 3166 does not call so."""

UNITS = {"Year": 1, "Month": 12, "Week": 365.25 / 7, "Day": 365.25, "Hour": 365.25 * 24, "Minute": 365.25 * 1440}


def at(node: Any, path: str) -> Any:
    """What lies at a path of keys, or nothing."""
    for key in path.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    return node


def code(value: str | None) -> str | None:
    return None if value is None else CODE + value


def mesh_id(text: str) -> str:
    """The id without the zeros that older records put in."""
    number = int(text[1:])
    return text if number >= {"D": 66388, "C": 588423}[text[0]] else f"{text[0]}{number:06d}"


def organization(name: str) -> str:
    spaced = quote(name.replace("_", "\0"), safe=" ").replace("%00", "%5F").replace(" ", "_")
    return ORGANIZATION + re.sub("^-", "%2D", spaced.replace(".", "%2E").replace("~", "%7E"))


def country(name: str) -> Any:
    """The country of ISO 3166 that is called so."""
    return pycountry.countries.lookup(SPELLINGS.get(name, name))


def country_iri(name: str) -> str:
    return COUNTRY + str(country(name).alpha_2)


def country_name(name: str) -> str:
    found = country(name)
    return str(getattr(found, "common_name", found.name))


def years(age: str | None) -> float | None:
    match = re.fullmatch(r"(\d+) (\w+?)s?", age or "")
    return round(int(match[1]) / UNITS[match[2]], 4) if match else None


def year(date: str | None) -> int | None:
    return int(date[:4]) if date else None


def months(date: str) -> int:
    """Months since the year 0."""
    return int(date[:4]) * 12 + int(date[5:7])


def placed(items: Iterable[Any] | None) -> list[tuple[int, Any]]:
    """Items with their places, from 1."""
    return list(enumerate(items or [], 1))


class Trial:
    """A record; ``one`` and ``many`` read below ``protocolSection``."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self.protocol = record["protocolSection"]
        self.results = record.get("resultsSection", {})
        self.nct: str = self.one("identificationModule.nctId")
        self.iri = STUDY + self.nct
        self.title: str = self.one("identificationModule.briefTitle")
        self.status: str | None = self.one("statusModule.overallStatus")
        self.type: str | None = self.one("designModule.studyType")
        self.phases: list[str] = list(dict.fromkeys(self.many("designModule.phases")))
        self.start: str | None = self.one("statusModule.startDateStruct.date")
        self.primary_completion: str | None = self.one("statusModule.primaryCompletionDateStruct.date")
        self.enrollment: int | None = self.one("designModule.enrollmentInfo.count")

    def one(self, path: str) -> Any:
        return at(self.protocol, path)

    def many(self, path: str) -> list[Any]:
        return self.one(path) or []

    @property
    def year(self) -> int | None:
        return year(self.start)

    @property
    def interventional(self) -> bool:
        return self.type == "INTERVENTIONAL"

    def _mesh(self, kind: str, which: str) -> dict[str, set[str]]:
        """Term -> its spellings."""
        found: dict[str, set[str]] = {}
        for term in at(self.record, f"derivedSection.{kind}BrowseModule.{which}") or []:
            found.setdefault(mesh_id(term["id"]), set()).add(term["term"])
        return found

    @cached_property
    def conditions(self) -> dict[str, set[str]]:
        return self._mesh("condition", "meshes")

    @cached_property
    def condition_ancestors(self) -> dict[str, set[str]]:
        return self._mesh("condition", "ancestors")

    @cached_property
    def drugs(self) -> dict[str, set[str]]:
        return self._mesh("intervention", "meshes")

    @cached_property
    def drug_ancestors(self) -> dict[str, set[str]]:
        return self._mesh("intervention", "ancestors")

    def under(self, *diseases: str) -> bool:
        """Whether a disease is among the conditions or above one of them."""
        return any(disease in self.conditions or disease in self.condition_ancestors for disease in diseases)

    def with_drug(self, drug: str) -> bool:
        return drug in self.drugs or drug in self.drug_ancestors

    @property
    def lead(self) -> str:
        name: str = self.one("sponsorCollaboratorsModule.leadSponsor.name")
        return name

    @property
    def collaborators(self) -> list[str]:
        return [each["name"] for each in self.many("sponsorCollaboratorsModule.collaborators")]

    @property
    def locations(self) -> list[dict[str, Any]]:
        return self.many("contactsLocationsModule.locations")

    @property
    def interventions(self) -> list[dict[str, Any]]:
        """The interventions that have a name."""
        return [each for each in self.many("armsInterventionsModule.interventions") if each.get("name")]

    @property
    def arms(self) -> list[tuple[int, dict[str, Any]]]:
        return placed(self.many("armsInterventionsModule.armGroups"))

    def given(self, arm: dict[str, Any]) -> list[dict[str, Any]]:
        """The interventions that an arm names; of several with one name those that name the arm in return."""
        found = []
        for name in dict.fromkeys(arm.get("interventionNames", [])):
            named = [each for each in self.interventions if called(each) == name]
            mutual = [each for each in named if arm["label"] in each.get("armGroupLabels", [])]
            found += mutual if len(named) > 1 and mutual else named
        return found


def called(intervention: dict[str, Any]) -> str:
    """The name by which arms refer to an intervention."""
    return f"{intervention['type'].replace('_', ' ').title()}: {intervention['name']}"


def mesh_names(trials: list[Trial]) -> dict[str, str]:
    """MeSH term -> its spelling in the most records, and of equal ones the smallest."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        lists = (trial.conditions, trial.condition_ancestors, trial.drugs, trial.drug_ancestors)
        for term, spelling in {(term, name) for terms in lists for term, names in terms.items() for name in names}:
            counts[term][spelling] += 1
    return {term: min(count, key=lambda name: (-count[name], name)) for term, count in counts.items()}


def classes(trials: list[Trial]) -> dict[str, set[str]]:
    """Organization -> the classes that the records give it."""
    found: dict[str, set[str]] = {}
    for trial in trials:
        module = trial.one("sponsorCollaboratorsModule")
        for each in [module["leadSponsor"], *module.get("collaborators", [])]:
            found.setdefault(each["name"], set()).update([each["class"]] if "class" in each else [])
    return found
