"""Atomic replacement of graphs: written to staging graphs, counted, then moved into place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kg.errors import OutputError
from kg.load import state
from kg.load.client import RemoteStore, StreamedBody
from kg.load.graphs import NamedGraph, distinct_values
from kg.ontology.vocabulary import BASE

MARK = BASE + "staged"
"""Records, in a staging graph, the number of each part that is complete."""
DELETED = 500_000
"""Statements per deletion of a change by difference: Virtuoso deletes nothing when they are more than a million."""


def replace_graphs(store: RemoteStore, graphs: Sequence[NamedGraph], old_size: int) -> None:
    """Stage graphs and move all of them into place as soon as all are complete.

    ``old_size`` is the number of statements of the largest graph that is replaced.
    """
    stages = {state.staging_graph(graph.name): graph for graph in graphs}
    state.record_staging(store, {stage: graph.name for stage, graph in stages.items()})
    for stage, graph in stages.items():
        store.put(stage, graph.data)
    counted = state.counts(store, stages)
    for stage, graph in stages.items():
        _check(store, graph.name, counted.get(stage, 0), graph.least, graph.most)
    _publish(store, {stage: (graph.name, graph.digest, graph.version) for stage, graph in stages.items()}, old_size)


def replace_large_graph(
    store: RemoteStore, name: str, digest: str, lines: Iterable[bytes], size: tuple[int, int], old_size: int
) -> None:
    """Replace a graph of ``old_size`` statements by sorted, distinct lines, which can be iterated twice.

    ``size`` is the least and the greatest number of statements that the store may count afterwards.
    """
    if store.preset.moves:
        _stage_and_move(store, name, digest, lines, size, old_size)
    else:
        state.drop_staging(store)
        store.update(StreamedBody(lambda: _replacement(name, digest, lines, store.preset.statements)))


def _publish(store: RemoteStore, stages: dict[str, tuple[str, str, int]], old_size: int, *before: str) -> None:
    """Move staging graphs into place, after the updates ``before``; ``stages`` gives (name, digest, version).

    The request is not retried: once a staging graph was moved, a second move would empty its target.
    """
    moves = [
        step
        for stage, (name, _, _) in stages.items()
        for step in (_difference(stage, name, old_size) if store.preset.difference else [f"MOVE <{stage}> TO <{name}>"])
    ]
    store.update(" ;\n".join([*before, *moves, *state.replacement(stages.values())]), retry=False)


def _difference(stage: str, name: str, old_size: int) -> list[str]:
    """Return the updates that turn a graph into its staging graph without touching unchanged statements."""
    old, new = (f"{{ GRAPH <{graph}> {{ ?s ?p ?o }} }}" for graph in (name, stage))
    some = f"SELECT ?s ?p ?o WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} FILTER NOT EXISTS {new} }} LIMIT {DELETED}"
    deletes = [f"DELETE {old} WHERE {{ {some} }}"] * (old_size // DELETED + 1)
    return [*deletes, f"ADD <{stage}> TO <{name}>", f"DROP SILENT GRAPH <{stage}>"]


def _replacement(name: str, digest: str, lines: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the request that empties a graph and fills it again."""
    yield f"DROP SILENT GRAPH <{name}> ;\nINSERT DATA {{ GRAPH <{name}> {{\n".encode()
    yield from map(b"".join, split(lines, size))
    yield " ;\n".join(["}}", *state.replacement([(name, digest, 0)])]).encode()


def _stage_and_move(
    store: RemoteStore, name: str, digest: str, lines: Iterable[bytes], size: tuple[int, int], old_size: int
) -> None:
    """Stage a graph in parts and move it into place; parts staged by a killed load of the same lines are kept."""
    stage = state.staging_graph(name, digest)
    state.drop_staging(store, keep=stage)
    state.record_staging(store, {stage: name})
    complete = _complete_parts(store, stage)
    number = 0
    for number, part in enumerate(split(lines, store.preset.statements), 1):
        if number not in complete:
            mark = f'<{stage}> <{MARK}> "{number}" .\n'.encode()
            store.add(stage, b"".join(part) + mark)
    count = state.counts(store, [stage]).get(stage, 0) - number
    if not size[0] <= count <= size[1]:
        store.update(f"DROP SILENT GRAPH <{stage}>")
    _check(store, name, count, *size)
    remove_marks = f"DELETE WHERE {{ GRAPH <{stage}> {{ <{stage}> <{MARK}> ?part }} }}"
    _publish(store, {stage: (name, digest, 0)}, old_size, remove_marks)


def _complete_parts(store: RemoteStore, stage: str) -> set[int]:
    text = f"SELECT ?part WHERE {{ GRAPH <{stage}> {{ <{stage}> <{MARK}> ?part }} }}"
    return {int(row["part"]) for row in store.select(text)}


def _check(store: RemoteStore, name: str, count: int, least: int, most: int) -> None:
    if not least <= count <= most:
        expected = f"{most:,}" if least == most else f"{least:,} to {most:,}"
        raise OutputError(
            f"{store.url} staged {count:,} statements of {name}, expected {expected}; the old graph is unchanged."
        )


def split(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Split sorted lines into parts of at least ``size`` lines that end where a subject ends.

    >>> [len(part) for part in split([b"<a> 1", b"<a> 2", b"<a> 3", b"<b> 1"], 2)]
    [3, 1]
    """
    part: list[bytes] = []
    for line in lines:
        if len(part) >= size and _subject(line) != _subject(part[-1]):
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _subject(line: bytes) -> bytes:
    return line.split(b" ", 1)[0]


def count_range(lines: Iterable[bytes], size: int) -> tuple[int, int]:
    """Count statements in sorted lines, with literals of equal value as one and as written."""
    least = most = 0
    for part in split(lines, size):
        least += distinct_values(part)
        most += len(part)
    return least, most
