"""The sections of the model that the studies in a running store leave out by choice, which are the same for all.

The load state names them, so that later loads leave out the same. A graph with everything (``--graph``) is replaced as
a whole; there, the studies themselves say what they leave out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile

from kg.errors import UsageError
from kg.load import state
from kg.load.client import RemoteStore
from kg.load.graphs import NamedGraph
from kg.load.state import DIGEST, STATE
from kg.mapping.plan import LEFT_OUT
from kg.mapping.sections import phrase
from kg.ontology.vocabulary import CT, RDF, RECORD, STUDY
from kg.store.choice import agreed

_IS_STUDY = f" <{RDF}type> <{CT}Study> .\n".encode()
_LEAVES_OUT = f' <{LEFT_OUT}> "'.encode()


class Choice:
    """The sections that a load leaves out: those that the store keeps, else the given ones, else those of the inputs.

    Raises :class:`~kg.errors.UsageError` if the store keeps others than the given ones.
    """

    def __init__(self, store: RemoteStore, wanted: tuple[str, ...]) -> None:
        kept = _kept(store)
        check_wanted(store, kept, wanted)
        self._store = store
        self._is_kept = kept is not None
        self._names = wanted or None if kept is None else kept

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sections, empty as long as nothing is decided."""
        return self._names or ()

    def checked(self, graphs: Iterable[NamedGraph]) -> Iterator[NamedGraph]:
        """Yield graphs; before the first one of a study, the choice is written to the store.

        Raises :class:`~kg.errors.UsageError` for a study that leaves out other sections.
        """
        for graph in graphs:
            if graph.name.startswith(RECORD):
                self._check(graph)
            yield graph

    def _check(self, graph: NamedGraph) -> None:
        own = left_out(graph)
        self._names = own if self._names is None else self._names
        if own != self._names:
            raise other_choice(self._store, graph.name.removeprefix(RECORD) + " was", own, self._names)
        if not self._is_kept and own:
            self._store.update(state.insertion(lines(own)))
        self._is_kept = True


def _kept(store: RemoteStore) -> tuple[str, ...] | None:
    """Return the sections that a store leaves out, ``None`` for one without studies that has no choice."""
    rows = store.select(f"SELECT ?name WHERE {{ GRAPH <{STATE}> {{ <{STATE}> <{LEFT_OUT}> ?name }} }}")
    if names := tuple(sorted(row["name"] for row in rows)):
        return names
    studies = f"""SELECT ?iri WHERE {{ GRAPH <{STATE}> {{ ?iri <{DIGEST}> ?digest }}
        FILTER(STRSTARTS(STR(?iri), "{RECORD}")) }} LIMIT 1"""
    return None if next(store.select(studies), None) is None else ()


def kept_in_graph(store: RemoteStore, graph: str) -> tuple[str, ...] | None:
    """Return the sections that one of the studies in a graph leaves out, ``None`` for a graph without studies."""
    studies = f"SELECT ?study WHERE {{ GRAPH <{graph}> {{ ?study a <{CT}Study> }} }} LIMIT 1"
    if (row := next(store.select(studies), None)) is None:
        return None
    rows = store.select(f"SELECT ?name WHERE {{ GRAPH <{graph}> {{ <{row['study']}> <{LEFT_OUT}> ?name }} }}")
    return tuple(sorted(row["name"] for row in rows))


def check_wanted(store: RemoteStore, kept: tuple[str, ...] | None, wanted: tuple[str, ...]) -> None:
    """Raise :class:`~kg.errors.UsageError` if a store keeps other sections than are wanted."""
    if kept is not None and wanted not in ((), kept):
        raise UsageError(f"{store.url} is loaded {phrase(kept)}; leave out --without, or load into another store.")


def other_choice(store: RemoteStore, subject: str, own: tuple[str, ...], kept: tuple[str, ...]) -> UsageError:
    """Return the error for inputs that leave out other sections than a store; ``subject`` has its verb."""
    return UsageError(
        f"{subject} exported {phrase(own)}, and {store.url} is loaded {phrase(kept)}; "
        "name inputs that leave out the same sections."
    )


def lines(names: Iterable[str]) -> list[bytes]:
    """Return a choice as lines of N-Triples of the load state."""
    return [f'<{STATE}> <{LEFT_OUT}> "{name}" .\n'.encode() for name in names]


def left_out(graph: NamedGraph) -> tuple[str, ...]:
    """Return the sections that the study of a graph leaves out."""
    start = f"<{STUDY}{graph.name.removeprefix(RECORD)}>".encode() + _LEAVES_OUT
    first = bisect_left(graph.lines, start)
    own = takewhile(lambda line: line.startswith(start), (graph.lines[i] for i in range(first, len(graph.lines))))
    return tuple(map(_name, own))


def one_choice(statements: Iterable[bytes], wanted: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the sections that all studies in lines of N-Triples leave out, ``None`` if there are no studies.

    ``wanted`` are those that were left out of records. Raises as :func:`kg.store.choice.agreed` does.
    """
    studies, counts = 0, Counter[str]()
    for line in statements:
        if _LEAVES_OUT in line:
            counts[_name(line)] += 1
        studies += line.endswith(_IS_STUDY)
    return agreed(studies, counts, wanted) if studies else None


def _name(line: bytes) -> str:
    return line.rsplit(b'"', 2)[1].decode()
