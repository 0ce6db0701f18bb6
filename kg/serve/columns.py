"""Columns of the catalogue: the values of a facet for all studies, as numpy arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyoxigraph as ox

from kg.ontology.vocabulary import WGS84
from kg.query.engine import PREFIXES
from kg.serve.facets import NONE, local_name

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_PREFIXES = PREFIXES | {"wgs": WGS84}


def select(store: ox.Store, where: str, variables: str) -> Iterator[list[str]]:
    """Run a query of the catalogue over all graphs; yield its rows as texts, which are empty for unbound variables."""
    text = f"SELECT {variables} WHERE {{ {where} }}"
    results: Any = store.query(text, prefixes=_PREFIXES, use_default_graph_as_union=True)
    for row in results:
        yield ["" if term is None else term.value for term in row]


def pairs(store: ox.Store, path: str, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield the subjects and the values of a property path; ``where`` restricts the subjects, ``?s``."""
    text = f"SELECT ?s ?o {{ {where} ?s {path} ?o }}"
    results: Any = store.query(text, prefixes=_PREFIXES, use_default_graph_as_union=True)
    for subject, value in results:
        yield subject.value, value.value


TEXT = '"'
"""The mark before a value of a facet that is a text instead of an IRI."""


def marked_pairs(store: ox.Store, path: str) -> Iterator[tuple[str, str]]:
    """Yield the subjects and the values of a property path: IRIs, or texts after a mark."""
    results: Any = store.query(f"SELECT ?s ?o {{ ?s {path} ?o }}", prefixes=_PREFIXES, use_default_graph_as_union=True)
    for subject, value in results:
        if isinstance(value, ox.NamedNode):
            yield subject.value, value.value
        elif isinstance(value, ox.Literal):
            yield subject.value, TEXT + value.value


def number_of(text: str) -> float | None:
    """Return a finite number, or ``None`` for another text.

    >>> number_of("2.5"), number_of("NaN"), number_of("old")
    (2.5, None, None)
    """
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def distinct_pairs(first: npt.ArrayLike, second: npt.ArrayLike, size: int) -> tuple[Ints, Ints]:
    """Return pairs of numbers sorted and without repetition; the second numbers are below ``size``.

    >>> first, second = distinct_pairs([1, 0, 1], [2, 5, 2], 6)
    >>> first.tolist(), second.tolist()
    ([0, 1], [5, 2])
    """
    width = max(size, 1)
    codes = np.asarray(first, np.int64) * width + np.asarray(second, np.int64)
    codes.sort()
    codes = codes[np.diff(codes, prepend=-1) != 0]
    return (codes // width).astype(np.int32), (codes % width).astype(np.int32)


def keys_of(iris: Iterable[str]) -> dict[str, str]:
    """Return a key for each IRI: its last part, or the whole IRI if another has the same last part.

    >>> keys_of(["http://a/x", "http://b/y", "http://c/x", '"a text'])
    {'"a text': 'a text', 'http://a/x': 'x', 'http://b/y': 'y', 'http://c/x': 'http://c/x'}
    """
    keys: dict[str, str] = {}
    taken: set[str] = {NONE}
    for iri in sorted(iris):
        name = iri[1:] if iri.startswith(TEXT) else local_name(iri)
        keys[iri] = iri if name in taken else name
        taken.add(keys[iri])
    return keys


@dataclass(eq=False, repr=False)
class Column:
    """The values of a facet: a pair of a study and a value for each, without repetition, sorted by study.

    ``studies`` and ``values`` are the pairs as indices, both of shape (pairs,). ``iris``, ``keys`` and ``labels``
    describe the values.
    """

    size: int
    """The number of studies."""
    studies: Ints
    values: Ints
    iris: Sequence[str]
    keys: Sequence[str]
    labels: Sequence[str]
    parents: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """For MeSH terms: the indices of the next broader terms of each value."""
    direct: Column | None = None
    """For MeSH terms: the terms without their ancestors, with the same indices of values."""
    recorded: Column | None = None
    """For MeSH terms: the terms and ancestors in the records, without those that only the hierarchy gives."""

    @cached_property
    def index(self) -> dict[str, int]:
        """The index of each key."""
        return {key: i for i, key in enumerate(self.keys)}

    @cached_property
    def roots(self) -> list[int]:
        """For MeSH terms: the indices of the values without a broader one."""
        return [i for i in range(len(self.keys)) if not self.parents.get(i)]

    @cached_property
    def label_ranks(self) -> Longs:
        """The place of each value in the order of labels, of shape (values,)."""
        order = sorted(range(len(self.labels)), key=lambda i: (self.labels[i].casefold(), self.keys[i]))
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        return ranks

    def ranked(self, counts: Longs) -> list[int]:
        """Return the indices of values by falling counts, and by label among equal ones."""
        order: list[int] = np.lexsort((self.label_ranks, -counts)).tolist()
        return order

    @cached_property
    def starts(self) -> Longs:
        """The position of the first pair of each study, and the end of the last; of shape (size + 1,)."""
        return np.searchsorted(self.studies, np.arange(self.size + 1)).astype(np.int64)

    @cached_property
    def missing(self) -> Flags:
        """Whether each study has no value; of shape (size,)."""
        flags: Flags = np.diff(self.starts) == 0
        return flags

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """For MeSH terms: the indices of the next narrower terms of each value that has any."""
        result: dict[int, list[int]] = {}
        for value, parents in self.parents.items():
            for parent in parents:
                result.setdefault(parent, []).append(value)
        return result

    def of(self, study: int) -> list[int]:
        """Return the indices of the values of a study."""
        values: list[int] = self.values[self.starts[study] : self.starts[study + 1]].tolist()
        return values

    def labels_of(self, study: int) -> list[str]:
        """Return the labels of the values of a study."""
        return [self.labels[value] for value in self.of(study)]

    def mask(self, keys: Iterable[str]) -> Flags:
        """Return whether each study has one of some values, or none for the key ``-``; of shape (size,)."""
        wanted = list(keys)
        chosen = np.zeros(len(self.keys), bool)
        chosen[[self.index[key] for key in wanted if key in self.index]] = True
        mask = np.zeros(self.size, bool)
        mask[self.studies[chosen[self.values]]] = True
        return mask | self.missing if NONE in wanted else mask

    def counts(self, mask: Flags) -> Longs:
        """Return the number of selected studies with each value; of shape (number of values,)."""
        return np.bincount(self.values[mask[self.studies]], minlength=len(self.keys))


def column(size: int, pairs: Iterable[tuple[int, str]], keys: Mapping[str, str], labels: Mapping[str, str]) -> Column:
    """Create a column from pairs of a study and a value; ``keys`` and ``labels`` are by value, in the order to keep."""
    order = {value: i for i, value in enumerate(keys)}
    rows = np.array([(study, order[value]) for study, value in pairs], np.int64).reshape(-1, 2)
    named = [labels[value] for value in keys]
    return Column(size, *distinct_pairs(rows[:, 0], rows[:, 1], len(order)), list(keys), list(keys.values()), named)
