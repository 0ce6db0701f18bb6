"""HTML pages from templates (Jinja2, https://jinja.palletsprojects.com/), with the headers that protect them."""

from __future__ import annotations

import hashlib
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from kg._version import __version__
from kg.errors import printable
from kg.ontology.vocabulary import STUDY
from kg.serve import paths
from kg.serve.assets import asset_url
from kg.serve.bars import bar, columns
from kg.serve.drawings import letter
from kg.serve.formats import count_text, date_text, percent_text
from kg.serve.intervals import interval_drawings
from kg.serve.iris import path_of
from kg.serve.nodes import shown_text
from kg.serve.rich_text import rich_text
from kg.serve.site import Site
from kg.serve.state import server_of
from kg.serve.status import tone

if TYPE_CHECKING:
    import jinja2

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content Security Policy of pages: nothing from elsewhere, and no script or style inside the page."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Urls:
    """URLs of resources and pages for templates."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def resource(self, iri: str) -> str:
        """Return the URL of a resource on this server, its IRI if it is elsewhere on the web, or an empty string."""
        if path := path_of(iri, self._site.base):
            return path
        return iri if urlsplit(iri).scheme in ("http", "https") else ""

    def page(self, path: str, **parameters: Any) -> str:
        """Return the URL of a page; parameters that are lists are repeated, empty ones left out."""
        query = urlencode({key: value for key, value in parameters.items() if value not in (None, "", [])}, doseq=True)
        return path + (f"?{query}" if query else "")

    def static(self, name: str) -> str:
        """Return the URL of a file."""
        return asset_url(name)

    def sparql(self, query: str) -> str:
        """Return the URL of the page that runs a query."""
        return f"{paths.EDITOR}?{urlencode({'query': query}, quote_via=quote)}"

    def town(self, key: str) -> str:
        """Return the URL of a town by its key in the catalogue."""
        return f"{paths.TOWN}{quote(key, safe=':')}"

    def study(self, number: str) -> str:
        """Return the URL of a study by its number."""
        return self.resource(STUDY + number)


def _printable(value: Any) -> Any:
    """Escape control characters in what a template inserts; those that turn the direction would hide text."""
    return printable(value) if type(value) is str else value


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kg.serve"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": shown_text, "date": date_text, "number": lambda value: f"{value:,}"}
    environment.globals |= {"paths": paths, "count": count_text, "version": __version__, "letter": letter, "tone": tone}
    environment.globals |= {
        "percent": percent_text,
        "intervals": interval_drawings,
        "bar": bar,
        "columns": columns,
        "plain": shown_text,
    }
    return environment


def render(site: Site, name: str, **context: Any) -> str:
    """Return a page as text."""
    urls = Urls(site)
    common = {"site": site, "url": urls, "rich": partial(rich_text, study_url=urls.study)}
    return _environment().get_template(name).render(common | context)


def page(request: Request, name: str, *, status: int = 200, **context: Any) -> Response:
    """Return the response with a page; one that the browser has already is status 304."""
    content = render(site_of(request), name, path=request.url.path, **context).encode("utf-8", "replace")
    return with_digest(request, content, "text/html; charset=utf-8", HEADERS, status)


def with_digest(
    request: Request, content: bytes, media_type: str, headers: dict[str, str], status: int = 200
) -> Response:
    """Return a response with the digest of its content as ``ETag``, or status 304 where the client has it."""
    digest = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = headers | {"ETag": digest}
    matches = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if status == 200 and (digest in matches or "*" in matches):
        return Response(status_code=304, headers=headers)
    return Response(content, status, headers, media_type)


def site_of(request: Request) -> Site:
    """Return what pages say about the data of the server."""
    return server_of(request).site
