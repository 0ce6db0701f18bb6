"""Places: the towns of the sites, and their points on a map."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyoxigraph as ox

from kg.serve.columns import Column, column, number_of, select
from kg.serve.facets import Town

Degrees = npt.NDArray[np.float64]
_SITES = """?study ct:location ?site
OPTIONAL { ?site ct:city ?city } OPTIONAL { ?site ct:state ?state } OPTIONAL { ?site ct:country ?country }
OPTIONAL { ?site wgs:lat ?latitude } OPTIONAL { ?site wgs:long ?longitude }"""
"""Each OPTIONAL has one pattern, so that the engine yields rows at once and other threads run in between."""
_Place = tuple[str, str]
"""A city and the IRI of its country, or a latitude and a longitude as in the record."""


@dataclass(eq=False, repr=False)
class Places:
    """The towns and points of all studies."""

    towns: Column
    points: Column
    """The distinct coordinates. The key and the label of a point are those of its most frequent town, so that several
    points may have the same; its IRI is the text of the coordinates."""
    latitudes: Degrees
    longitudes: Degrees
    """The coordinates of the points in degrees, both of shape (points,)."""
    texts: set[tuple[int, str]]
    """The names of towns and states, with the indices of their studies."""


def read_places(store: ox.Store, positions: Mapping[str, int], countries: Column) -> Places:
    """Read the places of the sites from a store; ``positions`` are the indices of the studies by IRI."""
    sites = _Sites()
    variables = "?study ?city ?state ?country ?latitude ?longitude"
    for study, city, state, country, latitude, longitude in select(store, _SITES, variables):
        if (position := positions.get(study)) is not None:
            sites.add(position, city, state, country, (latitude, longitude))
    return sites.places(len(positions), countries)


def is_place(point: _Place) -> bool:
    """Return whether a latitude and a longitude are on the map.

    >>> is_place(("48.85", "2.35")), is_place(("", "")), is_place(("48.85", "1000"))
    (True, False, False)
    """
    latitude, longitude = (number_of(text) for text in point)
    return latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180


class _Sites:
    """The places of sites, with the indices of their studies."""

    def __init__(self) -> None:
        self._towns: set[tuple[int, _Place]] = set()
        self._points: set[tuple[int, _Place]] = set()
        self._towns_at: dict[_Place, Counter[_Place]] = defaultdict(Counter)
        self._texts: set[tuple[int, str]] = set()

    def add(self, study: int, city: str, state: str, country: str, point: _Place) -> None:
        """Add a site; names and coordinates that are not known are empty."""
        self._texts.update((study, name) for name in (city, state) if name)
        if city:
            self._towns.add((study, (city, country)))
        if is_place(point):
            self._points.add((study, point))
            self._towns_at[point][city, country] += 1

    def places(self, size: int, countries: Column) -> Places:
        """Return the places of all sites."""
        towns = _Towns(*(dict(zip(countries.iris, texts, strict=True)) for texts in (countries.keys, countries.labels)))
        main = {point: min(counts, key=lambda t: (-counts[t], t)) for point, counts in sorted(self._towns_at.items())}
        return Places(
            towns.column(size, self._towns),
            towns.points(size, self._points, main),
            np.array([float(latitude) for latitude, _ in main]),
            np.array([float(longitude) for _, longitude in main]),
            self._texts,
        )


class _Towns:
    """Keys and labels of towns; ``keys`` and ``labels`` are those of countries."""

    def __init__(self, keys: Mapping[str, str], labels: Mapping[str, str]) -> None:
        self._keys, self._labels = keys, labels

    def key(self, town: _Place) -> str:
        return Town(town[0], self._keys.get(town[1], "")).key if town[0] else ""

    def label(self, town: _Place) -> str:
        return ", ".join(name for name in (town[0], self._labels.get(town[1], "")) if name)

    def column(self, size: int, rows: Collection[tuple[int, _Place]]) -> Column:
        """Return the column of towns from pairs of a study and a town."""
        names = {town: self.key(town) for town in {town for _, town in rows}}
        labels = {key: self.label(town) for town, key in names.items()}
        keys = {key: key for key in sorted(labels)}
        return column(size, ((study, names[town]) for study, town in rows), keys, labels)

    def points(self, size: int, rows: Iterable[tuple[int, _Place]], main: Mapping[_Place, _Place]) -> Column:
        """Return the column of points from pairs of a study and a point; ``main`` are the towns of the points."""
        keys = {" ".join(point): self.key(town) for point, town in main.items()}
        labels = {" ".join(point): self.label(town) for point, town in main.items()}
        return column(size, ((study, " ".join(point)) for study, point in rows), keys, labels)
