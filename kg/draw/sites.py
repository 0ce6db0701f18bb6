"""The picture of sites: towns on a map, and their countries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kg.draw.counts import studies
from kg.draw.facts import study_details
from kg.draw.graph import Graph, Row, header, query_text
from kg.draw.picture import Detail, Edge, Node, Picture
from kg.draw.towns import NEAR, Place, Site, Town, towns

FEW = 6
"""Other places of a town that are listed."""


def sites(graph: Graph) -> Picture:
    """Towns with sites, and their countries."""
    text = query_text("sites")
    picture = Picture(header(text)["summary"], header(text)["description"], map_first=True)
    rows = [_site(row) for row in graph.rows(text)]
    located = towns(site for site in rows if site.city)
    countries = {iri: graph.label(iri) or iri for iri in {town.country for town in located} if iri}
    labels = _labels(located, countries)
    for town, label in zip(located, labels, strict=True):
        _add(picture, town, label, countries)
    _sized(picture, located)
    picture.notes += _notes(located, sum(not site.city for site in rows))
    return picture


def _site(row: Row) -> Site:
    place = (float(row["longitude"]), float(row["latitude"])) if "latitude" in row else None
    return Site(row["study"], row.get("city", ""), row.get("state", ""), row.get("country", ""), place)


def _labels(located: Iterable[Town], countries: dict[str, str]) -> list[str]:
    """The city of each town, with its state or country where there are several of that name."""
    parts = [(town.city, town.state, countries.get(town.country, "")) for town in located]
    short, long = Counter(part[0] for part in parts), Counter(_joined(part[0], part[1] or part[2]) for part in parts)
    return [
        city if short[city] == 1 else near if long[near := _joined(city, state or country)] == 1 else whole
        for city, state, country in parts
        for whole in [_joined(city, state, country)]
    ]


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _add(picture: Picture, town: Town, label: str, countries: dict[str, str]) -> None:
    country = countries.get(town.country, "")
    node = picture.add(Node(_joined(town.city, town.state, country), "Town", label, float(len(town.studies))))
    node.place, node.count = town.place, f"{studies(len(town.studies))} with sites"
    node.details = [*_details(town, country), *study_details(town.studies)]
    if town.country:
        picture.add(Node(town.country, "Country", country))
        picture.edges.append(Edge(node.id, town.country, "", float(len(town.studies)), town.studies))


def _details(town: Town, country: str) -> list[Detail]:
    details = [Detail("state", town.state)] if town.state else []
    details += [Detail("country", country)] if country else []
    details += [Detail("also written", ", ".join(town.spellings))] if town.spellings else []
    for place, count in list(town.elsewhere().items())[:FEW]:
        what = "1 site has" if count == 1 else f"{count:,} sites have"
        details.append(Detail("other coordinates", f"{what} {_degrees(place)}"))
    return details


def _degrees(place: Place) -> str:
    """Coordinates as people write them.

    >>> _degrees((-73.75623, 42.65258))
    '42.653° N, 73.756° W'
    """
    x, y = place
    return f"{abs(y):.3f}° {'N' if y >= 0 else 'S'}, {abs(x):.3f}° {'E' if x >= 0 else 'W'}"


def _sized(picture: Picture, located: Iterable[Town]) -> None:
    ids: dict[str, set[str]] = {}
    for town in located:
        ids.setdefault(town.country, set()).update(town.studies)
    for iri in ids.keys() & picture.nodes.keys():
        picture.nodes[iri].size = float(len(ids[iri]))
        picture.nodes[iri].count = f"{studies(len(ids[iri]))} with sites"


def _notes(located: Iterable[Town], nameless: int) -> list[str]:
    nowhere = sum(town.place is None for town in located)
    scattered = sum(bool(town.elsewhere()) for town in located)
    apart = f"coordinates more than {NEAR:.0f} km apart; the most frequent are shown"
    notes = (
        (nowhere, "town", "has no coordinates in any record and is not on the map"),
        (nowhere, "towns", "have no coordinates in any record and are not on the map"),
        (scattered, "town", f"has {apart}"),
        (scattered, "towns", f"have {apart}"),
        (nameless, "site", "names no city and is left out"),
        (nameless, "sites", "name no city and are left out"),
    )
    return [
        f"{count:,} {noun} {text}." for count, noun, text in notes if count and (count == 1) == (not noun.endswith("s"))
    ]
