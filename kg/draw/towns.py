"""Grouping of sites into towns, with a name and coordinates for each town.

A town is identified by its country, its state and its city. Records spell these in many ways or omit the state; in
these cases the coordinates, which are those of the city in a gazetteer, decide.
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
MAX_DISTANCE = 4.0
"""Kilometres up to which two places are one town: editions of the gazetteer differ by up to 3, and Kansas City, Kansas,
is 4.5 from the one in Missouri."""
EARTH_RADIUS = 6371.0


@dataclass(frozen=True, slots=True)
class Site:
    """A site as recorded: names in the spelling of the record, or empty; ``country`` is an IRI."""

    study: str
    city: str
    state: str
    country: str
    place: Place | None

    @property
    def key(self) -> Key:
        return self.country, normalize_name(self.state), normalize_name(self.city)


@dataclass
class Town:
    """A town and its sites, at least one."""

    sites: list[Site]

    @cached_property
    def place(self) -> Place | None:
        """The most frequent coordinates, preferably among the sites that name the state."""
        places = [site.place for site in self.sites if site.place and site.state]
        return _most_frequent(places or [site.place for site in self.sites if site.place])

    @property
    def city(self) -> str:
        return _most_frequent(site.city for site in self.sites) or ""

    @property
    def state(self) -> str:
        return _most_frequent(site.state for site in self.sites if site.state) or ""

    @property
    def country(self) -> str:
        return _most_frequent(site.country for site in self.sites if site.country) or ""

    @property
    def studies(self) -> list[str]:
        return sorted({site.study for site in self.sites})

    @property
    def spellings(self) -> list[str]:
        """The other spellings of the city, the most frequent first."""
        counts = Counter(site.city for site in self.sites)
        return [name for name, _ in sorted(counts.items(), key=_rank)[1:]]

    def other_places(self) -> dict[Place, int]:
        """Return coordinates of sites that are far from the town, with the number of sites."""
        far = Counter(site.place for site in self.sites if site.place and not is_near(site.place, self.place))
        return dict(sorted(far.items(), key=_rank))

    def add(self, sites: Iterable[Site]) -> None:
        self.sites += sites
        self.__dict__.pop("place", None)


def group_by_town(sites: Iterable[Site]) -> list[Town]:
    """Return the towns of sites that name a city, the one with the most studies first.

    A site without a state, or without a country, belongs to the town of the same name near its coordinates, otherwise
    to the only town of that name.
    """
    groups: dict[Key, list[Site]] = defaultdict(list)
    for site in sites:
        groups[site.key].append(site)
    complete = {key: group for key, group in groups.items() if key[0] and key[1]}
    stateless = {key: group for key, group in groups.items() if key[0] and not key[1]}
    countryless = {key: group for key, group in groups.items() if not key[0]}
    result = _merge_states(complete)
    result += _assign(stateless, result, lambda town, site: town.country == site.country)
    result += _assign(countryless, result, lambda town, site: not site.state or _has_state(town, site.state))
    return sorted(_merge_places(result), key=lambda town: (-len(town.studies), town.country, town.state, town.city))


def normalize_name(name: str) -> str:
    """Return a name without case, accents and punctuation.

    >>> normalize_name("São Paulo"), normalize_name("St. Louis"), normalize_name("Saint-Étienne")
    ('sao paulo', 'st louis', 'saint etienne')
    """
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", "".join(letters).casefold()))


def kilometres(a: Place, b: Place) -> float:
    """Return the great-circle distance between two places.

    >>> round(kilometres((-73.75623, 42.65258), (-84.15574, 31.57851)))  # Albany, New York and Albany, Georgia
    1536
    """
    (x, y), (u, v) = ((math.radians(value) for value in place) for place in (a, b))
    half = math.sin((v - y) / 2) ** 2 + math.cos(y) * math.cos(v) * math.sin((u - x) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(half, 1.0)))


def is_near(a: Place | None, b: Place | None) -> bool:
    """Return whether two places are both set and close enough to be one town."""
    return a is not None and b is not None and kilometres(a, b) <= MAX_DISTANCE


def _rank(pair: tuple[Any, int]) -> tuple[int, Any]:
    return -pair[1], pair[0]


def _most_frequent(values: Iterable[T]) -> T | None:
    """Return the most frequent value, the smallest of equally frequent ones."""
    counts = sorted(Counter(values).items(), key=_rank)
    return counts[0][0] if counts else None


def _has_state(town: Town, state: str) -> bool:
    return normalize_name(state) in {normalize_name(site.state) for site in town.sites}


def _merge_states(groups: dict[Key, list[Site]]) -> list[Town]:
    """Return a town per group; nearby groups of one country and city, which spell the state differently, are merged."""
    by_name: dict[tuple[str, str], list[Town]] = defaultdict(list)
    for (country, _, city), sites in sorted(groups.items()):
        same = by_name[country, city]
        if match := next((town for town in same if is_near(town.place, Town(sites).place)), None):
            match.add(sites)
        else:
            same.append(Town(list(sites)))
    return [town for same in by_name.values() for town in same]


def _assign(groups: dict[Key, list[Site]], existing: list[Town], fits: Callable[[Town, Site], bool]) -> list[Town]:
    """Add sites to existing towns of the same city name; return new towns for the others."""
    by_city: dict[str, list[Town]] = defaultdict(list)
    for town in existing:
        for city in {normalize_name(site.city) for site in town.sites}:
            by_city[city].append(town)
    new = []
    for key, sites in sorted(groups.items()):
        towns = [town for town in by_city[key[2]] if fits(town, sites[0])]
        places = [(town, town.place) for town in towns]
        rest = []
        for site in sites:
            if match := _nearest(site.place, places) or (towns[0] if len(towns) == 1 else None):
                match.add([site])
            else:
                rest.append(site)
        new += [Town(rest)] if rest else []
    return new


def _nearest(place: Place | None, towns: list[tuple[Town, Place | None]]) -> Town | None:
    distances = [(kilometres(place, at), i) for i, (_, at) in enumerate(towns) if place and at and is_near(place, at)]
    return towns[min(distances)[1]][0] if distances else None


def _merge_places(result: list[Town]) -> Iterator[Town]:
    """Merge towns of a country with the same coordinates: one entry of the gazetteer, such as Roma and Rome."""
    entries: dict[tuple[str, Place], Town] = {}
    for town in result:
        if town.place is None:
            yield town
        elif (first := entries.setdefault((town.country, town.place), town)) is not town:
            first.add(town.sites)
    yield from entries.values()
