"""Catalogue: an index of all studies in memory, for the lists, counts and charts of the explorer.

It is made from the store when the server starts. A list of studies, and its counts by facet, take milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pyoxigraph as ox

from kg.ontology.vocabulary import CT, RDF
from kg.serve.columns import TEXT, Column, Flags, Ints, Longs, column, keys_of, marked_pairs, number_of, pairs
from kg.serve.facets import FACETS, MEASURES, Facet, local_name
from kg.serve.hierarchy import Hierarchy, read_hierarchy
from kg.serve.lazy import Lazy
from kg.serve.names import Names
from kg.serve.places import Places, read_places
from kg.serve.search import SPONSORS, TEXTS, TITLES, Index, IndexBuilder
from kg.serve.selection import Selection

NO_NUMBER = -1
"""The number of studies without a value of a measure."""
SHOWN = {
    "acronym": "ct:acronym",
    "condition": "ct:condition",
    "intervention": "ct:intervention/rdfs:label",
    "start": "ct:startDate",
    "begin": "ct:startDateEarliest",
    "updated": "ct:lastUpdatePostDate",
}
"""The paths of the texts that lists show or sort by."""
YES_NO = {"true": "yes", "false": "no"}
"""The labels of truth values."""
_TYPE, _STUDY = ox.NamedNode(RDF + "type"), ox.NamedNode(CT + "Study")
NAMED = ("country", "condition", "intervention")
"""The facets whose names are searched."""
OF_ANYTHING = ("rdfs:label", "dcterms:identifier")
"""Properties of other resources too."""
IS_STUDY = "?s a ct:Study ."
Ages = npt.NDArray[np.float64]


class Columns(Mapping[str, Column]):
    """The columns of the facets by key; that of the towns is read when it is needed first."""

    def __init__(self, columns: Mapping[str, Column], places: Lazy[Places]) -> None:
        self._columns, self._places = columns, places

    def __getitem__(self, key: str) -> Column:
        return self._places.get().towns if key == "city" else self._columns[key]

    def __iter__(self) -> Iterator[str]:
        return iter(facet.key for facet in FACETS)

    def __len__(self) -> int:
        return len(FACETS)


@dataclass(eq=False, repr=False)
class Catalogue:
    """All studies, sorted by their identifiers, with one column per facet and measure."""

    iris: list[str]
    ids: list[str]
    titles: list[str]
    texts: dict[str, list[tuple[str, ...]]]
    """The texts of each study by property: those of :data:`SHOWN`, sorted."""
    columns: Columns
    organizations: Column
    """The lead sponsors and the collaborators."""
    measures: dict[str, Ints]
    ages: tuple[Ages, Ages]
    """The minimum and the maximum age in years, infinite where there is none; each of shape (studies,)."""
    lazy_places: Lazy[Places]
    lazy_index: Lazy[Index]
    hierarchy: Hierarchy
    mesh_names: str
    """The property path from a MeSH term to its names."""

    @property
    def places(self) -> Places:
        """The towns and points of the sites, read when they are needed first, as most lists do without them."""
        return self.lazy_places.get()

    @property
    def index(self) -> Index:
        """The words of the studies, read when they are needed first."""
        return self.lazy_index.get()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The index of each study by its IRI."""
        return {iri: i for i, iri in enumerate(self.iris)}

    def select(self, selection: Selection) -> Matches:
        """Return the studies of a selection."""
        masks = {key: self.columns[key].mask(keys) for key, keys in selection.values}
        masks |= {key: self._between(key, low, high) for key, (low, high) in selection.ranges}
        if selection.age is not None:
            age = float(selection.age)
            masks["age"] = (self.ages[0] <= age) & (age <= self.ages[1])
        if selection.words:
            masks["q"] = self.index.matches(selection.words)
        return Matches(self, masks)

    def _between(self, key: str, low: int | None, high: int | None) -> Flags:
        numbers = self.measures[key]
        mask: Flags = numbers != NO_NUMBER
        if low is not None:
            mask &= numbers >= low
        return mask if high is None else mask & (numbers <= high)


