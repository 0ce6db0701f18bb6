"""Summary of the content of a store."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from kg.ontology.vocabulary import CT, RDF
from kg.store import layout, registry_state
from kg.store.choice import left_out
from kg.store.registry_state import RegistryState

_TYPE = ox.NamedNode(RDF + "type")
_STUDY = ox.NamedNode(CT + "Study")
_HOLDER = ox.NamedNode(CT + "versionHolder")


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """Counts of a store; ``first`` and ``last`` are the range of the version holders of its studies.

    ``registry`` is the state of a store of ``kg fetch`` or ``kg sync``. Statements about the store itself are not
    counted.
    """

    studies: int
    statements: int
    graphs: int
    first: str
    last: str
    registry: RegistryState | None = None
    without: tuple[str, ...] = ()
    """The sections of the model that are left out by choice."""


def store_info(store: ox.Store) -> StoreInfo:
    """Count the studies, statements and named graphs of a store."""
    studies = sum(1 for _ in store.quads_for_pattern(None, _TYPE, _STUDY, None))
    values = (quad.object for quad in store.quads_for_pattern(None, _HOLDER, None, None))
    holders = {value.value for value in values if isinstance(value, ox.Literal)} or {""}
    own, own_graphs = layout.own_size(store)
    graphs = sum(1 for _ in store.named_graphs()) - own_graphs
    state = registry_state.read(store)
    return StoreInfo(studies, len(store) - own, graphs, min(holders), max(holders), state, left_out(store))
