"""The statements that a resource resolves to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from kg.ontology.vocabulary import BASE, CT, RDF, RDFS, SHARED_GRAPH, STUDY
from kg.store import layout

LABEL, TYPE, OF_STUDY = (ox.NamedNode(iri) for iri in (RDFS + "label", RDF + "type", CT + "ofStudy"))


def triples_of(store: ox.Store, iri: str, base: str = BASE) -> list[ox.Triple]:
    """Return the statements about a resource, with the labels of what they refer to; nothing for an unknown one.

    A study has its parts and the descriptions of the organizations, terms and countries that it refers to; a part has
    the parts inside it.
    """
    own = list(_study(store, iri) if iri.startswith(STUDY) else _tree(store, iri))
    subjects = {triple.subject for triple in own}
    others = {t.object for t in own if isinstance(t.object, ox.NamedNode) and t.object not in subjects}
    shared = ox.NamedNode(base + SHARED_GRAPH.removeprefix(BASE))
    for node in sorted(others, key=str):
        described = list(store.quads_for_pattern(node, None, None, shared)) if iri.startswith(STUDY) else []
        own += (quad.triple for quad in described or store.quads_for_pattern(node, LABEL, None, None))
    return list(dict.fromkeys(own))


def _about(store: ox.Store, node: ox.NamedNode) -> Iterator[ox.Triple]:
    return (quad.triple for quad in store.quads_for_pattern(node, None, None, None))


def _tree(store: ox.Store, iri: str) -> Iterator[ox.Triple]:
    """Yield the statements about a resource and those about the parts whose IRIs continue its own."""
    for triple in _about(store, ox.NamedNode(iri)):
        yield triple
        if isinstance(triple.object, ox.NamedNode) and triple.object.value.startswith(iri + "-"):
            yield from _tree(store, triple.object.value)


def _study(store: ox.Store, iri: str) -> Iterable[ox.Triple]:
    """Return the statements of a study; in a store of another program, those of its graph, or those about its parts."""
    if quads := layout.statements(store, iri.removeprefix(STUDY)):
        return [quad.triple for quad in quads]
    study = ox.NamedNode(iri)
    first = next(store.quads_for_pattern(study, TYPE, ox.NamedNode(CT + "Study"), None), None)
    if first is not None and isinstance(first.graph_name, ox.NamedNode):
        return [quad.triple for quad in store.quads_for_pattern(None, None, None, first.graph_name)]
    parts = [quad.subject for quad in store.quads_for_pattern(None, OF_STUDY, study, None)]
    nodes = [study, *(part for part in parts if isinstance(part, ox.NamedNode))]
    return [triple for node in nodes for triple in _about(store, node)]
