"""The prefixes of the project as an extended prefix map, the format of ``curies`` and the Bioregistry.

Where the Bioregistry (https://bioregistry.io) has a prefix for a namespace, that is the prefix of the record, and the
one that our Turtle has is a synonym; resources of our own have the prefix of our Turtle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import orjson

from kg.ontology.iri_template import SLOT
from kg.ontology.model import Ontology
from kg.ontology.vocabulary import BASE


class Known(NamedTuple):
    """A prefix of the Bioregistry, with other names of it and other forms of its IRIs."""

    prefix: str
    synonyms: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


BIOREGISTRY = {
    "study": Known(
        "clinicaltrials",
        ("NCT", "ctgov", "clinicaltrial"),
        (
            "https://www.clinicaltrials.gov/study/",
            "https://clinicaltrials.gov/ct2/show/",
            "https://clinicaltrials.gov/show/",
        ),
    ),
    "mesh": Known(
        "mesh", ("MESH", "MeSH", "MSH"), ("https://meshb.nlm.nih.gov/record/ui?ui=", "https://id.nlm.nih.gov/mesh/")
    ),
    "biolink": Known("biolink", (), ("https://biolink.github.io/biolink-model/",)),
    "cito": Known("cito", ("CiTO",)),
    "dcterms": Known("dcterms", ("dct", "dc.terms")),
    "foaf": Known("foaf"),
    "gsp": Known("geosparql"),
    "obo": Known("obo"),
    "owl": Known("owl"),
    "prov": Known("prov"),
    "rdf": Known("rdf"),
    "rdfs": Known("rdfs"),
    "schema": Known("schema", ("sdo", "schemaorg"), ("http://schema.org/",)),
    "sh": Known("sh", ("shacl",)),
    "skos": Known("skos"),
    "wgs": Known("wgs84"),
    "xsd": Known("xsd"),
}
"""Prefix of the ontology -> what the Bioregistry has."""

REGISTRIES = {
    "EudraCT": Known(
        "euclinicaltrials", ("EUCTR", "eudract"), ("https://www.clinicaltrialsregister.eu/ctr-search/search?query=",)
    ),
    "CTIS": Known("ctis", (), ("https://euclinicaltrials.eu/app/#/view/",)),
    "ISRCTN": Known("isrctn"),
    "DRKS": Known("drks", (), ("https://drks.de/search/de/trial/", "https://drks.de/en/trial/")),
    "ANZCTR": Known("anzctr", ("ACTRN",), ("https://www.anzctr.org.au/Trial/Registration/TrialReview.aspx?ACTRN=",)),
    "jRCT": Known("jrct", (), ("https://jrct.niph.go.jp/latest-detail/",)),
    "OMON": Known("omon"),
    "ReBEC": Known("rebec"),
    "RPCEC": Known("rpcec"),
    "TCTR": Known("tctr"),
}
"""Local name of a registry that has pages of its own -> what the Bioregistry has."""

OTHERS = {
    "https://pubmed.ncbi.nlm.nih.gov/": Known(
        "pubmed",
        ("PMID", "pmid", "PubMed"),
        ("https://www.ncbi.nlm.nih.gov/pubmed/", "http://rdf.ncbi.nlm.nih.gov/pubmed/"),
    ),
    "https://doi.org/": Known("doi", ("DOI",), ("http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/")),
    "https://bioregistry.io/chictr:": Known("chictr", ("ChiCTR",)),
}
"""Namespaces of linked resources that no prefix of the ontology stands for."""

OWN = {
    "ctgov.api": "https://clinicaltrials.gov/api/v2/studies/",
    "dataset": BASE + "dataset/",
    "query": BASE + "query/",
    "rule": BASE + "rule/",
}
"""The documents of the API, and resources of the project beside those of an export: descriptions, queries of the
library, rules of a validation."""
SHARED_PAGES = {"https://trialsearch.who.int/Trial2.aspx?TrialID=": "ictrp"}
"""Where pages of several registries are, and the prefix for these, which is ours."""


def _record(prefix: str, uri: str, synonyms: tuple[str, ...] = (), uris: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "prefix": prefix,
        "uri_prefix": uri,
        "prefix_synonyms": sorted({*synonyms} - {prefix}),
        "uri_prefix_synonyms": sorted({*uris} - {uri}),
    }


def _known(known: Known, uri: str, *synonyms: str) -> dict[str, object]:
    """The record of a prefix that the Bioregistry has, which resolves CURIEs and has IRIs of its own for them."""
    uris = (f"https://bioregistry.io/{known.prefix}:", f"https://identifiers.org/{known.prefix}:", *known.uris)
    return _record(known.prefix, uri, (*known.synonyms, *synonyms), uris)


def _declared(prefixes: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for prefix, uri in {**prefixes, **OWN}.items():
        if prefix in BIOREGISTRY:
            yield _known(BIOREGISTRY[prefix], uri, prefix)
        else:
            yield _record(prefix, uri, (f"trialkg.{prefix}",) if uri.startswith(BASE) else ())


def _pages(ontology: Ontology) -> Iterator[dict[str, object]]:
    """The prefixes of pages in other registries: what stands before the identifier in their templates."""
    shared: dict[str, None] = {}
    for registry in ontology.registries:
        uri = SLOT.split(registry.template or "")[0]
        name = registry.iri.rpartition("/")[2]
        if name in REGISTRIES:
            yield _known(REGISTRIES[name], uri)
        elif uri and not uri.startswith(tuple(SHARED_PAGES)):
            yield _record(name.lower(), uri)
        elif uri:
            shared |= {known: None for known in SHARED_PAGES if uri.startswith(known)}
    yield from (_record(SHARED_PAGES[uri], uri) for uri in shared)


def prefix_map(ontology: Ontology) -> str:
    """The extended prefix map as JSON, sorted by prefix."""
    records = [*_declared(ontology.prefixes), *_pages(ontology), *(_known(known, uri) for uri, known in OTHERS.items())]
    records.sort(key=lambda record: str(record["prefix"]).lower())
    return orjson.dumps(records, option=orjson.OPT_INDENT_2).decode() + "\n"
