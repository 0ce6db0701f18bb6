"""One study as a picture of cards: its disease above, what is given to the right, what is measured below, who and where
to the left."""

from __future__ import annotations

import re
from collections.abc import Callable

from kg.draw.cards import TITLE, Words, card, pill
from kg.draw.citations import short_citation
from kg.draw.facts import LONG, STUDY, address, facts
from kg.draw.graph import Graph, text_of
from kg.draw.picture import Card, Detail, Node, Picture
from kg.draw.placing import Parts, place
from kg.draw.said import Said, joined
from kg.errors import UsageError
from kg.ontology.vocabulary import CT, DCTERMS

CITATION = DCTERMS + "bibliographicCitation"
MIDDLE, SIDE, ARM, GIVEN, SMALL = 470.0, 280.0, 230.0, 330.0, 300.0
"""Widths of cards in pixels: in the middle, at the left, of arms, of interventions, of what is folded."""
SHOWN = 4
"""Primary outcomes, sites, collaborators and publications that are shown; where there are more, they are folded."""


def study(graph: Graph, number: str) -> Picture:
    """The picture of the study of a number; raises :class:`~kg.errors.UsageError` where it is not in the graph."""
    iri = STUDY + number.strip().upper()
    if not graph.is_study(iri):
        raise UsageError(f"{number} is no study of the input; kg draw --around TEXT finds what there is.")
    return _Study(graph, iri).picture()


