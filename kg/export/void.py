"""The description of an export as a dataset, in VoID and DCAT, following the HCLS profile.

The profile (https://www.w3.org/TR/hcls-dataset/) has three levels: the registry (a summary without a version), the
exported records (a version), and the file (a distribution, with the counts). The IRIs contain the SHA-256 of the file,
so equal exports have equal descriptions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import Any, cast

import pyoxigraph as ox

from kg.export.description import Description, Export, day, moment
from kg.export.partitions import PREFIXES, add_counts, add_partitions, english, literal
from kg.export.study_index import Totals
from kg.export.tally import Statement, Tally, count_statements
from kg.mapping.sections import listing
from kg.ontology.vocabulary import CLINICAL_TRIALS, CT, RDF
from kg.rdf.atomic import text_of_name
from kg.rdf.compress import decompressing
from kg.rdf.formats import compression_of

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


def _document(out: Description) -> None:
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


def _registry(out: Description) -> None:
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


def _version(out: Description) -> None:
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
        prov_wasDerivedFrom=[out.iri(f"retrieval-{i}") for i in range(1, len(out.export.origins) + 1)],
    )
    if totals.first and totals.last:
        out.add(
            out.iri("versions"),
            "dcterms:PeriodOfTime",
            rdfs_label=english("The days of the registry data from which the records were drawn (versionHolder)"),
            dcat_startDate=day(totals.first),
            dcat_endDate=day(totals.last),
        )
    out.add(out.iri("attribution"), "dcterms:RightsStatement", rdfs_label=english(ATTRIBUTION))


def _span(totals: Totals) -> str:
    first, last = (day(text or "").value for text in (totals.first, totals.last))
    return first if first == last else f"{first} to {last}"


def _distribution(out: Description) -> None:
    export, totals = out.export, out.export.totals
    compressed, syntax = _COMPRESSED.get(compression_of(export.path.name)), _SYNTAX.get(export.format.name)
    about = f"{totals.studies:,} study records of ClinicalTrials.gov. {CHANGES}"
    if totals.withheld:
        about += f" Left out: {totals.withheld:,} e-mail addresses and telephone numbers."
    if totals.masked:
        about += f" Masked: {totals.masked:,} e-mail addresses in texts."
    if export.without:
        about += f" Left out by choice: {listing(export.without)}."
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
    for name in export.without:
        out.add(out.iri("distribution"), "void:Dataset", ct_leftOut=literal(name))
    out.add(
        out.iri("checksum"),
        "spdx:Checksum",
        spdx_algorithm="spdx:checksumAlgorithm_sha256",
        spdx_checksumValue=literal(export.sha256, "hexBinary"),
    )


def _counts(out: Description) -> None:
    add_counts(out, out.iri("distribution"), out.tally, out.export.prefixes["study"])


def _schema(out: Description) -> None:
    add_partitions(out, out.tally)


def _origins(out: Description) -> None:
    """Add what was fetched from the registry: what was requested, when, by what, and the data version."""
    for i, origin in enumerate(out.export.origins, 1):
        retrieval, activity, tool = (out.iri(f"{name}-{i}") for name in ("retrieval", "fetch", "fetch-tool"))
        out.add(
            retrieval,
            "ct:RegistryCopy prov:Entity",
            dcterms_description=english(
                f"{origin.studies:,} of {origin.total:,} study records that match the selection."
            ),
            prov_wasDerivedFrom=origin.api,
            prov_wasGeneratedBy=activity,
            pav_retrievedFrom=[*origin.urls],
            pav_retrievedOn=moment(origin.finished),
            ct_selection=ox.Literal(json.dumps(origin.selection, sort_keys=True), datatype=ox.NamedNode(RDF + "JSON")),
            ct_dataVersion=moment(origin.data_version),
            ct_apiVersion=literal(origin.api_version),
            ct_includesContacts=literal(str(origin.contacts).lower(), "boolean"),
        )
        out.add(
            activity,
            "prov:Activity",
            prov_used=origin.api,
            prov_startedAtTime=moment(origin.started),
            prov_endedAtTime=moment(origin.finished),
            prov_wasAssociatedWith=tool,
        )
        out.add(tool, "prov:SoftwareAgent", rdfs_label=literal(origin.tool), foaf_page=PROJECT)


STEPS: tuple[Callable[[Description], None], ...] = (
    *(_document, _registry, _version, _origins, _distribution, _counts, _schema),
)
"""The sections of a description, in order."""


def describe(export: Export, tally: Tally | None = None) -> bytes:
    """Describe an export in Turtle."""
    out = Description(export, tally or counts(export))
    for step in STEPS:
        step(out)
    prefixes = {"": out.document + "#", **PREFIXES}
    return ox.serialize(out.triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""
