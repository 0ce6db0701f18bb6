"""What is said of one study, in the words in which people say it."""

from __future__ import annotations

from collections import Counter

from kg.draw.facts import one, several
from kg.draw.graph import Graph
from kg.ontology.vocabulary import CT


class Said:
    """A study of a graph."""

    def __init__(self, graph: Graph, iri: str) -> None:
        self.graph = graph
        self.iri = iri

    def one(self, name: str, iri: str = "") -> str:
        return one(self.graph, iri or self.iri, name)

    def label(self, iri: str) -> str:
        return self.graph.label(iri)

    def listed(self, name: str) -> list[str]:
        """The IRIs that a property of the study leads to, in the order of the record."""
        found = [value.value for value in self.graph.values(self.iri, CT + name)]
        return sorted(found, key=lambda iri: (int(self.one("position", iri) or 0), iri))

    def phase(self) -> str:
        return "/".join(several(self.graph, self.iri, "phase"))

    def enrolment(self) -> str:
        count, kind = self.one("enrollmentCount"), self.one("enrollmentType").lower()
        people = f"{int(count):,} participants" if count.isdigit() else ""
        return f"{people} ({kind})" if people and kind else people

    def standing(self) -> str:
        return joined(self.phase() or self.one("studyType"), self.one("overallStatus"), self.enrolment())

    def design(self) -> str:
        masking = self.one("masking").lower()
        return joined(
            self.one("allocation"),
            *(name.lower() for name in several(self.graph, self.iri, "interventionModel")),
            f"{masking} masking" if masking and "mask" not in masking and "open" not in masking else masking,
            self.one("primaryPurpose").lower(),
        )

    def time(self) -> str:
        start, end = self.one("startDate"), self.one("completionDate")
        return f"{start or '…'} to {end or '…'}" if start or end else ""

    def who(self) -> str:
        low, high = self.one("minimumAge").lower(), self.one("maximumAge").lower()
        ages = f"{low} to {high}" if low and high else f"{low} and over" if low else f"up to {high}" if high else ""
        sex = self.one("sex").lower()
        return joined(f"Ages {ages}" if ages else "", {"all": "all sexes"}.get(sex, sex))

    def where(self, found: list[str]) -> str:
        countries = Counter(self.one("countryName", iri) for iri in found)
        ranked = sorted(countries.items(), key=lambda pair: (-pair[1], pair[0]))
        return ", ".join(f"{name or 'elsewhere'} {count}" for name, count in ranked)


def joined(*parts: str) -> str:
    """Parts with points between, those that are empty left out.

    >>> joined("Phase 2", "", "Completed")
    'Phase 2 · Completed'
    """
    return " · ".join(part for part in parts if part)