class _Study(Said):
    def __init__(self, graph: Graph, iri: str) -> None:
        super().__init__(graph, iri)
        self.made = Picture(self.label(iri), "")
        self.parts = Parts()

    def picture(self) -> Picture:
        self.middle()
        self.given()
        self.measured()
        self.people()
        self.disease()
        place(self.made, self.iri, self.parts, self.graph)
        return self.made

    def node(self, iri: str, kind: str, label: str, made: Card, *, link: str = "", folded: bool = False) -> Node:
        details = facts(self.graph, iri, LONG) if "://" in iri else []
        node = Node(iri, kind, label, 1.0, link or address(iri), details, card=made, folded=folded)
        return self.made.add(node)

    def hang(self, node: Node, under: str, label: str) -> None:
        self.made.link(under, node.id, label)

    # ------------------------------------------------------------ the parts

    def middle(self) -> None:
        number = self.iri.removeprefix(STUDY)
        name = " · ".join(part for part in ("Study", number, self.one("acronym")) if part)
        words = [Words(name, "kind"), Words(self.label(self.iri), "name", 4, TITLE), Words(self.standing(), "text", 2)]
        words += [Words(text, "soft", 2) for text in (self.design(), self.time(), self.who()) if text]
        self.node(self.iri, "Study", self.label(self.iri), card(words, MIDDLE, strong=True))
        self.made.subtitle = f"{number} · {self.standing()}"

    def given(self) -> None:
        interventions = self.listed("intervention")
        for iri in self.listed("arm"):
            words = [Words(joined("Arm", self.one("armType", iri)), "kind"), Words(self.label(iri), "name", 3)]
            if not any(self.is_given(iri, given) for given in interventions):
                words.append(Words(self.one("description", iri), "soft", 3))
            self.hang(self.node(iri, "Arm", self.label(iri), card(words, ARM)), self.iri, "arm")
            self.parts.arms.append(iri)
        for iri in interventions:
            label = self.label(iri) or "Intervention without a name"
            words = [Words(joined("Intervention", self.one("interventionType", iri)), "kind"), Words(label, "name", 2)]
            words += [Words(text, "soft", 4) for text in (self.one("description", iri),) if text]
            self.node(iri, "Intervention", label, card(words, GIVEN))
            self.parts.interventions.append(iri)
            arms = [arm for arm in self.parts.arms if self.is_given(arm, iri)]
            for arm in arms or [self.iri]:
                self.made.link(arm, iri, "intervention")
        for iri in self.listed("interventionMesh"):
            node = self.node(iri, "Intervention", self.label(iri), pill(f"MeSH: {self.label(iri)}", GIVEN))
            self.hang(node, self.iri, "MeSH term of an intervention")
            self.parts.intervention_terms.append(iri)

    def is_given(self, arm: str, intervention: str) -> bool:
        """Whether an arm names an intervention, or the intervention the arm: records have either or both."""
        named = self.graph.values(arm, CT + "armIntervention")
        naming = self.graph.values(intervention, CT + "interventionArm")
        return intervention in {value.value for value in named} or arm in {value.value for value in naming}

    def measured(self) -> None:
        primary = self.listed("primaryOutcome")
        if len(primary) > SHOWN:
            self.fold("primaryOutcome", "Primary outcome", primary, strong=True)
        else:
            for iri in primary:
                self.hang(self.outcome(iri), self.iri, "primary outcome")
                self.parts.primary.append(iri)
        self.fold("secondaryOutcome", "Secondary outcome", self.listed("secondaryOutcome"))
        self.fold("otherOutcome", "Other outcome", self.listed("otherOutcome"))

    def outcome(self, iri: str) -> Node:
        words = [Words("Primary outcome", "kind"), Words(self.label(iri), "name", 4, 15.0)]
        when, more = self.one("timeFrame", iri), self.one("description", iri)
        words += [Words(f"Time frame: {when}", "text", 2)] if when else []
        words += [Words(more, "soft", 2)] if more else []
        return self.node(iri, "Primary outcome", self.label(iri), card(words, MIDDLE, strong=True))

    def fold(self, name: str, kind: str, outcomes: list[str], *, strong: bool = False) -> None:
        """Outcomes of one kind as one card; what is measured at several times stands once beneath it."""
        if not outcomes:
            return
        measures: dict[str, list[str]] = {}
        for iri in outcomes:
            measures.setdefault(self.label(iri), []).append(iri)
        many = kind.lower() + ("s" if len(outcomes) > 1 else "")
        words = [Words(f"{len(outcomes)} {many}", "name"), Words(_first(measures), "soft", 3)]
        group = self.node(
            f"{self.iri}#{name}",
            kind,
            words[0].text,
            card(words, MIDDLE if strong else SMALL, strong=strong),
            folded=True,
        )
        self.hang(group, self.iri, many)
        (self.parts.primary if strong else self.parts.outcomes).append(group.id)
        self.parts.folded[group.id] = [self.measure(group, kind, same).id for same in measures.values()]

    def measure(self, group: Node, kind: str, same: list[str]) -> Node:
        times = [time for time in (self.one("timeFrame", iri) for iri in same) if time]
        when = f"{len(times)} times: {', '.join(times)}" if len(times) > 1 else "".join(times)
        words = [Words(self.label(same[0]), "text", 3), Words(when, "soft", 2)]
        node = self.node(same[0], kind, self.label(same[0]), card(words, SMALL))
        others = [detail for iri in same[1:] for detail in facts(self.graph, iri, LONG)]
        node.details += [each for each in dict.fromkeys(others) if each not in node.details]
        self.made.link(group.id, node.id, kind.lower(), 0.0)
        return node

    def people(self) -> None:
        for name, what in (("leadSponsor", "Lead sponsor"), ("collaborator", "Collaborator")):
            for iri in self.listed(name)[:SHOWN]:
                sort = self.one("agencyClass", iri)
                words = [
                    Words(joined(what, "" if sort == "Other" else sort), "kind"),
                    Words(self.label(iri), "name", 3),
                ]
                self.hang(self.node(iri, "Organization", self.label(iri), card(words, SIDE)), self.iri, what.lower())
                self.parts.left.append(iri)
        self.group("location", "Site", "site", self.site, self.where)
        self.group("reference", "Publication", "publication", self.publication, self.cited)

    def group(
        self, name: str, kind: str, noun: str, make: Callable[[str], Node], words: Callable[[list[str]], str]
    ) -> None:
        """What the study has many of, as cards, or folded under one where there are more than some."""
        found = self.listed(name)
        if len(found) <= SHOWN:
            for iri in found:
                node = make(iri)
                self.hang(node, self.iri, noun)
                self.parts.left.append(node.id)
            return
        text = f"{len(found):,} {noun}s"
        made = card([Words(text, "name"), Words(words(found), "soft", 4)], SIDE)
        group = self.node(f"{self.iri}#{name}", kind, text, made, folded=True)
        self.hang(group, self.iri, f"{noun}s")
        self.parts.left.append(group.id)
        self.parts.folded[group.id] = [make(iri).id for iri in found]
        for id_ in self.parts.folded[group.id]:
            self.made.link(group.id, id_, noun, 0.0)

    def site(self, iri: str) -> Node:
        facility = self.label(iri)
        town = ", ".join(part for part in (self.one("city", iri), self.one("countryName", iri)) if part)
        words = [Words("Site", "kind"), Words(town or facility, "name", 2)]
        words += [Words(facility, "soft", 2)] if town and facility else []
        node = self.node(iri, "Site", town or facility or "Site", card(words, SIDE))
        if node.label != facility and facility:
            node.details.insert(0, Detail("facility", facility))
        position = [self.one(f"http://www.w3.org/2003/01/geo/wgs84_pos#{name}", iri) for name in ("long", "lat")]
        if all(position):
            node.place = (float(position[0]), float(position[1]))
        return node

    def publication(self, iri: str) -> Node:
        citation = self.one(CITATION, iri)
        paper = self.one("pubmed", iri)
        what = joined("Publication", self.one("referenceType", iri).lower())
        words = [Words(what, "kind"), Words(_title(citation), "text", 3)]
        words.append(Words(short_citation(citation), "soft"))
        return self.node(iri, "Publication", short_citation(citation), card(words, SIDE), link=address(paper))

    def cited(self, found: list[str]) -> str:
        return "; ".join(short_citation(self.one(CITATION, iri)) for iri in found[:12])

    def disease(self) -> None:
        terms = self.listed("conditionMesh")
        for iri in terms:
            node = self.node(iri, "Condition", self.label(iri), pill(self.label(iri)))
            self.made.link(node.id, self.iri, back="condition")
        if not terms:
            for i, value in enumerate(self.graph.values(self.iri, CT + "condition")):
                node = self.node(f"{self.iri}#condition-{i + 1}", "Condition", text_of(value), pill(text_of(value)))
                self.made.link(node.id, self.iri, back="condition")
                terms.append(node.id)
        self.parts.terms = terms
        for iri in self.listed("conditionMeshAncestor"):
            if iri not in self.made.nodes:
                self.node(iri, "Broader condition", self.label(iri), pill(self.label(iri), 260.0))
                self.parts.ancestors.append(iri)


def _first(measures: dict[str, list[str]]) -> str:
    """The measures that are taken most often, shortly."""
    count = f"{len(measures)} measures, such as " if len(measures) > 1 else ""
    ranked = sorted(measures, key=lambda label: -len(measures[label]))
    return count + "; ".join(label.rstrip(".") for label in ranked[:3])


def _title(citation: str) -> str:
    """The title in a citation of PubMed: what follows the authors.

    >>> _title("Camu W, Mickunas M. Repeated 5-day cycles of aldesleukin. EBioMedicine. 2020 Sep;59:102844.")
    'Repeated 5-day cycles of aldesleukin'
    """
    parts = re.split(r"\. (?=[A-Z0-9])", citation)
    return parts[1] if len(parts) > 2 else citation
