"""A MeSH term: the studies that have it as a condition or as an intervention, and its neighbours in MeSH."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg.ontology.vocabulary import SCHEMA, SKOS
from kg.serve.catalogue import Catalogue
from kg.serve.columns import Column
from kg.serve.nodes import Node
from kg.serve.pages.profile import Bar, Profile, profile_of
from kg.serve.selection import Selection

ROLES = {"condition": "conditions", "intervention": "interventions"}
"""The facets of MeSH terms, with their plurals."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a term is in studies: a condition or an intervention."""

    facet: str
    direct: int
    """The number of studies with the term itself."""
    total: int
    """The number of studies with the term or a narrower one."""


@dataclass(frozen=True, slots=True)
class Term:
    """A MeSH term."""

    iri: str
    id: str
    label: str
    other_names: list[str]
    """Other spellings in records, and entry terms where the store has MeSH."""
    roles: list[Role]
    role: str
    """The facet that the profile is about, or an empty string for a term that no study has."""
    broader: list[Bar]
    narrower: list[Bar]
    profile: Profile | None


def term_view(catalogue: Catalogue, node: Node, wanted: str = "") -> Term:
    """Return a term in the role that is wanted, or else in the one with the most studies."""
    roles = [role for facet in ROLES if (role := _role(catalogue, facet, node.iri)) is not None]
    best = max(roles, key=lambda role: (role.facet == wanted, role.total), default=None)
    column = catalogue.columns[best.facet] if best else None
    return Term(
        node.iri,
        node.iri.rpartition("/")[2],
        node.label or node.iri.rpartition("/")[2],
        sorted({*node.texts(SKOS + "altLabel"), *node.texts(SCHEMA + "alternateName")}, key=str.casefold),
        roles,
        best.facet if best else "",
        _bars(column, node.iri, broader=True) if column else [],
        _bars(column, node.iri, broader=False) if column else [],
        _profile(catalogue, best.facet, node.iri) if best else None,
    )


def _role(catalogue: Catalogue, facet: str, iri: str) -> Role | None:
    column = catalogue.columns[facet]
    if iri not in column.iris:
        return None
    key = column.keys[column.iris.index(iri)]
    counts = (np.count_nonzero(table.mask([key])) for table in (column.direct or column, column))
    direct, total = map(int, counts)
    return Role(facet, direct, total)


def _profile(catalogue: Catalogue, facet: str, iri: str) -> Profile:
    column = catalogue.columns[facet]
    selection = Selection().choose(facet, column.keys[column.iris.index(iri)])
    return profile_of(catalogue, catalogue.select(selection).mask, selection, iri)


def _bars(column: Column, iri: str, *, broader: bool) -> list[Bar]:
    """Return the next broader or narrower terms with the numbers of studies that have them or narrower ones."""
    own = column.iris.index(iri)
    if broader:
        found = list(column.parents.get(own, ()))
    else:
        found = [value for value, parents in column.parents.items() if own in parents]
    counts = column.counts(np.ones(column.size, bool))
    bars = [Bar(column.labels[value], int(counts[value]), column.iris[value], "") for value in found]
    return sorted(bars, key=lambda bar: (-bar.count, bar.label))
