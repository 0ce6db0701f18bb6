"""The facets of a list: their values with the number of studies that each would give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kg.serve.catalogue import Matches
from kg.serve.columns import Column, Longs
from kg.serve.facets import FACETS, FACETS_BY_KEY, NONE, Facet
from kg.serve.selection import Selection

LISTED = 12
"""Values that a short list has at most: facets with more show the most frequent ones."""
SHORT = 8
"""Values of a long list that are shown, and narrower terms of a MeSH term."""
IN_ORDER = {
    "phase": ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4", "NA"),
    "group": ("CHILD", "ADULT", "OLDER_ADULT"),
    "results": ("true", "false"),
    "publication": ("RESULT", "DERIVED", "BACKGROUND"),
}
"""Values in an order of their own; those of other facets are sorted by their number."""
LABELS = {
    ("sex", "ALL"): "All",
    ("sex", "FEMALE"): "Women only",
    ("sex", "MALE"): "Men only",
    ("results", "true"): "With results",
    ("results", "false"): "Without results",
    ("publication", "RESULT"): "Reports results",
    ("publication", "DERIVED"): "Found by the registry",
    ("publication", "BACKGROUND"): "Background",
    ("phase", "NA"): "Not applicable",
}
"""Labels of values that say more than those of their codes."""


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet, with the number of studies that choosing it would give."""

    key: str
    label: str
    count: int
    is_chosen: bool = False
    depth: int = 0
    """The level of a MeSH term in the tree, from 0."""
    state: str = ""
    """``open`` or ``closed`` for a term with narrower terms, otherwise empty."""


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet with some of its values."""

    facet: Facet
    options: list[Option] = field(default_factory=list)
    total: int = 0
    """The number of values with studies."""

    @property
    def chosen(self) -> int:
        """The number of chosen values."""
        return sum(option.is_chosen for option in self.options)

    @property
    def is_long(self) -> bool:
        """Whether there are more values than those shown."""
        return self.total > len({option.key for option in self.options} - {NONE})


def facet_views(matches: Matches, selection: Selection, opened: Iterable[str] = ()) -> list[FacetView]:
    """Return all facets of a list; ``opened`` are the keys of the MeSH terms whose narrower terms are shown."""
    terms = set(opened)
    hidden = {"city"} - dict(selection.values).keys()
    return [facet_view(matches, selection, facet, terms) for facet in FACETS if facet.key not in hidden]


def facet_view(matches: Matches, selection: Selection, facet: Facet, opened: set[str]) -> FacetView:
    """Return a facet with its most frequent values, and all chosen ones."""
    column, counts = matches.catalogue.columns[facet.key], matches.counts(facet.key)
    chosen = selection.of(facet.key)
    if facet.is_tree:
        options = [*_Tree(column, counts, chosen, opened).options()]
    else:
        options = _listed(facet, column, counts, chosen)
    unknown = [Option(key, key, 0, True) for key in chosen if key not in column.index and key != NONE]
    missing = matches.missing(facet.key)
    if (missing and facet.key != "city") or NONE in chosen:
        unknown.append(Option(NONE, label_of(facet, column, NONE), missing, NONE in chosen))
    return FacetView(facet, options + unknown, int((counts > 0).sum()))


def all_options(matches: Matches, selection: Selection, key: str) -> list[Option]:
    """Return all values of a facet that have studies, the most frequent first."""
    facet = FACETS_BY_KEY[key]
    column, counts = matches.catalogue.columns[key], matches.counts(key)
    chosen = set(selection.of(key))
    values = [i for i in column.ranked(counts) if counts[i] or column.keys[i] in chosen]
    return [option(facet, column, counts, i, column.keys[i] in chosen) for i in values]


def label_of(facet: Facet, column: Column, key: str) -> str:
    """Return the label of a value by its key; a value that is not in the data is its key."""
    if key == NONE:
        return facet.missing[0].upper() + facet.missing[1:]
    position = column.index.get(key)
    return LABELS.get((facet.key, key)) or (key if position is None else column.labels[position])


def option(facet: Facet, column: Column, counts: Longs, value: int, is_chosen: bool) -> Option:
    """Return a value of a facet by its index."""
    key = column.keys[value]
    return Option(key, label_of(facet, column, key), int(counts[value]), is_chosen)


def _listed(facet: Facet, column: Column, counts: Longs, chosen: Iterable[str]) -> list[Option]:
    picked = {column.index[key] for key in chosen if key in column.index}
    number = int((counts > 0).sum())
    ordered = column.ranked(counts)
    values = ordered[:number] + [i for i in ordered[number:] if i in picked]
    if order := IN_ORDER.get(facet.key):
        places = {key: place for place, key in enumerate(order)}
        values.sort(key=lambda i: places.get(column.keys[i], len(places)))
    if len(values) > LISTED:
        values = [i for place, i in enumerate(values) if place < SHORT or i in picked]
    return [option(facet, column, counts, i, i in picked) for i in values]


class _Tree:
    """MeSH terms as a tree: the roots, and what is below the open terms."""

    def __init__(self, column: Column, counts: Longs, chosen: Iterable[str], opened: set[str]) -> None:
        self._column, self._counts = column, counts
        self._picked = {column.index[key] for key in chosen if key in column.index}
        self._children = column.children
        self._ranks, self._numbers = column.label_ranks.tolist(), counts.tolist()
        self._open: set[int] = set()
        self._forced: set[int] = set()
        for value in self._picked | {column.index[key] for key in opened if key in column.index}:
            self._force(value)
        self._open |= {column.index[key] for key in opened if key in column.index} | self._picked

    def _force(self, value: int) -> None:
        """Show a term: open one broader term after another up to a root."""
        self._forced.add(value)
        while parents := [parent for parent in self._column.parents[value] if parent not in self._open]:
            value = max(parents, key=lambda i: (self._counts[i], -i))
            self._open.add(value)
            self._forced.add(value)

    def options(self) -> Iterator[Option]:
        """Yield the terms that are shown, each after its broader term."""
        yield from self._level(self._column.roots, 0, frozenset())

    def _level(self, values: Iterable[int], depth: int, above: frozenset[int]) -> Iterator[Option]:
        shown = [i for i in values if self._numbers[i] or i in self._forced]
        shown.sort(key=lambda i: (-self._numbers[i], self._ranks[i]))
        for place, i in enumerate(shown):
            if i in above or (place >= SHORT and i not in self._forced):
                continue
            inner = [child for child in self._children.get(i, ()) if self._numbers[child] or child in self._forced]
            state = ("open" if i in self._open else "closed") if inner else ""
            column = self._column
            yield Option(column.keys[i], column.labels[i], self._numbers[i], i in self._picked, depth, state)
            if state == "open":
                yield from self._level(inner, depth + 1, above | {i})
