"""Export on several machines with Dask: workers write parts, and this process checks them and writes a manifest.

A part is the output of a list of input spans, written atomically by a pure function, so a lost worker costs only time.
Anything that depends on earlier parts (which record of a study is current, the number of a record in its file) is
computed here, from the small results of each part. A part with a superseded record is written again.
"""

from __future__ import annotations

import logging
import os
import posixpath
import secrets
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from kg._types import PathName, Progress, Reject
from kg._version import __version__
from kg.errors import KGError, OutputError, UsageError, missing_extra, nothing_found
from kg.export.exporter import Exporter
from kg.export.part_folder import MANIFEST, NAME, prepared
from kg.export.report import Report
from kg.export.run import namespace, replay, strict_reject, with_problems
from kg.export.shared_resources import Usage
from kg.export.stream import exports_of
from kg.export.study_index import StudyIndex
from kg.export.tasks import Item, Settings, TaskResult, Worker, tasks
from kg.export.workers import PoolClient, run_tasks
from kg.export.writer import Writer
from kg.mapping.sections import chosen as chosen_sections
from kg.ontology.vocabulary import BASE
from kg.rdf.atomic import replacing, text_of_name
from kg.rdf.formats import FORMATS, compression_of, format_of
from kg.records import splitter
from kg.records.chunks import Chunk, ChunkData, EndOfFile, chunk_of, chunks_of
from kg.records.decompress import CHUNK, is_plain, is_zip, sizes
from kg.records.pages import RunProblems
from kg.records.reader import Record, StreamReader
from kg.records.saved_page import is_page
from kg.records.sources import Source, files, opened, size_of, streams
from kg.records.urls import filesystem

SIZE = 64 << 20
"""Bytes of input per part; uncompressed bytes if their number is known."""
RETRIES = 2
"""Maximum number of retries of a failed part; lost workers do not count."""
TIMEOUT = 15
"""Seconds to wait for a scheduler."""


class Span(NamedTuple):
    """A file, a range of its bytes, or a range of the members of an archive."""

    file: str
    """The name in messages."""
    path: str
    """The path or URL."""
    size: int
    kind: str = "file"
    begin: int = 0
    end: int = 0
    last: bool = True
    """Whether the range is the last one of the file."""

    def items(self, reject: Reject) -> Iterator[Item]:
        """Read the span in chunks."""
        if self.kind == "bytes":
            return self._range(reject)
        members = slice(self.begin, self.end) if self.kind == "members" else slice(None)
        return chunks_of(streams(self.file, self.path, reject, members), reject)

    def _range(self, reject: Reject) -> Iterator[Item]:
        """Read the studies that start in a range of bytes, with the bytes between them."""
        reader, is_inside = StreamReader(self.file, reject), self.begin == 0
        with opened(self.path) as file:
            file.seek(self.begin)
            chunks = Source(self.file, iter(partial(file.read, CHUNK), b"")).open()
            pieces = splitter.Splitter(at=self.begin).pieces(chunks)
            for piece in chain.from_iterable(map(splitter.Piece.studies, pieces)):
                if splitter.START.match(piece.data):
                    is_inside = piece.at < self.end
                    if not is_inside:
                        break
                if is_inside:
                    yield chunk_of(reader, piece)
        if self.last:
            yield EndOfFile(reader)


class Part(NamedTuple):
    """A written part: its entry in the manifest, and the results of its tasks."""

    entry: dict[str, Any]
    superseded: frozenset[int]
    """Positions of the studies left out of the part because other records supersede them."""
    tasks: list[tuple[list[Item], list[TaskResult]]]


def export(
    inputs: Iterable[PathName],
    output: PathName,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    contacts: bool = False,
    without: Iterable[str] = (),
    strict: bool = False,
    with_ontology: bool = False,
    base: str = BASE,
    jobs: int = 2,
    scheduler: str | None = None,
    size: int = SIZE,
    report: Report | None = None,
    progress: Progress | None = None,
    index: StudyIndex | None = None,
    pool: bool = False,
) -> Report:
    """Export every study of the inputs into parts in a folder, which may be a URL.

    The options are those of :func:`kg.export.run.export`; the name of the folder determines format and compression
    like that of a file. ``scheduler`` is the address of a Dask scheduler; without one, ``jobs`` local workers are
    started. ``size`` is the number of input bytes per part. The last part has the shared resources. ``pool`` uses a
    process pool instead of Dask. The studies are entered in ``index``, with their digests, if it is given.

    Raises :class:`~kg.errors.UsageError`, :class:`~kg.errors.OutputError` and, if strict or if a range of a file cannot
    be read, :class:`~kg.errors.InputError`; then there is no manifest. Where no study is found, an earlier export is
    kept.
    """
    names = [os.fspath(name) for name in inputs]
    folder = _folder(os.fspath(output), names)
    chosen = format_of(folder, format)
    compression, digests = chosen.compression or compression_of(folder), index is not None
    settings = Settings(chosen.name, compression, contacts, namespace(base), digests, chosen_sections(without))
    _worker(settings)  # reports missing packages before workers start
    report = report or Report()
    reject = RunProblems(strict_reject(report) if strict else report.problem, names)
    spans = list(split(names, reject, size))
    _check_studies(names)
    with prepared(folder), PoolClient(settings, jobs) if pool else _client(scheduler, jobs) as client:
        submit = partial(client.submit, write_part, settings=settings, folder=folder, pure=False, retries=RETRIES)
        futures = deque(submit(part, number) for number, part in enumerate(spans))
        index = StudyIndex() if index is None else index
        parts, starts, readers = [], [0], dict[str, StreamReader]()
        for part in spans:
            parts.append(enter(_result(futures.popleft()), index, report, reject, readers))
            starts.append(len(index))
            if progress:
                progress(sum(span.size for span in part))
        again = []
        for number, (start, end) in enumerate(pairwise(starts)):
            drop = frozenset(position - start for position in index.superseded if start <= position < end)
            if drop - parts[number].superseded:
                again.append((number, submit(spans[number], number, drop=drop)))
        for number, future in again:
            parts[number] = _result(future)._replace(tasks=[])
        reject.end()
        write_last = partial(write_part, usages=index.shared.usages(), ontology=with_ontology)
        parts.append(write_last((), len(parts), settings=settings, folder=folder))
        report.totals = index.totals(parts[-1].entry["triples"])
        finish(folder, [part.entry for part in parts], report, settings)
    return report


