"""Values that no path can express: values derived from a field, and the keys of shared resources.

``VALUES`` is keyed by the IRI of the property, ``KEYS`` by that of the node shape. A function returns ``None`` if
nothing can be derived; the value of the field itself is in the graph either way.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from string import ascii_letters, digits
from typing import Any, NamedTuple

from kg.mapping.datatypes import Form, partial_date, plain_digits
from kg.mapping.free_text import doi, exclusion_criteria, inclusion_criteria
from kg.ontology.countries import country
from kg.ontology.model import SLOT, NodeShape, Registry, shipped
from kg.ontology.vocabulary import CITO, CT, GEOSPARQL, MESHV, PUBMED, RDF, RDFS, SCHEMA

_DIGITS = re.compile(r"\d+", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:-\d{2}){0,2}", re.ASCII)
_AGE = re.compile(r"(\d{1,6}) (Year|Month|Week|Day|Hour|Minute)s?", re.ASCII)
_DAYS_IN_YEAR = 365.25
_UNITS_IN_YEAR = {
    "Year": 1.0,
    "Month": 12.0,
    "Week": _DAYS_IN_YEAR / 7,
    "Day": _DAYS_IN_YEAR,
    "Hour": _DAYS_IN_YEAR * 24,
    "Minute": _DAYS_IN_YEAR * 1440,
}
_MESH = re.compile(r"([CDQ])(\d{6,9})", re.ASCII)
_FIRST_LONG_MESH = {"D": 66388, "C": 588423, "Q": 10**9}
"""The first numbers with nine digits (NLM, May 2014); a lower number with nine digits is padded."""

_MESH_CLASSES = {
    letter: MESHV + kind
    for letter, kind in {"C": "SupplementaryConceptRecord", "D": "Descriptor", "Q": "Qualifier"}.items()
}

_SAFE = ascii_letters + digits + "-"
_WRITTEN = ["_" if c == " " else c if c in _SAFE else f"%{ord(c):02X}" for c in map(chr, range(256))]
"""Each byte of UTF-8 as encoded in a local name."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]*")
"""Texts in which only spaces need encoding."""


def local_name(text: str) -> str:
    """Encode a text as the last part of an IRI: readable, reversible, and valid in a Turtle name.

    >>> local_name("Pfizer Inc."), local_name("Hôpital - A/B"), local_name("a_b"), local_name("-x")
    ('Pfizer_Inc%2E', 'H%C3%B4pital_-_A%2FB', 'a%5Fb', '%2Dx')
    """
    if _PLAIN.fullmatch(text):
        return text.replace(" ", "_")
    name = "".join(map(_WRITTEN.__getitem__, text.encode()))
    return "%2D" + name[1:] if name.startswith("-") else name


def year(value: object) -> str | None:
    """Return the year of a date.

    >>> year("2015-09"), year("soon")
    ('2015', None)
    """
    match = _YEAR.fullmatch(value) if isinstance(value, str) else None
    return str(int(match[1])) if match else None


def age_in_years(value: object) -> str | None:
    """Return an age in years, with four decimals.

    >>> age_in_years("18 Years"), age_in_years("18 Months"), age_in_years("1 Day"), age_in_years("N/A")
    ('18.0', '1.5', '0.0027', None)
    """
    match = _AGE.fullmatch(value) if isinstance(value, str) else None
    return str(round(int(match[1]) / _UNITS_IN_YEAR[match[2]], 4)) if match else None


def point(value: object) -> str | None:
    """Return a position as well-known text, longitude first (OGC GeoSPARQL 1.1, 8.5.1).

    >>> point({"lat": 43.61093, "lon": 3.87635}), point({"lat": 91, "lon": 0}), point({"lat": "43"})
    ('POINT(3.87635 43.61093)', None, None)
    """
    if not isinstance(value, Mapping):
        return None
    lat, lon = _digits(value.get("lat"), 90), _digits(value.get("lon"), 180)
    return f"POINT({lon} {lat})" if lat and lon else None


def _digits(number: object, limit: int) -> str | None:
    if (type(number) is not float and type(number) is not int) or not -limit <= number <= limit:
        return None
    return plain_digits(number)


def mesh_id(value: object) -> str | None:
    """Return a MeSH id as the NLM writes it; records up to 2024 pad it with zeros.

    >>> mesh_id("D000004791"), mesh_id("D000068677"), mesh_id("C000082598"), mesh_id("C000613593"), mesh_id("M1")
    ('D004791', 'D000068677', 'C082598', 'C000613593', None)
    """
    return _mesh_id(value) if isinstance(value, str) else None


@lru_cache(64)  # called for the IRI, the class and the listed form of a term in turn
def _mesh_id(text: str) -> str | None:
    match = _MESH.fullmatch(text)
    if match is None:
        return None
    letter, digits = match[1], match[2]
    padded = len(digits) == 9 and int(digits) < _FIRST_LONG_MESH[letter]
    return f"{letter}{int(digits):06d}" if padded else text


