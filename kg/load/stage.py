"""Graphs that take the place of others: made beside them, counted, and then moved, so that no graph is ever half."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kg.errors import OutputError
from kg.load import state
from kg.load.client import Request, Store
from kg.load.graphs import Named, distinct_values
from kg.ontology.vocabulary import BASE

MARK = BASE + "staged"
"""What is said of a staging graph in itself: the number of a part that is whole."""
DELETED = 500_000
"""Statements that a change by difference deletes at once: where they are more than a million, Virtuoso deletes none."""


def moved(store: Store, members: Sequence[Named], held: int) -> None:
    """Stages some graphs, and moves each to its place when all of them are whole.

    No place holds more than ``held`` statements.
    """
    stages = {state.staging(each.name): each for each in members}
    state.note(store, {stage: each.name for stage, each in stages.items()})
    for stage, each in stages.items():
        store.put(stage, each.data)
    counted = state.counts(store, stages)
    for stage, each in stages.items():
        _check(store, each.name, counted.get(stage, 0), each.least, each.most)
    publish(store, {stage: (each.name, each.digest, each.version) for stage, each in stages.items()}, held)


def publish(store: Store, stages: dict[str, tuple[str, str, int]], held: int, *before: str) -> None:
    """Moves staging graphs to the places of graphs, given with their names, digests and versions, after other updates.

    It is sent once: a graph that was moved is not there to be moved again, and its place would be emptied.
    """
    places = [
        step
        for stage, (name, _, _) in stages.items()
        for step in (_differing(stage, name, held) if store.preset.difference else [f"MOVE <{stage}> TO <{name}>"])
    ]
    store.update(" ;\n".join([*before, *places, *state.restated(stages.values())]), again=False)


def _differing(stage: str, name: str, held: int) -> list[str]:
    """The updates that make of a graph what is staged, and touch no statement that stays."""
    old, new = (f"{{ GRAPH <{graph}> {{ ?s ?p ?o }} }}" for graph in (name, stage))
    some = f"SELECT ?s ?p ?o WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} FILTER NOT EXISTS {new} }} LIMIT {DELETED}"
    deletes = [f"DELETE {old} WHERE {{ {some} }}"] * (held // DELETED + 1)
    return [*deletes, f"ADD <{stage}> TO <{name}>", f"DROP SILENT GRAPH <{stage}>"]


def whole(store: Store, name: str, digest: str, lines: Iterable[bytes], size: tuple[int, int], held: int) -> None:
    """Puts lines in the place of a graph that holds so many statements; ``size`` is the least and the most to be there.

    The lines are in order, each once, and can be read again.
    """
    if store.preset.moves:
        _staged(store, name, digest, lines, size, held)
    else:
        state.sweep(store)
        store.update(Request(lambda: _sent(name, digest, lines, store.preset.statements)))


def _sent(name: str, digest: str, lines: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The request that empties a graph and fills it again."""
    yield f"DROP SILENT GRAPH <{name}> ;\nINSERT DATA {{ GRAPH <{name}> {{\n".encode()
    yield from map(b"".join, parts(lines, size))
    yield " ;\n".join(["}}", *state.restated([(name, digest, 0)])]).encode()


def _staged(store: Store, name: str, digest: str, lines: Iterable[bytes], size: tuple[int, int], held: int) -> None:
    """Stages a graph in parts, and moves it to its place.

    What a load that was killed has staged of the same lines is kept.
    """
    stage = state.staging(name, digest)
    state.sweep(store, keep=stage)
    state.note(store, {stage: name})
    marks = _marks(store, stage)
    number = 0
    for number, part in enumerate(parts(lines, store.preset.statements), 1):
        if number not in marks:
            mark = f'<{stage}> <{MARK}> "{number}" .\n'.encode()
            store.add(stage, b"".join(part) + mark)
    count = state.counts(store, [stage]).get(stage, 0) - number
    if not size[0] <= count <= size[1]:
        store.update(f"DROP SILENT GRAPH <{stage}>")
    _check(store, name, count, *size)
    publish(
        store, {stage: (name, digest, 0)}, held, f"DELETE WHERE {{ GRAPH <{stage}> {{ <{stage}> <{MARK}> ?part }} }}"
    )


def _marks(store: Store, stage: str) -> set[int]:
    text = f"SELECT ?part WHERE {{ GRAPH <{stage}> {{ <{stage}> <{MARK}> ?part }} }}"
    return {int(row["part"]) for row in store.select(text)}


def _check(store: Store, name: str, count: int, least: int, most: int) -> None:
    if not least <= count <= most:
        wanted = f"{most:,}" if least == most else f"{least:,} to {most:,}"
        raise OutputError(
            f"{store.url} has staged {count:,} of {wanted} statements of {name}, and its old graph is left as it was."
        )


def parts(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Lines in parts of about a size, which end where a subject ends.

    >>> [len(part) for part in parts([b"<a> 1", b"<a> 2", b"<a> 3", b"<b> 1"], 2)]
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


def measured(lines: Iterable[bytes], size: int) -> tuple[int, int]:
    """The statements in lines that are in order: where literals of one value are one, and as they are written."""
    least = most = 0
    for part in parts(lines, size):
        least += distinct_values(part)
        most += len(part)
    return least, most
