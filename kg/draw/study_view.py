"""The view of one study as cards: conditions above it, arms and interventions to the right, outcomes below, and
organizations, sites and publications to the left."""

from __future__ import annotations

import re

from kg.draw.cards import TITLE_SIZE, TextBlock, pill_card, text_card
from kg.draw.citations import short_citation
from kg.draw.details import LONG, node_details, page_url
from kg.draw.graph import QueryableGraph, term_text
from kg.draw.picture import Node, Picture
from kg.draw.study_arms import add_arms
from kg.draw.study_builder import MAX_SHOWN, StudyBuilder
from kg.draw.study_layout import layout_study
from kg.draw.study_results import add_results
from kg.draw.study_sites import add_sites
from kg.draw.study_text import SIDE, join_parts
from kg.errors import UsageError
from kg.ontology.vocabulary import CT, DCTERMS, STUDY

CITATION = DCTERMS + "bibliographicCitation"
CENTRE, OUTCOME = 470.0, 300.0
"""Widths of cards in pixels: the study, and secondary and other outcomes."""


def study_picture(graph: QueryableGraph, number: str) -> Picture:
    """Return the picture of a study; raises :class:`~kg.errors.UsageError` if the graph does not have it."""
    iri = STUDY + number.strip().upper()
    if not graph.is_study(iri):
        raise UsageError(f"The input has no study {number}; search it with kg draw --around TEXT.")
    return _StudyPicture(graph, iri).build()


