"""Output of changes: JSON Lines, or RDF with ``ct:Change`` and PROV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox

from kg.errors import ABSENT, UsageError
from kg.ontology.vocabulary import CHANGE, CT, PROV, RDF, RDFS, RECORD, STUDY, XSD
from kg.rdf.atomic import writing
from kg.rdf.compress import PARQUET
from kg.rdf.formats import format_of
from kg.registry.changes import CHANGED, GONE, NEW, REDERIVED, Change, json_line
from kg.store.dataset import is_rdf
from kg.store.registry_state import moment

_CLASSES = {NEW: "Addition", CHANGED: "Revision", REDERIVED: "Rederivation", GONE: "Removal"}
_PREFIXES = {
    "ct": CT,
    "change": CHANGE,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "record": RECORD,
    "study": STUDY,
    "xsd": XSD,
}


def check_format(name: str) -> None:
    """Raise :class:`~kg.errors.UsageError` for an output in a format that changes are not written in."""
    if is_rdf(name) and format_of(name).name == PARQUET.removeprefix("."):
        raise UsageError(f"{name}: changes are written as JSON Lines or as text of RDF such as .ttl, not as Parquet.")


def write_changes(name: str, changes: Iterable[Change]) -> None:
    """Write changes to a file, atomically; as RDF if its extension is one of RDF, else as JSON Lines.

    Raises :class:`~kg.errors.OutputError` where it cannot be written.
    """
    with writing(name) as file:
        if is_rdf(name):
            syntax = ox.RdfFormat.from_media_type(format_of(name).media_type)
            assert syntax is not None, "the format was checked"
            ox.serialize(statements(changes), file, format=syntax, prefixes=_PREFIXES)
            return
        for change in changes:
            file.write(json_line(change.as_dict()))


def statements(changes: Iterable[Change]) -> Iterator[ox.Triple]:
    """Yield the statements of changes; a study's second change of one data version has a number in its IRI."""
    numbers: dict[str, int] = {}
    for change in changes:
        name = f"{CHANGE}{change.study}-{quote(change.data_version, safe=':')}"
        number = numbers[name] = numbers.get(name, 0) + 1
        yield from _described(change, name if number == 1 else f"{name}-{number}")


def _described(change: Change, name: str) -> Iterator[ox.Triple]:
    subject = ox.NamedNode(name)
    event = "invalidated" if change.kind == GONE else "generated"
    yield ox.Triple(subject, ox.NamedNode(RDF + "type"), ox.NamedNode(CT + "Change"))
    yield ox.Triple(subject, ox.NamedNode(RDF + "type"), ox.NamedNode(CT + _CLASSES[change.kind]))
    yield ox.Triple(subject, ox.NamedNode(RDFS + "label"), ox.Literal(f"{change.kind}: {change.title}"))
    yield ox.Triple(subject, ox.NamedNode(CT + "changeOf"), ox.NamedNode(STUDY + change.study))
    yield ox.Triple(subject, ox.NamedNode(PROV + event), ox.NamedNode(RECORD + change.study))
    yield ox.Triple(subject, ox.NamedNode(CT + "dataVersion"), moment(change.data_version))
    for number, value in enumerate(change.values, 1):
        part = ox.NamedNode(f"{name}-value-{number}")
        yield ox.Triple(subject, ox.NamedNode(CT + "valueChange"), part)
        yield ox.Triple(part, ox.NamedNode(RDF + "type"), ox.NamedNode(CT + "ValueChange"))
        yield ox.Triple(part, ox.NamedNode(CT + "changedPath"), ox.Literal(value.path))
        for side, content in (("oldValue", value.old), ("newValue", value.new)):
            if content is not ABSENT:
                yield ox.Triple(part, ox.NamedNode(CT + side), _literal(content))


def _literal(value: Any) -> ox.Literal:
    """Return a JSON value as a literal: a text, a truth value or a number as such, anything else as JSON.

    >>> str(_literal(True)), str(_literal("a")), str(_literal(None))
    ('"true"^^<http://www.w3.org/2001/XMLSchema#boolean>', '"a"', '"null"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>')
    """
    if isinstance(value, str):
        return ox.Literal(value)
    if isinstance(value, bool | int | float):
        return ox.Literal(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return ox.Literal(text, datatype=ox.NamedNode(RDF + "JSON"))
