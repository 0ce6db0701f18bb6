"""The pages of terms, organizations and places, and which page each kind of resource has."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.errors import KGError
from kg.serve import paths
from kg.serve.catalogue import Catalogue
from kg.serve.charts import columns, runs_drawing
from kg.serve.html import Urls, site_of
from kg.serve.links import Link
from kg.serve.maps import Spot, map_drawing
from kg.serve.nodes import Nodes, shown_text
from kg.serve.pages import place
from kg.serve.pages.organization import Overdue, organization_view, overdue_query
from kg.serve.pages.profile import Bar, Profile
from kg.serve.pages.term import term_view
from kg.serve.part_pages import code_page, part_page
from kg.serve.responses import QUERY, Show, not_found, shown
from kg.serve.selection_query import selection_query
from kg.serve.state import server_of
from kg.serve.study_pages import overview

MAX_OVERDUE = 200


def catalogue_of(request: Request) -> Catalogue:
    """Return the catalogue of the server."""
    return server_of(request).catalogue


def term_page(request: Request, iri: str) -> Response:
    """Return the page of a MeSH term."""
    node = Nodes(server_of(request).store)[iri]
    term = term_view(catalogue_of(request), node, request.query_params.get("as", ""))
    return shown(request, "term.html", term, **_drawings(request, term.profile))


async def organization_page(request: Request, iri: str) -> Response:
    """Return the page of an organization, with the studies whose results are overdue."""
    server, site = server_of(request), site_of(request)
    nodes = Nodes(server.store)
    catalogue = await run_in_threadpool(catalogue_of, request)
    view = await run_in_threadpool(organization_view, catalogue, nodes, nodes[iri])
    query = overdue_query(iri, site.last or "2026-01-01")
    overdue = await _overdue(request, query) if view.led else []
    context = _drawings(request, view.profile)
    runs = runs_drawing(view.runs, Urls(site).resource)
    return shown(request, "organization.html", view, overdue=overdue, overdue_query=query, runs=runs, **context)


async def _overdue(request: Request, query: str) -> list[Overdue] | None:
    """Return the studies whose results are overdue, or ``None`` where the query could not be run."""
    try:
        rows = await server_of(request).answer(query, QUERY)
    except KGError:
        return None
    return [
        Overdue(
            Link(shown_text(str(row["title"])), str(row["study"])),
            str(row["study"]).rpartition("/")[2],
            str(row["primaryCompletion"]),
            int(row["monthsOverdue"]),
        )
        for row in rows[:MAX_OVERDUE]
    ]


def country_page(request: Request, iri: str) -> Response:
    """Return the page of a country."""
    view = place.country_view(catalogue_of(request), Nodes(server_of(request).store)[iri])
    return shown(request, "country.html", view, site_map=_map(request, view.spots), **_drawings(request, view.profile))


def town_page(request: Request) -> Response:
    """Return the page of a town."""
    key = request.path_params["key"]
    view = place.town_view(catalogue_of(request), Nodes(server_of(request).store), key)
    if view is None:
        return not_found(request, "", key.partition(":")[2])
    return shown(request, "town.html", view, site_map=_map(request, view.spots), **_drawings(request, view.profile))


def _map(request: Request, spots: list[place.Spot]) -> Any:
    url = Urls(site_of(request)).town
    placed = [Spot(s.longitude, s.latitude, s.count, s.name, url(s.key)) for s in spots]
    return map_drawing(placed, "study", "studies")


def _drawings(request: Request, profile: Profile | None) -> dict[str, Any]:
    """Return what the part of a page about studies shows beside the profile."""
    if profile is None:
        return {"years": "", "query": ""}
    urls = Urls(site_of(request))

    def url(bar: Bar) -> str:
        return urls.page(paths.STUDIES) + f"?{bar.query}" if bar.query else ""

    return {"years": columns(profile.years, url), "query": profile.query and _list_query(request, profile.query)}


def _list_query(request: Request, query: str) -> str:
    """Return the SPARQL of the list of studies."""
    from urllib.parse import parse_qsl

    from kg.serve.selection import Selection

    return selection_query(Selection.parse(parse_qsl(query)), catalogue_of(request))


PAGES: dict[str, Show] = {
    "study": overview,
    "mesh": term_page,
    "organization": organization_page,
    "country": country_page,
    "part": part_page,
    "code": code_page,
}
"""The functions of pages by the kind of resource."""


def routes() -> list[BaseRoute]:
    """Return the routes of pages about what is no resource: towns."""
    return [Route(paths.TOWN + "{key:path}", town_page)]
