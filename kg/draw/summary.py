"""What is in a graph, as charts, each with the query that made it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.draw.charts import CHARTS, WIDTH, Counts
from kg.draw.facts import code
from kg.draw.graph import Graph, body, header, query_text
from kg.draw.letters import ASSETS
from kg.draw.page import faces, filled, policy
from kg.draw.scene import INK, MARGIN, SOFT, Area, Box, Curve, Mark, Round, Scene, Text
from kg.draw.svg import drawing

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("numbers", "year", "phase", "status", "conditions", "interventions", "sponsors", "countries", "enrolment")
TITLE, GAP = "What is in this graph", 44.0
COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A chart: its title, what it shows, the query, and the counts that it gave."""

    title: str
    about: str
    query: str
    chart: str
    counts: Counts

    def marks(self) -> tuple[list[Mark], float]:
        """The chart as marks, and its height."""
        return CHARTS[self.chart](self.counts)


def parts(graph: Graph) -> list[Part]:
    """The charts of a graph."""
    return [_part(graph, query_text(f"summary-{name}")) for name in PARTS]


def _part(graph: Graph, text: str) -> Part:
    known = header(text)
    counts = [(_name(row.get("key")), int(float(row["studies"]))) for row in graph.rows(text) if "studies" in row]
    if known["chart"] == "columns" and all(name.isdigit() for name, _ in counts):
        counts = _every_year(counts)
    return Part(known["summary"], known["description"], body(text), known["chart"], counts)


def _name(key: str | None) -> str:
    return "not given" if key is None else code(key) or key


def _every_year(counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Counts by year without gaps; the years before the last forty as one."""
    known = {int(name): count for name, count in counts}
    if not known:
        return []
    first = max(min(known), max(known) - 40)
    early = sum(count for year, count in known.items() if year < first)
    years = [(str(year), known.get(year, 0)) for year in range(first, max(known) + 1)]
    return ([(f"–{first - 1}", early)] if early else []) + years


def scene(made: list[Part]) -> Scene:
    """The charts on one sheet, in columns, each next one in the shortest."""
    ends = [60.0] * COLUMNS
    marks: list[Mark] = [Text(0, 14, TITLE, 24, INK, bold=True)]
    for part in made:
        i = min(range(COLUMNS), key=lambda j: (ends[j], j))
        x, y = i * (WIDTH + GAP), ends[i]
        own, tall = part.marks()
        marks += [Text(x, y, part.title, 15, INK, bold=True), Text(x, y + 18, part.about, 11.5, SOFT)]
        marks += [moved(mark, x, y + 30) for mark in own]
        ends[i] += tall + 30 + GAP
    wide = COLUMNS * (WIDTH + GAP) - GAP
    return Scene(TITLE, (-MARGIN, -MARGIN, wide + 2 * MARGIN, max(ends) + MARGIN), marks)


def moved(mark: Mark, x: float, y: float) -> Mark:
    """A mark at another place."""
    if isinstance(mark, Curve):
        return Curve(tuple((a + x, b + y) for a, b in mark.points), mark.colour, mark.width, mark.opacity)
    if isinstance(mark, Area):
        return Area(tuple((a + x, b + y) for a, b in mark.points), mark.fill, mark.line, mark.width)
    if isinstance(mark, Round):
        return Round(mark.x + x, mark.y + y, mark.radius, mark.fill, mark.line, mark.width)
    if isinstance(mark, Box):
        return Box(mark.x + x, mark.y + y, mark.width, mark.height, mark.corner, mark.fill, mark.line, mark.thick)
    return Text(mark.x + x, mark.y + y, mark.text, mark.size, mark.colour, mark.bold, mark.anchor, mark.halo)


def page(made: list[Part]) -> bytes:
    """The charts as one HTML file."""
    style = faces() + (ASSETS / "summary.css").read_text("utf-8")
    script = (ASSETS / "summary.js").read_text("utf-8")
    given = {
        "policy": html.escape(policy(script, style), quote=False),
        "title": html.escape(TITLE),
        "style": style,
        "script": script,
        "parts": "\n".join(section for part in made for section in _section(part)),
    }
    return filled((ASSETS / "summary.html").read_text("utf-8"), given).encode("utf-8", "replace")


def _section(part: Part) -> Iterator[str]:
    marks, tall = part.marks()
    rows = "".join(f"<tr><th scope=row>{html.escape(name)}</th><td>{count:,}</td></tr>" for name, count in part.counts)
    yield f"<section><h2>{html.escape(part.title)}</h2><p>{html.escape(part.about)}</p>"
    yield drawing(marks, (0.0, 0.0, WIDTH, round(tall, 1)), part.title)
    yield f'<details><summary>Table</summary><div class="wide"><table>{rows}</table></div></details>'
    query = html.escape(part.query)
    yield f'<details><summary>SPARQL</summary><button type="button">Copy</button><pre>{query}</pre></details></section>'
