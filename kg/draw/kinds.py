"""Kinds of nodes, with their colours and shapes.

The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which are distinguishable with any colour
vision. Each kind also has a shape, so that colour is never the only difference.
"""

from __future__ import annotations

from dataclasses import dataclass

from kg.draw.contrast import readable

BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILION, PURPLE, YELLOW, GREY = "#D55E00", "#CC79A7", "#F0E442", "#8A8F98"
LIGHT_ISLAND, DARK_ISLAND = "#f0f3f6", "#171d25"
"""The backgrounds of the light and the dark theme with which lines have the least contrast: discs of communities."""
SHAPES = ("circle", "square", "diamond", "triangle", "ring", "hexagon")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of node: its name in singular and plural, its colour and its shape."""

    name: str
    plural: str
    colour: str
    shape: str

    def count(self, number: int) -> str:
        """Return a count with the name of the kind.

        >>> KINDS["Study"].count(1), KINDS["Study"].count(2000)
        ('1 study', '2,000 studies')
        """
        return f"{number:,} {self.name.lower() if number == 1 else self.plural}"

    @property
    def line(self) -> str:
        """The colour for lines on white, darker than the colour itself if that has too little contrast."""
        return readable(self.colour, LIGHT_ISLAND)

    @property
    def dark_line(self) -> str:
        """The colour for lines in the dark theme."""
        return readable(self.colour, DARK_ISLAND)


_KINDS = (
    Kind("Study", "studies", BLUE, "square"),
    Kind("Condition", "conditions", VERMILION, "circle"),
    Kind("Broader condition", "broader conditions", VERMILION, "ring"),
    Kind("Intervention", "interventions", GREEN, "diamond"),
    Kind("Broader intervention", "broader interventions", GREEN, "ring"),
    Kind("Arm", "arms", SKY, "square"),
    Kind("Primary outcome", "primary outcomes", ORANGE, "hexagon"),
    Kind("Secondary outcome", "secondary outcomes", ORANGE, "triangle"),
    Kind("Other outcome", "other outcomes", ORANGE, "ring"),
    Kind("Result", "results", PURPLE, "diamond"),
    Kind("Organization", "organizations", PURPLE, "hexagon"),
    Kind("Industry", "companies", VERMILION, "hexagon"),
    Kind("Government", "government bodies", BLUE, "square"),
    Kind("Network", "networks", GREEN, "diamond"),
    Kind("Other organization", "universities, hospitals and others", PURPLE, "circle"),
    Kind("Site", "sites", YELLOW, "circle"),
    Kind("Town", "towns", YELLOW, "circle"),
    Kind("Country", "countries", GREY, "square"),
    Kind("Publication", "publications", GREY, "triangle"),
    Kind("Class", "classes", BLUE, "square"),
    Kind("Code list", "code lists", ORANGE, "diamond"),
)
KINDS = {kind.name: kind for kind in _KINDS}
_OTHERS = (SKY, ORANGE, PURPLE, GREEN, VERMILION, YELLOW, BLUE)


def kind(name: str, index: int = 0) -> Kind:
    """Return the kind with a name; an unlisted kind gets its colour and shape by its index among the unlisted ones.

    >>> kind("Study").colour, kind("Gene", 1).shape
    ('#0072B2', 'square')
    """
    return KINDS.get(name) or Kind(name, name, _OTHERS[index % len(_OTHERS)], SHAPES[index % len(SHAPES)])
