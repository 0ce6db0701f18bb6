"""The page that compares studies."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.errors import KGError
from kg.ontology.vocabulary import STUDY
from kg.query.engine import query_text
from kg.serve import paths
from kg.serve.links import Link
from kg.serve.media import HTML
from kg.serve.nodes import TYPE, Nodes, shown_text
from kg.serve.pages.compare import comparison
from kg.serve.responses import JSON, QUERY, shown
from kg.serve.state import server_of

MAX_STUDIES = 5
MAX_RELATED = 10
_NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)


async def compare(request: Request) -> Response:
    """Return the comparison of the studies in the parameters ``study``; with fewer than two, a form to choose."""
    numbers, nodes = _numbers(request), Nodes(server_of(request).store)
    found = [number for number in numbers if nodes.objects(STUDY + number, TYPE)]
    chosen = found[:MAX_STUDIES]
    notes = [f"There is no study {number} in this graph." for number in numbers if number not in found]
    if len(found) > MAX_STUDIES:
        notes.append(f"At most {MAX_STUDIES} studies are compared; the others are left out.")
    view = await run_in_threadpool(comparison, nodes, [STUDY + number for number in chosen]) if chosen else None
    related = await _related(request, chosen[0]) if len(chosen) == 1 else []
    only = request.query_params.get("differences") == "only"
    context = {"numbers": chosen, "notes": notes, "related": related, "only": only, "most": MAX_STUDIES}
    request.state.media = JSON if request.url.path.endswith(".json") else HTML
    return shown(request, "compare.html", view, **context)


def _numbers(request: Request) -> list[str]:
    """Return the numbers in the parameters without repetition; several may be in one parameter."""
    texts = request.query_params.getlist("study")
    return list(dict.fromkeys(number.upper() for text in texts for number in _NUMBER.findall(text)))


async def _related(request: Request, number: str) -> list[tuple[Link, str]]:
    """Return the studies with the most MeSH terms in common with a study, and these numbers."""
    try:
        rows = await server_of(request).answer(query_text("related", {"study": STUDY + number}), QUERY)
    except KGError:
        return []
    return [
        (Link(shown_text(str(row["title"])), str(row["other"])), f"{row['conditions']} and {row['interventions']}")
        for row in rows[:MAX_RELATED]
    ]


def routes() -> list[BaseRoute]:
    """Return the routes of the comparison."""
    return [Route(paths.COMPARE, compare), Route(paths.COMPARE + ".json", compare)]