def _check_studies(names: list[str]) -> None:
    """Raise :class:`~kg.errors.NothingFoundError` where no study is found, before earlier parts are replaced."""
    reject = RunProblems((report := Report()).problem, names)
    sources = chain.from_iterable(streams(*file, reject) for file in files(names, reject))
    if next(exports_of(sources, Exporter(), reject), None) is None:
        raise nothing_found("study record", names, report.problems)


def enter(part: Part, index: StudyIndex, report: Report, reject: Reject, readers: dict[str, StreamReader]) -> Part:
    """Enter the studies and problems of the next part, as if its tasks had run here; return the part without tasks.

    ``readers`` has the readers of files that continue in the next part.
    """
    for task, results in part.tasks:
        items = list[Item]()
        for item in task:
            if isinstance(item, Chunk):
                item = item._replace(reader=readers.setdefault(item.reader.file, item.reader))
            elif isinstance(item, EndOfFile):
                item = EndOfFile(readers.pop(item.reader.file, item.reader))
            items.append(item)
        replay(items, results, index, report, reject)
    return part._replace(tasks=[])


def _folder(output: str, names: list[str]) -> str:
    if not names:
        raise UsageError("No input is given; name files, folders or URLs.")
    if "://" in output:
        return output.rstrip("/")
    if output == "-" or Path(output).is_file():
        raise UsageError(f"{output} is not a folder, and an export on several machines needs one for its parts.")
    folder = Path(output).resolve()
    for path in (Path(name).resolve() for name in names if "://" not in name and name != "-"):
        if folder == path or path in folder.parents:
            raise UsageError(f"{output} is inside an input, {path.name}; name another folder.")
    return str(folder)


def _result(future: Any) -> Part:
    try:
        part: Part = future.result()
    except KGError:
        raise
    except Exception as error:  # the worker died repeatedly, or does not have a package of this machine
        raise OutputError(f"A part failed on its worker ({type(error).__name__}: {error}).") from error
    if hasattr(future, "release"):
        future.release()
    return part


@contextmanager
def _client(scheduler: str | None, jobs: int) -> Iterator[Any]:
    """Connect to a scheduler, or start workers that listen on this machine only."""
    try:
        from distributed import Client
    except ImportError as error:
        raise missing_extra("Runs on Dask", "dask") from error
    local = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    options: dict[str, Any] = (
        {"address": scheduler} if scheduler else local | {"n_workers": jobs, "threads_per_worker": 1}
    )
    try:
        client = Client(timeout=TIMEOUT, set_as_default=False, **options)
    except (OSError, ValueError, RuntimeError) as error:
        if scheduler is None:
            reason = getattr(error.__cause__ or error, "strerror", None) or error
            raise OutputError(f"Dask workers cannot be started ({reason}); --engine local needs none.") from error
        raise UsageError(f"No Dask scheduler answers at {scheduler}.") from error
    with client:
        yield client


# Parts


