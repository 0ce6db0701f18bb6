"""The pages of parts of studies, of codes, and of resources without a page of their own kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kg.draw.details import property_name
from kg.errors import KGError
from kg.ontology.vocabulary import CT
from kg.serve.facets import FACETS, Town, local_name
from kg.serve.links import Link
from kg.serve.maps import Spot, map_drawing
from kg.serve.nodes import TYPE, Node, Nodes
from kg.serve.pages.events import event_groups_of, event_of
from kg.serve.pages.flow import groups_of
from kg.serve.pages.measures import Measure, baseline_of, measure_of
from kg.serve.pages.part import resource_view
from kg.serve.pages.sites import site_of
from kg.serve.responses import QUERY, shown
from kg.serve.selection import Selection
from kg.serve.state import server_of

USES = """SELECT ?property (COUNT(?node) AS ?count)
WHERE { ?node ?property <IRI> }
GROUP BY ?property
ORDER BY DESC(?count)"""
PARTS: dict[str, Any] = {
    "measure": None,
    "event": None,
    "groups": [],
    "site_map": "",
    "town": "",
    "uses": [],
    "uses_query": "",
}
"""What the template shows beside the properties, for some kinds."""


@dataclass(frozen=True, slots=True)
class Use:
    """A property with the number of statements in which its value is a code."""

    link: Link
    count: int
    query: str
    """The parameters of the list of studies with the code, or an empty string."""


def other_page(request: Request, iri: str) -> Response:
    """Return the page of a resource without a page of its own kind."""
    return shown(request, "resource.html", resource_view(Nodes(server_of(request).store), iri), **PARTS)


def part_page(request: Request, iri: str) -> Response:
    """Return the page of a part of a study: a table for a measure, a map for a site."""
    nodes = Nodes(server_of(request).store)
    kinds = nodes[iri].iris(TYPE)
    more = PARTS | {"measure": _measure(nodes, nodes[iri], kinds)}
    if CT + "Location" in kinds:
        more |= _place(nodes[iri])
    if CT + "AdverseEvent" in kinds:
        groups = event_groups_of(nodes[nodes[iri].raw("ofStudy")])
        more |= {"event": event_of(nodes[iri], groups, is_serious="-seriousEvent-" in iri), "groups": groups}
    return shown(request, "resource.html", resource_view(nodes, iri), **more)


def _measure(nodes: Nodes, node: Node, kinds: list[str]) -> Measure | None:
    if CT + "OutcomeMeasure" in kinds:
        return measure_of(node)
    if CT + "BaselineMeasure" in kinds:
        study = nodes[node.raw("ofStudy")]
        return measure_of(node, groups_of(study, "baselineGroup"), baseline_of(study).denominators)
    return None


def _place(node: Node) -> dict[str, Any]:
    site = site_of(node)
    spots = [Spot(*site.place, 1, site.city or "Site")] if site.place else []
    city, country = node.raw("city"), site.country.iri
    town = Town(city, local_name(country) if country else "").key if city else ""
    return {"site_map": map_drawing(spots), "town": town}


async def code_page(request: Request, iri: str) -> Response:
    """Return the page of a code: its definition, and the properties that have it."""
    query = USES.replace("IRI", iri)
    try:
        rows = await server_of(request).answer(query, QUERY)
        uses = [_use(str(row["property"]), int(row["count"]), iri) for row in rows]
    except KGError:
        uses = []
    view = resource_view(Nodes(server_of(request).store), iri)
    more = PARTS | {"uses": [use for use in uses if use.link.iri.startswith(CT)], "uses_query": query}
    return shown(request, "resource.html", view, **more)


def _use(name: str, count: int, code: str) -> Use:
    path = "ct:" + name.removeprefix(CT)
    keys = (facet.key for facet in FACETS if path == facet.path.rpartition("/")[2])
    key = next(keys, "")
    return Use(Link(property_name(name), name), count, Selection().choose(key, local_name(code)).url() if key else "")
