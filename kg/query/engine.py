"""Queries over studies: by name, file or text; over records, RDF, a store on disk, or an endpoint."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._process import forbid_network
from kg.errors import OutputError, UsageError
from kg.export.report import Report
from kg.http.retries import BUSY, retried
from kg.ontology.vocabulary import (
    CODE,
    COUNTRY,
    CT,
    DCTERMS,
    MESH,
    MESHV,
    ORGANIZATION,
    PART,
    RDF,
    RDFS,
    RECORD,
    SKOS,
    STUDY,
    XSD,
)
from kg.query import diagnostics
from kg.query.lexer import calls_service, decoded, form, is_update, names_graphs, prefixes
from kg.query.library import parsed, question
from kg.query.parameters import filled
from kg.query.results import Answer
from kg.query.sandbox import Limits, guarded
from kg.store.dataset import load_dataset, open_store

if TYPE_CHECKING:
    import rdflib

    Data = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | rdflib.Graph | ox.Store

PREFIXES = {
    "ct": CT,
    "study": STUDY,
    "part": PART,
    "org": ORGANIZATION,
    "country": COUNTRY,
    "code": CODE,
    "record": RECORD,
    "mesh": MESH,
    "meshv": MESHV,
    "rdf": RDF,
    "rdfs": RDFS,
    "dcterms": DCTERMS,
    "skos": SKOS,
    "xsd": XSD,
}
"""Prefixes that a query need not declare."""
Params = Mapping[str, str | Sequence[str]]
_TRIPLES = b"triples"


def text_of(asked: str) -> str:
    """The text of a query from its file, its name in the library, or itself.

    Raises :class:`~kg.errors.UsageError` for what is none of them.
    """
    asked = asked.removeprefix("\ufeff")
    if "{" in asked or (form(asked) and any(sign in asked for sign in "<?\n")):
        return asked
    path = Path(asked)
    if path.suffix in (".rq", ".sparql") or path.is_file():
        try:
            return decoded(path.read_bytes())
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{asked} cannot be read ({error}).") from error
    return question(asked).text


def query_text(asked: str, params: Params | None = None) -> str:
    """A query with its parameters filled in, line by line as it was written."""
    text = text_of(asked)
    if not params:
        return text
    given = {name: [value] if isinstance(value, str) else [*value] for name, value in params.items()}
    return filled(parsed(asked if len(asked) < 40 else "the query", text), given)


def declared(text: str) -> str:
    """A query with the prefixes that it uses and does not declare, as others want it."""
    own = prefixes(text)
    lines = [f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items() if name not in own and f"{name}:" in text]
    return "\n".join([*lines, text])


def prepared(asked: str, params: Params | None = None) -> str:
    """A query that is whole: with its parameters filled in, and all of its prefixes."""
    return declared(query_text(asked, params))


def ask(
    data: ox.Store | str | os.PathLike[str], text: str, *, allow_service: bool = False, limits: Limits | None = None
) -> Answer:
    """The answer of a store, or of the one in a folder, to a query, over the graphs that it names or all as one.

    A process of its own finds it, so that no query takes this one down or longer than it may. Raises
    :class:`~kg.errors.UsageError` for what is no query, would change data, asks another server or is too deep, and
    :class:`~kg.errors.OutputError` for what goes beyond the limits.
    """
    if is_update(text):
        raise UsageError(f"{form(text)} would change data, and kg query only asks.")
    if calls_service(text) and not allow_service:
        raise UsageError("The query asks another server (SERVICE), which takes the option --allow-service.")
    kind, _, found = guarded(partial(_answer, data, text, allow_service), limits or Limits()).partition(b"\n")
    known = PREFIXES | prefixes(text)
    if kind == _TRIPLES:
        return Answer(triples=[quad.triple for quad in ox.parse(found, format=ox.RdfFormat.N_TRIPLES)], prefixes=known)
    return Answer(found, prefixes=known)


def _answer(data: ox.Store | str | os.PathLike[str], text: str, allow_service: bool, stream: IO[bytes]) -> None:
    """Writes what a query gives: a line that tells its kind, then JSON or N-Triples."""
    with open_store(data) as store:
        if not allow_service:
            forbid_network()
        try:
            found: Any = store.query(text, prefixes=PREFIXES, use_default_graph_as_union=not names_graphs(text))
            graph = isinstance(found, ox.QueryTriples)
            stream.write((_TRIPLES if graph else b"results") + b"\n")
            found.serialize(stream, ox.RdfFormat.N_TRIPLES if graph else ox.QueryResultsFormat.JSON)
        except (SyntaxError, ValueError) as error:
            raise diagnostics.syntax(text, error, PREFIXES) from error
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The query failed: {' '.join(str(error).split())}.") from error


def hinted(
    data: ox.Store | str | os.PathLike[str], text: str, *, allow_service: bool = False, limits: Limits | None = None
) -> Answer:
    """The answer of :func:`ask`, with hints where it finds nothing, or nothing for a column."""
    answer = ask(data, text, allow_service=allow_service, limits=limits)
    if answer.finds_nothing or answer.empty_columns:
        with open_store(data) as store:
            answer.hints = [*diagnostics.missing(declared(text), store, PREFIXES)]
    return answer


def query(
    asked: str,
    data: Data,
    params: Params | None = None,
    *,
    report: Report | None = None,
    limits: Limits | None = None,
) -> Answer:
    """The answer to a query, given as its name in the library, its file or its text; with hints where it finds nothing.

    ``data`` is the folder of a store, or RDF files and study records, one or several; or a graph of rdflib, or a store
    of pyoxigraph.

    >>> answer = query("arms", "tests/data/NCT02059759.txt")
    >>> answer.variables, len(answer.rows)
    (['study', 'position', 'arm', 'type', 'intervention'], 3)
    """
    return hinted(load_dataset(data, report), query_text(asked, params), limits=limits)


def endpoint(
    url: str,
    text: str,
    *,
    timeout: int = 60,
    credentials: tuple[str, str] | None = None,
    digest: bool = False,
) -> Answer:
    """The answer of a SPARQL endpoint (https://www.w3.org/TR/sparql11-protocol/), asked by POST.

    Raises :class:`~kg.errors.OutputError` where it gives none.
    """
    from SPARQLWrapper import BASIC, DIGEST, JSON, N3, POST, SPARQLWrapper

    if is_update(text):
        raise UsageError(f"{form(text)} would change data, and kg query only asks.")
    graph = form(text) in ("CONSTRUCT", "DESCRIBE")
    wrapper = SPARQLWrapper(url, agent="kg")
    wrapper.setQuery(text)
    wrapper.queryType = form(text) or "SELECT"  # it takes words of comments and of texts for the form
    wrapper.setMethod(POST)
    wrapper.setReturnFormat(N3 if graph else JSON)
    wrapper.setTimeout(timeout)
    try:
        if credentials:
            wrapper.setHTTPAuth(DIGEST if digest else BASIC)
            wrapper.setCredentials(*credentials, realm=_realm(url, timeout) if digest else "")
        body: Any = retried(lambda: wrapper.query().response.read(), _passing, tries=3)
        if graph:
            triples = [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.TURTLE)]
            return Answer(triples=triples, prefixes=PREFIXES | prefixes(text))
        found = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        return Answer.of(found, PREFIXES | prefixes(text))
    except Exception as error:  # what the wrapper raises has no common base
        said = " ".join(str(error).split())[:300]
        raise OutputError(f"{url} gave no answer ({type(error).__name__}: {said}).") from error


def _realm(url: str, timeout: int) -> str:
    """What an endpoint wants credentials for, which goes into a digest; Virtuoso calls it SPARQL."""
    from urllib.error import HTTPError
    from urllib.request import build_opener

    try:
        with build_opener().open(url, timeout=timeout):
            return ""
    except HTTPError as error:
        found = re.search(r'realm="([^"]*)"', error.headers.get("WWW-Authenticate", ""))
        return found[1] if found else ""


def _passing(error: BaseException) -> bool:
    """Whether an endpoint may answer the next time: it is busy, or the line broke."""
    status = getattr(error, "code", None)  # of what urllib raises for an answer that is an error
    return status in BUSY if status is not None else isinstance(getattr(error, "reason", error), ConnectionError)
