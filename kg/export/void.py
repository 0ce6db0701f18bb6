"""The description of an export as a dataset: VoID and DCAT, along the HCLS profile.

The profile (https://www.w3.org/TR/hcls-dataset/) tells three things apart: the registry (a summary of no version),
the records of it that were exported (a version), and the file (a distribution, which has the counts). Each is named
after the SHA-256 of the file, so the same export has the same description.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pyoxigraph as ox

from kg.export.study_index import Totals
from kg.export.tally import Partition, Statement, Tally, tally
from kg.ontology.vocabulary import (
    CLINICAL_TRIALS,
    CT,
    DCAT,
    DCTERMS,
    DCTYPES,
    FOAF,
    FORMATS,
    PAV,
    PROV,
    RDF,
    RDFS,
    SPDX,
    VOID,
    VOIDEXT,
    XSD,
)
from kg.rdf import parquet
from kg.rdf.compress import PARQUET, Chunks
from kg.rdf.formats import Format, compression_of
from kg.rdf.jsonld import compact

TERMS = CLINICAL_TRIALS + "about-site/terms-conditions"
NLM = "https://www.nlm.nih.gov/"
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
PROJECT = "https://github.com/trialkg/trialkg"
PROFILE = "https://www.w3.org/TR/hcls-dataset/"

PREFIXES = {
    "dcat": DCAT,
    "dcterms": DCTERMS,
    "dctypes": DCTYPES,
    "foaf": FOAF,
    "formats": FORMATS,
    "pav": PAV,
    "prov": PROV,
    "rdfs": RDFS,
    "spdx": SPDX,
    "void": VOID,
    "voidext": VOIDEXT,
    "xsd": XSD,
}

_SYNTAX = {
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "nquads": "N-Quads",
    "trig": "TriG",
    "jsonld": "JSON-LD",
    "rdfxml": "RDF_XML",
}
_PACKED = {".gz": "application/gzip", ".zst": "application/zstd"}


ATTRIBUTION = (
    "Source: ClinicalTrials.gov, U.S. National Library of Medicine, which neither made nor endorses this file. "
    "Records change: the present ones are at ClinicalTrials.gov."
)
CHANGES = (
    "They were put into another form: their fields are properties of the Trial Knowledge Graph ontology, their dates, "
    "codes and identifiers are typed and linked, their parts are named."
)
"""What the terms of use ask a copy to say: where it comes from, how new it is, and what was changed."""

_Value = str | ox.Literal | None


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is to be described: the file, and what its run knows of it."""

    path: Path
    format: Format
    prefixes: Mapping[str, str]
    base: str
    totals: Totals
    sha256: str
    tool: str


def _opened(export: Export) -> Any:
    path, compression = export.path, export.format.compression or compression_of(export.path.name)
    if compression == PARQUET:
        return BufferedReader(cast("Any", Chunks(parquet.read(str(path)))), 1 << 20)
    if compression == ".gz":
        return gzip.open(path, "rb")
    if compression == ".zst":
        import zstandard

        return BufferedReader(zstandard.open(path, "rb"), 1 << 20)
    return path.open("rb")


def _statements(export: Export) -> Iterator[Statement]:
    """Subject, predicate and object of each statement, spelled as N-Triples have them."""
    with _opened(export) as file:
        if export.format.name in ("ntriples", "nquads", "parquet"):
            end = b" <" if export.format.graphs else b" ."
            lines = (line[: line.rindex(end)] for line in file)
        else:
            syntax = ox.RdfFormat.from_media_type(export.format.media_type)
            lines = (str(quad.triple).encode() for quad in ox.parse(file, format=syntax))
        for line in lines:
            subject, predicate, value = line.split(b" ", 2)
            yield subject, predicate, value


def counts(export: Export) -> Tally:
    """Counts what is in the file."""
    own, shared = (
        tuple(f"<{export.prefixes[name]}".encode() for name in names)
        for names in (("study", "record", "part"), ("org", "country", "branch", "mesh", "code", "registry"))
    )
    return tally(_statements(export), own, shared)


