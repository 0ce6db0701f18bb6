"""The public functions of :mod:`kg.store`: what ``kg store`` does, in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from kg._types import PathName, Reject
from kg.errors import raise_losses
from kg.export.report import Report
from kg.store import embedded
from kg.store.changes import Changes
from kg.store.dataset import open_store
from kg.store.info import StoreInfo

if TYPE_CHECKING:
    import pyoxigraph as ox

    from kg.store.dataset import Data


def build(
    data: Data,
    output: PathName,
    *,
    contacts: bool = False,
    without: Sequence[str] = (),
    jobs: int = 1,
    reject: Reject = raise_losses,
) -> StoreInfo:
    """Build a store in a new folder from study records, RDF files, other stores and graphs. Return its counts.

    ``data`` is as for :func:`kg.query`; ``without`` names sections of the model to leave out. What is
    lost goes to ``reject``; if that raises, there is no store. Raises
    :class:`~kg.errors.UsageError` where the output exists.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     build("tests/data/NCT02059759.txt", f"{folder}/trials.kgstore").studies
    1
    """
    report = Report(on_problem=reject)
    return embedded.build([data], output, report=report, contacts=contacts, without=without, jobs=jobs)


def update(
    store: PathName, data: Data, *, prune: bool = False, contacts: bool = False, reject: Reject = raise_losses
) -> Changes:
    """Replace the studies that changed in a store, each in one transaction. Return which were added and replaced.

    ``data`` is study records, as for :func:`kg.read`. ``prune`` removes the studies that are not in it. What is lost
    goes to ``reject``; if that raises, the studies before it are updated, and none is removed.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = build("tests/data/studies", f"{folder}/trials.kgstore")
    ...     update(f"{folder}/trials.kgstore", "tests/data/NCT02059759.txt").summary()
    'Studies: 1 added, 0 replaced, 0 unchanged, 34 not in the input (prune removes them).'
    """
    return embedded.update(store, [data], report=Report(on_problem=reject), prune=prune, contacts=contacts)


def remove(store: PathName, numbers: Iterable[str]) -> list[str]:
    """Remove studies from a store by their NCT numbers; return the numbers that are not in it.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = build("tests/data/NCT02059759.txt", f"{folder}/trials.kgstore")
    ...     remove(f"{folder}/trials.kgstore", ["NCT02059759", "NCT00000000"])
    ['NCT00000000']
    """
    return embedded.remove(store, numbers)


def open(store: PathName) -> AbstractContextManager[ox.Store]:  # noqa: A001 -- kg.store.open
    """Open a store for reading, as a store of pyoxigraph.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = build("tests/data/NCT02059759.txt", f"{folder}/trials.kgstore")
    ...     with open(f"{folder}/trials.kgstore") as store:
    ...         bool(store.query("ASK { ?study a <https://w3id.org/trialkg/ontology#Study> }"))
    True
    """
    return open_store(store)
