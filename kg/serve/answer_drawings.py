"""Drawings of the answer to a query: a chart, a map and a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyoxigraph as ox
from markupsafe import Markup

from kg.draw.network_layout import layout_network
from kg.draw.picture import Edge, Node, Picture
from kg.ontology.vocabulary import BASE, MESH, STUDY
from kg.serve.catalogue import Catalogue, Matches
from kg.serve.drawings import rectangle, svg, text
from kg.serve.maps import Spot, map_drawing
from kg.serve.pages.answer import AnswerView, Group, Label
from kg.serve.study_map import map_svg, study_map
from kg.serve.study_network import network_svg

WIDTH, HEIGHT = 900.0, 260.0
MAX_NODES = 90
MAX_SPOTS = 400
_KINDS = {
    STUDY: "Study",
    MESH: "Condition",
    BASE + "organization/": "Organization",
    BASE + "country/": "Country",
    BASE + "code/": "Code",
    BASE + "part/": "Arm",
}


def stacked(groups: Sequence[Group]) -> tuple[Markup, list[str]]:
    """Return columns with a part for each series, and the names of the series."""
    labels, series = list(dict.fromkeys(g.label for g in groups)), sorted({g.series for g in groups})
    totals = dict.fromkeys(labels, 0.0)
    for group in groups:
        totals[group.label] += max(group.number, 0)
    most, step = max(totals.values(), default=0) or 1, WIDTH / max(len(labels), 1)
    parts, tops = [f'<path class="axis" d="M0 {HEIGHT:.0f}H{WIDTH:.0f}"/>'], dict.fromkeys(labels, HEIGHT)
    for group in sorted(groups, key=lambda group: series.index(group.series)):
        tall = max(group.number, 0) / most * (HEIGHT - 6)
        tops[group.label] -= tall
        title = f"{group.label}, {group.series}: {group.text}"
        x = labels.index(group.label) * step + step * 0.08
        parts.append(rectangle(x, tops[group.label], step * 0.84, tall, f"s{series.index(group.series)}", title, 0))
    every = max(int(-(-(max(map(len, labels)) * 7 + 10) // step)), 1)
    for i in range(0, len(labels), every):
        parts.append(text((i + 0.5) * step, HEIGHT + 16, labels[i], "soft", "middle", 12))
    return svg("Chart of the answer", "stacked", (0, 0, WIDTH, HEIGHT + 22), parts), series


def answer_map(view: AnswerView, catalogue: Catalogue, label: Label, url: Callable[[str], str]) -> Markup:
    """Return a map of the coordinates in the answer, or of the sites of its studies."""
    if view.places is None:
        mask = np.zeros(len(catalogue), bool)
        mask[[catalogue.positions[iri] for iri in view.studies if iri in catalogue.positions]] = True
        return map_svg(study_map(Matches(catalogue, {"answer": mask}), None), catalogue.places, lambda _: "")
    latitude, longitude = view.places
    spots = Counter[tuple[float, float, str, str]]()
    for row in view.rows:
        try:
            place = float(getattr(row[longitude], "value", "")), float(getattr(row[latitude], "value", ""))
        except ValueError:
            continue
        spots[*place, *_name(view, row, label)] += 1
    found = spots.most_common(MAX_SPOTS)
    return map_drawing([Spot(x, y, number, name, url(iri)) for (x, y, name, iri), number in found], "row")


def _name(view: AnswerView, row: Sequence[object], label: Label) -> tuple[str, str]:
    """Return the name of the place of a row, and the IRI of its first resource."""
    iris = [term.value for term in row if isinstance(term, ox.NamedNode)]
    texts = [term.value for i, term in enumerate(row) if isinstance(term, ox.Literal) and view.kinds[i] == "text"]
    return texts[-1] if texts else label(iris[0]) if iris else "", iris[0] if iris else ""


def answer_network(view: AnswerView, label: Label, url: Callable[[str], str]) -> tuple[Markup, int]:
    """Return a network of the resources of an answer, and the number of resources that it leaves out."""
    assert view.links is not None
    source, target = view.links
    pairs = Counter[tuple[str, str, str]]()
    for row in view.rows:
        first, second = row[source], row[target]
        if isinstance(first, ox.NamedNode) and isinstance(second, ox.NamedNode):
            pairs[first.value, second.value, getattr(row[1], "value", "") if view.form == "graph" else ""] += 1
    degrees = Counter(iri for pair in pairs for iri in set(pair[:2]))
    chosen = {iri for iri, _ in degrees.most_common(MAX_NODES)}
    picture = Picture("Network", "")
    for (start, end, predicate), number in pairs.items():
        if {start, end} <= chosen and start != end:
            for iri in (start, end):
                picture.add(Node(iri, _kind(iri), label(iri) or iri.rpartition("/")[2], float(degrees[iri]), iri))
            name = label(predicate) if predicate else f"{number:,} row{'' if number == 1 else 's'}"
            picture.edges.append(Edge(start, end, name or predicate.rpartition("#")[2], float(number)))
    if picture.nodes:
        layout_network(picture)
    return network_svg(picture, lambda node: url(node.id)), len(degrees) - len(picture.nodes)


def _kind(iri: str) -> str:
    return next((kind for namespace, kind in _KINDS.items() if iri.startswith(namespace)), "Class")
