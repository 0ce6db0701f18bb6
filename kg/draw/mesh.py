"""What stands above what in MeSH, to draw terms as a tree; nothing of it is asserted in a graph.

A record lists the ancestors of its terms without saying which belongs to which. The edges come from the graph where it
has them (``meshv:broaderDescriptor``), or else from the tree numbers of MeSH 2025 (U.S. National Library of Medicine),
which are kept in ``assets/mesh-tree.txt.xz`` without the names.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable
from functools import cache

from kg.draw.graph import Graph
from kg.draw.letters import ASSETS
from kg.ontology.vocabulary import MESH

NARROWER, BROADER = "narrower term", "broader term"
"""What one end of a link between terms is to the other."""
ABOVE = MESH + "vocab#broaderDescriptor"


@cache
def numbers() -> dict[str, tuple[str, ...]]:
    """Descriptor -> tree numbers.

    >>> numbers()["D009422"]
    ('C10',)
    """
    lines = lzma.decompress((ASSETS / "mesh-tree.txt.xz").read_bytes()).decode().splitlines()
    return {id_: tuple(given) for id_, *given in (line.split(" ") for line in lines)}


@cache
def _descriptors() -> dict[str, str]:
    return {number: id_ for id_, given in numbers().items() for number in given}


def shipped_parents(id_: str) -> list[str]:
    """The descriptors right above one.

    >>> shipped_parents("D000690")
    ['D013118', 'D016472', 'D057177']
    """
    above = (number.rpartition(".")[0] for number in numbers().get(id_, ()))
    found = {_descriptors()[number] for number in above if number in _descriptors()}
    return sorted(found - {id_})


def parents(graph: Graph, iri: str) -> list[str]:
    """The terms right above a term, as IRIs: those that the graph names, or else those of MeSH 2025."""
    named = [term.value for term in graph.values(iri, ABOVE)]
    return named or [MESH + id_ for id_ in shipped_parents(iri.removeprefix(MESH))]


def links(graph: Graph, terms: Iterable[str]) -> list[tuple[str, str]]:
    """The links between some terms, each from the broader to the narrower one."""
    among = sorted(set(terms))
    inside = set(among)
    return [(parent, term) for term in among for parent in parents(graph, term) if parent in inside and parent != term]
