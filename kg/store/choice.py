"""The sections of the model that the studies of a store leave out by choice, which are the same for all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.vocabulary import CT, RDF
from kg.store.info import left_out

if TYPE_CHECKING:
    from kg.mapping.plan import Plan

_TYPE = ox.NamedNode(RDF + "type")
_STUDY = ox.NamedNode(CT + "Study")
_LEFT_OUT = ox.NamedNode(CT + "leftOut")


def plan_of(store: ox.Store) -> Plan:
    """Return the plan by which records are exported for a store."""
    from kg.mapping.sections import chosen, plan_without

    return plan_without(chosen(left_out(store)))


def check_one_choice(store: ox.Store) -> None:
    """Raise :class:`~kg.errors.UsageError` if some studies leave out a section that others have."""
    counts = Counter(
        quad.object.value
        for quad in store.quads_for_pattern(None, _LEFT_OUT, None, None)
        if isinstance(quad.object, ox.Literal)
    )
    studies = sum(1 for _ in store.quads_for_pattern(None, _TYPE, _STUDY, None)) if counts else 0
    if mixed := sorted(name for name, count in counts.items() if count != studies):
        from kg.mapping.sections import listing

        raise UsageError(
            f"Some of the studies were exported without {listing(mixed)} and others were not; "
            "name inputs that leave out the same sections."
        )
