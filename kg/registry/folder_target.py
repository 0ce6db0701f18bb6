"""A folder of records as a copy of the registry: a file for each study, and one for the state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox

from kg.errors import KGError, UsageError
from kg.rdf.atomic import output_errors, replacing
from kg.registry.page import ShapeError, dumped, loaded
from kg.registry.targets import Difference, kind_of, posted, value_changes
from kg.store.registry_state import RegistryState

STATE = ".kg-sync.json"
_PATTERN = "NCT" + "[0-9]" * 8 + ".json"


class FolderTarget:
    """A folder of records, each as it came; ``change`` is applied to each record before it is compared or written.

    ``contacts`` says whether changes have contact data.
    """

    def __init__(self, name: str, *, contacts: bool, change: Callable[[bytes], bytes] | None = None) -> None:
        self.name = name
        self._folder = Path(name)
        self._contacts = contacts
        self._change = change

    def state(self) -> RegistryState | None:
        """Return the state, ``None`` if the folder has none yet."""
        return folder_state(self._folder)

    def write_state(self, state: RegistryState) -> None:
        """Replace the state."""
        write_folder_state(self._folder, state)

    def studies(self) -> list[str]:
        """Return the NCT numbers of the studies, sorted."""
        return studies_in(self._folder)

    def dates(self) -> dict[str, str]:
        """Return the day on which each study was last posted, by NCT number."""
        return {study: posted(self._record(study)) for study in self.studies()}

    def titles(self) -> Iterator[tuple[str, str]]:
        """Yield the studies, sorted, with their titles."""
        return ((study, self.title(study)) for study in self.studies())

    def title(self, study: str) -> str:
        """Return the title of a study."""
        return _title(self._record(study))

    def digest(self, study: str) -> str:
        """Return the digest of a record."""
        return _digest(self._record(study)) if self._path(study).exists() else ""

    def compare(self, study: str, record: bytes) -> Difference | None:
        """Compare a record with that in the folder; ``None`` if the content is the same."""
        content = self._change(record) if self._change else record
        new, digest = loaded(content), _digest(loaded(content))
        if digest == self.digest(study):
            return None
        old = self._record(study) if self._path(study).exists() else None
        kind = kind_of(None if old is None else posted(old), posted(new))
        values = () if old is None else value_changes(self._graph(old), self._graph(new))
        return Difference(study, kind, _title(new), digest, content, values)

    def apply(self, difference: Difference) -> None:
        """Replace the file of a study."""
        with replacing(str(self._path(difference.study))) as file:
            file.write(difference.content + b"\n")

    def remove(self, study: str) -> None:
        """Remove the file of a study."""
        path = self._path(study)
        with output_errors(str(path)):
            path.unlink(missing_ok=True)

    def _path(self, study: str) -> Path:
        return self._folder / f"{study}.json"

    def _record(self, study: str) -> Any:
        """Return the record of a study, ``None`` for a file that is not JSON."""
        try:
            return loaded(self._path(study).read_bytes())
        except ShapeError:
            return None

    def _graph(self, record: Any) -> list[ox.Quad]:
        """Return the graph of a record, empty for one that cannot be exported."""
        try:
            data = self._exporter(record).data
        except (KGError, AttributeError):
            return []
        return [*ox.parse(data, format=ox.RdfFormat.N_QUADS)]

    @cached_property
    def _exporter(self) -> Any:
        from kg.export.exporter import Exporter

        return Exporter(graphs=True, contacts=self._contacts)


def studies_in(folder: Path) -> list[str]:
    """Return the NCT numbers of the records in a folder, sorted."""
    return sorted(path.stem for path in folder.glob(_PATTERN))


def folder_state(folder: Path) -> RegistryState | None:
    """Return the state of a folder, ``None`` if it has none.

    Raises :class:`~kg.errors.UsageError` for a file of the state that is damaged.
    """
    path = folder / STATE
    if not path.exists():
        return None
    try:
        return RegistryState(**orjson.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is damaged; remove it, and give kg sync the selection again.") from error


def write_folder_state(folder: Path, state: RegistryState) -> None:
    """Replace the state of a folder."""
    with replacing(str(folder / STATE)) as file:
        file.write(orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _title(record: Any) -> str:
    for key in ("protocolSection", "identificationModule", "briefTitle"):
        record = record.get(key) if isinstance(record, Mapping) else None
    return record if isinstance(record, str) else ""


def _digest(record: Any) -> str:
    """Return the digest of a record without the day of the registry's data."""
    content = dumped(_sorted(_without_holder(record)))
    return blake2b(content, digest_size=16).hexdigest()


def _without_holder(record: Any) -> Any:
    derived = record.get("derivedSection") if isinstance(record, dict) else None
    module = derived.get("miscInfoModule") if isinstance(derived, dict) else None
    if not isinstance(derived, dict) or not isinstance(module, dict) or "versionHolder" not in module:
        return record
    rest = {key: value for key, value in module.items() if key != "versionHolder"}
    return record | {"derivedSection": derived | {"miscInfoModule": rest}}


def _sorted(value: Any) -> Any:
    """Return a value with the keys of its objects sorted."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
