"""The statements of the description of a dataset, under construction: IRIs, literals and prefixed names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox

from kg.export.study_index import Totals
from kg.export.tally import Tally
from kg.ontology.vocabulary import (
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
from kg.rdf.formats import Format
from kg.rdf.jsonld import compact
from kg.records.origin import Origin

PREFIXES = {
    "ct": CT,
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

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")
_Value = str | ox.Literal | None


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
    origins: tuple[Origin, ...] = ()


def iri_of(name: str) -> str:
    """Return an IRI, also of a prefixed name."""
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local if prefix in PREFIXES else name


def literal(text: str, datatype: str = "string") -> ox.Literal:
    """Return a literal with a datatype of XML Schema."""
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


def english(text: str) -> ox.Literal:
    """Return a text in English."""
    return ox.Literal(text, language="en")


def integer(number: int) -> ox.Literal:
    """Return a number as a literal."""
    return literal(str(number), "integer")


def day(text: str) -> ox.Literal:
    """Return a date as a literal of its precision: a day, a month or a year.

    >>> day("2020-02-00").value
    '2020-02'
    """
    text = text.replace("-00", "")
    return literal(text, {7: "gYearMonth", 4: "gYear"}.get(len(text), "date"))


def moment(text: str) -> ox.Literal:
    """Return a time as a literal, or as a text if it is none."""
    return literal(text, "dateTime" if _MOMENT.fullmatch(text) else "string")


class Description:
    """The statements of a description, in order."""

    def __init__(self, export: Export, tally: Tally) -> None:
        self.export, self.tally = export, tally
        self.document = f"{export.base}dataset/{export.sha256[:32]}"
        self.triples: list[ox.Triple] = []
        prefixes = {**export.prefixes, **PREFIXES}
        self._prefixes = dict(sorted(prefixes.items(), key=lambda item: -len(item[1])))

    def iri(self, name: str) -> str:
        """Return the IRI of a resource of the description."""
        return f"{self.document}#{name}"

    def add(self, subject: str, types: str, **values: _Value | list[str]) -> None:
        """Add statements about a subject: its classes, and values by property (``prefix_name``).

        A string is an IRI or a prefixed name; ``None`` adds nothing.
        """
        pairs: list[tuple[str, _Value]] = [(RDF + "type", iri_of(name)) for name in types.split()]
        for name, value in values.items():
            predicate = iri_of(name.replace("_", ":", 1))
            pairs += [(predicate, item) for item in (value if isinstance(value, list) else [value])]
        for predicate, value in pairs:
            if value is not None:
                term = ox.NamedNode(iri_of(value)) if isinstance(value, str) else value
                self.triples.append(ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term))

    def part(self, kind: str, iri: str) -> str:
        """Return the IRI of the partition of a class or a property."""
        return self.iri(self.name(kind, iri))

    def name(self, kind: str, iri: str) -> str:
        """Return the name of a partition."""
        name = compact(iri, self._prefixes)
        return f"{kind}-{quote(name.replace(':', '-', 1), safe='')}"
