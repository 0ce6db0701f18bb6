"""Rebuild records in the format of API v2 from a graph, by following the plan from properties to JSON paths.

Values come from their properties, the order of parts from ``ct:position``, shared resources from ``ct:asListed``, and
unmapped values from ``ct:unmapped``.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

import orjson
import pyoxigraph as ox

from kg._types import Reject
from kg.errors import InputError, RecordError
from kg.mapping import derived
from kg.mapping.json_tree import at, overlay, put
from kg.mapping.plan import LEFT_OUT, LISTED, POSITION, UNMAPPED, Entity, Field, Plan, Role, shipped_plan
from kg.mapping.sections import listing
from kg.ontology.model import SLOT, Term
from kg.ontology.vocabulary import BASE, XSD
from kg.rdf.syntax import Style
from kg.restore.study_graph import Properties, Resources, by_graph, study_iris, texts

PAGE = "pageHeader"
"""The key with the header of a saved page, which is not part of the record."""


def raise_error(error: InputError) -> None:
    """Raise an error of a study."""
    raise error


class Restorer:
    """Rebuilds records from statements; ``base`` is the base IRI of the export.

    >>> from kg.export.exporter import Exporter
    >>> record = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"}}}
    >>> lines = ox.parse(Exporter()(record).data, format=ox.RdfFormat.N_TRIPLES)
    >>> list(Restorer(lines)) == [record]
    True
    """

    def __init__(
        self, quads: Iterable[ox.Quad] = (), plan: Plan | None = None, *, base: str = BASE, reject: Reject = raise_error
    ) -> None:
        self._reject = reject
        self._graphs = by_graph(quads)
        self._graph: Resources = {}
        self._others: Resources = {}
        self._plan = plan or shipped_plan()
        self._style = Style(base=base)
        codes = self._plan.ontology.schemes.values()
        self._notations = {concept.iri: concept.notation for scheme in codes for concept in scheme.values()}
        self._labels = {concept.iri: concept.label for scheme in codes for concept in scheme.values()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the records by NCT number."""
        studies = {iri: graph for graph in self._graphs.values() for iri in study_iris(graph)}
        others = ChainMap(*self._graphs.values())
        for iri in sorted(studies):
            try:
                yield self.record(iri, studies[iri], others)
            except RecordError as error:
                self._reject(error)

    def record(self, iri: str, graph: Resources, others: Resources) -> dict[str, Any]:
        """Return the record of a study in a graph, with shared resources from others if the graph changed.

        Raises :class:`~kg.errors.RecordError` if it cannot be restored.
        """
        self._graph, self._others = graph, others
        if sections := texts(graph[iri], LEFT_OUT):
            problem = f"has no {listing(sections)}, left out by choice, so its record cannot be restored"
            raise RecordError(problem, study=iri.rpartition("/")[2])
        try:
            properties = graph[iri]
            self._listed: dict[str, Any] = _json(properties, LISTED)
            record: dict[str, Any] = overlay(self._node(self._plan.study, properties), _json(properties, UNMAPPED))
            record.pop(PAGE, None)
            orjson.dumps(record)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"the record cannot be restored ({type(error).__name__}: {error})"
            raise RecordError(problem, study=iri.rpartition("/")[2]) from error
        return record

    def _properties(self, iri: str) -> Properties:
        return self._graph.get(iri, {})

    def _node(self, entity: Entity, properties: Properties, key: str | None = None) -> dict[str, Any]:
        """Return the JSON of a node; ``key`` is the key in its IRI."""
        node: dict[str, Any] = {}
        for field in entity.fields:
            terms = properties.get(field.shape.path)
            if terms and not field.is_derived:
                value = self._many(field, terms) if field.many else self._one(field, terms[0])
                if value is not None:
                    put(node, field.keys, value)
        if key is not None and entity.template is not None and entity.template.keys:
            put(node, entity.template.keys, key)
        return node

    def _one(self, field: Field, term: Term) -> Any:
        if field.role is Role.NODE and isinstance(term, ox.NamedNode):
            entity = self._plan.target(field)
            if entity.is_text or entity.is_part or not field.keys:
                return None if entity.is_text else self._node(entity, self._properties(term.value))
            return self._shared(entity, self._listed.get(field.local), [term.value], many=False)[0]
        return self._value(field, term)

    def _many(self, field: Field, terms: list[Term]) -> list[Any] | None:
        if field.role is not Role.NODE:
            return list(dict.fromkeys(self._value(field, term) for term in terms))
        entity = self._plan.target(field)
        if entity.is_text:
            return None  # the field with the text has the same path
        iris = [term.value for term in terms if isinstance(term, ox.NamedNode)]
        if entity.is_part:
            return self._parts(entity, iris)
        return self._shared(entity, self._listed.get(field.local), iris)

    def _parts(self, entity: Entity, iris: list[str]) -> list[Any]:
        """Return parts in order; positions without a part in the graph are empty objects."""
        parts: dict[int, Any] = {}
        for iri in iris:
            properties = self._properties(iri)
            position = _position(properties) or max(parts, default=0) + 1
            parts[position] = self._node(entity, properties)
        return [parts.get(position, {}) for position in range(1, max(parts, default=0) + 1)]

    def _shared(self, entity: Entity, listed: Any, iris: list[str], *, many: bool = True) -> list[Any]:
        """Return shared resources as listed in the record or, if the links in the graph differ, as described there."""
        nodes = (listed if isinstance(listed, list) else []) if many else [listed]
        if {self._iri(entity, node) for node in nodes} - {None} == {*iris}:
            return [node if isinstance(node, dict) else {} for node in nodes]
        return [self._node(entity, self._others.get(iri, {}), self._key(entity, iri)) for iri in iris]

    def _iri(self, entity: Entity, node: Any) -> str | None:
        """Return the IRI of a shared resource in JSON."""
        assert entity.template is not None
        key = at(node, entity.template.keys or ())
        local = derived.KEYS.get(entity.shape.iri, derived.plain_key)(key)
        return None if local is None else self._style.rebased(entity.template.before) + local + entity.template.after

    def _key(self, entity: Entity, iri: str) -> str:
        """Return the key in the IRI of a shared resource."""
        assert entity.template is not None
        before, after = self._style.rebased(entity.template.before), entity.template.after
        return unquote(iri.removeprefix(before).removesuffix(after).replace("_", " "))

    def _value(self, field: Field, term: Term) -> Any:
        if isinstance(term, ox.Literal):
            typed = term.datatype.value != XSD + "string"
            return field.kind.restore(term.value) if field.kind is not None and typed else term.value
        iri = term.value  # type: ignore[union-attr]  # exports have no triple terms
        if field.role is Role.CODE:
            return (self._labels if field.shape.known_by else self._notations).get(iri, iri)
        if field.role is Role.REFERENCE:
            return self._name(self._plan.target(field), iri)
        before, _, after = (field.shape.template or "{.}").partition("{.}")
        return iri.removeprefix(self._style.rebased(before)).removesuffix(after)

    def _name(self, entity: Entity, iri: str) -> str:
        """Return the name by which records refer to a node."""
        properties = self._properties(iri)
        by_key = {field.keys: field for field in entity.fields if field.role is not Role.DERIVED}

        def slot(match: re.Match[str]) -> str:
            field = by_key[tuple(match[1].split("."))]
            term: Any = properties[field.shape.path][0]
            return str(self._labels.get(term.value, term.value))

        return SLOT.sub(slot, entity.known_by or "")


MAX_POSITION = 1_000_000
"""Larger positions of parts are ignored."""


def _position(properties: Properties) -> int | None:
    """Return the position of a part, ``None`` if it is missing or invalid."""
    for term in properties.get(POSITION, ()):
        if isinstance(term, ox.Literal) and term.value.isdecimal() and 0 < int(term.value[:9]) <= MAX_POSITION:
            return int(term.value[:9])
    return None


def _json(properties: Properties, predicate: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for term in properties.get(predicate, ()):
        merged |= orjson.loads(term.value)  # type: ignore[union-attr]  # a literal
    return merged
