"""The pages of the list of studies, its downloads, and the suggestions for searches."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

import orjson
import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from kg.errors import UsageError, shown
from kg.query.engine import PREFIXES
from kg.serve import paths
from kg.serve.facets import FACETS, FACETS_BY_KEY
from kg.serve.html import page, with_digest
from kg.serve.listing import SORTINGS, Entry, default_sorting, entry, ordered
from kg.serve.page_state import NETWORKS, VIEWS, PageState
from kg.serve.pages.browse import Browse
from kg.serve.pages.facets import all_options
from kg.serve.state import server_of
from kg.serve.study_triples import labels_of, study_triples
from kg.serve.suggestions import group_title

_NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
_HEADERS = {"Cache-Control": "no-cache"}
CHUNK = 200
"""Studies of a part of a download."""
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
    return StreamingResponse(_json(view), headers=_HEADERS, media_type="application/json")


def _json(view: Browse) -> Iterator[bytes]:
    facets = {
        facet.key: [
            {"key": option.key, "label": option.label, "count": option.count}
            for option in all_options(view.matches, view.selection, facet.key)
        ]
        for facet in FACETS
    }
    head = orjson.dumps({"total": view.total, "query": view.query, "facets": facets})
    yield head[:-1] + b',"studies":['
    for i, chunk in enumerate(_chunks(view)):
        entries = b",".join(orjson.dumps(asdict(study)) for study in chunk)
        yield (b"," if i else b"") + entries
    yield b"]}"


def _chunks(view: Browse) -> Iterator[list[Entry]]:
    """Yield all studies of a list in their order, some at a time: responses are sent while they are made."""
    studies: list[int] = ordered(view.matches, view.selection, view.state.sorting).tolist()
    for begin in range(0, len(studies), CHUNK):
        yield [entry(view.explorer.catalogue, study) for study in studies[begin : begin + CHUNK]]


def studies_csv(request: Request) -> Response:
    """Return a list as CSV; several values are separated by bars."""
    return _download(_csv(browse_of(request)), "studies.csv", "text/csv; charset=utf-8")


def _download(content: Iterator[bytes], name: str, media_type: str) -> Response:
    headers = _HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, headers=headers, media_type=media_type)


def _csv(view: Browse) -> Iterator[bytes]:
    yield _csv_lines([CSV_COLUMNS])
    for chunk in _chunks(view):
        yield _csv_lines(map(_csv_row, chunk))


def _csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    output = io.StringIO(newline="")
    csv.writer(output).writerows(rows)
    return output.getvalue().encode("utf-8", "replace")


def _csv_row(study: Entry) -> list[str]:
    cells = [
        *(study.id, study.title, study.acronym, study.status[0], "|".join(study.phases), study.type),
        *("|".join(study.conditions), "|".join(study.interventions), study.sponsor[1]),
        *("|".join(study.countries), study.start, "" if study.enrolment is None else str(study.enrolment)),
        *(study.updated, str(study.has_results).lower(), study.iri),
    ]
    return [safe_cell(cell) for cell in cells]


def safe_cell(text: str) -> str:
    """Return a text that a spreadsheet does not run as a formula (https://owasp.org/www-community/attacks/CSV_Injection).

    >>> safe_cell("=1+1"), safe_cell("-5"), safe_cell("a=1")
    ("'=1+1", "'-5", 'a=1')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def studies_turtle(request: Request) -> Response:
    """Return the main statements about the studies of a list as Turtle."""
    view = browse_of(request)
    store = server_of(request).store
    return _download(_turtle(view, store), "studies.ttl", "text/turtle; charset=utf-8")


def _turtle(view: Browse, store: ox.Store) -> Iterator[bytes]:
    yield "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items()).encode()
    labelled: set[ox.NamedNode] = set()
    for chunk in _chunks(view):
        yield _without_prefixes(study_triples(store, [study.iri for study in chunk], labelled))
    yield _without_prefixes(labels_of(store, labelled))


def _without_prefixes(triples: Iterable[ox.Triple]) -> bytes:
    content = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=PREFIXES) or b""
    return b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(b"@prefix "))


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
