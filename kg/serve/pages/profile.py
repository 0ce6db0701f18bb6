"""Profile of a set of studies: counts by status, phase and year, and what the studies have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kg.serve.catalogue import NO_NUMBER, Catalogue
from kg.serve.columns import Flags
from kg.serve.facets import FACETS_BY_KEY
from kg.serve.listing import Entry, entry
from kg.serve.nodes import concepts
from kg.serve.selection import Selection
from kg.serve.status import ORDER

MAX_BARS = 12
MAX_STUDIES = 25
LISTS = ("condition", "intervention", "sponsor", "country", "city")
"""The facets whose most frequent values a profile lists."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with the number of studies that have it."""

    label: str
    count: int
    iri: str
    query: str
    """The parameters of the list of these studies, or an empty string."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of a set of studies."""

    total: int
    participants: int
    """The sum of the enrolment, actual and planned."""
    with_results: int
    recruiting: int
    query: str
    """The parameters of the list of the studies, or an empty string for a set that has none."""
    statuses: list[Bar]
    phases: list[Bar]
    years: list[Bar]
    lists: Mapping[str, list[Bar]]
    """The most frequent values by the key of their facet, without the value that defines the set."""
    studies: list[Entry]
    """The studies that started last."""


def profile_of(catalogue: Catalogue, mask: Flags, selection: Selection | None = None, own: str = "") -> Profile:
    """Return the profile of studies, given as a mask of shape (studies,).

    ``selection`` selects the same studies, if there is one. ``own`` is the IRI of the value that defines the set.
    """
    enrolment = catalogue.measures["enrolment"][mask]
    results = catalogue.columns["results"].mask(["true"]) & mask
    recruiting = catalogue.columns["status"].mask(["RECRUITING"]) & mask
    return Profile(
        int(np.count_nonzero(mask)),
        int(enrolment[enrolment != NO_NUMBER].sum()),
        int(np.count_nonzero(results)),
        int(np.count_nonzero(recruiting)),
        selection.url() if selection else "",
        _codes(catalogue, "status", mask, selection),
        _codes(catalogue, "phase", mask, selection),
        _years(catalogue, mask, selection),
        {key: most_frequent(catalogue, key, mask, selection, own) for key in LISTS},
        [entry(catalogue, int(study)) for study in _newest(catalogue, mask)],
    )


def most_frequent(
    catalogue: Catalogue, key: str, mask: Flags, selection: Selection | None, own: str = "", limit: int = MAX_BARS
) -> list[Bar]:
    """Return the most frequent values of a facet; for MeSH terms, without those of which only narrower ones occur."""
    column = catalogue.columns[key]
    counts = (column.direct or column).counts(mask)
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], column.labels[i]))
    wanted = [i for i in order if column.iris[i] != own][:limit]
    return [_bar(catalogue, key, i, int(counts[i]), selection) for i in wanted]


def _bar(catalogue: Catalogue, key: str, value: int, count: int, selection: Selection | None) -> Bar:
    column = catalogue.columns[key]
    query = "" if selection is None or column.direct else selection.choose(key, column.keys[value]).url()
    return Bar(column.labels[value], count, column.iris[value], query)


def _codes(catalogue: Catalogue, key: str, mask: Flags, selection: Selection | None) -> list[Bar]:
    """Return the counts of codes in the order of their list."""
    column = catalogue.columns[key]
    order = ORDER if key == "status" else [concept.notation for concept in concepts().values()]
    rank = {value: i for i, value in reversed([*enumerate(order)])}
    counts = column.counts(mask)
    values = sorted(np.flatnonzero(counts).tolist(), key=lambda i: rank.get(column.keys[i], len(rank)))
    bars = [_bar(catalogue, key, i, int(counts[i]), selection) for i in values]
    if missing := int(np.count_nonzero(column.missing & mask)):
        query = selection.choose(key, "-").url() if selection else ""
        bars.append(Bar(FACETS_BY_KEY[key].missing, missing, "", query))
    return bars


def _years(catalogue: Catalogue, mask: Flags, selection: Selection | None) -> list[Bar]:
    """Return the number of studies by start year, for all years from the first to the last."""
    years = catalogue.measures["start"][mask]
    years = years[years != NO_NUMBER]
    if not len(years):
        return []
    first = int(years.min())
    counts = np.bincount(years - first)
    return [
        Bar(str(year), int(count), "", selection.between("start", year, year).url() if selection else "")
        for year, count in enumerate(counts, first)
    ]


def _newest(catalogue: Catalogue, mask: Flags) -> list[int]:
    studies = np.flatnonzero(mask)
    years = catalogue.measures["start"][studies]
    found: list[int] = studies[np.argsort(-years, kind="stable")][:MAX_STUDIES].tolist()
    return found
