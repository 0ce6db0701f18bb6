"""Facets: the properties by which the explorer selects studies, each with its path in SPARQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from kg.ontology.vocabulary import CODE, COUNTRY, MESH, ORGANIZATION

NONE = "-"
"""The key for studies without any value of a facet."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A property with listed values.

    A value has a key, which is short and is used in URLs: the part of its IRI after the namespace.
    """

    key: str
    title: str
    path: str
    """The SPARQL property path from a study to its values."""
    namespace: str = CODE
    """The namespace of the values; empty for literals."""
    is_multiple: bool = False
    """Whether a study may have several values, or the same value several times."""
    mesh: str = ""
    """For MeSH terms: the path from a study to its terms without their ancestors."""
    missing: str = "not stated"
    """The label of the studies without a value."""

    @property
    def is_tree(self) -> bool:
        """Whether the values are MeSH terms, which have broader terms."""
        return bool(self.mesh)


FACETS = (
    Facet("status", "Status", "ct:overallStatus"),
    Facet("phase", "Phase", "ct:phase", is_multiple=True),
    Facet("type", "Study type", "ct:studyType"),
    Facet(
        "condition",
        "Condition",
        "(ct:conditionMesh|ct:conditionMeshAncestor)",
        MESH,
        is_multiple=True,
        mesh="ct:conditionMesh",
        missing="no MeSH term",
    ),
    Facet(
        "intervention",
        "Intervention",
        "(ct:interventionMesh|ct:interventionMeshAncestor)",
        MESH,
        is_multiple=True,
        mesh="ct:interventionMesh",
        missing="no MeSH term",
    ),
    Facet("kind", "Type of intervention", "ct:intervention/ct:interventionType", is_multiple=True),
    Facet("class", "Sponsor class", "ct:leadSponsor/ct:agencyClass"),
    Facet("sponsor", "Lead sponsor", "ct:leadSponsor", ORGANIZATION),
    Facet("country", "Country", "ct:location/ct:country", COUNTRY, is_multiple=True, missing="no site"),
    Facet("city", "Town", "ct:location/ct:city", "", is_multiple=True, missing="no site"),
    Facet("sex", "Sex", "ct:sex"),
    Facet("group", "Age group", "ct:standardAge", is_multiple=True),
    Facet("results", "Results", "ct:hasResults", ""),
    Facet("publication", "Publications", "ct:reference/ct:referenceType", is_multiple=True, missing="none"),
)
"""The facets in the order of the page. The values of ``city`` are pairs of a town and a country: see :class:`Town`."""
FACETS_BY_KEY = {facet.key: facet for facet in FACETS}


@dataclass(frozen=True, slots=True)
class Measure:
    """A property with one number per study, which is selected by a range."""

    key: str
    title: str
    path: str
    lowest: int = 0
    highest: int = 10**9


MEASURES = (
    Measure("start", "Start year", "ct:startYear", 1800, 2200),
    Measure("enrolment", "Enrolment", "ct:enrollmentCount"),
)
MEASURES_BY_KEY = {measure.key: measure for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Town:
    """A town in the spelling of the records, with the key of its country.

    >>> Town("Paris", "FR").key, Town.parse("BR:São Paulo"), Town.parse(":Paris")
    ('FR:Paris', Town(city='São Paulo', country='BR'), Town(city='Paris', country=''))
    """

    city: str
    country: str

    @property
    def key(self) -> str:
        return f"{quote(self.country, safe='')}:{self.city}"

    @classmethod
    def parse(cls, key: str) -> Town:
        """Return the town with a key; without a country before the colon, that of the town is not known."""
        country, _, city = key.partition(":")
        return cls(city, unquote(country))


_LOCAL = re.compile(r"[^/#]+\Z")


def local_name(iri: str) -> str:
    """Return the decoded part of an IRI after its last slash or hash sign, or the IRI if that is empty.

    >>> local_name("https://w3id.org/trialkg/code/PHASE2"), local_name("http://a/")
    ('PHASE2', 'http://a/')
    """
    match = _LOCAL.search(iri)
    return unquote(match[0]) if match else iri
