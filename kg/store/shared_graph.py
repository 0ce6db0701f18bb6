"""Maintenance of the shared graph of a store when studies are added, replaced or removed.

The shared graph is derived from the graphs of the studies (:mod:`kg.export.descriptions`). A resource with a single
description is added with the first study that refers to it and removed with the last. For a resource with several
descriptions (``ct:descriptionCount``), the studies are counted again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, Protocol

import pyoxigraph as ox

from kg.export.descriptions import Describer
from kg.export.shared_resources import DESCRIPTIONS, Usage, blocks, description
from kg.ontology.model import Term
from kg.ontology.vocabulary import RDF, RDFS, SHARED_GRAPH, SKOS
from kg.rdf.syntax import Style
from kg.store import layout

Pair = tuple[ox.NamedNode, Term]
Block = frozenset[Pair]
Descriptions = Mapping[str, Collection[bytes]]
"""Graph of a study -> the descriptions of its shared resources."""
_STYLE = Style()
_TYPE = ox.NamedNode(RDF + "type")
_LABEL = ox.NamedNode(RDFS + "label")
_ALTERNATIVE = ox.NamedNode(SKOS + "altLabel")
_HIDDEN = ox.NamedNode(SKOS + "hiddenLabel")


class Graphs(Protocol):
    """Read access to the graphs of a store; ``without`` has the names of graphs to ignore."""

    def blocks(self, resources: Collection[str]) -> dict[str, Block]:
        """Return the statements of the shared graph about resources, without resources that have none."""
        ...

    def used(self, resources: Collection[str], without: Collection[str]) -> set[str]:
        """Return the resources that a study refers to."""
        ...

    def descriptions(self, resources: Collection[str], without: Collection[str]) -> Iterable[Collection[bytes]]:
        """Return the descriptions in the graph of each study that refers to one of the resources."""
        ...


class Change(NamedTuple):
    """A change of the shared graph: statements to remove and to add, as lines of N-Triples."""

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def steps(self, graph: str = SHARED_GRAPH) -> list[str]:
        """Return the change as operations of a SPARQL update."""
        kinds = (("DELETE", self.removed), ("INSERT", self.added))
        return [f"{kind} DATA {{ GRAPH <{graph}> {{\n{''.join(lines)}}} }}" for kind, lines in kinds if lines]


@lru_cache(1 << 14)
def parse_description(text: bytes) -> tuple[str, Block]:
    """Return the IRI of the resource of a description, and its statements."""
    token, *pairs = text.split(b"\0")
    lines = b"".join(token + b" " + pair + b" .\n" for pair in pairs)
    triples = [quad.triple for quad in ox.parse(lines, format=ox.RdfFormat.N_TRIPLES)]
    return token[1:-1].decode(), frozenset((triple.predicate, triple.object) for triple in triples)


def merge_descriptions(usages: Mapping[bytes, int]) -> Block:
    """Merge the descriptions of one resource, given with the numbers of studies that use them."""
    block = next(iter(blocks([Usage(*item) for item in usages.items()], _STYLE)), None)
    return parse_description(description(*block))[1] if block else frozenset()


def change(graphs: Graphs, before: Descriptions, after: Descriptions) -> Change:
    """Compute the change of the shared graph for a change of the graphs of some studies."""
    added: dict[str, Counter[bytes]] = {}
    for text in chain.from_iterable(after.values()):
        added.setdefault(parse_description(text)[0], Counter())[text] += 1
    affected = sorted({parse_description(text)[0] for text in _differing(before, after)})
    current = graphs.blocks(affected)
    return _change(affected, current, _target(graphs, affected, current, added, {*before, *after}))


def recount(graphs: Graphs, resources: Collection[str]) -> Change:
    """Compute the change that derives the blocks of resources from the graphs of the studies again."""
    current = graphs.blocks(resources)
    counts = _counted(graphs, resources, ())
    return _change(resources, current, {resource: merge_descriptions(counts[resource]) for resource in resources})


def _differing(before: Descriptions, after: Descriptions) -> Iterator[bytes]:
    for name in {*before, *after}:
        yield from {*before.get(name, ())} ^ {*after.get(name, ())}


def _target(
    graphs: Graphs,
    resources: list[str],
    current: Mapping[str, Block],
    added: Mapping[str, Counter[bytes]],
    changed: Collection[str],
) -> dict[str, Block]:
    """Return the blocks of resources after a change of some graphs, whose new descriptions are counted in ``added``."""
    target: dict[str, Block] = {}
    unused, conflicting = [], []
    for resource in resources:
        block, new = current.get(resource), added.get(resource, Counter())
        if block is None:
            target[resource] = merge_descriptions(new)
        elif _has_several_descriptions(block) or any(parse_description(text)[1] != block for text in new):
            conflicting.append(resource)
        elif new:
            target[resource] = block
        else:
            unused.append(resource)
    used = graphs.used(unused, changed) if unused else set()
    target |= {resource: current[resource] if resource in used else frozenset() for resource in unused}
    counts = _counted(graphs, conflicting, changed) if conflicting else {}
    return target | {
        resource: merge_descriptions(counts[resource] + added.get(resource, Counter())) for resource in conflicting
    }


def _counted(graphs: Graphs, resources: Collection[str], without: Collection[str]) -> dict[str, Counter[bytes]]:
    counts = {resource: Counter[bytes]() for resource in resources}
    for descriptions in graphs.descriptions(resources, without):
        for text in descriptions:
            if (resource := parse_description(text)[0]) in counts:
                counts[resource][text] += 1
    return counts


def _has_several_descriptions(block: Block) -> bool:
    return any(predicate.value == DESCRIPTIONS for predicate, _ in block)


def _change(resources: Iterable[str], current: Mapping[str, Block], target: Mapping[str, Block]) -> Change:
    pairs = [(resource, current.get(resource, frozenset()), target[resource]) for resource in resources]
    removed = (_lines(resource, before - after) for resource, before, after in pairs)
    added = (_lines(resource, after - before) for resource, before, after in pairs)
    return Change(tuple(chain.from_iterable(removed)), tuple(chain.from_iterable(added)))


def _lines(resource: str, block: Block) -> list[str]:
    return sorted(f"<{resource}> {predicate} {value} .\n" for predicate, value in block)


class StoreGraphs:
    """The studies of a pyoxigraph store, each named by its NCT number."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self._describer = Describer()
        self._predicates = {*map(ox.NamedNode, self._describer.predicates)}

    def blocks(self, resources: Collection[str]) -> dict[str, Block]:
        """Return the statements of the shared graph about resources, without resources that have none."""
        result = {resource: _block(self._store, resource) for resource in resources}
        return {resource: block for resource, block in result.items() if block}

    def used(self, resources: Collection[str], without: Collection[str]) -> set[str]:
        """Return the resources that a study refers to."""
        return {resource for resource in resources if next(self._users(resource, without), None)}

    def descriptions(self, resources: Collection[str], without: Collection[str]) -> Iterator[tuple[bytes, ...]]:
        """Return the descriptions in each study that refers to one of the resources."""
        studies = {study for resource in resources for study in self._users(resource, without)}
        return (self.of(layout.statements(self._store, study)) for study in sorted(studies))

    def of(self, statements: Iterable[ox.Quad]) -> tuple[bytes, ...]:
        """Return the descriptions in the statements of a study, which are sorted."""
        values = [
            (quad.predicate.value, quad.object.value)
            for quad in statements
            if quad.predicate in self._predicates and isinstance(quad.object, ox.Literal | ox.NamedNode)
        ]
        return self._describer.of(sorted(values))

    def all(self) -> Iterator[tuple[bytes, ...]]:
        """Yield the descriptions in each study."""
        return (self.of(quads) for _, quads in layout.by_study(self._store))

    def _users(self, resource: str, without: Collection[str]) -> Iterator[str]:
        for quad in self._store.quads_for_pattern(None, None, ox.NamedNode(resource), None):
            study = layout.study_of_statement(quad)
            if study and study not in without:
                yield study