def _iri(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local if prefix in PREFIXES else name


def _literal(text: str, datatype: str = "string") -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


def _en(text: str) -> ox.Literal:
    return ox.Literal(text, language="en")


def _count(number: int) -> ox.Literal:
    return _literal(str(number), "integer")


def _day(text: str) -> ox.Literal:
    """A day of the ledger as a literal, with nothing added where it is a month.

    >>> _day("2020-02-00").value
    '2020-02'
    """
    text = text.replace("-00", "")
    return _literal(text, {7: "gYearMonth", 4: "gYear"}.get(len(text), "date"))


class _Description:
    """Statements in the order in which they are made."""

    def __init__(self, export: Export, counted: Tally) -> None:
        self.export, self.counted = export, counted
        self.document = f"{export.base}dataset/{export.sha256[:32]}"
        self.triples: list[ox.Triple] = []
        known = {**export.prefixes, **PREFIXES}
        self._prefixes = dict(sorted(known.items(), key=lambda item: -len(item[1])))

    def here(self, name: str) -> str:
        return f"{self.document}#{name}"

    def say(self, subject: str, types: str, **about: _Value | list[str]) -> None:
        """Says what a subject is and has: ``prefix_name`` is a property, text an IRI; ``None`` says nothing."""
        pairs: list[tuple[str, _Value]] = [(RDF + "type", _iri(name)) for name in types.split()]
        for name, values in about.items():
            predicate = _iri(name.replace("_", ":", 1))
            pairs += [(predicate, value) for value in (values if isinstance(values, list) else [values])]
        for predicate, value in pairs:
            if value is not None:
                term = ox.NamedNode(_iri(value)) if isinstance(value, str) else value
                self.triples.append(ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term))

    def part(self, kind: str, iri: str) -> str:
        """The IRI of the partition of a class or a property."""
        return self.here(self.name(kind, iri))

    def name(self, kind: str, iri: str) -> str:
        """The name of a partition."""
        name = compact(iri, self._prefixes)
        return f"{kind}-{quote(name.replace(':', '-', 1), safe='')}"


def _document(made: _Description) -> None:
    made.say(
        made.document,
        "void:DatasetDescription foaf:Document",
        dcterms_title=_en(f"Description of {made.export.path.name}"),
        dcterms_conformsTo=PROFILE,
        pav_createdWith=made.here("tool"),
        foaf_primaryTopic=made.here("distribution"),
        foaf_topic=[made.here("data"), CLINICAL_TRIALS],
    )
    made.say(made.here("tool"), "prov:SoftwareAgent", rdfs_label=_literal(made.export.tool), foaf_page=PROJECT)


def _registry(made: _Description) -> None:
    made.say(
        CLINICAL_TRIALS,
        "dctypes:Dataset dcat:Dataset",
        dcterms_title=_en("ClinicalTrials.gov"),
        dcterms_description=_en("The registry of clinical studies of the U.S. National Library of Medicine."),
        dcterms_publisher=NLM,
        dcterms_license=TERMS,
        foaf_page=CLINICAL_TRIALS,
    )
    made.say(NLM, "foaf:Organization", foaf_name=_en("U.S. National Library of Medicine"))


def _version(made: _Description) -> None:
    totals, data = made.export.totals, made.here("data")
    of = f", registry data of {_span(totals)}" if totals.last else ""
    made.say(
        data,
        "dctypes:Dataset dcat:Dataset",
        dcterms_title=_en(f"Study records of ClinicalTrials.gov{of}"),
        dcterms_description=_en(f"{totals.studies:,} study records of ClinicalTrials.gov{of}."),
        dcterms_isVersionOf=CLINICAL_TRIALS,
        dcterms_source=CLINICAL_TRIALS,
        dcterms_creator=NLM,
        dcterms_publisher=NLM,
        dcterms_license=TERMS,
        dcterms_rights=made.here("attribution"),
        dcterms_temporal=made.here("versions") if totals.last else None,
        pav_version=_literal(_span(totals)) if totals.last else None,
        dcat_distribution=made.here("distribution"),
    )
    if totals.first and totals.last:
        made.say(
            made.here("versions"),
            "dcterms:PeriodOfTime",
            rdfs_label=_en("The days of the registry data from which the records were drawn (versionHolder)"),
            dcat_startDate=_day(totals.first),
            dcat_endDate=_day(totals.last),
        )
    made.say(made.here("attribution"), "dcterms:RightsStatement", rdfs_label=_en(ATTRIBUTION))


def _span(totals: Totals) -> str:
    first, last = (_day(text or "").value for text in (totals.first, totals.last))
    return first if first == last else f"{first} to {last}"


