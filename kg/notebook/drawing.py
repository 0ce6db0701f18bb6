"""Display of a picture in a notebook: the page of ``kg draw`` in a sandboxed frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.draw.graph import QueryableGraph
from kg.draw.render import DrawRequest, render
from kg.notebook.html import element
from kg.query.tables import one_line
from kg.rdf.atomic import replacing

HEIGHT = 620
"""Height of a picture in a notebook in pixels."""


@dataclass(frozen=True, slots=True, repr=False)
class Drawing:
    """A picture as a page and as SVG; a notebook displays the page."""

    title: str
    html: str
    svg: str
    nodes: int
    edges: int

    def __repr__(self) -> str:
        size = f": {self.nodes:,} nodes, {self.edges:,} links" if self.nodes else ""
        return f"<Drawing {one_line(self.title)}{size}>"

    def save(self, name: str) -> None:
        """Write the page, or SVG for the suffix ``.svg``; raises :class:`~kg.errors.OutputError` on failure."""
        with replacing(name) as file:
            file.write((self.svg if Path(name).suffix.lower() == ".svg" else self.html).encode())

    def _repr_html_(self) -> str:
        """Return the page in a frame whose scripts have no access to the notebook."""
        return element(
            "iframe",
            srcdoc=self.html,
            title=self.title,
            sandbox="allow-scripts allow-downloads allow-popups",
            style=f"width:100%;height:{HEIGHT}px;border:1px solid #8884;border-radius:6px",
        )


def drawing(graph: QueryableGraph | None, **options: Any) -> Drawing:
    """Return a picture; the options are those of :class:`kg.draw.render.DrawRequest`, where ``query`` is a text.

    Raises :class:`~kg.errors.UsageError` for an invalid request.
    """
    request = DrawRequest(**options)
    request.check()
    (html, svg), picture = render(graph, request, request.query or "", (".html", ".svg"), "picture")
    title = picture.title or "Summary"
    return Drawing(title, html.decode(), svg.decode(), len(picture.nodes), len(picture.edges))
