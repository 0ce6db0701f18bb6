"""Summary of a graph as charts, each with its query."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kg.draw import ASSETS
from kg.draw.charts import CHARTS, WIDTH, Counts
from kg.draw.details import code_label
from kg.draw.graph import QueryableGraph, query_body, query_header, query_text
from kg.draw.html_page import content_security_policy, fill_template, font_faces
from kg.draw.scene import INK, MARGIN, SOFT, Curve, Mark, Polygon, Scene, Text
from kg.draw.svg import inline_svg

CHART_NAMES = [
    "numbers",
    "year",
    "phase",
    "status",
    "conditions",
    "interventions",
    "sponsors",
    "countries",
    "enrolment",
]
TITLE, GAP = "What is in this graph", 44.0
COLUMNS = 3
MAX_YEARS = 40


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title and description, its query, its type, and the counts."""

    title: str
    description: str
    query: str
    type: str
    counts: Counts

    def marks(self) -> tuple[list[Mark], float]:
        """Return the chart as marks, and its height."""
        return CHARTS[self.type](self.counts)


def summary_charts(graph: QueryableGraph) -> list[Chart]:
    """Return the charts of a graph."""
    return [_chart(graph, query_text(f"summary-{name}")) for name in CHART_NAMES]


def _chart(graph: QueryableGraph, text: str) -> Chart:
    header = query_header(text)
    counts = [(_name(row.get("key")), int(float(row["studies"]))) for row in graph.select(text) if "studies" in row]
    if header["chart"] == "columns" and all(name.isdigit() for name, _ in counts):
        counts = _fill_years(counts)
    return Chart(header["summary"], header["description"], query_body(text), header["chart"], counts)


def _name(key: str | None) -> str:
    return "not given" if key is None else code_label(key) or key


def _fill_years(counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return counts by year without gaps; years before the last forty are combined."""
    by_year = {int(name): count for name, count in counts}
    if not by_year:
        return []
    first = max(min(by_year), max(by_year) - MAX_YEARS)
    early = sum(count for year, count in by_year.items() if year < first)
    years = [(str(year), by_year.get(year, 0)) for year in range(first, max(by_year) + 1)]
    return ([(f"–{first - 1}", early)] if early else []) + years


def summary_scene(charts: list[Chart]) -> Scene:
    """Return the charts on one sheet in columns, each chart in the shortest column."""
    bottoms = [60.0] * COLUMNS
    marks: list[Mark] = [Text(0, 14, TITLE, 24, INK, bold=True)]
    for chart in charts:
        i = min(range(COLUMNS), key=lambda j: (bottoms[j], j))
        x, y = i * (WIDTH + GAP), bottoms[i]
        chart_marks, height = chart.marks()
        marks += [Text(x, y, chart.title, 15, INK, bold=True), Text(x, y + 18, chart.description, 11.5, SOFT)]
        marks += [_translate(mark, x, y + 30) for mark in chart_marks]
        bottoms[i] += height + 30 + GAP
    width = COLUMNS * (WIDTH + GAP) - GAP
    return Scene(TITLE, (-MARGIN, -MARGIN, width + 2 * MARGIN, max(bottoms) + MARGIN), marks)


def _translate(mark: Mark, x: float, y: float) -> Mark:
    if isinstance(mark, Curve | Polygon):
        return replace(mark, points=tuple((a + x, b + y) for a, b in mark.points))
    return replace(mark, x=mark.x + x, y=mark.y + y)


def summary_page(charts: list[Chart]) -> bytes:
    """Return the charts as one HTML file."""
    style = font_faces() + (ASSETS / "summary.css").read_text("utf-8")
    script = (ASSETS / "js" / "summary.js").read_text("utf-8")
    values = {
        "policy": html.escape(content_security_policy(script, style), quote=False),
        "title": html.escape(TITLE),
        "style": style,
        "script": script,
        "parts": "\n".join(line for chart in charts for line in _section(chart)),
    }
    return fill_template((ASSETS / "summary.html").read_text("utf-8"), values).encode("utf-8", "replace")


def _section(chart: Chart) -> Iterator[str]:
    marks, height = chart.marks()
    rows = "".join(f"<tr><th scope=row>{html.escape(name)}</th><td>{count:,}</td></tr>" for name, count in chart.counts)
    yield f"<section><h2>{html.escape(chart.title)}</h2><p>{html.escape(chart.description)}</p>"
    yield inline_svg(marks, (0.0, 0.0, WIDTH, round(height, 1)), chart.title)
    yield f'<details><summary>Table</summary><div class="wide"><table>{rows}</table></div></details>'
    query = html.escape(chart.query)
    yield f'<details><summary>SPARQL</summary><button type="button">Copy</button><pre>{query}</pre></details></section>'
