"""The ontology as a page, with an anchor for each class and property, and as RDF."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.ontology.files import folder
from kg.ontology.model import FILES, NodeShape, shipped
from kg.ontology.vocabulary import CT
from kg.query.engine import PREFIXES
from kg.rdf.jsonld import compact
from kg.serve import paths
from kg.serve.html import page, with_digest
from kg.serve.iris import ONTOLOGY
from kg.serve.links import Link
from kg.serve.media import GRAPHS, HTML
from kg.serve.negotiation import choose
from kg.serve.problems import NotAcceptableError
from kg.serve.rdf import SYNTAXES


@dataclass(frozen=True, slots=True)
class PropertyView:
    """A property of a class; the anchor is empty where another class has it already."""

    curie: str
    name: str
    description: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ClassView:
    """A class, or a shape of shared resources, with its properties."""

    name: str
    label: str
    definition: str
    properties: list[PropertyView]


@dataclass(frozen=True, slots=True)
class SchemeView:
    """A code list."""

    name: str
    codes: list[Link]


@dataclass(frozen=True, slots=True)
class OntologyView:
    """The ontology."""

    classes: list[ClassView]
    properties: list[str]
    schemes: list[SchemeView]


def ontology_view() -> OntologyView:
    """Return the classes with their properties, and the code lists."""
    ontology, seen = shipped(), set[str]()
    classes = [_class(shape, seen) for shape in ontology.shapes.values()]
    schemes = [
        SchemeView(iri.rpartition("/")[2], [Link(concept.label, concept.iri) for concept in codes.values()])
        for iri, codes in ontology.schemes.items()
    ]
    return OntologyView(classes, sorted(seen), schemes)


def _class(shape: NodeShape, seen: set[str]) -> ClassView:
    properties = []
    for item in shape.properties:
        anchor = item.path.removeprefix(CT) if item.path.startswith(CT) and item.path not in seen else ""
        seen.update([item.path] if item.path.startswith(CT) else [])
        properties.append(PropertyView(compact(item.path, PREFIXES), item.name, item.description, anchor))
    return ClassView(shape.iri.removeprefix(CT), shape.label, shape.definition, properties)


def ontology(request: Request) -> Response:
    """Return the ontology in the format that the client wants."""
    suffix = request.path_params.get("suffix", "")
    media = next((media for media in GRAPHS.values() if media.extension == suffix), None)
    if suffix and media is None:
        raise HTTPException(404)
    if media is None:
        chosen = choose(request.headers.get("accept", ""), (HTML, *GRAPHS.values()))
        if chosen is None:
            raise NotAcceptableError("The ontology is available as HTML, Turtle, N-Triples, JSON-LD and RDF/XML.")
        media = chosen.media
    if media is HTML:
        response = page(request, "ontology.html", view=ontology_view(), iri=ONTOLOGY)
    else:
        files = (ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE) for name in FILES)
        triples = [quad.triple for quads in files for quad in quads]
        content = ox.serialize(triples, format=SYNTAXES[media.name], prefixes=PREFIXES) or b""
        response = with_digest(request, content, media.content_type, {"Cache-Control": "no-cache"})
    response.headers["Vary"] = "Accept"
    return response


def routes() -> list[BaseRoute]:
    """Return the routes of the ontology."""
    return [Route(paths.ONTOLOGY, ontology), Route(paths.ONTOLOGY + ".{suffix}", ontology)]
