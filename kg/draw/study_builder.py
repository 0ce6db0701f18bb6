"""Adding cards and links to the picture of a study."""

from __future__ import annotations

from collections.abc import Callable

from kg.draw.cards import TextBlock, text_card
from kg.draw.details import LONG, node_details, page_url
from kg.draw.graph import QueryableGraph
from kg.draw.picture import Card, Node, Picture
from kg.draw.study_layout import StudyCards
from kg.draw.study_text import SIDE, StudyText

MAX_SHOWN = 4
"""Maximum number of primary outcomes, sites, collaborators and publications that are shown as separate cards."""


class StudyBuilder(StudyText):
    """The picture of a study that is being built, and its cards by their position."""

    def __init__(self, graph: QueryableGraph, iri: str) -> None:
        super().__init__(graph, iri)
        self.picture = Picture(self.label(iri), "")
        self.cards = StudyCards()

    def node(self, iri: str, kind: str, label: str, card: Card, *, link: str = "", folded: bool = False) -> Node:
        details = node_details(self.graph, iri, LONG) if "://" in iri else []
        node = Node(iri, kind, label, 1.0, link or page_url(iri), details, card=card, folded=folded)
        return self.picture.add(node)

    def link_to_study(self, node: Node, label: str) -> None:
        self.picture.link(self.iri, node.id, label)

    def put_inside(self, group: Node, ids: list[str], label: str) -> None:
        """Put nodes inside a folded card, in the order in which they are drawn."""
        self.cards.folded[group.id] = ids
        for id_ in ids:
            self.picture.nodes[id_].inside = group.id
            self.picture.link(group.id, id_, label, 0.0)

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
        self.put_inside(group, [add_node(iri).id for iri in iris], noun)
