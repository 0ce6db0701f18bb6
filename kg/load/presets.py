"""The supported stores: the paths of their protocols and their limitations.

The protocols are SPARQL 1.1 Query, Update (https://www.w3.org/TR/sparql11-protocol/) and Graph Store HTTP
(https://www.w3.org/TR/sparql11-http-rdf-update/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from kg.errors import UsageError


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of store that is loaded over HTTP.

    - ``query``, ``update``, ``graphs``, ``quads``: the paths below the dataset's URL for queries, updates, named graphs
      (Graph Store) and N-Quads of any graphs.
    - ``transactions``: each request is one transaction.
    - ``moves``: the store can move graphs. In TDB2 a ``MOVE`` may lose statements or never end, so a graph of any size
      is sent in one request.
    - ``difference``: an update must not delete and re-insert a statement, because Virtuoso 7 loses it when it recovers
      after it was killed.
    - ``digest``: the store requires digest authentication.
    - ``statements``, ``members``: the maximum number of statements and graphs per request.
    - ``endings``: endpoint paths that users may give as part of the URL.
    - ``path``: a pattern of the path that names a dataset, if the URL of the server alone does not.
    """

    name: str
    query: str
    update: str
    graphs: str
    quads: str
    transactions: bool = True
    moves: bool = True
    difference: bool = False
    digest: bool = False
    statements: int = 50_000
    members: int = 200
    endings: tuple[str, ...] = ()
    path: str = ""


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("oxigraph", "/query", "/update", "/store", "/store", endings=("/query", "/update", "/store", "/sparql")),
        Preset(
            *("fuseki", "/query", "/update", "/data", "/data"),
            moves=False,
            endings=("/query", "/update", "/data", "/sparql", "/get", "/upload"),
            path=r"/[^/]+",
        ),
        Preset(
            *("rdf4j", "", "/statements", "/rdf-graphs/service", "/statements"),
            endings=("/statements", "/rdf-graphs/service", "/rdf-graphs"),
            path=r".*/repositories/[^/]+",
        ),
        Preset(
            *("graphdb", "", "/statements", "/rdf-graphs/service", "/statements"),
            endings=("/statements", "/rdf-graphs/service", "/rdf-graphs"),
            path=r".*/repositories/[^/]+",
        ),
        Preset(
            *("virtuoso", "/sparql-auth", "/sparql-auth", "/sparql-graph-crud-auth", ""),
            transactions=False,
            difference=True,
            digest=True,
            members=100,
            endings=("/sparql", "/sparql-auth", "/sparql-graph-crud", "/sparql-graph-crud-auth"),
        ),
    )
}
"""The stores loaded over HTTP."""

FILE_PRESETS = ("blazegraph", "neptune", "qlever")
"""The stores that load from files."""

_PATHS = (
    ("rdf4j", re.compile(r"/repositories/[^/]+")),
    ("blazegraph", re.compile(r"/(?:blazegraph|bigdata)/")),
    ("virtuoso", re.compile(r"/sparql-(?:auth|graph-crud)")),
)
_SERVERS = (("oxigraph", "oxigraph"), ("virtuoso", "virtuoso"), ("fuseki", "fuseki"))


def preset_from_url(url: str) -> str | None:
    """Return the preset that a URL implies, if any.

    >>> preset_from_url("http://localhost:7200/repositories/trials"), preset_from_url("http://localhost:7878/")
    ('rdf4j', None)
    """
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(".neptune.amazonaws.com"):
        return "neptune"
    return next((name for name, pattern in _PATHS if pattern.search(parts.path)), None)


def preset_from_headers(headers: Mapping[str, str]) -> str | None:
    """Return the preset that the headers of a response imply, if any.

    >>> preset_from_headers({"server": "Virtuoso/07.20.3229 (Linux)"}), preset_from_headers({"fuseki-request-id": "7"})
    ('virtuoso', 'fuseki')
    """
    if any(name.lower() == "fuseki-request-id" for name in headers):
        return "fuseki"
    server = next((value.lower() for name, value in headers.items() if name.lower() == "server"), "")
    return next((name for name, word in _SERVERS if word in server), None)


def dataset_url(url: str, preset: Preset) -> str:
    """Return the URL of a dataset without the paths of its protocols.

    >>> dataset_url("http://localhost:8890/sparql/", PRESETS["virtuoso"])
    'http://localhost:8890'

    Raises :class:`~kg.errors.UsageError` if the URL names no dataset and the store has several.
    """
    base = url.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    for ending in sorted(preset.endings, key=len, reverse=True):
        shorter = base.removesuffix(ending)
        if shorter != base and _names_dataset(shorter, preset):
            base = shorter
            break
    if not _names_dataset(base, preset):
        example = {"fuseki": "http://localhost:3030/ds"}.get(preset.name, "http://localhost:7200/repositories/trials")
        raise UsageError(f"{url} does not name a {preset.name} dataset; a URL such as {example} is needed.")
    return base


def _names_dataset(url: str, preset: Preset) -> bool:
    return not preset.path or re.fullmatch(preset.path, urlsplit(url).path) is not None
