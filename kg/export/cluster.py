"""An export on several machines by Dask distributed: one part for each partition of the input, one with what studies
share, and a manifest.

Workers read the input and write the parts themselves; what comes back is told of each study in some tens of bytes. A
worker that is lost costs its parts another try, and no study. Where records of one study stand in two partitions, the
part that holds the older one is written again without it.
"""

from __future__ import annotations

import logging
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from kg._version import __version__
from kg.errors import KGError, OutputError, UsageError
from kg.export.parts import Part, Replay, finish, prepare, write, write_shared
from kg.export.report import Report
from kg.export.run import namespace, raise_first
from kg.export.tasks import Settings, Worker
from kg.ontology.vocabulary import BASE
from kg.rdf.formats import compression_of, format_of
from kg.records.partitions import SIZE, Partition, partitions

RETRIES = 2
"""How often a part is tried again that failed; the loss of a worker does not count as such."""
TIMEOUT = 15
"""Seconds until a scheduler has to answer."""


def export(
    inputs: Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    contacts: bool = False,
    strict: bool = False,
    with_ontology: bool = False,
    base: str = BASE,
    jobs: int = 2,
    scheduler: str | None = None,
    size: int = SIZE,
    report: Report | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Exports every study of the inputs into a folder of parts, here or at an address.

    The options are those of :func:`kg.export.run.export`; the name of the folder tells format and compression
    as that of a file would. ``scheduler`` is the address of Dask; without one, ``jobs`` local workers are started.
    ``size`` is that of a partition, in bytes of input. ``progress`` is called with the bytes of input that are done.

    Raises :class:`~kg.errors.UsageError`, :class:`~kg.errors.OutputError` and, when strict or where a range of a file
    cannot be read, :class:`~kg.errors.InputError`; no manifest is written then.
    """
    given = [os.fspath(each) for each in inputs]
    folder = _folder(os.fspath(output), given)
    chosen = format_of(folder, format)
    settings = Settings(chosen.name, chosen.compression or compression_of(folder), contacts, namespace(base))
    Worker(settings)  # which tells what is missing, before anything is started
    report = report or Report()
    replay = Replay(report, raise_first if strict else report.problem)
    found = list(partitions(given, replay.reject, size))
    prepare(folder)
    with _client(scheduler, jobs) as client:
        parts, places = [], []
        for part, partition in zip(_parts(client, found, settings, folder), found, strict=True):
            places.append(len(replay.index))
            replay.take(part.told)
            part.told = []
            parts.append(part)
            if progress:
                progress(sum(span.size for span in partition))
        _again(client, found, settings, folder, parts, [*places, len(replay.index)], replay.index.superseded)
    parts.append(write_shared(replay.index.shared.usages(), settings, folder, len(parts), ontology=with_ontology))
    report.totals = replay.index.totals(parts[-1].totals.triples)
    finish(folder, {part.name for part in parts}, _manifest(report, settings, parts, folder))
    return report


def _folder(output: str, given: list[str]) -> str:
    if not given:
        raise UsageError("No input is given; name files, folders or addresses.")
    if "://" in output:
        return output.rstrip("/")
    if output == "-" or Path(output).is_file():
        raise UsageError(f"{output} is no folder, which the parts of an export on several machines take.")
    place = Path(output).resolve()
    for each in (Path(name).resolve() for name in given if "://" not in name and name != "-"):
        if place == each or each in place.parents:
            raise UsageError(f"{output} stands in an input, {each.name}; name another place.")
    return str(place)


def _parts(client: Any, found: list[Partition], settings: Settings, folder: str) -> Iterator[Part]:
    futures = [
        client.submit(write, partition, settings, folder, i, pure=False, retries=RETRIES)
        for i, partition in enumerate(found)
    ]
    for i, future in enumerate(futures):
        yield _taken(future)
        futures[i] = None


def _taken(future: Any) -> Part:
    from distributed import KilledWorker

    try:
        part: Part = future.result()
    except (KGError, KeyboardInterrupt):
        raise
    except KilledWorker as error:
        raise OutputError(
            "Workers died again and again (out of memory, or killed), so there is no manifest."
        ) from error
    except Exception as error:  # whatever a machine of others lacks
        raise OutputError(f"A part failed on its worker ({type(error).__name__}: {error}).") from error
    return part


def _again(
    client: Any,
    found: list[Partition],
    settings: Settings,
    folder: str,
    parts: list[Part],
    places: list[int],
    superseded: set[int],
) -> None:
    """Writes those parts anew that hold a study which another part has newer; ``places`` are where parts begin."""
    for i, part in enumerate(parts):
        drop = frozenset(place - places[i] for place in superseded if places[i] <= place < places[i + 1])
        if drop - part.superseded:
            parts[i] = _taken(client.submit(write, found[i], settings, folder, i, drop, pure=False, retries=RETRIES))
            parts[i].told = []


def _manifest(report: Report, settings: Settings, parts: list[Part], folder: str) -> bytes:
    about = report.manifest("", posixpath.basename(folder), settings.format, __version__)
    del about["sha256"]
    about["parts"] = [
        {
            "file": part.name,
            "bytes": part.size,
            "sha256": part.sha256,
            "studies": part.totals.studies,
            "triples": part.totals.triples,
        }
        for part in parts
    ]
    about["problems"] = [error.as_dict() for error in report.problems]
    about["moreProblems"] = report.more
    return orjson.dumps(about, option=orjson.OPT_INDENT_2) + b"\n"


@contextmanager
def _client(scheduler: str | None, jobs: int) -> Iterator[Any]:
    """A client of a scheduler, or of workers that are started here and listen to this machine only."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError("Dask is not installed: pip install 'trialkg[dask]'.") from error
    if scheduler is None:
        options: dict[str, Any] = {
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",
            "silence_logs": logging.CRITICAL,
        }
        with LocalCluster(jobs, threads_per_worker=1, **options) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(scheduler, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"No scheduler of Dask answers at {scheduler}.") from error
    with client:
        yield client
