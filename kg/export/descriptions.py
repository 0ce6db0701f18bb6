"""Descriptions of shared resources, restored from the graph of a study.

The graph of a study keeps its shared resources as the record lists them (``ct:asListed``), and the names of countries
in addition to the links to them, so the shared graph follows from the study graphs alone. A name without a link comes
from an invalid value and describes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

import orjson

from kg.export.interpreter import Interpreter
from kg.export.shared_resources import description, resource
from kg.mapping.plan import LISTED, Entity, Plan, Role, shipped_plan
from kg.ontology.vocabulary import BASE
from kg.rdf.syntax import Style


class Describer:
    """Restores descriptions in N-Triples.

    >>> describer = Describer()
    >>> name = ("https://w3id.org/trialkg/ontology#countryName", "France")
    >>> [country] = describer.of([name, ("https://w3id.org/trialkg/ontology#country", BASE + "country/FR")])
    >>> country.split(b"\\0")[0], describer.of([name])
    (b'<https://w3id.org/trialkg/country/FR>', ())
    """

    def __init__(self, plan: Plan | None = None, base: str = BASE) -> None:
        self._plan = plan or shipped_plan()
        self._interpreter = Interpreter(self._plan, Style(base))
        fields = [field for field in self._plan.study.fields if field.role is Role.NODE and field.keys]
        targets = {field.local: (field.many, self._plan.target(field)) for field in fields}
        self._listed = {
            name: (many, entity)
            for name, (many, entity) in targets.items()
            if not entity.is_part and not entity.is_text
        }
        self._texts = {text: entity for text, _, entity in _texts(self._plan)}
        self._links = {link for _, link, _ in _texts(self._plan)}
        self.predicates = (LISTED, *self._texts, *sorted(self._links))
        """The properties whose values describe shared resources."""
        self._describe = lru_cache(1 << 14)(self._description)

    def of(self, values: Iterable[tuple[str, str]]) -> tuple[bytes, ...]:
        """Return the descriptions given by values of a graph: properties of :attr:`predicates`, and texts or IRIs."""
        pairs = [*values]
        linked = {iri for predicate, iri in pairs if predicate in self._links}
        descriptions = (text for pair in pairs for text in self._of_value(*pair, linked) if text)
        return tuple(dict.fromkeys(descriptions))

    def _of_value(self, predicate: str, text: str, linked: Collection[str]) -> Iterator[bytes]:
        if predicate in self._texts:
            description = self._describe(self._texts[predicate].shape.iri, orjson.dumps(text))
            if resource(description) in linked:
                yield description
        elif predicate == LISTED:
            yield from self._of_listing(text)

    def _of_listing(self, text: str) -> Iterator[bytes]:
        try:
            listing = orjson.loads(text)
        except ValueError:
            return
        for name, listed in listing.items() if isinstance(listing, dict) else ():
            many, entity = self._listed.get(name, (False, None))
            for node in (listed if isinstance(listed, list) else ()) if many else [listed]:
                if entity is not None and isinstance(node, dict):
                    yield self._describe(entity.shape.iri, orjson.dumps(node))

    def _description(self, shape: str, json: bytes) -> bytes:
        """Return the description of a node of a shape, empty if it has no key."""
        block, _ = self._interpreter.resource(self._plan.entities[shape], orjson.loads(json))
        return b"" if block is None else description(*block)


def _texts(plan: Plan) -> Iterator[tuple[str, str, Entity]]:
    """Yield the properties that keep the texts of shared resources, with those that link to the resources."""
    for owner in plan.entities.values():
        for field in owner.fields:
            if field.role is Role.NODE and plan.target(field).is_text:
                for other in owner.fields:
                    if other.keys == field.keys and other.role in (Role.TEXT, Role.VALUE):
                        yield other.shape.path, field.shape.path, plan.target(field)