@dataclass(eq=False, repr=False)
class Matches:
    """The studies of a selection: the mask of each of its parts, each of shape (studies,)."""

    catalogue: Catalogue
    masks: Mapping[str, Flags]

    @cached_property
    def _failures(self) -> Ints:
        """The number of parts that each study does not match."""
        failures = np.zeros(len(self.catalogue), np.int32)
        for mask in self.masks.values():
            failures += ~mask
        return failures

    @cached_property
    def mask(self) -> Flags:
        """Whether each study matches all parts."""
        mask: Flags = self._failures == 0
        return mask

    @cached_property
    def total(self) -> int:
        """The number of studies that match."""
        return int(np.count_nonzero(self.mask))

    def without(self, key: str) -> Flags:
        """Return the studies that match all parts but one: those that the values of a facet are counted over."""
        if key not in self.masks:
            return self.mask
        mask: Flags = self._failures == ~self.masks[key]
        return mask

    def counts(self, key: str) -> Longs:
        """Return the number of studies with each value of a facet, if that were chosen; of shape (values,)."""
        return self.catalogue.columns[key].counts(self.without(key))

    def missing(self, key: str) -> int:
        """Return the number of studies without a value of a facet."""
        return int(np.count_nonzero(self.catalogue.columns[key].missing & self.without(key)))

    def numbers(self, key: str) -> Ints:
        """Return the numbers of a measure, without those that are not stated, of the studies that it can select."""
        numbers: Ints = self.catalogue.measures[key][self.without(key)]
        stated: Ints = numbers[numbers != NO_NUMBER]
        return stated


def read_catalogue(store: ox.Store) -> Catalogue:
    """Read the catalogue from a store."""
    names, hierarchy = Names(store), read_hierarchy(store)
    reader = _Reader(store, names)
    columns = {facet.key: reader.column(facet, hierarchy) for facet in FACETS if facet.key != "city"}
    organizations = reader.organizations()
    places = Lazy(partial(read_places, store, reader.positions, columns["country"]))
    named = [organizations, *(columns[key] for key in NAMED)]
    return Catalogue(
        reader.iris,
        reader.ids,
        reader.titles(),
        {name: reader.texts(path) for name, path in SHOWN.items()},
        Columns(columns, places),
        organizations,
        {measure.key: reader.numbers(measure.path) for measure in MEASURES},
        (reader.ages("ct:minimumAgeYears", -np.inf), reader.ages("ct:maximumAgeYears", np.inf)),
        places,
        Lazy(lambda: reader.index(named, places.get().texts)),
        hierarchy,
        names.path,
    )


def _steps(path: str) -> list[str]:
    """Return the two properties of a path, or nothing for another path.

    >>> _steps("ct:location/ct:country"), _steps("ct:phase"), _steps("ct:intervention/rdfs:label")
    (['ct:location', 'ct:country'], [], [])
    """
    steps = path.split("/")
    return steps if len(steps) == 2 and all(step.startswith("ct:") and step[3:].isalpha() for step in steps) else []


