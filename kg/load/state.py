"""What a store knows of its own loading: a small named graph that tells, for each graph, what was loaded.

It stands in the store, so that whoever loads next, from wherever, loads only what changed. Staging graphs are noted
there before they are made, so that those of a broken load are found and dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kg.load.client import Store
from kg.ontology.vocabulary import BASE, DCTERMS

STATE = BASE + "loaded"
"""The graph with the state of a store."""
STAGING = BASE + "staging/"
"""Where the names of staging graphs begin."""
DIGEST = "http://spdx.org/rdf/terms#checksumValue"
VERSION = "http://www.w3.org/2002/07/owl#versionInfo"
STAGED = DCTERMS + "isReplacedBy"
_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
PAGE = 5000
"""Rows asked for at once, which is less than any store cuts an answer at."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a store says of a graph: the digest and version of what was loaded, and the statements that it has now."""

    digest: str = ""
    version: int = 0
    count: int = 0


def known(store: Store, names: Iterable[str]) -> dict[str, Known]:
    """What a store says of some graphs."""
    listed = [*names]
    counted = counts(store, listed)
    text = f"""SELECT ?graph ?digest ?version WHERE {{ GRAPH <{STATE}> {{ VALUES ?graph {{ {_values(listed)} }}
        ?graph <{DIGEST}> ?digest ; <{VERSION}> ?version }} }}"""
    said = {row["graph"]: row for row in store.select(text)}
    return {
        name: Known(said[name]["digest"], int(said[name]["version"]), counted.get(name, 0))
        if name in said
        else Known(count=counted.get(name, 0))
        for name in listed
    }


def counts(store: Store, names: Iterable[str]) -> dict[str, int]:
    """The statements of each graph; a graph that is not there is left out."""
    text = f"""SELECT ?graph (COUNT(*) AS ?count) WHERE {{ VALUES ?graph {{ {_values(names)} }}
        GRAPH ?graph {{ ?s ?p ?o }} }} GROUP BY ?graph"""
    return {row["graph"]: int(row["count"]) for row in store.select(text) if "graph" in row}


def _values(names: Iterable[str]) -> str:
    return " ".join(f"<{name}>" for name in names)


def lines(name: str, digest: str, version: int) -> list[bytes]:
    """The state of a graph as lines of N-Triples."""
    stated = f'<{name}> <{DIGEST}> "{digest}" .\n<{name}> <{VERSION}> "{version}"^^<{_INTEGER}> .\n'
    return stated.encode().splitlines(keepends=True)


def forgotten(name: str) -> str:
    """The update that forgets a graph."""
    return f"DELETE WHERE {{ GRAPH <{STATE}> {{ <{name}> ?p ?o }} }}"


def restated(graphs: Iterable[tuple[str, str, int]]) -> list[str]:
    """The updates that put what is now true of graphs, their digests and versions, in the place of what was.

    What is true already stays as it is, for the sake of stores with ``difference`` in their preset.
    """
    listed = [*graphs]
    old = [
        f"""DELETE {{ GRAPH <{STATE}> {{ <{name}> ?p ?o }} }}
        WHERE {{ GRAPH <{STATE}> {{ <{name}> ?p ?o }} FILTER(STR(?o) NOT IN ("{digest}", "{version}")) }}"""
        for name, digest, version in listed
    ]
    return [*old, inserted(line for each in listed for line in lines(*each))]


def inserted(statements: Iterable[bytes]) -> str:
    """The update that adds statements to the state."""
    return f"INSERT DATA {{ GRAPH <{STATE}> {{\n{b''.join(statements).decode()}}} }}"


def staging(name: str, digest: str = "") -> str:
    """The name of the staging graph of a graph, or of what has that digest."""
    return STAGING + hashlib.sha256((name + digest).encode()).hexdigest()[:32]


def note(store: Store, stages: Mapping[str, str]) -> None:
    """Notes staging graphs, given with the graphs whose place they are to take."""
    noted = (f"<{name}> <{STAGED}> <{stage}> .\n".encode() for stage, name in stages.items())
    store.update(inserted(noted))


def sweep(store: Store, keep: str = "") -> None:
    """Drops the staging graphs that broken loads left, but for one to ``keep``."""
    text = f"SELECT ?graph ?stage WHERE {{ GRAPH <{STATE}> {{ ?graph <{STAGED}> ?stage }} }} LIMIT {PAGE}"
    while left := [row for row in store.select(text) if row["stage"] != keep]:
        for at in range(0, len(left), store.preset.members):
            part = left[at : at + store.preset.members]
            drops = [f"DROP SILENT GRAPH <{row['stage']}>" for row in part if row["stage"].startswith(STAGING)]
            notes = "".join(f"<{row['graph']}> <{STAGED}> <{row['stage']}> .\n" for row in part)
            store.update(" ;\n".join([*drops, f"DELETE DATA {{ GRAPH <{STATE}> {{\n{notes}}} }}"]))


def loaded(store: Store) -> Iterator[str]:
    """The names of all graphs that were loaded, in order."""
    last = ""
    while True:
        text = f"""SELECT ?graph WHERE {{ GRAPH <{STATE}> {{ ?graph <{DIGEST}> ?digest }}
            FILTER(STR(?graph) > "{last}") }} ORDER BY STR(?graph) LIMIT {PAGE}"""
        found = [row["graph"] for row in store.select(text)]
        yield from found
        if len(found) < PAGE:
            return
        last = found[-1]
