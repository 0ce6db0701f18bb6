"""Rendering of a request: build the view, limit it, lay it out, and write it in a format."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kg._types import Progress, Reject
from kg.draw import DEFAULT_LIMIT, OLD_VIEWS, SUFFIXES, VIEWS
from kg.draw.graph import QueryableGraph, open_graph
from kg.draw.picture import Picture, limit_nodes
from kg.draw.scene import Scene
from kg.errors import UsageError
from kg.query.lexer import decode_query
from kg.rdf.atomic import STANDARD_OUTPUT, check_outputs, replacing, text_of_name, writing

DEFAULT_VIEW = "conditions-interventions"


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """The picture to draw: at most one of view, study, around, query, summary and ontology."""

    view: str | None = None
    study: str | None = None
    around: str | None = None
    depth: int = 1
    query: str | None = None
    summary: bool = False
    ontology: bool = False
    limit: int | None = None
    """Maximum number of nodes; by default 2,000, and all towns on a map."""
    renderer: str = "canvas"

    def number_with_results(self) -> str | None:
        """Return the number of the study whose results are drawn; it is empty if that depends on the input."""
        if self.study:
            return self.study.strip().upper()
        return None if self.view or self.around or self.query or self.summary else ""

    def check(self) -> None:
        """Raise :class:`~kg.errors.UsageError` if more than one picture is requested."""
        options = ("view", "study", "around", "query", "summary", "ontology")
        names = [f"--{name}" for name in options if getattr(self, name)]
        if len(names) > 1:
            raise UsageError(f"{' and '.join(names)} are different pictures; use one of them.")
        if self.view and self.view not in (*VIEWS, *OLD_VIEWS):
            raise UsageError(f"Unknown view {self.view}; the views are {', '.join(VIEWS)}.")


@dataclass(frozen=True, slots=True)
class DrawResult:
    """The numbers of nodes, edges and bytes that were written, and the notes of the picture."""

    output: str
    nodes: int
    edges: int
    size: int
    seconds: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        content = f"{self.nodes:,} nodes and {self.edges:,} links" if self.nodes else "a summary"
        return f"Drawn: {content}, {self.size / 1000:,.0f} kB, {self.seconds:.1f} s."


def draw(
    inputs: Iterable[str],
    output: str,
    request: DrawRequest,
    *,
    reject: Reject,
    progress: Progress | None = None,
) -> DrawResult:
    """Draw the inputs into a file whose suffix selects the format; ``-`` writes a page to standard output.

    Raises :class:`~kg.errors.UsageError` for an invalid request, :class:`~kg.errors.SourceError` for an unreadable
    input, :class:`~kg.errors.OutputError` for a failed write.
    """
    started = time.monotonic()
    names = list(inputs)
    request.check()
    suffix = _suffix(output)
    query = _read_query(request.query)
    check_outputs(names, [output])
    graph = None if request.ontology else _open(names, request, reject, progress)
    stem = "picture" if output == STANDARD_OUTPUT else text_of_name(Path(output).stem)
    (data,), picture = render(graph, request, query, (suffix,), stem)
    with writing(output) if output == STANDARD_OUTPUT else replacing(output) as file:
        file.write(data)
    seconds = time.monotonic() - started
    return DrawResult(output, len(picture.nodes), len(picture.edges), len(data), seconds, tuple(picture.notes))


def _open(names: list[str], request: DrawRequest, reject: Reject, progress: Progress | None) -> QueryableGraph:
    keep = request.number_with_results()
    return open_graph(names, reject, results=bool(request.query), keep=keep, progress=progress)


def render(
    graph: QueryableGraph | None, request: DrawRequest, query: str, suffixes: Iterable[str], name: str
) -> tuple[list[bytes], Picture]:
    """Return the content of a file for each suffix, and the picture, which is empty for a summary.

    ``query`` is the text of the query to draw, if any; ``name`` is the stem of files that are saved from a page.
    """
    if request.summary:
        assert graph is not None
        return [_render_summary(graph, suffix) for suffix in suffixes], Picture("")
    picture = _picture(graph, request, query)
    return [_render_picture(picture, suffix, request.renderer, name) for suffix in suffixes], picture


def _suffix(output: str) -> str:
    if output == STANDARD_OUTPUT:
        return SUFFIXES[0]
    suffix = Path(output).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{output} has no suffix of a picture format; use one of {', '.join(SUFFIXES)}.")
    return suffix


def _read_query(path: str | None) -> str:
    if path is None:
        return ""
    try:
        return decode_query(Path(path).read_bytes(), f"The query {path}")
    except OSError as error:
        raise UsageError(f"The query {path} cannot be read: {error.strerror or error}.") from error


def _picture(graph: QueryableGraph | None, request: DrawRequest, query: str) -> Picture:
    """Return the requested picture with its layout."""
    if graph is None:
        from kg.draw.ontology_view import ontology_picture
        from kg.draw.tree_layout import layout_tree

        picture = ontology_picture()
        layout_tree(picture, "{count:,} links to classes in other places are drawn when a class is selected.")
        return picture
    number = request.study or (None if request.view or request.around or query else _only_study(graph))
    if number:
        from kg.draw.study_view import study_picture

        return study_picture(graph, number)
    return _network(graph, request, query)


def _only_study(graph: QueryableGraph) -> str | None:
    """Return the number of the study of a graph with a single study."""
    numbers = [row["id"] for row in graph.select_named("first-studies")]
    return numbers[0] if len(numbers) == 1 else None


def _network(graph: QueryableGraph, request: DrawRequest, query: str) -> Picture:
    from kg.draw.network_layout import layout_network
    from kg.draw.tree_layout import layout_tree
    from kg.draw.views import add_details

    picture = _network_view(graph, request, query)
    limit = request.limit or (len(picture.nodes) if picture.map_first else DEFAULT_LIMIT)
    limit_nodes(picture, limit, frozenset([picture.centre]))
    add_details(graph, picture, sized=not query, broad=request.view == "mesh")
    if request.view == "mesh":
        layout_tree(picture, "{count:,} terms have several places in MeSH; select one to see all its broader terms.")
    else:
        layout_network(picture)
    return picture


def _network_view(graph: QueryableGraph, request: DrawRequest, query: str) -> Picture:
    from kg.draw.neighbourhood_view import neighbourhood
    from kg.draw.query_view import query_picture
    from kg.draw.views import VIEWS as FUNCTIONS

    if query:
        return query_picture(graph, query, Path(request.query or "").stem)
    if request.around:
        return neighbourhood(graph, request.around, request.depth, request.limit or DEFAULT_LIMIT)
    view = OLD_VIEWS.get(request.view or "", request.view or DEFAULT_VIEW)
    picture = FUNCTIONS[view](graph)
    if not picture.nodes:
        raise UsageError(f"The input has nothing for the view {view}.")
    return picture


def _render_summary(graph: QueryableGraph, suffix: str) -> bytes:
    from kg.draw.summary import summary_charts, summary_page, summary_scene

    charts = summary_charts(graph)
    return summary_page(charts) if suffix == ".html" else _render_scene(summary_scene(charts), suffix)


def _render_picture(picture: Picture, suffix: str, renderer: str, name: str) -> bytes:
    if suffix != ".html":
        from kg.draw.scene import picture_scene

        return _render_scene(picture_scene(picture), suffix)
    if renderer == "pyvis":
        from kg.draw.pyvis_page import pyvis_page

        return pyvis_page(picture)
    from kg.draw.html_page import picture_page

    return picture_page(picture, name)


def _render_scene(scene: Scene, suffix: str) -> bytes:
    if suffix == ".svg":
        from kg.draw.svg import svg_file

        return svg_file(scene)
    from kg.draw.matplotlib_output import matplotlib_file

    return matplotlib_file(scene, suffix[1:])
