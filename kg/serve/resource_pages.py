"""The page of each kind of resource."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from kg.serve.nodes import Nodes
from kg.serve.pages.part import resource_view
from kg.serve.responses import Show, shown
from kg.serve.state import server_of
from kg.serve.study_pages import overview


def other_page(request: Request, iri: str) -> Response:
    """Return the page of a resource without a page of its own kind."""
    return shown(request, "resource.html", resource_view(Nodes(server_of(request).store), iri))


PAGES: dict[str, Show] = {"study": overview}
"""The functions of pages by the kind of resource."""
