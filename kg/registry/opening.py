"""Finds out what a copy is, a store or a folder of records, and opens it to be kept current."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kg._types import Reject
from kg.errors import UsageError
from kg.mapping.sections import phrase
from kg.records.origin import origin_of
from kg.registry.folder_target import FolderTarget, folder_state, studies_in
from kg.registry.outputs import Kind, kind_of
from kg.registry.store_target import StoreTarget
from kg.registry.targets import Target
from kg.store import registry_state
from kg.store.choice import left_out
from kg.store.dataset import is_store, open_store
from kg.store.registry_state import RegistryState


def copy_kind(name: str) -> Kind:
    """Return the kind of a copy: of an existing one by what it is, of a new one by its name.

    Raises :class:`~kg.errors.UsageError` for a name of another kind, and for a folder of other files.
    """
    if is_store(name):
        return Kind.STORE
    kind, path = kind_of(name), Path(name)
    if path.is_dir():
        kind = Kind.FOLDER
    if kind not in (Kind.STORE, Kind.FOLDER) or (path.exists() and not path.is_dir()):
        raise UsageError(f"{name} is not a store or a folder of records, which kg sync keeps current.")
    if path.is_dir() and not exists(name) and any(path.iterdir()):
        raise UsageError(f"{name} is a folder without study records (NCT02059759.json); name another one.")
    return kind


def exists(name: str) -> bool:
    """Return whether there is a copy: a store, or a folder with records or a state."""
    folder = Path(name)
    return is_store(name) or (folder.is_dir() and (bool(studies_in(folder)) or folder_state(folder) is not None))


def remembered(name: str) -> RegistryState | None:
    """Return the state of a copy, ``None`` if there is none."""
    if is_store(name):
        with open_store(name) as store:
            return registry_state.read(store)
    folder = Path(name)
    if not folder.is_dir():
        return None
    if state := folder_state(folder):
        return state
    origin = origin_of(folder)
    return registry_state.state_of(origin, contacts=origin.contacts) if origin and origin.is_complete else None


def sections_of_copy(name: str, kind: Kind, without: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sections that a copy leaves out: ``without`` for a new one, and what it keeps for an existing one.

    Raises :class:`~kg.errors.UsageError` for a folder, and for a copy that keeps other sections than are wanted.
    """
    if without and kind is Kind.FOLDER:
        raise UsageError(f"{name} is a folder of records, which are kept as they come; --without is for stores.")
    if not is_store(name):
        return without
    with open_store(name) as store:
        kept = left_out(store)
    if without not in ((), kept):
        raise UsageError(f"{name} was made {phrase(kept)}; leave out --without, or name another copy for it.")
    return kept


@contextmanager
def open_target(
    name: str, *, contacts: bool, change: Callable[[bytes], bytes] | None, reject: Reject
) -> Iterator[Target]:
    """Open a copy; ``change`` is applied to the records of a folder, and problems with fields go to ``reject``.

    Raises as :func:`kg.store.dataset.open_store` does.
    """
    if not is_store(name):
        yield FolderTarget(name, contacts=contacts, change=change)
        return
    with open_store(name, read_only=False) as store:
        target = StoreTarget(name, store, contacts=contacts, reject=reject)
        del store
        try:
            yield target
        finally:
            target.close()