class _Reader:
    """The studies of a store, and the values of their properties."""

    def __init__(self, store: ox.Store, names: Names) -> None:
        self._store, self._names = store, names
        self._read: dict[str, list[tuple[int, str]]] = {}
        """The texts of paths that were read."""
        studies = (quad.subject for quad in store.quads_for_pattern(None, _TYPE, _STUDY, None))
        ids = {study.value: local_name(study.value) for study in studies if isinstance(study, ox.NamedNode)}
        self.iris = sorted(ids, key=lambda iri: (ids[iri], iri))
        self.ids = [ids[iri] for iri in self.iris]
        self.positions = {iri: i for i, iri in enumerate(self.iris)}

    def values(self, path: str, where: str = "") -> Iterator[tuple[int, str]]:
        """Yield the index of a study and a value for each value of a path."""
        return self._of_studies(pairs(self._store, path, where))

    def _joined(self, first: str, second: str) -> Iterator[tuple[str, str]]:
        """Yield the subjects and the values of a path of two properties: two scans take half the time of a join."""
        found: dict[str, list[str]] = {}
        for part, value in marked_pairs(self._store, second):
            found.setdefault(part, []).append(value)
        for iri, part in pairs(self._store, first):
            for value in found.get(part, ()):
                yield iri, value

    def column(self, facet: Facet, hierarchy: Hierarchy) -> Column:
        """Return the column of a facet."""
        if facet.is_tree:
            return self._tree(facet, hierarchy)
        found = list(self.values(facet.path) if not facet.namespace else self._marked(facet.path))
        keys = keys_of({value for _, value in found})
        return column(len(self.iris), found, keys, self._labels(facet, keys))

    def _labels(self, facet: Facet, values: Iterable[str]) -> dict[str, str]:
        if not facet.namespace:
            return {value: YES_NO.get(value, value) for value in values}
        return {value: self._names.label(value) for value in values}

    def _marked(self, path: str) -> Iterator[tuple[int, str]]:
        rows = self._joined(*steps) if (steps := _steps(path)) else marked_pairs(self._store, path)
        return self._of_studies(rows)

    def _of_studies(self, rows: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str]]:
        for iri, value in rows:
            if (study := self.positions.get(iri)) is not None:
                yield study, value

    def _tree(self, facet: Facet, hierarchy: Hierarchy) -> Column:
        found = [(study, term) for study, term in self._marked(facet.path) if not term.startswith(TEXT)]
        wider = {(study, term) for study, value in found for term in hierarchy.with_broader(value)}
        keys = keys_of({term for _, term in wider})
        labels = self._labels(facet, keys)
        result = column(len(self.iris), wider, keys, labels)
        result.direct = column(
            len(self.iris), (row for row in self._marked(facet.mesh) if row[1] in keys), keys, labels
        )
        result.recorded = column(len(self.iris), found, keys, labels) if hierarchy.is_loaded else result
        order = {iri: i for i, iri in enumerate(keys)}
        result.parents = {i: tuple(order[p] for p in hierarchy.parents(iri) if p in order) for iri, i in order.items()}
        return result

    def numbers(self, path: str) -> Ints:
        """Return the whole numbers of a measure; the largest where a study has several."""
        result = np.full(len(self.iris), NO_NUMBER, np.int32)
        for study, value in self.values(path):
            if value.isdecimal():
                result[study] = max(result[study], min(int(value), 10**9))
        return result

    def ages(self, path: str, default: float) -> Ages:
        """Return the age limits in years."""
        result = np.full(len(self.iris), default)
        for study, value in self.values(path):
            if (number := number_of(value)) is not None:
                result[study] = number
        return result

    def titles(self) -> list[str]:
        """Return the title of each study, or its identifier."""
        self._read["rdfs:label"] = list(self.values("rdfs:label", IS_STUDY))
        titles = dict(self._read["rdfs:label"])
        return [titles.get(i, id_) for i, id_ in enumerate(self.ids)]

    def texts(self, path: str) -> list[tuple[str, ...]]:
        """Return the texts of each study, sorted and without repetition."""
        self._read[path] = list(self.values(path))
        found: dict[int, set[str]] = {}
        for study, text in self._read[path]:
            found.setdefault(study, set()).add(text)
        return [tuple(sorted(found.get(study, ()))) for study in range(len(self.iris))]

    def _searched(self, path: str) -> list[tuple[int, str]]:
        """Return the texts of a path with the indices of their studies; what was read before is not read again."""
        if path in self._read:
            return self._read[path]
        return list(self.values(path, IS_STUDY if path in OF_ANYTHING else ""))

    def organizations(self) -> Column:
        """Return the column of the sponsors and collaborators."""
        found = list(self._marked(SPONSORS))
        keys = keys_of({iri for _, iri in found})
        return column(len(self.iris), found, keys, {iri: self._names.label(iri) for iri in keys})

    def index(self, columns: Iterable[Column], places: Iterable[tuple[int, str]]) -> Index:
        """Return the index of the words of the studies; ``columns`` are those whose names are searched."""
        builder = IndexBuilder(len(self.iris))
        for path in TITLES:
            builder.add(self._searched(path), are_titles=True)
        for path in TEXTS:
            builder.add(self._searched(path))
        builder.add(places)
        for named in columns:
            builder.add_column(named.recorded or named, self._names.all)
        return builder.index()
