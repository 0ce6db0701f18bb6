"""A load with the options of ``kg load``: connect to the store, and load graph by graph or everything into one."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kg._types import Progress
from kg.errors import UsageError, shown
from kg.export.record_header import day
from kg.export.report import Report
from kg.http.credentials import credentials
from kg.load.client import connect
from kg.load.run import LoadOptions, LoadResult, load, load_as_one
from kg.mapping.sections import chosen

if TYPE_CHECKING:
    from kg.store.dataset import AnyData


def load_into(
    url: str,
    inputs: Iterable[AnyData],
    *,
    preset: str | None = None,
    graph: str | None = None,
    since: str | datetime.date | None = None,
    prune: bool = False,
    validate: bool = False,
    contacts: bool = False,
    without: Iterable[str] = (),
    user: str | None = None,
    digest: bool = False,
    timeout: int = 300,
    report: Report,
    progress: Progress | None = None,
) -> LoadResult:
    """Load inputs into the store at a URL; with ``graph``, into one graph of this name.

    ``since`` is a day; ``without`` names sections of the model. Raises :class:`~kg.errors.UsageError` for options that
    exclude each other, and otherwise as :func:`kg.load.run.load` and :func:`kg.load.run.load_as_one` do.
    """
    if graph and (since or prune or validate):
        raise UsageError("--graph replaces a whole graph and cannot be combined with --since, --prune or --validate.")
    sections = chosen(without)
    first_day = 0 if since is None else _first_day(since)
    with connect(url, preset, credentials(url, user), digest=digest, timeout=timeout) as store:
        if graph:
            data: dict[str, Any] = {"contacts": contacts, "without": sections, "report": report, "progress": progress}
            return load_as_one(store, graph, inputs, **data)
        validator = None
        if validate:
            from kg.load.shapes import shape_validator

            validator = shape_validator()
        options = LoadOptions(first_day, prune, contacts, sections, validator)
        return load(store, inputs, options, report=report, progress=progress)


def _first_day(since: str | datetime.date) -> int:
    """Return a day as :func:`kg.export.record_header.day` numbers it; raises :class:`~kg.errors.UsageError`."""
    text = f"{since:%Y-%m-%d}" if isinstance(since, datetime.date) else since
    if number := day(text):
        return number
    raise UsageError(f"{shown(text)} is not a day of the calendar; write it as YYYY-MM-DD, such as 2025-12-31.")
