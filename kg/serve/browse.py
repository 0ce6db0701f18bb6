"""The pages of the list of studies, its downloads, and the suggestions for searches."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import orjson
import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from kg.errors import UsageError, shown
from kg.query.engine import PREFIXES
from kg.serve import paths
from kg.serve.facets import FACETS, FACETS_BY_KEY
from kg.serve.html import page, with_digest
from kg.serve.listing import SORTINGS, default_sorting, entry, ordered
from kg.serve.page_state import NETWORKS, VIEWS, PageState
from kg.serve.pages.browse import Browse
from kg.serve.pages.facets import all_options
from kg.serve.state import server_of
from kg.serve.study_triples import study_triples
from kg.serve.suggestions import group_title

_NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
_HEADERS = {"Cache-Control": "no-cache"}
CSV_COLUMNS = (
    *("nct_id", "title", "acronym", "status", "phases", "type", "conditions", "interventions", "sponsor"),
    *("countries", "start_date", "enrolment", "last_update", "has_results", "iri"),
)


def browse_of(request: Request) -> Browse:
    """Return the list of a request; raises :class:`~kg.errors.UsageError` for an invalid parameter."""
    state = PageState.parse(request.query_params.multi_items())
    return Browse(server_of(request).explorer, state)


def studies(request: Request) -> Response:
    """Return the page of a list; a search for the number of a study goes to its page."""
    view = browse_of(request)
    if (number := _number(view)) is not None:
        return RedirectResponse(f"/study/{number}", 303)
    return page(
        request,
        "browse.html",
        view=view,
        state=view.state,
        q=view.selection.text,
        views=VIEWS,
        networks=NETWORKS,
        sortings=SORTINGS,
        sort=view.state.sort or default_sorting(view.selection),
        group_title=group_title,
        phases=phases_text,
    )


def _number(view: Browse) -> str | None:
    """Return the number of the study that is all that is searched for."""
    selection = view.selection
    if selection.values or selection.ranges or not _NUMBER.fullmatch(selection.text):
        return None
    number = selection.text.upper()
    return number if number in view.explorer.catalogue.ids else None


def phases_text(labels: Sequence[str]) -> str:
    """Return phases in short.

    >>> phases_text(["Phase 1", "Phase 2"]), phases_text(["Not applicable"])
    ('Phase 1/2', '–')
    """
    return "/".join([*labels[:1], *(label.removeprefix("Phase ") for label in labels[1:])]).replace(
        "Not applicable", "–"
    )


def values(request: Request) -> Response:
    """Return the page with all values of a facet."""
    key = request.path_params["key"]
    if key not in FACETS_BY_KEY:
        raise UsageError(f"{shown(key)} is no facet; the facets are {', '.join(facet.key for facet in FACETS)}.")
    view = browse_of(request)
    options = all_options(view.matches, view.selection, key)
    return page(request, "values.html", view=view, state=view.state, facet=FACETS_BY_KEY[key], options=options)


def studies_json(request: Request) -> Response:
    """Return a list as JSON: all its studies, and the numbers of studies by value of each facet."""
    view = browse_of(request)
    catalogue, matches = view.explorer.catalogue, view.matches
    content = {
        "total": view.total,
        "query": view.query,
        "facets": {
            facet.key: [
                {"key": option.key, "label": option.label, "count": option.count}
                for option in all_options(matches, view.selection, facet.key)
            ]
            for facet in FACETS
        },
        "studies": [asdict(entry(catalogue, study)) for study in _all(view)],
    }
    return with_digest(request, orjson.dumps(content), "application/json", _HEADERS)


def _all(view: Browse) -> list[int]:
    studies: list[int] = ordered(view.matches, view.selection, view.state.sorting).tolist()
    return studies


def studies_csv(request: Request) -> Response:
    """Return a list as CSV; several values are separated by bars."""
    view = browse_of(request)
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_csv_rows(view))
    headers = _HEADERS | {"Content-Disposition": 'attachment; filename="studies.csv"'}
    return with_digest(request, output.getvalue().encode("utf-8", "replace"), "text/csv; charset=utf-8", headers)


def _csv_rows(view: Browse) -> Iterator[list[str]]:
    for i in _all(view):
        study = entry(view.explorer.catalogue, i)
        cells = [
            *(study.id, study.title, study.acronym, study.status[0], "|".join(study.phases), study.type),
            *("|".join(study.conditions), "|".join(study.interventions), study.sponsor[1]),
            *("|".join(study.countries), study.start, "" if study.enrolment is None else str(study.enrolment)),
            *(study.updated, str(study.has_results).lower(), study.iri),
        ]
        yield [safe_cell(cell) for cell in cells]


def safe_cell(text: str) -> str:
    """Return a text that a spreadsheet does not run as a formula (https://owasp.org/www-community/attacks/CSV_Injection).

    >>> safe_cell("=1+1"), safe_cell("-5"), safe_cell("a=1")
    ("'=1+1", "'-5", 'a=1')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def studies_turtle(request: Request) -> Response:
    """Return the main statements about the studies of a list as Turtle."""
    view = browse_of(request)
    triples = study_triples(server_of(request).store, [view.explorer.catalogue.iris[i] for i in _all(view)])
    content = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=PREFIXES) or b""
    headers = _HEADERS | {"Content-Disposition": 'attachment; filename="studies.ttl"'}
    return with_digest(request, content, "text/turtle; charset=utf-8", headers)


def suggest(request: Request) -> Response:
    """Return the suggestions for the beginning of a search as JSON."""
    text = request.query_params.get("q", "")[:300]
    found = server_of(request).explorer.suggester.suggest(text)
    content = [asdict(item) | {"title": group_title(item.group)} for item in found]
    return with_digest(request, orjson.dumps(content), "application/json", _HEADERS)


def routes() -> list[BaseRoute]:
    """Return the routes of the list."""
    return [
        Route(paths.STUDIES, studies),
        Route(f"{paths.STUDIES}.json", studies_json),
        Route(f"{paths.STUDIES}.csv", studies_csv),
        Route(f"{paths.STUDIES}.ttl", studies_turtle),
        Route(f"{paths.VALUES}/{{key}}", values),
        Route(paths.SUGGEST, suggest),
    ]
