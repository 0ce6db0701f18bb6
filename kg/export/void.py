"""The description of an export as a dataset, in VoID and DCAT, following the HCLS profile.

The profile (https://www.w3.org/TR/hcls-dataset/) has three levels: the registry (a summary without a version), the
exported records (a version), and the file (a distribution, with the counts). The IRIs contain the SHA-256 of the file,
so equal exports have equal descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox

from kg.export.partitions import PREFIXES, Document, add_counts, add_partitions, english, literal
from kg.export.study_index import Totals
from kg.export.tally import Statement, Tally, count_statements
from kg.ontology.vocabulary import (
    CLINICAL_TRIALS,
    CT,
)
from kg.rdf.atomic import text_of_name
from kg.rdf.compress import decompressing
from kg.rdf.formats import Format, compression_of

TERMS = CLINICAL_TRIALS + "about-site/terms-conditions"
NLM = "https://www.nlm.nih.gov/"
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
PROJECT = "https://github.com/trialkg/trialkg"
PROFILE = "https://www.w3.org/TR/hcls-dataset/"

_SYNTAX = {
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "nquads": "N-Quads",
    "trig": "TriG",
    "jsonld": "JSON-LD",
    "rdfxml": "RDF_XML",
}
_COMPRESSED = {".gz": "application/gzip", ".zst": "application/zstd"}


ATTRIBUTION = (
    "Source: ClinicalTrials.gov, U.S. National Library of Medicine, which neither made nor endorses this file. "
    "Records change: the present ones are at ClinicalTrials.gov."
)
CHANGES = (
    "They were put into another form: their fields are properties of the Trial Knowledge Graph ontology, their dates, "
    "codes and identifiers are typed and linked, their parts are named."
)
"""The terms of use require the source, the date of the data, and a note of the changes."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export to describe: the file, and the settings and totals of the run that wrote it."""

    path: Path
    format: Format
    prefixes: Mapping[str, str]
    base: str
    totals: Totals
    sha256: str
    tool: str


def _statements(export: Export) -> Iterator[Statement]:
    """Yield subject, predicate and object of each statement, as written in N-Triples."""
    compression = export.format.compression or compression_of(export.path.name)
    with export.path.open("rb") as file, decompressing(file, compression) as stream:
        plain = BufferedReader(cast("Any", stream), 1 << 20)
        if export.format.name in ("ntriples", "nquads", "parquet"):
            end = b" <" if export.format.graphs else b" ."
            lines = (line[: line.rindex(end)] for line in plain)
        else:
            syntax = ox.RdfFormat.from_media_type(export.format.media_type)
            lines = (str(quad.triple).encode() for quad in ox.parse(plain, format=syntax))
        for line in lines:
            subject, predicate, value = line.split(b" ", 2)
            yield subject, predicate, value


def counts(export: Export) -> Tally:
    """Count the contents of the file."""
    study_prefixes, shared_prefixes = (
        tuple(f"<{export.prefixes[name]}".encode() for name in names)
        for names in (("study", "record", "part"), ("org", "country", "branch", "mesh", "code", "registry"))
    )
    return count_statements(_statements(export), study_prefixes, shared_prefixes)


def _day(text: str) -> ox.Literal:
    """Return a date as a literal of its precision: a day, a month or a year.

    >>> _day("2020-02-00").value
    '2020-02'
    """
    text = text.replace("-00", "")
    return literal(text, {7: "gYearMonth", 4: "gYear"}.get(len(text), "date"))


class _Description(Document):
    """The description of an export."""

    def __init__(self, export: Export, tally: Tally) -> None:
        super().__init__(f"{export.base}dataset/{export.sha256[:32]}", export.prefixes)
        self.export, self.tally = export, tally


def _document(out: _Description) -> None:
    out.add(
        out.document,
        "void:DatasetDescription foaf:Document",
        dcterms_title=english(f"Description of {text_of_name(out.export.path.name)}"),
        dcterms_conformsTo=PROFILE,
        pav_createdWith=out.iri("tool"),
        foaf_primaryTopic=out.iri("distribution"),
        foaf_topic=[out.iri("data"), CLINICAL_TRIALS],
    )
    out.add(out.iri("tool"), "prov:SoftwareAgent", rdfs_label=literal(out.export.tool), foaf_page=PROJECT)


