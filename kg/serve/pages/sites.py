"""The sites of a study by country and state, and as places of a map."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kg.ontology.vocabulary import WGS84
from kg.serve.formats import decimal_of
from kg.serve.links import Code, Link
from kg.serve.nodes import Node


@dataclass(frozen=True, slots=True)
class Site:
    """A site of a study; the country is false where it is not known."""

    iri: str
    facility: str
    city: str
    state: str
    zip: str
    country: Link
    status: Code
    place: tuple[float, float] | None
    """Longitude and latitude in degrees."""
    contacts: list[str]

    @property
    def town(self) -> str:
        """The town with its postcode."""
        return " ".join(part for part in (self.city, self.zip) if part)


@dataclass(frozen=True, slots=True)
class Country:
    """The sites of a study in a country, by state; sites without a state are under an empty name."""

    link: Link
    count: int
    states: dict[str, list[Site]]


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of a study."""

    all: list[Site]
    countries: list[Country]
    """Countries with the most sites first."""
    removed: list[str]
    """Countries that the record had once."""

    @property
    def statuses(self) -> list[tuple[str, int]]:
        """The status of the sites that state one, with the number of sites."""
        return Counter(site.status.label for site in self.all if site.status).most_common()


def sites_of(study: Node) -> Sites:
    """Return the sites of a study."""
    sites = [site_of(node) for node in study.parts("location")]
    by_country: dict[Link, list[Site]] = {}
    for site in sites:
        by_country.setdefault(site.country, []).append(site)
    countries = [Country(link, len(group), _by_state(group)) for link, group in by_country.items()]
    countries.sort(key=lambda country: (-country.count, country.link.text))
    return Sites(sites, countries, study.texts("removedCountryName"))


def _by_state(sites: list[Site]) -> dict[str, list[Site]]:
    states: dict[str, list[Site]] = {}
    for site in sorted(sites, key=lambda site: (site.state, site.city, site.facility)):
        states.setdefault(site.state, []).append(site)
    return states


def site_of(node: Node) -> Site:
    """Return the site of a part."""
    countries = node.nodes("country")
    return Site(
        node.iri,
        node.label,
        node.text("city"),
        node.text("state"),
        node.text("zip"),
        Link.to(countries[0]) if countries else Link(node.text("countryName") or "Country not stated", ""),
        Code.of(node, "locationStatus"),
        _place(node),
        [", ".join(t for t in (c.label, c.text("phone"), c.text("email")) if t) for c in node.parts("contact")],
    )


def _place(node: Node) -> tuple[float, float] | None:
    longitude, latitude = (decimal_of(node.raw(WGS84 + name)) for name in ("long", "lat"))
    if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
        return None
    return float(longitude), float(latitude)
