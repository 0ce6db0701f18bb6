"""Resources at the paths of their IRIs: a page for people, and statements in the formats of RDF.

The format follows the suffix of the path, such as ``/study/NCT02059759.ttl``, or the header ``Accept``.
"""

from __future__ import annotations

from inspect import iscoroutinefunction
from urllib.parse import quote

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from kg.errors import printable_iri
from kg.query.engine import PREFIXES
from kg.serve.html import site_of, with_digest
from kg.serve.iris import FIXED, KINDS, iri_of
from kg.serve.media import GRAPHS, HTML, Media
from kg.serve.negotiation import choose
from kg.serve.part_pages import other_page
from kg.serve.problems import NotAcceptableError
from kg.serve.rdf import SYNTAXES
from kg.serve.resource_pages import PAGES
from kg.serve.responses import JSON, not_found
from kg.serve.state import server_of
from kg.serve.triples import triples_of

SUFFIXES = {media.extension: media for media in (*GRAPHS.values(), HTML, JSON)}
OFFERS = (HTML, *GRAPHS.values())


async def resource(request: Request) -> Response:
    """Return a resource in the format that the client wants, or a page that says that it is not in the graph."""
    kind, name, media = await run_in_threadpool(_find, request)
    iri = iri_of(kind, name, site_of(request).base)
    if media is None:
        chosen = choose(request.headers.get("accept", ""), OFFERS)
        if chosen is None:
            raise NotAcceptableError("The resource is available as HTML, Turtle, N-Triples, JSON-LD and RDF/XML.")
        media = chosen.media
        content_type = chosen.content_type
    else:
        content_type = media.content_type
    request.state.media = media
    if not await run_in_threadpool(exists, request, iri):
        if media is HTML:
            return not_found(request, iri, name)
        return PlainTextResponse(f"There are no statements about {printable_iri(iri)} here.\n", 404, {"Vary": "Accept"})
    if media in (HTML, JSON):
        response = await _page(request, kind, iri)
    else:
        response = await run_in_threadpool(_graph, request, iri, media, content_type)
    return _with_links(response, request, kind, name, iri, media)


def _find(request: Request) -> tuple[str, str, Media | None]:
    """Return the kind and the name of the resource of a request, and the format of a suffix.

    A name may have a dot of its own, so the whole name is tried first.
    """
    raw = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
    kind, _, name = raw.lstrip("/").partition("/")
    stem, dot, extension = name.rpartition(".")
    if dot and extension in SUFFIXES and not exists(request, iri_of(kind, name, site_of(request).base)):
        return kind, stem, SUFFIXES[extension]
    return kind, name, None


def exists(request: Request, iri: str) -> bool:
    """Return whether the graph has statements about a resource."""
    try:
        node = ox.NamedNode(iri)
    except ValueError:
        return False
    return next(server_of(request).store.quads_for_pattern(node, None, None, None), None) is not None


async def _page(request: Request, kind: str, iri: str) -> Response:
    show = PAGES.get(kind, other_page)
    if iscoroutinefunction(show):
        response: Response = await show(request, iri)
        return response
    return await run_in_threadpool(show, request, iri)  # type: ignore[arg-type]


def _graph(request: Request, iri: str, media: Media, content_type: str) -> Response:
    triples = triples_of(server_of(request).store, iri, site_of(request).base)
    content = ox.serialize(triples, format=SYNTAXES[media.name], prefixes=PREFIXES) or b""
    return with_digest(request, content, content_type, {"Cache-Control": "no-cache"})


def _with_links(response: Response, request: Request, kind: str, name: str, iri: str, media: Media) -> Response:
    """Add the links to the other formats and to the resource itself (RFC 8288)."""
    path = f"/{kind}/{quote(name, safe='%-_~')}"
    links = [f'<{path}.{m.extension}>; rel="alternate"; type="{m.types[0]}"' for m in OFFERS if m is not media]
    links.append(f'<{quote(iri, safe=":/%#?&=~+,;@()!$*")}>; rel="describes"')
    response.headers["Link"] = ", ".join(links)
    response.headers["Vary"] = "Accept"
    if request.scope["path"].rpartition(".")[2] != media.extension:
        response.headers["Content-Location"] = f"{path}.{media.extension}"
    return response


def routes() -> list[BaseRoute]:
    """Return the routes of resources."""
    return [Route(f"/{kind}/{{name:path}}", resource) for kind in ("study", "mesh", *KINDS, *FIXED)]
