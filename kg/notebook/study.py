"""Display of one study in a notebook: a table of its key facts."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from kg.draw.details import page_url
from kg.draw.graph import QueryableGraph
from kg.draw.study_text import StudyText, join_parts
from kg.errors import UsageError
from kg.notebook.drawing import Drawing, drawing
from kg.notebook.html import Markup, element, fact_table, lines, link
from kg.ontology.vocabulary import CT, SHARED_GRAPH, STUDY
from kg.query.tables import one_line
from kg.store import layout

MAX_VALUES = 8
"""Maximum number of values that are listed per fact."""

Texts = list[tuple[str, str]]
"""Texts with the URLs they link to, or an empty string."""


class Study:
    """A study of a graph."""

    def __init__(self, graph: QueryableGraph, number: str) -> None:
        """Raise :class:`~kg.errors.UsageError` if the graph does not have the study."""
        self.number = number.strip().upper()
        self.iri = STUDY + self.number
        if not self.number.isalnum() or not graph.is_study(self.iri):
            raise UsageError(f"The data has no study {number}.")
        self._graph = QueryableGraph(_study_store(graph.store, self.number))
        self._text = StudyText(self._graph, self.iri)

    def __repr__(self) -> str:
        return f"<Study {self.number}: {one_line(self.title)}>"

    @property
    def title(self) -> str:
        """The brief title."""
        return self._text.label(self.iri)

    @property
    def facts(self) -> dict[str, list[str]]:
        """All values of the table that a notebook displays, as texts by heading."""
        return {heading: [text for text, _ in texts] for heading, texts in self._facts() if texts}

    def drawing(self) -> Drawing:
        """Return the study as a picture of cards."""
        return drawing(self._graph, study=self.number)

    def _repr_html_(self) -> str:
        number = link(self.number, self.iri)
        head = element("p", element("strong", self.title), Markup("<br>"), number)
        return element("div", head, fact_table((heading, _cell(texts)) for heading, texts in self._facts()))

    def _facts(self) -> Iterator[tuple[str, Texts]]:
        """Yield headings with their texts."""
        study = self._text
        for heading, text in (
            ("Status", study.value("overallStatus")),
            ("Phase", study.phase()),
            ("Design", study.design()),
            ("Enrolment", study.enrolment()),
            ("Participants", study.participants()),
            ("Time", study.dates()),
        ):
            yield heading, [(text, "")] if text else []
        conditions: Texts = [(str(value.value), "") for value in self._graph.values(self.iri, CT + "condition")]
        interventions = [(self._labelled(iri, "interventionType"), "") for iri in study.parts("intervention")]
        outcomes = study.parts("primaryOutcome")
        yield "Condition", [*conditions, *self._terms("conditionMesh")]
        yield "Intervention", [*interventions, *self._terms("interventionMesh")]
        yield "Arm", [(self._arm(iri), "") for iri in study.parts("arm")]
        yield "Primary outcome", [(join_parts(study.label(iri), study.value("timeFrame", iri)), "") for iri in outcomes]
        yield "Sponsor", [(study.label(iri), "") for iri in study.parts("leadSponsor")]
        yield "Collaborator", [(study.label(iri), "") for iri in study.parts("collaborator")]
        yield "Sites", self._sites()

    def _sites(self) -> Texts:
        sites = self._text.parts("location")
        if not sites:
            return []
        countries = self._text.countries(sites)
        if len(sites) > 1:
            return [(f"{len(sites):,}: {countries}", "")]
        country = countries.rpartition(" ")[0]
        return [(join_parts(country, self._text.value("city", sites[0]), self._text.label(sites[0])), "")]

    def _terms(self, name: str) -> Texts:
        iris = self._text.parts(name)
        return [(f"MeSH: {self._text.label(iri)} ({iri.rpartition('/')[2]})", page_url(iri)) for iri in iris]

    def _labelled(self, iri: str, kind: str) -> str:
        return join_parts(self._text.label(iri), self._text.value(kind, iri).lower())

    def _arm(self, iri: str) -> str:
        values = self._graph.values(iri, CT + "armIntervention")  # a literal if no intervention has the name
        nodes = (ox.NamedNode(subject) for subject in self._graph.subjects(CT + "interventionArm", iri))
        names = [
            self._text.label(term.value) if isinstance(term, ox.NamedNode) else term.value
            for term in dict.fromkeys([*values, *nodes])
        ]
        return self._labelled(iri, "armType") + (f": {', '.join(names)}" if names else "")


def _study_store(store: ox.Store, number: str) -> ox.Store:
    """Return a store with the study and the shared resources it refers to; without the shared graph, the store."""
    shared = ox.NamedNode(SHARED_GRAPH)
    if not (layout.has_study(store, number) and store.contains_named_graph(shared)):
        return store
    result = ox.Store()
    result.extend(layout.statements(store, number))
    for node in {quad.object for quad in result if isinstance(quad.object, ox.NamedNode)}:
        result.extend(store.quads_for_pattern(node, None, None, shared))
    return result


def _cell(texts: Texts) -> Markup:
    parts: list[str] = [link(text, url) for text, url in texts[:MAX_VALUES]]
    more = len(texts) - MAX_VALUES
    return lines([*parts, f"and {more:,} more"] if more > 0 else parts)
