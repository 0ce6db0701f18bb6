"""Places: a country, and a town with the facilities of its sites."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyoxigraph as ox

from kg.serve.catalogue import Catalogue
from kg.serve.columns import Flags
from kg.serve.facets import Town
from kg.serve.links import Link
from kg.serve.nodes import LABEL, Node, Nodes, shown_text
from kg.serve.pages.profile import Profile, profile_of
from kg.serve.selection import Selection

MAX_TOWNS = 30


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a map with the number of studies there; ``key`` is that of the town."""

    longitude: float
    latitude: float
    count: int
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class TownCount:
    """A town with the number of studies that have a site there."""

    name: str
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Country:
    """A country."""

    iri: str
    name: str
    code: str
    profile: Profile
    towns: list[TownCount]
    town_count: int
    spots: list[Spot]


@dataclass(frozen=True, slots=True)
class Facility:
    """A name of sites in a town, in its most frequent spelling, and the studies with such a site."""

    name: str
    spellings: list[str]
    """Other spellings."""
    studies: list[Link]
    sites: list[str]
    """The IRIs of the sites."""


@dataclass(frozen=True, slots=True)
class TownView:
    """A town."""

    name: str
    key: str
    country: Link | None
    profile: Profile
    facilities: list[Facility]
    spots: list[Spot]


def country_view(catalogue: Catalogue, node: Node) -> Country:
    """Return a country with its towns."""
    column = catalogue.columns["country"]
    known = node.iri in column.iris
    key = column.keys[column.iris.index(node.iri)] if known else ""
    selection = Selection().choose("country", key) if known else None
    mask = catalogue.select(selection).mask if selection else np.zeros(len(catalogue), bool)
    towns = _towns(catalogue, key) if known else []
    return Country(
        node.iri,
        node.label or node.iri.rpartition("/")[2],
        node.text("countryCode"),
        profile_of(catalogue, mask, selection, node.iri),
        towns[:MAX_TOWNS],
        len(towns),
        spots_of(catalogue, np.ones(len(catalogue), bool), lambda town: town.country == key) if known else [],
    )


def _towns(catalogue: Catalogue, country: str) -> list[TownCount]:
    column = catalogue.columns["city"]
    counts = column.counts(np.ones(column.size, bool))
    towns = [(Town.parse(key), i) for i, key in enumerate(column.keys)]
    found = [
        TownCount(shown_text(town.city), column.keys[i], int(counts[i])) for town, i in towns if town.country == country
    ]
    return sorted(found, key=lambda town: (-town.count, town.name))


def spots_of(catalogue: Catalogue, mask: Flags, is_wanted: Callable[[Town], bool]) -> list[Spot]:
    """Return a point for each town with the number of the selected studies there: the point with the most of them."""
    points, towns = catalogue.places.points, catalogue.columns["city"]
    at_points, in_towns = points.counts(mask), towns.counts(mask)
    best: dict[str, int] = {}
    for i in np.argsort(-at_points, kind="stable").tolist():
        if at_points[i] and is_wanted(Town.parse(points.keys[i])):
            best.setdefault(points.keys[i], i)
    longitudes, latitudes = catalogue.places.longitudes, catalogue.places.latitudes
    return [
        Spot(
            float(longitudes[i]),
            float(latitudes[i]),
            int(in_towns[towns.index[key]]),
            shown_text(Town.parse(key).city),
            key,
        )
        for key, i in best.items()
        if key in towns.index
    ]


def town_view(catalogue: Catalogue, nodes: Nodes, key: str) -> TownView | None:
    """Return a town by its key, or ``None`` if no study has a site there."""
    column = catalogue.columns["city"]
    if key not in column.index:
        return None
    town, selection = Town.parse(key), Selection().choose("city", key)
    mask = catalogue.select(selection).mask
    countries = catalogue.columns["country"]
    iri = countries.iris[countries.index[town.country]] if town.country in countries.index else ""
    country = Link(shown_text(countries.labels[countries.index[town.country]]), iri) if iri else None
    spots = spots_of(catalogue, mask, lambda other: other == town)
    return TownView(
        shown_text(town.city),
        key,
        country,
        profile_of(catalogue, mask, selection),
        _facilities(nodes, town, iri),
        spots,
    )


def _facilities(nodes: Nodes, town: Town, country: str) -> list[Facility]:
    """Return the names of sites in a town, the one with the most studies first."""
    names: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for site in nodes.with_value("city", ox.Literal(town.city)):
        if nodes.objects(site, "country") == ([country] if country else []):
            name = next(iter(nodes.objects(site, LABEL)), "Site without a name")
            names[folded(name)][name].append(site)
    facilities = [_facility(nodes, spellings) for spellings in names.values()]
    return sorted(facilities, key=lambda item: (-len(item.studies), item.name.casefold()))


def folded(name: str) -> str:
    """Return the name of a facility without case and punctuation.

    >>> folded("St. John's  Hospital - Unit 3") == folded("st johns hospital, unit 3")
    True
    """
    return " ".join(re.findall(r"\w+", name.casefold().replace("'", "").replace("’", "")))


def _facility(nodes: Nodes, spellings: dict[str, list[str]]) -> Facility:
    sites = sorted(site for group in spellings.values() for site in group)
    studies = sorted({study for site in sites for study in nodes.objects(site, "ofStudy")})
    titles = ((next(iter(nodes.objects(iri, LABEL)), iri.rpartition("/")[2]), iri) for iri in studies)
    names = sorted(spellings, key=lambda name: (-len(spellings[name]), name))
    return Facility(shown_text(names[0]), names[1:], [Link(shown_text(text), iri) for text, iri in titles], sites)
