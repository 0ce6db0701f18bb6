"""Layout of a store: where the statements of studies are, and how to read them.

The statements of studies are in the default graph, which takes less than half of the space of a graph for each. Those
of one study are found by their subjects: the study, and the parts and the record, which refer to it. The shared
resources, the ontology and data of other sources are in graphs of their own, or where their files have them.

Only this module knows the layout. The graphs of its statements mean nothing outside of a store; :func:`leaving` yields
them in the graphs that files and other stores have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import CT, DCTERMS, OWL, RDF, RECORD, REGISTRY_GRAPH, STORE_GRAPH, STUDY

if TYPE_CHECKING:
    from kg.export.exporter import Exported

VERSION = "2"
"""The version of the layout; the first one had a graph for each study."""
_STUDIES = ox.DefaultGraph()
_TYPE, _CLASS = ox.NamedNode(RDF + "type"), ox.NamedNode(CT + "Study")
_STORE = ox.NamedNode(STORE_GRAPH)
_STATES = frozenset((_STORE, ox.NamedNode(REGISTRY_GRAPH)))
"""The graphs about a store itself."""
_MARK = ox.Quad(_STORE, ox.NamedNode(OWL + "versionInfo"), ox.Literal(VERSION), _STORE)
_LOOSE = ox.Quad(_STORE, ox.NamedNode(DCTERMS + "description"), ox.Literal("has statements outside any graph"), _STORE)


def graph_of(study: str) -> ox.NamedNode:
    """Return the name of the graph of a study in files and in other stores.

    >>> graph_of("NCT02059759").value
    'https://w3id.org/trialkg/record/NCT02059759'
    """
    return ox.NamedNode(RECORD + study)


def mark(store: ox.Store, *, loose: bool) -> None:
    """Write the version of the layout to a new store; ``loose`` states that it has other data in the default graph."""
    store.extend([_MARK, _LOOSE] if loose else [_MARK])


def is_marked(store: ox.Store) -> bool:
    """Return whether a store has this layout, as far as is known."""
    return _MARK in store


def may_be_loose(store: ox.Store) -> bool:
    """Return whether a store may have statements of no study in the default graph."""
    return not is_marked(store) or _LOOSE in store


def check_mark(store: ox.Store, name: str) -> None:
    """Raise :class:`~kg.errors.UsageError` for a store with another layout, which can be read but not updated."""
    if not is_marked(store):
        problem = "has the layout of an earlier version of kg or of another program, and can only be read"
        raise UsageError(f"{name} {problem}; build it again with kg store build, which also accepts it as an input.")


def studies(store: ox.Store) -> list[str]:
    """Return the NCT numbers of the studies in a store, sorted."""
    found = (quad.subject for quad in store.quads_for_pattern(None, _TYPE, _CLASS, _STUDIES))
    return sorted(node.value.removeprefix(STUDY) for node in found if isinstance(node, ox.NamedNode) and study_of(node))


def has_study(store: ox.Store, study: str) -> bool:
    """Return whether a store has a study."""
    return study.isalnum() and ox.Quad(_node(study), _TYPE, _CLASS, _STUDIES) in store


def has_studies(store: ox.Store) -> bool:
    """Return whether a store has any study."""
    return next(store.quads_for_pattern(None, _TYPE, _CLASS, _STUDIES), None) is not None


def statements(store: ox.Store, study: str) -> list[ox.Quad]:
    """Return the statements of a study: those about it, its parts and its record."""
    nodes = _subjects(store, study)
    return [quad for node in nodes for quad in store.quads_for_pattern(node, None, None, _STUDIES)]


def by_study(store: ox.Store) -> Iterator[tuple[str, list[ox.Quad]]]:
    """Yield the NCT numbers of all studies, sorted, each with its statements; one study is in memory at a time."""
    return ((study, statements(store, study)) for study in studies(store))


def others(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the statements of no study, graph by graph: shared resources, the ontology, and data of other sources.

    The states of the store and of the registry are left out.
    """
    yield from _loose_statements(store)
    for graph in store.named_graphs():
        if graph not in _STATES:
            yield from store.quads_for_pattern(None, None, None, graph)