def _distribution(made: _Description) -> None:
    export, totals = made.export, made.export.totals
    packed, syntax = _PACKED.get(compression_of(export.path.name)), _SYNTAX.get(export.format.name)
    about = f"{totals.studies:,} study records of ClinicalTrials.gov. {CHANGES}"
    if totals.withheld:
        about += f" Left out: {totals.withheld:,} e-mail addresses and telephone numbers."
    made.say(
        made.here("distribution"),
        "dctypes:Dataset void:Dataset dcat:Distribution",
        dcterms_title=_en(f"Study records of ClinicalTrials.gov as RDF: {export.path.name}"),
        dcterms_description=_en(about),
        dcterms_creator=made.here("tool"),
        dcterms_source=CLINICAL_TRIALS,
        dcterms_license=TERMS,
        dcterms_rights=made.here("attribution"),
        dcterms_conformsTo=CT.removesuffix("#"),
        dcterms_format=MEDIA_TYPES + export.format.media_type,
        pav_createdWith=made.here("tool"),
        pav_version=_literal(_span(totals)) if totals.last else None,
        prov_wasDerivedFrom=made.here("data"),
        dcat_mediaType=MEDIA_TYPES + export.format.media_type,
        dcat_compressFormat=packed and MEDIA_TYPES + packed,
        dcat_byteSize=_literal(str(export.path.stat().st_size), "nonNegativeInteger"),
        spdx_checksum=made.here("checksum"),
        void_feature=syntax and f"formats:{syntax}",
    )
    made.say(
        made.here("checksum"),
        "spdx:Checksum",
        spdx_algorithm="spdx:checksumAlgorithm_sha256",
        spdx_checksumValue=_literal(export.sha256, "hexBinary"),
    )


def _counts(made: _Description) -> None:
    counted = made.counted
    file = made.here("distribution")
    made.say(
        file,
        "",
        void_triples=_count(counted.triples),
        void_entities=_count(counted.classes[CT + "Study"]),
        void_uriRegexPattern=_literal("^" + re.escape(made.export.prefixes["study"]) + "NCT[0-9]{8}$"),
        void_distinctSubjects=_count(counted.subjects),
        void_classes=_count(len(counted.classes)),
        void_properties=_count(len(counted.properties)),
        void_exampleResource=counted.example or None,
        void_vocabulary=sorted({_vocabulary(iri) for iri in (*counted.classes, *counted.properties)}),
    )
    for iri, count in sorted(counted.classes.items()):
        made.say(file, "", void_classPartition=made.part("class", iri))
        made.say(made.part("class", iri), "", void_class=iri, void_entities=_count(count))
    for iri, count in sorted(counted.properties.items()):
        made.say(file, "", void_propertyPartition=made.part("property", iri))
        made.say(made.part("property", iri), "", void_property=iri, void_triples=_count(count))


def _schema(made: _Description) -> None:
    """The properties of the resources of each class, and the classes and datatypes of their values.

    As void-generator (https://github.com/sib-swiss/void-generator) has it, and what reads its descriptions.
    """
    for class_, properties in sorted(made.counted.partitions.items()):
        for iri, partition in sorted(properties.items()):
            name = f"{made.part('class', class_)}-{made.name('property', iri)}"
            made.say(made.part("class", class_), "", void_propertyPartition=name)
            made.say(
                name,
                "",
                void_property=iri,
                void_triples=_count(partition.triples),
                void_distinctSubjects=_count(partition.subjects),
            )
            _objects(made, name, partition)


def _objects(made: _Description, name: str, partition: Partition) -> None:
    for iri, count in sorted(partition.classes.items()):
        here = f"{name}-{made.name('class', iri)}"
        made.say(name, "", void_classPartition=here)
        made.say(here, "", void_class=iri, void_triples=_count(count))
    for iri, count in sorted(partition.datatypes.items()):
        here = f"{name}-{made.name('datatype', iri)}"
        made.say(name, "", voidext_datatypePartition=here)
        made.say(here, "", voidext_datatype=iri, void_triples=_count(count))


def _vocabulary(iri: str) -> str:
    """The namespace of a term.

    >>> _vocabulary("http://purl.org/dc/terms/title"), _vocabulary("http://www.w3.org/2004/02/skos/core#notation")
    ('http://purl.org/dc/terms/', 'http://www.w3.org/2004/02/skos/core#')
    """
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]


STEPS: tuple[Callable[[_Description], None], ...] = (_document, _registry, _version, _distribution, _counts, _schema)
"""What a description says, one after another."""


def describe(export: Export, counted: Tally | None = None) -> bytes:
    """The description of an export, in Turtle."""
    made = _Description(export, counted or counts(export))
    for step in STEPS:
        step(made)
    prefixes = {"": made.document + "#", "ct": CT, **PREFIXES}
    return ox.serialize(made.triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""