def mesh_class(value: object) -> str | None:
    """Return the class of a MeSH term in the vocabulary of the NLM, by its id.

    >>> mesh_class("C082598")
    'http://id.nlm.nih.gov/mesh/vocab#SupplementaryConceptRecord'
    """
    id_ = mesh_id(value)
    if id_ is None:
        return None
    return _MESH_CLASSES[id_[0]]


def country_code(value: object) -> str | None:
    """Return the ISO 3166-1 code of a country, or the ISO 3166-3 code of a former one.

    >>> country_code("South Korea"), country_code("Côte d’Ivoire"), country_code("Former Yugoslavia")
    ('KR', 'CI', 'YUCS')
    """
    match = country(value) if isinstance(value, str) else None
    return match.code if match else None


def country_key(value: object) -> str | None:
    """Return the code of a country, or its name as a key if it has no code."""
    return country_code(value) or (local_name(value) if isinstance(value, str) and value else None)


def country_name(value: object) -> str | None:
    """Return the English name of a country in ISO 3166, or the name in the record."""
    if not isinstance(value, str):
        return None
    match = country(value)
    return match.name if match else value


def registry_entry(value: object) -> str | None:
    """Return the page of a secondary identifier in the registry that issued it, if the registry has pages.

    >>> registry_entry("ISRCTN12345678"), registry_entry("2022-503007-22"), registry_entry("U1111-1293-5665")
    ('https://www.isrctn.com/ISRCTN12345678', None, None)
    """
    registry, match = _issued(value)
    return _filled(registry.template, match) if registry and match and registry.template else None


def issuing_registry(value: object) -> str | None:
    """Return the registry that issued a secondary identifier, by the pattern of the identifier.

    >>> issuing_registry("2010-024113-31"), issuing_registry("2022-503007-22"), issuing_registry("B2421001")
    ('https://w3id.org/trialkg/registry/EudraCT', 'https://w3id.org/trialkg/registry/CTIS', None)
    """
    registry, _ = _issued(value)
    return registry.iri if registry else None


def _issued(value: object) -> tuple[Registry, re.Match[str]] | tuple[None, None]:
    """Return the registry whose pattern matches an identifier, and the match."""
    if isinstance(value, str):
        for pattern, registry in _registries():
            if match := pattern.fullmatch(value.strip()):
                return registry, match
    return None, None


@cache
def _registries() -> tuple[tuple[re.Pattern[str], Registry], ...]:
    return tuple((re.compile(registry.pattern, re.ASCII), registry) for registry in shipped().registries)


def _filled(template: str, match: re.Match[str]) -> str | None:
    """Fill a template with the groups of a match; return ``None`` if one of these is empty."""
    groups = {slot: match[0] if slot == "." else match[int(slot)] for slot in SLOT.findall(template)}
    return SLOT.sub(lambda slot: groups[slot[1]], template) if all(groups.values()) else None


def pubmed(value: object) -> str | None:
    """Return the IRI of a PubMed entry.

    >>> pubmed("32651161"), pubmed("PMC7343123")
    ('https://pubmed.ncbi.nlm.nih.gov/32651161/', None)
    """
    return f"{PUBMED}{value}/" if isinstance(value, str) and _DIGITS.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Pick:
    """A function of the JSON of a node: derives a value from one field if another field has a certain text.

    ``value`` and ``where`` are the properties of the fields. The emitter evaluates the condition itself.
    """

    value: str
    where: str
    text: str
    of: Callable[[Any], str | None]
    key: str = ""
    """The JSON key of ``value``; set by :meth:`on`, like ``gate`` for ``where``."""
    gate: str = ""

    def on(self, shape: NodeShape) -> Pick:
        """Return the function for the nodes of a shape."""
        keys = {field.path: field.json or "" for field in shape.properties}
        return replace(self, key=keys[self.value], gate=keys[self.where])

    def __call__(self, node: Any) -> str | None:
        matches = isinstance(node, Mapping) and node.get(self.gate) == self.text
        return self.of(node.get(self.key)) if matches else None


def plain_key(value: object) -> str | None:
    """Return the key of a shared resource that is identified by its name."""
    return local_name(value) if isinstance(value, str) and value else None


_CLASSES = {
    "INTERVENTIONAL": (CT + "InterventionalStudy", SCHEMA + "MedicalTrial"),
    "OBSERVATIONAL": (CT + "ObservationalStudy", SCHEMA + "MedicalObservationalStudy"),
    "EXPANDED_ACCESS": (CT + "ExpandedAccess", None),
}
"""The class of a study and the corresponding class of schema.org, by study type."""


def study_class(value: object) -> str | None:
    """Return the class of a study by its study type.

    >>> study_class("OBSERVATIONAL"), study_class("OTHER")
    ('https://w3id.org/trialkg/ontology#ObservationalStudy', None)
    """
    return _CLASSES[value][0] if isinstance(value, str) and value in _CLASSES else None


