"""Short descriptions of a study: phase, enrolment, design, eligibility, countries."""

from __future__ import annotations

from collections import Counter

from kg.draw.details import value_text, value_texts
from kg.draw.graph import QueryableGraph
from kg.ontology.vocabulary import CT

SIDE = 280.0
"""Width of the cards of organizations, sites and publications in pixels."""


class StudyText:
    """The values of one study of a graph as readable text."""

    def __init__(self, graph: QueryableGraph, iri: str) -> None:
        self.graph = graph
        self.iri = iri

    def value(self, name: str, iri: str = "") -> str:
        """Return the first value of a property of the study or of another node."""
        return value_text(self.graph, iri or self.iri, name)

    def label(self, iri: str) -> str:
        return self.graph.label(iri)

    def parts(self, name: str) -> list[str]:
        """Return the IRIs that a property of the study refers to, in the order of the record."""
        iris = [value.value for value in self.graph.values(self.iri, CT + name)]
        return sorted(iris, key=lambda iri: (int(self.value("position", iri) or 0), iri))

    def phase(self) -> str:
        return "/".join(value_texts(self.graph, self.iri, "phase"))

    def enrolment(self) -> str:
        count, kind = self.value("enrollmentCount"), self.value("enrollmentType").lower()
        people = f"{int(count):,} participants" if count.isdigit() else ""
        return f"{people} ({kind})" if people and kind else people

    def status_line(self) -> str:
        return join_parts(self.phase() or self.value("studyType"), self.value("overallStatus"), self.enrolment())

    def design(self) -> str:
        masking = self.value("masking").lower()
        return join_parts(
            self.value("allocation"),
            *(name.lower() for name in value_texts(self.graph, self.iri, "interventionModel")),
            f"{masking} masking" if masking and "mask" not in masking and "open" not in masking else masking,
            self.value("primaryPurpose").lower(),
        )

    def dates(self) -> str:
        start, end = self.value("startDate"), self.value("completionDate")
        return f"{start or '…'} to {end or '…'}" if start or end else ""

    def participants(self) -> str:
        low, high = self.value("minimumAge").lower(), self.value("maximumAge").lower()
        ages = f"{low} to {high}" if low and high else f"{low} and over" if low else f"up to {high}" if high else ""
        sex = self.value("sex").lower()
        return join_parts(f"Ages {ages}" if ages else "", {"all": "all sexes"}.get(sex, sex))

    def countries(self, sites: list[str]) -> str:
        """Return the countries of sites with the number of sites in each, the most frequent first."""
        counts = Counter(self.value("countryName", iri) for iri in sites)
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return ", ".join(f"{name or 'elsewhere'} {count}" for name, count in ranked)


def join_parts(*parts: str) -> str:
    """Join the parts that are not empty with middle dots.

    >>> join_parts("Phase 2", "", "Completed")
    'Phase 2 · Completed'
    """
    return " · ".join(part for part in parts if part)
