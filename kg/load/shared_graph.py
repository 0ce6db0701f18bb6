"""Maintenance of the shared graph in a running store, so that it always follows from the graphs of the studies.

Before study graphs are written, the resources whose statements will change are recorded in the load state; the mark is
removed after the change. If a load is killed in between, the next load recomputes the marked resources. It does so at
its end, because the server may still be executing a request of the killed load.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from kg.export.descriptions import Describer
from kg.load.client import RemoteStore
from kg.load.state import PAGE, STATE, batches, insertion, iri_list, iris
from kg.ontology.vocabulary import BASE, RECORD, SHARED_GRAPH
from kg.store.shared_graph import Block, Change, Descriptions, Pair, change, recount

PENDING = BASE + "pending"
"""Property that marks a resource in the load state whose statements are about to change."""
STATEMENTS = 500
"""Statements per request: few enough for every store."""


class RemoteGraphs:
    """The graphs of a running store, read to update its shared graph (:class:`kg.store.shared_graph.Graphs`)."""

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self._describer = Describer()

    def blocks(self, resources: Collection[str]) -> dict[str, Block]:
        """Return the statements of the shared graph about each resource that has any."""
        pairs: dict[str, set[Pair]] = {}
        for values in self._values(resources):
            text = f"SELECT ?s ?p ?o WHERE {{ GRAPH <{SHARED_GRAPH}> {{ VALUES ?s {{ {values} }} ?s ?p ?o }} }}"
            for row in self._store.terms(text):
                pairs.setdefault(row["s"].value, set()).add((row["p"], row["o"]))
        return {resource: frozenset(block) for resource, block in pairs.items()}

    def used(self, resources: Collection[str], without: Collection[str]) -> set[str]:
        """Return the resources that at least one study refers to."""
        return {resource for resource in resources if next(self._users(resource, without, 1), None)}

    def descriptions(self, resources: Collection[str], without: Collection[str]) -> Iterator[tuple[bytes, ...]]:
        """Yield the descriptions in the graph of each study that refers to one of the resources."""
        names = {name for resource in resources for name in self._users(resource, without, PAGE)}
        return iter(self.of(sorted(names)).values())

    def of(self, names: Collection[str]) -> dict[str, tuple[bytes, ...]]:
        """Return the descriptions in each graph."""
        values_of: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
        predicates = iri_list(self._describer.predicates)
        for values in self._values(names):
            text = f"""SELECT DISTINCT ?g ?p ?o WHERE {{ VALUES ?g {{ {values} }} VALUES ?p {{ {predicates} }}
                GRAPH ?g {{ ?s ?p ?o }} }}"""
            for row in self._store.select(text):
                values_of[row["g"]].append((row["p"], row["o"]))
        return {name: self._describer.of(sorted(pairs)) for name, pairs in values_of.items()}

    def _users(self, resource: str, without: Collection[str], page: int) -> Iterator[str]:
        """Yield the graphs of studies that refer to a resource, in order."""
        excluded = ", ".join(f"<{name}>" for name in sorted(without))
        unless = f"FILTER(?iri NOT IN ({excluded}))" if excluded else ""
        pattern = f"""GRAPH ?iri {{ ?s ?p <{resource}> }} FILTER(STRSTARTS(STR(?iri), "{RECORD}")) {unless}"""
        return iris(self._store, pattern, after=RECORD, page=page)

    def _values(self, names: Iterable[str]) -> Iterator[str]:
        return map(iri_list, batches([*names], self._store.preset.members))


class SharedGraph:
    """Updates the shared graph of a store along with the graphs of its studies."""

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self._graphs = RemoteGraphs(store)
        self._interrupted = {*iris(store, f"GRAPH <{STATE}> {{ ?iri <{PENDING}> ?since }}")}
        """The resources that killed loads left marked."""

    def complete(self) -> None:
        """Complete the changes of loads that were killed."""
        interrupted = sorted(self._interrupted)
        self._interrupted = set()
        for resources in batches(interrupted, STATEMENTS):
            self._apply(recount(self._graphs, resources), resources)

    def prepare(self, changed: Collection[str], after: Descriptions) -> Change:
        """Return the change that follows from a change of study graphs, with its resources marked as pending.

        ``changed`` are the graphs that the store already has.
        """
        update = change(self._graphs, self._graphs.of(changed), after)
        for lines in batches(_marks(_resources(update)), STATEMENTS):
            self._store.update(insertion(line.encode() for line in lines))
        return update

    def finish(self, update: Change) -> None:
        """Apply a prepared change, after the graphs of the studies were written."""
        self._apply(update, _resources(update))

    def _apply(self, update: Change, resources: Iterable[str]) -> None:
        for lines in batches(update.removed, STATEMENTS):
            self._store.update(f"DELETE DATA {{ GRAPH <{SHARED_GRAPH}> {{\n{''.join(lines)}}} }}")
        for lines in batches(update.added, STATEMENTS):
            self._store.add(SHARED_GRAPH, "".join(lines).encode())
        for lines in batches(_marks(name for name in resources if name not in self._interrupted), STATEMENTS):
            self._store.update(f"DELETE DATA {{ GRAPH <{STATE}> {{\n{''.join(lines)}}} }}")


def _marks(resources: Iterable[str]) -> list[str]:
    return [f'<{resource}> <{PENDING}> "1" .\n' for resource in resources]


def _resources(update: Change) -> list[str]:
    return sorted({line[1 : line.index(">")] for line in (*update.removed, *update.added)})