def schema_class(value: object) -> str | None:
    """Return the class of schema.org that corresponds to a study type.

    >>> schema_class("INTERVENTIONAL"), schema_class("EXPANDED_ACCESS")
    ('https://schema.org/MedicalTrial', None)
    """
    return _CLASSES[value][1] if isinstance(value, str) and value in _CLASSES else None


def first_day(value: object) -> str | None:
    """Return the first possible day of a partial date.

    >>> first_day("2015-09"), first_day("2015"), first_day("2015-09-07"), first_day("2015-13")
    ('2015-09-01', '2015-01-01', '2015-09-07', None)
    """
    days = _days(value)
    return days[0].isoformat() if days else None


def last_day(value: object) -> str | None:
    """Return the last possible day of a partial date.

    >>> last_day("2016-02"), last_day("2015"), last_day("2015-09-07")
    ('2016-02-29', '2015-12-31', '2015-09-07')
    """
    days = _days(value)
    return days[1].isoformat() if days else None


def _days(value: object) -> tuple[date, date] | None:
    """Return the first and the last possible day of a partial date, from the year 1 on."""
    partial = partial_date(value)
    if partial is None or partial.lexical.startswith("0000"):
        return None
    year, *rest = map(int, partial.lexical.split("-"))
    last_month = rest[0] if rest else 12
    first, last = (rest[0] if rest else 1), monthrange(year, last_month)[1]
    return date(year, first, *rest[1:] or (1,)), date(year, last_month, *rest[1:] or (last,))


Derive = Callable[[Any], str | None]


class Link(NamedTuple):
    """Links a node to the only node of its study with the same texts.

    A name is a tuple of property IRIs, which stand for their texts, and constants. ``names`` are the names of the
    node; ``targets`` maps each property of the study that leads to candidates to the name of a candidate. ``fold``
    ignores the case of ASCII letters.
    """

    names: tuple[tuple[str, ...], ...]
    targets: Mapping[str, tuple[str, ...]]
    fold: bool = False


_PLANNED = {"primaryOutcome": "PRIMARY", "secondaryOutcome": "SECONDARY", "otherOutcome": "OTHER_PRE_SPECIFIED"}

LINKS: dict[tuple[str, str], Link] = {
    (CT + "OutcomeMeasure", CT + "reports"): Link(
        names=((CT + "outcomeMeasureType", RDFS + "label", CT + "timeFrame"),),
        targets={CT + name: (rank, RDFS + "label", CT + "timeFrame") for name, rank in _PLANNED.items()},
    ),
    (CT + "Intervention", CT + "mesh"): Link(
        names=((RDFS + "label",), (CT + "otherName",)),
        targets={CT + "interventionMesh": (RDFS + "label",)},
        fold=True,
    ),
}
"""The links, by node shape and property."""


_DATES = ("startDate", "primaryCompletionDate", "completionDate")
"""The dates with derived first and last possible days."""

VALUES: dict[str | tuple[str, str], Derive | tuple[Derive, ...]] = {
    CT + "startYear": year,
    CT + "completionYear": year,
    **{CT + name + "Earliest": first_day for name in _DATES},
    **{CT + name + "Latest": last_day for name in _DATES},
    CT + "inclusionCriteria": inclusion_criteria,
    CT + "exclusionCriteria": exclusion_criteria,
    CT + "doi": doi,
    CT + "minimumAgeYears": age_in_years,
    CT + "maximumAgeYears": age_in_years,
    CT + "registryEntry": registry_entry,
    CT + "issuingRegistry": issuing_registry,
    CITO + "obtainsBackgroundFrom": Pick(CT + "pubmed", CT + "referenceType", "BACKGROUND", pubmed),
    CITO + "isDocumentedBy": Pick(CT + "pubmed", CT + "referenceType", "RESULT", pubmed),
    CITO + "isCitedBy": Pick(CT + "pubmed", CT + "referenceType", "DERIVED", pubmed),
    CT + "countryCode": country_code,
    GEOSPARQL + "asWKT": point,
    (CT + "Study", RDF + "type"): (study_class, schema_class),
    (CT + "MeshTerm", RDF + "type"): mesh_class,
    (CT + "Country", RDFS + "label"): country_name,
}
"""Functions of the JSON value, by property or by node shape and property; a tuple derives several values."""

FORMS: dict[Derive, tuple[Form, ...]] = {
    year: (Form.DATED,),
    point: (Form.POINT,),
    first_day: (Form.DAY,),
    last_day: (Form.DAY,),
    pubmed: (Form.DIGITS,),
}
"""The forms that the result of a function contains unchanged."""

KEYS: dict[str, Derive] = {
    CT + "MeshTerm": mesh_id,
    CT + "Country": country_key,
}
"""Functions from the JSON value to the key in the IRI, by node shape; :func:`plain_key` for the others."""
