"""The sections of the model that the studies of a store leave out by choice, which are the same for all of them.

The graph about the store itself names them, so that a store keeps the choice when all its studies are removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.vocabulary import CT, RDF, STORE_GRAPH

if TYPE_CHECKING:
    from kg.mapping.plan import Plan

_TYPE = ox.NamedNode(RDF + "type")
_STUDY = ox.NamedNode(CT + "Study")
_LEFT_OUT = ox.NamedNode(CT + "leftOut")
_STORE = ox.NamedNode(STORE_GRAPH)


def left_out(store: ox.Store) -> tuple[str, ...]:
    """Return the names of the sections that a store leaves out: as it says itself, else those of one of its studies."""
    studies = store.quads_for_pattern(None, _TYPE, _STUDY, None)
    return _sections(store, _STORE) or next((_sections(store, study.subject) for study in studies), ())


def _sections(store: ox.Store, subject: ox.NamedNode | ox.BlankNode | ox.Triple) -> tuple[str, ...]:
    return tuple(sorted(value for _, value in _statements(store, subject)))


def _statements(
    store: ox.Store, subject: ox.NamedNode | ox.BlankNode | ox.Triple | None = None
) -> Iterator[tuple[object, str]]:
    """Yield the subjects and the names of sections of the statements about what is left out."""
    for quad in store.quads_for_pattern(subject, _LEFT_OUT, None, None):
        if isinstance(quad.object, ox.Literal):
            yield quad.subject, quad.object.value


def keep(store: ox.Store, names: tuple[str, ...]) -> None:
    """Write to a new store which sections it leaves out."""
    store.extend(ox.Quad(_STORE, _LEFT_OUT, ox.Literal(name), _STORE) for name in names)


def plan_of(store: ox.Store) -> Plan:
    """Return the plan by which records are exported for a store."""
    from kg.mapping.sections import chosen, plan_without

    return plan_without(chosen(left_out(store)))


def one_choice(store: ox.Store, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sections that all studies of a new store leave out; the rest is as for :func:`agreed`."""
    counts = Counter(name for _, name in _statements(store))
    studies = sum(1 for _ in store.quads_for_pattern(None, _TYPE, _STUDY, None)) if counts or names else 0
    return agreed(studies, counts, names)


def agreed(studies: int, counts: Mapping[str, int], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sections that all studies leave out; ``counts`` has the number of studies that leave out each.

    ``names`` are those that were left out of records. Raises :class:`~kg.errors.UsageError` if some studies leave out a
    section that others have, and if studies of RDF files and stores leave out others than ``names``, unless that is
    empty.
    """
    from kg.mapping.sections import listing, phrase

    if mixed := sorted(name for name, count in counts.items() if count != studies):
        raise UsageError(
            f"Some of the studies were exported without {listing(mixed)} and others were not; "
            "name inputs that leave out the same sections."
        )
    own = tuple(sorted(counts))
    if studies and names and own != names:
        raise UsageError(
            f"The studies in the inputs were exported {phrase(own)}, and --without is for study records only; "
            "leave it out."
        )
    return own if studies else names
