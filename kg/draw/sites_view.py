"""The view of sites: towns on a map, and their countries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kg.draw.details import local_name, study_links
from kg.draw.graph import QueryableGraph, Row, query_header, query_text
from kg.draw.picture import Detail, Edge, Node, Picture
from kg.draw.study_counts import studies
from kg.draw.towns import MAX_DISTANCE, Place, Site, Town, group_by_town

MAX_PLACES = 6
"""Maximum number of other coordinates listed per town."""


def sites(graph: QueryableGraph) -> Picture:
    """Return the towns with sites, and their countries."""
    text = query_text("sites")
    picture = Picture(query_header(text)["summary"], query_header(text)["description"], map_first=True)
    rows = sorted(graph.select(text), key=lambda row: (row["study"], row["site"]))  # slower in the engine
    all_sites = [_site(row) for row in rows]
    towns = group_by_town(site for site in all_sites if site.city)
    countries = {iri: graph.label(iri) or iri for iri in {town.country for town in towns} if iri}
    for town, label in zip(towns, _labels(towns, countries), strict=True):
        _add_town(picture, town, label, countries)
    _size_countries(picture, towns)
    if picture.totals:
        picture.notes.append("On the map, the number of a country counts studies, that in a circle towns.")
    picture.notes += _notes(towns, sum(not site.city for site in all_sites))
    return picture


def _site(row: Row) -> Site:
    place = (float(row["longitude"]), float(row["latitude"])) if "latitude" in row else None
    return Site(row["study"], row.get("city", ""), row.get("state", ""), row.get("country", ""), place)


def _labels(towns: Iterable[Town], countries: dict[str, str]) -> list[str]:
    """Return the city of each town, with its state or country if several towns have that name."""
    parts = [(town.city, town.state, countries.get(town.country, "")) for town in towns]
    short, long = Counter(part[0] for part in parts), Counter(_join(part[0], part[1] or part[2]) for part in parts)
    return [
        city if short[city] == 1 else name if long[name := _join(city, state or country)] == 1 else full
        for city, state, country in parts
        for full in [_join(city, state, country)]
    ]


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _add_town(picture: Picture, town: Town, label: str, countries: dict[str, str]) -> None:
    country = countries.get(town.country, "")
    node = picture.add(Node(_join(town.city, town.state, country), "Town", label, float(len(town.studies))))
    node.place, node.count = town.place, f"{studies(len(town.studies))} with sites"
    node.details = [*_details(town, country), *study_links(town.studies)]
    if town.country:
        picture.add(Node(town.country, "Country", country))
        picture.edges.append(Edge(node.id, town.country, "", float(len(town.studies)), town.studies))


def _details(town: Town, country: str) -> list[Detail]:
    details = [Detail("state", town.state)] if town.state else []
    details += [Detail("country", country)] if country else []
    details += [Detail("also written", ", ".join(town.spellings))] if town.spellings else []
    for place, count in list(town.other_places().items())[:MAX_PLACES]:
        subject = "1 site has" if count == 1 else f"{count:,} sites have"
        details.append(Detail("other coordinates", f"{subject} {_format_place(place)}"))
    return details


def _format_place(place: Place) -> str:
    """Return coordinates in degrees with compass directions.

    >>> _format_place((-73.75623, 42.65258))
    '42.653° N, 73.756° W'
    """
    x, y = place
    return f"{abs(y):.3f}° {'N' if y >= 0 else 'S'}, {abs(x):.3f}° {'E' if x >= 0 else 'W'}"


def _size_countries(picture: Picture, towns: Iterable[Town]) -> None:
    ids: dict[str, set[str]] = {}
    for town in towns:
        ids.setdefault(town.country, set()).update(town.studies)
    for iri in ids.keys() & picture.nodes.keys():
        picture.nodes[iri].size = float(len(ids[iri]))
        picture.nodes[iri].count = f"{studies(len(ids[iri]))} with sites"
        picture.totals[local_name(iri)] = (picture.nodes[iri].label, len(ids[iri]))


def _notes(towns: Iterable[Town], without_city: int) -> list[str]:
    unplaced = sum(town.place is None for town in towns)
    scattered = sum(bool(town.other_places()) for town in towns)
    apart = f"coordinates more than {MAX_DISTANCE:.0f} km apart; the most frequent are shown"
    notes = (
        (unplaced, "town", "has no coordinates in any record and is not on the map"),
        (unplaced, "towns", "have no coordinates in any record and are not on the map"),
        (scattered, "town", f"has {apart}"),
        (scattered, "towns", f"have {apart}"),
        (without_city, "site", "names no city and is left out"),
        (without_city, "sites", "name no city and are left out"),
    )
    return [
        f"{count:,} {noun} {text}." for count, noun, text in notes if count and (count == 1) == (not noun.endswith("s"))
    ]
