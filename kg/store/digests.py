"""Digests of the records of a store (:mod:`kg.export.record_digest`), in the graph about the store itself.

A digest is written in the transaction that writes the study. A study without one, or with that of another version of
kg, is compared with its record.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from kg.ontology.vocabulary import BASE, SPDX, STORE_GRAPH

_GRAPH = ox.NamedNode(STORE_GRAPH)
_VALUE = ox.NamedNode(SPDX + "checksumValue")
_DIGEST = BASE + "digest/"


def write(store: ox.Store, digests: Iterable[tuple[str, str]]) -> None:
    """Write the digests of studies that have none, given by NCT number."""
    store.bulk_extend(_quad(*item) for item in digests)


def has(store: ox.Store, study: str, digest: str) -> bool:
    """Return whether the record of a study has a digest, which is not empty."""
    return bool(digest) and _quad(study, digest) in store


def steps(store: ox.Store, study: str, digest: str) -> list[str]:
    """Return the update operations that replace the digest of a study; an empty one is none."""
    old = {*store.quads_for_pattern(ox.NamedNode(_DIGEST + study), None, None, _GRAPH)}
    new = {_quad(study, digest)} if digest else set[ox.Quad]()
    kinds = (("DELETE", old - new), ("INSERT", new - old))
    return [f"{kind} DATA {{ GRAPH {_GRAPH} {{ {quad.triple} }} }}" for kind, quads in kinds for quad in quads]


def _quad(study: str, digest: str) -> ox.Quad:
    return ox.Quad(ox.NamedNode(_DIGEST + study), _VALUE, ox.Literal(digest), _GRAPH)
