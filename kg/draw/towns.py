"""The towns of sites: which records are about the same town, how it is called, and where it is.

A town is identified by its country, its state and its city. Records spell these in many ways or leave the state out, so
their coordinates, which are those of the city in a gazetteer, decide what names leave open.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

T = TypeVar("T")
Place = tuple[float, float]
"""Longitude and latitude in degrees."""
Key = tuple[str, str, str]
NEAR = 4.0
"""Kilometres: editions of the gazetteer move a town by up to 3; Kansas City, Kansas, is 4.5 from that in Missouri."""
EARTH = 6371.0


@dataclass(frozen=True, slots=True)
class Site:
    """A site as a record describes it: names as they are written, or empty; ``country`` is an IRI."""

    study: str
    city: str
    state: str
    country: str
    place: Place | None

    @property
    def key(self) -> Key:
        return self.country, folded(self.state), folded(self.city)


@dataclass
class Town:
    """A town and the sites in it; at least one."""

    sites: list[Site]

    @cached_property
    def place(self) -> Place | None:
        """The coordinates that most records give, of those that name the state if there are any."""
        places = [site.place for site in self.sites if site.place and site.state]
        return _most(places or [site.place for site in self.sites if site.place])

    @property
    def city(self) -> str:
        return _most(site.city for site in self.sites) or ""

    @property
    def state(self) -> str:
        return _most(site.state for site in self.sites if site.state) or ""

    @property
    def country(self) -> str:
        return _most(site.country for site in self.sites if site.country) or ""

    @property
    def studies(self) -> list[str]:
        return sorted({site.study for site in self.sites})

    @property
    def spellings(self) -> list[str]:
        """The other names that records give to the city, the most frequent first."""
        counts = Counter(site.city for site in self.sites)
        return [name for name, _ in sorted(counts.items(), key=_rank)[1:]]

    def elsewhere(self) -> dict[Place, int]:
        """Coordinates that records give to the town and that are not near it, with the number of sites."""
        far = Counter(site.place for site in self.sites if site.place and not near(site.place, self.place))
        return dict(sorted(far.items(), key=_rank))

    def take(self, sites: Iterable[Site]) -> None:
        self.sites += sites
        self.__dict__.pop("place", None)


def towns(sites: Iterable[Site]) -> list[Town]:
    """The towns of some sites that name a city, the one with the most studies first.

    A site without a state, or without a country, belongs to the town of the same name that is near its coordinates, or
    else to the only one of that name.
    """
    groups: dict[Key, list[Site]] = defaultdict(list)
    for site in sites:
        groups[site.key].append(site)
    complete = {key: group for key, group in groups.items() if key[0] and key[1]}
    stateless = {key: group for key, group in groups.items() if key[0] and not key[1]}
    countryless = {key: group for key, group in groups.items() if not key[0]}
    result = _united(complete)
    result += _assigned(stateless, result, lambda town, site: town.country == site.country)
    result += _assigned(countryless, result, lambda town, site: not site.state or _has_state(town, site.state))
    return sorted(_same_entry(result), key=lambda town: (-len(town.studies), town.country, town.state, town.city))


def folded(name: str) -> str:
    """A name without case, accents and punctuation.

    >>> folded("São Paulo"), folded("St. Louis"), folded("Saint-Étienne")
    ('sao paulo', 'st louis', 'saint etienne')
    """
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", "".join(letters).casefold()))


def kilometres(a: Place, b: Place) -> float:
    """The distance of two places along a great circle.

    >>> round(kilometres((-73.75623, 42.65258), (-84.15574, 31.57851)))  # Albany, New York and Albany, Georgia
    1536
    """
    (x, y), (u, v) = ((math.radians(value) for value in place) for place in (a, b))
    half = math.sin((v - y) / 2) ** 2 + math.cos(y) * math.cos(v) * math.sin((u - x) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(min(half, 1.0)))


def near(a: Place | None, b: Place | None) -> bool:
    """Whether two places are both given and may be one town."""
    return a is not None and b is not None and kilometres(a, b) <= NEAR


def _rank(pair: tuple[Any, int]) -> tuple[int, Any]:
    return -pair[1], pair[0]


def _most(values: Iterable[T]) -> T | None:
    """The most frequent value, of equals the least."""
    counts = sorted(Counter(values).items(), key=_rank)
    return counts[0][0] if counts else None


def _has_state(town: Town, state: str) -> bool:
    return folded(state) in {folded(site.state) for site in town.sites}


def _united(groups: dict[Key, list[Site]]) -> list[Town]:
    """A town for each group; groups with the same country and city that are near spell the state differently."""
    by_name: dict[tuple[str, str], list[Town]] = defaultdict(list)
    for (country, _, city), sites in sorted(groups.items()):
        same = by_name[country, city]
        if match := next((town for town in same if near(town.place, Town(sites).place)), None):
            match.take(sites)
        else:
            same.append(Town(list(sites)))
    return [town for same in by_name.values() for town in same]


def _assigned(groups: dict[Key, list[Site]], existing: list[Town], fits: Callable[[Town, Site], bool]) -> list[Town]:
    """Gives sites to towns of the same city name, and makes towns of the others."""
    by_city: dict[str, list[Town]] = defaultdict(list)
    for town in existing:
        for city in {folded(site.city) for site in town.sites}:
            by_city[city].append(town)
    new = []
    for key, sites in sorted(groups.items()):
        towns = [town for town in by_city[key[2]] if fits(town, sites[0])]
        places = [(town, town.place) for town in towns]
        rest = []
        for site in sites:
            if match := _nearest(site.place, places) or (towns[0] if len(towns) == 1 else None):
                match.take([site])
            else:
                rest.append(site)
        new += [Town(rest)] if rest else []
    return new


def _nearest(place: Place | None, towns: list[tuple[Town, Place | None]]) -> Town | None:
    distances = [(kilometres(place, at), i) for i, (_, at) in enumerate(towns) if place and at and near(place, at)]
    return towns[min(distances)[1]][0] if distances else None


def _same_entry(result: list[Town]) -> Iterator[Town]:
    """Unites towns of one country with the same coordinates: one entry of the gazetteer, such as Roma and Rome."""
    entries: dict[tuple[str, Place], Town] = {}
    for town in result:
        if town.place is None:
            yield town
        elif (first := entries.setdefault((town.country, town.place), town)) is not town:
            first.take(town.sites)
    yield from entries.values()
