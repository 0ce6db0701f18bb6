"""From what a user wants to a file: the view is made, cut to what can be seen, laid out and written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg._types import Reject
from kg.draw import ENDINGS, LIMIT
from kg.draw.graph import Graph, opened
from kg.draw.picture import Picture, cut
from kg.errors import UsageError
from kg.query.lexer import decoded
from kg.rdf.atomic import STANDARD_OUTPUT, check_places, replacing, writing


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be drawn; at most one of view, study, around, query, summary and ontology."""

    view: str | None = None
    study: str | None = None
    around: str | None = None
    depth: int = 1
    query: str | None = None
    summary: bool = False
    ontology: bool = False
    limit: int | None = None
    """Nodes at most; without it 2,000, and all towns on the map."""
    renderer: str = "canvas"

    def check(self) -> None:
        """Raises :class:`~kg.errors.UsageError` where two things are wanted at once."""
        asked = {
            "--view": self.view,
            "--study": self.study,
            "--around": self.around,
            "--query": self.query,
            "--summary": self.summary,
            "--ontology": self.ontology,
        }
        named = [name for name, value in asked.items() if value]
        if len(named) > 1:
            raise UsageError(f"{' and '.join(named)} are different pictures; ask for one of them.")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was written, to tell."""

    output: str
    nodes: int
    edges: int
    size: int
    seconds: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f"{self.nodes:,} nodes and {self.edges:,} links" if self.nodes else "a summary"
        return f"Drawn: {what}, {self.size / 1000:,.0f} kB, {self.seconds:.1f} s."


def draw(
    inputs: Iterable[str],
    output: str,
    wish: Wish,
    *,
    reject: Reject,
    progress: Callable[[int], None] | None = None,
) -> Drawn:
    """Draws what is wanted of some inputs into a file whose name tells its kind, ``-`` for a page to standard output.

    Raises :class:`~kg.errors.UsageError` for what cannot be drawn, :class:`~kg.errors.SourceError` for an input that
    cannot be read, :class:`~kg.errors.OutputError` for what cannot be written.
    """
    started = time.monotonic()
    names = list(inputs)
    wish.check()
    ending = _ending(output)
    query = _query(wish.query)
    check_places(names, [output])
    graph = None if wish.ontology else opened(names, reject, results=bool(wish.query), progress=progress)
    made, picture = rendered(graph, wish, query, (ending,), _stem(output))
    _write(output, made[0])
    counts = (len(picture.nodes), len(picture.edges), len(made[0]))
    return Drawn(output, *counts, time.monotonic() - started, tuple(picture.notes))


def rendered(
    graph: Graph | None, wish: Wish, query: str, endings: Iterable[str], name: str
) -> tuple[list[bytes], Picture]:
    """What is wanted of a graph, as the content of a file of each ending, and the picture, which is empty for charts.

    ``query`` is the text of the query to be drawn, if any; files that are saved from a page are called by ``name``.
    """
    if wish.summary:
        assert graph is not None
        return [_summary(graph, ending) for ending in endings], Picture("")
    picture = _picture(graph, wish, query)
    return [_written(picture, ending, wish.renderer, name) for ending in endings], picture


def _ending(output: str) -> str:
    if output == STANDARD_OUTPUT:
        return ENDINGS[0]
    ending = Path(output).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"The name {output} tells no kind of picture; end it in {', '.join(ENDINGS)}.")
    return ending


def _stem(output: str) -> str:
    return "picture" if output == STANDARD_OUTPUT else Path(output).stem


def _query(given: str | None) -> str:
    if given is None:
        return ""
    try:
        return decoded(Path(given).read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The query {given} cannot be read ({error}).") from error


def _write(output: str, data: bytes) -> None:
    with writing(output) if output == STANDARD_OUTPUT else replacing(output) as file:
        file.write(data)


def _picture(graph: Graph | None, wish: Wish, query: str) -> Picture:
    """The picture that is wanted, laid out."""
    from kg.draw.schema import schema
    from kg.draw.trees import radial

    if graph is None:
        picture = schema()
        radial(picture, "{count:,} links to what stands elsewhere already are drawn when a class is chosen.")
        return picture
    number = wish.study or (None if wish.view or wish.around or query else _only_study(graph))
    if number:
        from kg.draw.study import study

        return study(graph, number)
    return _network(graph, wish, query)


def _only_study(graph: Graph) -> str | None:
    """The number of the study of a graph that has just one."""
    found = [row["id"] for row in graph.named("first-studies")]
    return found[0] if len(found) == 1 else None


def _network(graph: Graph, wish: Wish, query: str) -> Picture:
    from kg.draw.around import around
    from kg.draw.asked import asked
    from kg.draw.layout import spread
    from kg.draw.trees import radial
    from kg.draw.views import VIEWS, described

    if query:
        picture = asked(graph, query, Path(wish.query or "").stem)
    elif wish.around:
        picture = around(graph, wish.around, wish.depth, wish.limit or LIMIT)
    else:
        picture = VIEWS[wish.view or "conditions-interventions"](graph)
    if not picture.nodes:
        raise UsageError(f"The input has nothing for the view {wish.view or 'conditions-interventions'}.")
    limit = wish.limit or (len(picture.nodes) if picture.map_first else LIMIT)
    cut(picture, limit, frozenset([picture.centre]))
    described(graph, picture, sized=not query, broad=wish.view == "mesh")
    if wish.view == "mesh":
        radial(picture, "{count:,} terms stand in several places of MeSH; choose one to see all that is above it.")
    else:
        spread(picture)
    return picture


def _summary(graph: Graph, ending: str) -> bytes:
    from kg.draw import summary

    made = summary.parts(graph)
    return summary.page(made) if ending == ".html" else _printed(summary.scene(made), ending)


def _written(picture: Picture, ending: str, renderer: str, name: str) -> bytes:
    from kg.draw.scene import scene

    if ending != ".html":
        return _printed(scene(picture), ending)
    if renderer == "pyvis":
        from kg.draw.pyvis import pyvis_page

        return pyvis_page(picture)
    from kg.draw.page import page

    return page(picture, name)


def _printed(scene: Any, ending: str) -> bytes:
    from kg.draw.paper import paper
    from kg.draw.svg import svg

    return svg(scene) if ending == ".svg" else paper(scene, ending[1:])