def rebuild(store: ox.Store, dropped: Collection[str] = ()) -> None:
    """Rebuild the shared graph of a store from its studies.

    Resources that no study describes are kept, except the ``dropped`` resources of replaced studies, which are
    removed unless a study refers to them.
    """
    graphs, shared, counts = StoreGraphs(store), ox.NamedNode(SHARED_GRAPH), Counter[bytes]()
    for descriptions in graphs.all():
        counts.update(descriptions)
    usages = [Usage(*item) for item in counts.items()]
    described = dict(parse_description(description(*block)) for block in blocks(usages, _STYLE))
    candidates = {*dropped} - described.keys()
    unused = candidates - graphs.used(candidates, ())
    for resource, block in {**described, **dict.fromkeys(unused, frozenset[Pair]())}.items():
        subject = ox.NamedNode(resource)
        for quad in [*store.quads_for_pattern(subject, None, None, shared)]:
            store.remove(quad)
        store.extend(ox.Quad(subject, predicate, value, shared) for predicate, value in block)


def deduplicate_other_graphs(store: ox.Store) -> None:
    """Remove statements of the shared graph from other graphs, such as MeSH, so that each term has one label."""
    labels = store.quads_for_pattern(None, _LABEL, None, ox.NamedNode(SHARED_GRAPH))
    hidden = store.quads_for_pattern(None, _HIDDEN, None, None)
    for resource in {str(quad.subject)[1:-1] for quad in chain(labels, hidden)}:
        block = _block(store, resource)
        removed, added = _other_changes(store, resource, block, block)
        for quad in removed:
            store.remove(quad)
        store.extend(added)


