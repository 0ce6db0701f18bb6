"""The shared graph of a running store, kept equal to what the graphs of its studies say.

Before graphs are written, the resources whose statements change are noted in the state of the store, and the note is
removed after the change. The next load makes the blocks of resources anew whose notes a killed load left, and does so
at its end: until then the server may still be at work on a request of the killed one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from kg.export.descriptions import Describer
from kg.export.shared_resources import GRAPH
from kg.load.client import Store
from kg.load.state import PAGE, STATE, inserted
from kg.ontology.vocabulary import BASE
from kg.store.shared_graph import RECORD, Block, Change, Descriptions, Pair, change, recount

PENDING = BASE + "pending"
"""What the state says of a resource whose statements are about to change."""
STATEMENTS = 500
"""Statements of one request, which every store takes."""


class RemoteGraphs:
    """The graphs of a running store, read to update its shared graph (:class:`kg.store.shared_graph.Graphs`)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._describer = Describer()

    def blocks(self, resources: Collection[str]) -> dict[str, Block]:
        """The statements of the shared graph about some resources; one that has none is left out."""
        made: dict[str, set[Pair]] = {}
        for values in self._values(resources):
            text = f"SELECT ?s ?p ?o WHERE {{ GRAPH <{GRAPH}> {{ VALUES ?s {{ {values} }} ?s ?p ?o }} }}"
            for row in self._store.terms(text):
                made.setdefault(row["s"].value, set()).add((row["p"], row["o"]))
        return {resource: frozenset(pairs) for resource, pairs in made.items()}

    def used(self, resources: Collection[str], without: Collection[str]) -> set[str]:
        """Which of some resources a study refers to."""
        return {each for each in resources if next(self._users(each, without, 1), None)}

    def descriptions(self, resources: Collection[str], without: Collection[str]) -> Iterator[tuple[bytes, ...]]:
        """The descriptions in the graph of each study that refers to one of some resources."""
        names = {name for each in resources for name in self._users(each, without, PAGE)}
        return iter(self.of(sorted(names)).values())

    def of(self, names: Collection[str]) -> dict[str, tuple[bytes, ...]]:
        """The descriptions in some graphs."""
        values_of: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
        predicates = " ".join(f"<{each}>" for each in self._describer.predicates)
        for values in self._values(names):
            text = f"""SELECT DISTINCT ?g ?p ?o WHERE {{ VALUES ?g {{ {values} }} VALUES ?p {{ {predicates} }}
                GRAPH ?g {{ ?s ?p ?o }} }}"""
            for row in self._store.select(text):
                values_of[row["g"]].append((row["p"], row["o"]))
        return {name: self._describer.of(sorted(here)) for name, here in values_of.items()}

    def _users(self, resource: str, without: Collection[str], page: int) -> Iterator[str]:
        """The graphs of studies that refer to a resource, in order."""
        last, excluded = RECORD, ", ".join(f"<{name}>" for name in sorted(without))
        unless = f"FILTER(?g NOT IN ({excluded}))" if excluded else ""
        while True:
            text = f"""SELECT DISTINCT ?g WHERE {{ GRAPH ?g {{ ?s ?p <{resource}> }}
                FILTER(STRSTARTS(STR(?g), "{RECORD}") && STR(?g) > "{last}") {unless} }}
                ORDER BY STR(?g) LIMIT {page}"""
            names = [row["g"] for row in self._store.select(text)]
            yield from names
            if len(names) < page:
                return
            last = names[-1]

    def _values(self, names: Iterable[str]) -> Iterator[str]:
        listed, size = [f"<{name}>" for name in names], self._store.preset.members
        return (" ".join(listed[at : at + size]) for at in range(0, len(listed), size))


class SharedGraph:
    """Keeps the shared graph of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._graphs = RemoteGraphs(store)
        self._left = set(_noted(store))
        """The resources that killed loads left notes of."""

    def complete(self) -> None:
        """Completes the changes of loads that were killed."""
        left = sorted(self._left)
        self._left = set()
        for at in range(0, len(left), STATEMENTS):
            resources = left[at : at + STATEMENTS]
            self._make(recount(self._graphs, resources), resources)

    def before(self, changed: Collection[str], after: Descriptions) -> Change:
        """The change that goes with a change of the graphs of studies, whose resources are noted.

        ``changed`` are the graphs that the store has already.
        """
        wanted = change(self._graphs, self._graphs.of(changed), after)
        for lines in _parts(f'<{each}> <{PENDING}> "1" .\n' for each in _resources(wanted)):
            self._store.update(inserted(line.encode() for line in lines))
        return wanted

    def after(self, wanted: Change) -> None:
        """Makes the change when the graphs of the studies are written."""
        self._make(wanted, _resources(wanted))

    def _make(self, wanted: Change, resources: Iterable[str]) -> None:
        for lines in _parts(wanted.removed):
            self._store.update(f"DELETE DATA {{ GRAPH <{GRAPH}> {{\n{''.join(lines)}}} }}")
        for lines in _parts(wanted.added):
            self._store.add(GRAPH, "".join(lines).encode())
        for lines in _parts(f'<{each}> <{PENDING}> "1" .\n' for each in resources if each not in self._left):
            self._store.update(f"DELETE DATA {{ GRAPH <{STATE}> {{\n{''.join(lines)}}} }}")


def _noted(store: Store) -> Iterator[str]:
    """The resources that are noted in the state of a store."""
    last = ""
    while True:
        text = f"""SELECT ?r WHERE {{ GRAPH <{STATE}> {{ ?r <{PENDING}> ?since }} FILTER(STR(?r) > "{last}") }}
            ORDER BY STR(?r) LIMIT {PAGE}"""
        resources = [row["r"] for row in store.select(text)]
        yield from resources
        if len(resources) < PAGE:
            return
        last = resources[-1]


def _resources(wanted: Change) -> list[str]:
    return sorted({line[1 : line.index(">")] for line in (*wanted.removed, *wanted.added)})


def _parts(lines: Iterable[str]) -> Iterator[list[str]]:
    listed = [*lines]
    return (listed[at : at + STATEMENTS] for at in range(0, len(listed), STATEMENTS))
