"""The description of the server as a store, in a worker: for queries that clients ask about a service.

Editors look for prefixes, example queries and the classes of a dataset with queries that name only terms of SHACL, VoID
and the service description. Such a query runs over the description if the data have none of these properties, so that
the description is no part of the data and of their counts.
"""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox

from kg.ontology.vocabulary import OWL, RDF, RDFS, SD, SH, VOID, VOIDEXT
from kg.query.lexer import iris

_OWN = (SH, VOID, VOIDEXT, SD)
_NEUTRAL = (RDF, RDFS, OWL)


class MetadataStore:
    """The description in a file, which may not exist yet, and which the server replaces when it knows more."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._modified = path, 0
        self._store: ox.Store | None = None

    def answering(self, query: str, data: ox.Store) -> ox.Store:
        """Return the store that answers a query: the data, or this description."""
        if not self._path or not any(namespace in query for namespace in _OWN):
            return data
        names = iris(query)
        own = [ox.NamedNode(name) for name in names if name.startswith(_OWN)]
        if not own or any(not name.startswith(_OWN + _NEUTRAL) for name in names):
            return data
        if any(next(data.quads_for_pattern(None, name, None, None), None) for name in own):
            return data
        return self._load() or data

    def _load(self) -> ox.Store | None:
        assert self._path
        try:
            modified = self._path.stat().st_mtime_ns
            if modified != self._modified:
                store = ox.Store()
                store.bulk_load(path=str(self._path), format=ox.RdfFormat.N_TRIPLES)
                self._store, self._modified = store, modified
        except (OSError, SyntaxError):
            return None
        return self._store
