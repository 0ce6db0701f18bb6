"""The way back: records of API v2 out of a graph, by walking the plan from the properties to the JSON paths.

What the graph says in one place only is read from there: values from their properties, the order of parts from
``ct:position``, of shared resources from ``ct:asListed``, and what no shape reads from ``ct:unmapped``.
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
from kg.export.run import namespace
from kg.mapping import derived
from kg.mapping.json_tree import at, overlay, put
from kg.mapping.plan import LISTED, POSITION, ROOT, UNMAPPED, Entity, Field, Plan, Role, shipped_plan
from kg.ontology.model import SLOT
from kg.ontology.vocabulary import BASE, RDF, XSD
from kg.rdf.atomic import check_outputs, writing
from kg.rdf.parse import Graph, Properties, Term, graphs
from kg.rdf.syntax import Style
from kg.store.dataset import statements

PAGE = "pageHeader"
"""The facts of a saved page stand beside the record and are no part of it."""


def _raise(error: InputError) -> None:
    raise error


def restore(names: Iterable[str], output: str, *, base: str = BASE, reject: Reject = _raise) -> int:
    """Writes the records of some graphs as JSON Lines, ``-`` for standard output; gives their number.

    A study whose statements make no record goes to ``reject``, which by default raises it.

    Raises :class:`~kg.errors.UsageError`, :class:`~kg.errors.SourceError` and :class:`~kg.errors.OutputError`.
    """
    given, count, base = list(names), 0, namespace(base)
    check_outputs(given, [output])
    with writing(output) as file:
        for record in Restorer(statements(given), base=base, reject=reject):
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


class Restorer:
    """Rebuilds records from statements; ``base`` is the one that the export was given.

    >>> from kg.export.exporter import Exporter
    >>> record = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"}}}
    >>> lines = ox.parse(Exporter()(record).data, format=ox.RdfFormat.N_TRIPLES)
    >>> list(Restorer(lines)) == [record]
    True
    """

    def __init__(
        self, found: Iterable[ox.Quad], plan: Plan | None = None, *, base: str = BASE, reject: Reject = _raise
    ) -> None:
        self._reject = reject
        self._graphs = graphs(found)
        self._graph = Graph()
        self._all_graphs = ChainMap(*self._graphs.values())
        self._plan = plan or shipped_plan()
        self._style = Style(base=base)
        codes = self._plan.ontology.schemes.values()
        self._notations = {concept.iri: concept.notation for scheme in codes for concept in scheme.values()}
        self._labels = {concept.iri: concept.label for scheme in codes for concept in scheme.values()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The records, by NCT number."""
        studies = {
            iri: graph
            for graph in self._graphs.values()
            for iri, said in graph.items()
            if any(term.value == ROOT for term in said.get(RDF + "type", ()) if isinstance(term, ox.NamedNode))
        }
        for iri in sorted(studies):
            try:
                record = self._record(studies[iri], iri)
                orjson.dumps(record)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                why = f"its statements make no record ({type(error).__name__}: {error})"
                self._reject(RecordError(why, study=iri.rpartition("/")[2]))
            else:
                yield record

    def _record(self, graph: Graph, iri: str) -> dict[str, Any]:
        self._graph = graph
        said = graph[iri]
        self._listed: dict[str, Any] = _json(said, LISTED)
        record: dict[str, Any] = overlay(self._node(self._plan.study, said), _json(said, UNMAPPED))
        record.pop(PAGE, None)
        return record

    def _properties(self, iri: str) -> Properties:
        return self._graph.get(iri, {})

    def _node(self, entity: Entity, said: Properties, key: str | None = None) -> dict[str, Any]:
        """The JSON of a node; ``key`` is the one in its IRI."""
        made: dict[str, Any] = {}
        for known in entity.fields:
            terms = said.get(known.shape.path)
            if terms and not known.is_derived:
                value = self._many(known, terms) if known.many else self._one(known, terms[0])
                if value is not None:
                    put(made, known.keys, value)
        if key is not None and entity.template is not None and entity.template.keys:
            put(made, entity.template.keys, key)
        return made

    def _one(self, known: Field, term: Term) -> Any:
        if known.role is Role.NODE and isinstance(term, ox.NamedNode):
            entity = self._plan.target(known)
            if entity.is_text or entity.is_part or not known.keys:
                return None if entity.is_text else self._node(entity, self._properties(term.value))
            return self._shared(entity, self._listed.get(known.local), [term.value], many=False)[0]
        return self._value(known, term)

    def _many(self, known: Field, terms: list[Term]) -> list[Any] | None:
        if known.role is not Role.NODE:
            return list(dict.fromkeys(self._value(known, term) for term in terms))
        entity = self._plan.target(known)
        if entity.is_text:
            return None  # the field that keeps the text reads the same path
        iris = [term.value for term in terms if isinstance(term, ox.NamedNode)]
        if entity.is_part:
            return self._parts(entity, iris)
        return self._shared(entity, self._listed.get(known.local), iris)

    def _parts(self, entity: Entity, iris: list[str]) -> list[Any]:
        """Parts in their places; a place whose element the graph does not have stays empty."""
        placed: dict[int, Any] = {}
        for iri in iris:
            said = self._properties(iri)
            place = _position(said) or max(placed, default=0) + 1
            placed[place] = self._node(entity, said)
        return [placed.get(place, {}) for place in range(1, max(placed, default=0) + 1)]

    def _shared(self, entity: Entity, listed: Any, iris: list[str], *, many: bool = True) -> list[Any]:
        """Shared resources as the record lists them, or as the graph describes them where it links others."""
        nodes = (listed if isinstance(listed, list) else []) if many else [listed]
        if {self._iri(entity, node) for node in nodes} - {None} == {*iris}:
            return [node if isinstance(node, dict) else {} for node in nodes]
        return [self._node(entity, self._all_graphs.get(iri, {}), self._key(entity, iri)) for iri in iris]

    def _iri(self, entity: Entity, node: Any) -> str | None:
        """The IRI of a shared resource by its JSON."""
        assert entity.template is not None
        key = at(node, entity.template.keys or ())
        local = derived.KEYS.get(entity.shape.iri, derived.plain_key)(key)
        return None if local is None else self._style.rebased(entity.template.before) + local + entity.template.after

    def _key(self, entity: Entity, iri: str) -> str:
        """The key in the IRI of a shared resource."""
        assert entity.template is not None
        before, after = self._style.rebased(entity.template.before), entity.template.after
        return unquote(iri.removeprefix(before).removesuffix(after).replace("_", " "))

    def _value(self, known: Field, term: Term) -> Any:
        if isinstance(term, ox.Literal):
            good = known.kind is not None and term.datatype.value != XSD + "string"
            return known.kind.restore(term.value) if known.kind and good else term.value
        iri = term.value  # type: ignore[union-attr]  # the export has no triple terms
        if known.role is Role.CODE:
            return (self._labels if known.shape.known_by else self._notations).get(iri, iri)
        if known.role is Role.REFERENCE:
            return self._name(self._plan.target(known), iri)
        before, _, after = (known.shape.template or "{.}").partition("{.}")
        return iri.removeprefix(self._style.rebased(before)).removesuffix(after)

    def _name(self, entity: Entity, iri: str) -> str:
        """The name by which records refer to a node."""
        said = self._properties(iri)
        by_key = {known.keys: known for known in entity.fields if known.role is not Role.DERIVED}

        def slot(match: re.Match[str]) -> str:
            known = by_key[tuple(match[1].split("."))]
            term: Any = said[known.shape.path][0]
            return str(self._labels.get(term.value, term.value))

        return SLOT.sub(slot, entity.known_by or "")


MOST_PARTS = 1_000_000
"""The furthest place of a part that is believed."""


def _position(said: Properties) -> int | None:
    """The place of a part, ``None`` where the graph tells none that can be."""
    for term in said.get(POSITION, ()):
        if isinstance(term, ox.Literal) and term.value.isdecimal() and 0 < int(term.value[:9]) <= MOST_PARTS:
            return int(term.value[:9])
    return None


def _json(said: Properties, predicate: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for term in said.get(predicate, ()):
        found |= orjson.loads(term.value)  # type: ignore[union-attr]  # a literal
    return found
