"""One study as a notebook shows it: the facts that people look for first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox

from kg.draw.facts import address
from kg.draw.graph import Graph
from kg.draw.said import Said, joined
from kg.errors import UsageError
from kg.export.shared_resources import GRAPH
from kg.notebook.drawing import Drawing, drawing
from kg.notebook.html import Markup, element
from kg.notebook.html import joined as marked
from kg.notebook.markup import facts, lines, link

STUDY, RECORD = "https://clinicaltrials.gov/study/", "https://w3id.org/trialkg/record/"
MANY = 8
"""Outcomes, arms, terms or countries that are listed; of more the rest is counted."""


class Study:
    """A study of a graph."""

    def __init__(self, graph: Graph, number: str) -> None:
        """Raises :class:`~kg.errors.UsageError` where the graph does not have the study."""
        self.number = number.strip().upper()
        self.iri = STUDY + self.number
        if not self.number.isalnum() or not graph.is_study(self.iri):
            raise UsageError(f"{number} is no study of the data.")
        self._graph = Graph(_own(graph.store, self.number))
        self._said = Said(self._graph, self.iri)

    def __repr__(self) -> str:
        return f"<Study {self.number}: {self.title}>"

    @property
    def title(self) -> str:
        """The brief title."""
        return self._said.label(self.iri)

    @property
    def facts(self) -> dict[str, list[str]]:
        """The facts by their names, as texts: those of the table that a notebook shows, and none left out."""
        return {heading: [text for text, _ in said] for heading, said in self._facts() if said}

    def drawing(self) -> Drawing:
        """The study as a picture of cards."""
        return drawing(self._graph, study=self.number)

    def _repr_html_(self) -> str:
        number = link(self.number, self.iri)
        head = element("p", element("strong", self.title), Markup("<br>"), number)
        return element("div", head, facts((heading, _shown(said)) for heading, said in self._facts()))

    def _facts(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Headings, and under each its texts with the addresses where they lead."""
        said = self._said
        for heading, text in (
            ("Status", said.one("overallStatus")),
            ("Phase", said.phase()),
            ("Design", said.design()),
            ("Enrolment", said.enrolment()),
            ("Participants", said.who()),
            ("Time", said.time()),
        ):
            yield heading, [(text, "")] if text else []
        yield "Condition", self._terms("condition", "conditionMesh")
        yield "Intervention", [*self._named("intervention", "interventionType"), *self._terms("", "interventionMesh")]
        yield "Arm", [(self._arm(iri), "") for iri in said.listed("arm")]
        yield "Primary outcome", [(self._outcome(iri), "") for iri in said.listed("primaryOutcome")]
        yield "Sponsor", [(said.label(iri), "") for iri in said.listed("leadSponsor")]
        yield "Collaborator", [(said.label(iri), "") for iri in said.listed("collaborator")]
        yield "Sites", self._sites()

    def _sites(self) -> list[tuple[str, str]]:
        found = self._said.listed("location")
        where = self._said.where(found)
        if len(found) == 1:
            where = joined(where.rpartition(" ")[0], self._said.one("city", found[0]), self._said.label(found[0]))
        return [(f"{len(found):,}: {where}" if len(found) > 1 else where, "")] if found else []

    def _terms(self, plain: str, mesh: str) -> list[tuple[str, str]]:
        texts = [(str(value.value), "") for value in self._graph.values(self.iri, _ct(plain))] if plain else []
        terms = self._said.listed(mesh)
        return texts + [(f"MeSH: {self._said.label(iri)} ({iri.rpartition('/')[2]})", address(iri)) for iri in terms]

    def _named(self, name: str, kind: str) -> list[tuple[str, str]]:
        said = self._said
        return [(joined(said.label(iri), said.one(kind, iri).lower()), "") for iri in said.listed(name)]

    def _arm(self, iri: str) -> str:
        values = self._graph.values(iri, _ct("armIntervention"))  # a name that is no intervention's stays a text
        named = (ox.NamedNode(each) for each in self._graph.subjects(_ct("interventionArm"), iri))
        given = [
            self._said.label(each.value) if isinstance(each, ox.NamedNode) else each.value
            for each in dict.fromkeys([*values, *named])
        ]
        kind = self._said.one("armType", iri).lower()
        return joined(self._said.label(iri), kind) + (f": {', '.join(given)}" if given else "")

    def _outcome(self, iri: str) -> str:
        return joined(self._said.label(iri), self._said.one("timeFrame", iri))


def _ct(name: str) -> str:
    return f"https://w3id.org/trialkg/ontology#{name}"


def _own(store: ox.Store, number: str) -> ox.Store:
    """The statements of the study and of what it refers to, where it has a graph of its own, or all."""
    graph = ox.NamedNode(RECORD + number)
    if not store.contains_named_graph(graph):
        return store
    alone = ox.Store()
    alone.extend(store.quads_for_pattern(None, None, None, graph))
    for node in {quad.object for quad in alone if isinstance(quad.object, ox.NamedNode)}:
        alone.extend(store.quads_for_pattern(node, None, None, ox.NamedNode(GRAPH)))
    return alone


def _shown(said: list[tuple[str, str]]) -> Markup:
    parts: list[Any] = [link(text, where) for text, where in said[:MANY]]
    more = len(said) - MANY
    return lines([*parts, marked([f"and {more:,} more"])] if more > 0 else parts)
