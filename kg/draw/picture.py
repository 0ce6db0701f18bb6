"""The model of a picture: nodes with details, edges between them, and notes on omissions."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kg.draw.kinds import KINDS, Kind, kind

MAX_EDGES_PER_NODE = 4
"""Maximum number of edges as a multiple of the number of nodes; more edges would hide the picture."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A fact about a node: a heading, a text, and optionally a URL."""

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
    """Whether the card is emphasized: the study itself and its primary outcomes are."""


@dataclass(slots=True)
class Node:
    """A node of a picture; ``size`` is the quantity that it represents, such as a number of studies."""

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
    """Position of the label: ``left``, ``right``, or empty for below."""
    card: Card | None = None
    count: str = ""
    """The number of studies, with a description of the number."""
    folded: bool = False
    """Whether the nodes inside are hidden until it is opened."""
    inside: str = ""
    """The id of the folded card that the node is in, if any; that card may be in another one."""


@dataclass(slots=True)
class Edge:
    """A link between two nodes, by their ids."""

    source: str
    target: str
    label: str = ""
    """The role of the target for the source, such as ``arm``."""
    weight: float = 1.0
    """The quantity that the edge represents; an edge of weight 0 is drawn only when one of its ends is selected."""
    studies: list[str] = field(default_factory=list)
    """NCT numbers of the studies behind the link."""
    route: list[float] = field(default_factory=list)
    """A cubic curve between two cards: eight numbers."""
    back: str = ""
    """The role of the source for the target; if empty, the name of its kind is shown."""


@dataclass(slots=True)
class Heading:
    """A free-standing caption."""

    x: float
    y: float
    text: str


@dataclass(slots=True)
class Region:
    """A disc behind the nodes of a community, and the id of its largest node."""

    x: float
    y: float
    radius: float
    hub: str = ""


@dataclass(slots=True)
class Picture:
    """A picture, with or without a layout."""

    title: str
    subtitle: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Remarks for the reader, above all about omissions."""
    centre: str = ""
    """The id of the central node, if there is one."""
    totals: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What a map shows of each country by its ISO code: its name, and the number of sites or studies."""
    map_first: bool = False
    """Whether a page opens with the map."""

    def add(self, node: Node) -> Node:
        """Add a node unless there is one with its id; return the node with that id."""
        return self.nodes.setdefault(node.id, node)

    def link(self, source: str, target: str, label: str = "", weight: float = 1.0, *, back: str = "") -> None:
        """Add an edge."""
        self.edges.append(Edge(source, target, label, weight, back=back))

    def kinds(self) -> dict[str, Kind]:
        """Return the kinds of the nodes by name: those of ``KINDS`` in their order, then the others sorted by name."""
        names = {node.kind for node in self.nodes.values()}
        order = [name for name in KINDS if name in names]
        others = sorted(names - set(order))
        return {name: kind(name) for name in order} | {name: kind(name, i) for i, name in enumerate(others)}

    def degrees(self) -> Counter[str]:
        """Return the total weight of the edges of each node."""
        degrees: Counter[str] = Counter()
        for edge in self.edges:
            for end in {edge.source, edge.target}:
                degrees[end] += round(edge.weight)
        return degrees

    def neighbours(self) -> dict[str, list[str]]:
        """Return the distinct neighbours of each node in the order of the edges."""
        neighbours: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in self.edges:
            if edge.source != edge.target:
                neighbours[edge.source][edge.target] = None
                neighbours[edge.target][edge.source] = None
        return {id_: list(neighbours.get(id_, ())) for id_ in self.nodes}


def limit_nodes(picture: Picture, limit: int, keep: frozenset[str] = frozenset()) -> None:
    """Keep the most connected nodes and the heaviest edges, and note how many of each kind were removed.

    Nodes are ranked by the weight of their edges, then by size; nodes in ``keep`` always stay. Nodes that lose all
    their links are removed too.
    """
    total = len(picture.nodes)
    degrees = picture.degrees()
    linked_before = set(degrees)
    order = sorted(
        picture.nodes.values(), key=lambda node: (node.id not in keep, -degrees[node.id], -node.size, node.id)
    )
    removed = Counter(node.kind for node in order[limit:])
    _keep_only(picture, {node.id for node in order[:limit]})
    _limit_edges(picture, MAX_EDGES_PER_NODE * max(len(picture.nodes), 1))
    if total > limit:
        isolated = (linked_before - set(picture.degrees()) - keep) & picture.nodes.keys()
        removed += Counter(node.kind for node in picture.nodes.values() if node.id in isolated)
        _keep_only(picture, set(picture.nodes) - isolated)
        counts = ", ".join(kind(name).count(count) for name, count in sorted(removed.items()))
        picture.notes.append(f"The {len(picture.nodes):,} most connected of {total:,} are shown. Left out: {counts}.")


def _limit_edges(picture: Picture, limit: int) -> None:
    excess = len(picture.edges) - limit
    if excess > 0:
        order = sorted(range(len(picture.edges)), key=lambda i: (-picture.edges[i].weight, i))
        picture.edges = [picture.edges[i] for i in sorted(order[:limit])]
        picture.notes.append(f"{excess:,} links of the lowest weight are left out.")


def _keep_only(picture: Picture, ids: set[str]) -> None:
    picture.nodes = {id_: node for id_, node in picture.nodes.items() if id_ in ids}
    picture.edges = [edge for edge in picture.edges if edge.source in ids and edge.target in ids]


def web_url(url: str) -> str:
    """Return the URL if it is an absolute ``http`` or ``https`` URL, or an empty string.

    >>> web_url("https://pubmed.ncbi.nlm.nih.gov/1/"), web_url("javascript:alert(1)"), web_url("urn:x")
    ('https://pubmed.ncbi.nlm.nih.gov/1/', '', '')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""
