"""Where the cards of a study stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kg.draw import mesh
from kg.draw.cards import route
from kg.draw.graph import Graph
from kg.draw.picture import Card, Heading, Picture
from kg.draw.trees import levels
from kg.ontology.vocabulary import MESH

GAP, ROW, AISLE = 16.0, 58.0, 96.0
"""Pixels between cards of one column, from one row of MeSH terms to the next, between columns."""
WIDEST = 1500.0
"""Pixels that a row of MeSH terms takes before it goes on in another."""
COLUMNS = 4
"""Columns of cards that are folded away under one card."""


@dataclass(slots=True)
class Parts:
    """The ids of the cards of a study by where they stand."""

    terms: list[str] = field(default_factory=list)
    ancestors: list[str] = field(default_factory=list)
    arms: list[str] = field(default_factory=list)
    interventions: list[str] = field(default_factory=list)
    intervention_terms: list[str] = field(default_factory=list)
    primary: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    folded: dict[str, list[str]] = field(default_factory=dict)


def place(picture: Picture, middle: str, parts: Parts, graph: Graph) -> None:
    """Gives every card its place, adds the edges between MeSH terms, and leads the edges around."""
    placed = _Placed(picture)
    centre = placed.card(middle)
    right = placed.given(parts, centre.width / 2 + AISLE)
    left = placed.column(parts.left, -centre.width / 2 - AISLE - 140, 0.0)
    picture.headings += [Heading(x, y - 18, text) for (x, y), text in ((left, "Who, where, published"),) if parts.left]
    picture.headings += [Heading(x, y - 18, text) for (x, y), text in right]
    bottom = placed.below(parts, centre.height / 2 + 44)
    beside = [placed.top(id_) for id_ in (*parts.left, *parts.arms, *parts.interventions)]
    clear = min([0.0, *beside]) - AISLE
    above = placed.tree(parts, (-centre.height / 2 - 66, clear, centre.width / 2 + AISLE / 2), graph)
    if parts.terms:
        picture.headings.append(Heading(above[0], above[1] - 18, "Condition, and what it belongs to in MeSH"))
    low = max([bottom, *(placed.bottom(id_) for id_ in (*parts.left, *parts.interventions, *parts.arms))])
    for group in parts.folded:
        low = placed.grid(parts.folded[group], low + 60)
    across = {*parts.arms, *parts.interventions, *parts.intervention_terms, *parts.left}
    for edge in picture.edges:
        route(edge, picture.nodes, down=edge.target not in across)


class _Placed:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture

    def card(self, id_: str) -> Card:
        found = self.picture.nodes[id_].card
        assert found is not None
        return found

    def put(self, id_: str, x: float, y: float) -> None:
        self.picture.nodes[id_].x, self.picture.nodes[id_].y = round(x, 1), round(y, 1)

    def top(self, id_: str) -> float:
        return self.picture.nodes[id_].y - self.card(id_).height / 2

    def bottom(self, id_: str) -> float:
        return self.picture.nodes[id_].y + self.card(id_).height / 2

    def tall(self, ids: Sequence[str]) -> float:
        """The height of a column of cards."""
        return sum(self.card(id_).height + GAP for id_ in ids) - GAP

    def column(self, ids: Sequence[str], x: float, middle: float) -> tuple[float, float]:
        """Cards below each other around a height; gives the upper left corner."""
        y = top = middle - self.tall(ids) / 2
        for id_ in ids:
            self.put(id_, x, y + self.card(id_).height / 2)
            y += self.card(id_).height + GAP
        return x - max((self.card(id_).width for id_ in ids), default=0) / 2, top

    def given(self, parts: Parts, x: float) -> list[tuple[tuple[float, float], str]]:
        """The arms, and right of them the interventions, each arm beside what is given in it."""
        headings = []
        arm_room = max((self.card(id_).width for id_ in parts.arms), default=-AISLE)
        room = max((self.card(id_).width for id_ in parts.interventions), default=0.0)
        right = x + arm_room + AISLE
        if parts.interventions:
            headings.append((self.column(parts.interventions, right + room / 2, 0.0), "What is given"))
        if parts.arms:
            corner = self.column(parts.arms, x + arm_room / 2, 0.0)
            if self.tall(parts.arms) <= self.tall(parts.interventions):
                self.beside(parts.arms)
            first = self.picture.nodes[parts.arms[0]]
            headings.append(((corner[0], first.y - self.card(first.id).height / 2), "Arms"))
        low = max((self.bottom(id_) for id_ in parts.arms or parts.interventions), default=0.0)
        for id_ in parts.intervention_terms:
            low += GAP + self.card(id_).height
            self.put(id_, x + self.card(id_).width / 2, low - self.card(id_).height / 2)
        return headings

    def beside(self, arms: Sequence[str]) -> None:
        """Moves each arm to the height of what is given in it, without one lying on another."""
        heights = {
            arm: [self.picture.nodes[edge.target].y for edge in self.picture.edges if edge.source == arm]
            for arm in arms
        }
        low = float("-inf")
        for arm in arms:
            own, half = heights[arm], self.card(arm).height / 2
            wanted = sum(own) / len(own) if own else self.picture.nodes[arm].y
            y = max(wanted, low + half)
            self.put(arm, self.picture.nodes[arm].x, y)
            low = y + half + GAP

    def below(self, parts: Parts, top: float) -> float:
        """The primary outcomes under the study, then the others; gives how far down they reach."""
        if not parts.primary:
            return self.row(parts.outcomes, top + 40) if parts.outcomes else top
        self.column(parts.primary, 0.0, top + 14 + self.tall(parts.primary) / 2)
        low = self.bottom(parts.primary[-1])
        left = min(self.picture.nodes[id_].x - self.card(id_).width / 2 for id_ in parts.primary)
        self.picture.headings.append(Heading(left, top + 4, "What is measured"))
        return self.row(parts.outcomes, low + 40) if parts.outcomes else low

    def row(self, ids: Sequence[str], top: float, gap: float = 24.0) -> float:
        """Cards beside each other around the middle; gives how far down they reach."""
        wide = sum(self.card(id_).width + gap for id_ in ids) - gap
        x = -wide / 2
        for id_ in ids:
            self.put(id_, x + self.card(id_).width / 2, top + self.card(id_).height / 2)
            x += self.card(id_).width + gap
        return max(self.bottom(id_) for id_ in ids)

    def grid(self, ids: Sequence[str], top: float) -> float:
        """Cards in columns, each next one in the shortest; gives how far down they reach."""
        room = max(self.card(id_).width for id_ in ids) + GAP
        columns = min(COLUMNS if len(ids) <= 40 else 2 * COLUMNS, len(ids))
        ends = [top] * columns
        for id_ in ids:
            i = min(range(columns), key=lambda j: ends[j])
            height = self.card(id_).height
            self.put(id_, (i - (columns - 1) / 2) * room, ends[i] + height / 2)
            ends[i] += height + GAP
        return max(ends)

    def tree(self, parts: Parts, place: tuple[float, float, float], graph: Graph) -> tuple[float, float]:
        """The MeSH terms in rows, the broadest on top; gives the upper left corner.

        ``place`` is the height of the lowest row, that of the lowest row which is wide, and how far from the middle a
        row may reach before it is wide: then what stands at the sides must be below it.
        """
        ids = [*parts.terms, *parts.ancestors]
        links = mesh.links(graph, [id_ for id_ in ids if id_.startswith(MESH)])
        for broader, narrower in links:
            self.picture.link(broader, narrower, mesh.NARROWER, back=mesh.BROADER)
        level = levels(ids, links)
        top = max(level.values(), default=0)
        roots = {broader for broader, _ in links} - {narrower for _, narrower in links}
        rows: dict[int, list[str]] = {}
        for id_ in ids:
            rows.setdefault(top if id_ in roots else level[id_], []).append(id_)
            self.card(id_).strong = id_ in roots
        (y, clear, reach), left = place, 0.0
        for height in sorted(rows):
            for row in self.lines(self.ordered(rows[height], links)):
                if sum(self.card(id_).width + GAP for id_ in row) > 2 * reach:
                    y = min(y, clear)
                self.row(row, y - 15, GAP)
                left = min([left, *(self.picture.nodes[id_].x - self.card(id_).width / 2 for id_ in row)])
                y -= ROW
        return left, y + ROW - 15

    def ordered(self, row: Iterable[str], links: Sequence[tuple[str, str]]) -> list[str]:
        """A row in the order in which what it leads to stands in the rows beneath."""

        def middle(id_: str) -> float:
            under = [self.picture.nodes[narrower].x for broader, narrower in links if broader == id_]
            return sum(under) / len(under) if under else 0.0

        return sorted(row, key=lambda id_: (round(middle(id_)), self.picture.nodes[id_].label))

    def lines(self, row: Sequence[str]) -> list[list[str]]:
        """A row in pieces that are not too wide."""
        made: list[list[str]] = [[]]
        used = 0.0
        for id_ in row:
            used += self.card(id_).width + GAP
            if used > WIDEST and made[-1]:
                made.append([])
                used = self.card(id_).width + GAP
            made[-1].append(id_)
        return made