def write_part(
    spans: Iterable[Span],
    number: int,
    settings: Settings,
    folder: str,
    *,
    drop: frozenset[int] = frozenset(),
    usages: Iterable[Usage] = (),
    ontology: bool = False,
) -> Part:
    """Export spans of the input into one part; the same arguments give the same bytes.

    ``drop`` has the positions of studies that records in other parts supersede. ``usages`` are shared resources to
    write after the studies; ``ontology`` adds the ontology. Raises :class:`~kg.errors.SourceError` if a range of a file
    cannot be read, and :class:`~kg.errors.OutputError` if the part cannot be written.
    """
    worker, chosen, problems, done = _worker(settings), FORMATS[settings.format], list[Item](), []
    name = f"part-{number:05}{chosen.extension}{'' if chosen.compression else settings.compression}"
    items = (item for span in spans for item in with_problems(span.items(problems.append), problems))
    with _local_path(f"{folder}/{name}") as path:
        writer = Writer(path, compression=settings.compression, hashed=True)
        with writer.open(worker.frame, partial(worker.end, usages, ontology=ontology)):
            for output in run_tasks(tasks(items), settings, worker, 1, None):
                writer.add(output.pieces)
                done.append(([_without_data(item) for item in output.task], output.results))
                for result in output.results:
                    writer.index.enter(result.entries)
            writer.index.superseded |= drop
        size = Path(path).stat().st_size
    totals = writer.index.totals(writer.end_triples)
    counts = {"studies": totals.studies, "triples": totals.triples}
    entry = {"file": name, "bytes": size, "sha256": writer.sha256, **counts}
    return Part(entry, frozenset(writer.index.superseded), done)


_worker = lru_cache(1)(Worker)


def _without_data(item: Item) -> Item:
    if isinstance(item, Record):
        return Record({}, item.file, item.number)
    return item._replace(data=ChunkData(item.reader.file, 0, 0)) if isinstance(item, Chunk) else item


@contextmanager
def _local_path(target: str) -> Iterator[str]:
    """Yield a local path to write to; if ``target`` is a URL, copy the file to it atomically."""
    if "://" not in target:
        yield target
        return
    system, path = filesystem(target)
    with tempfile.TemporaryDirectory() as folder:
        local = f"{folder}/{posixpath.basename(target)}"
        yield local
        temporary = f"{path}.{secrets.token_hex(4)}.tmp"
        system.put_file(local, temporary)
        system.mv(temporary, path)


def finish(folder: str, entries: list[dict[str, Any]], report: Report, settings: Settings) -> None:
    """Remove parts of an earlier run and write the manifest.

    Raises :class:`~kg.errors.OutputError` if a part is missing, because its worker has another folder of that name.
    """
    system, path = filesystem(folder)
    system.invalidate_cache()
    existing = {posixpath.basename(file): file for file in system.ls(path, detail=False)}
    names = {entry["file"] for entry in entries}
    if missing := sorted(names - existing.keys()):
        raise OutputError(f"{folder} lacks {missing[0]}: the workers do not reach that folder under this name.")
    for name in existing.keys() - names:
        if NAME.fullmatch(name):
            system.rm_file(existing[name])
    manifest = report.manifest("", text_of_name(posixpath.basename(folder)), settings.format, __version__)
    del manifest["sha256"]
    manifest |= {"without": [*settings.without]} if settings.without else {}
    problems = [error.as_dict() for error in report.problems]
    manifest |= {"parts": entries, "problems": problems, "moreProblems": report.more}
    with _local_path(f"{folder}/{MANIFEST}") as local, replacing(local) as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")


# Spans


def split(inputs: Iterable[PathName], reject: Reject, size: int = SIZE) -> Iterator[list[Span]]:
    """Split the inputs into parts of about ``size`` bytes, in the order of :func:`kg.records.reader.read`.

    A large JSON file is split into ranges of bytes, a large zip archive into ranges of members, and small files are
    joined. Raises :class:`~kg.errors.UsageError` if an input does not exist or is standard input.
    """
    names = [*inputs]
    if "-" in names:
        raise UsageError("Standard input is on one machine only; name files, folders or URLs.")
    spans = [span for file, path in files(names, reject) for span in _spans(file, path, size)]
    for group, _ in _groups([span.size for span in spans], size):
        yield spans[group]


def _groups(sizes: list[int], size: int) -> Iterator[tuple[slice, int]]:
    """Yield consecutive groups of items that have at least ``size`` in total, each with its total."""
    begin, total = 0, 0
    for end, item in enumerate(sizes, 1):
        total += item
        if total >= size or end == len(sizes):
            yield slice(begin, end), total
            begin, total = end, 0


def _spans(file: str, path: str, size: int) -> Iterator[Span]:
    try:
        whole = size_of(path)
        if whole is None or whole <= size // 2:
            yield Span(file, path, whole or size)
        else:
            with opened(path) as stream:
                yield from _ranges(file, path, whole, stream, size)
    except Exception:  # any error of a remote store; the worker that reads the file reports it
        yield Span(file, path, 0)


def _ranges(file: str, path: str, whole: int, stream: IO[bytes], size: int) -> Iterator[Span]:
    head = stream.read(splitter.HEAD)
    if is_zip(head):
        stream.seek(0)
        members = sizes(stream)
        for group, total in _groups(members, size):
            yield Span(file, path, total, "members", group.start, group.stop, group.stop == len(members))
    elif is_plain(head) and splitter.START.search(head) and not is_page(splitter.decoded(head)):
        for begin in range(0, whole, size):
            end = min(begin + size, whole)
            yield Span(file, path, end - begin, "bytes", begin, end, end == whole)
    else:
        yield Span(file, path, whole)
