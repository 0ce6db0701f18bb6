"""The start page: a search, what the data hold, and where to begin."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.query.library import library_query
from kg.serve import paths
from kg.serve.html import page
from kg.serve.page_state import PageState
from kg.serve.pages.browse import Browse
from kg.serve.problems import NotReadyError
from kg.serve.state import server_of

PATIENCE = 0.2
"""Seconds that the page waits for the catalogue; without it, the page has no numbers."""
EXAMPLES = ("phases_by_year", "sponsors", "eligible", "outcomes_of_disease", "overdue_results", "maximum_phase")
"""Queries of the library that the page names."""
CHARTED = ("condition", "intervention", "country", "status", "phase", "class")


def home(request: Request) -> Response:
    """Return the start page."""
    try:
        view = Browse(server_of(request).loader.get(PATIENCE), PageState())
    except NotReadyError:
        view = None
    charts = [view.chart(key) for key in CHARTED] if view else []
    queries = [library_query(name) for name in EXAMPLES]
    return page(request, "home.html", view=view, charts=charts, numbers=_numbers(view), queries=queries)


def _numbers(view: Browse | None) -> list[tuple[int, str, str]]:
    """Return the numbers of the data: each with its noun, and the parameters of the list that it is about."""
    if view is None:
        return []
    catalogue = view.explorer.catalogue
    columns = catalogue.columns
    results = columns["results"]
    with_results = int(results.counts(view.matches.mask)[results.index["true"]]) if "true" in results.index else 0
    conditions = columns["condition"].direct or columns["condition"]
    numbers = [
        (view.all, "studies", ""),
        (with_results, "with results", "results=true"),
        (len({*conditions.values.tolist()}), "conditions (MeSH)", "values/condition"),
        (len(catalogue.organizations.keys), "organizations", "values/sponsor"),
        (len(columns["country"].keys), "countries", "values/country"),
    ]
    if catalogue.lazy_places.is_ready:
        numbers.append((len(columns["city"].keys), "towns", "view=map"))
    return numbers


def routes() -> list[BaseRoute]:
    """Return the route of the start page."""
    return [Route(paths.START, home)]