def has_loose_statements(store: ox.Store) -> bool:
    """Return whether a store has statements that are outside any named graph in files."""
    return next(_loose_statements(store), None) is not None


def leaving(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield all statements as files have them: one study after another, each in its own graph, and then the others.

    Those of a store of another program are as they are.
    """
    if not is_marked(store):
        yield from without_states(store)
        return
    for study, quads in by_study(store):
        yield from named(study, quads)
    yield from others(store)


def named(study: str, quads: Iterable[ox.Quad]) -> list[ox.Quad]:
    """Return statements of a study in its own graph, as files have them."""
    graph = graph_of(study)
    return [ox.Quad(quad.subject, quad.predicate, quad.object, graph) for quad in quads]


def without_states(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Leave out the statements about the store itself."""
    return (quad for quad in quads if quad.graph_name not in _STATES)


def states(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the statements about the store itself."""
    for graph in sorted(_STATES, key=str):
        yield from store.quads_for_pattern(None, None, None, graph)


def own_size(store: ox.Store) -> tuple[int, int]:
    """Return the numbers of the statements about the store itself and of their graphs."""
    graphs = [quad.graph_name for quad in states(store)]
    return len(graphs), len({*graphs})


def entering(quad: ox.Quad) -> ox.Quad:
    """Return a statement of a file as a store has it: that about a study in the graph of the study, in no graph."""
    study = study_of(quad.subject) if isinstance(quad.graph_name, ox.NamedNode) else None
    if study and quad.graph_name.value == RECORD + study:  # type: ignore[union-attr]
        return ox.Quad(quad.subject, quad.predicate, quad.object, _STUDIES)
    return quad


def study_of_statement(quad: ox.Quad) -> str | None:
    """Return the NCT number of the study that a statement of a store is about, ``None`` for another one."""
    return study_of(quad.subject) if quad.graph_name == _STUDIES else None


def parsed(exported: Exported) -> set[ox.Quad]:
    """Return the statements of an exported study as a store has them: without repetition, literals in a normal form."""
    store = ox.Store()
    store.load(exported.data, format=ox.RdfFormat.N_TRIPLES)
    return {*store}


def steps(removed: set[ox.Quad], added: set[ox.Quad]) -> list[str]:
    """Return the update operations that remove statements of studies and add others."""
    kinds = (("DELETE", removed), ("INSERT", added))
    lines = {kind: "".join(sorted(f"{quad.triple} .\n" for quad in quads)) for kind, quads in kinds if quads}
    return [f"{kind} DATA {{\n{text}}}" for kind, text in lines.items()]


def _node(study: str) -> ox.NamedNode:
    return ox.NamedNode(STUDY + study)


def _subjects(store: ox.Store, study: str) -> list[ox.NamedNode]:
    """Return the study and what refers to it and has its number: its parts and its record."""
    node = _node(study)
    referring = (quad.subject for quad in store.quads_for_pattern(None, None, node, _STUDIES))
    own = (subject for subject in referring if isinstance(subject, ox.NamedNode) and study_of(subject) == study)
    return [*dict.fromkeys((node, *own))]


def _loose_statements(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the statements of the default graph that are not of studies."""
    if not may_be_loose(store):
        return
    present = {*studies(store)}
    for subject, quads in groupby(store.quads_for_pattern(None, None, None, _STUDIES), lambda quad: quad.subject):
        study = study_of(subject)
        if study not in present or not _is_of(store, subject, study):
            yield from quads


def _is_of(store: ox.Store, subject: ox.NamedNode | ox.BlankNode | ox.Triple, study: str) -> bool:
    node = _node(study)
    return subject == node or next(store.quads_for_pattern(subject, None, node, _STUDIES), None) is not None
