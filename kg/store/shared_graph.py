"""The upkeep of the shared graph of a store: what changes in it when studies are added, replaced or removed.

The shared graph follows from the graphs of the studies (:mod:`kg.export.descriptions`). A resource that records
describe in one way needs no counting: its block is added with the first study that refers to it and removed with the
last. Where records describe it in several ways (``ct:descriptionCount``), its studies are counted again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

import pyoxigraph as ox

from kg.export.descriptions import Describer
from kg.export.shared_resources import DESCRIPTIONS, Usage, blocks, description
from kg.ontology.model import Term
from kg.ontology.vocabulary import RDF, RDFS, RECORD, SHARED_GRAPH, SKOS
from kg.rdf.syntax import Style

Pair = tuple[ox.NamedNode, Term]
Block = frozenset[Pair]
Descriptions = Mapping[str, Collection[bytes]]
"""Graph of a study -> the descriptions of its shared resources."""
_STYLE = Style()
_TYPE = ox.NamedNode(RDF + "type")
_LABEL = ox.NamedNode(RDFS + "label")
_ALTERNATIVE = ox.NamedNode(SKOS + "altLabel")
_KEPT = ox.NamedNode(SKOS + "hiddenLabel")


class Graphs(Protocol):
    """What the upkeep reads of a store; ``without`` names graphs that do not count."""

    def blocks(self, resources: Collection[str]) -> dict[str, Block]:
        """The statements of the shared graph about some resources; one that has none is left out."""
        ...

    def used(self, resources: Collection[str], without: Collection[str]) -> set[str]:
        """Which of some resources a study refers to."""
        ...

    def descriptions(self, resources: Collection[str], without: Collection[str]) -> Iterable[Collection[bytes]]:
        """The descriptions in the graph of each study that refers to one of some resources."""
        ...


class Change(NamedTuple):
    """What changes in the shared graph: statements to remove and to add, as lines of N-Triples."""

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def steps(self, graph: str = SHARED_GRAPH) -> list[str]:
        """The operations of an update that make the change."""
        kinds = (("DELETE", self.removed), ("INSERT", self.added))
        return [f"{kind} DATA {{ GRAPH <{graph}> {{\n{''.join(lines)}}} }}" for kind, lines in kinds if lines]


@lru_cache(1 << 14)
def parsed(each: bytes) -> tuple[str, Block]:
    """The IRI of the resource of a description, and its statements."""
    token, *pairs = each.split(b"\0")
    lines = b"".join(token + b" " + pair + b" .\n" for pair in pairs)
    triples = [quad.triple for quad in ox.parse(lines, format=ox.RdfFormat.N_TRIPLES)]
    return token[1:-1].decode(), frozenset((triple.predicate, triple.object) for triple in triples)


def merged(usages: Mapping[bytes, int]) -> Block:
    """The block of one resource by its descriptions and the numbers of studies that use them."""
    made = next(iter(blocks([Usage(*each) for each in usages.items()], _STYLE)), None)
    return parsed(description(*made))[1] if made else frozenset()


def change(graphs: Graphs, before: Descriptions, after: Descriptions) -> Change:
    """The change of the shared graph when the graphs of some studies change; nothing is written yet."""
    fresh: dict[str, Counter[bytes]] = {}
    for each in (each for here in after.values() for each in here):
        fresh.setdefault(parsed(each)[0], Counter())[each] += 1
    touched = sorted({parsed(each)[0] for each in _differing(before, after)})
    current = graphs.blocks(touched)
    return _change(touched, current, _wanted(graphs, touched, current, fresh, {*before, *after}))


def recount(graphs: Graphs, resources: Collection[str]) -> Change:
    """The change that makes the blocks of some resources what the graphs of the studies say."""
    current = graphs.blocks(resources)
    counts = _counted(graphs, resources, ())
    return _change(resources, current, {resource: merged(counts[resource]) for resource in resources})


def _differing(before: Descriptions, after: Descriptions) -> Iterator[bytes]:
    for name in {*before, *after}:
        yield from {*before.get(name, ())} ^ {*after.get(name, ())}


def _wanted(
    graphs: Graphs,
    touched: list[str],
    current: Mapping[str, Block],
    fresh: Mapping[str, Counter[bytes]],
    changed: Collection[str],
) -> dict[str, Block]:
    """The blocks of resources after a change of some graphs, whose descriptions are counted in ``fresh``."""
    wanted: dict[str, Block] = {}
    unused, unclear = [], []
    for resource in touched:
        here, new = current.get(resource), fresh.get(resource, Counter())
        if here is None:
            wanted[resource] = merged(new)
        elif _is_contested(here) or any(parsed(each)[1] != here for each in new):
            unclear.append(resource)
        elif new:
            wanted[resource] = here
        else:
            unused.append(resource)
    used = graphs.used(unused, changed) if unused else set()
    wanted |= {resource: current[resource] if resource in used else frozenset() for resource in unused}
    counts = _counted(graphs, unclear, changed) if unclear else {}
    return wanted | {each: merged(counts[each] + fresh.get(each, Counter())) for each in unclear}


def _counted(graphs: Graphs, resources: Collection[str], without: Collection[str]) -> dict[str, Counter[bytes]]:
    counts = {resource: Counter[bytes]() for resource in resources}
    for descriptions in graphs.descriptions(resources, without):
        for each in descriptions:
            if (resource := parsed(each)[0]) in counts:
                counts[resource][each] += 1
    return counts


def _is_contested(block: Block) -> bool:
    return any(predicate.value == DESCRIPTIONS for predicate, _ in block)


def _change(resources: Iterable[str], current: Mapping[str, Block], wanted: Mapping[str, Block]) -> Change:
    pairs = [(resource, current.get(resource, frozenset()), wanted[resource]) for resource in resources]
    removed = (_lines(resource, here - there) for resource, here, there in pairs)
    added = (_lines(resource, there - here) for resource, here, there in pairs)
    return Change(tuple(line for lines in removed for line in lines), tuple(line for lines in added for line in lines))


def _lines(resource: str, block: Block) -> list[str]:
    return sorted(f"<{resource}> {predicate} {value} .\n" for predicate, value in block)


class StoreGraphs:
    """The graphs of a store of pyoxigraph."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self._describer = Describer()
        self._predicates = [ox.NamedNode(each) for each in self._describer.predicates]

    def blocks(self, resources: Collection[str]) -> dict[str, Block]:
        """The statements of the shared graph about some resources; one that has none is left out."""
        shared = ox.NamedNode(SHARED_GRAPH)
        here = {each: self._store.quads_for_pattern(ox.NamedNode(each), None, None, shared) for each in resources}
        made = {each: frozenset((quad.predicate, quad.object) for quad in quads) for each, quads in here.items()}
        return {each: block for each, block in made.items() if block}

    def used(self, resources: Collection[str], without: Collection[str]) -> set[str]:
        """Which of some resources a study refers to."""
        return {each for each in resources if next(self._users(each, without), None)}

    def descriptions(self, resources: Collection[str], without: Collection[str]) -> Iterator[tuple[bytes, ...]]:
        """The descriptions in the graph of each study that refers to one of some resources."""
        names = {name for each in resources for name in self._users(each, without)}
        return (self.of(name) for name in sorted(names))

    def of(self, name: str) -> tuple[bytes, ...]:
        """The descriptions in one graph."""
        graph = ox.NamedNode(name)
        values = [
            (predicate.value, quad.object.value)
            for predicate in self._predicates
            for quad in self._store.quads_for_pattern(None, predicate, None, graph)
            if isinstance(quad.object, ox.Literal | ox.NamedNode)
        ]
        return self._describer.of(values)

    def _users(self, resource: str, without: Collection[str]) -> Iterator[str]:
        for quad in self._store.quads_for_pattern(None, None, ox.NamedNode(resource), None):
            name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
            if name.startswith(RECORD) and name not in without:
                yield name


