"""What a picture shows: nodes with their details and edges between them, and what was left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kg.draw.kinds import Kind, kind

EDGES_FOR_A_NODE = 4
"""Edges that a picture shows at most, as a multiple of its nodes: with more of them nothing could be seen."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A fact about a node: a heading, a text, and an address of the web where it leads somewhere."""

    heading: str
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a card, ``size`` in pixels; its role is ``name``, ``text``, ``soft`` or ``kind``."""

    text: str
    size: float
    role: str


@dataclass(slots=True)
class Card:
    """The lines of a node that is drawn as a card, and the size of the card in pixels."""

    lines: list[Line]
    width: float
    height: float
    strong: bool = False
    """Whether the card stands out: the study itself, its primary outcomes."""


@dataclass(slots=True)
class Node:
    """A thing in a picture. ``size`` says how much it stands for, such as a number of studies."""

    id: str
    kind: str
    label: str
    size: float = 1.0
    link: str = ""
    details: list[Detail] = field(default_factory=list)
    place: tuple[float, float] | None = None
    """Longitude and latitude in degrees."""
    x: float = 0.0
    y: float = 0.0
    radius: float = 6.0
    side: str = ""
    """Where the label stands: ``left``, ``right``, or below."""
    card: Card | None = None
    count: str = ""
    """How many studies it stands for, in words that say what is counted."""
    folded: bool = False
    """Whether the nodes that hang on this one alone are hidden until it is opened."""


@dataclass(slots=True)
class Edge:
    """A link between two nodes, by their ids."""

    source: str
    target: str
    label: str = ""
    """What the target is to the source, such as ``arm``."""
    weight: float = 1.0
    """What the edge stands for; one that stands for nothing is drawn when an end of it is chosen."""
    studies: list[str] = field(default_factory=list)
    """NCT numbers of studies that make the link."""
    route: list[float] = field(default_factory=list)
    """A cubic curve between two cards: eight numbers."""
    back: str = ""
    """What the source is to the target; without it the name of its kind."""


@dataclass(slots=True)
class Heading:
    """Words that stand in the picture by themselves."""

    x: float
    y: float
    text: str


@dataclass(slots=True)
class Region:
    """A disc behind nodes that belong together."""

    x: float
    y: float
    radius: float


@dataclass(slots=True)
class Picture:
    """A picture, laid out or not."""

    title: str
    subtitle: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader has to know, above all what was left out."""
    centre: str = ""
    """The id of the node that all is about, if there is one."""
    map_first: bool = False
    """Whether a page opens with the map."""

    def add(self, node: Node) -> Node:
        """Puts a node in, unless one of its id is in it; gives the one that is in it."""
        return self.nodes.setdefault(node.id, node)

    def link(self, source: str, target: str, label: str = "", weight: float = 1.0, *, back: str = "") -> None:
        """Puts an edge in."""
        self.edges.append(Edge(source, target, label, weight, back=back))

    def kinds(self) -> dict[str, Kind]:
        """The kinds of the nodes by name: those that are known in their order, then others by name."""
        names = {node.kind for node in self.nodes.values()}
        order = [name for name in _order() if name in names]
        others = sorted(names - set(order))
        return {name: kind(name) for name in order} | {name: kind(name, i) for i, name in enumerate(others)}

    def degrees(self) -> Counter[str]:
        """How much the edges of each node stand for."""
        counted: Counter[str] = Counter()
        for edge in self.edges:
            for end in {edge.source, edge.target}:
                counted[end] += round(edge.weight)
        return counted

    def neighbours(self) -> dict[str, list[str]]:
        """The neighbours of each node, each once, in the order of the edges."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in self.edges:
            if edge.source != edge.target:
                found[edge.source][edge.target] = None
                found[edge.target][edge.source] = None
        return {id_: list(found.get(id_, ())) for id_ in self.nodes}


def _order() -> list[str]:
    from kg.draw.kinds import KINDS

    return list(KINDS)


def cut(picture: Picture, limit: int, keep: frozenset[str] = frozenset()) -> None:
    """Leaves the most telling nodes and edges, and notes how many of what kind went.

    Telling is what stands for much, and has links that do; ``keep`` stays in any case. Nodes that lose all their links
    with those that go are left out too.
    """
    total = len(picture.nodes)
    linked_before = set(picture.degrees())
    degrees = picture.degrees()
    order = sorted(
        picture.nodes.values(), key=lambda node: (node.id not in keep, -degrees[node.id], -node.size, node.id)
    )
    gone = Counter(node.kind for node in order[limit:])
    _keep_only(picture, {node.id for node in order[:limit]})
    _cut_edges(picture, EDGES_FOR_A_NODE * max(len(picture.nodes), 1))
    if total > limit:
        lonely = linked_before - set(picture.degrees()) - keep
        alone = [id_ for id_ in picture.nodes if id_ in lonely]
        gone += Counter(picture.nodes[id_].kind for id_ in alone)
        _keep_only(picture, set(picture.nodes) - set(alone))
        counts = ", ".join(kind(name).count(count) for name, count in sorted(gone.items()))
        picture.notes.append(f"The {len(picture.nodes):,} most connected of {total:,} are shown. Left out: {counts}.")


def _cut_edges(picture: Picture, limit: int) -> None:
    over = len(picture.edges) - limit
    if over > 0:
        order = sorted(range(len(picture.edges)), key=lambda i: (-picture.edges[i].weight, i))
        picture.edges = [picture.edges[i] for i in sorted(order[:limit])]
        picture.notes.append(f"{over:,} links that stand for least are left out.")


def _keep_only(picture: Picture, ids: set[str]) -> None:
    picture.nodes = {id_: node for id_, node in picture.nodes.items() if id_ in ids}
    picture.edges = [edge for edge in picture.edges if edge.source in ids and edge.target in ids]


def web(address: str) -> str:
    """An address as it is, if a browser may be led there, and nothing if not.

    >>> web("https://pubmed.ncbi.nlm.nih.gov/1/"), web("javascript:alert(1)"), web("urn:x")
    ('https://pubmed.ncbi.nlm.nih.gov/1/', '', '')
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.netloc else ""
