"""Comparison of studies: their facts in rows, with the differences marked, and their outcomes aligned by measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from kg.serve.formats import count_text, date_text
from kg.serve.links import Link
from kg.serve.nodes import Node, Nodes
from kg.serve.pages.outcomes import Outcome, outcomes_of
from kg.serve.pages.sites import sites_of
from kg.serve.pages.study import DESIGN, Head, ages_text, codes_of, head_of, values_text

SIMILAR = 0.6
"""The least share of common words by which two measures are one row."""
_COMMON = frozenset(
    (
        *("a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with"),
        *("baseline", "change", "number", "participants", "patients", "rate", "percentage", "proportion", "subjects"),
    )
)


@dataclass(frozen=True, slots=True)
class Item:
    """A value of a study; ``is_shared`` if all studies of the comparison have it."""

    link: Link
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact of the studies, with the values of each."""

    name: str
    cells: list[list[Item]]

    @property
    def differs(self) -> bool:
        """Whether the studies differ in it."""
        return len({tuple(item.link.text for item in cell) for cell in self.cells}) > 1


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """A measure with the outcomes of each study."""

    measure: str
    cells: list[list[Outcome]]

    @property
    def studies(self) -> int:
        """The number of studies that have it."""
        return sum(bool(cell) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Studies side by side."""

    studies: list[Head]
    facts: dict[str, list[FactRow]]
    """Rows by section."""
    outcomes: list[OutcomeRow]


def comparison(nodes: Nodes, iris: list[str]) -> Comparison:
    """Return the comparison of studies, given by their IRIs."""
    studies = [nodes[iri] for iri in iris]
    facts = {
        section: [row for name, values in rows if any((row := _row(name, [values(s) for s in studies])).cells)]
        for section, rows in SECTIONS.items()
    }
    return Comparison([head_of(study) for study in studies], facts, _outcomes(studies))


def _row(name: str, cells: list[list[Link]]) -> FactRow:
    common = set.intersection(*({link.text for link in cell} for cell in cells))
    marked = [[Item(link, link.text in common) for link in cell] for cell in cells]
    return FactRow(name, marked if any(cells) else [])


Values = Callable[[Node], list[Link]]


def _text(function: Callable[[Node], str]) -> Values:
    return lambda study: [Link(text, "") for text in [function(study)] if text]


def _property(name: str) -> Values:
    return _text(lambda study: values_text(study, name))


def _date(name: str) -> Values:
    return _text(lambda study: date_text(study.raw(name)))


def _codes(name: str) -> Values:
    return lambda study: [Link(code.label, code.iri) for code in codes_of(study, name)]


def _nodes(name: str) -> Values:
    return lambda study: [Link.to(node) for node in study.nodes(name)]


def _parts(name: str) -> Values:
    return lambda study: [Link.to(node) for node in study.parts(name)]


def _enrollment(study: Node) -> str:
    number, kind = study.number("enrollmentCount"), study.text("enrollmentType").lower()
    return "" if number is None else f"{number:,}" + (f" ({kind})" if kind else "")


def _ages(study: Node) -> str:
    return ages_text(study.text("minimumAge"), study.text("maximumAge"))


def _countries(study: Node) -> list[Link]:
    return [country.link for country in sorted(sites_of(study).countries, key=lambda country: country.link.text)]


SECTIONS: dict[str, list[tuple[str, Values]]] = {
    "Overview": [
        ("Status", _codes("overallStatus")),
        ("Why stopped", _text(lambda study: study.text("whyStopped"))),
        ("Study type", _codes("studyType")),
        ("Phase", _codes("phase")),
        ("Lead sponsor", _nodes("leadSponsor")),
        ("Collaborators", _nodes("collaborator")),
        ("Results posted", _text(lambda study: date_text(study.raw("resultsFirstPostDate")) or "no")),
    ],
    "Population": [
        ("Conditions", lambda study: [Link(text, "") for text in study.texts("condition")]),
        ("MeSH terms", _nodes("conditionMesh")),
        ("Participants", _text(_enrollment)),
        ("Ages", _text(_ages)),
        ("Sex", _codes("sex")),
        ("Healthy volunteers", _property("healthyVolunteers")),
    ],
    "Interventions": [
        ("Arms", _parts("arm")),
        ("Interventions", _parts("intervention")),
        ("MeSH terms", _nodes("interventionMesh")),
    ],
    "Design": [(title, _property(name)) for title, name in DESIGN if "escription" not in title],
    "Time and places": [
        ("Start", _date("startDate")),
        ("Primary completion", _date("primaryCompletionDate")),
        ("Completion", _date("completionDate")),
        ("Sites", _text(lambda study: count_text(len(study.terms("location")), "site"))),
        ("Countries", _countries),
    ],
}
"""The rows of a comparison by section."""


@dataclass(slots=True)
class _Measure:
    """Outcomes that are taken for one measure."""

    words: frozenset[str]
    text: str
    cells: list[list[Outcome]] = field(default_factory=list)


def _outcomes(studies: list[Node]) -> list[OutcomeRow]:
    measures: list[_Measure] = []
    for i, study in enumerate(studies):
        for outcome in outcomes_of(study).all:
            measure = _similar(measures, i, outcome)
            if measure is None:
                measure = _Measure(words_of(outcome.measure), outcome.measure, [[] for _ in studies])
                measures.append(measure)
            measure.cells[i].append(outcome)
    rows = [OutcomeRow(measure.text, measure.cells) for measure in measures]
    return sorted(rows, key=lambda row: (-row.studies, not _has_primary(row)))


def _similar(measures: list[_Measure], study: int, outcome: Outcome) -> _Measure | None:
    """Return the most similar measure that has no other outcome of the study, or ``None``."""
    words, best, highest = words_of(outcome.measure), None, 0.0
    for measure in measures:
        own = measure.cells[study]
        if own and own[0].measure != outcome.measure:
            continue
        share = 1.0 if measure.text == outcome.measure else similarity(words, measure.words)
        if share > highest:
            best, highest = measure, share
    return best if highest >= SIMILAR else None


def words_of(text: str) -> frozenset[str]:
    """Return the words of a measure without common ones.

    >>> sorted(words_of("Change from baseline in the ALSFRS-R score"))
    ['alsfr', 'r', 'score']
    """
    words = re.findall(r"\w+", text.casefold())
    return frozenset(word.removesuffix("s") if len(word) > 4 else word for word in words if word not in _COMMON)


def similarity(a: frozenset[str], b: frozenset[str]) -> float:
    """Return the share of the words of two measures that both have; 0 for measures without words."""
    return len(a & b) / len(a | b) if a and b else 0.0


def _has_primary(row: OutcomeRow) -> bool:
    return any(outcome.rank == "primary" for cell in row.cells for outcome in cell)
