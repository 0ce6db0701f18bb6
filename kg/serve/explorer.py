"""The explorer: the catalogue of a store, and what is computed from it."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from kg.serve.catalogue import Catalogue, read_catalogue
from kg.serve.names import Names
from kg.serve.suggestions import Suggester


@dataclass(frozen=True, slots=True)
class Explorer:
    """The catalogue of a store, and the suggestions for searches."""

    catalogue: Catalogue
    suggester: Suggester

    def prepare_search(self) -> None:
        """Read the words for searches and suggestions, which lists do not need."""
        self.suggester.suggest("a")


def read_explorer(store: ox.Store) -> Explorer:
    """Read the explorer of a store."""
    catalogue = read_catalogue(store)
    return Explorer(catalogue, Suggester(catalogue, Names(store)))
