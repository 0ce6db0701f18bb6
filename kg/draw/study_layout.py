"""Layout of the cards of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kg.draw import mesh_tree
from kg.draw.cards import route_edge
from kg.draw.graph import QueryableGraph
from kg.draw.picture import Card, Heading, Node, Picture
from kg.draw.tree_layout import levels
from kg.ontology.vocabulary import MESH

CHIP_GAP = 6.0
"""Pixels between a card and a MeSH term that belongs to it."""
GAP, ROW_HEIGHT, COLUMN_GAP = 16.0, 58.0, 96.0
"""Pixels between cards of a column, from one row of MeSH terms to the next, and between columns."""
MAX_ROW_WIDTH = 1500.0
"""Maximum width of a row of MeSH terms in pixels; longer rows are broken."""
COLUMNS = 4
"""Number of columns of the cards inside a folded card."""


@dataclass(slots=True)
class StudyCards:
    """The ids of the cards of a study by their position."""

    terms: list[str] = field(default_factory=list)
    ancestors: list[str] = field(default_factory=list)
    arms: list[str] = field(default_factory=list)
    interventions: list[str] = field(default_factory=list)
    intervention_terms: list[str] = field(default_factory=list)
    primary: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    results_heading: str = "Results"
    left: list[str] = field(default_factory=list)
    folded: dict[str, list[str]] = field(default_factory=dict)
    """The cards inside a folded card."""
    chips: dict[str, list[str]] = field(default_factory=dict)
    """The MeSH terms below an intervention."""


def layout_study(picture: Picture, study: str, cards: StudyCards, graph: QueryableGraph) -> None:
    """Place every card, add the edges between MeSH terms, and route the edges."""
    layout = _StudyLayout(picture)
    centre = layout.card(study)
    right_headings = layout.place_right(cards, centre.width / 2 + COLUMN_GAP)
    left = layout.column(cards.left, -centre.width / 2 - COLUMN_GAP - 140, 0.0)
    if cards.left:
        layout.heading(left, "Who, where, published")
    for corner, text in right_headings:
        layout.heading(corner, text)
    bottom = layout.place_below(cards, centre.height / 2 + 44)
    sides = (*cards.left, *cards.arms, *cards.interventions)
    sides_top = min([0.0, *(layout.top(id_) for id_ in sides)]) - COLUMN_GAP
    above = layout.place_terms(cards, (-centre.height / 2 - 66, sides_top, centre.width / 2 + COLUMN_GAP / 2), graph)
    if cards.terms:
        layout.heading(above, "Condition, and what it belongs to in MeSH")
    terms = (*cards.intervention_terms, *(chip for chips in cards.chips.values() for chip in chips))
    bottom = max([bottom, *(layout.bottom(id_) for id_ in (*sides, *terms))])
    if cards.results:
        bottom = layout.place_results(cards, bottom + 70)
    layout.place_inside(cards.folded, bottom)
    across = {*sides, *terms}
    for edge in picture.edges:
        route_edge(edge, picture.nodes, down=edge.target not in across)


class _StudyLayout:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture

    def node(self, id_: str) -> Node:
        return self.picture.nodes[id_]

    def card(self, id_: str) -> Card:
        card = self.node(id_).card
        assert card is not None
        return card

    def place(self, id_: str, x: float, y: float) -> None:
        self.node(id_).x, self.node(id_).y = round(x, 1), round(y, 1)

    def heading(self, corner: tuple[float, float], text: str) -> None:
        """Add a heading above the upper left corner of a group of cards."""
        self.picture.headings.append(Heading(corner[0], corner[1] - 18, text))

    def left(self, id_: str) -> float:
        return self.node(id_).x - self.card(id_).width / 2

    def top(self, id_: str) -> float:
        return self.node(id_).y - self.card(id_).height / 2

    def bottom(self, id_: str) -> float:
        return self.node(id_).y + self.card(id_).height / 2

    def column_height(self, ids: Sequence[str]) -> float:
        return sum(self.card(id_).height + GAP for id_ in ids) - GAP

    def max_width(self, ids: Sequence[str], default: float = 0.0) -> float:
        return max((self.card(id_).width for id_ in ids), default=default)

    def column(
        self, ids: Sequence[str], x: float, middle: float, chips: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[float, float]:
        """Place cards, with their chips, in a column that is centred vertically; return the upper left corner."""
        chips = chips or {}
        y = top = middle - self.column_height([*ids, *(chip for own in chips.values() for chip in own)]) / 2
        left = x - self.max_width(ids) / 2
        for id_ in ids:
            self.place(id_, x, y + self.card(id_).height / 2)
            y += self.card(id_).height + GAP
            for chip in chips.get(id_, ()):  # right below its card
                card = self.card(chip)
                self.place(chip, left + GAP + card.width / 2, y - GAP + CHIP_GAP + card.height / 2)
                y += card.height + CHIP_GAP
        return left, top

    def place_right(self, cards: StudyCards, x: float) -> list[tuple[tuple[float, float], str]]:
        """Place the arms, and the interventions to the right of them; return their headings with the corners."""
        headings = []
        arm_width = self.max_width(cards.arms, default=-COLUMN_GAP)
        width = self.max_width(cards.interventions)
        right = x + arm_width + COLUMN_GAP
        if cards.interventions:
            corner = self.column(cards.interventions, right + width / 2, 0.0, cards.chips)
            headings.append((corner, "What is given"))
        if cards.arms:
            corner = self.column(cards.arms, x + arm_width / 2, 0.0)
            if self.column_height(cards.arms) <= self.column_height(cards.interventions):
                self.align_arms(cards.arms)
            headings.append(((corner[0], self.top(cards.arms[0])), "Arms"))
        self.flow(cards.intervention_terms, (x, right + width), self.lowest(cards) + GAP)
        return headings

    def lowest(self, cards: StudyCards) -> float:
        """Return the bottom of the arms, interventions and chips."""
        ids = [*cards.arms, *cards.interventions, *(chip for chips in cards.chips.values() for chip in chips)]
        return max((self.bottom(id_) for id_ in ids), default=0.0)

    def flow(self, ids: Sequence[str], limits: tuple[float, float], top: float) -> None:
        """Place pills one after another in rows between two limits."""
        x, y = limits[0], top
        for id_ in ids:
            card = self.card(id_)
            if x + card.width > limits[1] and x > limits[0]:
                x, y = limits[0], y + card.height + CHIP_GAP
            self.place(id_, x + card.width / 2, y + card.height / 2)
            x += card.width + GAP / 2

    def place_inside(self, folded: Mapping[str, Sequence[str]], bottom: float) -> None:
        """Place the cards inside folded cards below everything.

        Cards that are inside cards of one folded card share their place, since a page opens one of these at a time.
        """
        inner = {id_ for ids in folded.values() for id_ in ids}
        for id_ in folded:
            if id_ not in inner:
                bottom = self.place_content(id_, folded, bottom)

    def place_content(self, id_: str, folded: Mapping[str, Sequence[str]], top: float) -> float:
        """Place the cards inside a folded card, and below them what is inside these; return the bottom."""
        bottom = self.grid(folded[id_], top + 70)
        return max([bottom, *(self.place_content(child, folded, bottom) for child in folded[id_] if child in folded)])

    def align_arms(self, arms: Sequence[str]) -> None:
        """Move each arm to the mean height of its interventions, without overlaps."""
        heights = {arm: [self.node(edge.target).y for edge in self.picture.edges if edge.source == arm] for arm in arms}
        bottom = float("-inf")
        for arm in arms:
            targets, half = heights[arm], self.card(arm).height / 2
            mean = sum(targets) / len(targets) if targets else self.node(arm).y
            y = max(mean, bottom + half)
            self.place(arm, self.node(arm).x, y)
            bottom = y + half + GAP

    def place_below(self, cards: StudyCards, top: float) -> float:
        """Place the primary outcomes below the study and the other outcomes below them; return the bottom."""
        if not cards.primary:
            return self.row(cards.outcomes, top + 40) if cards.outcomes else top
        self.column(cards.primary, 0.0, top + 14 + self.column_height(cards.primary) / 2)
        bottom = self.bottom(cards.primary[-1])
        left = min(self.left(id_) for id_ in cards.primary)
        self.picture.headings.append(Heading(left, top + 4, "What is measured"))
        return self.row(cards.outcomes, bottom + 40) if cards.outcomes else bottom

    def place_results(self, cards: StudyCards, top: float) -> float:
        """Place the results in a row below everything; return the bottom."""
        bottom = self.row(cards.results, top)
        self.heading((self.left(cards.results[0]), top), cards.results_heading)
        return bottom

    def row(self, ids: Sequence[str], top: float, gap: float = 24.0) -> float:
        """Place cards in a row that is centred horizontally; return the bottom."""
        x = -(sum(self.card(id_).width + gap for id_ in ids) - gap) / 2
        for id_ in ids:
            self.place(id_, x + self.card(id_).width / 2, top + self.card(id_).height / 2)
            x += self.card(id_).width + gap
        return max(self.bottom(id_) for id_ in ids)

    def grid(self, ids: Sequence[str], top: float) -> float:
        """Place cards in columns, each card in the shortest column; return the bottom."""
        width = self.max_width(ids) + GAP
        columns = min(COLUMNS if len(ids) <= 40 else 2 * COLUMNS, len(ids))
        bottoms = [top] * columns
        for id_ in ids:
            i = min(range(columns), key=lambda j: bottoms[j])
            height = self.card(id_).height
            self.place(id_, (i - (columns - 1) / 2) * width, bottoms[i] + height / 2)
            bottoms[i] += height + GAP
        return max(bottoms)

    def place_terms(
        self, cards: StudyCards, limits: tuple[float, float, float], graph: QueryableGraph
    ) -> tuple[float, float]:
        """Place the MeSH terms in rows, the broadest on top; return the upper left corner.

        ``limits`` are the height of the lowest row, the height above the columns at the sides, and the distance from
        the centre up to which a row does not reach these columns; a wider row is placed above them.
        """
        ids = [*cards.terms, *cards.ancestors]
        links = mesh_tree.links(graph, [id_ for id_ in ids if id_.startswith(MESH)])
        for broader, narrower in links:
            self.picture.link(broader, narrower, mesh_tree.NARROWER, back=mesh_tree.BROADER)
        level = levels(ids, links)
        top = max(level.values(), default=0)
        roots = {broader for broader, _ in links} - {narrower for _, narrower in links}
        rows: dict[int, list[str]] = {}
        for id_ in ids:
            rows.setdefault(top if id_ in roots else level[id_], []).append(id_)
            self.card(id_).strong = id_ in roots
        (y, sides_top, reach), left = limits, 0.0
        for height in sorted(rows):
            for row in self.break_row(self.sort_row(rows[height], links)):
                if sum(self.card(id_).width + GAP for id_ in row) > 2 * reach:
                    y = min(y, sides_top)
                self.row(row, y - 15, GAP)
                left = min([left, *(self.left(id_) for id_ in row)])
                y -= ROW_HEIGHT
        return left, y + ROW_HEIGHT - 15

    def sort_row(self, row: Iterable[str], links: Sequence[tuple[str, str]]) -> list[str]:
        """Sort a row by the mean position of the narrower terms in the rows below."""

        def mean_x(id_: str) -> float:
            below = [self.node(narrower).x for broader, narrower in links if broader == id_]
            return sum(below) / len(below) if below else 0.0

        return sorted(row, key=lambda id_: (round(mean_x(id_)), self.node(id_).label))

    def break_row(self, row: Sequence[str]) -> list[list[str]]:
        """Break a row into rows of a limited width."""
        rows: list[list[str]] = [[]]
        used = 0.0
        for id_ in row:
            used += self.card(id_).width + GAP
            if used > MAX_ROW_WIDTH and rows[-1]:
                rows.append([])
                used = self.card(id_).width + GAP
            rows[-1].append(id_)
        return rows
