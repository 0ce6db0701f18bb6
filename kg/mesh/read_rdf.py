"""MeSH from RDF (https://hhs.github.io/meshrdf/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from kg.mapping.derived import mesh_id
from kg.mesh.tree import Heading, is_tree_number, mapped_id
from kg.ontology.vocabulary import MESHV, RDF, RDFS

if TYPE_CHECKING:
    import pyoxigraph as ox

_IRI = re.compile(r"https?://id\.nlm\.nih\.gov/mesh/(?:[0-9]{4}/)?([^/#]+)", re.ASCII)
_HEADING = re.compile(r"[CD][0-9]{6,9}", re.ASCII)


def from_rdf(quads: Iterable[ox.Quad]) -> Iterator[Heading]:
    """Yield a partial heading for each relevant statement, in any order."""
    for quad in quads:
        subject = _local_name(quad.subject)
        set_value = _SETTERS.get(quad.predicate.value)
        if set_value is not None and _HEADING.fullmatch(subject) and (id_ := mesh_id(subject)):
            heading = Heading(id_)
            set_value(heading, quad.object)
            yield heading


def _local_name(term: object) -> str:
    match = _IRI.fullmatch(getattr(term, "value", ""))
    return match[1] if match else ""


def _set_class(heading: Heading, term: object) -> None:
    heading.kind = getattr(term, "value", "").removeprefix(MESHV)


def _set_label(heading: Heading, term: object) -> None:
    if getattr(term, "language", None) in (None, "en"):
        heading.label = getattr(term, "value", "")


def _set_active(heading: Heading, term: object) -> None:
    heading.active = getattr(term, "value", "") not in ("false", "0")


def _add_tree_number(heading: Heading, term: object) -> None:
    if is_tree_number(name := _local_name(term)):
        heading.trees.add(name)


def _add_id(attribute: str) -> Callable[[Heading, object], None]:
    def add(heading: Heading, term: object) -> None:
        if id_ := mapped_id(_local_name(term)):
            getattr(heading, attribute).add(id_)

    return add


def _add_preferred(heading: Heading, term: object) -> None:
    if id_ := mapped_id(_local_name(term)):
        heading.mapped.add(id_)
        heading.preferred.add(id_)


_SETTERS: dict[str, Callable[[Heading, object], None]] = {
    RDF + "type": _set_class,
    RDFS + "label": _set_label,
    MESHV + "active": _set_active,
    MESHV + "treeNumber": _add_tree_number,
    MESHV + "broaderDescriptor": _add_id("broader"),
    MESHV + "pharmacologicalAction": _add_id("actions"),
    MESHV + "mappedTo": _add_id("mapped"),
    MESHV + "preferredMappedTo": _add_preferred,
}
