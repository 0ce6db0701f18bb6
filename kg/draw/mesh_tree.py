"""The MeSH hierarchy, used to draw terms as a tree; nothing of it is added to a graph.

A record lists the ancestors of its terms without their relations. The relations come from the graph where it has them
(``meshv:broaderDescriptor``), otherwise from the tree numbers of MeSH 2025 (U.S. National Library of Medicine), which
``assets/mesh-tree.txt.xz`` has without the names of the terms.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable
from functools import cache

from kg.draw import ASSETS
from kg.draw.graph import QueryableGraph
from kg.ontology.vocabulary import MESH, MESHV

NARROWER, BROADER = "narrower term", "broader term"
"""The labels of the two ends of a link between terms."""
BROADER_DESCRIPTOR = MESHV + "broaderDescriptor"


@cache
def tree_numbers() -> dict[str, tuple[str, ...]]:
    """Return the tree numbers by descriptor.

    >>> tree_numbers()["D009422"]
    ('C10',)
    """
    lines = lzma.decompress((ASSETS / "mesh-tree.txt.xz").read_bytes()).decode().splitlines()
    return {id_: tuple(numbers) for id_, *numbers in (line.split(" ") for line in lines)}


@cache
def _descriptors() -> dict[str, str]:
    return {number: id_ for id_, numbers in tree_numbers().items() for number in numbers}


def mesh_parents(id_: str) -> list[str]:
    """Return the parents of a descriptor in MeSH 2025.

    >>> mesh_parents("D000690")
    ['D013118', 'D016472', 'D057177']
    """
    numbers = (number.rpartition(".")[0] for number in tree_numbers().get(id_, ()))
    parents = {_descriptors()[number] for number in numbers if number in _descriptors()}
    return sorted(parents - {id_})


def parents(graph: QueryableGraph, iri: str) -> list[str]:
    """Return the IRIs of the parents of a term: those in the graph, otherwise those in MeSH 2025."""
    stated = [term.value for term in graph.values(iri, BROADER_DESCRIPTOR)]
    return stated or [MESH + id_ for id_ in mesh_parents(iri.removeprefix(MESH))]


def links(graph: QueryableGraph, terms: Iterable[str]) -> list[tuple[str, str]]:
    """Return the links between terms, each from the broader to the narrower one."""
    ids = set(terms)
    return [(parent, id_) for id_ in sorted(ids) for parent in parents(graph, id_) if parent in ids and parent != id_]
