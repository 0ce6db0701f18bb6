"""The prefixes of the project as an extended prefix map, the format of ``curies`` and the Bioregistry.

If the Bioregistry (https://bioregistry.io) has a prefix for a namespace, it is the prefix of the record and that of our
Turtle is a synonym. Namespaces of the project have the prefix of our Turtle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import orjson

from kg.ontology.model import SLOT, Ontology
from kg.ontology.vocabulary import BASE


class Entry(NamedTuple):
    """A prefix of the Bioregistry with its synonyms and alternative IRI prefixes."""

    prefix: str
    synonyms: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


BIOREGISTRY = {
    "study": Entry(
        "clinicaltrials",
        ("NCT", "ctgov", "clinicaltrial"),
        (
            "https://www.clinicaltrials.gov/study/",
            "https://clinicaltrials.gov/ct2/show/",
            "https://clinicaltrials.gov/show/",
        ),
    ),
    "mesh": Entry(
        "mesh", ("MESH", "MeSH", "MSH"), ("https://meshb.nlm.nih.gov/record/ui?ui=", "https://id.nlm.nih.gov/mesh/")
    ),
    "biolink": Entry("biolink", (), ("https://biolink.github.io/biolink-model/",)),
    "cito": Entry("cito", ("CiTO",)),
    "dcterms": Entry("dcterms", ("dct", "dc.terms")),
    "foaf": Entry("foaf"),
    "gsp": Entry("geosparql"),
    "obo": Entry("obo"),
    "owl": Entry("owl"),
    "prov": Entry("prov"),
    "rdf": Entry("rdf"),
    "rdfs": Entry("rdfs"),
    "schema": Entry("schema", ("sdo", "schemaorg"), ("http://schema.org/",)),
    "sh": Entry("sh", ("shacl",)),
    "skos": Entry("skos"),
    "wgs": Entry("wgs84"),
    "xsd": Entry("xsd"),
}
"""Prefix of the ontology -> its entry in the Bioregistry."""

REGISTRIES = {
    "EudraCT": Entry(
        "euclinicaltrials", ("EUCTR", "eudract"), ("https://www.clinicaltrialsregister.eu/ctr-search/search?query=",)
    ),
    "CTIS": Entry("ctis", (), ("https://euclinicaltrials.eu/app/#/view/",)),
    "ISRCTN": Entry("isrctn"),
    "DRKS": Entry("drks", (), ("https://drks.de/search/de/trial/", "https://drks.de/en/trial/")),
    "ANZCTR": Entry("anzctr", ("ACTRN",), ("https://www.anzctr.org.au/Trial/Registration/TrialReview.aspx?ACTRN=",)),
    "jRCT": Entry("jrct", (), ("https://jrct.niph.go.jp/latest-detail/",)),
    "OMON": Entry("omon"),
    "ReBEC": Entry("rebec"),
    "RPCEC": Entry("rpcec"),
    "TCTR": Entry("tctr"),
}
"""Local name of a registry with its own pages -> its entry in the Bioregistry."""

OTHERS = {
    "https://pubmed.ncbi.nlm.nih.gov/": Entry(
        "pubmed",
        ("PMID", "pmid", "PubMed"),
        ("https://www.ncbi.nlm.nih.gov/pubmed/", "http://rdf.ncbi.nlm.nih.gov/pubmed/"),
    ),
    "https://doi.org/": Entry("doi", ("DOI",), ("http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/")),
    "https://bioregistry.io/chictr:": Entry("chictr", ("ChiCTR",)),
}
"""Namespaces of linked resources without a prefix in the ontology."""

OWN = {
    "ctgov.api": "https://clinicaltrials.gov/api/v2/studies/",
    "dataset": BASE + "dataset/",
    "query": BASE + "query/",
    "rule": BASE + "rule/",
}
"""Documents of the API, and resources of the project outside exports: dataset descriptions, library queries and
validation rules."""
SHARED_PAGES = {"https://trialsearch.who.int/Trial2.aspx?TrialID=": "ictrp"}
"""Portals with the pages of several registries, with a prefix of our own."""


def _record(prefix: str, uri: str, synonyms: tuple[str, ...] = (), uris: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "prefix": prefix,
        "uri_prefix": uri,
        "prefix_synonyms": sorted({*synonyms} - {prefix}),
        "uri_prefix_synonyms": sorted({*uris} - {uri}),
    }


def _bioregistry(entry: Entry, uri: str, *synonyms: str) -> dict[str, object]:
    """Return the record of a Bioregistry prefix, with the IRIs under which the Bioregistry resolves its CURIEs."""
    uris = (f"https://bioregistry.io/{entry.prefix}:", f"https://identifiers.org/{entry.prefix}:", *entry.uris)
    return _record(entry.prefix, uri, (*entry.synonyms, *synonyms), uris)


def _declared(prefixes: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for prefix, uri in {**prefixes, **OWN}.items():
        if prefix in BIOREGISTRY:
            yield _bioregistry(BIOREGISTRY[prefix], uri, prefix)
        else:
            yield _record(prefix, uri, (f"trialkg.{prefix}",) if uri.startswith(BASE) else ())


def _pages(ontology: Ontology) -> Iterator[dict[str, object]]:
    """Yield the prefixes of pages in other registries: the text before the identifier in their templates."""
    shared: dict[str, None] = {}
    for registry in ontology.registries:
        uri = SLOT.split(registry.template or "")[0]
        name = registry.iri.rpartition("/")[2]
        if name in REGISTRIES:
            yield _bioregistry(REGISTRIES[name], uri)
        elif uri and not uri.startswith(tuple(SHARED_PAGES)):
            yield _record(name.lower(), uri)
        elif uri:
            shared |= {portal: None for portal in SHARED_PAGES if uri.startswith(portal)}
    yield from (_record(SHARED_PAGES[uri], uri) for uri in shared)


def prefix_map(ontology: Ontology) -> str:
    """Return the extended prefix map as JSON, sorted by prefix."""
    records = [
        *_declared(ontology.prefixes),
        *_pages(ontology),
        *(_bioregistry(entry, uri) for uri, entry in OTHERS.items()),
    ]
    records.sort(key=lambda record: str(record["prefix"]).lower())
    return orjson.dumps(records, option=orjson.OPT_INDENT_2).decode() + "\n"
