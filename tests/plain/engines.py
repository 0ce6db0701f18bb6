"""The engines that the queries go to, each as a user starts it without further thought.

- rdflib parses the Turtle into one graph.
- ``kg query`` opens the records, a store, or a file in any format.
- DuckDB reads the Parquet file.
- The servers get the records by ``kg load``. Their default graph is made the union of all graphs as their manuals say:
  the Oxigraph server by ``--union-default-graph`` at its start, or by ``?union-default-graph`` in the URL of a request;
  Fuseki by ``--set tdb2:unionDefaultGraph=true`` at its start, or by ``FROM <urn:x-arq:UnionGraph>`` in the query;
  Virtuoso needs nothing.
- With ``FROM`` and the graphs of some studies, the shared graph and that of the ontology, a query needs no setting, and
  its rows are those of these studies. The Oxigraph server ignores ``FROM`` where it has ``--union-default-graph``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests import servers
from tests.plain.corpus import Corpus, read
from tests.plain.queries import QUERIES, Query
from tests.plain.sql import SQL, preparation

BASE = "https://w3id.org/trialkg/"
SHARED = BASE + "graph/shared"
ONTOLOGY = BASE + "graph/ontology"
UNION = "urn:x-arq:UnionGraph"
FORMATS = {
    "turtle": "ttl",
    "trig": "trig",
    "ntriples": "nt",
    "nquads": "nq",
    "parquet": "parquet",
    "jsonld": "jsonld",
    "rdfxml": "rdf",
}
"""The formats of an export, and how the name of a file of each ends."""
Rows = Counter[tuple[str | Decimal, ...]]
XSD = "http://www.w3.org/2001/XMLSchema#"
NUMBERS = {XSD + name for name in ("integer", "int", "long", "decimal", "double", "float", "nonNegativeInteger")}
DIGITS = 9
"""Digits after the point that are compared: engines give averages with 15 to 28 digits in all."""
TIMEOUT = 120
"""Seconds that a server has for a query."""


class Answers(NamedTuple):
    """The rows of each query from one engine, or the error in their place."""

    engine: str
    version: str
    rows: Mapping[str, Rows | RuntimeError]
    some: bool = False
    """Whether they are over some of the studies."""


class Inputs(NamedTuple):
    """What the engines read: the records, their exports and a store, and a folder to work in."""

    records: Path
    folder: Path

    def file(self, name: str) -> Path:
        """The export in a format."""
        return self.folder / f"studies.{FORMATS[name]}"

    @property
    def store(self) -> Path:
        return self.folder / "studies.kgstore"


def rows(found: Iterable[Iterable[Any]]) -> Rows:
    """Rows by value: numbers as decimals of some digits, all else as text.

    >>> rows([("a", 1), ("a", 1.0), ("b", Decimal("0.3333333333333333"))])[("a", Decimal(1))]
    2
    """
    return Counter(tuple(map(_value, row)) for row in found)


def _value(value: Any) -> str | Decimal:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return round(Decimal(str(value)), DIGITS) if is_number else str(value)


def run_kg(*arguments: object, environment: Mapping[str, str] | None = None) -> None:
    """Runs the command; raises ``RuntimeError`` with its last message where it fails."""
    command = [sys.executable, "-m", "kg", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | (environment or {}))
    if done.returncode:
        raise RuntimeError(f"kg {arguments[0]}: {done.stderr[-500:]}")


def export(records: Path, output: Path, *options: object) -> None:
    """Exports the records with the codes and their labels."""
    run_kg("export", records, "-o", output, "--with-ontology", *options)


def prepare(records: Path, folder: Path) -> Inputs:
    """The records, exported in all formats and as a store."""
    inputs = Inputs(records, folder)
    for name in FORMATS:
        export(records, inputs.file(name))
    run_kg("store", "build", records, "-o", inputs.store)
    return inputs


def answers(engine: str, version: str, ask: Callable[[Query], Iterable[Iterable[Any]]], some: bool = False) -> Answers:
    """The answers of an engine; a query that fails leaves those of the others."""
    return Answers(engine, version, {query.name: _rows_or_error(ask, query) for query in QUERIES.values()}, some)


def _rows_or_error(ask: Callable[[Query], Iterable[Iterable[Any]]], query: Query) -> Rows | RuntimeError:
    try:
        return rows(ask(query))
    except Exception as error:  # the engines have no common base; text, since not every error goes through a pipe
        return RuntimeError(f"{query.name}: {type(error).__name__}: {error}")


# -- in this process ----------------------------------------------------------------------------------------------


def from_json(inputs: Inputs) -> list[Answers]:
    """The answers of plain Python, over all studies and over some of them."""
    corpus = Corpus([*read(inputs.records)])
    python = sys.version.split()[0]
    return [
        answers("JSON", python, lambda query: query.rows(corpus)),
        answers("JSON of some", python, lambda query: query.rows(corpus.some()), some=True),
    ]


def from_rdflib(inputs: Inputs) -> list[Answers]:
    import rdflib

    graph = rdflib.Graph().parse(inputs.file("turtle"))
    return [answers("rdflib, Turtle", rdflib.__version__, lambda query: map(_python, graph.query(query.text())))]


def _python(row: Any) -> list[Any]:
    return [term.toPython() for term in row]


def from_kg(name: str, inputs: Inputs) -> list[Answers]:
    """The answers of ``kg query`` over the records, the store, or the file in a format, which is opened once."""
    import kg
    from kg.store.dataset import load_dataset

    data = {"records": inputs.records, "store": inputs.store}.get(name) or inputs.file(name)
    source = load_dataset(data)

    def ask(query: Query) -> Iterator[Iterable[Any]]:
        return (row.values() for row in kg.query(query.text(), source).rows)

    return [answers(f"kg query, {name}", version("pyoxigraph"), ask)]


def from_duckdb(inputs: Inputs) -> list[Answers]:
    import duckdb

    with duckdb.connect() as database:
        database.execute(preparation(str(inputs.file("parquet"))))
        return [
            answers("DuckDB, Parquet", duckdb.__version__, lambda query: database.execute(SQL[query.name]).fetchall())
        ]


# -- servers ------------------------------------------------------------------------------------------------------


class OxigraphOfUnion(servers.Oxigraph):
    """The Oxigraph server, started so that the default graph of a query is the union of all graphs."""

    def command(self) -> list[str]:
        return [*super().command(), "--union-default-graph"]


class Setting(NamedTuple):
    """A way to send queries to a server: the path of its URL, and the graphs that ``FROM`` names, if any."""

    name: str
    path: str
    source: str = ""


class Start(NamedTuple):
    """A server as it is started, and the settings that are tried on it."""

    kind: type[servers.Server]
    settings: tuple[Setting, ...]


SOME = "some"
"""For the source of a setting: the graphs of some studies, and what they share."""
SERVERS: dict[str, tuple[Start, ...]] = {
    "oxigraph": (
        Start(
            servers.Oxigraph,
            (Setting("Oxigraph, by request", "/query?union-default-graph"), Setting("Oxigraph, FROM", "/query", SOME)),
        ),
        Start(OxigraphOfUnion, (Setting("Oxigraph, by option", "/query"),)),
    ),
    "fuseki": (
        Start(
            servers.Fuseki,
            (
                Setting("Fuseki, by option", "/ds/query"),
                Setting("Fuseki, FROM the union", "/ds/query", UNION),
                Setting("Fuseki, FROM", "/ds/query", SOME),
            ),
        ),
    ),
    "virtuoso": (
        Start(servers.Virtuoso, (Setting("Virtuoso", "/sparql"), Setting("Virtuoso, FROM", "/sparql", SOME))),
    ),
}
"""The starts of each server, of which the first loads the records."""


def from_server(name: str, inputs: Inputs) -> list[Answers]:
    """The answers of a server after ``kg load``, in each setting.

    Raises :class:`tests.servers.Missing` where the machine lacks it.
    """
    folder = inputs.folder / name
    folder.mkdir()
    graphs = {"": (), UNION: (UNION,), SOME: graphs_of_some(inputs)}
    found = []
    for number, start in enumerate(SERVERS[name]):
        with running(start.kind(folder)) as server:
            if number == 0:
                load(server, inputs)
            found += [_from_setting(server, setting, graphs[setting.source]) for setting in start.settings]
    return found


def graphs_of_some(inputs: Inputs) -> tuple[str, ...]:
    """The graphs with all that is in the data about some studies."""
    some = Corpus([*read(inputs.records)]).some()
    return (*(f"{BASE}record/{number}" for number in some.numbers), SHARED, ONTOLOGY)


@contextmanager
def running(server: servers.Server) -> Iterator[servers.Server]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


def load(server: servers.Server, inputs: Inputs) -> None:
    run_kg("load", inputs.records, "--to", server.url, environment=server.environment)


def _from_setting(server: servers.Server, setting: Setting, graphs: Iterable[str]) -> Answers:
    url, release = server.root + setting.path, server_version(server.name)
    return answers(setting.name, release, lambda query: sent(url, query.text(graphs)), setting.source == SOME)


def sent(url: str, text: str) -> list[list[Any]]:
    """The rows that a server sends back (https://www.w3.org/TR/sparql11-protocol/).

    Raises ``RuntimeError`` where it has cut them, as Virtuoso does by ``ResultSetMaxRows``.
    """
    request = Request(url, urlencode({"query": text}).encode(), {"Accept": "application/sparql-results+json"})
    try:
        with urlopen(request, timeout=TIMEOUT) as response:
            if "X-SPARQL-MaxRows" in response.headers:
                raise RuntimeError(f"{url} has sent only {response.headers['X-SPARQL-MaxRows']} rows")
            answer = json.load(response)
    except HTTPError as error:
        raise RuntimeError(f"{url}: {error.read()[:500].decode(errors='replace')}") from error
    names = answer["head"]["vars"]
    return [[_term(row[name]) for name in names] for row in answer["results"]["bindings"]]


def _term(binding: Mapping[str, str]) -> Any:
    return Decimal(binding["value"]) if binding.get("datatype") in NUMBERS else binding["value"]


def server_version(name: str) -> str:
    """The version of a server that is installed."""
    if name == "virtuoso":
        shown = subprocess.run(["virtuoso-t", "-?"], capture_output=True, text=True)
        found = re.search(r"Version (\d+(?:\.\d+)+)", shown.stdout + shown.stderr)
        return found[1] if found else "unknown"
    return servers.FUSEKI if name == "fuseki" else version(name)


# -- all of them --------------------------------------------------------------------------------------------------

Task = Callable[[Inputs], list[Answers]]
LOCAL: dict[str, Task] = {
    "rdflib, Turtle": from_rdflib,
    **{f"kg query, {name}": partial(from_kg, name) for name in ("records", "store", *FORMATS)},
    "DuckDB, Parquet": from_duckdb,
}
"""What answers for each engine that runs in this process."""
REMOTE: dict[str, Task] = {
    setting.name: partial(from_server, name)
    for name, starts in SERVERS.items()
    for start in starts
    for setting in start.settings
}
"""What answers for each setting of a server; the settings of one server have one task."""