def other_graph_updates(store: ox.Store, shared: Change) -> list[str]:
    """Return the update operations on other graphs for a change of the shared graph, so that none repeats it.

    A label that was removed from a graph such as MeSH returns to it when the shared graph loses its own.
    """
    steps: list[str] = []
    for resource in sorted({_resource(line) for line in (*shared.removed, *shared.added)}):
        before = _block(store, resource)
        after = before - _pairs(shared.removed, resource) | _pairs(shared.added, resource)
        removed, added = _other_changes(store, resource, before, after)
        steps += [_step("DELETE", quad) for quad in removed] + [_step("INSERT", quad) for quad in added]
    return steps


def _block(store: ox.Store, resource: str) -> Block:
    quads = store.quads_for_pattern(ox.NamedNode(resource), None, None, ox.NamedNode(SHARED_GRAPH))
    return frozenset((quad.predicate, quad.object) for quad in quads)


def _pairs(lines: Iterable[str], resource: str) -> Block:
    text = "".join(line for line in lines if _resource(line) == resource)
    return frozenset((quad.predicate, quad.object) for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES))


def _other_changes(store: ox.Store, resource: str, before: Block, after: Block) -> tuple[list[ox.Quad], list[ox.Quad]]:
    """Return the statements to remove from and add to other graphs when the block of a shared resource changes.

    The label in another graph becomes its ``skos:hiddenLabel``, and its ``skos:altLabel`` too if the block does not
    have the name; with an empty block it becomes the label again, and the class returns.
    """
    subject = ox.NamedNode(resource)
    quads = {*_others(store.quads_for_pattern(subject, None, None, None))}
    own = {(quad.object, quad.graph_name) for quad in quads if quad.predicate in (_LABEL, _HIDDEN)}
    names = {value for predicate, value in after if predicate in (_LABEL, _ALTERNATIVE)}

    def labels(*predicates: ox.NamedNode, unless: Collection[Term] = ()) -> set[ox.Quad]:
        return {ox.Quad(subject, name, *label) for name in predicates for label in own if label[0] not in unless}

    repeated = {quad for quad in quads if (quad.predicate, quad.object) in after}
    current = quads & labels(_LABEL, _HIDDEN, _ALTERNATIVE) | repeated
    target = labels(_HIDDEN) | labels(_ALTERNATIVE, unless=names) if names else labels(_LABEL)
    classes = {pair for pair in before - after if pair[0] == _TYPE}
    target |= {ox.Quad(subject, *pair, graph) for pair in classes for _, graph in own}
    return sorted(current - target, key=str), sorted(target - current, key=str)


def _others(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Yield the statements that are not about studies and not in the shared graph."""
    shared = ox.NamedNode(SHARED_GRAPH)
    return (quad for quad in quads if quad.graph_name != shared and not layout.study_of_statement(quad))


def _resource(line: str) -> str:
    return line[1 : line.index(">")]


def _step(kind: str, quad: ox.Quad) -> str:
    return f"{kind} DATA {{ {_in_graph(quad, f'{quad.triple} .')} }}"


def _in_graph(quad: ox.Quad, line: str) -> str:
    """Return a line of N-Triples in the graph of a statement."""
    return line if isinstance(quad.graph_name, ox.DefaultGraph) else f"GRAPH {quad.graph_name} {{ {line} }}"
