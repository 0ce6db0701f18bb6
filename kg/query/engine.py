"""Query engine: SPARQL queries over stores, RDF files, study records and graph objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._process import forbid_network
from kg._types import PathName
from kg.errors import OutputError, UsageError
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
from kg.query.lexer import decode_query, form, has_from_clause, is_update, prefixes, uses_service
from kg.query.results import Answer
from kg.query.sandbox import Limits, run_limited
from kg.store.dataset import load_dataset, open_store

if TYPE_CHECKING:
    from kg.export.report import Report
    from kg.store.dataset import Data

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
"""Prefixes that a query does not have to declare."""
Params = Mapping[str, str | Sequence[str]]
_TRIPLES = b"triples"


def read_query(query: str) -> str:
    """Return the text of a query, given as that text, as a file, or as the name of a query in the library.

    Raises :class:`~kg.errors.UsageError` for anything else.
    """
    query = query.removeprefix("\ufeff")
    if "{" in query or (form(query) and any(sign in query for sign in "<?\n")):
        return query
    path = Path(query)
    if path.suffix in (".rq", ".sparql") or path.is_file():
        try:
            return decode_query(path.read_bytes(), query)
        except OSError as error:
            raise UsageError(f"{query} cannot be read: {error.strerror or error}.") from error
    from kg.query.library import query_path

    return query_path(query).read_text("utf-8")


def query_text(query: str, params: Params | None = None) -> str:
    """Return the text of a query with its parameters filled in."""
    text = read_query(query)
    if not params:
        return text
    from kg.query.library import parse_query
    from kg.query.parameters import fill_parameters

    values = {name: [value] if isinstance(value, str) else [*value] for name, value in params.items()}
    return fill_parameters(parse_query(query if len(query) < 40 else "the query", text), values)


def with_prefixes(text: str) -> str:
    """Return a query with declarations added for the :data:`PREFIXES` that it uses without declaring them."""
    declared = prefixes(text)
    lines = [f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items() if name not in declared and f"{name}:" in text]
    return "\n".join([*lines, text])


def prepare(query: str, params: Params | None = None) -> str:
    """Return the complete text of a query, with its parameters filled in and all prefixes declared."""
    return with_prefixes(query_text(query, params))


def evaluate(
    data: ox.Store | PathName, text: str, *, allow_service: bool = False, limits: Limits | None = None
) -> Answer:
    """Run a query over a store, or the store in a folder; without a FROM clause, over the union of all graphs.

    The query runs in a separate process with limits. Raises :class:`~kg.errors.UsageError` for an update, an invalid
    or too deeply nested query, and a SERVICE that is not allowed, and :class:`~kg.errors.OutputError` for a query that
    exceeds its limits.
    """
    if is_update(text):
        raise UsageError(f"{form(text)} would change data, and kg query only reads them.")
    if uses_service(text) and not allow_service:
        raise UsageError("The query calls another server (SERVICE), which needs the option --allow-service.")
    kind, _, content = run_limited(partial(_serialize, data, text, allow_service), limits or Limits()).partition(b"\n")
    declared = PREFIXES | prefixes(text)
    if kind == _TRIPLES:
        triples = [quad.triple for quad in ox.parse(content, format=ox.RdfFormat.N_TRIPLES)]
        return Answer(triples=triples, prefixes=declared)
    return Answer(content, prefixes=declared)


def _serialize(data: ox.Store | PathName, text: str, allow_service: bool, stream: IO[bytes]) -> None:
    """Write the result of a query: its kind on the first line, followed by JSON or N-Triples."""
    with open_store(data) as store:
        if not allow_service:
            forbid_network()
        try:
            result: Any = store.query(text, prefixes=PREFIXES, use_default_graph_as_union=not has_from_clause(text))
            is_graph = isinstance(result, ox.QueryTriples)
            stream.write((_TRIPLES if is_graph else b"results") + b"\n")
            result.serialize(stream, ox.RdfFormat.N_TRIPLES if is_graph else ox.QueryResultsFormat.JSON)
        except (SyntaxError, ValueError) as error:
            from kg.query.diagnostics import syntax_error

            raise syntax_error(text, error, PREFIXES) from error
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The query failed: {' '.join(str(error).split())}.") from error


def evaluate_with_hints(
    data: ox.Store | PathName, text: str, *, allow_service: bool = False, limits: Limits | None = None
) -> Answer:
    """Run a query as :func:`evaluate` does; an empty answer, or one with an empty column, gets hints."""
    answer = evaluate(data, text, allow_service=allow_service, limits=limits)
    if answer.is_empty or answer.empty_columns:
        from kg.query.diagnostics import find_problems

        with open_store(data) as store:
            answer.hints = [*find_problems(with_prefixes(text), store, PREFIXES)]
    return answer


def query(
    query: str,
    data: Data,
    params: Params | None = None,
    *,
    report: Report | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Run a query: the name of a query in the library, a file, or the text of a query; an empty answer has hints.

    ``data`` is one or several stores, RDF files or study records, an rdflib graph, or a pyoxigraph store.

    >>> answer = query("arms", "tests/data/NCT02059759.txt")
    >>> answer.variables, len(answer.rows)
    (['study', 'position', 'arm', 'type', 'intervention'], 3)
    """
    return evaluate_with_hints(load_dataset(data, report), query_text(query, params), limits=limits)
