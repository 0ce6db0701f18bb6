"""The picture of a study (``kg draw --study``), as a page and as an SVG file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.errors import UsageError
from kg.serve.html import HEADERS, with_digest
from kg.serve.responses import not_found
from kg.serve.state import server_of

if TYPE_CHECKING:
    from kg.draw.picture import Picture

_NUMBER = re.compile(r"NCT\d{8}")
PAGE_HEADERS = HEADERS | {"Content-Security-Policy": "frame-ancestors 'self'"}
"""Headers of the page, whose own policy allows only its script and its style, and no requests."""


def _picture(request: Request) -> Picture | None:
    from kg.draw.graph import QueryableGraph
    from kg.draw.study_view import study_picture

    number = request.path_params["number"].upper()
    try:
        return study_picture(QueryableGraph(server_of(request).store), number) if _NUMBER.fullmatch(number) else None
    except UsageError:
        return None


def picture(request: Request) -> Response:
    """Return the picture of a study as a page."""
    from kg.draw.html_page import picture_page

    drawn, number = _picture(request), request.path_params["number"]
    if drawn is None:
        return not_found(request, "", number)
    return with_digest(request, picture_page(drawn, number.upper()), "text/html; charset=utf-8", PAGE_HEADERS)


def drawing(request: Request) -> Response:
    """Return the picture of a study as an SVG file."""
    from kg.draw.scene import picture_scene
    from kg.draw.svg import svg_file

    drawn = _picture(request)
    if drawn is None:
        return not_found(request, "", request.path_params["number"])
    return with_digest(request, svg_file(picture_scene(drawn)), "image/svg+xml", HEADERS)


def routes() -> list[BaseRoute]:
    """Return the routes of pictures."""
    return [Route("/study/{number}/picture", picture), Route("/study/{number}/picture.svg", drawing)]
