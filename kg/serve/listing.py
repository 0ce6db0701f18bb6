"""Lists of studies: their order, and the columns of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kg.errors import UsageError, shown
from kg.serve.catalogue import NO_NUMBER, Catalogue, Matches
from kg.serve.columns import Flags, Ints, Longs
from kg.serve.search import TITLES
from kg.serve.selection import Selection
from kg.serve.selection_query import Order, word_condition

PER_PAGE = 50
Ranks = Callable[[Catalogue, Selection], "Longs | Ints | Flags"]
"""A function that returns the rank of each study, of shape (studies,): those with a lower rank come first."""


class Sorting(NamedTuple):
    """A way to sort studies: its title, the ranks of the studies, and the same in SPARQL."""

    title: str
    ranks: Ranks
    order: Callable[[Catalogue, Selection], Order]


def _ranks(texts: Iterable[str], *, descending: bool = False) -> Longs:
    """Return the ranks of texts; empty ones come last."""
    values, ranks = np.unique(np.array(list(texts)), return_inverse=True)
    ranks = (len(values) - ranks if descending else ranks).astype(np.int64)
    if len(values) and values[0] == "":
        ranks[ranks == (len(values) if descending else 0)] = len(values) + 1
    return ranks


def _first(catalogue: Catalogue, name: str) -> list[str]:
    return [texts[0] if texts else "" for texts in catalogue.texts[name]]


def _property(path: str, *, descending: bool = True) -> Callable[[Catalogue, Selection], Order]:
    conditions = ("DESC(?order)",) if descending else ("DESC(BOUND(?order))", "?order")
    order = Order((f"OPTIONAL {{ ?study {path} ?order }}",), (*conditions, "?study"))
    return lambda *_: order


def _matching(catalogue: Catalogue, selection: Selection) -> Order:
    """Return the order of a search: studies with all words in their titles first, then the newest."""
    words = [word_condition(word, TITLES, catalogue) for word in selection.words]
    newest = _property("ct:startDateEarliest")(catalogue, selection)
    if not words:
        return newest
    bind = f"BIND (({' && '.join(words)}) AS ?inTitle)"
    return Order((bind, *newest.patterns), ("DESC(?inTitle)", *newest.conditions))


@lru_cache(maxsize=16)
def _dated(catalogue: Catalogue, name: str, descending: bool) -> Longs:
    return _ranks(_first(catalogue, name), descending=descending)


@lru_cache(maxsize=4)
def _titled(catalogue: Catalogue) -> Longs:
    return _ranks(title.lower() for title in catalogue.titles)


def _best(catalogue: Catalogue, selection: Selection) -> Longs:
    newest = _dated(catalogue, "begin", True)
    return newest + np.where(catalogue.index.title_matches(selection.words), 0, newest.max(initial=0) + 1)


def _largest(catalogue: Catalogue, _: Selection) -> Ints:
    numbers = catalogue.measures["enrolment"]
    ranks: Ints = np.where(numbers == NO_NUMBER, 1, -numbers).astype(np.int32)
    return ranks


SORTINGS = {
    "match": Sorting("Best match", _best, _matching),
    "newest": Sorting(
        "Newest start", lambda catalogue, _: _dated(catalogue, "begin", True), _property("ct:startDateEarliest")
    ),
    "oldest": Sorting(
        "Oldest start",
        lambda catalogue, _: _dated(catalogue, "begin", False),
        _property("ct:startDateEarliest", descending=False),
    ),
    "updated": Sorting(
        "Latest update",
        lambda catalogue, _: _dated(catalogue, "updated", True),
        _property("ct:lastUpdatePostDate"),
    ),
    "largest": Sorting("Largest enrolment", _largest, _property("ct:enrollmentCount")),
    "title": Sorting(
        "Title",
        lambda catalogue, _: _titled(catalogue),
        lambda *_: Order((), ("LCASE(STR(?title))", "?study")),
    ),
    "id": Sorting("NCT number", lambda catalogue, _: np.arange(len(catalogue)), lambda *_: Order()),
}
"""The ways to sort by the value of the parameter ``sort``; the first is the default of a search."""


def default_sorting(selection: Selection) -> str:
    """Return the way in which the studies of a selection are sorted unless the URL names another."""
    return "match" if selection.words else "newest"


def sorting_of(name: str, selection: Selection) -> Sorting:
    """Return a way to sort by its name; raises :class:`~kg.errors.UsageError` for an unknown one."""
    try:
        return SORTINGS[name or default_sorting(selection)]
    except KeyError:
        raise UsageError(f"sort is {shown(name)}, and one of {', '.join(SORTINGS)} is expected.") from None


def ordered(matches: Matches, selection: Selection, sorting: Sorting) -> Longs:
    """Return the indices of the matching studies in their order; of shape (total,)."""
    studies: Longs = np.flatnonzero(matches.mask)
    ranks = sorting.ranks(matches.catalogue, selection)[studies]
    ordered: Longs = studies[np.argsort(ranks, kind="stable")]
    return ordered


@dataclass(frozen=True, slots=True)
class Entry:
    """A study in a list; a named value is its key and its label."""

    iri: str
    id: str
    title: str
    acronym: str
    status: tuple[str, str]
    phases: list[str]
    type: str
    conditions: tuple[str, ...]
    interventions: tuple[str, ...]
    sponsor: tuple[str, str]
    """The IRI and the label of the lead sponsor."""
    countries: list[str]
    start: str
    enrolment: int | None
    updated: str
    has_results: bool


def entry(catalogue: Catalogue, study: int) -> Entry:
    """Return a study of the catalogue by its index."""
    columns, texts = catalogue.columns, catalogue.texts

    def first(name: str) -> str:
        return texts[name][study][0] if texts[name][study] else ""

    def value(key: str) -> tuple[str, str, str]:
        column = columns[key]
        found = column.of(study)
        return (column.iris[found[0]], column.keys[found[0]], column.labels[found[0]]) if found else ("", "", "")

    enrolment = int(catalogue.measures["enrolment"][study])
    return Entry(
        iri=catalogue.iris[study],
        id=catalogue.ids[study],
        title=catalogue.titles[study],
        acronym=first("acronym"),
        status=value("status")[1:],
        phases=columns["phase"].labels_of(study),
        type=value("type")[2],
        conditions=texts["condition"][study],
        interventions=texts["intervention"][study],
        sponsor=(value("sponsor")[0], value("sponsor")[2]),
        countries=columns["country"].labels_of(study),
        start=first("start"),
        enrolment=None if enrolment == NO_NUMBER else enrolment,
        updated=first("updated"),
        has_results="true" in (columns["results"].keys[i] for i in columns["results"].of(study)),
    )
