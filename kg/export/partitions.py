"""Documents about datasets in VoID: counts of a dataset, and its partitions by class and property.

The form of the partitions is that of void-generator (https://github.com/sib-swiss/void-generator), which other tools
read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import pyoxigraph as ox

from kg.export.tally import Partition, Tally
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
from kg.rdf.jsonld import compact

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
Value = str | ox.Literal | None
"""An IRI or a prefixed name, a literal, or ``None`` for no statement."""


def literal(text: str, datatype: str = "string") -> ox.Literal:
    """Return a literal with a datatype of XML Schema."""
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


def english(text: str) -> ox.Literal:
    """Return a text in English."""
    return ox.Literal(text, language="en")


def number(count: int) -> ox.Literal:
    """Return an ``xsd:integer``."""
    return literal(str(count), "integer")


class Document:
    """A document with an IRI, and its statements in order.

    ``prefixes`` are those of the terms that the statements use, in addition to :data:`PREFIXES`.
    """

    def __init__(self, document: str, prefixes: Mapping[str, str]) -> None:
        self.document = document
        self.triples: list[ox.Triple] = []
        self.prefixes = {**prefixes, **PREFIXES}
        self._longest_first = dict(sorted(self.prefixes.items(), key=lambda item: -len(item[1])))

    def iri(self, name: str) -> str:
        """Return the IRI of a resource of the document."""
        return f"{self.document}#{name}"

    def add(self, subject: str, types: str, **values: Value | list[str]) -> None:
        """Add statements about a subject: its classes, and values by property (``prefix_name``).

        A string is an IRI or a prefixed name; ``None`` adds nothing.
        """
        pairs: list[tuple[str, Value]] = [(RDF + "type", self._expand(name)) for name in types.split()]
        for name, value in values.items():
            predicate = self._expand(name.replace("_", ":", 1))
            pairs += [(predicate, item) for item in (value if isinstance(value, list) else [value])]
        for predicate, value in pairs:
            if value is not None:
                term = ox.NamedNode(self._expand(value)) if isinstance(value, str) else value
                self.triples.append(ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term))

    def _expand(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return self.prefixes[prefix] + local if prefix in self.prefixes else name

    def part(self, kind: str, iri: str) -> str:
        """Return the IRI of the partition of a class or a property."""
        return self.iri(self.name(kind, iri))

    def name(self, kind: str, iri: str) -> str:
        """Return the name of a partition."""
        name = compact(iri, self._longest_first)
        return f"{kind}-{quote(name.replace(':', '-', 1), safe='')}"


def add_counts(out: Document, dataset: str, tally: Tally, studies: str) -> None:
    """Add the counts of a dataset, also by class and by property; ``studies`` is the namespace of its studies."""
    out.add(
        dataset,
        "",
        void_triples=number(tally.triples),
        void_entities=number(tally.classes[CT + "Study"]),
        void_uriRegexPattern=literal("^" + re.escape(studies) + "NCT[0-9]{8}$"),
        void_distinctSubjects=number(tally.subjects),
        void_classes=number(len(tally.classes)),
        void_properties=number(len(tally.properties)),
        void_exampleResource=tally.example or None,
        void_vocabulary=sorted({_vocabulary(iri) for iri in (*tally.classes, *tally.properties)}),
    )
    for iri, count in sorted(tally.classes.items()):
        out.add(dataset, "", void_classPartition=out.part("class", iri))
        out.add(out.part("class", iri), "", void_class=iri, void_entities=number(count))
    for iri, count in sorted(tally.properties.items()):
        out.add(dataset, "", void_propertyPartition=out.part("property", iri))
        out.add(out.part("property", iri), "", void_property=iri, void_triples=number(count))


def add_partitions(out: Document, tally: Tally) -> None:
    """Add the properties of the resources of each class, and the classes and datatypes of their values."""
    for class_, properties in sorted(tally.partitions.items()):
        for iri, partition in sorted(properties.items()):
            name = f"{out.part('class', class_)}-{out.name('property', iri)}"
            out.add(out.part("class", class_), "", void_propertyPartition=name)
            out.add(
                name,
                "",
                void_property=iri,
                void_triples=number(partition.triples),
                void_distinctSubjects=number(partition.subjects),
            )
            _objects(out, name, partition)


def _objects(out: Document, name: str, partition: Partition) -> None:
    for iri, count in sorted(partition.classes.items()):
        part = f"{name}-{out.name('class', iri)}"
        out.add(name, "", void_classPartition=part)
        out.add(part, "", void_class=iri, void_triples=number(count))
    for iri, count in sorted(partition.datatypes.items()):
        part = f"{name}-{out.name('datatype', iri)}"
        out.add(name, "", voidext_datatypePartition=part)
        out.add(part, "", voidext_datatype=iri, void_triples=number(count))


def _vocabulary(iri: str) -> str:
    """Return the namespace of a term.

    >>> _vocabulary("http://purl.org/dc/terms/title"), _vocabulary("http://www.w3.org/2004/02/skos/core#notation")
    ('http://purl.org/dc/terms/', 'http://www.w3.org/2004/02/skos/core#')
    """
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]
