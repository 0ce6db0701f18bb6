"""A picture as a notebook shows it: the page of ``kg draw`` in a frame that can reach nothing outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.draw.graph import Graph
from kg.draw.make import Wish, rendered
from kg.notebook.html import element
from kg.rdf.atomic import replacing

HEIGHT = 620
"""Pixels that a picture is high in a notebook."""


@dataclass(frozen=True, slots=True, repr=False)
class Drawing:
    """A picture as a page and as SVG; a notebook shows the page."""

    title: str
    html: str
    svg: str
    nodes: int
    edges: int

    def __repr__(self) -> str:
        size = f": {self.nodes:,} nodes, {self.edges:,} links" if self.nodes else ""
        return f"<Drawing {self.title}{size}>"

    def save(self, name: str) -> None:
        """Writes the page, or SVG where the name ends so; raises :class:`~kg.errors.OutputError` where it cannot."""
        with replacing(name) as file:
            file.write((self.svg if Path(name).suffix.lower() == ".svg" else self.html).encode())

    def _repr_html_(self) -> str:
        """The page in a frame: its scripts run there without the rights of the notebook."""
        return element(
            "iframe",
            srcdoc=self.html,
            title=self.title,
            sandbox="allow-scripts allow-downloads allow-popups",
            style=f"width:100%;height:{HEIGHT}px;border:1px solid #8884;border-radius:6px",
        )


def drawing(graph: Graph | None, **wish: Any) -> Drawing:
    """The picture of a graph that is wanted, in the terms of :class:`kg.draw.make.Wish`; ``query`` is a text.

    Raises :class:`~kg.errors.UsageError` for what cannot be drawn.
    """
    wanted = Wish(**wish)
    wanted.check()
    made, picture = rendered(graph, wanted, wanted.query or "", (".html", ".svg"), "picture")
    title = picture.title or "Summary"
    return Drawing(title, made[0].decode(), made[1].decode(), len(picture.nodes), len(picture.edges))
