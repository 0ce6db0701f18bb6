"""Layout of a store: where the statements of studies are, and how to read them.

Only this module knows the layout. Statements are as they are in the store, so their graphs mean nothing outside of it;
:func:`leaving` yields them in the graphs that files and other stores have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeGuard

import pyoxigraph as ox

from kg.ontology.vocabulary import RECORD
from kg.store import registry_state

if TYPE_CHECKING:
    from kg.export.exporter import Exported


def graph_of(study: str) -> ox.NamedNode:
    """Return the name of the graph of a study in files and in other stores.

    >>> graph_of("NCT02059759").value
    'https://w3id.org/trialkg/record/NCT02059759'
    """
    return ox.NamedNode(RECORD + study)


def studies(store: ox.Store) -> list[str]:
    """Return the NCT numbers of the studies in a store, sorted."""
    return sorted(name.value.removeprefix(RECORD) for name in store.named_graphs() if _is_study(name))


def has_study(store: ox.Store, study: str) -> bool:
    """Return whether a store has a study."""
    return study.isalnum() and store.contains_named_graph(graph_of(study))


def statements(store: ox.Store, study: str) -> list[ox.Quad]:
    """Return the statements of a study: those about it, its parts and its record."""
    return [*store.quads_for_pattern(None, None, None, graph_of(study))]


def by_study(store: ox.Store) -> Iterator[tuple[str, list[ox.Quad]]]:
    """Yield the NCT numbers of all studies, sorted, each with its statements; one study is in memory at a time."""
    return ((study, statements(store, study)) for study in studies(store))


def others(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the statements of no study, graph by graph: shared resources, the ontology, and data of other sources.

    The state of the registry is left out.
    """
    for graph in (ox.DefaultGraph(), *store.named_graphs()):
        if not _is_study(graph):
            yield from registry_state.without_state(store.quads_for_pattern(None, None, None, graph))


def has_loose_statements(store: ox.Store) -> bool:
    """Return whether a store has statements that are outside any named graph in files."""
    return next(store.quads_for_pattern(None, None, None, ox.DefaultGraph()), None) is not None


def leaving(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield all statements as files have them: one study after another, each in its own graph, and then the others."""
    for _, quads in by_study(store):
        yield from quads
    yield from others(store)


def named(study: str, quads: Iterable[ox.Quad]) -> list[ox.Quad]:
    """Return statements of a study in its own graph, as files have them."""
    graph = graph_of(study)
    return [ox.Quad(quad.subject, quad.predicate, quad.object, graph) for quad in quads]


def _is_study(graph: object) -> TypeGuard[ox.NamedNode]:
    return isinstance(graph, ox.NamedNode) and graph.value.startswith(RECORD)


def copied(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the statements of a store as another store has them."""
    return registry_state.without_state(store)


def study_of_statement(quad: ox.Quad) -> str | None:
    """Return the NCT number of the study that a statement of a store is about, ``None`` for another one."""
    return quad.graph_name.value.removeprefix(RECORD) if _is_study(quad.graph_name) else None


def parsed(exported: Exported) -> set[ox.Quad]:
    """Return the statements of an exported study as a store has them: without repetition, literals in a normal form."""
    store = ox.Store()
    store.load(exported.data, format=ox.RdfFormat.N_QUADS)
    return {*store}


def steps(study: str, removed: set[ox.Quad], added: set[ox.Quad]) -> list[str]:
    """Return the update operations that remove statements of a study and add others."""
    kinds = (("DELETE", removed), ("INSERT", added))
    lines = {kind: "".join(sorted(f"{quad.triple} .\n" for quad in quads)) for kind, quads in kinds if quads}
    return [f"{kind} DATA {{ GRAPH {graph_of(study)} {{\n{text}}} }}" for kind, text in lines.items()]
