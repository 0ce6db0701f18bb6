"""The view of one study as cards: conditions above it, arms and interventions to the right, outcomes below, and
organizations, sites and publications to the left."""

from __future__ import annotations

import re
from collections.abc import Callable

from kg.draw.cards import TITLE_SIZE, TextBlock, pill_card, text_card
from kg.draw.citations import short_citation
from kg.draw.details import LONG, node_details, page_url
from kg.draw.graph import QueryableGraph, term_text
from kg.draw.picture import Card, Detail, Node, Picture
from kg.draw.study_layout import StudyCards, layout_study
from kg.draw.study_text import StudyText, join_parts
from kg.errors import UsageError
from kg.ontology.vocabulary import CT, DCTERMS, STUDY, WGS84

CITATION = DCTERMS + "bibliographicCitation"
CENTRE, SIDE, ARM, INTERVENTION, OUTCOME = 470.0, 280.0, 230.0, 330.0, 300.0
"""Widths of cards in pixels: the study, the left column, arms, interventions, secondary and other outcomes."""
MAX_SHOWN = 4
"""Maximum number of primary outcomes, sites, collaborators and publications that are shown as separate cards."""


def study_picture(graph: QueryableGraph, number: str) -> Picture:
    """Return the picture of a study; raises :class:`~kg.errors.UsageError` if the graph does not have it."""
    iri = STUDY + number.strip().upper()
    if not graph.is_study(iri):
        raise UsageError(f"The input has no study {number}; search it with kg draw --around TEXT.")
    return _StudyPicture(graph, iri).build()


class _StudyPicture(StudyText):
    def __init__(self, graph: QueryableGraph, iri: str) -> None:
        super().__init__(graph, iri)
        self.picture = Picture(self.label(iri), "")
        self.cards = StudyCards()

    def build(self) -> Picture:
        self.add_study()
        self.add_arms()
        self.add_interventions()
        self.add_outcomes()
        self.add_organizations()
        self.add_group("location", "Site", "site", self.site, self.countries)
        self.add_group("reference", "Publication", "publication", self.publication, self.citations)
        self.add_conditions()
        layout_study(self.picture, self.iri, self.cards, self.graph)
        return self.picture

    def node(self, iri: str, kind: str, label: str, card: Card, *, link: str = "", folded: bool = False) -> Node:
        details = node_details(self.graph, iri, LONG) if "://" in iri else []
        node = Node(iri, kind, label, 1.0, link or page_url(iri), details, card=card, folded=folded)
        return self.picture.add(node)

    def link_to_study(self, node: Node, label: str) -> None:
        self.picture.link(self.iri, node.id, label)

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

    def add_arms(self) -> None:
        interventions = self.parts("intervention")
        for iri in self.parts("arm"):
            kind = join_parts("Arm", self.value("armType", iri))
            blocks = [TextBlock(kind, "kind"), TextBlock(self.label(iri), "name", 3)]
            if not any(self.are_linked(iri, intervention) for intervention in interventions):
                blocks.append(TextBlock(self.value("description", iri), "soft", 3))
            self.link_to_study(self.node(iri, "Arm", self.label(iri), text_card(blocks, ARM)), "arm")
            self.cards.arms.append(iri)

    def add_interventions(self) -> None:
        for iri in self.parts("intervention"):
            label = self.label(iri) or "Intervention without a name"
            kind = join_parts("Intervention", self.value("interventionType", iri))
            blocks = [TextBlock(kind, "kind"), TextBlock(label, "name", 2)]
            blocks += [TextBlock(text, "soft", 4) for text in (self.value("description", iri),) if text]
            self.node(iri, "Intervention", label, text_card(blocks, INTERVENTION))
            self.cards.interventions.append(iri)
            arms = [arm for arm in self.cards.arms if self.are_linked(arm, iri)]
            for arm in arms or [self.iri]:
                self.picture.link(arm, iri, "intervention")
        for iri in self.parts("interventionMesh"):
            card = pill_card(f"MeSH: {self.label(iri)}", INTERVENTION)
            self.link_to_study(self.node(iri, "Intervention", self.label(iri), card), "MeSH term of an intervention")
            self.cards.intervention_terms.append(iri)

    def are_linked(self, arm: str, intervention: str) -> bool:
        """Return whether one of an arm and an intervention names the other: records have either direction or both."""
        interventions = self.graph.values(arm, CT + "armIntervention")
        arms = self.graph.values(intervention, CT + "interventionArm")
        return intervention in {value.value for value in interventions} or arm in {value.value for value in arms}

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
        self.cards.folded[group.id] = [self.measure(group, kind, iris).id for iris in measures.values()]

    def measure(self, group: Node, kind: str, iris: list[str]) -> Node:
        """Add one card for the outcomes with the same measure."""
        times = [time for time in (self.value("timeFrame", iri) for iri in iris) if time]
        time_frame = f"{len(times)} times: {', '.join(times)}" if len(times) > 1 else "".join(times)
        label = self.label(iris[0])
        card = text_card([TextBlock(label, "text", 3), TextBlock(time_frame, "soft", 2)], OUTCOME)
        node = self.node(iris[0], kind, label, card)
        others = [detail for iri in iris[1:] for detail in node_details(self.graph, iri, LONG)]
        node.details += [detail for detail in dict.fromkeys(others) if detail not in node.details]
        self.picture.link(group.id, node.id, kind.lower(), 0.0)
        return node

    def add_organizations(self) -> None:
        for name, role in (("leadSponsor", "Lead sponsor"), ("collaborator", "Collaborator")):
            for iri in self.parts(name)[:MAX_SHOWN]:
                sector = self.value("agencyClass", iri)
                kind = join_parts(role, "" if sector == "Other" else sector)
                card = text_card([TextBlock(kind, "kind"), TextBlock(self.label(iri), "name", 3)], SIDE)
                self.link_to_study(self.node(iri, "Organization", self.label(iri), card), role.lower())
                self.cards.left.append(iri)

    def add_group(
        self,
        name: str,
        kind: str,
        noun: str,
        add_node: Callable[[str], Node],
        summarize: Callable[[list[str]], str],
    ) -> None:
        """Add the parts of the study of one property as cards, or as one folded card if there are many."""
        iris = self.parts(name)
        if len(iris) <= MAX_SHOWN:
            for iri in iris:
                node = add_node(iri)
                self.link_to_study(node, noun)
                self.cards.left.append(node.id)
            return
        title = f"{len(iris):,} {noun}s"
        card = text_card([TextBlock(title, "name"), TextBlock(summarize(iris), "soft", 4)], SIDE)
        group = self.node(f"{self.iri}#{name}", kind, title, card, folded=True)
        self.link_to_study(group, f"{noun}s")
        self.cards.left.append(group.id)
        self.cards.folded[group.id] = [add_node(iri).id for iri in iris]
        for id_ in self.cards.folded[group.id]:
            self.picture.link(group.id, id_, noun, 0.0)

    def site(self, iri: str) -> Node:
        facility = self.label(iri)
        town = ", ".join(part for part in (self.value("city", iri), self.value("countryName", iri)) if part)
        blocks = [TextBlock("Site", "kind"), TextBlock(town or facility, "name", 2)]
        blocks += [TextBlock(facility, "soft", 2)] if town and facility else []
        node = self.node(iri, "Site", town or facility or "Site", text_card(blocks, SIDE))
        if node.label != facility and facility:
            node.details.insert(0, Detail("facility", facility))
        longitude, latitude = (self.value(WGS84 + name, iri) for name in ("long", "lat"))
        if longitude and latitude:
            node.place = (float(longitude), float(latitude))
        return node

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
