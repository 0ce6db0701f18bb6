"""The outputs of a fetch: records in a file or a folder, an export to RDF, or a store.

Records are written as they came; pages keep the bytes of the API, members of the bulk archive are put on one line.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import partial
from pathlib import Path, PurePath
from typing import IO, Any, NamedTuple, Protocol

from kg.errors import SourceError, UsageError
from kg.export.run import export, write_manifest
from kg.rdf.atomic import STANDARD_OUTPUT, is_stream, replacing_folder, text_of_name, writing
from kg.rdf.compress import decompressing
from kg.rdf.formats import compression_of, format_of
from kg.records.objects import AnyInput, ObjectInput
from kg.records.origin import ORIGINS, Origin, digest_of, list_digest
from kg.records.reader import holds_studies
from kg.registry.bulk import members
from kg.registry.journal import StoredPage
from kg.registry.page import ShapeError, dumped, loaded

LINES = (".jsonl", ".ndjson")
STORE = ".kgstore"
Change = Callable[[bytes], bytes]


class Kind(Enum):
    """The kinds of outputs."""

    LINES = "records in a file"
    FOLDER = "records in a folder"
    GRAPH = "a graph"
    STORE = "a store"

    @property
    def is_records(self) -> bool:
        """Whether the output has the records themselves."""
        return self in (Kind.LINES, Kind.FOLDER)


def kind_of(name: str) -> Kind:
    """Return the kind of an output by its name.

    >>> [kind_of(name).name for name in ("-", "a.jsonl.zst", "records/", "records", "a.nq.gz", "a.kgstore")]
    ['LINES', 'LINES', 'FOLDER', 'FOLDER', 'GRAPH', 'STORE']

    Raises :class:`~kg.errors.UsageError` for a name with another ending.
    """
    plain = PurePath(name.removesuffix(compression_of(name)))
    if name == STANDARD_OUTPUT or plain.suffix in LINES or (is_stream(name) and not plain.suffix):
        return Kind.LINES
    if plain.suffix == STORE:
        return Kind.STORE
    if name.endswith("/") or not PurePath(name).suffix or (Path(name).is_dir() and not compression_of(name)):
        return Kind.FOLDER
    try:
        format_of(name)
    except UsageError as error:
        raise UsageError(
            f"The kind of {name} is unknown; expected .jsonl (also .gz or .zst), a folder (end its name in /),"
            " .kgstore, or a format of kg export such as .ttl or .nq.zst."
        ) from error
    return Kind.GRAPH


def check_output(name: str, kind: Kind) -> None:
    """Raise :class:`~kg.errors.UsageError` for an output that will not be written, before anything is fetched."""
    path = Path(name)
    if "://" in name:
        raise UsageError(f"{name} is a URL; write a local file and upload it.")
    if kind is Kind.STORE and (path.exists() or path.is_symlink()):
        raise UsageError(f"{name} exists already; update it with kg sync {name}, or name another folder.")
    if kind is Kind.FOLDER and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{name} exists and is not an empty folder; update it with kg sync {name}, or name another.")
    if kind in (Kind.LINES, Kind.GRAPH) and path.is_dir():
        raise UsageError(f"{name} is a folder; name a file in it.")
    if kind is Kind.GRAPH:
        format_of(name).frame({})  # raises if a package is missing
        if holds_studies(name):
            raise UsageError(f"{name} contains study records, which are never overwritten; name another output.")


class Records(Protocol):
    """Records on disk that were fetched completely."""

    @property
    def inputs(self) -> Sequence[AnyInput]:
        """The files, as inputs of an export."""

    def lines(self) -> Iterator[bytes]:
        """Yield records, each on a line of its own, in any number at once."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Yield the NCT number and the JSON of each record."""


class PageRecords(NamedTuple):
    """The records of pages."""

    pages: Sequence[StoredPage]

    @property
    def inputs(self) -> list[AnyInput]:
        """The pages, by their numbers in messages, as their files do not last."""
        return [ObjectInput(f"page {i}", partial(_opened, page.path)) for i, page in enumerate(self.pages, 1)]

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of each page."""
        return (content for page in self.pages for content in _content(page.path))

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Yield each record."""
        for page in self.pages:
            lines = b"".join(_content(page.path)).split(b"\n")
            yield from zip(page.numbers, lines[:-1], strict=True)


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file, decompressing(file, ".zst") as stream:
        while chunk := stream.read(1 << 20):
            yield chunk


class ArchiveRecords(NamedTuple):
    """The records of the bulk archive; ``change`` is applied to each of them."""

    path: Path
    change: Change | None = None

    @property
    def inputs(self) -> list[AnyInput]:
        """The archive."""
        return [self.path]

    def lines(self) -> Iterator[bytes]:
        """Yield each record as a line."""
        return (record + b"\n" for _, record in self.items())

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Yield each record.

        For a damaged one, remove the archive and raise :class:`~kg.errors.SourceError`.
        """
        with zipfile.ZipFile(self.path) as archive:
            for number, name in members(self.path):
                try:
                    content = archive.read(name).strip()
                    content = dumped(loaded(content)) if b"\n" in content else content
                except (zipfile.BadZipFile, zlib.error, EOFError, ShapeError) as error:
                    self.path.unlink()
                    problem = f"{name} in it cannot be read, so it was removed; run the same command again"
                    raise SourceError(problem, file=str(self.path)) from error
                yield number, self.change(content) if self.change else content


def export_graph(records: Records, origin: Origin, name: str, **options: Any) -> None:
    """Export records, with a manifest unless the output is a stream."""
    export(records.inputs, name, manifest=not is_stream(name), origins=[origin], **options)


def build_store(records: Records, origin: Origin, name: str, **options: Any) -> None:
    """Build a store of records, which has their origin."""
    from kg.store.embedded import build

    build(records.inputs, name, origin=origin, **options)


def write_records(records: Records, origin: Origin, name: str, kind: Kind) -> None:
    """Write records to a file of JSON Lines or a folder, with a manifest unless the output is a stream."""
    if kind is Kind.FOLDER:
        with replacing_folder(name) as folder:
            for number, record in records.items():
                (folder / f"{number}.json").write_bytes(_file(record))
    else:
        with writing(name) as stream:
            for lines in records.lines():
                stream.write(lines)
    if not is_stream(name):
        write_origin(Path(name), origin)


def _file(record: bytes) -> bytes:
    return record + b"\n"


def write_origin(path: Path, origin: Origin) -> None:
    """Write the manifest of a file or folder of records."""
    manifest = {
        "file": text_of_name(path.name),
        "studies": origin.studies,
        "sha256": digest_of(path),
        "tool": origin.tool,
        ORIGINS: [origin.as_dict()],
    }
    write_manifest(str(path), manifest)


def is_written(records: Records, name: str, kind: Kind, without: tuple[str, ...]) -> bool:
    """Return whether a folder or a store has exactly these records, and a store leaves out these sections."""
    if kind is Kind.FOLDER:
        files = {f"{number}.json": hashlib.sha256(_file(record)).hexdigest() for number, record in records.items()}
        return digest_of(Path(name)) == list_digest(files)
    from kg.store.choice import left_out
    from kg.store.dataset import is_store, open_store
    from kg.store.layout import studies

    if not is_store(name):
        return False
    with open_store(name) as store:
        return left_out(store) == without and set(studies(store)) == {number for number, _ in records.items()}