def rebuild(store: ox.Store, dropped: Collection[str] = ()) -> None:
    """Makes the shared graph of a store what its studies say.

    What none of them describes stays as it is, but for the ``dropped`` resources of replaced studies, which disappear
    unless some study refers to them.
    """
    graphs, shared, counts = StoreGraphs(store), ox.NamedNode(SHARED_GRAPH), Counter[bytes]()
    for graph in store.named_graphs():
        if isinstance(graph, ox.NamedNode) and graph.value.startswith(RECORD):
            counts.update(graphs.of(graph.value))
    made = dict(parsed(description(*block)) for block in blocks([Usage(*each) for each in counts.items()], _STYLE))
    gone = {*dropped} - made.keys()
    for resource, block in {**made, **dict.fromkeys(gone - graphs.used(gone, ()), frozenset[Pair]())}.items():
        subject = ox.NamedNode(resource)
        for quad in [*store.quads_for_pattern(subject, None, None, shared)]:
            store.remove(quad)
        store.extend(ox.Quad(subject, predicate, value, shared) for predicate, value in block)


def settle(store: ox.Store) -> None:
    """Takes what the shared graph states out of other graphs, such as MeSH, so that a term has one label."""
    labels = store.quads_for_pattern(None, _LABEL, None, ox.NamedNode(SHARED_GRAPH))
    kept = store.quads_for_pattern(None, _KEPT, None, None)
    for resource in {str(quad.subject)[1:-1] for quads in (labels, kept) for quad in quads}:
        block = _block(store, resource)
        removed, added = _settled(store, resource, block, block)
        for quad in removed:
            store.remove(quad)
        store.extend(added)


