"""The sections of the model that the studies of a store leave out by choice, which are the same for all of them."""

from __future__ import annotations

from collections import Counter

import pyoxigraph as ox

from kg.errors import UsageError
from kg.mapping.plan import LEFT_OUT, Plan
from kg.mapping.sections import SECTIONS, listing, plan_without
from kg.ontology.vocabulary import CT, RDF

_TYPE = ox.NamedNode(RDF + "type")
_STUDY = ox.NamedNode(CT + "Study")
_LEFT_OUT = ox.NamedNode(LEFT_OUT)


def left_out(store: ox.Store) -> tuple[str, ...]:
    """Return the names of the sections that a store leaves out: those of one of its studies."""
    first = next(store.quads_for_pattern(None, _TYPE, _STUDY, None), None)
    if first is None:
        return ()
    values = (quad.object for quad in store.quads_for_pattern(first.subject, _LEFT_OUT, None, None))
    return tuple(sorted(value.value for value in values if isinstance(value, ox.Literal) and value.value in SECTIONS))


def plan_of(store: ox.Store) -> Plan:
    """Return the plan by which records are exported for a store."""
    return plan_without(left_out(store))


def check_one_choice(store: ox.Store) -> None:
    """Raise :class:`~kg.errors.UsageError` if some studies leave out a section that others have."""
    counts = Counter(
        quad.object.value
        for quad in store.quads_for_pattern(None, _LEFT_OUT, None, None)
        if isinstance(quad.object, ox.Literal)
    )
    studies = sum(1 for _ in store.quads_for_pattern(None, _TYPE, _STUDY, None)) if counts else 0
    if mixed := sorted(name for name, count in counts.items() if count != studies):
        raise UsageError(
            f"Some of the studies were exported without {listing(mixed)} and others were not; "
            "name inputs that leave out the same sections."
        )
