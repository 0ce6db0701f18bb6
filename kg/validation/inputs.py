"""The graphs of files and stores, one at a time where the statements of each are together.

A file without named graphs is one graph. If the statements of each of its studies are together and the others refer to
no study, as in exports, it is read as pieces: one for each study, and a last one with the other statements. These are
read first and kept in memory, as is the graph of shared resources.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path

import pyoxigraph as ox

from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import BASE, RDFS, SHARED_GRAPH
from kg.rdf.formats import format_of
from kg.rdf.parse import loose_quads, shared_quads
from kg.store import layout
from kg.store.dataset import is_store, open_store, statement_runs, statements
from kg.store.study_runs import Run, Scattered, runs, together
from kg.validation.graph import StatementGraph, Subject

_SHARED = SHARED_GRAPH.removeprefix(BASE)


def read_graphs(name: str, *, pieces: bool) -> Iterator[StatementGraph]:
    """Yield the graphs of a file or a store.

    ``pieces`` allows pieces of graphs. Raises :class:`~kg.store.study_runs.Scattered` if the statements of a graph or,
    in pieces, of a study are not together.
    """
    if Path(name).is_dir() or format_of(name).graphs:
        yield from _contiguous(statement_runs([name]), _shared_graph(name))
    else:
        yield from _pieces(name) if pieces else read_in_memory(name)


def read_in_memory(name: str) -> Iterator[StatementGraph]:
    """Yield the graphs of a file or a store, all of which are held in memory."""
    yield from collect(statements([name]), _shared_graph(name))


def _contiguous(items: Iterable[Run], shared: StatementGraph) -> Iterator[StatementGraph]:
    ended: set[str | None] = set()
    for name, members in itertools.groupby(items, key=attrgetter("graph")):
        if name in ended and name != shared.name:
            raise Scattered
        ended.add(name)
        if name != shared.name:
            yield StatementGraph(name, shared).add(quad for run in members for quad in run.statements)
    if shared.size:
        yield shared


def collect(quads: Iterable[ox.Quad], shared: StatementGraph) -> Iterator[StatementGraph]:
    """Yield the graphs of statements in any order."""
    graphs: dict[str | None, StatementGraph] = {shared.name: shared} if shared.size else {}
    for name, members in itertools.groupby(quads, key=_graph_name):
        if name != shared.name:
            graphs.setdefault(name, StatementGraph(name, shared)).add(members)
    yield from graphs.values()


def _pieces(name: str) -> Iterator[StatementGraph]:
    rest = _rest(name)
    for run in together(statement_runs([name])):
        if run.graph is not None:
            raise Scattered
        if run.study:
            yield StatementGraph(None, rest, is_piece=True).add(run.statements)
    if rest.size:
        yield rest


def _rest(name: str) -> StatementGraph:
    """Return the statements of a file that are about no study; raise ``Scattered`` if they concern studies."""
    if format_of(name).name == "ntriples":
        rest = StatementGraph(is_piece=True).add(quad for quad in loose_quads(name) if study_of(quad.subject) is None)
    else:
        rest = StatementGraph(is_piece=True)
        for run in runs(statements([name])):
            if not run.study:
                rest.add(run.statements)
    if any(_concerns_studies(subject, rest) for subject in rest.subjects):
        raise Scattered
    return rest


def _concerns_studies(subject: Subject, rest: StatementGraph) -> bool:
    """Return whether a subject may belong to a study, or changes what classes mean for studies."""
    properties = rest.subjects[subject]
    if not isinstance(subject, ox.NamedNode) or RDFS + "subClassOf" in properties:
        return True
    return any(study_of(value) is not None for values in properties.values() for value in values)


def _shared_graph(name: str) -> StatementGraph:
    """Return the graph of shared resources in a file or a store, or an empty graph with an empty name."""
    quads = (quad for quad in _candidates(name) if (_graph_name(quad) or "").endswith(_SHARED))
    first = next(quads, None)
    return (
        StatementGraph("") if first is None else StatementGraph(_graph_name(first)).add(itertools.chain([first], quads))
    )


def _candidates(name: str) -> Iterator[ox.Quad]:
    """Yield a superset of the statements of the shared graph."""
    if is_store(name):
        with open_store(name) as store:
            yield from layout.others(store)
    elif not Path(name).is_dir() and format_of(name).graphs:
        yield from shared_quads(name) if format_of(name).name == "nquads" else statements([name])


def _graph_name(quad: ox.Quad) -> str | None:
    name = quad.graph_name
    return None if isinstance(name, ox.DefaultGraph) else name.value
