"""Counts of a store for its description in VoID, made by a process of its own with the lowest priority.

``python -m kg.serve.statistics STORE PARENT MEMORY`` writes a pickled :class:`~kg.export.tally.Tally` to standard
output; 1.3 million statements take about 15 s.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from itertools import chain

import pyoxigraph as ox

from kg._process import end_with_parent, forbid_network
from kg.export.tally import Statement, Tally, count_statements
from kg.ontology.vocabulary import BASE, CODE, COUNTRY, MESH, ORGANIZATION, PART, RECORD, STUDY
from kg.store import layout
from kg.store.dataset import read_only_store

_STUDIES = (STUDY, PART, RECORD)
_SHARED = (ORGANIZATION, COUNTRY, BASE + "branch/", BASE + "registry/", CODE, MESH)


def count(store: ox.Store) -> Tally:
    """Count the content of a store, one study after another."""
    studies, shared = (tuple(f"<{iri}".encode() for iri in iris) for iris in (_STUDIES, _SHARED))
    return count_statements(_statements(store), studies, shared)


def _statements(store: ox.Store) -> Iterator[Statement]:
    for subject, predicate, value, _ in chain(layout.leaving(store), layout.states(store)):
        yield str(subject).encode(), str(predicate).encode(), str(value).encode()


def main(folder: str, parent: int, memory: int) -> None:
    """Count the store in a folder and write the result."""
    from kg.serve.worker import limit

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(parent)
    store = read_only_store(folder)
    forbid_network()
    limit(memory)
    if hasattr(os, "nice"):
        os.nice(19)
    pickle.dump(count(store), sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