class _StudyPicture(StudyBuilder):
    def build(self) -> Picture:
        self.add_study()
        add_arms(self)
        self.add_outcomes()
        self.add_organizations()
        add_results(self)
        add_sites(self)
        self.add_group("reference", "Publication", "publication", self.publication, self.citations)
        self.add_conditions()
        layout_study(self.picture, self.iri, self.cards, self.graph)
        return self.picture

    def add_study(self) -> None:
        number = self.iri.removeprefix(STUDY)
        blocks = [
            TextBlock(join_parts("Study", number, self.value("acronym")), "kind"),
            TextBlock(self.label(self.iri), "name", 4, TITLE_SIZE),
            TextBlock(self.status_line(), "text", 2),
        ]
        blocks += [TextBlock(text, "soft", 2) for text in (self.design(), self.dates(), self.participants()) if text]
        self.node(self.iri, "Study", self.label(self.iri), text_card(blocks, CENTRE, strong=True))
        self.picture.subtitle = f"{number} · {self.status_line()}"

    def add_outcomes(self) -> None:
        primary = self.parts("primaryOutcome")
        if len(primary) > MAX_SHOWN:
            self.fold_outcomes("primaryOutcome", "Primary outcome", primary, strong=True)
        else:
            for iri in primary:
                self.link_to_study(self.primary_outcome(iri), "primary outcome")
                self.cards.primary.append(iri)
        self.fold_outcomes("secondaryOutcome", "Secondary outcome", self.parts("secondaryOutcome"))
        self.fold_outcomes("otherOutcome", "Other outcome", self.parts("otherOutcome"))

    def primary_outcome(self, iri: str) -> Node:
        blocks = [TextBlock("Primary outcome", "kind"), TextBlock(self.label(iri), "name", 4, 15.0)]
        time_frame, description = self.value("timeFrame", iri), self.value("description", iri)
        blocks += [TextBlock(f"Time frame: {time_frame}", "text", 2)] if time_frame else []
        blocks += [TextBlock(description, "soft", 2)] if description else []
        return self.node(iri, "Primary outcome", self.label(iri), text_card(blocks, CENTRE, strong=True))

    def fold_outcomes(self, name: str, kind: str, outcomes: list[str], *, strong: bool = False) -> None:
        """Add outcomes of one kind as one folded card; a measure with several time frames becomes one card inside."""
        if not outcomes:
            return
        measures: dict[str, list[str]] = {}
        for iri in outcomes:
            measures.setdefault(self.label(iri), []).append(iri)
        noun = kind.lower() + ("s" if len(outcomes) > 1 else "")
        title = f"{len(outcomes)} {noun}"
        blocks = [TextBlock(title, "name"), TextBlock(_frequent_measures(measures), "soft", 3)]
        card = text_card(blocks, CENTRE if strong else OUTCOME, strong=strong)
        group = self.node(f"{self.iri}#{name}", kind, title, card, folded=True)
        self.link_to_study(group, noun)
        (self.cards.primary if strong else self.cards.outcomes).append(group.id)
        self.put_inside(group, [self.measure(kind, iris).id for iris in measures.values()], kind.lower())

    def measure(self, kind: str, iris: list[str]) -> Node:
        """Add one card for the outcomes with the same measure."""
        times = [time for time in (self.value("timeFrame", iri) for iri in iris) if time]
        time_frame = f"{len(times)} times: {', '.join(times)}" if len(times) > 1 else "".join(times)
        label = self.label(iris[0])
        card = text_card([TextBlock(label, "text", 3), TextBlock(time_frame, "soft", 2)], OUTCOME)
        node = self.node(iris[0], kind, label, card)
        others = [detail for iri in iris[1:] for detail in node_details(self.graph, iri, LONG)]
        node.details += [detail for detail in dict.fromkeys(others) if detail not in node.details]
        return node

    def add_organizations(self) -> None:
        for name, role in (("leadSponsor", "Lead sponsor"), ("collaborator", "Collaborator")):
            for iri in self.parts(name)[:MAX_SHOWN]:
                sector = self.value("agencyClass", iri)
                kind = join_parts(role, "" if sector == "Other" else sector)
                card = text_card([TextBlock(kind, "kind"), TextBlock(self.label(iri), "name", 3)], SIDE)
                self.link_to_study(self.node(iri, "Organization", self.label(iri), card), role.lower())
                self.cards.left.append(iri)

    def publication(self, iri: str) -> Node:
        citation, label = self.value(CITATION, iri), short_citation(self.value(CITATION, iri))
        kind = join_parts("Publication", self.value("referenceType", iri).lower())
        blocks = [TextBlock(kind, "kind"), TextBlock(_title(citation), "text", 3), TextBlock(label, "soft")]
        link = page_url(self.value("pubmed", iri))
        return self.node(iri, "Publication", label, text_card(blocks, SIDE), link=link)

    def citations(self, references: list[str]) -> str:
        return "; ".join(short_citation(self.value(CITATION, iri)) for iri in references[:12])

    def add_conditions(self) -> None:
        terms = {iri: self.label(iri) for iri in self.parts("conditionMesh")}
        if not terms:
            values = self.graph.values(self.iri, CT + "condition")
            terms = {f"{self.iri}#condition-{i}": term_text(value) for i, value in enumerate(values, 1)}
        for id_, label in terms.items():
            self.node(id_, "Condition", label, pill_card(label))
            self.picture.link(id_, self.iri, back="condition")
        self.cards.terms = list(terms)
        for iri in self.parts("conditionMeshAncestor"):
            if iri not in self.picture.nodes:
                self.node(iri, "Broader condition", self.label(iri), pill_card(self.label(iri), 260.0))
                self.cards.ancestors.append(iri)


def _frequent_measures(measures: dict[str, list[str]]) -> str:
    """Return the number of measures and the three most frequent ones."""
    count = f"{len(measures)} measures, such as " if len(measures) > 1 else ""
    ranked = sorted(measures, key=lambda label: -len(measures[label]))
    return count + "; ".join(label.rstrip(".") for label in ranked[:3])


def _title(citation: str) -> str:
    """Return the title in a citation of PubMed: the sentence after the authors.

    >>> _title("Camu W, Mickunas M. Repeated 5-day cycles of aldesleukin. EBioMedicine. 2020 Sep;59:102844.")
    'Repeated 5-day cycles of aldesleukin'
    """
    parts = re.split(r"\. (?=[A-Z0-9])", citation)
    return parts[1] if len(parts) > 2 else citation
