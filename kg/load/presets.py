"""What is known of each store: the paths of its protocols, and how it has to be treated.

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

    ``query``, ``update``, ``graphs`` and ``quads`` are paths below the address of the dataset: of queries, updates,
    named graphs (Graph Store) and N-Quads of any graphs. ``transactions`` says that each request is one transaction,
    so that it is done as a whole or not at all. ``moves`` says that graphs can be moved: in TDB2 a ``MOVE`` may lose
    statements, or never end, so graphs of any size are sent in one request. ``difference`` says that an update must not
    take a statement away and add it again: Virtuoso 7 that is killed later does not play that back. ``statements`` and
    ``members`` bound the statements and graphs of one request. ``endings`` are paths that users give along with the
    address.
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
    """A pattern of the path that names a dataset, where the address of the server alone does not."""


PRESETS = {
    known.name: known
    for known in (
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
"""The stores that are loaded over HTTP."""

FILES = ("blazegraph", "neptune", "qlever")
"""The stores that load from files."""

_PATHS = (
    ("rdf4j", re.compile(r"/repositories/[^/]+")),
    ("blazegraph", re.compile(r"/(?:blazegraph|bigdata)/")),
    ("virtuoso", re.compile(r"/sparql-(?:auth|graph-crud)")),
)
_SERVERS = (("oxigraph", "oxigraph"), ("virtuoso", "virtuoso"), ("fuseki", "fuseki"))


def told_by_address(url: str) -> str | None:
    """The store that an address names, if it does.

    >>> told_by_address("http://localhost:7200/repositories/trials"), told_by_address("http://localhost:7878/")
    ('rdf4j', None)
    """
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(".neptune.amazonaws.com"):
        return "neptune"
    return next((name for name, pattern in _PATHS if pattern.search(parts.path)), None)


def told_by_answer(headers: Mapping[str, str]) -> str | None:
    """The store that gave an answer with such headers, if they tell.

    >>> told_by_answer({"server": "Virtuoso/07.20.3229 (Linux)"}), told_by_answer({"fuseki-request-id": "7"})
    ('virtuoso', 'fuseki')
    """
    if any(name.lower() == "fuseki-request-id" for name in headers):
        return "fuseki"
    server = next((value.lower() for name, value in headers.items() if name.lower() == "server"), "")
    return next((name for name, word in _SERVERS if word in server), None)


def address(url: str, preset: Preset) -> str:
    """The address of a dataset, without the paths of its protocols.

    >>> address("http://localhost:8890/sparql/", PRESETS["virtuoso"])
    'http://localhost:8890'

    Raises :class:`~kg.errors.UsageError` where no dataset is named, though the store has several.
    """
    plain = url.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    for ending in sorted(preset.endings, key=len, reverse=True):
        shorter = plain.removesuffix(ending)
        if shorter != plain and _names_dataset(shorter, preset):
            plain = shorter
            break
    if not _names_dataset(plain, preset):
        example = {"fuseki": "http://localhost:3030/ds"}.get(preset.name, "http://localhost:7200/repositories/trials")
        raise UsageError(f"{url} names no dataset of {preset.name}, as {example} would.")
    return plain


def _names_dataset(url: str, preset: Preset) -> bool:
    return not preset.path or re.fullmatch(preset.path, urlsplit(url).path) is not None