def settling(store: ox.Store, wanted: Change) -> list[str]:
    """The operations that go with a change of the shared graph, so that no other graph repeats what it states.

    A label that was taken out of a graph such as MeSH returns to it when the shared graph gives up its own.
    """
    steps: list[str] = []
    for resource in sorted({_resource(line) for line in (*wanted.removed, *wanted.added)}):
        before = _block(store, resource)
        after = before - _pairs(wanted.removed, resource) | _pairs(wanted.added, resource)
        removed, added = _settled(store, resource, before, after)
        steps += [_step("DELETE", quad) for quad in removed] + [_step("INSERT", quad) for quad in added]
    return steps


def _block(store: ox.Store, resource: str) -> Block:
    quads = store.quads_for_pattern(ox.NamedNode(resource), None, None, ox.NamedNode(SHARED_GRAPH))
    return frozenset((quad.predicate, quad.object) for quad in quads)


def _pairs(lines: Iterable[str], resource: str) -> Block:
    text = "".join(line for line in lines if _resource(line) == resource)
    return frozenset((quad.predicate, quad.object) for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES))


def _settled(store: ox.Store, resource: str, before: Block, after: Block) -> tuple[list[ox.Quad], list[ox.Quad]]:
    """What to remove and to add in other graphs when the block of a resource in the shared graph changes.

    The label of another graph is kept there as ``skos:hiddenLabel``, and stated as ``skos:altLabel`` where the block
    has no such name; with an empty block it is the label again, and the class returns.
    """
    subject = ox.NamedNode(resource)
    quads = {*_others(store.quads_for_pattern(subject, None, None, None))}
    own = {(quad.object, quad.graph_name) for quad in quads if quad.predicate in (_LABEL, _KEPT)}
    names = {value for predicate, value in after if predicate in (_LABEL, _ALTERNATIVE)}

    def stated(*predicates: ox.NamedNode, unless: Collection[Term] = ()) -> set[ox.Quad]:
        return {ox.Quad(subject, each, *label) for each in predicates for label in own if label[0] not in unless}

    here = quads & stated(_LABEL, _KEPT, _ALTERNATIVE) | {
        each for each in quads if (each.predicate, each.object) in after
    }
    there = stated(_KEPT) | stated(_ALTERNATIVE, unless=names) if names else stated(_LABEL)
    classes = {pair for pair in before - after if pair[0] == _TYPE}
    there |= {ox.Quad(subject, *pair, graph) for pair in classes for _, graph in own}
    return sorted(here - there, key=str), sorted(there - here, key=str)


def _others(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """The statements in other graphs than those of studies and of shared resources."""
    for quad in quads:
        name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        if name != SHARED_GRAPH and not name.startswith(RECORD):
            yield quad


def _resource(line: str) -> str:
    return line[1 : line.index(">")]


def _step(kind: str, quad: ox.Quad) -> str:
    return f"{kind} DATA {{ {_in_graph(quad, f'{quad.triple} .')} }}"


def _in_graph(quad: ox.Quad, line: str) -> str:
    """A line of N-Triples in the graph of a statement."""
    return line if isinstance(quad.graph_name, ox.DefaultGraph) else f"GRAPH {quad.graph_name} {{ {line} }}"
