"""The pages of a study: overview, results and adverse events."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.ontology.vocabulary import STUDY
from kg.serve.drawings import timeline_drawing
from kg.serve.maps import Spot, map_drawing
from kg.serve.nodes import TYPE, Nodes
from kg.serve.pages.events import events_of
from kg.serve.pages.results import glance_of, results_of
from kg.serve.pages.sites import Sites
from kg.serve.pages.study import head_of, study_view
from kg.serve.responses import not_found, shown
from kg.serve.state import server_of
from kg.serve.study_queries import study_queries

FORMATS = (
    ("ttl", "Turtle"),
    ("nt", "N-Triples"),
    ("jsonld", "JSON-LD"),
    ("rdf", "RDF/XML"),
    ("json", "JSON of this page"),
)
_NUMBER = re.compile(r"NCT\d{8}")


def overview(request: Request, iri: str) -> Response:
    """Return the overview of a study."""
    nodes = Nodes(server_of(request).store)
    study = study_view(nodes, iri)
    return shown(
        request,
        "study.html",
        study,
        results=glance_of(nodes[iri]) if study.head.has_results else None,
        timeline=timeline_drawing(study.timeline),
        site_map=map_drawing(spots(study.sites)),
        formats=FORMATS,
        queries=study_queries(study.head.number, "overview"),
    )


def spots(sites: Sites) -> list[Spot]:
    """Return the places of sites, one for each town, with the number of its sites."""
    numbers: dict[tuple[str, str], int] = {}
    places: dict[tuple[str, str], tuple[float, float]] = {}
    for site in sites.all:
        if site.place:
            key = site.city, site.country.text
            numbers[key] = numbers.get(key, 0) + 1
            places.setdefault(key, site.place)
    return [Spot(*places[key], number, key[0]) for key, number in numbers.items()]


def _study_iri(request: Request) -> str:
    """Return the IRI of the study in a path, or an empty string if the graph does not have it."""
    number = request.path_params["number"].upper()
    iri = STUDY + number
    return iri if _NUMBER.fullmatch(number) and Nodes(server_of(request).store)[iri].terms(TYPE) else ""


def results(request: Request) -> Response:
    """Return the results of a study: participant flow, baseline and outcome measures."""
    if not (iri := _study_iri(request)):
        return not_found(request, "", request.path_params["number"])
    study = Nodes(server_of(request).store)[iri]
    view = results_of(study, is_complete=request.query_params.get("show") == "all")
    queries = study_queries(view.head.number, "results")
    return shown(request, "study_results.html", view, queries=queries)


def adverse_events(request: Request) -> Response:
    """Return the adverse events of a study."""
    if not (iri := _study_iri(request)):
        return not_found(request, "", request.path_params["number"])
    study = Nodes(server_of(request).store)[iri]
    number = request.query_params.get("page", "1")
    events = events_of(study, request.query_params.get("sort", "record"), int(number) if number.isdecimal() else 1)
    head = head_of(study)
    queries = study_queries(head.number, "events")
    return shown(request, "study_events.html", events, head=head, queries=queries)


def routes() -> list[BaseRoute]:
    """Return the routes of the pages beside the overview, which is a resource."""
    return [
        Route("/study/{number}/results", results),
        Route("/study/{number}/adverse-events", adverse_events),
    ]