def _registry(out: _Description) -> None:
    out.add(
        CLINICAL_TRIALS,
        "dctypes:Dataset dcat:Dataset",
        dcterms_title=english("ClinicalTrials.gov"),
        dcterms_description=english("The registry of clinical studies of the U.S. National Library of Medicine."),
        dcterms_publisher=NLM,
        dcterms_license=TERMS,
        foaf_page=CLINICAL_TRIALS,
    )
    out.add(NLM, "foaf:Organization", foaf_name=english("U.S. National Library of Medicine"))


def _version(out: _Description) -> None:
    totals, data = out.export.totals, out.iri("data")
    dated = f", registry data of {_span(totals)}" if totals.last else ""
    out.add(
        data,
        "dctypes:Dataset dcat:Dataset",
        dcterms_title=english(f"Study records of ClinicalTrials.gov{dated}"),
        dcterms_description=english(f"{totals.studies:,} study records of ClinicalTrials.gov{dated}."),
        dcterms_isVersionOf=CLINICAL_TRIALS,
        dcterms_source=CLINICAL_TRIALS,
        dcterms_creator=NLM,
        dcterms_publisher=NLM,
        dcterms_license=TERMS,
        dcterms_rights=out.iri("attribution"),
        dcterms_temporal=out.iri("versions") if totals.last else None,
        pav_version=literal(_span(totals)) if totals.last else None,
        dcat_distribution=out.iri("distribution"),
    )
    if totals.first and totals.last:
        out.add(
            out.iri("versions"),
            "dcterms:PeriodOfTime",
            rdfs_label=english("The days of the registry data from which the records were drawn (versionHolder)"),
            dcat_startDate=_day(totals.first),
            dcat_endDate=_day(totals.last),
        )
    out.add(out.iri("attribution"), "dcterms:RightsStatement", rdfs_label=english(ATTRIBUTION))


def _span(totals: Totals) -> str:
    first, last = (_day(text or "").value for text in (totals.first, totals.last))
    return first if first == last else f"{first} to {last}"


def _distribution(out: _Description) -> None:
    export, totals = out.export, out.export.totals
    compressed, syntax = _COMPRESSED.get(compression_of(export.path.name)), _SYNTAX.get(export.format.name)
    about = f"{totals.studies:,} study records of ClinicalTrials.gov. {CHANGES}"
    if totals.withheld:
        about += f" Left out: {totals.withheld:,} e-mail addresses and telephone numbers."
    if totals.masked:
        about += f" Masked: {totals.masked:,} e-mail addresses in texts."
    out.add(
        out.iri("distribution"),
        "dctypes:Dataset void:Dataset dcat:Distribution",
        dcterms_title=english(f"Study records of ClinicalTrials.gov as RDF: {text_of_name(export.path.name)}"),
        dcterms_description=english(about),
        dcterms_creator=out.iri("tool"),
        dcterms_source=CLINICAL_TRIALS,
        dcterms_license=TERMS,
        dcterms_rights=out.iri("attribution"),
        dcterms_conformsTo=CT.removesuffix("#"),
        dcterms_format=MEDIA_TYPES + export.format.media_type,
        pav_createdWith=out.iri("tool"),
        pav_version=literal(_span(totals)) if totals.last else None,
        prov_wasDerivedFrom=out.iri("data"),
        dcat_mediaType=MEDIA_TYPES + export.format.media_type,
        dcat_compressFormat=compressed and MEDIA_TYPES + compressed,
        dcat_byteSize=literal(str(export.path.stat().st_size), "nonNegativeInteger"),
        spdx_checksum=out.iri("checksum"),
        void_feature=syntax and f"formats:{syntax}",
    )
    out.add(
        out.iri("checksum"),
        "spdx:Checksum",
        spdx_algorithm="spdx:checksumAlgorithm_sha256",
        spdx_checksumValue=literal(export.sha256, "hexBinary"),
    )


def _counts(out: _Description) -> None:
    add_counts(out, out.iri("distribution"), out.tally, out.export.prefixes["study"])


def _schema(out: _Description) -> None:
    add_partitions(out, out.tally)


STEPS: tuple[Callable[[_Description], None], ...] = (_document, _registry, _version, _distribution, _counts, _schema)
"""The sections of a description, in order."""


def describe(export: Export, tally: Tally | None = None) -> bytes:
    """Describe an export in Turtle."""
    out = _Description(export, tally or counts(export))
    for step in STEPS:
        step(out)
    prefixes = {"": out.document + "#", "ct": CT, **PREFIXES}
    return ox.serialize(out.triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""
