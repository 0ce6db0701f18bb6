"""Load state: a small named graph in the store that records the digest and version of every loaded graph.

Because the state is in the store, the next load, from any machine, loads only the changes. Staging graphs are recorded
before they are created, so that those of an interrupted load can be dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kg.load.client import RemoteStore
from kg.ontology.vocabulary import BASE, DCTERMS, OWL, SPDX, XSD

STATE = BASE + "loaded"
"""The graph with the load state of a store."""
STAGING = BASE + "staging/"
"""Prefix of the names of staging graphs."""
DIGEST = SPDX + "checksumValue"
VERSION = OWL + "versionInfo"
STAGED = DCTERMS + "isReplacedBy"
PAGE = 5000
"""Rows per query: fewer than the result limit of any store."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GraphState:
    """A graph in a store: the digest and version of the last load, and its current number of statements."""

    digest: str = ""
    version: int = 0
    count: int = 0


def graph_states(store: RemoteStore, names: Iterable[str]) -> dict[str, GraphState]:
    """Return the state of each graph by name."""
    graphs = [*names]
    counted = counts(store, graphs)
    text = f"""SELECT ?graph ?digest ?version WHERE {{ GRAPH <{STATE}> {{ VALUES ?graph {{ {iri_list(graphs)} }}
        ?graph <{DIGEST}> ?digest ; <{VERSION}> ?version }} }}"""
    rows = {row["graph"]: row for row in store.select(text)}
    return {
        name: GraphState(rows[name]["digest"], int(rows[name]["version"]), counted.get(name, 0))
        if name in rows
        else GraphState(count=counted.get(name, 0))
        for name in graphs
    }


def counts(store: RemoteStore, names: Iterable[str]) -> dict[str, int]:
    """Return the number of statements of each graph that exists."""
    text = f"""SELECT ?graph (COUNT(*) AS ?count) WHERE {{ VALUES ?graph {{ {iri_list(names)} }}
        GRAPH ?graph {{ ?s ?p ?o }} }} GROUP BY ?graph"""
    return {row["graph"]: int(row["count"]) for row in store.select(text) if "graph" in row}


def iri_list(names: Iterable[str]) -> str:
    """Return IRIs as the content of a ``VALUES`` block."""
    return " ".join(f"<{name}>" for name in names)


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Split a sequence into batches of at most ``size`` items.

    >>> [*batches("abcde", 2)]
    ['ab', 'cd', 'e']
    """
    return (items[start : start + size] for start in range(0, len(items), size))


def iris(store: RemoteStore, pattern: str, *, after: str = "", page: int = PAGE) -> Iterator[str]:
    """Yield the distinct values of ``?iri`` in a graph pattern that sort after ``after``, in order."""
    while True:
        text = f"""SELECT DISTINCT ?iri WHERE {{ {pattern} FILTER(STR(?iri) > "{after}") }}
            ORDER BY STR(?iri) LIMIT {page}"""
        matches = [row["iri"] for row in store.select(text)]
        yield from matches
        if len(matches) < page:
            return
        after = matches[-1]


def lines(name: str, digest: str, version: int) -> list[bytes]:
    """Return the state of a graph as lines of N-Triples."""
    text = f'<{name}> <{DIGEST}> "{digest}" .\n<{name}> <{VERSION}> "{version}"^^<{XSD}integer> .\n'
    return text.encode().splitlines(keepends=True)


def removal(name: str) -> str:
    """Return the update that removes the state of a graph."""
    return f"DELETE WHERE {{ GRAPH <{STATE}> {{ <{name}> ?p ?o }} }}"


def replacement(graphs: Iterable[tuple[str, str, int]]) -> list[str]:
    """Return the updates that replace the state of graphs, given as (name, digest, version).

    Values that do not change are not deleted, for stores with ``difference`` in their preset.
    """
    states = [*graphs]
    deletions = [
        f"""DELETE {{ GRAPH <{STATE}> {{ <{name}> ?p ?o }} }}
        WHERE {{ GRAPH <{STATE}> {{ <{name}> ?p ?o }} FILTER(STR(?o) NOT IN ("{digest}", "{version}")) }}"""
        for name, digest, version in states
    ]
    return [*deletions, insertion(line for state in states for line in lines(*state))]


def insertion(statements: Iterable[bytes]) -> str:
    """Return the update that adds N-Triples to the state."""
    return f"INSERT DATA {{ GRAPH <{STATE}> {{\n{b''.join(statements).decode()}}} }}"


def staging_graph(name: str, digest: str = "") -> str:
    """Return the name of the staging graph of a graph, optionally for content with a digest."""
    return STAGING + hashlib.sha256((name + digest).encode()).hexdigest()[:32]


def record_staging(store: RemoteStore, stages: Mapping[str, str]) -> None:
    """Record staging graphs with the graphs that they will replace."""
    statements = (f"<{name}> <{STAGED}> <{stage}> .\n".encode() for stage, name in stages.items())
    store.update(insertion(statements))


def drop_staging(store: RemoteStore, keep: str = "") -> None:
    """Drop the staging graphs of interrupted loads, except for ``keep``."""
    text = f"SELECT ?graph ?stage WHERE {{ GRAPH <{STATE}> {{ ?graph <{STAGED}> ?stage }} }} LIMIT {PAGE}"
    while leftover := [row for row in store.select(text) if row["stage"] != keep]:
        for batch in batches(leftover, store.preset.members):
            drops = [f"DROP SILENT GRAPH <{row['stage']}>" for row in batch if row["stage"].startswith(STAGING)]
            statements = "".join(f"<{row['graph']}> <{STAGED}> <{row['stage']}> .\n" for row in batch)
            store.update(" ;\n".join([*drops, f"DELETE DATA {{ GRAPH <{STATE}> {{\n{statements}}} }}"]))


def loaded_graphs(store: RemoteStore) -> Iterator[str]:
    """Yield the names of all loaded graphs in order."""
    return iris(store, f"GRAPH <{STATE}> {{ ?iri <{DIGEST}> ?digest }}")
